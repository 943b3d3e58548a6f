"""Sequence numbers, timestamps and header extensions through rewriting."""

from __future__ import annotations

from itertools import pairwise
from struct import pack, unpack_from

from hypothesis import given
from hypothesis import strategies as st

from media.rtp import StreamMap, payload_offset, rewrite_extensions, rewrite_original_sequence

sequences = st.integers(0, 0xFFFF)
timestamps = st.integers(0, 0xFFFFFFFF)


def forward(stream: StreamMap, ssrc: int, sequence: int, timestamp: int, now_ms: float) -> tuple[int, int]:
    if stream.source_ssrc != ssrc:
        stream.switch(ssrc, sequence, timestamp, now_ms)
    out = (sequence + stream.sequence_offset) & 0xFFFF, (timestamp + stream.timestamp_offset) & 0xFFFFFFFF
    stream.sent(*out, now_ms)
    return out


@given(sequences, timestamps, sequences, timestamps, st.integers(1, 300), st.integers(0, 10_000))
def test_a_returning_source_goes_on_where_it_was(
    first: int, first_at: int, second: int, second_at: int, packets: int, pause_ms: int
) -> None:
    stream = StreamMap(ssrc=9, clock_rate_hz=90_000)
    now_ms = 0.0
    out = []
    for i in range(packets):
        now_ms = i * 10.0
        out.append(forward(stream, 1, (first + i) & 0xFFFF, (first_at + 900 * i) & 0xFFFFFFFF, now_ms))
    now_ms += pause_ms
    out += [forward(stream, 2, (second + i) & 0xFFFF, (second_at + 900 * i) & 0xFFFFFFFF, now_ms) for i in range(5)]
    steps = [(b - a) & 0xFFFF for (a, _), (b, _) in pairwise(out)]
    assert steps == [1] * (packets + 4)
    before, after = out[packets - 1][1], out[packets][1]
    assert (after - before) & 0xFFFFFFFF == max(pause_ms * 90, 1)
    assert stream.source_sequence(out[-1][0]) == (second + 4) & 0xFFFF


def test_a_late_packet_does_not_move_the_newest_back() -> None:
    stream = StreamMap(ssrc=9, clock_rate_hz=48_000)
    for sequence in (65534, 65535, 1, 0):
        forward(stream, 1, sequence, sequence, 0)
    assert forward(stream, 2, 500, 0, 0)[0] == 2


def packet(extensions: bytes, payload: bytes = b"payload", profile: int = 0xBEDE) -> bytearray:
    padded = extensions + bytes(-len(extensions) % 4)
    return bytearray(pack("!BBHII", 0x90, 96, 1, 2, 3) + pack("!HH", profile, len(padded) // 4) + padded + payload)


def called(ids: dict[int, int]) -> list[int]:
    return [ids.get(number, 0) for number in range(16)]


def test_extensions_are_renumbered_and_unknown_ones_blanked() -> None:
    out = packet(bytes([0x10, 0xAA, 0x22, 1, 2, 3, 0x51, 8, 9]))
    rewrite_extensions(out, called({1: 7, 2: 3}))
    assert bytes(out[16:25]) == bytes([0x70, 0xAA, 0x32, 1, 2, 3, 0, 0, 0])
    assert out[-7:] == b"payload"


def test_another_extension_profile_is_blanked_whole() -> None:
    out = packet(bytes([1, 2, 3, 4]), profile=0x1000)
    rewrite_extensions(out, bytes(16))
    assert bytes(out[16:20]) == bytes(4)


@given(st.binary(min_size=12, max_size=60), st.dictionaries(st.integers(1, 14), st.integers(1, 14)))
def test_rewriting_noise_keeps_length_and_never_breaks(noise: bytes, ids: dict[int, int]) -> None:
    out = bytearray(noise)
    rewrite_extensions(out, called(ids))
    rewrite_original_sequence(out, 77)
    assert len(out) == len(noise)
    assert out[:12] == noise[:12]
    offset = payload_offset(out)
    assert offset is None or 12 <= offset <= len(out)


def test_the_original_sequence_number_is_shifted() -> None:
    out = packet(b"", payload=pack("!H", 65530) + b"frame")
    rewrite_original_sequence(out, 10)
    assert unpack_from("!H", out, 16)[0] == 4


def test_a_probe_of_padding_alone_stays_as_it_is() -> None:
    probe = packet(b"", payload=bytes(19) + bytes([20]))
    probe[0] |= 0x20
    before = bytes(probe)
    rewrite_original_sequence(probe, 10)
    assert bytes(probe) == before
