"""Redundant audio in packets, whole and damaged."""

from __future__ import annotations

from struct import pack

from hypothesis import given
from hypothesis import strategies as st

from media.red import MAX_BLOCKS, cut_to_primary, renumber_blocks

HEADER = pack("!BBHII", 0x80, 63, 1, 2, 3)


def packet(*blocks: bytes) -> bytearray:
    """RED of Opus (111), the newest block last."""
    heads = b"".join(pack("!BHB", 0x80 | 111, len(block) >> 8, len(block) & 0xFF) for block in blocks[:-1])
    return bytearray(HEADER + heads + bytes([111]) + b"".join(blocks))


@given(st.lists(st.binary(max_size=200), min_size=1, max_size=MAX_BLOCKS))
def test_the_newest_block_is_left_and_all_are_renumbered(blocks: list[bytes]) -> None:
    made = packet(*blocks)
    assert renumber_blocks(memoryview(made), len(made), 109)
    size = cut_to_primary(memoryview(made), len(made))
    assert bytes(made[:size]) == HEADER + blocks[-1]


def test_renumbering_touches_the_headers_alone() -> None:
    made = packet(b"\xef\x6f", b"now")
    assert renumber_blocks(memoryview(made), len(made), 100)
    assert bytes(made) == HEADER + bytes([0x80 | 100, 0, 0, 2, 100]) + b"\xef\x6fnow"


def test_too_many_blocks_and_cut_ones_are_refused() -> None:
    for damaged in (packet(*[b"x"] * (MAX_BLOCKS + 1)), packet(b"12345", b"now")[:17], bytearray(HEADER)):
        before = bytes(damaged)
        assert cut_to_primary(memoryview(damaged), len(damaged)) == 0
        assert bytes(damaged) == before


@given(st.binary(max_size=80), st.integers(0, 127))
def test_noise_never_breaks_and_never_grows(noise: bytes, payload_type: int) -> None:
    made = bytearray(HEADER + noise)
    renumber_blocks(memoryview(made), len(made), payload_type)
    assert len(made) == len(HEADER + noise)
    assert 0 <= cut_to_primary(memoryview(made), len(made)) <= len(made)
