"""Kept packets, and the form in which they are sent again."""

from __future__ import annotations

from struct import pack, unpack_from

from hypothesis import given
from hypothesis import strategies as st
from librt.vecs import vec
from mypy_extensions import u8

from media.cache import KEPT_MS, PACKET_BYTES, PACKETS, PacketCache, as_retransmission


def packet(sequence: int, payload: bytes) -> bytes:
    return pack("!BBHII", 0x80, 0x80 | 96, sequence & 0xFFFF, 7, 8) + payload


def keep(cache: PacketCache, sequence: int, data: bytes) -> None:
    """Keep a packet that lies in the midst of other memory."""
    cache.store(sequence, vec[u8](b"before" + data + b"after"), 6, len(data), now_ms=0.0)


@given(st.integers(0, 0xFFFF), st.integers(1, 3 * PACKETS))
def test_the_newest_are_found_and_no_others(first: int, count: int) -> None:
    cache = PacketCache()
    for i in range(count):
        sequence = (first + i) & 0xFFFF
        keep(cache, sequence, packet(sequence, bytes([i % 256]) * 20))
    for i in range(count):
        sequence = (first + i) & 0xFFFF
        kept = cache.find(sequence, now_ms=1.0)
        assert (kept is not None) == (i >= count - PACKETS)
        if kept is not None:
            assert kept == packet(sequence, bytes([i % 256]) * 20)
    assert cache.find((first + count) & 0xFFFF, now_ms=1.0) is None


def test_an_old_one_and_an_oversized_one_are_not_kept() -> None:
    cache = PacketCache()
    assert cache.find(0, now_ms=0.0) is None
    keep(cache, 1, packet(1, b"x"))
    assert cache.find(1, now_ms=KEPT_MS) is not None
    assert cache.find(1, now_ms=KEPT_MS + 1) is None
    keep(cache, 2, packet(2, bytes(PACKET_BYTES)))
    assert cache.find(2, now_ms=0.0) is None


def test_a_retransmission_carries_the_original_number_before_the_payload() -> None:
    again = as_retransmission(packet(500, b"payload"), payload_type=97, sequence=9, ssrc=10)
    assert again is not None
    assert unpack_from("!BBHII", again) == (0x80, 0x80 | 97, 9, 7, 10)
    assert again[12:] == pack("!H", 500) + b"payload"
    assert as_retransmission(b"\x8f" + packet(1, b"")[1:], 97, 9, 10) is None
