"""Ends the consultations that nobody ends: the clinician closed the tab, or was lost and did not come back in time.

Every worker looks, and the visit's compare-and-set sees to it that one of them does it. The notes it goes by are in the live
store; when that has lost them, the grace time begins anew.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import time

import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError

from rooms.errors import RoomsError
from rooms.records import SYSTEM, Actor, Role, Visit
from rooms.waiting_room import WaitingRoom

from .calls import Calls
from .presence import Presence, clinician_subject
from .tasks import keep_looking, stop

LOOK_SECONDS = 1.0
CLOSED_TAB_SECONDS = 3.0
"""How long a tab that said it was closing may take to be back, as it is after a reload."""

_KEPT_SECONDS = 24 * 3600


class Endings:
    """Looks after the consultations under way, until `close`.

    Args:
        grace_seconds: how long a consultation goes on without its clinician's tab.
    """

    def __init__(
        self, *, waiting_room: WaitingRoom, calls: Calls, presence: Presence, redis: Redis, grace_seconds: float
    ) -> None:
        self._waiting_room = waiting_room
        self._calls = calls
        self._presence = presence
        self._redis = redis
        self.grace_seconds = grace_seconds
        self._task: asyncio.Task[None] | None = None
        self._log = structlog.get_logger("signaling.endings")

    async def start(self) -> None:
        self._task = asyncio.create_task(keep_looking(self.look, LOOK_SECONDS, self._log))

    async def close(self) -> None:
        """Stop. May be called twice."""
        if self._task is not None:
            await stop([self._task])

    async def tab_closing(self, actor: Actor, visit_id: str) -> None:
        """Note that the clinician's tab said it was closing."""
        note = json.dumps([time.time(), actor.person_id, actor.role.value, actor.practitioner_id])
        with contextlib.suppress(RedisError, OSError):
            await self._redis.set(_closing_key(visit_id), note, ex=_KEPT_SECONDS)

    async def forget(self, visit_id: str) -> None:
        """Forget what was noted of a consultation: it is over, or begins anew."""
        with contextlib.suppress(RedisError, OSError):
            await self._redis.delete(_closing_key(visit_id), _seen_key(visit_id))

    async def look(self) -> None:
        """Look once at every consultation under way."""
        visits = await self._waiting_room.in_call()
        present = await self._presence.present([clinician_subject(visit.id) for visit in visits])
        for visit in visits:
            if clinician_subject(visit.id) in present:
                await self._redis.set(_seen_key(visit.id), time.time(), ex=_KEPT_SECONDS)
                await self._forget_if_back(visit)
            else:
                await self._without_clinician(visit)

    async def _forget_if_back(self, visit: Visit) -> None:
        """Forget the note of a tab that is back. A fresh note stays: the old tab's connection may not have ended yet."""
        closing = await self._redis.get(_closing_key(visit.id))
        if closing is not None and time.time() - json.loads(closing)[0] >= CLOSED_TAB_SECONDS:
            await self._redis.delete(_closing_key(visit.id))

    async def _without_clinician(self, visit: Visit) -> None:
        now = time.time()
        closing = await self._redis.get(_closing_key(visit.id))
        if closing is not None:
            at, person_id, role, practitioner_id = json.loads(closing)
            if now - at >= CLOSED_TAB_SECONDS:
                await self._end(visit, Actor(person_id, Role(role), practitioner_id))
            return
        await self._redis.set(_seen_key(visit.id), now, ex=_KEPT_SECONDS, nx=True)
        seen = float(await self._redis.get(_seen_key(visit.id)) or now)
        if now - seen >= self.grace_seconds:
            await self._end(visit, SYSTEM)

    async def _end(self, visit: Visit, actor: Actor) -> None:
        with contextlib.suppress(RoomsError):  # ended meanwhile by somebody else: what was wanted
            await self._waiting_room.end(actor, visit.clinic_id, visit.id)
            self._log.info("consultation_ended", visit=visit.id, by=actor.role.value)
        await self._calls.end(visit.id)
        await self._redis.delete(_closing_key(visit.id), _seen_key(visit.id))


def _closing_key(visit_id: str) -> str:
    return f"venterum:call:{visit_id}:closing"


def _seen_key(visit_id: str) -> str:
    return f"venterum:call:{visit_id}:seen"
