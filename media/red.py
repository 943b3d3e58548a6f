"""Redundant audio (RFC 2198) cut down to the packet it repeats others for, or renumbered, where it lies. Pure.

A payload is one header for each block, the newest block's last and a single byte long, and then the blocks in the same order.
"""

from __future__ import annotations

from .rtp import payload_offset

_MORE = 0x80
"""Set in every block's header but the last (RFC 2198 section 3)."""

MAX_BLOCKS = 8
"""More than any sender repeats; a packet with more is taken for damaged."""


def cut_to_primary(packet: memoryview, size: int) -> int:
    """Make an RTP packet of RED one of its newest block alone. `packet` may be longer than the `size` bytes in use.

    The new size; 0 when the blocks run past the packet's end, and then nothing is changed.
    """
    start = payload_offset(packet[:size])
    if start is None:
        return 0
    position, skipped = start, 0
    for _ in range(MAX_BLOCKS):
        if position >= size:
            return 0
        if not packet[position] & _MORE:
            primary = position + 1 + skipped
            if primary > size:
                return 0
            packet[start : start + size - primary] = packet[primary:size]
            return start + size - primary
        if position + 4 > size:
            return 0
        skipped += (packet[position + 2] & 0x03) << 8 | packet[position + 3]
        position += 4
    return 0


def renumber_blocks(packet: memoryview, size: int, payload_type: int) -> bool:
    """Put the receiver's payload type into every block's header. False when they run past the end, and nothing is changed."""
    start = payload_offset(packet[:size])
    if start is None:
        return False
    position, headers = start, list[int]()
    while len(headers) < MAX_BLOCKS and position < size:
        headers.append(position)
        if not packet[position] & _MORE:
            for header in headers:
                packet[header] = packet[header] & _MORE | payload_type
            return True
        position += 4
    return False
