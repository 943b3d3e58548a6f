"""Counts what came of each track and what was lost on the way, as records pass by. Pure; fed with the records' own times.

A packet counts as lost once it has not come within `REORDER_MS` of being missed, by itself or as a retransmission (RFC 4588).
"""

from __future__ import annotations

from struct import Struct

from media.rtp import payload_offset

from .manifest import MAX_LOSSES, Loss, Manifest, Presence, TrackCount
from .records import HEAD, Kind, LegBegan, Record

REORDER_MS = 1000
"""How long a missing packet is waited for: longer than a repair takes on a path that a call is possible on."""

MAX_GAP = 2000
"""A longer jump of sequence numbers is a source that began anew, not a loss (RFC 3550 appendix A.1 has 3,000)."""

_PACKET = Struct("!BHHIBBHII")
"""A record's head and its packet's, read at once."""

VIDEO = frozenset({"vp8", "h264", "vp9", "av1"})


class _Stream:
    __slots__ = ("codec", "count", "expected", "leg", "missing", "payload_type")

    def __init__(self, leg: int, payload_type: int, codec: str, count: TrackCount, sequence: int) -> None:
        self.leg = leg
        self.payload_type = payload_type
        self.codec = codec
        self.count = count
        self.expected = sequence
        self.missing: dict[int, int] = {}
        """When each missing sequence number was missed."""


class Accounts:
    """What a recording's manifest says of packets and people."""

    def __init__(self) -> None:
        self.participants: list[Presence] = []
        self.tracks: list[TrackCount] = []
        self.losses: list[Loss] = []
        self.dropped = 0
        self.packets = 0
        self.last_ms = 0
        self.ended = False
        self._legs: dict[int, LegBegan] = {}
        self._streams: dict[int, _Stream | None] = {}
        self._incomplete: set[_Stream] = set()

    def take(self, data: bytes | bytearray | memoryview, end: int) -> int:
        """Count the whole records in the first `end` bytes; returns how many bytes they are.

        Raises:
            ValueError: a record cannot be read.
        """
        position, at_ms, unpack, streams = 0, self.last_ms, _PACKET.unpack_from, self._streams
        while position + HEAD.size <= end:
            if data[position] != Kind.RTP:
                kind, leg, size, at_ms = HEAD.unpack_from(data, position)
                after = position + HEAD.size + size
                if after > end:
                    break
                self._other(Record(kind, leg, at_ms, memoryview(data)[position + HEAD.size : after]))
                position = after
                continue
            if position + _PACKET.size > end:
                break
            _, leg, size, at_ms, _, second, sequence, _, ssrc = unpack(data, position)
            after = position + HEAD.size + size
            if after > end:
                break
            key = leg << 32 | ssrc
            stream = streams.get(key)
            if stream is None:
                stream = self._stream(key, leg, second & 0x7F, sequence)
            if stream is not None:
                stream.count.packets += 1
                if sequence == stream.expected:
                    stream.expected = (sequence + 1) & 0xFFFF
                else:
                    self._out_of_order(stream, sequence, at_ms)
            else:
                self._retransmission(leg, second & 0x7F, memoryview(data)[position + HEAD.size : after])
            self.packets += 1
            position = after
        self.last_ms = at_ms
        return position

    def overdue(self, now_ms: int) -> set[int]:
        """Give up what has been missing for too long; the legs whose picture is broken by it."""
        broken = set()
        for stream in list(self._incomplete):
            gone = [sequence for sequence, at_ms in stream.missing.items() if now_ms - at_ms >= REORDER_MS]
            if gone:
                self._lose(stream, gone)
                if stream.codec in VIDEO:
                    broken.add(stream.leg)
            if not stream.missing:
                self._incomplete.discard(stream)
        return broken

    def finish(self) -> None:
        """Nothing more will come: what is missing is lost, and everybody has left."""
        for stream in self._incomplete:
            self._lose(stream, list(stream.missing))
        self._incomplete.clear()
        for presence in self.participants:
            if presence.left_ms is None:
                presence.left_ms = self.last_ms

    def tell(self, manifest: Manifest) -> None:
        """Put it into a manifest."""
        manifest.duration_ms = self.last_ms
        manifest.dropped_packets = self.dropped
        manifest.participants, manifest.tracks, manifest.losses = self.participants, self.tracks, self.losses

    def _stream(self, key: int, leg: int, payload_type: int, sequence: int) -> _Stream | None:
        """A stream that is new here; None for one of retransmissions, or that nobody announced."""
        began = self._legs.get(leg)
        coding = began.codings.get(payload_type) if began is not None else None
        if began is None or coding is None or coding.codec == "rtx":
            return None
        codec, track = began.codec(coding), began.track(key & 0xFFFFFFFF, coding)
        of = began.participant, track, codec
        count = next((each for each in self.tracks if (each.participant, each.track, each.codec) == of), None)
        if count is None:
            count = TrackCount(*of)
            self.tracks.append(count)
        stream = self._streams[key] = _Stream(leg, payload_type, codec, count, sequence)
        return stream

    def _out_of_order(self, stream: _Stream, sequence: int, at_ms: int) -> None:
        ahead = (sequence - stream.expected) & 0xFFFF
        if ahead >= 0x8000:
            stream.missing.pop(sequence, None)
            return
        if ahead <= MAX_GAP:
            for number in range(stream.expected, stream.expected + ahead):
                stream.missing[number & 0xFFFF] = at_ms
            self._incomplete.add(stream)
        stream.expected = (sequence + 1) & 0xFFFF

    def _retransmission(self, leg: int, payload_type: int, packet: memoryview) -> None:
        began = self._legs.get(leg)
        coding = began.codings.get(payload_type) if began is not None else None
        offset = payload_offset(packet)
        if coding is None or coding.codec != "rtx" or offset is None or len(packet) < offset + 2:
            return
        original = int.from_bytes(packet[offset : offset + 2], "big")
        for stream in self._incomplete:
            if stream.leg == leg and stream.missing.pop(original, None) is not None:
                return

    def _lose(self, stream: _Stream, sequences: list[int]) -> None:
        stream.count.lost += len(sequences)
        for sequence in sequences:
            at_ms = stream.missing.pop(sequence)
            last = self.losses[-1] if self.losses else None
            of = stream.count.participant, stream.count.track
            if last is not None and (last.participant, last.track, last.at_ms) == (*of, at_ms):
                last.packets += 1
            elif len(self.losses) < MAX_LOSSES:
                self.losses.append(Loss(*of, at_ms, 1))

    def _other(self, record: Record) -> None:
        if record.kind == Kind.LEG:
            began = self._legs[record.leg] = LegBegan.read(record)
            self._leave(began.participant, record.at_ms)
            self.participants.append(Presence(began.participant, record.at_ms))
            for key in [key for key in self._streams if key >> 32 == record.leg]:
                del self._streams[key]
        elif record.kind == Kind.GONE:
            self._leave(str(record.field("participant")), record.at_ms)
        elif record.kind == Kind.DROPPED:
            self.dropped += int(record.field("packets"))
        elif record.kind == Kind.END:
            self.ended = True

    def _leave(self, participant: str, at_ms: int) -> None:
        for presence in self.participants:
            if presence.participant == participant and presence.left_ms is None:
                presence.left_ms = at_ms
