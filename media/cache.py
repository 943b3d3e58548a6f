"""The newest packets of a track as a receiver was sent them, to be sent again (RFC 4588); bounded in packets and time. Pure."""

from __future__ import annotations

from struct import pack
from typing import Final

from librt.vecs import vec
from mypy_extensions import i64, u8

from .rtp import HEADER, payload_offset

PACKETS: Final = 256
"""About two seconds of video at 1.2 Mbit/s. A power of two, so that sequence numbers wrap onto slots evenly."""

PACKET_BYTES: Final = 1300
"""A larger packet is not kept, and its repair is left to its source."""

KEPT_MS: Final = 2000.0
"""Older ones are of no use to anybody's decoder."""


class PacketCache:
    """Keeps plain RTP packets by sequence number, the newest in place of one `PACKETS` before it."""

    def __init__(self) -> None:
        nothing = vec[u8]()
        self._packets: vec[vec[u8]] = vec[vec[u8]]([nothing] * PACKETS)
        self._sequences: vec[i64] = vec[i64]([0] * PACKETS)
        self._at_ms: vec[float] = vec[float]([0.0] * PACKETS)

    def store(self, sequence: i64, memory: vec[u8], begin: i64, size: i64, now_ms: float) -> None:
        """Keep the packet of `size` bytes that begins there in memory, copied."""
        if size > PACKET_BYTES:
            return
        slot = sequence % PACKETS
        self._packets[slot] = memory[begin : begin + size]
        self._sequences[slot] = sequence
        self._at_ms[slot] = now_ms

    def find(self, sequence: i64, now_ms: float) -> bytes | None:
        """A kept packet, unless it is older than `KEPT_MS`."""
        slot = sequence % PACKETS
        packet = self._packets[slot]
        if len(packet) == 0 or self._sequences[slot] != sequence or now_ms - self._at_ms[slot] > KEPT_MS:
            return None
        return bytes(packet)


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
