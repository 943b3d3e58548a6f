"""The newest packets of a track as a receiver was sent them, to be sent again (RFC 4588); bounded in packets and time. Pure."""

from __future__ import annotations

from array import array
from struct import pack

from .rtp import HEADER, payload_offset

PACKETS = 256
"""About two seconds of video at 1.2 Mbit/s. A power of two, so that sequence numbers wrap onto slots evenly."""

PACKET_BYTES = 1300
"""Room for one packet; a larger one is not kept, and its repair is left to its source."""

KEPT_MS = 2000.0
"""Older ones are of no use to anybody's decoder."""


class PacketCache:
    """Keeps plain RTP packets by sequence number, the newest in place of one `PACKETS` before it."""

    __slots__ = ("_at_ms", "_packets", "_sequences", "_sizes")

    def __init__(self) -> None:
        self._packets = memoryview(bytearray(PACKETS * PACKET_BYTES))
        self._sequences = array("H", bytes(2 * PACKETS))
        self._sizes = array("H", bytes(2 * PACKETS))
        self._at_ms = array("d", bytes(8 * PACKETS))

    def store(self, sequence: int, packet: memoryview, now_ms: float) -> None:
        """Keep a packet, copied."""
        size = len(packet)
        if size > PACKET_BYTES:
            return
        slot = sequence % PACKETS
        self._packets[slot * PACKET_BYTES : slot * PACKET_BYTES + size] = packet
        self._sequences[slot] = sequence
        self._sizes[slot] = size
        self._at_ms[slot] = now_ms

    def find(self, sequence: int, now_ms: float) -> bytes | None:
        """A kept packet, unless it is older than `KEPT_MS`."""
        slot = sequence % PACKETS
        size = self._sizes[slot]
        if not size or self._sequences[slot] != sequence or now_ms - self._at_ms[slot] > KEPT_MS:
            return None
        return self._packets[slot * PACKET_BYTES : slot * PACKET_BYTES + size].tobytes()


def as_retransmission(packet: bytes, payload_type: int, sequence: int, ssrc: int) -> bytes | None:
    """A packet in the form of RFC 4588 section 4: another header, and its own number before the payload.

    None for a packet whose payload cannot be found.
    """
    offset = payload_offset(packet)
    if offset is None:
        return None
    first, second, original, timestamp, _ = HEADER.unpack_from(packet)
    header = HEADER.pack(first, second & 0x80 | payload_type, sequence, timestamp, ssrc)
    return header + packet[HEADER.size : offset] + pack("!H", original) + packet[offset:]
