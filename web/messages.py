"""What a patient and the clinic's staff write to each other, over HTTP; that there is something new comes on the live sockets."""

from __future__ import annotations

from types import NoneType

from aiohttp import web

from rooms.errors import ChatOff, MessageInvalid, MessagesFull, MessagesTooFast, NotFound
from rooms.records import Actor, Party, Visit
from rooms.store import Rooms
from rooms.waiting_room import visitor
from signaling.messages import MessageList, MessageView
from signaling.views import message_view

from .access import Access
from .errors import NotLoggedIn
from .routes import Route, route
from .schemas import MessagesRead, WriteMessage
from .staff import AT_WORK, VISIT

PATIENT_VISIT = "/api/patient/visits/{visit_id}"

_REFUSED = (MessageInvalid, ChatOff, MessagesFull, MessagesTooFast)


class MessageHandlers:
    """Writing, reading and noting what was read, for each party on its own addresses."""

    def __init__(self, rooms: Rooms, access: Access) -> None:
        self._rooms = rooms
        self._access = access

    async def staff_write(self, request: web.Request, body: WriteMessage) -> MessageView:
        visit, actor = await self._as_staff(request)
        return await self._write(visit, actor, Party.CLINIC, body)

    async def staff_after(self, request: web.Request) -> MessageList:
        visit, _ = await self._as_staff(request)
        return await self._after(request, visit)

    async def staff_read(self, request: web.Request, body: MessagesRead) -> None:
        visit, actor = await self._as_staff(request)
        await self._rooms.messages.read(actor, Party.CLINIC, visit.clinic_id, visit.id, body.number)

    async def patient_write(self, request: web.Request, body: WriteMessage) -> MessageView:
        visit, actor = await self._as_patient(request)
        return await self._write(visit, actor, Party.PATIENT, body)

    async def patient_after(self, request: web.Request) -> MessageList:
        visit, _ = await self._as_patient(request)
        return await self._after(request, visit)

    async def patient_read(self, request: web.Request, body: MessagesRead) -> None:
        visit, actor = await self._as_patient(request)
        await self._rooms.messages.read(actor, Party.PATIENT, visit.clinic_id, visit.id, body.number)

    async def _write(self, visit: Visit, actor: Actor, by: Party, body: WriteMessage) -> MessageView:
        written = await self._rooms.messages.write(actor, by, visit.clinic_id, visit.id, body.key, body.text)
        return message_view(written)

    async def _after(self, request: web.Request, visit: Visit) -> MessageList:
        number = request.match_info["number"]
        if not number.isdecimal() or len(number) > 9:
            raise NotFound
        found = await self._rooms.messages.after(visit.id, int(number))
        return MessageList(messages=tuple(message_view(each) for each in found))

    async def _as_staff(self, request: web.Request) -> tuple[Visit, Actor]:
        at_work = await self._access.staff(request)
        visit = await self._rooms.waiting_room.visit(at_work.clinic_id, request.match_info["visit_id"])
        return visit, at_work.actor

    async def _as_patient(self, request: web.Request) -> tuple[Visit, Actor]:
        """The visit, of the person or of a child of the person's, and who acts in it."""
        person, _ = await self._access.patient(request)
        profiles = {each.person_id for each in await self._rooms.family.profiles(person.id)}
        visit = await self._rooms.waiting_room.visit_of(profiles, request.match_info["visit_id"])
        return visit, visitor(visit.person_id, person.id)

    def routes(self) -> tuple[Route, ...]:
        """Every operation on messages."""
        return (
            route(
                "POST",
                VISIT + "/messages",
                self.staff_write,
                summary="Write to the patient of a visit.",
                takes=WriteMessage,
                gives=MessageView,
                status=201,
                refuses=(*AT_WORK, *_REFUSED),
            ),
            route(
                "GET",
                VISIT + "/messages/after/{number}",
                self.staff_after,
                summary="The messages of a visit after one, 0 for all of them; at most 200 at a time.",
                gives=MessageList,
                refuses=AT_WORK,
            ),
            route(
                "POST",
                VISIT + "/messages/read",
                self.staff_read,
                summary="The patient's messages up to one have been seen by the clinic.",
                takes=MessagesRead,
                gives=NoneType,
                status=204,
                refuses=AT_WORK,
            ),
            route(
                "POST",
                PATIENT_VISIT + "/messages",
                self.patient_write,
                summary="Write to the clinic in one's own visit, or one's child's.",
                takes=WriteMessage,
                gives=MessageView,
                status=201,
                refuses=(NotLoggedIn, NotFound, *_REFUSED),
            ),
            route(
                "GET",
                PATIENT_VISIT + "/messages/after/{number}",
                self.patient_after,
                summary="The messages of a visit after one, 0 for all of them; at most 200 at a time.",
                gives=MessageList,
                refuses=(NotLoggedIn, NotFound),
            ),
            route(
                "POST",
                PATIENT_VISIT + "/messages/read",
                self.patient_read,
                summary="The clinic's messages up to one have been seen by the patient.",
                takes=MessagesRead,
                gives=NoneType,
                status=204,
                refuses=(NotLoggedIn, NotFound),
            ),
        )
