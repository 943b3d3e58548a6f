"""The WebSockets' addresses: who may open which, and the one note that a browser leaves when its call tab closes.

What goes over them is `signaling`'s; here a request becomes an access that is asked for anew whenever something happens.
"""

from __future__ import annotations

import time
from contextlib import suppress
from types import NoneType

from aiohttp import web

from rooms.audit import TOLD_AGAIN_AFTER
from rooms.errors import NotFound
from rooms.records import Role, Visit
from rooms.states import GuestState
from rooms.store import Rooms
from signaling.bus import person_topic
from signaling.call import CallConnection
from signaling.errors import NotYourTurn
from signaling.live import GuestLive, PatientLive, StaffLive
from signaling.messages import GuestMessage, GuestsMessage, RecordingMessage
from signaling.participants import MAY_CONNECT, Place, Side
from signaling.views import guest_view, name_for_staff, recording_message
from signaling.worker import Worker

from .access import Access, AtWork
from .errors import NotLoggedIn
from .guests import guest_of, standing
from .ice import CallConfigurations
from .routes import ID, Route, route
from .schemas import CallConfiguration
from .staff import AT_WORK, CLINIC, VISIT


class SocketHandlers:
    """The live half of the interface, on the worker's parts. `ice` makes what a browser in a call is told."""

    def __init__(self, *, rooms: Rooms, access: Access, worker: Worker, ice: CallConfigurations) -> None:
        self._rooms = rooms
        self._access = access
        self._worker = worker
        self._ice = ice

    def add(self, app: web.Application) -> None:
        """Mount the sockets; they are closed when the application shuts down."""
        clinic = CLINIC.replace("{clinic_id}", f"{{clinic_id:{ID}}}")
        visit = f"/visits/{{visit_id:{ID}}}/call"
        app.router.add_get(f"{clinic}/live", self._staff_live)
        app.router.add_get(clinic + visit, self._staff_call)
        app.router.add_get("/api/patient/live", self._patient_live)
        app.router.add_get("/api/patient" + visit, self._patient_call)
        app.router.add_get("/api/guest/live", self._guest_live)
        app.router.add_get("/api/guest/call", self._guest_call)

        async def close(_: web.Application) -> None:
            await self._worker.registry.close()

        app.on_shutdown.append(close)

    def routes(self) -> tuple[Route, ...]:
        """The REST operations that belong to the call."""
        return (
            route(
                "GET",
                VISIT + "/call/configuration",
                self._staff_configuration,
                summary="What the clinician's browser needs before it makes its peer connection",
                gives=CallConfiguration,
                refuses=(*AT_WORK, NotYourTurn),
            ),
            route(
                "GET",
                "/api/patient/visits/{visit_id}/call/configuration",
                self._patient_configuration,
                summary="What the patient's browser needs before it makes its peer connection",
                gives=CallConfiguration,
                refuses=(NotLoggedIn, NotFound, NotYourTurn),
            ),
            route(
                "GET",
                "/api/guest/call/configuration",
                self._guest_configuration,
                summary="What a guest's browser needs before it makes its peer connection",
                gives=CallConfiguration,
                refuses=(NotLoggedIn, NotYourTurn),
            ),
            route(
                "POST",
                VISIT + "/closing",
                self._closing,
                summary="The call tab is closing: the consultation ends unless the tab is back in a moment",
                gives=NoneType,
                status=204,
                refuses=AT_WORK,
            ),
        )

    async def _staff_configuration(self, request: web.Request) -> CallConfiguration:
        at_work = await self._access.staff(request)
        visit = await self._rooms.waiting_room.visit(at_work.clinic_id, request.match_info["visit_id"])
        return self._configuration(Side.CLINICIAN, visit)

    async def _patient_configuration(self, request: web.Request) -> CallConfiguration:
        person, _ = await self._access.patient(request)
        return self._configuration(Side.PATIENT, await self._visit_for(person.id, request.match_info["visit_id"]))

    async def _guest_configuration(self, request: web.Request) -> CallConfiguration:
        guest = await guest_of(request, self._rooms)
        if guest.state is not GuestState.ADMITTED:
            raise NotYourTurn
        visit = await self._rooms.waiting_room.visit(guest.clinic_id, guest.visit_id)
        return self._configuration(Side.GUEST, visit)

    def _configuration(self, side: Side, visit: Visit) -> CallConfiguration:
        """For whoever may offer now, and for nobody else: credentials let one send through the TURN server."""
        if visit.state not in MAY_CONNECT[side]:
            raise NotYourTurn
        return self._ice.fresh()

    async def _closing(self, request: web.Request) -> None:
        at_work = await self._access.staff(request)
        visit = await self._rooms.waiting_room.visit(at_work.clinic_id, request.match_info["visit_id"])
        # The tab of somebody whose colleague has taken over ends nothing.
        if visit.practitioner_id == at_work.actor.practitioner_id:
            await self._worker.endings.tab_closing(at_work.actor, visit.id)

    async def _staff_live(self, request: web.Request) -> web.WebSocketResponse:
        at_work = await self._access.staff(request)
        since = request.query.get("since", "")
        told = _Told()
        live = StaffLive(
            waiting_room=self._rooms.waiting_room,
            directory=self._rooms.directory,
            log=self._rooms.log,
            bus=self._worker.bus,
            registry=self._worker.registry,
            presence=self._worker.presence,
            clinic_id=at_work.clinic_id,
            login_id=at_work.login_id,
            still_allowed=lambda: self._sees_board(at_work, told),
        )
        await self._sees_board(at_work, told)
        return await live.serve(request, int(since) if since.isdecimal() and len(since) < 16 else None)

    async def _staff_call(self, request: web.Request) -> web.WebSocketResponse:
        at_work = await self._access.staff(request)
        visit_id = request.match_info["visit_id"]
        # The clinician's end is whose the patient is; a colleague joins the two.
        joins = request.query.get("as") == Side.COLLEAGUE.value
        place = Place(Side.COLLEAGUE, at_work.actor.person_id) if joins else Place(Side.CLINICIAN)

        async def look() -> Visit:
            if not await self._is_staff(at_work):
                raise NotFound
            return await self._rooms.waiting_room.visit(at_work.clinic_id, visit_id)

        def is_holder(visit: Visit) -> bool:
            return joins or visit.practitioner_id in (None, at_work.actor.practitioner_id)

        async def came() -> None:
            await self._rooms.audit.companion_joined(at_work.actor, await look(), place.side.value)

        async def went() -> None:
            visit = await self._rooms.waiting_room.visit(at_work.clinic_id, visit_id)
            await self._rooms.audit.companion_left(at_work.actor, visit, place.side.value)

        may_ask = at_work.actor.role is Role.PRACTITIONER and not joins
        await look()
        call = CallConnection(
            place=place,
            visit_id=visit_id,
            look=look,
            other_name=name_for_staff,
            name_of=lambda whose, visit: self._name_of(whose, visit, name_for_staff(visit)),
            recording=lambda visit: self._recording(visit, may_ask=may_ask),
            is_holder=is_holder,
            guests=None if joins else lambda: self._guests(visit_id),
            came=came if joins else None,
            went=went if joins else None,
            # What tells that they may work here no longer.
            topics=(person_topic(at_work.actor.person_id),),
            calls=self._worker.calls,
            said=self._worker.said,
            bus=self._worker.bus,
            registry=self._worker.registry,
            presence=self._worker.presence,
            login_id=at_work.login_id,
        )
        return await call.serve(request)

    async def _patient_live(self, request: web.Request) -> web.WebSocketResponse:
        person, login_id = await self._access.patient(request)
        live = PatientLive(
            waiting_room=self._rooms.waiting_room,
            family=self._rooms.family,
            bus=self._worker.bus,
            registry=self._worker.registry,
            presence=self._worker.presence,
            person_id=person.id,
            login_id=login_id,
            still_allowed=lambda: self._rooms.logins.stands(login_id, person.id),
        )
        return await live.serve(request)

    async def _patient_call(self, request: web.Request) -> web.WebSocketResponse:
        person, login_id = await self._access.patient(request)
        visit_id = request.match_info["visit_id"]

        async def look() -> Visit:
            if not await self._rooms.logins.stands(login_id, person.id):
                raise NotFound
            return await self._visit_for(person.id, visit_id)

        await look()
        call = CallConnection(
            place=Place(Side.PATIENT),
            visit_id=visit_id,
            look=look,
            other_name=lambda visit: visit.practitioner_name or "",
            name_of=lambda whose, visit: self._name_of(whose, visit, visit.name),
            recording=lambda visit: self._recording(visit, answers=True),
            calls=self._worker.calls,
            said=self._worker.said,
            bus=self._worker.bus,
            registry=self._worker.registry,
            presence=self._worker.presence,
            login_id=login_id,
        )
        return await call.serve(request)

    async def _name_of(self, whose: Place, visit: Visit, patient: str) -> str:
        """What a participant of a call is called on the others' pages; `patient`: what the patient is called there."""
        match whose.side:
            case Side.CLINICIAN:
                return visit.practitioner_name or ""
            case Side.PATIENT:
                return patient
            case Side.COLLEAGUE:
                colleague = await self._rooms.directory.person(whose.of)
                return colleague.name if colleague is not None else ""
            case Side.DEVICE:
                return whose.of
            case Side.GUEST:
                with suppress(NotFound):
                    return (await self._rooms.guests.guest(whose.of)).name
        return ""

    async def _guest_live(self, request: web.Request) -> web.WebSocketResponse:
        guest = await guest_of(request, self._rooms)

        async def look() -> GuestMessage:
            stands = await standing(self._rooms, await self._rooms.guests.guest(guest.id))
            return GuestMessage(state=stands.state, name=stands.name)

        live = GuestLive(
            bus=self._worker.bus,
            registry=self._worker.registry,
            guest_id=guest.id,
            visit_id=guest.visit_id,
            look=look,
        )
        return await live.serve(request)

    async def _guest_call(self, request: web.Request) -> web.WebSocketResponse:
        guest = await guest_of(request, self._rooms)

        async def look() -> Visit:
            if (await self._rooms.guests.guest(guest.id)).state is not GuestState.ADMITTED:
                raise NotFound
            return await self._rooms.waiting_room.visit(guest.clinic_id, guest.visit_id)

        await look()
        call = CallConnection(
            place=Place(Side.GUEST, guest.id),
            visit_id=guest.visit_id,
            look=look,
            other_name=lambda visit: visit.practitioner_name or "",
            # The patient is named to nobody who was let in by a code: the page says what they are.
            name_of=lambda whose, visit: self._name_of(whose, visit, ""),
            recording=self._recording,
            calls=self._worker.calls,
            said=self._worker.said,
            bus=self._worker.bus,
            registry=self._worker.registry,
            presence=self._worker.presence,
            login_id=f"guest-{guest.id}",
        )
        return await call.serve(request)

    async def _guests(self, visit_id: str) -> GuestsMessage:
        return GuestsMessage(guests=tuple(map(guest_view, await self._rooms.guests.of_visit(visit_id))))

    async def _recording(self, visit: Visit, *, may_ask: bool = False, answers: bool = False) -> RecordingMessage:
        return recording_message(await self._rooms.recordings.of_visit(visit.id), may_ask=may_ask, answers=answers)

    async def _visit_for(self, person_id: str, visit_id: str) -> Visit:
        """A visit of the person or of somebody the person acts for. Raises NotFound for any other."""
        profiles = await self._rooms.family.profiles(person_id)
        return await self._rooms.waiting_room.visit_of({each.person_id for each in profiles}, visit_id)

    async def _sees_board(self, at_work: AtWork, told: _Told) -> bool:
        """Whether the page may go on showing the board; that it does is told when it begins, and once an hour."""
        allowed = await self._is_staff(at_work)
        if allowed and told.is_due():
            board = await self._rooms.waiting_room.board(at_work.clinic_id)
            await self._rooms.audit.board_viewed(at_work.actor, at_work.clinic_id, board.visits)
        return allowed

    async def _is_staff(self, at_work: AtWork) -> bool:
        if not await self._rooms.logins.stands(at_work.login_id, at_work.actor.person_id):
            return False
        try:
            await self._rooms.directory.staff(at_work.actor.person_id, at_work.clinic_id)
        except NotFound:
            return False
        return True

    async def _is_known(self, person_id: str) -> bool:
        return await self._rooms.directory.person(person_id) is not None


class _Told:
    """When one page last told the audit what it shows."""

    def __init__(self) -> None:
        self._next = 0.0

    def is_due(self) -> bool:
        """True at first and then once in `TOLD_AGAIN_AFTER`."""
        now = time.monotonic()
        if now < self._next:
            return False
        self._next = now + TOLD_AGAIN_AFTER.total_seconds()
        return True
