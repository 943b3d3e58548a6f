"""What the node hands to the recorder, and what stands in a recording's chunks: records, one after the other. Pure.

    kind (1 byte) | leg (2) | size of the body (2) | milliseconds since the recording began (4) | body

in network byte order. The recorder writes them as they come, so a recording is what went through the node, packet by packet.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from struct import Struct
from typing import Any, NamedTuple

HEAD = Struct("!BHHI")
SENDER_REPORT = Struct("!IQI")
"""SSRC, NTP timestamp and RTP timestamp, as they stand in the report (RFC 3550 section 6.4.1)."""

MAX_BODY_BYTES = 0xFFFF


class Kind(IntEnum):
    """What a record's body is."""

    RTP = 1
    """A packet, decrypted, with its whole header."""
    SENDER_REPORT = 2
    LEG = 3
    """JSON: a participant's leg begins (`LegBegan`); everything of that leg's number comes after it."""
    GONE = 4
    """JSON: a participant is not connected any longer."""
    DROPPED = 5
    """JSON: packets that the node did not hand over, since the recorder did not keep up."""
    END = 6
    """Empty: the recording was stopped in order. Nothing comes after it."""


class Record(NamedTuple):
    """One of a recording's, and what is in it."""

    kind: int
    leg: int
    at_ms: int
    body: memoryview

    def json(self) -> Any:
        """The body of a record that is JSON. Raises ValueError when it is not."""
        return json.loads(bytes(self.body))

    def field(self, name: str) -> Any:
        """One field of such a body. Raises ValueError when there is none."""
        content = self.json()
        if not isinstance(content, dict) or not isinstance(content.get(name), str | int):
            raise ValueError(f"a record has no {name}")
        return content[name]


@dataclass(frozen=True, slots=True)
class Coding:
    """How one payload type of a leg is to be read.

    `codec` is the encoding name in lower case (`vp8`, `h264`, `opus`, `red`, `rtx`); `of` is the payload type that is
    retransmitted (RFC 4588) or carried with redundancy (RFC 2198), and None for the codecs themselves.
    """

    track: str
    codec: str
    clock_rate_hz: int
    of: int | None = None


@dataclass(frozen=True, slots=True)
class LegBegan:
    """Who sends on a leg, and what its payload types mean.

    `sources` are the SSRCs that the offer announced, with their tracks; one that is not among them is of its payload type's.
    """

    participant: str
    codings: Mapping[int, Coding]
    sources: Mapping[int, str] = field(default_factory=dict)

    def track(self, ssrc: int, coding: Coding) -> str:
        """Which track the packets of a source are of."""
        return self.sources.get(ssrc, coding.track)

    def codec(self, coding: Coding) -> str:
        """What is in the packets at last: of redundant audio, what it repeats."""
        of = self.codings.get(coding.of) if coding.of is not None else None
        return coding.codec if of is None else of.codec

    def body(self) -> bytes:
        codings = {str(number): [c.track, c.codec, c.clock_rate_hz, c.of] for number, c in self.codings.items()}
        content = {"participant": self.participant, "codings": codings, "sources": self.sources}
        return json.dumps(content, separators=(",", ":")).encode()

    @classmethod
    def read(cls, record: Record) -> LegBegan:
        """Raises ValueError when the record does not hold one."""
        try:
            found = record.json()
            codings = {int(number): Coding(*coding) for number, coding in found["codings"].items()}
            sources = {int(ssrc): str(track) for ssrc, track in found["sources"].items()}
            return cls(str(found["participant"]), codings, sources)
        except (KeyError, TypeError, AttributeError) as error:
            raise ValueError("a leg's record cannot be read") from error


@dataclass(frozen=True, slots=True)
class Begin:
    """The node's first line on a recording's socket. `key` is the data key, in base64."""

    recording_id: str
    key: str

    def line(self) -> bytes:
        return json.dumps({"recording_id": self.recording_id, "key": self.key}).encode() + b"\n"

    @classmethod
    def read(cls, line: bytes) -> Begin:
        """Raises ValueError when the line is none."""
        try:
            return cls(**json.loads(line))
        except TypeError as error:
            raise ValueError("that is not how a recording begins") from error


def record(kind: Kind, leg: int, at_ms: int, body: bytes = b"") -> bytes:
    """One record. Raises ValueError when the body is too long."""
    if len(body) > MAX_BODY_BYTES:
        raise ValueError(f"a record holds at most {MAX_BODY_BYTES} bytes")
    return HEAD.pack(kind, leg, len(body), at_ms) + body


def records(data: bytes | bytearray | memoryview) -> Iterator[Record]:
    """The whole records in `data`; what is left over at its end is not one, and is left."""
    view, position, end = memoryview(data), 0, len(data)
    while position + HEAD.size <= end:
        kind, leg, size, at_ms = HEAD.unpack_from(view, position)
        begin = position + HEAD.size
        position = begin + size
        if position > end:
            return
        yield Record(kind, leg, at_ms, view[begin:position])
