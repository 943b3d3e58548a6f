"""RTP headers rewritten from one leg's negotiation to another's (RFC 3550, RFC 8285, RFC 4588). Pure; the clock is an argument.

A `StreamMap` keeps what one receiver sees of one track continuous: when the source comes back under another SSRC, sequence
numbers and timestamps go on from where they were.
"""

from __future__ import annotations

from collections.abc import Sequence
from struct import Struct
from typing import Final

from mypy_extensions import i64

HEADER = Struct("!BBHII")
"""First byte, marker and payload type, sequence number, timestamp, SSRC (RFC 3550 section 5.1)."""

HEADER_BYTES = HEADER.size

NO_SOURCE: Final = -1
"""In place of an SSRC."""

_EXTENSION_HEADER = Struct("!HH")
_ONE_BYTE_PROFILE = 0xBEDE
_UINT16 = Struct("!H")


class StreamMap:
    """Maps sequence numbers and timestamps of whichever SSRC feeds a track onto one outgoing SSRC, without a jump.

    The hot path reads the offsets; `switch` must have been called for the source first.
    """

    def __init__(self, ssrc: int, clock_rate_hz: int) -> None:
        self.ssrc: i64 = ssrc
        self.source_ssrc: i64 = NO_SOURCE
        self.sequence_offset: i64 = 0
        self.timestamp_offset: i64 = 0
        self._clock_rate_hz = clock_rate_hz
        self._begun = False
        self.last_sequence: i64 = 0
        self.last_timestamp: i64 = 0
        self.last_at_ms: float = 0.0

    def switch(self, source_ssrc: i64, sequence: i64, timestamp: i64, now_ms: float) -> None:
        """Let another source feed this track from its packet (`sequence`, `timestamp`), received at `now_ms`, on."""
        self.source_ssrc = source_ssrc
        if not self._begun:
            self._begun = True
            self.last_sequence = (sequence - 1) & 0xFFFF
            return
        elapsed = i64(round((now_ms - self.last_at_ms) * self._clock_rate_hz / 1000))
        self.sequence_offset = (self.last_sequence + 1 - sequence) & 0xFFFF
        self.timestamp_offset = (self.last_timestamp + max(elapsed, 1) - timestamp) & 0xFFFFFFFF

    def sent(self, sequence_out: i64, timestamp_out: i64, now_ms: float) -> None:
        """Remember the newest packet that went out; an older one, out of order or repeated, is not the newest."""
        if 0 < (sequence_out - self.last_sequence) & 0xFFFF < 0x8000:
            self.last_sequence = sequence_out
            self.last_timestamp = timestamp_out
            self.last_at_ms = now_ms

    def source_sequence(self, sequence_out: i64) -> int:
        """The source's sequence number for one that the receiver saw."""
        return (sequence_out - self.sequence_offset) & 0xFFFF


def payload_offset(packet: bytes | bytearray | memoryview) -> int | None:
    """Where the payload of an RTP packet begins, in bytes; None when the header runs past the packet's end."""
    offset = HEADER_BYTES + 4 * (packet[0] & 0x0F)
    if packet[0] & 0x10:
        if offset + 4 > len(packet):
            return None
        offset += 4 + 4 * _UINT16.unpack_from(packet, offset + 2)[0]
    return offset if offset <= len(packet) else None


def value_offset(packet: bytes, number: int) -> int | None:
    """Where the two bytes of a one-byte header extension by that number stand; None where there is none."""
    start = HEADER_BYTES + 4 * (packet[0] & 0x0F)
    if not number or not packet[0] & 0x10 or start + 4 > len(packet):
        return None
    profile, words = _EXTENSION_HEADER.unpack_from(packet, start)
    position, end = start + 4, min(start + 4 + 4 * words, len(packet))
    while profile == _ONE_BYTE_PROFILE and position < end:
        head = packet[position]
        if head == number << 4 | 1 and position + 3 <= end:
            return position + 1
        position += 1 if head == 0 else 2 + (head & 0x0F)
    return None


def is_padding(packet: bytes | memoryview) -> bool:
    """Whether a packet has nothing but padding after its header, as senders use to probe a path."""
    offset = payload_offset(packet)
    return offset is None or (packet[0] & 0x20 != 0 and len(packet) - packet[-1] <= offset)


def rewrite_extensions(packet: bytearray | memoryview, ids: Sequence[int]) -> None:
    """Renumber one-byte header extensions (RFC 8285 section 4.2) in place; one for which `ids` says 0 becomes padding.

    `ids` has sixteen entries, one for each number. Two-byte headers are not negotiated, so an extension block of any other
    profile is padded out as a whole.
    """
    start = HEADER_BYTES + 4 * (packet[0] & 0x0F)
    if not packet[0] & 0x10 or start + 4 > len(packet):
        return
    profile, words = _EXTENSION_HEADER.unpack_from(packet, start)
    position = start + 4
    end = min(position + 4 * words, len(packet))
    if profile != _ONE_BYTE_PROFILE:
        packet[position:end] = bytes(end - position)
        return
    while position < end:
        byte = packet[position]
        if byte == 0:
            position += 1
            continue
        number, following = byte >> 4, position + 2 + (byte & 0x0F)
        if number == 15 or following > end:
            packet[position:end] = bytes(end - position)
            return
        if ids[number]:
            packet[position] = ids[number] << 4 | byte & 0x0F
        else:
            packet[position:following] = bytes(following - position)
        position = following


def rewrite_original_sequence(packet: bytearray | memoryview, offset: int) -> None:
    """Shift the original sequence number in front of a retransmitted payload (RFC 4588 section 4) by `offset`.

    A packet of padding alone, as senders use to probe the path, carries none and stays as it is.
    """
    position = payload_offset(packet)
    if position is None:
        return
    padding = packet[-1] if packet[0] & 0x20 else 0
    if len(packet) - padding - position < 2:
        return
    original = _UINT16.unpack_from(packet, position)[0]
    _UINT16.pack_into(packet, position, (original + offset) & 0xFFFF)
