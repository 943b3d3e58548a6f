"""Calls of real peers through a node that records them: what is kept is what came, and nothing harms the call."""

from __future__ import annotations

import asyncio
import hashlib
import io
import secrets
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import av
import pytest
from aiortc.codecs.vpx import Vp8Encoder, VpxPayloadDescriptor
from av import VideoFrame
from av.frame import Frame

from media.errors import AlreadyRecording, NoSuchLeg, RecordingFailed
from media.node import MediaNode
from media.recording.film import make_film
from media.recording.manifest import Manifest, read_manifest
from media.recording.news import RecordingNews, RecordingState
from media.recording.reading import open_chunked
from media.recording.records import Kind, records
from media.recording.store import FileStore
from media.recording.verify import verify
from tests.media.peers import NumberedVideo, Peer, call, live_leg, loopback_candidates, until

KEY = secrets.token_bytes(32)

pytestmark = pytest.mark.alone


@pytest.fixture(autouse=True)
def loopback(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with loopback_candidates(monkeypatch):
        yield


@asynccontextmanager
async def recording_node(directory: Path, told: list[RecordingNews]) -> AsyncIterator[MediaNode]:
    node = MediaNode(
        host="127.0.0.1",
        port=0,
        addresses=["127.0.0.1"],
        recordings=directory,
        on_recording=lambda room, news: told.append(news),
    )
    node.start()
    try:
        yield node
    finally:
        await node.close()


def manifest_of(directory: Path, recording_id: str) -> Manifest:
    return read_manifest(FileStore(directory).manifest(recording_id), KEY)


async def test_a_call_is_recorded_packet_by_packet(tmp_path: Path) -> None:
    told: list[RecordingNews] = []
    async with recording_node(tmp_path, told) as node, call(node) as (first, second):
        await node.record("room", "r1", KEY)
        await until(lambda: [news.state for news in told] == [RecordingState.RUNNING])
        decoded = first.received, second.received
        await until(lambda: first.received > decoded[0] + 30 and second.received > decoded[1] + 30)
        await node.record("room", "r1", KEY)
        with pytest.raises(AlreadyRecording):
            await node.record("room", "r2", KEY)
        assert list(node.recordings()) == ["room"]
        await node.stop_recording("room")
        assert told[-1] == RecordingNews("r1", RecordingState.STOPPED)
        assert node.recordings() == {}
    manifest = manifest_of(tmp_path, "r1")
    assert manifest.state is RecordingState.STOPPED
    assert {(t.participant, t.track, t.codec) for t in manifest.tracks} == {
        ("first", "video", "vp8"),
        ("second", "video", "vp8"),
    }
    assert all(t.packets > 30 and t.lost == 0 for t in manifest.tracks)
    with open_chunked(tmp_path / "r1.vrec", KEY) as reader:
        assert reader.finished
        kinds = [record.kind for chunk in reader for record in records(chunk)]
    assert kinds.count(Kind.LEG) == 2
    assert kinds[-1] == Kind.END
    assert kinds.count(Kind.RTP) == sum(t.packets for t in manifest.tracks)


class LargerVideo(NumberedVideo):
    """The same pictures at four times the size, as when somebody turns the telephone or takes another camera."""

    async def recv(self) -> Frame:
        frame = await super().recv()
        assert isinstance(frame, VideoFrame)
        larger = frame.reformat(width=128, height=96)
        larger.pts, larger.time_base = frame.pts, frame.time_base
        return larger


def frames_sent(monkeypatch: pytest.MonkeyPatch) -> dict[int, list[str]]:
    """The hash of every frame that a sender's encoder makes, by the encoder."""
    sent: dict[int, list[str]] = {}
    encode = Vp8Encoder.encode

    def spy(self: Vp8Encoder, frame: Frame, force_keyframe: bool = False) -> tuple[list[bytes], int]:
        payloads, timestamp = encode(self, frame, force_keyframe)
        parts = [VpxPayloadDescriptor.parse(payload)[1] for payload in payloads]
        sent.setdefault(id(self), []).append(hashlib.sha256(b"".join(parts)).hexdigest())
        kept_alive.append(self)
        return payloads, timestamp

    kept_alive: list[Vp8Encoder] = []
    monkeypatch.setattr(Vp8Encoder, "encode", spy)
    return sent


def within(part: list[str], whole: list[str]) -> bool:
    """Whether one is a piece of the other, without a gap."""
    return any(whole[begin : begin + len(part)] == part for begin in range(len(whole) - len(part) + 1))


async def test_every_frame_of_a_call_with_a_reconnect_and_another_size_is_in_one_film(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent = frames_sent(monkeypatch)
    told: list[RecordingNews] = []
    async with recording_node(tmp_path, told) as node, call(node) as (first, second):
        await node.record("room", "r1", KEY)
        await until(lambda: bool(told))
        decoded = second.received
        await until(lambda: second.received > decoded + 20)
        (sender,) = (each for each in first.pc.getSenders() if each.track is not None and each.track.kind == "video")
        sender.replaceTrack(LargerVideo())
        await until(lambda: second.received > decoded + 40)
        back = Peer("first")
        await back.join(node, "room")
        await until(lambda: live_leg(node, "room", "first").id == back.leg_id)
        decoded = second.received
        await until(lambda: second.received > decoded + 20)
        await node.stop_recording("room")
        await back.close()
    assert verify(FileStore(tmp_path), "r1", KEY).state.startswith("finished")
    manifest = manifest_of(tmp_path, "r1")
    assert [presence.participant for presence in manifest.participants].count("first") == 2
    out = io.BytesIO()
    with open_chunked(tmp_path / "r1.vrec", KEY) as reader:
        make_film(lambda: reader, out)
    out.seek(0)
    found: dict[str, list[tuple[float, str]]] = {}
    with av.open(out, "r") as film:
        for packet in film.demux():
            if packet.size:
                title = film.streams[packet.stream_index].metadata["title"]
                at_ms = float((packet.pts or 0) * packet.time_base * 1000)
                found.setdefault(title, []).append((at_ms, hashlib.sha256(bytes(packet)).hexdigest()))
        film.seek(0)
        assert {(frame.width, frame.height) for frame in film.decode(video=0)} == {(64, 48), (128, 96)}
    assert set(found) == {"first video", "second video"}
    for frames in found.values():
        assert abs(frames[-1][0] - frames[0][0] - manifest.duration_ms) < 500
    # Nothing was encoded anew, and between the first frame of each sender and its last one none is missing.
    before, other, after = sent.values()
    assert within([hash for _, hash in found["second video"]], before) or within(
        [hash for _, hash in found["second video"]], other
    )
    filmed = [hash for _, hash in found["first video"]]
    assert any(
        within(filmed[:cut], mine) and within(filmed[cut:], after)
        for cut in range(1, len(filmed))
        for mine in (before, other)
    )


async def test_a_recording_stopped_while_it_begins_does_not_go_on(tmp_path: Path) -> None:
    told: list[RecordingNews] = []
    async with recording_node(tmp_path, told) as node, call(node):
        beginning = asyncio.create_task(node.record("room", "r1", KEY))
        await until(lambda: bool(node.recordings()))
        await node.stop_recording("room")
        await beginning
        await until(lambda: not node.recordings())
        assert told[-1] == RecordingNews("r1", RecordingState.STOPPED)
    assert verify(FileStore(tmp_path), "r1", KEY).state.startswith("finished")


async def test_a_second_order_under_the_same_id_is_refused_by_its_name_and_leaves_the_first_as_it_is(
    tmp_path: Path,
) -> None:
    told: list[RecordingNews] = []
    async with recording_node(tmp_path, told) as node, call(node):
        await node.record("room", "r1", KEY)
        await until(lambda: bool(told) and told[-1].state is RecordingState.RUNNING)
        await node.stop_recording("room")
        before = (tmp_path / "r1.vrec").read_bytes(), (tmp_path / "r1.json").read_bytes()
        with pytest.raises(RecordingFailed) as again:
            await node.record("room", "r1", KEY)
        assert again.value.code == "recorded_before"
        assert node.recordings() == {}
    assert ((tmp_path / "r1.vrec").read_bytes(), (tmp_path / "r1.json").read_bytes()) == before
    assert verify(FileStore(tmp_path), "r1", KEY).state.startswith("finished")


async def test_what_cannot_be_recorded_is_refused(tmp_path: Path) -> None:
    told: list[RecordingNews] = []
    async with recording_node(tmp_path / "gone", told) as node, call(node):
        with pytest.raises(NoSuchLeg):
            await node.record("other", "r1", KEY)
        with pytest.raises(RecordingFailed) as missing:
            await node.record("room", "r1", KEY)
        assert missing.value.code == "storage_missing"
        with pytest.raises(RecordingFailed) as no_key:
            await node.record("room", "r1", b"")
        assert no_key.value.code == "key_missing"
        assert node.recordings() == {}
    assert told == []
