"""How often a guest's code may be guessed: so often from one address, and so often in all, in ten minutes.

Counted in the live store, so that all workers count together, and in this worker as well, for when the store is gone. A code
that was right gives its try back. A hundred million codes against a few hundred tries leave nothing to find.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable

from redis.asyncio import Redis
from redis.exceptions import RedisError

from .errors import TooManyGuesses
from .logs import get_logger

WINDOW_SECONDS = 600
MOST_FROM_ONE = 20
"""Wrong codes from one address; behind a proxy that is not trusted (`trusted_proxies`), from everybody."""
MOST_IN_ALL = 300
MAX_REMEMBERED = 10_000
"""Addresses that this worker counts by itself; past that every guess is refused until the window is over."""

_ALL = "all"


class Guesses:
    """Counts wrong guesses. `clock`: seconds since 1970."""

    def __init__(self, redis: Redis, clock: Callable[[], float] = time.time) -> None:
        self._redis = redis
        self._clock = clock
        self._window = 0
        self._own: dict[str, int] = {}

    async def take(self, address: str) -> None:
        """Count one more from this address. Raises TooManyGuesses past the bounds."""
        # Whoever guesses is nobody's business: a hash tells addresses apart as well.
        address = hashlib.sha256(address.encode()).hexdigest()
        if await self._count(address, 1) > MOST_FROM_ONE or await self._count(_ALL, 1) > MOST_IN_ALL:
            raise TooManyGuesses

    async def give_back(self, address: str) -> None:
        """The last one was right."""
        for whose in (hashlib.sha256(address.encode()).hexdigest(), _ALL):
            await self._count(whose, -1)

    async def _count(self, whose: str, by: int) -> int:
        window = int(self._clock()) // WINDOW_SECONDS
        if window != self._window:
            self._window, self._own = window, {}
        if whose not in self._own and len(self._own) >= MAX_REMEMBERED:
            raise TooManyGuesses
        here = self._own[whose] = self._own.get(whose, 0) + by
        try:
            key = f"venterum:guesses:{window}:{whose}"
            pipeline = self._redis.pipeline(transaction=False)
            pipeline.incrby(key, by)
            pipeline.expire(key, WINDOW_SECONDS)
            counted, _ = await pipeline.execute()
        except (RedisError, OSError) as error:
            get_logger("web.guesses").warning("live_store_gone", error=type(error).__name__)
            return here
        return max(here, int(counted))
