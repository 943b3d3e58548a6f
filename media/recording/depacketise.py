"""Frames out of RTP payloads: VP8 (RFC 7741), VP9 (RFC 9628), AV1 (AOM's format), H.264 (RFC 6184), Opus and RED. Pure.

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
_SEQUENCE_HEADER, _TEMPORAL_DELIMITER, _FRAME_HEADER, _FRAME = 1, 2, 3, 6


class MalformedPayload(Exception):
    """A payload that is not what its codec's payload format says."""


@dataclass(frozen=True, slots=True)
class Assembled:
    """One whole frame of one source. `width` and `height` are known for keyframes of VP8 and VP9 alone."""

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

    def _keep_part(self, part: memoryview, *, begins: bool) -> None:
        """Of a codec that says where a frame begins: what came before that is left, and nothing stands without it."""
        if begins:
            self._parts.clear()
            self._size = 0
            self._broken = False
        elif not self._parts:
            self._broken = True
        self._keep(bytes(part))

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
        # S of partition 0: the beginning of a frame.
        self._keep_part(payload[position:], begins=bool(first & 0x10 and not first & 0x07))

    def _frame(self, data: bytes) -> Assembled:
        # RFC 6386 section 9.1: the lowest bit is 0 for a keyframe, whose start code and size follow.
        if data[0] & 1 or len(data) < 10 or data[3:6] != b"\x9d\x01\x2a":
            return Assembled(self._timestamp, data, keyframe=False)
        width = int.from_bytes(data[6:8], "little") & 0x3FFF
        height = int.from_bytes(data[8:10], "little") & 0x3FFF
        return Assembled(self._timestamp, data, keyframe=True, width=width, height=height)


class Vp9(_Video):
    """RFC 9628: a payload descriptor, then a part of the frame. Of several spatial layers the lowest, which needs no other."""

    def _add(self, payload: memoryview) -> None:
        first, position = payload[0], 1
        if first & 0x80:  # I: PictureID, of two octets when M is set
            position += 2 if payload[position] & 0x80 else 1
        if first & 0x20:  # L: TID, U, SID and D; TL0PICIDX outside of the flexible mode
            if payload[position] & 0x0E:
                return
            position += 1 if first & 0x10 else 2
        # F and P: the pictures that this one refers to, each of which says whether there is one more.
        if first & 0x50 == 0x50:
            while payload[position] & 1:
                position += 1
            position += 1
        if first & 0x02:  # V: the scalability structure
            position += _structure_bytes(payload[position:])
        if position >= len(payload):
            raise MalformedPayload
        self._keep_part(payload[position:], begins=bool(first & 0x08))  # B: the beginning of a frame

    def _frame(self, data: bytes) -> Assembled:
        # VP9's uncompressed header, profile 0: marker 2, profile, show_existing_frame 0, frame_type 0; the sync code; the size.
        if data[0] & 0xFC != 0x80 or len(data) < 9 or data[1:4] != b"\x49\x83\x42":
            return Assembled(self._timestamp, data, keyframe=False)
        size = int.from_bytes(data[4:9], "big") >> 4
        return Assembled(
            self._timestamp, data, keyframe=True, width=(size >> 16 & 0xFFFF) + 1, height=(size & 0xFFFF) + 1
        )


def _structure_bytes(structure: memoryview) -> int:
    """How long VP9's scalability structure is (RFC 9628 section 4.2.1)."""
    size = 1 + (4 * ((structure[0] >> 5) + 1) if structure[0] & 0x10 else 0)
    if structure[0] & 0x08:
        pictures, size = structure[size], size + 1
        for _ in range(pictures):
            size += 1 + (structure[size] >> 2 & 3)
    return size


class Av1(_Video):
    """AOM's RTP payload format for AV1: OBUs, whole and in parts. In a frame each has its size, and there is no delimiter."""

    def __init__(self) -> None:
        super().__init__()
        self._fragment: bytearray | None = None
        self._key = [False, False]
        """Whether the frame has a sequence header, and begins a sequence."""

    def gap(self) -> None:
        super().gap()
        self._fragment = None

    def _add(self, payload: memoryview) -> None:
        continues, goes_on, count = payload[0] & 0x80, payload[0] & 0x40, payload[0] >> 4 & 3
        elements: list[memoryview] = []
        position = 1
        while position < len(payload):
            if count and len(elements) + 1 == count:
                size = len(payload) - position
            else:
                size, position = _leb128(payload, position)
            if not size or position + size > len(payload):
                raise MalformedPayload
            elements.append(payload[position : position + size])
            position += size
        if not elements or (count and len(elements) != count):
            raise MalformedPayload
        for place, element in enumerate(elements):
            if place or not continues:
                if self._fragment is not None:
                    raise MalformedPayload  # what it was to go on with never came
                self._fragment = bytearray()
            elif self._fragment is None:
                self._broken = True
                continue
            self._fragment += element
            if len(self._fragment) > MAX_FRAME_BYTES:
                raise MalformedPayload
            if not goes_on or place + 1 < len(elements):
                obu, self._fragment = self._fragment, None
                self._keep_obu(memoryview(obu))

    def _keep_obu(self, obu: memoryview) -> None:
        kind, position = obu[0] >> 3 & 15, 2 if obu[0] & 4 else 1
        head = bytes([obu[0] | 2]) + bytes(obu[1:position])
        body = obu[position:]
        if obu[0] & 2:
            size, begins = _leb128(obu, position)
            body = obu[begins : begins + size]
            if len(body) != size:
                raise MalformedPayload
        if kind == _TEMPORAL_DELIMITER:
            return
        if kind == _SEQUENCE_HEADER:
            self._key[0] = True
        elif kind in (_FRAME, _FRAME_HEADER) and body[0] & 0xE0 == 0:  # show_existing_frame 0, frame_type KEY_FRAME
            self._key[1] = True
        self._keep(head + _as_leb128(len(body)) + bytes(body))

    def _whole(self) -> Iterator[Assembled]:
        if self._fragment is not None:
            self._broken, self._fragment = True, None
        yield from super()._whole()
        self._key = [False, False]

    def _frame(self, data: bytes) -> Assembled:
        return Assembled(self._timestamp, data, keyframe=all(self._key))


def _leb128(data: memoryview, position: int) -> tuple[int, int]:
    """A number of up to eight groups of seven bits, the least first, and where it ends."""
    value = 0
    for place in range(8):
        octet = data[position + place]
        value |= (octet & 0x7F) << 7 * place
        if not octet & 0x80:
            return value, position + place + 1
    raise MalformedPayload


def _as_leb128(value: int) -> bytes:
    octets = bytearray()
    while value > 0x7F:
        octets.append(value & 0x7F | 0x80)
        value >>= 7
    octets.append(value)
    return bytes(octets)


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


DEPACKETISERS: dict[str, type[Depacketiser]] = {
    "vp8": Vp8,
    "vp9": Vp9,
    "av1": Av1,
    "h264": H264,
    "opus": Opus,
    "red": Red,
}
"""By encoding name, in lower case."""
