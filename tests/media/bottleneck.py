"""A path with a narrowest place: a queue that drains at a rate, drops past its room, and jitters by a seed. Pure."""

from __future__ import annotations

import random


class Bottleneck:
    """Tells of each packet when it comes out at the other end, and None of one that is dropped.

    Args:
        rate_bps: what it carries; may be set at any time.
        queue_ms: how long a packet may have to wait, at the rate; one that would wait longer is dropped.
    """

    def __init__(
        self,
        rate_bps: float,
        *,
        queue_ms: float = 300,
        delay_ms: float = 20,
        jitter_ms: float = 0,
        loss: float = 0,
        seed: int = 1,
    ) -> None:
        self.rate_bps = rate_bps
        self._queue_ms = queue_ms
        self._delay_ms = delay_ms
        self._jitter_ms = jitter_ms
        self._loss = loss
        self._random = random.Random(seed)
        self._free_ms = 0.0

    def arrival_ms(self, size: int, now_ms: float) -> float | None:
        if self._random.random() < self._loss:
            return None
        begins = max(self._free_ms, now_ms)
        if begins - now_ms > self._queue_ms:
            return None
        self._free_ms = begins + 8000 * size / self.rate_bps
        return self._free_ms + self._delay_ms + self._random.random() * self._jitter_ms
