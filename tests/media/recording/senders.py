"""Senders as a recording has them: pictures and sound encoded once by PyAV, and packetised as browsers do."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from functools import lru_cache
from struct import pack
from typing import Any

import av
from av import AudioFrame, VideoFrame

from media.recording.records import SENDER_REPORT, Coding, Kind, LegBegan, record

FRAME_MS = 1000 / 30
SOUND_MS = 20
PACKET_BYTES = 1100
VP8, H264, OPUS, RTX, RED = 96, 102, 111, 97, 63
CODINGS = {
    OPUS: Coding("audio", "opus", 48_000),
    RED: Coding("audio", "red", 48_000, OPUS),
    VP8: Coding("video", "vp8", 90_000),
    H264: Coding("video", "h264", 90_000),
    RTX: Coding("video", "rtx", 90_000, VP8),
}


@lru_cache
def pictures(codec: str, seconds: int, width: int = 320, height: int = 240, keyframes: int = 30) -> tuple[bytes, ...]:
    """Encoded frames, thirty a second, a keyframe every `keyframes`."""
    name = {"vp8": "libvpx", "h264": "libx264"}[codec]
    context: Any = av.CodecContext.create(name, "w")
    context.width, context.height, context.pix_fmt = width, height, "yuv420p"
    context.time_base, context.framerate, context.gop_size = Fraction(1, 30), 30, keyframes
    context.bit_rate = 600_000
    context.options = (
        {"deadline": "realtime", "cpu-used": "8", "lag-in-frames": "0"}
        if codec == "vp8"
        else {"preset": "ultrafast", "tune": "zerolatency", "profile": "baseline"}
    )
    made: list[bytes] = []
    for number in range(30 * seconds):
        frame = VideoFrame(width, height, "yuv420p")
        for i, plane in enumerate(frame.planes):
            rows = bytes((number * 7 + i * 40 + x) % 220 + 16 for x in range(plane.line_size))
            plane.update(rows * (plane.buffer_size // plane.line_size))
        frame.pts = number
        made += [bytes(packet) for packet in context.encode(frame)]
    return tuple(made)


@lru_cache
def sounds(seconds: int) -> tuple[bytes, ...]:
    """Opus packets of 20 ms."""
    context: Any = av.CodecContext.create("libopus", "w")
    context.sample_rate, context.format, context.layout, context.bit_rate = 48_000, "s16", "stereo", 32_000
    made: list[bytes] = []
    for number in range(1000 // SOUND_MS * seconds):
        frame = AudioFrame("s16", "stereo", 960)
        frame.sample_rate, frame.pts = 48_000, number * 960
        wave = b"".join(pack("<hh", *(2 * [(number * 960 + i) * 300 % 20_000 - 10_000])) for i in range(960))
        frame.planes[0].update(wave)
        made += [bytes(packet) for packet in context.encode(frame)]
    return tuple(made)


def vp8_payloads(frame: bytes, picture_id: int) -> Iterator[bytes]:
    """RFC 7741, with a PictureID of two octets as browsers send it."""
    for begin in range(0, len(frame), PACKET_BYTES):
        start = 0x10 if begin == 0 else 0
        yield (
            bytes((0x80 | start, 0x80)) + pack("!H", 0x8000 | picture_id & 0x7FFF) + frame[begin : begin + PACKET_BYTES]
        )


def h264_payloads(frame: bytes) -> Iterator[bytes]:
    """RFC 6184: SPS and PPS together in a STAP-A, large NAL units in FU-As."""
    nals = [nal for nal in frame.replace(b"\0\0\0\1", b"\0\0\1").split(b"\0\0\1") if nal]
    sets = [nal for nal in nals if nal[0] & 0x1F in (7, 8)]
    if sets:
        yield b"\x78" + b"".join(pack("!H", len(nal)) + nal for nal in sets)
    for nal in nals:
        if nal in sets:
            continue
        if len(nal) <= PACKET_BYTES:
            yield nal
            continue
        body = nal[1:]
        for begin in range(0, len(body), PACKET_BYTES):
            edge = (0x80 if begin == 0 else 0) | (0x40 if begin + PACKET_BYTES >= len(body) else 0)
            yield bytes((nal[0] & 0xE0 | 28, edge | nal[0] & 0x1F)) + body[begin : begin + PACKET_BYTES]


@dataclass
class Sender:
    """One source: numbers its packets. `first` is the first timestamp, in units of the clock."""

    payload_type: int
    clock_rate_hz: int
    ssrc: int = field(default_factory=lambda: secrets.randbits(32))
    first: int = field(default_factory=lambda: secrets.randbits(32))
    sequence: int = field(default_factory=lambda: secrets.randbits(16))

    def timestamp(self, at_ms: float) -> int:
        return (self.first + round(at_ms * self.clock_rate_hz / 1000)) & 0xFFFFFFFF

    def packets(self, payloads: list[bytes], at_ms: float) -> Iterator[bytes]:
        """The packets of one frame taken at `at_ms` of the sender's own time."""
        for position, payload in enumerate(payloads):
            marker = 0x80 if position + 1 == len(payloads) else 0
            number, self.sequence = self.sequence, (self.sequence + 1) & 0xFFFF
            head = pack("!BBHII", 0x80, marker | self.payload_type, number, self.timestamp(at_ms), self.ssrc)
            yield head + payload

    def report(self, at_ms: float, clock_ms: float) -> bytes:
        """A sender report's record body: at `at_ms` of its own time, the participant's clock showed `clock_ms`."""
        return SENDER_REPORT.pack(self.ssrc, int(clock_ms * (1 << 32) / 1000), self.timestamp(at_ms))


@dataclass(frozen=True)
class Sent:
    """What a participant sends: a record's kind and body, and when the sender made it."""

    at_ms: float
    kind: Kind
    body: bytes


def sent(
    video: tuple[bytes, ...], audio: tuple[bytes, ...], *, payload_type: int = VP8, clock_ms: float = 4e12
) -> list[Sent]:
    """Everything one participant sends from 0 on: the frames, and a report of each source every second."""
    eyes, ears = Sender(payload_type, 90_000), Sender(OPUS, 48_000)
    made: list[Sent] = []
    for number, frame in enumerate(video):
        at_ms = number * FRAME_MS
        payloads = list(vp8_payloads(frame, number) if payload_type == VP8 else h264_payloads(frame))
        made += [Sent(at_ms, Kind.RTP, packet) for packet in eyes.packets(payloads, at_ms)]
    for number, sound in enumerate(audio):
        at_ms = number * SOUND_MS
        made += [Sent(at_ms, Kind.RTP, packet) for packet in ears.packets([sound], at_ms)]
    length_ms = max(len(video) * FRAME_MS, len(audio) * SOUND_MS)
    for at_ms in range(500, int(length_ms), 1000):
        for sender, there in ((eyes, video), (ears, audio)):
            if there:
                made.append(Sent(at_ms, Kind.SENDER_REPORT, sender.report(at_ms, clock_ms + at_ms)))
    return sorted(made, key=lambda each: each.at_ms)


def leg_began(number: int, participant: str, at_ms: int) -> bytes:
    return record(Kind.LEG, number, at_ms, LegBegan(participant, CODINGS).body())


def arrived(leg: int, made: list[Sent], delay_ms: float = 0.0) -> list[tuple[float, bytes]]:
    """The records of a leg's packets, each `delay_ms` after it was made."""
    return [(each.at_ms + delay_ms, record(each.kind, leg, round(each.at_ms + delay_ms), each.body)) for each in made]
