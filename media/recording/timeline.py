"""One clock for everything in a recording: RTP timestamps mapped to milliseconds since it began, by the sender reports. Pure.

A participant's sources share a clock, which sender reports tell their timestamps of (RFC 3550 section 6.4.1): so sound and
picture stand to each other as they were taken. When that clock's time was here is told by when the reports came, the quickest of
them over a while, since what delays a report only ever makes it late. A source without reports is placed by its packets' arrival.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from statistics import median

from .records import SENDER_REPORT, Kind, Record

REPORTS_AROUND = 8
"""So many reports before and after one are looked at for the quickest."""

MOST_OFF_MS = 1000.0
"""Reports that disagree by more are of a clock that was set, or of nobody's; they are not mixed."""

MOST_DRIFT = 0.05
"""Two reports whose clocks run apart by more than this are not both true."""

IDLE_MS = 200.0
"""A source that has sent nothing for longer makes its reports up: their timestamps are not of anything that was taken."""

_NTP_UNITS_PER_MS = (1 << 32) / 1000


Key = tuple[int, int, int]
"""A leg, an SSRC, and how often that one's timestamps had begun anew."""


class Unwrapped:
    """32-bit timestamps made to count on past their wrap-around."""

    __slots__ = ("_last",)

    def __init__(self, last: int | None = None) -> None:
        self._last = last

    def __call__(self, timestamp: int) -> int:
        if self._last is None:
            self._last = timestamp
        else:
            step = (timestamp - self._last) & 0xFFFFFFFF
            self._last += step - (1 << 32 if step & 0x80000000 else 0)
        return self._last


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
    def __init__(self, leg: int, clock_rate_hz: int) -> None:
        self.leg = leg
        self.clock_rate_hz = clock_rate_hz
        self.unwrapped = Unwrapped()
        self.earliest_ms = float("inf")
        """The least that arrival and timestamp were ever apart: the quickest packet."""
        self.last_at_ms = 0
        """When its newest packet came."""
        self.first: tuple[int, int] | None = None
        """The first packet's timestamp, as it came, and its arrival in milliseconds."""
        self.asked = Unwrapped()
        self.reports: list[tuple[float, float, int]] = []
        """The source's own time, its participant's clock and the time of arrival, all in milliseconds."""


class Timeline:
    """Fed with all packets and reports of a recording first; then asked."""

    def __init__(self) -> None:
        self._sources: dict[Key, _Source] = {}
        self._newest: dict[tuple[int, int], _Source] = {}
        self._maps: dict[Key, Line] | None = None

    def packet(self, key: Key, clock_rate_hz: int, timestamp: int, at_ms: int) -> None:
        source = self._sources.get(key)
        if source is None:
            source = self._sources[key] = self._newest[key[:2]] = _Source(key[0], clock_rate_hz)
        own_ms = source.unwrapped(timestamp) * 1000 / clock_rate_hz
        source.earliest_ms = min(source.earliest_ms, at_ms - own_ms)
        source.last_at_ms = at_ms
        if source.first is None:
            source.first = timestamp, at_ms
            source.asked = Unwrapped(timestamp)

    def report(self, record: Record) -> None:
        """A record of a sender report; one of a source that has sent nothing is of no use."""
        if record.kind != Kind.SENDER_REPORT or len(record.body) != SENDER_REPORT.size:
            return
        ssrc, ntp, timestamp = SENDER_REPORT.unpack(record.body)
        source = self._newest.get((record.leg, ssrc))
        if source is not None and record.at_ms - source.last_at_ms <= IDLE_MS:
            own_ms = source.unwrapped(timestamp) * 1000 / source.clock_rate_hz
            source.reports.append((own_ms, ntp / _NTP_UNITS_PER_MS, record.at_ms))

    def at_ms(self, key: Key, timestamp: int) -> float:
        """When a frame of that timestamp was taken, since the recording began. Asked for each source's frames in turn."""
        if self._maps is None:
            self._maps = self._mapped()
        source = self._sources[key]
        return self._maps[key](source.asked(timestamp) * 1000 / source.clock_rate_hz)

    def _mapped(self) -> dict[Key, Line]:
        by_leg: defaultdict[int, list[tuple[float, float]]] = defaultdict(list)
        true: dict[Key, list[tuple[float, float]]] = {}
        for key, source in self._sources.items():
            reports = _agreeing(source.reports)
            true[key] = [(own_ms, clock_ms) for own_ms, clock_ms, _ in reports]
            by_leg[source.leg] += [(clock_ms, at_ms - clock_ms) for _, clock_ms, at_ms in reports]
        clocks = {leg: _quickest(sorted(offsets)) for leg, offsets in by_leg.items() if offsets}
        maps: dict[Key, Line] = {}
        for key, source in self._sources.items():
            arrival = Line([(0.0, source.earliest_ms)])
            maps[key] = arrival
            if true[key]:
                clock = clocks[source.leg]
                line = Line(_increasing([(own_ms, clock_ms + clock(clock_ms)) for own_ms, clock_ms in true[key]]))
                assert source.first is not None
                began_ms = source.first[0] * 1000 / source.clock_rate_hz
                # Reports that put the source's beginning where it cannot have been are not believed.
                if abs(line(began_ms) - arrival(began_ms)) <= 2 * MOST_OFF_MS:
                    maps[key] = line
        return maps


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


def _agreeing(reports: list[tuple[float, float, int]]) -> list[tuple[float, float, int]]:
    """The reports of one source whose two clocks run alike, in order; those that do not fit the most are left out."""
    if not reports:
        return []
    usual = median(clock_ms - own_ms for own_ms, clock_ms, _ in reports)
    kept: list[tuple[float, float, int]] = []
    for own_ms, clock_ms, at_ms in sorted(reports):
        if abs(clock_ms - own_ms - usual) > MOST_OFF_MS + MOST_DRIFT * abs(own_ms - reports[0][0]):
            continue
        if kept and own_ms <= kept[-1][0]:
            continue
        if kept:
            ours, theirs = own_ms - kept[-1][0], clock_ms - kept[-1][1]
            if abs(theirs - ours) > max(MOST_DRIFT * ours, 50.0):
                continue
        kept.append((own_ms, clock_ms, at_ms))
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
