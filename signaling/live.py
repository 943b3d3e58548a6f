"""The live pages: what happens in a clinic to its staff, and what concerns a patient to the patient.

Staff get the board once and then each event of the clinic's log in order, without gaps: after a wake-up, and after every
reconnect, what has not been sent is read from the log. The patient gets all clinic cards anew whenever one has changed.
A guest is told how they stand, by what happens in their visit alone.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack

from aiohttp import web

from rooms.directory import Directory
from rooms.errors import NotFound
from rooms.family import Family
from rooms.log import Log
from rooms.records import Event, Role, Visit
from rooms.states import OPEN_VISITS
from rooms.waiting_room import WaitingRoom

from .attendance import Attendance, by_visit
from .bus import Bus, call_topic, clinic_topic, person_topic
from .connection import Connection, Registry
from .messages import CardsMessage, EventMessage, GuestMessage
from .presence import Presence, patient_subject
from .views import board_message, cards_message, milliseconds, presence_message, room_view, visit_view

MAX_REPLAY = 500
"""Events replayed to a browser that comes back; past that it gets the board anew."""

_STAFF = (Role.PRACTITIONER, Role.EMPLOYEE)
_ROOM_EVENTS = frozenset({"room_opened", "room_closed", "messages_set", "settings_set"})


class StaffLive:
    """One staff page's live connection to one clinic."""

    def __init__(
        self,
        *,
        waiting_room: WaitingRoom,
        directory: Directory,
        log: Log,
        bus: Bus,
        registry: Registry,
        presence: Presence,
        clinic_id: str,
        login_id: str,
        still_allowed: Callable[[], Awaitable[bool]],
    ) -> None:
        self._waiting_room = waiting_room
        self._directory = directory
        self._log = log
        self._presence = presence
        self._clinic_id = clinic_id
        self._connection = Connection(registry, "staff", bus, login_id, still_allowed)
        self._sent = 0
        self._open: dict[str, tuple[str, Attendance]] = {}
        """Person and shown attendance of each open visit, by the visit's id."""

    async def serve(self, request: web.Request, since: int | None) -> web.WebSocketResponse:
        """Serve the page until it goes. `since` is the last event it has; None for a page that has nothing."""

        async def work() -> None:
            self._connection.listen(clinic_topic(self._clinic_id))
            await self._begin(since)
            while True:
                await self._connection.woken()
                await self._catch_up()
                await self._show_presence()

        return await self._connection.run(request, work)

    async def _begin(self, since: int | None) -> None:
        board = await self._waiting_room.board(self._clinic_id)
        attendance = by_visit(board.visits, await self._presence.attendance([v.person_id for v in board.visits]))
        known = since is not None and 0 <= board.last_event - since <= MAX_REPLAY
        for visit in board.visits:
            self._note(visit, attendance[visit.id])
        if known and since is not None:
            self._sent = since
            await self._catch_up()
            for visit_id, (_, shown) in self._open.items():
                await self._connection.send(presence_message(visit_id, shown))
        else:
            self._sent = board.last_event
            await self._connection.send(board_message(board, attendance))

    async def _catch_up(self) -> None:
        while events := await self._log.since(self._clinic_id, self._sent):
            for event in events:
                await self._connection.send(await self._message(event))
                self._sent = event.number

    async def _message(self, event: Event) -> EventMessage:
        room = visit = None
        if event.kind in _ROOM_EVENTS:
            room = room_view((await self._waiting_room.board(self._clinic_id)).clinic)
        if event.visit_id is not None:
            record = await self._waiting_room.visit(self._clinic_id, event.visit_id)
            attendance = (await self._presence.attendance([record.person_id]))[record.person_id]
            self._note(record, attendance)
            visit = visit_view(record, attendance)
        return EventMessage(
            number=event.number,
            kind=event.kind,
            at_ms=milliseconds(event.at),
            actor_id=event.actor.person_id,
            actor_name=await self._staff_name(event),
            room=room,
            visit=visit,
        )

    async def _staff_name(self, event: Event) -> str | None:
        if event.actor.role not in _STAFF:
            return None
        person = await self._directory.person(event.actor.person_id)
        return None if person is None else person.name

    def _note(self, visit: Visit, attendance: Attendance) -> None:
        if visit.state in OPEN_VISITS:
            self._open[visit.id] = (visit.person_id, attendance)
        else:
            self._open.pop(visit.id, None)

    async def _show_presence(self) -> None:
        found = await self._presence.attendance([person for person, _ in self._open.values()])
        for visit_id, (person_id, shown) in list(self._open.items()):
            if found[person_id] != shown:
                self._open[visit_id] = (person_id, found[person_id])
                await self._connection.send(presence_message(visit_id, found[person_id]))


class PatientLive:
    """One patient page's live connection. As long as it stands, the patient counts as connected, and so do the children."""

    def __init__(
        self,
        *,
        waiting_room: WaitingRoom,
        family: Family,
        bus: Bus,
        registry: Registry,
        presence: Presence,
        person_id: str,
        login_id: str,
        still_allowed: Callable[[], Awaitable[bool]],
    ) -> None:
        self._waiting_room = waiting_room
        self._family = family
        self._bus = bus
        self._presence = presence
        self._person_id = person_id
        self._connection = Connection(registry, "patient", bus, login_id, still_allowed)
        self._shown: CardsMessage | None = None
        self._counted: dict[str, AsyncExitStack] = {}
        """What lets each profile count as connected, by the person's id."""

    async def serve(self, request: web.Request) -> web.WebSocketResponse:
        """Serve the page until it goes."""
        try:
            await self._count({profile.person_id for profile in await self._family.profiles(self._person_id)})
            return await self._connection.run(request, self._work)
        finally:
            await self._count(set())
            self._tell_clinics()

    async def _count(self, profiles: set[str]) -> None:
        """Let these count as connected, and no others."""
        for gone in self._counted.keys() - profiles:
            await self._counted.pop(gone).aclose()
        for come in profiles - self._counted.keys():
            self._counted[come] = AsyncExitStack()
            await self._counted[come].enter_async_context(self._presence.connected(patient_subject(come)))

    async def _work(self) -> None:
        await self._show()
        self._tell_clinics()
        while True:
            await self._connection.woken()
            await self._show()

    async def _show(self) -> None:
        profiles = await self._family.profiles(self._person_id)
        message = cards_message({each: await self._waiting_room.cards(each.person_id) for each in profiles})
        topics = [clinic_topic(card.clinic_id) for card in message.cards]
        self._connection.listen(*(person_topic(each.person_id) for each in profiles), *topics)
        await self._count({each.person_id for each in profiles})
        if message != self._shown:
            await self._connection.send(message)
            self._shown = message

    def _tell_clinics(self) -> None:
        """Let the clinics where the patient has an open visit look at who is connected."""
        for card in self._shown.cards if self._shown is not None else ():
            if card.visit is not None and card.visit.state in OPEN_VISITS:
                self._bus.announce(clinic_topic(card.clinic_id))


class GuestLive:
    """One guest page's live connection. `look` reads how the guest stands now; raises NotFound when there is none any longer."""

    def __init__(
        self,
        *,
        bus: Bus,
        registry: Registry,
        guest_id: str,
        visit_id: str,
        look: Callable[[], Awaitable[GuestMessage]],
    ) -> None:
        self._visit_id = visit_id
        self._look = look
        self._connection = Connection(registry, "guest", bus, f"guest-{guest_id}", self._still_allowed)
        self._shown: GuestMessage | None = None

    async def serve(self, request: web.Request) -> web.WebSocketResponse:
        """Serve the page until it goes or the guest is out."""
        return await self._connection.run(request, self._work)

    async def _still_allowed(self) -> bool:
        try:
            await self._look()
        except NotFound:
            return False
        return True

    async def _work(self) -> None:
        self._connection.listen(call_topic(self._visit_id))
        while await self._show():
            await self._connection.woken()

    async def _show(self) -> bool:
        """Send what has changed. False when there will be nothing more."""
        message = await self._look()
        if message != self._shown:
            await self._connection.send(message)
            self._shown = message
        return message.state in ("knocking", "admitted")
