"""Everything live of one worker, opened and closed together; what a request or a socket needs of it is here by name."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from types import TracebackType
from typing import Self

import aiohttp
from redis.asyncio import Redis

from media.control import NodeClient
from rooms.records import Committed, Visit
from rooms.store import Rooms

from .bus import Bus, clinic_topic, login_topic, person_topic
from .calls import Calls
from .connection import Registry
from .endings import Endings
from .openings import Openings
from .presence import Presence, patient_subject

KINDS = ("staff", "patient", "call")
"""The kinds of live connections."""


def announcer(bus: Bus) -> Callable[[Committed], None]:
    """What `Rooms` calls after each committed event: wakes the clinic's screens and the patient's pages."""

    def committed(event: Committed) -> None:
        bus.announce(clinic_topic(event.clinic_id))
        if event.person_id is not None:
            bus.announce(person_topic(event.person_id))

    return committed


class Worker:
    """One worker's live half, on a started `bus`. Use `async with`."""

    def __init__(self, *, rooms: Rooms, redis: Redis, bus: Bus, media_secret: str, grace_seconds: float) -> None:
        self.bus = bus
        self.registry = Registry(KINDS)
        self.presence = Presence(redis)
        self._session = aiohttp.ClientSession()
        self.calls = Calls(redis, NodeClient(self._session, media_secret))
        self.endings = Endings(
            waiting_room=rooms.waiting_room,
            calls=self.calls,
            presence=self.presence,
            redis=redis,
            grace_seconds=grace_seconds,
        )
        self.openings = Openings(rooms.opening)

    async def __aenter__(self) -> Self:
        await self.endings.start()
        await self.openings.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Close every connection and stop. May be called twice."""
        await self.registry.close()
        await self.openings.close()
        await self.endings.close()
        await self._session.close()

    async def connected(self, visits: Sequence[Visit]) -> Collection[str]:
        """The ids of those visits whose patient's page is connected now."""
        present = await self.presence.present([patient_subject(visit.person_id) for visit in visits])
        return {visit.id for visit in visits if patient_subject(visit.person_id) in present}

    def logged_out(self, login_id: str) -> None:
        """Close every page of a login that has ended."""
        self.bus.announce(login_topic(login_id))

    async def consultation_over(self, visit_id: str) -> None:
        """Take the media of a consultation down, if there is any."""
        await self.calls.end(visit_id)
