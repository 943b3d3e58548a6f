"""Frames out of RTP payloads: VP8 (RFC 7741), H.264 (RFC 6184), Opus (RFC 7587) and RED (RFC 2198). Pure.

What is given are the payloads of one source in the order of their sequence numbers, with gaps told. Nothing is decoded; a frame
is the very bytes that the sender's encoder made.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

START_CODE = b"\x00\x00\x00\x01"
MAX_FRAME_BYTES = 4 * 1024 * 1024
"""A frame that grows beyond this is given up: no camera makes one."""

_IDR, _SPS, _PPS, _STAP_A, _FU_A = 5, 7, 8, 24, 28
_KEPT_NALS = range(1, 24)


class MalformedPayload(Exception):
    """A payload that is not what its codec's payload format says."""


@dataclass(frozen=True, slots=True)
class Assembled:
    """One whole frame of one source. `width` and `height` are known for keyframes of VP8 alone."""

    timestamp: int
    data: bytes
    keyframe: bool
    width: int = 0
    height: int = 0


class Depacketiser(Protocol):
    """Takes payloads in order; gives frames as they become whole."""

    def take(self, timestamp: int, marker: bool, payload: memoryview) -> Iterator[Assembled]:
        """The next payload. Raises MalformedPayload; the frame it is of is then given up."""

    def gap(self) -> None:
        """Something before the next payload was lost."""


class _Video:
    """Frames of several packets: all of one timestamp, the last one marked."""

    def __init__(self) -> None:
        self._timestamp = -1
        self._parts: list[bytes] = []
        self._size = 0
        self._broken = True
        self._waits_for_keyframe = True

    def gap(self) -> None:
        self._broken = True
        # What follows refers to what was lost: the next keyframe is the next frame that can be shown as it was.
        self._waits_for_keyframe = True

    def take(self, timestamp: int, marker: bool, payload: memoryview) -> Iterator[Assembled]:
        if timestamp != self._timestamp:
            yield from self._whole()  # its last packet came without the marker
            self._timestamp = timestamp
        try:
            self._add(payload)
        except (MalformedPayload, IndexError):
            self.gap()
            raise MalformedPayload from None
        if self._size > MAX_FRAME_BYTES:
            self.gap()
            self._parts.clear()
            raise MalformedPayload
        if marker:
            yield from self._whole()

    def _whole(self) -> Iterator[Assembled]:
        parts, broken = self._parts, self._broken
        self._parts, self._size, self._broken = [], 0, False
        if not parts or broken:
            return
        frame = self._frame(b"".join(parts))
        if frame.keyframe:
            self._waits_for_keyframe = False
        if not self._waits_for_keyframe:
            yield frame

    def _keep(self, part: bytes) -> None:
        self._parts.append(part)
        self._size += len(part)

    def _add(self, payload: memoryview) -> None:
        raise NotImplementedError

    def _frame(self, data: bytes) -> Assembled:
        raise NotImplementedError


class Vp8(_Video):
    """RFC 7741: a payload descriptor, then a part of the frame."""

    def _add(self, payload: memoryview) -> None:
        first, position = payload[0], 1
        if first & 0x80:  # X: an octet that says which optional ones follow
            options, position = payload[1], 2
            if options & 0x80:  # I: PictureID, of two octets when M is set
                position += 2 if payload[position] & 0x80 else 1
            if options & 0x40:  # L: TL0PICIDX
                position += 1
            if options & 0x30:  # T or K: TID, Y and KEYIDX
                position += 1
        if position >= len(payload):
            raise MalformedPayload
        if first & 0x10 and not first & 0x07:  # S of partition 0: the beginning of a frame
            self._parts.clear()
            self._size = 0
            self._broken = False
        elif not self._parts:
            self._broken = True
        self._keep(bytes(payload[position:]))

    def _frame(self, data: bytes) -> Assembled:
        # RFC 6386 section 9.1: the lowest bit is 0 for a keyframe, whose start code and size follow.
        if data[0] & 1 or len(data) < 10 or data[3:6] != b"\x9d\x01\x2a":
            return Assembled(self._timestamp, data, keyframe=False)
        width = int.from_bytes(data[6:8], "little") & 0x3FFF
        height = int.from_bytes(data[8:10], "little") & 0x3FFF
        return Assembled(self._timestamp, data, keyframe=True, width=width, height=height)


class H264(_Video):
    """RFC 6184 in its non-interleaved mode: single NAL units, STAP-A and FU-A. Frames are in Annex B's form."""

    def __init__(self) -> None:
        super().__init__()
        self._fragment: bytearray | None = None

    def gap(self) -> None:
        super().gap()
        self._fragment = None

    def _add(self, payload: memoryview) -> None:
        kind = payload[0] & 0x1F
        if kind in _KEPT_NALS:
            self._keep_nal(bytes(payload))
        elif kind == _STAP_A:
            position = 1
            while position + 2 <= len(payload):
                size = int.from_bytes(payload[position : position + 2], "big")
                position += 2
                if not size or position + size > len(payload):
                    raise MalformedPayload
                self._keep_nal(bytes(payload[position : position + size]))
                position += size
        elif kind == _FU_A:
            header, begins, ends = payload[1], payload[1] & 0x80, payload[1] & 0x40
            if begins:
                self._fragment = bytearray([payload[0] & 0xE0 | header & 0x1F])
            elif self._fragment is None:
                self._broken = True
                return
            self._fragment += payload[2:]
            if len(self._fragment) > MAX_FRAME_BYTES:
                raise MalformedPayload
            if ends:
                self._keep_nal(bytes(self._fragment))
                self._fragment = None
        else:
            raise MalformedPayload

    def _keep_nal(self, nal: bytes) -> None:
        self._keep(START_CODE + nal)

    def _whole(self) -> Iterator[Assembled]:
        if self._fragment is not None:
            self._broken, self._fragment = True, None
        return super()._whole()

    def _frame(self, data: bytes) -> Assembled:
        return Assembled(self._timestamp, data, keyframe=any(kind == _IDR for kind in nal_types(data)))


class Opus:
    """RFC 7587: a payload is a frame. One of a single octet says that nothing is sent (DTX)."""

    def take(self, timestamp: int, marker: bool, payload: memoryview) -> Iterator[Assembled]:
        if payload:
            yield Assembled(timestamp, bytes(payload), keyframe=True)

    def gap(self) -> None:
        """Each frame stands by itself."""


class Red:
    """RFC 2198: the frame itself, and older ones that fill what was lost of them."""

    def __init__(self) -> None:
        self._last: int | None = None

    def gap(self) -> None:
        """Filled by what the next payload carries."""

    def take(self, timestamp: int, marker: bool, payload: memoryview) -> Iterator[Assembled]:
        for of, block in red_blocks(timestamp, payload):
            newer = self._last is None or 0 < (of - self._last) & 0xFFFFFFFF < 0x80000000
            # The first payload's older blocks are of a time before there was anything to fill.
            if block and newer and (of == timestamp or self._last is not None):
                self._last = of
                yield Assembled(of, bytes(block), keyframe=True)


def red_blocks(timestamp: int, payload: memoryview) -> list[tuple[int, memoryview]]:
    """Each block of a RED payload with its timestamp, the oldest first.

    Raises:
        MalformedPayload: the lengths do not fit.
    """
    headers: list[tuple[int, int]] = []
    position = 0
    while position < len(payload) and payload[position] & 0x80:
        if position + 4 > len(payload):
            raise MalformedPayload
        offset_length = int.from_bytes(payload[position + 1 : position + 4], "big")
        headers.append(((timestamp - (offset_length >> 10)) & 0xFFFFFFFF, offset_length & 0x3FF))
        position += 4
    if position >= len(payload):
        raise MalformedPayload
    position += 1
    blocks = []
    for of, length in headers:
        if position + length > len(payload):
            raise MalformedPayload
        blocks.append((of, payload[position : position + length]))
        position += length
    blocks.append((timestamp, payload[position:]))
    return blocks


def nal_types(annex_b: bytes) -> Iterator[int]:
    """The type of each NAL unit of a frame that was put together here."""
    position = annex_b.find(START_CODE)
    while position >= 0 and position + 4 < len(annex_b):
        yield annex_b[position + 4] & 0x1F
        position = annex_b.find(START_CODE, position + 4)


def opus_duration_ms(packet: bytes) -> float:
    """How long an Opus packet plays (RFC 6716 section 3.1); 0 for one that cannot be read."""
    if not packet:
        return 0.0
    configuration, code = packet[0] >> 3, packet[0] & 3
    if configuration < 12:
        frame_ms = (10.0, 20.0, 40.0, 60.0)[configuration & 3]
    elif configuration < 16:
        frame_ms = (10.0, 20.0)[configuration & 1]
    else:
        frame_ms = (2.5, 5.0, 10.0, 20.0)[configuration & 3]
    if code == 3:
        return frame_ms * (packet[1] & 0x3F) if len(packet) > 1 else 0.0
    return frame_ms * (1 if code == 0 else 2)


DEPACKETISERS: dict[str, type[Depacketiser]] = {"vp8": Vp8, "h264": H264, "opus": Opus, "red": Red}
"""By encoding name, in lower case."""
