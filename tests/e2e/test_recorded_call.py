"""Two Chromium pages record a call, each with a pattern and a tone; what is exported holds all of it, and it plays in a page."""

from __future__ import annotations

import asyncio
import hashlib
import re
import statistics
import subprocess
import sys
from array import array
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

import av
import pytest
from playwright.async_api import Browser, expect

from media.recording.manifest import Manifest, read_manifest
from media.recording.reading import open_chunked
from media.recording.records import Kind, LegBegan, records
from rooms.states import RecordingState
from rooms.store import Rooms
from web.keys import InstallationKey
from web.settings import Settings
from web.store import open_rooms

from .people import PERSON, PHONE, Clinician, Patient, evaluates, media_flows
from .servers import Server, environment_of
from .test_recording import Talk, sign

# In place of a camera and a microphone: the tone sounds for the first tenth of every second, and each picture tells how many
# milliseconds ago the tone began on the track of the sound, as whoever receives that track counts them: in ten bars, by bits.
DEVICES = """([hue, frequency]) => {
    const canvas = Object.assign(document.createElement('canvas'), {width: 320, height: 240});
    const pen = canvas.getContext('2d');
    const sound = new AudioContext({latencyHint: 'interactive', sampleRate: 48000});
    const second = new AudioBuffer({length: 48000, sampleRate: 48000});
    second.getChannelData(0).forEach((_, at, samples) => {
        samples[at] = at < 4800 ? 0.5 * Math.sin(2 * Math.PI * frequency * at / 48000) : 0;
    });
    const tone = new AudioBufferSourceNode(sound, {buffer: second, loop: true});
    const out = sound.createMediaStreamDestination();
    tone.connect(out);
    tone.start(0);
    window.__resize = (width, height) => Object.assign(canvas, {width, height});
    const draw = (ago) => {
        pen.fillStyle = `hsl(${hue} 80% 25%)`;
        pen.fillRect(0, 0, canvas.width, canvas.height);
        for (let bit = 0; bit < 10; bit++) {
            pen.fillStyle = ago >> bit & 1 ? 'white' : 'black';
            pen.fillRect(bit * canvas.width / 10, canvas.height / 4, canvas.width / 10, canvas.height / 2);
        }
    };
    const listen = async () => {
        const reader = new MediaStreamTrackProcessor({track: out.stream.getAudioTracks()[0].clone()}).readable.getReader();
        for (let ago = 0, silent = 0, chunk = 0; ; chunk++) {
            const {value} = await reader.read();
            const samples = new Float32Array(value.numberOfFrames);
            value.copyTo(samples, {planeIndex: 0, format: 'f32-planar'});
            value.close();
            for (const sample of samples) {
                if (Math.abs(sample) < 0.05) silent++;
                else {
                    if (silent > 2400) ago = 0;
                    silent = 0;
                }
                ago++;
            }
            if (chunk % 2) draw(Math.floor(ago / 48) % 1000);
        }
    };
    listen();
    const stream = canvas.captureStream(25);
    navigator.mediaDevices.getUserMedia = async (wanted) => {
        await sound.resume();
        const tracks = [];
        if (wanted?.audio) tracks.push(...out.stream.getAudioTracks());
        if (wanted?.video) tracks.push(...stream.getVideoTracks());
        return new MediaStream(tracks.map((track) => track.clone()));
    };
}"""

pytestmark = pytest.mark.alone


async def test_recorded_exported_and_played(server: Server, browser: Browser, tmp_path: Path) -> None:
    talk = await in_call_with_patterns(server, browser)
    question = await talk.asks()
    await question.get_by_role("button", name="Ja", exact=True).click()
    for page in talk.pages:
        await expect(sign(page).get_by_role("timer")).to_have_text(re.compile(r"00:0[2-9]|00:[1-9]\\d"))
    # The patient's page is loaded anew, and then the picture has another size.
    await talk.maja.page.reload()
    await media_flows(talk.tab, talk.maja.page)
    await talk.maja.page.evaluate("() => window.__resize(480, 360)")
    await evaluates(talk.tab, "() => [...document.querySelectorAll('video')].some((each) => each.videoWidth === 480)")
    await media_flows(talk.tab, talk.maja.page)
    await talk.tab.get_by_role("button", name="Stop optagelse").click()
    for page in talk.pages:
        await expect(page.get_by_text("Optagelsen er stoppet af klinikken.")).to_be_visible()

    kept = await kept_recording(tmp_path)
    film = tmp_path / "film"
    export(tmp_path, kept.file, film)
    went = went_through_the_relay(kept)
    exported = tracks_of(film)
    assert set(exported) == {(who, codec) for who in ("clinician", "patient") for codec in ("vp8", "opus")}
    for (who, codec), track in exported.items():
        # It ends when it was stopped, and nothing but what came before the first keyframe is missing.
        assert abs(track.ends_ms - kept.manifest.duration_ms) <= 100, (who, codec)
        sent = went[who, codec]
        missing = [one for one in sent if one not in set(track.hashes)]
        assert track.hashes == [one for one in sent if one in set(track.hashes)], (who, codec)
        assert missing == sent[: len(missing)], (who, codec)
        assert len(missing) < 40
    assert exported["patient", "vp8"].sizes >= {(320, 240), (480, 360)}
    for who, hertz in (("clinician", 440), ("patient", 880)):
        seen, beeps = exported[who, "vp8"].tone_began, exported[who, "opus"].beeps
        apart = [min((began - beep for beep in beeps), key=abs) for began in seen]
        assert len(beeps) > 3
        assert len(apart) > 50
        assert abs(statistics.median(apart)) <= 40, (who, statistics.quantiles(apart, n=10))
        assert abs(exported[who, "opus"].hertz - hertz) < 50
    assert server.codecs.read_text() == ""

    await plays_in_a_page(talk.anne, server)
    assert not list(kept.file.parent.glob(f"{kept.file.stem}.*vrec"))
    assert RecordingState.DELETED.value in server.get("/metrics")[1]


async def plays_in_a_page(anne: Clinician, server: Server) -> None:
    """A practitioner finds the recording, plays it, moves about in it, and deletes it."""
    statuses: list[int] = []
    anne.page.on("response", lambda found: statuses.append(found.status) if "/films/" in found.url else None)
    await anne.page.bring_to_front()
    await anne.page.get_by_role("link", name="Optagelser").click()
    row = anne.page.get_by_role("list", name="Optagelser").get_by_role("listitem")
    await expect(row).to_contain_text(PERSON["maja"].name)
    await anne.button(f"Afspil optagelsen med {PERSON['maja'].name}").click()
    await expect(row.locator("video")).to_have_count(2)
    await anne.button("Afspil", row.get_by_role("region")).click()
    await evaluates(anne.page, "() => [...document.querySelectorAll('video')].every((each) => each.currentTime > 1)")
    await anne.button("Pause", row.get_by_role("region")).click()
    await row.get_by_role("slider", name="Sted i optagelsen").fill("3.5")
    await evaluates(
        anne.page,
        "() => [...document.querySelectorAll('video')].every((each) => !each.seeking && each.readyState > 1"
        " && Math.abs(each.currentTime - 3.5) < 1)",
    )
    places = await anne.page.evaluate("() => [...document.querySelectorAll('video')].map((each) => each.currentTime)")
    assert max(places) - min(places) < 1
    assert set(statuses) == {206}
    await anne.button(f"Slet optagelsen med {PERSON['maja'].name}").click()
    await anne.button("Slet optagelsen", anne.page.get_by_role("dialog")).click()
    await expect(anne.page.get_by_text("Optagelsen er slettet.")).to_be_visible()
    await expect(row).to_have_count(0)
    assert all(PERSON["maja"].cpr not in url for url in anne.asked_for)


async def in_call_with_patterns(server: Server, browser: Browser) -> Talk:
    anne: Clinician = await Clinician.sits_down(browser, server.url)
    maja: Patient = await Patient.sits_down(browser, server.url, viewport=PHONE)
    await anne.context.add_init_script(f"({DEVICES})([10, 440])")
    await maja.context.add_init_script(f"({DEVICES})([220, 880])")
    await anne.goes_to_work("anne", "101001")
    await anne.adds(PERSON["maja"].cpr)
    await anne.opens_room()
    await maja.logs_in("maja")
    await maja.joins("101001")
    await anne.accepts("maja")
    tab = await anne.starts_video("maja")
    await media_flows(tab, maja.page)
    return Talk(anne, maja, tab)


@dataclass(slots=True)
class KeptFile:
    file: Path
    key: bytes
    manifest: Manifest


async def kept_recording(home: Path) -> KeptFile:
    """The one recording of a server, with its key, once its files are closed."""
    async with await open_there(home) as rooms, asyncio.timeout(60):
        while not (found := await rooms.kept_recordings.all()) or found[0].closed_at is None:
            await asyncio.sleep(0.05)
        key = await rooms.recordings.data_key(found[0])
    file = home / "recordings" / f"{found[0].id}.vrec"
    return KeptFile(file, key, read_manifest(file.with_suffix(".json").read_bytes(), key))


async def open_there(home: Path) -> Rooms:
    settings = Settings(database_url=f"sqlite+aiosqlite:///{home / 'venterum.sqlite3'}", key_file=home / "venterum.key")
    return await open_rooms(settings, InstallationKey.of(settings, create=False))


def export(home: Path, recording: Path, out: Path) -> None:
    """By the command line, beside the running server, which opens no codec of a picture either."""
    settings = {
        "database_url": f"sqlite+aiosqlite:///{home / 'venterum.sqlite3'}",
        "key_file": str(home / "venterum.key"),
        "recordings_directory": str(home / "recordings"),
    }
    command = [str(Path(sys.executable).with_name("venterum")), "recording", "export", str(recording), str(out)]
    subprocess.run(command, env=environment_of(settings), check=True, timeout=120)


def went_through_the_relay(kept: KeptFile) -> dict[tuple[str, str], list[str]]:
    """The hash of each frame that the relay decrypted, in order, read here by nothing of the film's own code."""
    legs: dict[int, LegBegan] = {}
    frames: defaultdict[tuple[str, str], dict[tuple[int, int], dict[int, bytes]]] = defaultdict(dict)
    with open_chunked(kept.file, kept.key) as reader:
        for record in records(b"".join(reader)):
            if record.kind == Kind.LEG:
                legs[record.leg] = LegBegan.read(record)
            elif record.kind == Kind.RTP:
                packet = bytes(record.body)
                leg = legs[record.leg]
                coding = leg.codings.get(packet[1] & 0x7F)
                body = payload(packet)
                if coding is None or coding.codec not in READ or not body:
                    continue
                frame = (record.leg, int.from_bytes(packet[4:8]))
                codec, begins = READ[coding.codec]
                piece = body[begins(body) :]
                pieces = frames[leg.participant, codec].setdefault(frame, {})
                pieces[int.from_bytes(packet[2:4])] = piece
    return {
        of: [digest(b"".join(pieces[n] for n in in_order(pieces))) for pieces in found.values()]
        for of, found in frames.items()
    }


def in_order(numbers: dict[int, bytes]) -> list[int]:
    """Sequence numbers of one frame, through their wrap at 2**16."""
    wraps = max(numbers) - min(numbers) > 2**15
    return sorted(numbers, key=lambda n: n + 2**16 if wraps and n < 2**15 else n)


def payload(packet: bytes) -> bytes:
    """What follows an RTP packet's header (RFC 3550, section 5.1), without its padding."""
    at = 12 + 4 * (packet[0] & 0x0F)
    if packet[0] & 0x10:
        at += 4 + 4 * int.from_bytes(packet[at + 2 : at + 4])
    end = len(packet) - (packet[-1] if packet[0] & 0x20 else 0)
    return packet[at:end]


def vp8_descriptor(body: bytes) -> int:
    """How long the VP8 payload descriptor is (RFC 7741, section 4.2)."""
    if not body[0] & 0x80:
        return 1
    size, extended = 2, body[1]
    if extended & 0x80:
        size += 2 if body[2] & 0x80 else 1
    size += bool(extended & 0x40)
    return size + bool(extended & 0x30)


def red_headers(body: bytes) -> int:
    """How much stands before the primary encoding: headers and redundant encodings (RFC 2198, section 3)."""
    at = redundant = 0
    while body[at] & 0x80:
        redundant += int.from_bytes(body[at + 2 : at + 4]) & 0x3FF
        at += 4
    return at + 1 + redundant


READ: dict[str, tuple[str, Callable[[bytes], int]]] = {
    "vp8": ("vp8", vp8_descriptor),
    "opus": ("opus", lambda _: 0),
    "red": ("opus", red_headers),
}
"""What is compared, by the codec of a packet: the codec in the film, and where the frame begins in the payload."""


def digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


@dataclass(slots=True)
class Track:
    """One track of the film: its packets' hashes, and what they decode to."""

    hashes: list[str] = field(default_factory=list)
    starts_ms: list[float] = field(default_factory=list)
    sizes: set[tuple[int, int]] = field(default_factory=set)
    tone_began: list[float] = field(default_factory=list)
    """Where in the film, in ms, the tone began last before each picture, by what the picture tells."""
    beeps: list[float] = field(default_factory=list)
    """Where in the film, in ms, the tone began."""
    hertz: float = 0

    @property
    def ends_ms(self) -> float:
        """Where its last packet ends, which is shown or heard as long as the others of the track are."""
        return max(self.starts_ms) + statistics.median(two - one for one, two in pairwise(sorted(self.starts_ms)))


def tracks_of(film: Path) -> dict[tuple[str, str], Track]:
    """What PyAV finds in the film, by participant and codec."""
    tracks: defaultdict[tuple[str, str], Track] = defaultdict(Track)
    with av.open(film) as container:
        for packet in container.demux():
            if packet.size and packet.pts is not None:
                track = tracks[name_of(packet.stream)]
                track.hashes.append(digest(bytes(packet)))
                track.starts_ms.append(float(packet.pts * packet.time_base) * 1000)
    for index in range(len(tracks)):
        with av.open(film) as container:  # anew for each, so that each is read from its very beginning
            stream = container.streams[index]
            (look if stream.type == "video" else listen)(container.decode(stream), tracks[name_of(stream)])
    return dict(tracks)


def name_of(stream: Any) -> tuple[str, str]:
    return stream.metadata["title"].split(" ")[0], stream.codec_context.codec.canonical_name


def look(frames: Iterator[Any], track: Track) -> None:
    """What each picture tells by its bars; one whose bars are blurred tells nothing."""
    for frame in frames:
        track.sizes.add((frame.width, frame.height))
        grey = frame.reformat(width=50, height=9, format="gray").planes[0]
        middle = bytes(grey)[4 * grey.line_size :][:50]
        bars = [middle[5 * bit + 2] for bit in range(10)]
        if not any(70 < bar < 185 for bar in bars):
            ago = sum((bar > 128) << bit for bit, bar in enumerate(bars))
            track.tone_began.append(frame.time * 1000 - ago)


def listen(frames: Iterator[Any], track: Track) -> None:
    """When the tone began to sound, and how high it is."""
    mono = av.AudioResampler(format="s16", layout="mono", rate=48_000)
    sounds, heights = True, []
    for frame in frames:
        samples = array("h", b"".join(bytes(part.planes[0])[: 2 * part.samples] for part in mono.resample(frame)))
        loud = [at for at, sample in enumerate(samples) if abs(sample) > 3000]
        if loud and not sounds:
            track.beeps.append(frame.time * 1000 + loud[0] / 48)
        if len(loud) > len(samples) / 2:
            crossings = sum(one < 0 <= two for one, two in pairwise(samples))
            heights.append(crossings * 48_000 / len(samples))
        sounds = bool(loud)
    track.hertz = statistics.median(heights)
