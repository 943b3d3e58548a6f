"""Frames of every participant's tracks out of a recording's records, in order and on one clock. Pure.

A recording is gone through twice: `Survey` finds the tracks and the clock, `Frames` gives the frames. The recorder of a call
that goes on could know neither for certain; afterwards both are.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

from media.rtp import HEADER, payload_offset

from .depacketise import DEPACKETISERS, Assembled, Depacketiser, MalformedPayload
from .losses import VIDEO
from .records import Coding, Kind, LegBegan, Record
from .reorder import Reorder
from .timeline import Key, Timeline

MOST_BACK_MS = 500.0
"""Timestamps of newer packets that go back by more have begun anew."""

MOST_APART_MS = 10_000.0
"""So have those that the time between two packets does not explain, even when what lay between was held up."""

PAUSE_MS = 100.0
"""And those that stood still for longer than this between two packets in a row: a source of sound that was off the line, or whose
machine was too busy to listen, whose timestamps count what it sent and not the time. Where the path was what held a packet up,
beginning anew does no harm."""


@dataclass(frozen=True, slots=True)
class TrackName:
    """What one participant sends in one place (`audio`, `video`, a shared screen) by one codec."""

    participant: str
    track: str
    codec: str

    @property
    def is_video(self) -> bool:
        return self.codec in VIDEO


@dataclass(frozen=True, slots=True)
class Frame:
    """One frame of a track. `at_ms` is when it was taken, since the recording began."""

    name: TrackName
    at_ms: float
    data: bytes
    keyframe: bool
    width: int = 0
    height: int = 0


class _Packet(NamedTuple):
    payload_type: int
    marker: bool
    timestamp: int
    payload: memoryview


class _Source:
    """One SSRC of one leg: its packets in order, and what makes frames of them."""

    def __init__(self, key: Key, name: TrackName, codings: dict[int, Coding]) -> None:
        self.key = key
        self.name = name
        self.reorder: Reorder[_Packet] = Reorder()
        self._codings = codings
        self._depacketisers: dict[int, Depacketiser] = {}
        self._newest: tuple[int, int, int] | None = None

    def again(self) -> _Source:
        """The same source once its timestamps have begun anew, with what it was at."""
        leg, ssrc, times = self.key
        new = _Source((leg, ssrc, times + 1), self.name, self._codings)
        new.reorder, new._depacketisers = self.reorder, self._depacketisers
        return new

    def jumps(self, sequence: int, timestamp: int, at_ms: int, coding: Coding) -> bool:
        """Whether a packet's timestamp has nothing to do with those before it. Asked for each packet as it comes."""
        before, jumped = self._newest, False
        if before is not None:
            if (sequence - before[0]) & 0xFFFF >= 0x8000:
                return False  # an older one
            step = (timestamp - before[1]) & 0xFFFFFFFF
            step_ms = (step - (1 << 32 if step & 0x80000000 else 0)) * 1000 / coding.clock_rate_hz
            waited_ms = at_ms - before[2]
            in_a_row = coding.track == "audio" and (sequence - before[0]) & 0xFFFF == 1
            jumped = (
                step_ms < -MOST_BACK_MS
                or abs(step_ms - waited_ms) > MOST_APART_MS
                or (in_a_row and waited_ms - step_ms > PAUSE_MS)
            )
        self._newest = sequence, timestamp, at_ms
        return jumped

    def take(self, sequence: int, at_ms: int, packet: _Packet) -> Iterator[Assembled]:
        yield from self._assembled(self.reorder.take(sequence, at_ms, packet))

    def flush(self) -> Iterator[Assembled]:
        yield from self._assembled(self.reorder.flush())

    def _assembled(self, packets: Iterable[tuple[bool, _Packet]]) -> Iterator[Assembled]:
        for lost, packet in packets:
            depacketiser = self._depacketisers.get(packet.payload_type)
            if depacketiser is None:
                coding = self._codings.get(packet.payload_type)
                made = DEPACKETISERS.get(coding.codec) if coding is not None else None
                if made is None:
                    continue
                depacketiser = self._depacketisers[packet.payload_type] = made()
            if lost:
                for each in self._depacketisers.values():
                    each.gap()
            if not len(packet.payload):
                continue  # padding, sent to probe the path
            try:
                yield from depacketiser.take(packet.timestamp, packet.marker, packet.payload)
            except MalformedPayload:
                continue


class _Reader:
    """Goes through the records, and hands each source its packets."""

    def __init__(self) -> None:
        self._legs: dict[int, LegBegan] = {}
        self._sources: dict[tuple[int, int], _Source] = {}

    def take(self, record: Record) -> Iterator[tuple[_Source, Assembled]]:
        """What a record completes. One that cannot be read is passed over."""
        if record.kind == Kind.LEG:
            yield from self._leg_began(record)
        elif record.kind == Kind.RTP:
            yield from self._packet(record)

    def flush(self) -> Iterator[tuple[_Source, Assembled]]:
        """What is left at the end."""
        for source in self._sources.values():
            for assembled in source.flush():
                yield source, assembled

    def arrived(self, source: _Source, coding: Coding, timestamp: int, at_ms: int) -> None:
        """A packet of a source came, in whichever order."""

    def _leg_began(self, record: Record) -> Iterator[tuple[_Source, Assembled]]:
        try:
            began = LegBegan.read(record)
        except ValueError:
            return
        # The participant's legs before this one have ended: what waits there comes before what this one brings.
        for key, source in list(self._sources.items()):
            if source.name.participant == began.participant or source.key[0] == record.leg:
                for assembled in source.flush():
                    yield source, assembled
                if source.key[0] == record.leg:
                    del self._sources[key]
        self._legs[record.leg] = began

    def _packet(self, record: Record) -> Iterator[tuple[_Source, Assembled]]:
        began, packet = self._legs.get(record.leg), record.body
        offset = payload_offset(packet) if len(packet) >= HEADER.size else None
        if began is None or offset is None:
            return
        first, second, sequence, timestamp, ssrc = HEADER.unpack_from(packet)
        end = len(packet) - (packet[-1] if first & 0x20 else 0)
        payload_type, marker = second & 0x7F, bool(second & 0x80)
        coding = began.codings.get(payload_type)
        if coding is None or end < offset:
            return
        if coding.codec == "rtx":
            if coding.of is None or end - offset < 2:
                return
            sequence = int.from_bytes(packet[offset : offset + 2], "big")
            payload_type, offset = coding.of, offset + 2
            source = self._missing(record.leg, began.track(ssrc, coding), sequence)
            if source is None:
                return
        else:
            source = self._sources.get((record.leg, ssrc)) or self._new_source(record.leg, ssrc, began, coding)
            if source.jumps(sequence, timestamp, record.at_ms, coding):
                for assembled in source.flush():
                    yield source, assembled
                source = self._sources[record.leg, ssrc] = source.again()
                source.jumps(sequence, timestamp, record.at_ms, coding)
            self.arrived(source, coding, timestamp, record.at_ms)
        found = _Packet(payload_type, marker, timestamp, packet[offset:end])
        for assembled in source.take(sequence, record.at_ms, found):
            yield source, assembled

    def _new_source(self, leg: int, ssrc: int, began: LegBegan, coding: Coding) -> _Source:
        name = TrackName(began.participant, began.track(ssrc, coding), began.codec(coding))
        source = self._sources[leg, ssrc] = _Source((leg, ssrc, 0), name, dict(began.codings))
        return source

    def _missing(self, leg: int, track: str, sequence: int) -> _Source | None:
        """Which source of the leg waits for a packet that was sent again."""
        for source in self._sources.values():
            if source.key[0] == leg and source.name.track == track and source.reorder.wants(sequence):
                return source
        return None


@dataclass(frozen=True, slots=True)
class Found:
    """A track that there are frames of; `first` is the first of them, a keyframe, and was taken at `began_ms`."""

    name: TrackName
    frames: int
    first: Assembled
    began_ms: float


class Survey(_Reader):
    """The first time through: which tracks there are, and what the clocks say."""

    def __init__(self) -> None:
        super().__init__()
        self.timeline = Timeline()
        self._firsts: dict[TrackName, tuple[_Source, Assembled]] = {}
        self._counts: Counter[TrackName] = Counter()

    def arrived(self, source: _Source, coding: Coding, timestamp: int, at_ms: int) -> None:
        self.timeline.packet(source.key, coding, timestamp, at_ms)

    def look(self, record: Record) -> None:
        if record.kind == Kind.SENDER_REPORT:
            self.timeline.report(record)
        self._count(self.take(record))

    def tracks(self) -> list[Found]:
        """Every track with frames, in a settled order. Call it once all records were looked at."""
        self._count(self.flush())
        order = sorted(self._firsts, key=lambda name: (name.participant, name.track, name.codec))
        return [Found(name, self._counts[name], *self._first(name)) for name in order]

    def _first(self, name: TrackName) -> tuple[Assembled, float]:
        source, frame = self._firsts[name]
        return frame, max(self.timeline.at_ms(source.key, frame.timestamp), 0.0)

    def _count(self, assembled: Iterator[tuple[_Source, Assembled]]) -> None:
        for source, frame in assembled:
            self._counts[source.name] += 1
            self._firsts.setdefault(source.name, (source, frame))


class Frames:
    """The second time through: every frame, each track's in order and never back in time."""

    def __init__(self, timeline: Timeline) -> None:
        self._timeline = timeline
        self._reader = _Reader()
        self._last_ms: dict[TrackName, float] = {}

    def of(self, record: Record) -> Iterator[Frame]:
        return self._placed(self._reader.take(record))

    def rest(self) -> Iterator[Frame]:
        return self._placed(self._reader.flush())

    def _placed(self, assembled: Iterator[tuple[_Source, Assembled]]) -> Iterator[Frame]:
        for source, frame in assembled:
            at_ms = max(self._timeline.at_ms(source.key, frame.timestamp), 0.0)
            last_ms = self._last_ms.get(source.name)
            if last_ms is not None and at_ms < last_ms + 1:
                at_ms = last_ms + 1
            self._last_ms[source.name] = at_ms
            yield Frame(source.name, at_ms, frame.data, frame.keyframe, frame.width, frame.height)
