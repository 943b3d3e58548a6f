"""Films out of recordings: every frame as it was sent, in sync, through loss, reconnects, other sizes and other codecs."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import pairwise
from typing import Any

import av
import pytest
from av.container import InputContainer

from media.recording.errors import NothingToPlay
from media.recording.film import Film, make_film
from media.recording.records import HEAD, Kind, record

from .senders import (
    AV1,
    FRAME_MS,
    H264,
    OPUS,
    SOUND_MS,
    VP8,
    VP9,
    Sender,
    Sent,
    arrived,
    av1_obus,
    leg_began,
    pictures,
    sent,
    sounds,
    vp8_payloads,
)

Track = dict[str, list[Any]]


def filmed(records: Sequence[tuple[float, bytes]], participant: str | None = None) -> tuple[Film, io.BytesIO]:
    """The film of records at their times."""
    chunk = b"".join(data for _, data in sorted(records, key=lambda each: each[0]))
    out = io.BytesIO()
    film = make_film(lambda: [chunk], out, participant)
    return film, out


@contextmanager
def opened(out: io.BytesIO) -> Iterator[InputContainer]:
    """A film as any player opens it."""
    out.seek(0)
    with av.open(out, "r") as container:
        yield container


def packets_of(out: io.BytesIO) -> dict[str, list[tuple[float, bytes]]]:
    """Milliseconds and data of each packet, by the track's title."""
    found: dict[str, list[tuple[float, bytes]]] = {}
    with opened(out) as container:
        for packet in container.demux():
            if packet.size:
                title = container.streams[packet.stream_index].metadata["title"]
                assert packet.pts is not None
                found.setdefault(title, []).append((float(packet.pts * packet.time_base * 1000), bytes(packet)))
    return found


def hashes(frames: Any) -> list[str]:
    return [hashlib.sha256(frame).hexdigest() for frame in frames]


def two_people(seconds: int = 3) -> list[tuple[float, bytes]]:
    video, audio = pictures("vp8", seconds), sounds(seconds)
    return [
        (0, leg_began(1, "clinician", 0)),
        (0, leg_began(2, "patient", 0)),
        *arrived(1, sent(video, audio), 100),
        *arrived(2, sent(video, audio, clock_ms=1e12), 140),
    ]


def test_each_participant_is_on_tracks_of_its_own_and_every_frame_is_there_as_it_was_sent() -> None:
    film, out = filmed(two_people())
    assert film.mime == "video/webm"
    found = packets_of(out)
    assert set(found) == {"clinician audio", "clinician video", "patient audio", "patient video"}
    for participant in ("clinician", "patient"):
        assert hashes(data for _, data in found[f"{participant} video"]) == hashes(pictures("vp8", 3))
        assert hashes(data for _, data in found[f"{participant} audio"]) == hashes(sounds(3))
        for track in ("audio", "video"):
            times = [ms for ms, _ in found[f"{participant} {track}"]]
            assert abs(times[-1] - times[0] - 3000) < 100


def test_every_picture_decodes() -> None:
    _, out = filmed(two_people())
    with opened(out) as container:
        for stream in container.streams:
            container.seek(0)
            assert sum(1 for _ in container.decode(stream)) >= 89


def test_sound_and_picture_stand_to_each_other_as_they_were_taken() -> None:
    video, audio = pictures("vp8", 3), sounds(3)
    made = sent(video, audio)
    # The picture takes 300 ms longer to get here than the sound and its reports; by the reports they are still together.
    records: list[tuple[float, bytes]] = [(0, leg_began(1, "clinician", 0))]
    for each in made:
        late = 300 if each.kind == Kind.RTP and each.body[1] & 0x7F == VP8 else 0
        records += arrived(1, [each], 50 + late)
    found = packets_of(filmed(records)[1])
    assert abs(found["clinician video"][0][0] - found["clinician audio"][0][0]) <= 2
    assert abs(found["clinician video"][-1][0] + FRAME_MS - found["clinician audio"][-1][0] - SOUND_MS) <= 2


def test_without_reports_packets_are_placed_by_their_arrival() -> None:
    made = [each for each in sent(pictures("vp8", 2), sounds(2)) if each.kind == Kind.RTP]
    found = packets_of(filmed([(0, leg_began(1, "clinician", 0)), *arrived(1, made, 500)])[1])
    assert abs(found["clinician video"][0][0] - 500) <= 40
    assert abs(found["clinician audio"][0][0] - 500) <= 40


def test_reports_that_cannot_be_true_are_not_believed() -> None:
    made = sent(pictures("vp8", 2), sounds(2))
    lies = [
        Sent(each.at_ms, each.kind, each.body[:12] + bytes(4)) if each.kind == Kind.SENDER_REPORT else each
        for each in made
    ]
    found = packets_of(filmed([(0, leg_began(1, "clinician", 0)), *arrived(1, lies, 200)])[1])
    for track in found.values():
        assert abs(track[0][0] - 200) <= 2100
        assert abs(track[-1][0] - track[0][0] - 2000) < 200


def test_a_participant_who_comes_back_is_on_the_same_tracks_in_another_size() -> None:
    small, large, audio = pictures("vp8", 2), pictures("vp8", 2, 640, 480), sounds(2)
    records = [
        (0, leg_began(1, "clinician", 0)),
        *arrived(1, sent(small, audio), 30),
        (4000, record(Kind.GONE, 0, 4000, b'{"participant": "clinician"}')),
        (5000, leg_began(2, "clinician", 5000)),
        *arrived(2, sent(large, audio, clock_ms=2e12), 5030),
    ]
    _, out = filmed(records)
    found = packets_of(out)
    assert set(found) == {"clinician audio", "clinician video"}
    assert hashes(data for _, data in found["clinician video"]) == hashes((*small, *large))
    assert abs(found["clinician video"][60][0] - found["clinician video"][0][0] - 5000) < 50
    with opened(out) as container:
        sizes = {(frame.width, frame.height) for frame in container.decode(video=0)}
    assert sizes == {(320, 240), (640, 480)}


def test_timestamps_that_begin_anew_go_on_where_the_time_was() -> None:
    video = pictures("vp8", 4)
    eyes = Sender(VP8, 90_000)
    made = []
    for number, frame in enumerate(video):
        # Another camera, whose timestamps begin at nothing again; the packets are numbered on.
        own_ms = (number % 60) * FRAME_MS
        payloads = list(vp8_payloads(frame, number))
        made += [Sent(number * FRAME_MS, Kind.RTP, packet) for packet in eyes.packets(payloads, own_ms)]
    found = packets_of(filmed([(0, leg_began(1, "clinician", 0)), *arrived(1, made, 50)])[1])["clinician video"]
    assert hashes(data for _, data in found) == hashes(video)
    assert max(later - earlier for (earlier, _), (later, _) in pairwise(found)) < 60


def test_h264_is_muxed_into_matroska() -> None:
    video = pictures("h264", 2)
    film, out = filmed([(0, leg_began(1, "patient", 0)), *arrived(1, sent(video, sounds(2), payload_type=H264))])
    assert film.mime == "video/x-matroska"
    with opened(out) as container:
        stream = container.streams.video[0]
        assert stream.codec_context.name == "h264"
        assert (stream.width, stream.height) == (320, 240)
        assert sum(1 for _ in container.decode(video=0)) == len(video)


@pytest.mark.parametrize(("codec", "payload_type"), [("vp9", VP9), ("av1", AV1)])
def test_vp9_and_av1_are_in_webm_as_they_were_sent(codec: str, payload_type: int) -> None:
    video = pictures(codec, 2)
    records = [(0, leg_began(1, "patient", 0)), *arrived(1, sent(video, sounds(2), payload_type=payload_type))]
    film, out = filmed(records)
    assert film.mime == "video/webm"
    # AV1's temporal delimiters stand in no container.
    as_sent = video if codec == "vp9" else tuple(b"".join(av1_obus(frame)) for frame in video)
    assert hashes(data for _, data in packets_of(out)["patient video"]) == hashes(as_sent)
    with opened(out) as container:
        stream = container.streams.video[0]
        assert stream.codec_context.codec.canonical_name == codec
        assert (stream.width, stream.height) == (320, 240)
        assert sum(1 for _ in container.decode(video=0)) == len(video)
    keyframes = [each.is_keyframe for each in _demuxed(out)]
    assert keyframes[0]
    assert 1 <= keyframes.count(True) <= 3


@pytest.mark.parametrize(("codec", "payload_type"), [("vp9", VP9), ("av1", AV1)])
def test_vp9_and_av1_wait_for_the_next_keyframe_after_a_loss(codec: str, payload_type: int) -> None:
    video = pictures(codec, 2)
    made = sent(video, (), payload_type=payload_type)
    del made[next(i for i, each in enumerate(made) if each.at_ms > 400)]
    found = packets_of(filmed([(0, leg_began(1, "clinician", 0)), *arrived(1, made)])[1])
    as_sent = video if codec == "vp9" else tuple(b"".join(av1_obus(frame)) for frame in video)
    shown = hashes(data for _, data in found["clinician video"])
    assert shown == hashes((*as_sent[:13], *as_sent[30:]))


def _demuxed(out: io.BytesIO) -> list[Any]:
    with opened(out) as container:
        return [packet for packet in container.demux(video=0) if packet.size]


def test_another_codec_in_mid_call_is_a_track_of_its_own() -> None:
    records = [
        (0, leg_began(1, "patient", 0)),
        *arrived(1, sent(pictures("vp8", 2), sounds(2))),
        (2500, leg_began(2, "patient", 2500)),
        *arrived(2, sent(pictures("h264", 2), sounds(2), payload_type=H264, clock_ms=2e12), 2500),
    ]
    film, out = filmed(records)
    assert [name.codec for name in film.tracks] == ["opus", "h264", "vp8"]
    with opened(out) as container:
        assert [stream.codec_context.name for stream in container.streams.video] == ["h264", "vp8"]


def test_a_film_of_one_participant_begins_with_that_participant() -> None:
    records = [
        *two_people(),
        (1500, leg_began(3, "relative", 1500)),
        *arrived(3, sent(pictures("vp8", 1), sounds(1), clock_ms=3e12), 1500),
    ]
    film, out = filmed(records, "relative")
    assert 1400 < film.begins_ms < 1600
    found = packets_of(out)
    assert set(found) == {"relative audio", "relative video"}
    assert min(ms for ms, _ in found["relative video"]) < 50


def test_frames_after_a_loss_wait_for_the_next_keyframe() -> None:
    video = pictures("vp8", 2)
    made = sent(video, ())
    lost = next(i for i, each in enumerate(made) if each.at_ms > 400)
    del made[lost]
    found = packets_of(filmed([(0, leg_began(1, "clinician", 0)), *arrived(1, made)])[1])
    shown = hashes(data for _, data in found["clinician video"])
    assert shown == hashes((*video[:13], *video[30:]))


def test_a_retransmission_repairs_what_was_lost() -> None:
    video = pictures("vp8", 2)
    made = sent(video, ())
    position = next(i for i, each in enumerate(made) if each.at_ms > 400)
    lost = made.pop(position).body
    again = bytes((lost[0], lost[1] & 0x80 | 97)) + b"\0\7" + lost[4:8] + b"\0\0\0\7" + lost[2:4] + lost[12:]
    made.insert(position + 8, Sent(made[position + 8].at_ms, Kind.RTP, again))
    found = packets_of(filmed([(0, leg_began(1, "clinician", 0)), *arrived(1, made)])[1])
    assert hashes(data for _, data in found["clinician video"]) == hashes(video)


def test_packets_out_of_order_and_doubled_come_out_in_order_and_once() -> None:
    video = pictures("vp8", 2)
    made = sent(video, ())
    for position in range(2, len(made) - 4, 5):
        made[position], made[position + 2] = made[position + 2], made[position]
    records = [(float(i), data) for i, (_, data) in enumerate(arrived(1, made))]
    doubled = [(at + 0.5, data) for at, data in records[::7]]
    found = packets_of(filmed([(-1, leg_began(1, "clinician", 0)), *records, *doubled])[1])
    assert hashes(data for _, data in found["clinician video"]) == hashes(video)


def test_red_is_recorded_as_opus_and_fills_what_was_lost() -> None:
    audio = sounds(2)
    made = []
    for position, each in enumerate(sent((), audio)):
        if each.kind == Kind.RTP:
            head, payload = each.body[:12], each.body[12:]
            older = audio[audio.index(payload) - 1] if payload != audio[0] else b""
            blocks = ((960 << 10 | len(older)).to_bytes(3, "big"), older) if older else (b"", b"")
            red = (bytes([0x80 | OPUS]) + blocks[0] if older else b"") + bytes([OPUS]) + blocks[1] + payload
            made.append(Sent(each.at_ms, each.kind, head[:1] + bytes([63]) + head[2:] + red))
        if position in (20, 41):
            made.pop()
    found = packets_of(filmed([(0, leg_began(1, "clinician", 0)), *arrived(1, made)])[1])
    assert hashes(data for _, data in found["clinician audio"]) == hashes(audio)


def test_nothing_to_play_is_said() -> None:
    with pytest.raises(NothingToPlay):
        filmed([(0, leg_began(1, "clinician", 0))])
    with pytest.raises(NothingToPlay):
        filmed(two_people(), "nobody")


def test_cut_records_and_noise_are_passed_over() -> None:
    noise = [
        (10.0, record(Kind.RTP, 1, 10, b"\x90")),
        (11.0, record(Kind.RTP, 9, 11, bytes(20))),
        (12.0, record(Kind.LEG, 1, 12, b"{")),
        (13.0, record(Kind.SENDER_REPORT, 1, 13, b"short")),
        (14.0, HEAD.pack(77, 1, 0, 14)),
    ]
    found = packets_of(filmed([*two_people(), *noise])[1])
    assert len(found["patient video"]) == 90
