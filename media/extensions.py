"""One-byte header extensions (RFC 8285 section 4.2) rewritten from one negotiation to another, by layouts read once. Pure.

The packets of a stream bear the same extensions in the same places, one after the other. So a block is read once for each way
in which it is laid out; after that it is an integer: a mask tells that it still lies the same, and the receiver's is made of it
by keeping some bits and putting in others. What is not known to the receiver becomes padding.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

ONE_BYTE_PROFILE = 0xBEDE
"""Two-byte headers are not negotiated."""


@dataclass(frozen=True, slots=True)
class Element:
    """One extension of a block: its number and, in bits from the block's end, where its first byte and its value begin."""

    number: int
    head_shift: int
    value_shift: int
    value_bits: int


@dataclass(frozen=True, slots=True)
class Layout:
    """A block of `bits`: any other of which `mask` leaves `fixed` is laid out alike."""

    bits: int
    mask: int
    fixed: int
    elements: tuple[Element, ...]

    def number_shift(self, number: int) -> int:
        """Where a two-byte value stands, in bits from the block's end; -1 when this layout has none by that number."""
        return next((e.value_shift for e in self.elements if e.number == number and e.value_bits == 16), -1)


def read_layout(block: int, size: int) -> Layout:
    """How a block of `size` bytes, read as an integer, is laid out. What cannot be read is fixed, and no element's."""
    bits = 8 * size
    mask = (1 << bits) - 1
    elements: list[Element] = []
    position = 0
    while position < size:
        head_shift = bits - 8 * (position + 1)
        head = block >> head_shift & 0xFF
        if head == 0:
            position += 1
            continue
        value_bits = 8 * ((head & 0x0F) + 1)
        if head >> 4 == 15 or value_bits > head_shift:
            break
        value_shift = head_shift - value_bits
        mask &= ~(((1 << value_bits) - 1) << value_shift)
        elements.append(Element(head >> 4, head_shift, value_shift, value_bits))
        position += 1 + value_bits // 8
    return Layout(bits, mask, block & mask, tuple(elements))


def as_signed(window: int) -> int:
    """Eight bytes as the signed integer that they are in the relay, where an integer has no more of them."""
    return window - (1 << 64) if window >> 63 else window


@dataclass(frozen=True, slots=True)
class Edit:
    """How a receiver's block is made: `block & keep | put`, and its own transport-wide number at `number_shift`, unless -1."""

    keep: int
    put: int
    number_shift: int


def edit_of(layout: Layout, ids: Sequence[int], transport_wide: int) -> Edit | None:
    """The edit that calls each extension what `ids` says (16 entries; 0: to be dropped); None when it would change nothing.

    `transport_wide` is what the receiver calls the transport-wide number, 0 when it takes none.
    """
    keep = put = 0
    number_shift = -1
    for element in layout.elements:
        called = ids[element.number]
        if not called:
            continue
        put |= (called << 4 | element.value_bits // 8 - 1) << element.head_shift
        if called == transport_wide and element.value_bits == 16:
            number_shift = element.value_shift
        else:
            keep |= ((1 << element.value_bits) - 1) << element.value_shift
    if number_shift < 0 and put == layout.fixed:
        return None
    return Edit(keep, put, number_shift)
