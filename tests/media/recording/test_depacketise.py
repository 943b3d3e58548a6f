"""Depacketisers and the format of chunks against whatever anybody may send or write."""

from __future__ import annotations

from struct import pack

import pytest
from hypothesis import given
from hypothesis import strategies as st

from media.recording.chunks import (
    CHUNK_HEADER_BYTES,
    FILE_HEADER_BYTES,
    MAX_CHUNK_BYTES,
    ChunkCipher,
    ChunkHeader,
    FileHeader,
)
from media.recording.depacketise import (
    DEPACKETISERS,
    H264,
    Assembled,
    Av1,
    Depacketiser,
    MalformedPayload,
    Red,
    Vp8,
    Vp9,
    nal_types,
    opus_duration_ms,
    red_blocks,
)
from media.recording.errors import ChunkDamaged, NotAChunkedFile
from media.recording.losses import Accounts
from media.recording.records import Kind, LegBegan, record, records
from media.recording.tracks import Frames, Survey

from .senders import (
    CODINGS,
    av1_obus,
    av1_payloads,
    h264_payloads,
    leg_began,
    pictures,
    sounds,
    vp8_payloads,
    vp9_payloads,
)

KEY = bytes(range(32))
payloads = st.lists(
    st.tuples(st.integers(0, 0xFFFFFFFF), st.booleans(), st.binary(max_size=60), st.booleans()), max_size=40
)


def taken(depacketiser: Depacketiser, timestamp: int, marker: bool, payload: bytes) -> list[Assembled]:
    try:
        return list(depacketiser.take(timestamp, marker, memoryview(payload)))
    except MalformedPayload:
        return []


@pytest.mark.parametrize("codec", sorted(DEPACKETISERS))
@given(given_payloads=payloads)
def test_whatever_comes_gives_frames_or_is_refused(
    codec: str, given_payloads: list[tuple[int, bool, bytes, bool]]
) -> None:
    depacketiser = DEPACKETISERS[codec]()
    size = sum(len(payload) for _, _, payload, _ in given_payloads)
    for timestamp, marker, payload, gap in given_payloads:
        if gap:
            depacketiser.gap()
        for frame in taken(depacketiser, timestamp, marker, payload):
            assert frame.data
            # STAP-A and FU-A give each NAL unit a start code in place of its length.
            assert len(frame.data) <= 5 * size


@pytest.mark.parametrize(
    ("made", "codec", "packetised"),
    [
        (Vp8, "vp8", vp8_payloads),
        (Vp9, "vp9", vp9_payloads),
        (Av1, "av1", av1_payloads),
        (H264, "h264", lambda frame, n: h264_payloads(frame)),
    ],
)
def test_a_whole_stream_comes_out_as_it_went_in(made, codec, packetised) -> None:  # type: ignore[no-untyped-def]  # a table
    depacketiser, found = made(), []
    frames = pictures(codec, 1, 160, 120)
    for number, frame in enumerate(frames):
        parts = list(packetised(frame, number))
        for position, part in enumerate(parts):
            found += taken(depacketiser, number * 3000, position + 1 == len(parts), part)
    assert len(found) == len(frames)
    assert found[0].keyframe
    assert [frame.keyframe for frame in found].count(True) == 1
    if codec == "av1":
        assert [frame.data for frame in found] == [b"".join(av1_obus(frame)) for frame in frames]
    elif codec in ("vp8", "vp9"):
        assert [frame.data for frame in found] == list(frames)
        assert (found[0].width, found[0].height) == (160, 120)
    else:
        assert set(nal_types(found[0].data)) >= {5, 7, 8}


def test_a_frame_without_its_marker_is_whole_when_the_next_begins() -> None:
    frames = pictures("vp8", 1, 160, 120)[:2]
    depacketiser = Vp8()
    first = [taken(depacketiser, 0, False, part) for part in vp8_payloads(frames[0], 0)]
    assert not any(first)
    second = [taken(depacketiser, 3000, False, part) for part in vp8_payloads(frames[1], 1)]
    assert [frame.data for frame in second[0]] == [frames[0]]


def test_what_redundancy_carries_is_given_once() -> None:
    red = Red()

    def packet(*older: tuple[int, bytes], primary: bytes) -> bytes:
        heads = b"".join(bytes([0x80 | 111]) + (of << 10 | len(block)).to_bytes(3, "big") for of, block in older)
        return heads + bytes([111]) + b"".join(block for _, block in older) + primary

    one = taken(red, 960, True, packet(primary=b"one"))
    three = taken(red, 2880, True, packet((1920, b"one"), (960, b"two"), primary=b"three"))
    assert [(frame.timestamp, frame.data) for frame in one + three] == [(960, b"one"), (1920, b"two"), (2880, b"three")]
    for malformed in (b"", b"\xef", b"\xef\0\4", b"\xef\0\x0f\xff\x6f" + bytes(3)):
        with pytest.raises(MalformedPayload):
            red_blocks(0, memoryview(malformed))


def test_how_long_opus_plays() -> None:
    assert {opus_duration_ms(packet) for packet in sounds(1)} == {20.0}
    assert opus_duration_ms(b"") == 0
    assert opus_duration_ms(b"\x1b") == 0
    assert opus_duration_ms(b"\x1b\x02") == 120
    assert opus_duration_ms(b"\xe0") == 2.5


@given(st.binary(max_size=400))
def test_records_of_noise_are_passed_over_or_refused(noise: bytes) -> None:
    assert sum(len(each.body) + 9 for each in records(noise)) <= len(noise)
    survey = Survey()
    for each in records(leg_began(1, "clinician", 0) + noise):
        survey.look(each)
    found = survey.tracks()
    frames = Frames(survey.timeline)
    made = [frame for each in records(leg_began(1, "clinician", 0) + noise) for frame in frames.of(each)]
    made += frames.rest()
    assert len(made) == sum(track.frames for track in found)
    accounts = Accounts()
    try:
        taken_bytes = accounts.take(noise, len(noise))
    except ValueError:
        return
    assert taken_bytes <= len(noise)


@given(
    st.lists(
        st.tuples(
            st.sampled_from([96, 97, 102, 111, 63, 5]),
            st.integers(0, 0xFFFF),
            st.integers(0, 0xFFFFFFFF),
            st.integers(1, 3),
            st.binary(max_size=30),
            st.integers(0, 5000),
        ),
        max_size=40,
    )
)
def test_packets_of_any_header_are_placed_or_passed_over(packets: list[tuple[int, int, int, int, bytes, int]]) -> None:
    data = leg_began(1, "clinician", 0) + b"".join(
        record(
            Kind.RTP,
            1,
            at_ms,
            pack("!BBHII", 0x80, payload_type, sequence, timestamp, ssrc) + payload,
        )
        for payload_type, sequence, timestamp, ssrc, payload, at_ms in packets
    )
    survey = Survey()
    for each in records(data):
        survey.look(each)
    found = {track.name: track.frames for track in survey.tracks()}
    frames = Frames(survey.timeline)
    last: dict[object, float] = {}
    count = 0
    for frame in (*(f for each in records(data) for f in frames.of(each)), *frames.rest()):
        assert frame.at_ms >= last.get(frame.name, 0)
        last[frame.name] = frame.at_ms
        count += 1
    assert count == sum(found.values())
    accounts = Accounts()
    assert accounts.take(data, len(data)) == len(data)
    accounts.finish()
    assert accounts.packets == len(packets)


def test_a_leg_is_read_as_it_was_written() -> None:
    began = LegBegan("clinician", CODINGS, {7: "screen"})
    (found,) = records(record(Kind.LEG, 1, 0, began.body()))
    assert LegBegan.read(found) == began
    assert began.track(7, CODINGS[96]) == "screen"
    assert began.codec(CODINGS[63]) == "opus"
    for broken in (b"", b"[]", b"{}", b'{"participant": 1, "codings": {"x": 1}, "sources": {}}'):
        with pytest.raises(ValueError):  # noqa: PT011 # of whichever part of it
            LegBegan.read(next(iter(records(record(Kind.LEG, 1, 0, broken)))))


@given(st.binary(max_size=300), st.integers(0, 2**64 - 1), st.booleans())
def test_a_chunk_opens_as_it_was_sealed_and_in_no_other_way(plain: bytes, number: int, last: bool) -> None:
    header = FileHeader.new("r1")
    cipher = ChunkCipher(KEY, header)
    head, sealed = cipher.seal(number, plain, last=last)
    found = ChunkHeader.read(head)
    assert found is not None
    assert (found.number, found.last, found.length) == (number, last, len(sealed))
    assert cipher.open(found, sealed) == plain
    others = [
        (cipher, ChunkHeader(found.tag, number ^ 1, last, found.length), sealed),
        (cipher, ChunkHeader(found.tag, number, not last, found.length), sealed),
        (cipher, found, sealed[:-1] + bytes([sealed[-1] ^ 1])),
        (cipher, found, sealed[:-1]),
        (ChunkCipher(bytes(32), header), found, sealed),
        (ChunkCipher(KEY, FileHeader(header.salt, "r2")), found, sealed),
        (ChunkCipher(KEY, FileHeader.new("r1")), found, sealed),
    ]
    for other, claimed, ciphertext in others:
        with pytest.raises(ChunkDamaged):
            other.open(claimed, ciphertext)


@given(st.binary(max_size=2 * FILE_HEADER_BYTES))
def test_headers_of_noise_are_refused(noise: bytes) -> None:
    with pytest.raises(NotAChunkedFile):
        FileHeader.read(noise)
    head = ChunkHeader.read(b"CHNK" + noise)
    if head is not None:
        assert head.length <= MAX_CHUNK_BYTES + 16
        assert head.write() == (b"CHNK" + noise)[:CHUNK_HEADER_BYTES]
    assert FileHeader.read(FileHeader(bytes(32), "r1").write()) == FileHeader(bytes(32), "r1")
    with pytest.raises(ValueError, match="at most"):
        FileHeader.new("n" * 137)
