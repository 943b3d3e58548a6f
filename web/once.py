"""Sees to it that what may be used once is: a token's `jti`, remembered in the live store until the token has run out.

With the live store gone, each worker remembers by itself as many as it can: a token could then be used once at every worker,
for the minute that it holds.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable

from redis.asyncio import Redis
from redis.exceptions import RedisError

from .logs import get_logger

MAX_REMEMBERED = 10_000
"""How many this worker remembers by itself; past that everything new is refused until some have run out."""


class Once:
    """Remembers what was used. `clock`: seconds since 1970."""

    def __init__(self, redis: Redis, clock: Callable[[], float] = time.time) -> None:
        self._redis = redis
        self._clock = clock
        self._own: dict[str, float] = {}

    async def first(self, kind: str, value: str, until: float) -> bool:
        """Whether `value` is used for the first time; it is remembered as used until `until`, in seconds since 1970.

        What has run out by `until` already counts as used.
        """
        lasts = int(until - self._clock()) + 1
        if lasts <= 0:
            return False
        # What somebody sent may be long, and is nobody else's to read: its hash is enough.
        entry = f"venterum:used:{kind}:{hashlib.sha256(value.encode(errors='replace')).hexdigest()}"
        # Remembered here in any case, so that a live store that is lost between two uses does not let the second through.
        if not self._first_here(entry, until):
            return False
        try:
            return bool(await self._redis.set(entry, "", nx=True, ex=lasts))
        except (RedisError, OSError) as error:
            get_logger("web.once").warning("live_store_gone", error=type(error).__name__)
            return True

    def _first_here(self, entry: str, until: float) -> bool:
        now = self._clock()
        if len(self._own) >= MAX_REMEMBERED:
            self._own = {each: end for each, end in self._own.items() if end > now}
        if self._own.get(entry, 0) > now or len(self._own) >= MAX_REMEMBERED:
            return False
        self._own[entry] = until
        return True
