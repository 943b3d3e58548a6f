"""One clock for everything in a recording: RTP timestamps mapped to milliseconds since it began, by the sender reports. Pure.

A participant's sources share a clock, which sender reports tell their timestamps of (RFC 3550 section 6.4.1): so sound and
picture stand to each other as they were taken. When that clock's time was here is told by when the reports came, the quickest of
them over a while, since what delays a report only ever makes it late. A source without reports is placed by its packets' arrival.

A packet's timestamp is of its first sample, but sound is sent once the packet is full, and libwebrtc, which has no capture time
of sound, has its reports count from then too. So sound is put earlier than both say, by a packet's length.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from dataclasses import dataclass
from statistics import median

from .records import SENDER_REPORT, Coding, Kind, Record

REPORTS_AROUND = 8
"""So many reports before and after one are looked at for the quickest."""

MOST_OFF_MS = 1000.0
"""Reports that disagree by more are of a clock that was set, or of nobody's; they are not mixed."""

MOST_DRIFT = 0.05
"""Two reports whose clocks run apart by more than this are not both true."""

LONGEST_MS = 120.0
"""No packet of Opus lasts longer (RFC 6716, section 3.2)."""

HELD_UP_MS = 50.0
"""A source that goes on as it was comes within this of when its timestamps have it come, once the path is free."""

SOURCES_AFTER = 8
"""So many sources that go on from one another without a report are looked at for that."""

IDLE_MS = 200.0
"""A source that has sent nothing for longer makes its reports up: their timestamps are not of anything that was taken."""

_NTP_UNITS_PER_MS = (1 << 32) / 1000


Key = tuple[int, int, int]
"""A leg, an SSRC, and how often that one's timestamps had begun anew."""


class Unwrapped:
    """32-bit timestamps made to count on past their wrap-around."""

    __slots__ = ("last",)

    def __init__(self, last: int | None = None) -> None:
        self.last = last

    def __call__(self, timestamp: int) -> int:
        if self.last is None:
            self.last = timestamp
        else:
            step = (timestamp - self.last) & 0xFFFFFFFF
            self.last += step - (1 << 32 if step & 0x80000000 else 0)
        return self.last


class Line:
    """A function by points: straight between them, and going on with slope 1 beyond. `points` are sorted and not empty."""

    def __init__(self, points: list[tuple[float, float]]) -> None:
        self._x = [x for x, _ in points]
        self._y = [y for _, y in points]

    def __call__(self, x: float) -> float:
        after = bisect_right(self._x, x)
        if after == 0:
            return self._y[0] + x - self._x[0]
        if after == len(self._x):
            return self._y[-1] + x - self._x[-1]
        x0, x1, y0, y1 = self._x[after - 1], self._x[after], self._y[after - 1], self._y[after]
        return y0 + (x - x0) * (y1 - y0) / (x1 - x0)


class _Source:
    """What is known of one source. Its own time goes on from that of the one that it goes on from, `before`."""

    def __init__(self, leg: int, coding: Coding, before: _Source | None) -> None:
        self.leg = leg
        self.before = before
        self.clock_rate_hz = coding.clock_rate_hz
        self.unwrapped: Unwrapped = Unwrapped(None if before is None else before.unwrapped.last)
        self.earliest_ms = float("inf")
        """The least that arrival and timestamp were ever apart: the quickest packet."""
        self.last_at_ms = 0
        """When its newest packet came."""
        self.began_ms: float | None = None
        """Its first packet, in its own time."""
        self.length_ms: float = LONGEST_MS if coding.track == "audio" else 0.0
        """How long a packet of sound lasts: the least that two timestamps are apart."""
        if before is not None:
            self.length_ms = before.length_ms
        self.asked = Unwrapped()
        self.reports: list[_Report] = []
        self._last_ms = 0.0
        self._quickest_ms = float("inf")

    def packet(self, timestamp: int, at_ms: int) -> None:
        own_ms = self.own_ms(timestamp)
        if self.began_ms is None:
            self.began_ms = own_ms
            self.asked = Unwrapped(self.unwrapped.last)
        elif own_ms != self._last_ms:
            self.length_ms = min(self.length_ms, abs(own_ms - self._last_ms))
        self._last_ms, self.last_at_ms = own_ms, at_ms
        late_ms = at_ms - own_ms
        self.earliest_ms = min(self.earliest_ms, late_ms)
        self._quickest_ms = min(self._quickest_ms, late_ms)
        if self.reports:
            self.reports[-1].quickest_ms = min(self.reports[-1].quickest_ms, late_ms)

    def report(self, timestamp: int, clock_ms: float, at_ms: int) -> None:
        self.reports.append(_Report(self.own_ms(timestamp), clock_ms, at_ms, self._quickest_ms))
        self._quickest_ms = float("inf")

    def own_ms(self, timestamp: int) -> float:
        return self.unwrapped(timestamp) * 1000 / self.clock_rate_hz


@dataclass(slots=True)
class _Report:
    """A source's own time, its participant's clock and the time of arrival, all in milliseconds."""

    own_ms: float
    clock_ms: float
    at_ms: int
    quickest_ms: float
    """The least that arrival and timestamp were apart from the report before to the one after."""


class Timeline:
    """Fed with all packets and reports of a recording first; then asked."""

    def __init__(self) -> None:
        self._sources: dict[Key, _Source] = {}
        self._newest: dict[tuple[int, int], _Source] = {}
        self._maps: dict[_Source, Line] | None = None

    def packet(self, key: Key, coding: Coding, timestamp: int, at_ms: int) -> None:
        source = self._sources.get(key)
        if source is None:
            source = _Source(key[0], coding, self._newest.get(key[:2]))
            self._sources[key] = self._newest[key[:2]] = source
        source.packet(timestamp, at_ms)

    def report(self, record: Record) -> None:
        """A record of a sender report; one of a source that has sent nothing is of no use."""
        if record.kind != Kind.SENDER_REPORT or len(record.body) != SENDER_REPORT.size:
            return
        ssrc, ntp, timestamp = SENDER_REPORT.unpack(record.body)
        source = self._newest.get((record.leg, ssrc))
        if source is not None and record.at_ms - source.last_at_ms <= IDLE_MS:
            source.report(timestamp, ntp / _NTP_UNITS_PER_MS, record.at_ms)

    def at_ms(self, key: Key, timestamp: int) -> float:
        """When a frame of that timestamp was taken, since the recording began. Asked for each source's frames in turn."""
        if self._maps is None:
            self._maps = self._mapped()
        source = self._sources[key]
        return self._maps[source](source.asked(timestamp) * 1000 / source.clock_rate_hz) - source.length_ms

    def _mapped(self) -> dict[_Source, Line]:
        true = {source: _agreeing(source.reports) for source in self._sources.values()}
        by_leg: defaultdict[int, list[tuple[float, float]]] = defaultdict(list)
        for source, reports in true.items():
            by_leg[source.leg] += [(each.clock_ms, each.at_ms - each.clock_ms) for each in reports]
        clocks = {leg: _quickest(sorted(offsets)) for leg, offsets in by_leg.items() if offsets}
        lates_ms: dict[_Source, list[float]] = {}
        for source, reports in reversed(true.items()):
            lates_ms[source] = [source.earliest_ms, *lates_ms.get(source, [])]
            if source.before is not None and not reports:
                lates_ms[source.before] = lates_ms[source][:SOURCES_AFTER]
        maps: dict[_Source, Line] = {}
        for source, reports in true.items():
            assert source.began_ms is not None
            maps[source] = Line([(0.0, source.earliest_ms)])
            if reports:
                line = _reported(reports, clocks[source.leg])
                # Reports that put the source's beginning where it cannot have been are not believed.
                if abs(maps[source](source.began_ms) - line(source.began_ms)) <= 2 * MOST_OFF_MS:
                    maps[source] = line
            elif source.before is not None:
                line = maps[source.before]
                late_ms = line(source.began_ms) - source.began_ms
                # It has not paused if anything of it, or after it, comes when it would have come without a pause.
                if any(abs(each - late_ms) <= HELD_UP_MS for each in lates_ms[source]):
                    maps[source] = line
        return maps


def _reported(reports: list[_Report], clock: _Offsets) -> Line:
    """By reports: when each one's moment was here, or when packets around it came, whichever tells of less delay."""
    points = [
        (each.own_ms, min(each.clock_ms + clock(each.clock_ms), each.own_ms + each.quickest_ms)) for each in reports
    ]
    return Line(_increasing(points))


class _Offsets:
    """What to add to a participant's clock, by points; constant beyond them."""

    def __init__(self, points: list[tuple[float, float]]) -> None:
        self._x = [x for x, _ in points]
        self._y = [y for _, y in points]

    def __call__(self, x: float) -> float:
        after = bisect_right(self._x, x)
        if after == 0:
            return self._y[0]
        if after == len(self._x):
            return self._y[-1]
        x0, x1, y0, y1 = self._x[after - 1], self._x[after], self._y[after - 1], self._y[after]
        return y0 + (x - x0) * (y1 - y0) / (x1 - x0) if x1 > x0 else y1


def _agreeing(reports: list[_Report]) -> list[_Report]:
    """The reports of one source whose two clocks run alike, in order; those that do not fit the most are left out."""
    if not reports:
        return []
    usual = median(each.clock_ms - each.own_ms for each in reports)
    kept: list[_Report] = []
    for each in sorted(reports, key=lambda each: each.own_ms):
        if abs(each.clock_ms - each.own_ms - usual) > MOST_OFF_MS + MOST_DRIFT * abs(each.own_ms - reports[0].own_ms):
            continue
        if kept:
            ours, theirs = each.own_ms - kept[-1].own_ms, each.clock_ms - kept[-1].clock_ms
            if ours <= 0 or abs(theirs - ours) > max(MOST_DRIFT * ours, 50.0):
                continue
        kept.append(each)
    return kept


def _quickest(offsets: list[tuple[float, float]]) -> _Offsets:
    """For each report of a leg the least offset among those around it: that of the one that was delayed least."""
    points: list[tuple[float, float]] = []
    for position, (clock_ms, offset_ms) in enumerate(offsets):
        around = offsets[max(position - REPORTS_AROUND, 0) : position + REPORTS_AROUND + 1]
        points.append((clock_ms, min(each for _, each in around if abs(each - offset_ms) <= MOST_OFF_MS)))
    return _Offsets(points)


def _increasing(points: list[tuple[float, float]]) -> list[tuple[float, float]]:
    """Without those that would turn time back."""
    kept = points[:1]
    for point in points[1:]:
        if point[1] > kept[-1][1]:
            kept.append(point)
    return kept
