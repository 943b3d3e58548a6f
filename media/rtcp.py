"""RTCP packets read and written (RFC 3550 section 6, RFC 4585, RFC 5104, REMB). Pure; what to do with them is the relay's."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from struct import Struct, error, pack, unpack_from

from . import transport_wide
from .errors import MediaError

SR, RR, SDES, BYE, RTPFB, PSFB = 200, 201, 202, 203, 205, 206

_HEADER = Struct("!BBH")
_REPORT = Struct("!IIIIII")
_FIR_ENTRY_BYTES = 8
MAX_FEEDBACK_SEQUENCES = 1024
"""The most sequence numbers taken from one NACK; a longer one is cut. A keyframe serves better past that."""


class MalformedRtcp(MediaError):
    code = "rtcp_malformed"

    def __init__(self) -> None:
        super().__init__("An RTCP packet could not be read.")


@dataclass(frozen=True, slots=True)
class Report:
    """A report block (RFC 3550 section 6.4.1). `lost` holds fraction and cumulative count as they stand on the wire."""

    ssrc: int
    lost: int
    highest_sequence: int
    jitter: int
    last_sr: int
    delay_since_last_sr: int


@dataclass(frozen=True, slots=True)
class SenderReport:
    """A sender report; `ntp` is the 64-bit NTP timestamp as it stands on the wire."""

    ssrc: int
    ntp: int
    rtp_timestamp: int
    packets: int
    octets: int
    reports: tuple[Report, ...]


@dataclass(frozen=True, slots=True)
class ReceiverReport:
    reports: tuple[Report, ...]


@dataclass(frozen=True, slots=True)
class Nack:
    """A generic NACK (RFC 4585 section 6.2.1)."""

    media_ssrc: int
    sequences: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class KeyframeRequest:
    """A PLI (RFC 4585 section 6.3.1) or one entry of a FIR (RFC 5104 section 4.3.1): the relay treats them alike."""

    media_ssrc: int


@dataclass(frozen=True, slots=True)
class Remb:
    """A receiver's estimated maximum bitrate (draft-alvestrand-rmcat-remb-03), in bits a second."""

    bitrate_bps: int
    ssrcs: tuple[int, ...]


Packet = SenderReport | ReceiverReport | Nack | KeyframeRequest | Remb | transport_wide.Feedback


def parse(compound: bytes) -> list[Packet]:
    """The packets of a compound that a relay has a use for, in order.

    Raises:
        MalformedRtcp: the compound is cut short or a length does not fit.
    """
    packets: list[Packet] = []
    position = 0
    try:
        while position < len(compound):
            first, kind, words = _HEADER.unpack_from(compound, position)
            end = position + 4 + 4 * words
            if first >> 6 != 2 or end > len(compound):
                raise MalformedRtcp
            body = compound[position + 4 : end]
            if first & 0x20:
                body = body[: len(body) - body[-1]]
            _parse_one(kind, first & 0x1F, body, packets)
            position = end
    except (error, IndexError, ValueError):
        raise MalformedRtcp from None
    return packets


def _parse_one(kind: int, count: int, body: bytes, packets: list[Packet]) -> None:
    if kind == SR:
        ssrc, ntp, timestamp, sent, octets = unpack_from("!IQIII", body)
        packets.append(SenderReport(ssrc, ntp, timestamp, sent, octets, tuple(_reports(body[24:], count))))
    elif kind == RR:
        packets.append(ReceiverReport(tuple(_reports(body[4:], count))))
    elif kind == RTPFB and count == 1:
        media_ssrc = unpack_from("!I", body, 4)[0]
        packets.append(Nack(media_ssrc, tuple(islice(_nacked(body[8:]), MAX_FEEDBACK_SEQUENCES))))
    elif kind == RTPFB and count == transport_wide.FORMAT:
        packets.append(transport_wide.read_feedback(body[8:]))
    elif kind == PSFB and count == 1:
        packets.append(KeyframeRequest(unpack_from("!I", body, 4)[0]))
    elif kind == PSFB and count == 4:
        for position in range(8, len(body) - _FIR_ENTRY_BYTES + 1, _FIR_ENTRY_BYTES):
            packets.append(KeyframeRequest(unpack_from("!I", body, position)[0]))
    elif kind == PSFB and count == 15 and body[8:12] == b"REMB":
        number, exponent_mantissa = body[12], int.from_bytes(body[13:16], "big")
        bitrate_bps = (exponent_mantissa & 0x3FFFF) << (exponent_mantissa >> 18)
        packets.append(Remb(bitrate_bps, unpack_from(f"!{number}I", body, 16)))


def _reports(body: bytes, count: int) -> Iterator[Report]:
    for i in range(count):
        yield Report(*_REPORT.unpack_from(body, i * _REPORT.size))


def _nacked(entries: bytes) -> Iterator[int]:
    for position in range(0, len(entries) - 3, 4):
        sequence, mask = unpack_from("!HH", entries, position)
        yield sequence
        for bit in range(16):
            if mask >> bit & 1:
                yield (sequence + bit + 1) & 0xFFFF


def write_sender_report(ssrc: int, ntp: int, rtp_timestamp: int, packets: int, octets: int) -> bytes:
    return pack("!BBHIQIII", 0x80, SR, 6, ssrc, ntp, rtp_timestamp, packets, octets)


def write_receiver_report(sender_ssrc: int, reports: Iterable[Report]) -> bytes:
    """A receiver report; more blocks than its five-bit count can hold (31) are left out."""
    blocks = [
        _REPORT.pack(r.ssrc, r.lost, r.highest_sequence, r.jitter, r.last_sr, r.delay_since_last_sr) for r in reports
    ][:31]
    return pack("!BBHI", 0x80 | len(blocks), RR, 1 + 6 * len(blocks), sender_ssrc) + b"".join(blocks)


def write_nack(sender_ssrc: int, media_ssrc: int, sequences: Iterable[int]) -> bytes:
    """A generic NACK; sequence numbers within 16 of each other share an entry. They are taken in the order given."""
    entries: list[tuple[int, int]] = []
    for sequence in sequences:
        distance = (sequence - entries[-1][0]) & 0xFFFF if entries else 0
        if entries and 0 < distance <= 16:
            entries[-1] = (entries[-1][0], entries[-1][1] | 1 << (distance - 1))
        else:
            entries.append((sequence, 0))
    body = b"".join(pack("!HH", *entry) for entry in entries)
    return pack("!BBHII", 0x81, RTPFB, 2 + len(entries), sender_ssrc, media_ssrc) + body


def write_pli(sender_ssrc: int, media_ssrc: int) -> bytes:
    return pack("!BBHII", 0x81, PSFB, 2, sender_ssrc, media_ssrc)


def write_remb(sender_ssrc: int, bitrate_bps: int, ssrcs: tuple[int, ...]) -> bytes:
    """A REMB; the bitrate is rounded down to the 18 bits of mantissa that the format has."""
    exponent = max(bitrate_bps.bit_length() - 18, 0)
    exponent_mantissa = exponent << 18 | bitrate_bps >> exponent
    return (
        pack("!BBHII", 0x8F, PSFB, 4 + len(ssrcs), sender_ssrc, 0)
        + b"REMB"
        + bytes([len(ssrcs)])
        + exponent_mantissa.to_bytes(3, "big")
        + pack(f"!{len(ssrcs)}I", *ssrcs)
    )


def write_sdes(ssrc: int, cname: str) -> bytes:
    """A source description with the canonical name alone (RFC 3550 section 6.5.1)."""
    item = bytes([1, len(cname)]) + cname.encode("ascii") + b"\0"
    chunk = pack("!I", ssrc) + item + bytes(-len(item) % 4)
    return pack("!BBH", 0x81, SDES, len(chunk) // 4) + chunk


def is_rtcp(second_byte: int) -> bool:
    """Whether a packet on a multiplexed port is RTCP, by its second byte (RFC 5761 section 4)."""
    return 192 <= second_byte <= 223
