"""Senders as a recording has them: pictures and sound encoded once by PyAV, and packetised as browsers do."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
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
VP8, VP9, AV1, H264, OPUS, RTX, RED = 96, 98, 45, 102, 111, 97, 63
CODINGS = {
    OPUS: Coding("audio", "opus", 48_000),
    RED: Coding("audio", "red", 48_000, OPUS),
    VP8: Coding("video", "vp8", 90_000),
    VP9: Coding("video", "vp9", 90_000),
    AV1: Coding("video", "av1", 90_000),
    H264: Coding("video", "h264", 90_000),
    RTX: Coding("video", "rtx", 90_000, VP8),
}


_REALTIME = {"deadline": "realtime", "cpu-used": "8", "lag-in-frames": "0"}
ENCODERS = {
    "vp8": ("libvpx", _REALTIME),
    "vp9": ("libvpx-vp9", _REALTIME),
    # No frame before its time, and none that is shown by another: as a browser sends them.
    "av1": ("libsvtav1", {"preset": "12", "svtav1-params": "pred-struct=1:rc=2:rtc=1:lp=1"}),
    "h264": ("libx264", {"preset": "ultrafast", "tune": "zerolatency", "profile": "baseline"}),
}


@lru_cache
def pictures(codec: str, seconds: int, width: int = 320, height: int = 240, keyframes: int = 30) -> tuple[bytes, ...]:
    """Encoded frames, thirty a second, a keyframe every `keyframes`."""
    name, options = ENCODERS[codec]
    context: Any = av.CodecContext.create(name, "w")
    context.width, context.height, context.pix_fmt = width, height, "yuv420p"
    context.time_base, context.framerate, context.gop_size = Fraction(1, 30), 30, keyframes
    context.bit_rate = 600_000
    context.options = dict(options)
    made: list[bytes] = []
    for number in range(30 * seconds):
        frame = VideoFrame(width, height, "yuv420p")
        for i, plane in enumerate(frame.planes):
            rows = bytes((number * 7 + i * 40 + x) % 220 + 16 for x in range(plane.line_size))
            plane.update(rows * (plane.buffer_size // plane.line_size))
        frame.pts = number
        made += [bytes(packet) for packet in context.encode(frame)]
    made += [bytes(packet) for packet in context.encode(None)]
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


def vp9_payloads(frame: bytes, picture_id: int) -> Iterator[bytes]:
    """RFC 9628, in the flexible mode with its references, as Chrome sends it; the structure stands before keyframes."""
    inter = frame[0] & 4
    for begin in range(0, len(frame), PACKET_BYTES):
        starts, ends = begin == 0, begin + PACKET_BYTES >= len(frame)
        first = 0x80 | (0x40 if inter else 0) | 0x20 | 0x10 | (8 if starts else 0) | (4 if ends else 0)
        structure = b"" if inter or not starts else b"\x18\x01\x40\x00\xf0\x01\x04\x01"
        head = bytes([first | (2 if structure else 0)]) + pack("!H", 0x8000 | picture_id & 0x7FFF) + b"\0"
        yield head + (b"\x02" if inter else b"") + structure + frame[begin : begin + PACKET_BYTES]


def av1_obus(frame: bytes) -> list[bytes]:
    """A frame's OBUs as they stand, the temporal delimiter left out."""
    obus, position = [], 0
    while position < len(frame):
        begin, position, size, shift = position, position + 1 + (frame[position] >> 2 & 1), 0, 0
        while True:
            octet, position = frame[position], position + 1
            size, shift = size | (octet & 0x7F) << shift, shift + 7
            if not octet & 0x80:
                break
        position += size
        if frame[begin] >> 3 & 15 != 2:
            obus.append(frame[begin:position])
    return obus


def av1_payloads(frame: bytes, number: int) -> Iterator[bytes]:
    """AOM's payload format: OBUs without their sizes, the last of a packet going on in the next."""
    obus = []
    for obu in av1_obus(frame):
        at = 1 + (obu[0] >> 2 & 1)
        end = next(i for i in range(at, len(obu)) if not obu[i] & 0x80) + 1
        obus.append(bytes([obu[0] & ~2]) + obu[1:at] + obu[end:])
    begins_sequence = 0x08 if any(obu[0] >> 3 & 15 == 1 for obu in obus) else 0
    for place, obu in enumerate(obus):
        for begin in range(0, len(obu), PACKET_BYTES):
            goes_on = 0x40 if begin + PACKET_BYTES < len(obu) else 0
            first = begins_sequence if place == 0 and begin == 0 else 0
            part = obu[begin : begin + PACKET_BYTES]
            # With their number, and with their lengths: a sender may do either.
            if place % 2:
                yield bytes([(0x80 if begin else 0) | goes_on | 0x10 | first]) + part
            else:
                length = bytes([len(part) & 0x7F | 0x80, len(part) >> 7]) if len(part) > 0x7F else bytes([len(part)])
                yield bytes([(0x80 if begin else 0) | goes_on | first]) + length + part


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


PAYLOADS: dict[int, Callable[[bytes, int], Iterator[bytes]]] = {
    VP8: vp8_payloads,
    VP9: vp9_payloads,
    AV1: av1_payloads,
    H264: lambda frame, number: h264_payloads(frame),
}


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
        payloads = list(PAYLOADS[payload_type](frame, number))
        made += [Sent(at_ms, Kind.RTP, packet) for packet in eyes.packets(payloads, at_ms)]
    for number, sound in enumerate(audio):
        at_ms = number * SOUND_MS
        made += [Sent(at_ms + SOUND_MS, Kind.RTP, packet) for packet in ears.packets([sound], at_ms)]
    length_ms = max(len(video) * FRAME_MS, len(audio) * SOUND_MS)
    for at_ms in range(500, int(length_ms), 1000):
        # What libwebrtc is about to send, at whichever time it reports: a picture of now, and sound that began a packet before.
        for sender, there, before_ms in ((eyes, video, 0), (ears, audio, SOUND_MS)):
            if there:
                made.append(Sent(at_ms, Kind.SENDER_REPORT, sender.report(at_ms - before_ms, clock_ms + at_ms)))
    return sorted(made, key=lambda each: each.at_ms)


def leg_began(number: int, participant: str, at_ms: int) -> bytes:
    return record(Kind.LEG, number, at_ms, LegBegan(participant, CODINGS).body())


def arrived(leg: int, made: list[Sent], delay_ms: float = 0.0) -> list[tuple[float, bytes]]:
    """The records of a leg's packets, each `delay_ms` after it was made."""
    return [(each.at_ms + delay_ms, record(each.kind, leg, round(each.at_ms + delay_ms), each.body)) for each in made]
