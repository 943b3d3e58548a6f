"""The estimate of a path down, on a seeded model faster than time: it gives way, comes back, and is not easily startled."""

from __future__ import annotations

from heapq import heappop, heappush

import pytest

from media.path import LEAST_BPS, PathDown, PathUp
from media.transport_wide import Feedback

from .bottleneck import Bottleneck

PACKET_BYTES = 1100
WANTED_BPS = 1_200_000


class Sender:
    """A source that sends what it wants, or what it is told, over the path; its receiver reports as browsers do."""

    def __init__(self, path: Bottleneck, report_ms: float = 60.0) -> None:
        self.estimate = PathDown()
        self._path = path
        self._report_ms = report_ms
        self._now_ms = 1000.0
        self._next_ms = 1000.0
        self._arrivals: dict[int, float | None] = {}
        self._reports: list[tuple[float, int, Feedback]] = []
        self._reported = 0
        self._sent: list[float] = []
        self._waits_ms: list[float] = []

    def runs(self, seconds: float) -> None:
        end_ms = self._now_ms + 1000 * seconds
        report_ms = self._now_ms + self._report_ms
        while self._now_ms < end_ms:
            self._now_ms += 1
            while self._next_ms <= self._now_ms:
                rate_bps = min(WANTED_BPS, self.estimate.limit_bps or WANTED_BPS)
                self._next_ms += 8000 * PACKET_BYTES / rate_bps
                number = self.estimate.sent(PACKET_BYTES, self._now_ms)
                arrives_ms = self._arrivals[number] = self._path.arrival_ms(PACKET_BYTES, self._now_ms)
                self._sent.append(self._now_ms)
                self._waits_ms.append(float("inf") if arrives_ms is None else arrives_ms - self._now_ms)
            if self._now_ms >= report_ms:
                report_ms += self._report_ms
                self._report()
            while self._reports and self._reports[0][0] <= self._now_ms:
                self.estimate.heard(heappop(self._reports)[2], self._now_ms)
            self.estimate.silent(self._now_ms)

    def _report(self) -> None:
        known = [n for n, at in self._arrivals.items() if at is not None and at <= self._now_ms]
        if not known:
            return
        first, last = next(iter(self._arrivals)), known[-1]
        numbers = range(first, first + ((last - first) & 0xFFFF) + 1)
        arrivals = [self._arrivals.pop(n & 0xFFFF, None) for n in numbers]
        heappush(
            self._reports, (self._now_ms + 20, self._reported, Feedback(first, [a and a + 77_000 for a in arrivals]))
        )
        self._reported += 1

    def waits_ms(self, seconds: float) -> list[float]:
        """How long each packet is on its way in the next so many seconds; without end for those that are dropped."""
        before = len(self._waits_ms)
        self.runs(seconds)
        return self._waits_ms[before:]

    def rate_bps(self, seconds: float) -> float:
        """What it sent over the last so many seconds."""
        since = self._now_ms - 1000 * seconds
        return sum(at > since for at in self._sent) * 8 * PACKET_BYTES / seconds


@pytest.mark.parametrize("report_ms", [50, 250])
@pytest.mark.parametrize("queue_ms", [30, 200, 2000])
def test_it_gives_way_within_two_seconds_and_uses_what_is_left(queue_ms: float, report_ms: float) -> None:
    path = Bottleneck(5_000_000, queue_ms=queue_ms)
    sender = Sender(path, report_ms)
    sender.runs(5)
    assert sender.estimate.limit_bps is None
    path.rate_bps = 300_000
    sender.runs(2)
    assert sender.estimate.limit_bps is not None
    assert sender.rate_bps(0.5) <= 330_000
    sender.runs(20)
    assert 180_000 < sender.rate_bps(10) <= 330_000


@pytest.mark.parametrize("narrow_bps", [150_000, 300_000, 600_000])
@pytest.mark.parametrize("queue_ms", [30, 200, 300, 2000])
def test_it_comes_back_when_the_path_widens(queue_ms: float, narrow_bps: float) -> None:
    path = Bottleneck(narrow_bps, queue_ms=queue_ms)
    sender = Sender(path)
    sender.runs(10)
    assert sender.rate_bps(2) <= 1.25 * max(narrow_bps, 2 * LEAST_BPS)
    path.rate_bps = 5_000_000
    sender.runs(7)
    assert sender.rate_bps(0.5) > 1_000_000


@pytest.mark.parametrize("queue_ms", [200, 2000])
@pytest.mark.parametrize("narrow_bps", [300_000, 1_000_000])
def test_a_path_that_stays_narrow_is_filled_and_seldom_overfilled(queue_ms: float, narrow_bps: float) -> None:
    path = Bottleneck(narrow_bps, queue_ms=queue_ms)
    sender = Sender(path)
    sender.runs(5)
    waited_ms = sorted(sender.waits_ms(60))
    assert 0.93 * narrow_bps < sender.rate_bps(60) < 1.02 * narrow_bps
    assert waited_ms[len(waited_ms) // 2] < 70
    assert waited_ms[int(0.95 * len(waited_ms))] < 250


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize(("jitter_ms", "loss"), [(50, 0.0), (10, 0.03)])
def test_jitter_and_a_little_loss_are_no_narrowness(seed: int, jitter_ms: float, loss: float) -> None:
    sender = Sender(Bottleneck(5_000_000, jitter_ms=jitter_ms, loss=loss, seed=seed))
    sender.runs(20)
    assert sender.estimate.limit_bps is None


def test_heavy_loss_of_the_weather_does_not_drive_it_to_the_ground() -> None:
    sender = Sender(Bottleneck(5_000_000, loss=0.2))
    sender.runs(20)
    assert sender.estimate.limit_bps is None or sender.estimate.limit_bps >= 2 * LEAST_BPS


def test_a_path_that_says_nothing_any_longer_is_sent_less() -> None:
    path = Bottleneck(5_000_000)
    sender = Sender(path)
    sender.runs(3)
    path._loss = 1.0
    sender.runs(8)
    assert sender.estimate.limit_bps == LEAST_BPS


def test_reports_of_what_was_never_sent_change_nothing() -> None:
    path = PathDown()
    for number in range(10):
        path.sent(PACKET_BYTES, number)
    for base in (10, 500, 30_000, 65_000):
        for moment in range(100):
            path.heard(Feedback(base, [None] * 300), 1000.0 + 100 * moment)
    assert path.limit_bps is None


def test_over_a_narrow_path_little_is_sent_again() -> None:
    path = Bottleneck(300_000)
    sender = Sender(path)
    assert all(sender.estimate.may_repeat(PACKET_BYTES, 0.2, 0.0) for _ in range(1000))
    sender.runs(5)
    repeated = sum(sender.estimate.may_repeat(PACKET_BYTES, 0.2, 10_000.0 + moment) for moment in range(1000))
    assert 0 < repeated * 8 * PACKET_BYTES < 0.3 * 300_000


def test_who_loses_much_on_the_way_up_is_held_back_at_once_and_let_go_when_it_is_over() -> None:
    path = PathUp()
    now_ms = 0.0
    for _ in range(20):
        now_ms += 50
        path.noted(7, 7 * PACKET_BYTES, 0, now_ms)
    assert path.limit_bps is None
    for _ in range(5):
        now_ms += 50
        path.noted(2, 2 * PACKET_BYTES, 5, now_ms)
    assert path.limit_bps is not None
    assert 200_000 <= path.limit_bps < 400_000
    for _ in range(40):
        now_ms += 50
        path.noted(2, 2 * PACKET_BYTES, 0, now_ms)
    assert path.limit_bps is None
