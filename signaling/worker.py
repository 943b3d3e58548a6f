"""Everything live of one worker, opened and closed together; what a request or a socket needs of it is here by name."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from types import TracebackType
from typing import Self

import aiohttp
from redis.asyncio import Redis

from media.control import NodeClient
from media.recording.store import Store
from rooms.records import Committed, Visit
from rooms.store import Rooms

from .attendance import Attendance, by_visit
from .bus import Bus, call_topic, clinic_topic, login_topic, person_topic
from .calls import Calls
from .connection import Registry
from .endings import Endings
from .messages import DeviceReport, VisitView
from .openings import Openings
from .presence import Presence
from .recordings import RecordingKeeper
from .said import Said
from .views import visit_view

KINDS = ("staff", "patient", "guest", "call")
"""The kinds of live connections."""


def announcer(bus: Bus) -> Callable[[Committed], None]:
    """What `Rooms` calls after each committed event: wakes the clinic's screens, the person's pages and the visit's call."""

    def committed(event: Committed) -> None:
        bus.announce(clinic_topic(event.clinic_id))
        if event.person_id is not None:
            bus.announce(person_topic(event.person_id))
        if event.visit_id is not None:
            bus.announce(call_topic(event.visit_id))

    return committed


class Worker:
    """One worker's live half, on a started `bus`; `recordings` is where their media is kept. Use `async with`."""

    def __init__(
        self,
        *,
        rooms: Rooms,
        redis: Redis,
        bus: Bus,
        media_secret: str,
        live_key: bytes,
        grace_seconds: float,
        recordings: Store,
    ) -> None:
        self.bus = bus
        self.registry = Registry(KINDS)
        self.presence = Presence(redis)
        self.said = Said(redis, bus, live_key)
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
        self.recordings = RecordingKeeper(
            recordings=rooms.recordings,
            kept=rooms.kept_recordings,
            calls=self.calls,
            bus=bus,
            redis=redis,
            store=recordings,
        )

    async def __aenter__(self) -> Self:
        await self.endings.start()
        await self.openings.start()
        await self.recordings.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Close every connection and stop. May be called twice."""
        await self.registry.close()
        await self.recordings.close()
        await self.openings.close()
        await self.endings.close()
        await self._session.close()

    async def attendance(self, visits: Sequence[Visit]) -> Mapping[str, Attendance]:
        """How each visit's patient is doing, by the visit's id."""
        return by_visit(visits, await self.presence.attendance([visit.person_id for visit in visits]))

    async def view(self, visit: Visit) -> VisitView:
        """A visit as staff see it now."""
        return visit_view(visit, (await self.attendance((visit,)))[visit.id])

    async def page_reported(
        self, person_ids: Collection[str], clinic_ids: Collection[str], report: DeviceReport
    ) -> None:
        """Take what a patient's page says of itself, for each of its profiles, and show it to these clinics."""
        for person_id in person_ids:
            await self.presence.report(person_id, report)
        for clinic_id in clinic_ids:
            self.bus.announce(clinic_topic(clinic_id))

    def logged_out(self, login_id: str) -> None:
        """Close every page of a login that has ended."""
        self.bus.announce(login_topic(login_id))

    async def consultation_over(self, visit_id: str) -> None:
        """Take the media of a consultation down, if there is any, and forget what was noted of it."""
        await self.calls.end(visit_id)
        await self.said.forget(visit_id)
        await self.endings.forget(visit_id)
        self.recordings.wake()
