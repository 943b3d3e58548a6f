"""Who is connected now, across workers: each open page counts, and one that dies without a word runs out by itself.

A subject is a word and an opaque id: `patient:{person_id}` for a patient's page, `clinician:{visit_id}` for a consultation's
tab. With the live store gone nobody counts as connected, and nothing else stops working.
"""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import time
from collections.abc import AsyncIterator, Collection, Sequence

from redis.asyncio import Redis
from redis.exceptions import RedisError

from .tasks import stop

EXPIRY_SECONDS = 20.0
"""How long a connection counts after its worker last said so."""

REFRESH_SECONDS = 5.0


class Presence:
    """Counts connections by subject."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis

    @contextlib.asynccontextmanager
    async def connected(self, subject: str) -> AsyncIterator[None]:
        """Let a connection count for as long as the block runs."""
        connection_id = secrets.token_hex(8)
        await self._mark(subject, connection_id)
        refresher = asyncio.create_task(self._refresh(subject, connection_id))
        try:
            yield
        finally:
            await stop([refresher])
            with contextlib.suppress(RedisError, OSError):
                await self._redis.zrem(_key(subject), connection_id)

    async def present(self, subjects: Sequence[str]) -> Collection[str]:
        """Those of the subjects that are connected now; none when the live store does not answer."""
        if not subjects:
            return frozenset()
        now = time.time()
        try:
            pipeline = self._redis.pipeline(transaction=False)
            for subject in subjects:
                pipeline.zcount(_key(subject), now, "+inf")
            counts = await pipeline.execute()
        except (RedisError, OSError):
            return frozenset()
        return frozenset(subject for subject, count in zip(subjects, counts, strict=True) if count)

    async def _refresh(self, subject: str, connection_id: str) -> None:
        while True:
            await asyncio.sleep(REFRESH_SECONDS)
            await self._mark(subject, connection_id)

    async def _mark(self, subject: str, connection_id: str) -> None:
        now = time.time()
        with contextlib.suppress(RedisError, OSError):
            pipeline = self._redis.pipeline(transaction=False)
            pipeline.zadd(_key(subject), {connection_id: now + EXPIRY_SECONDS})
            pipeline.zremrangebyscore(_key(subject), "-inf", now)
            pipeline.expire(_key(subject), round(EXPIRY_SECONDS * 3))
            await pipeline.execute()


def _key(subject: str) -> str:
    return f"venterum:presence:{subject}"


def patient_subject(person_id: str) -> str:
    return f"patient:{person_id}"


def clinician_subject(visit_id: str) -> str:
    return f"clinician:{visit_id}"
