"""How much of a thing one participant may ask for in a time: a token bucket. Pure; the clock is an argument."""

from __future__ import annotations


class Allowance:
    """`per_second` in the long run, and `burst` of them at once."""

    __slots__ = ("_at_ms", "_burst", "_left", "_per_ms")

    def __init__(self, per_second: float, burst: float) -> None:
        self._per_ms = per_second / 1000
        self._burst = self._left = burst
        self._at_ms = float("-inf")

    def take(self, now_ms: float) -> bool:
        """Whether one more is allowed now; if so, it is taken."""
        self._left = min(self._burst, self._left + max(now_ms - self._at_ms, 0.0) * self._per_ms)
        self._at_ms = max(self._at_ms, now_ms)
        if self._left < 1:
            return False
        self._left -= 1
        return True
