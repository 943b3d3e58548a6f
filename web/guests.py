"""Guests over HTTP: the clinician invites, lets in, turns away and removes; the guest knocks with a code, and leaves."""

from __future__ import annotations

import contextlib
from types import NoneType

from aiohttp import web

from media.errors import NoSuchLeg
from rooms.errors import (
    GuestCodeRefused,
    GuestNameInvalid,
    GuestsFull,
    NotFound,
    NotInCallWithPatient,
    WrongState,
)
from rooms.records import Guest
from rooms.states import GuestState, VisitState
from rooms.store import Rooms
from signaling.errors import NoMediaNode
from signaling.messages import GuestView
from signaling.participants import Place, Side
from signaling.views import guest_view, milliseconds
from signaling.worker import Worker

from .access import Access
from .addresses import Addresses
from .errors import NotLoggedIn, TooManyGuesses
from .guesses import Guesses
from .routes import Route, route
from .schemas import GuestInvitation, GuestSelf, KnockAsGuest
from .sessions import GuestSlot, Login
from .staff import AT_WORK, VISIT

_ANSWERS = (*AT_WORK, NotInCallWithPatient, WrongState)


async def guest_of(request: web.Request, rooms: Rooms) -> Guest:
    """The guest whose browser asks, as the rows are now. Raises NotLoggedIn when it is no guest's."""
    slot = (await Login.of(request)).guest
    if slot is None:
        raise NotLoggedIn
    try:
        return await rooms.guests.guest(slot.guest_id)
    except NotFound:
        raise NotLoggedIn from None


async def standing(rooms: Rooms, guest: Guest) -> GuestSelf:
    """How a guest stands, the end of the call considered."""
    visit = await rooms.waiting_room.visit(guest.clinic_id, guest.visit_id)
    over = visit.state is not VisitState.IN_CALL
    ended = over and guest.state in (GuestState.KNOCKING, GuestState.ADMITTED)
    return GuestSelf(state="over" if ended else guest.state.value, name=guest.name)


class GuestHandlers:
    """What may be done is the rooms' to say; whoever is out is taken off the media node here."""

    def __init__(self, rooms: Rooms, access: Access, worker: Worker, guesses: Guesses, addresses: Addresses) -> None:
        self._rooms = rooms
        self._access = access
        self._worker = worker
        self._guesses = guesses
        self._addresses = addresses

    async def invite(self, request: web.Request) -> GuestInvitation:
        at_work = await self._access.staff(request)
        invited = await self._rooms.guests.invite(at_work.actor, at_work.clinic_id, request.match_info["visit_id"])
        return GuestInvitation(guest_id=invited.guest_id, code=invited.code, until_ms=milliseconds(invited.until))

    async def admit(self, request: web.Request) -> GuestView:
        at_work, meant = await self._access.staff(request), request.match_info
        guests = self._rooms.guests
        return guest_view(await guests.admit(at_work.actor, at_work.clinic_id, meant["visit_id"], meant["guest_id"]))

    async def refuse(self, request: web.Request) -> GuestView:
        at_work, meant = await self._access.staff(request), request.match_info
        guests = self._rooms.guests
        return guest_view(await guests.refuse(at_work.actor, at_work.clinic_id, meant["visit_id"], meant["guest_id"]))

    async def remove(self, request: web.Request) -> GuestView:
        at_work, meant = await self._access.staff(request), request.match_info
        removed = await self._rooms.guests.remove(
            at_work.actor, at_work.clinic_id, meant["visit_id"], meant["guest_id"]
        )
        await self._take_out(removed)
        return guest_view(removed)

    async def knock(self, request: web.Request, body: KnockAsGuest) -> GuestSelf:
        address = self._addresses.of(request)
        await self._guesses.take(address)
        guest = await self._rooms.guests.knock(body.code, body.name)
        await self._guesses.give_back(address)
        (await Login.of(request)).guest = GuestSlot(guest_id=guest.id)
        return await standing(self._rooms, guest)

    async def look(self, request: web.Request) -> GuestSelf:
        return await standing(self._rooms, await guest_of(request, self._rooms))

    async def leave(self, request: web.Request) -> None:
        left = await self._rooms.guests.leave((await guest_of(request, self._rooms)).id)
        await self._take_out(left)

    async def _take_out(self, guest: Guest) -> None:
        """Off the node at once, whatever the guest's page does. One that is not there, or a node that is gone, needs nothing."""
        with contextlib.suppress(NoSuchLeg, NoMediaNode):
            await self._worker.calls.put_out(guest.visit_id, Place(Side.GUEST, guest.id).id)

    def routes(self) -> tuple[Route, ...]:
        of_one = VISIT + "/guests/{guest_id}"
        return (
            route(
                "POST",
                VISIT + "/guests",
                self.invite,
                summary="Invite a guest into the call. The code is told this once.",
                gives=GuestInvitation,
                status=201,
                refuses=(*AT_WORK, NotInCallWithPatient, GuestsFull),
            ),
            route(
                "POST",
                of_one + "/admission",
                self.admit,
                summary="Let a guest in who has typed the code.",
                gives=GuestView,
                refuses=_ANSWERS,
            ),
            route(
                "POST",
                of_one + "/refusal",
                self.refuse,
                summary="Turn a guest away, or take an invitation back.",
                gives=GuestView,
                refuses=_ANSWERS,
            ),
            route(
                "POST",
                of_one + "/removal",
                self.remove,
                summary="Take a guest out of the call.",
                gives=GuestView,
                refuses=_ANSWERS,
            ),
            route(
                "POST",
                "/api/guest/knock",
                self.knock,
                summary="Ask to come in, with a code and a name. This browser is the guest's from then on.",
                takes=KnockAsGuest,
                gives=GuestSelf,
                status=201,
                refuses=(GuestCodeRefused, GuestNameInvalid, TooManyGuesses),
            ),
            route(
                "GET",
                "/api/guest",
                self.look,
                summary="How the guest of this browser stands.",
                gives=GuestSelf,
                refuses=(NotLoggedIn,),
            ),
            route(
                "POST",
                "/api/guest/leave",
                self.leave,
                summary="The guest leaves.",
                gives=NoneType,
                status=204,
                refuses=(NotLoggedIn, WrongState),
            ),
        )
