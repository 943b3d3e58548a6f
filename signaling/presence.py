"""Who is connected now, since when one is not, and how the page is: across workers, for as long as somebody cares.

Each open page counts, and one that dies without a word runs out by itself.

A subject is a word and an opaque id: `patient:{person_id}` for a patient's page, `clinician:{visit_id}` for a consultation's
tab. With the live store gone nobody counts as connected, and nothing else stops working.
"""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import time
from collections.abc import AsyncIterator, Collection, Mapping, Sequence

from redis.asyncio import Redis
from redis.exceptions import RedisError

from .attendance import UNKNOWN, Attendance
from .messages import DeviceReport
from .tasks import stop

EXPIRY_SECONDS = 20.0
"""How long a connection counts after its worker last said so."""

REFRESH_SECONDS = 5.0

KEPT_SECONDS = 24 * 3600
"""How long it is known when somebody was last connected."""


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
                await self._redis.set(_seen_key(subject), time.time(), ex=KEPT_SECONDS)
                if not await self.present([subject]):
                    await self._redis.delete(_devices_key(subject))

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

    async def attendance(self, person_ids: Sequence[str]) -> Mapping[str, Attendance]:
        """How each person's page is doing; unknown when the live store does not answer."""
        subjects = [patient_subject(person_id) for person_id in person_ids]
        now = time.time()
        try:
            pipeline = self._redis.pipeline(transaction=False)
            for subject in subjects:
                pipeline.zcount(_key(subject), now, "+inf")
                pipeline.get(_seen_key(subject))
                pipeline.get(_devices_key(subject))
            answers = await pipeline.execute() if subjects else []
        except (RedisError, OSError):
            return dict.fromkeys(person_ids, UNKNOWN)
        return {
            person_id: Attendance(
                connected=bool(count),
                away_since_ms=round(float(seen) * 1000) if seen and not count else None,
                devices=DeviceReport.model_validate_json(report) if report else None,
            )
            for person_id, count, seen, report in zip(
                person_ids, answers[0::3], answers[1::3], answers[2::3], strict=True
            )
        }

    async def report(self, person_id: str, devices: DeviceReport) -> None:
        """Keep what a patient's page says of itself, until the last of the person's pages goes."""
        with contextlib.suppress(RedisError, OSError):
            key = _devices_key(patient_subject(person_id))
            await self._redis.set(key, devices.model_dump_json(), ex=KEPT_SECONDS)

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
            pipeline.set(_seen_key(subject), now, ex=KEPT_SECONDS)
            await pipeline.execute()


def _key(subject: str) -> str:
    return f"venterum:presence:{subject}"


def _seen_key(subject: str) -> str:
    return f"venterum:seen:{subject}"


def _devices_key(subject: str) -> str:
    return f"venterum:devices:{subject}"


def patient_subject(person_id: str) -> str:
    return f"patient:{person_id}"


def clinician_subject(visit_id: str) -> str:
    return f"clinician:{visit_id}"
