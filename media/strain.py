"""How hard a node works, and when that is too hard to take another call. Pure: fed with what was counted and when.

Overload is refused, not suffered: the calls that are there keep their quality, and a new one goes to another node.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

PACKETS_PER_SECOND = 36_000.0
"""Received; about 100 two-party calls. What one core forwards stands in the benchmark's table."""

LAG_MS = 100.0
"""How late the event loop may run its timers."""

LAGS = 3
"""The least of so many measures counts: one late timer is a hiccup, several in a row are overload."""

CALM = 0.8
"""Below this share of either bound a node that refused takes calls again, so that it does not change its mind every second."""


@dataclass(frozen=True, slots=True)
class Limits:
    packets_per_second: float = PACKETS_PER_SECOND
    lag_ms: float = LAG_MS


class Strain:
    """Takes a measure now and then, and tells whether the node is overloaded."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._packets = 0
        self._at_ms: float | None = None
        self._lags_ms: deque[float] = deque([0.0] * LAGS, maxlen=LAGS)
        self.packets_per_second = 0.0
        self.lag_ms = 0.0
        self.overloaded = False

    def measure(self, packets: int, at_ms: float, lag_ms: float) -> None:
        """`packets` received since the node began, by `at_ms`, when a timer ran `lag_ms` late."""
        if self._at_ms is not None and at_ms > self._at_ms:
            self.packets_per_second = (packets - self._packets) * 1000 / (at_ms - self._at_ms)
        self._packets, self._at_ms = packets, at_ms
        self._lags_ms.append(lag_ms)
        self.lag_ms = min(self._lags_ms)
        share = CALM if self.overloaded else 1.0
        self.overloaded = (
            self.packets_per_second > share * self._limits.packets_per_second
            or self.lag_ms > share * self._limits.lag_ms
        )
