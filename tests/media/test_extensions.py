"""Header extensions by layout: the same as walking every packet, for the packet that was read and for all that lie alike."""

from __future__ import annotations

from struct import pack

from hypothesis import given
from hypothesis import strategies as st

from media.extensions import edit_of, read_layout
from media.rtp import rewrite_extensions

elements = st.lists(
    st.one_of(
        st.just(b"\0"),
        st.builds(
            lambda number, value: bytes([number << 4 | len(value) - 1]) + value,
            st.integers(1, 14),
            st.binary(min_size=1, max_size=5),
        ),
    ),
    max_size=6,
)
numbers = st.lists(st.integers(0, 14), min_size=16, max_size=16)


def padded(block: bytes) -> bytes:
    return block + bytes(-len(block) % 4)


def walked(block: bytes, ids: list[int]) -> bytes:
    packet = bytearray(pack("!BBHIIHH", 0x90, 96, 1, 2, 3, 0xBEDE, len(block) // 4) + block)
    rewrite_extensions(packet, ids)
    return bytes(packet[16:])


def edited(block: bytes, ids: list[int], layout_of: bytes) -> bytes:
    layout = read_layout(int.from_bytes(layout_of, "big"), len(layout_of))
    value = int.from_bytes(block, "big")
    assert value & layout.mask == layout.fixed
    edit = edit_of(layout, ids, 0)
    return block if edit is None else (value & edit.keep | edit.put).to_bytes(len(block), "big")


@given(st.one_of(elements.map(b"".join), st.binary(max_size=24)), numbers)
def test_it_is_rewritten_as_by_walking_it(block: bytes, ids: list[int]) -> None:
    block = padded(block)
    assert edited(block, ids, layout_of=block) == walked(block, ids)


@given(elements, numbers, st.integers(0, 0xFF))
def test_one_layout_serves_every_packet_that_lies_alike(parts: list[bytes], ids: list[int], other: int) -> None:
    first = padded(b"".join(parts))
    second = padded(b"".join(part[:1] + bytes([other]) * (len(part) - 1) for part in parts))
    assert edited(second, ids, layout_of=first) == walked(second, ids)


def test_a_block_that_lies_otherwise_is_noticed() -> None:
    layout = read_layout(0x31AAAA00, 4)
    assert 0x31BBBB00 & layout.mask == layout.fixed
    assert 0x32BBBBBB & layout.mask != layout.fixed
    assert 0x31BBBB10 & layout.mask != layout.fixed


def test_the_transport_wide_number_is_found_and_its_place_kept_free() -> None:
    layout = read_layout(0x1080_31AA_BB00_0000, 8)
    assert 0x1080_31AA_BB00_0000 >> layout.number_shift(3) & 0xFFFF == 0xAABB
    assert layout.number_shift(1) == layout.number_shift(2) == -1
    edit = edit_of(layout, [0, 2, 0, 5] + [0] * 12, 5)
    assert edit is not None
    made = 0x1080_31AA_BB00_0000 & edit.keep | edit.put | 0xCCDD << edit.number_shift
    assert made == 0x2080_51CC_DD00_0000


def test_nothing_is_done_where_nothing_would_change() -> None:
    layout = read_layout(0x1080_0000, 4)
    assert edit_of(layout, list(range(16)), 3) is None
