"""What a patient asks for over HTTP: who is logged in, the clinics' cards, the way into a queue and out of it."""

from __future__ import annotations

from types import NoneType

from aiohttp import web

from rooms.errors import AlreadyQueued, NotFound, RoomClosed, WrongState
from rooms.store import Rooms
from signaling.messages import CardsMessage, PatientVisit
from signaling.views import cards_message, patient_visit
from signaling.worker import Worker

from .access import Access
from .errors import NotLoggedIn
from .routes import Route, route
from .schemas import PatientSession, Provider
from .sessions import Login


class PatientHandlers:
    """The patient's half of the REST interface.

    Args:
        providers: the ways to log in, for the login page.
    """

    def __init__(self, rooms: Rooms, access: Access, worker: Worker, providers: tuple[Provider, ...]) -> None:
        self._rooms = rooms
        self._access = access
        self._providers = providers
        self._worker = worker

    async def session(self, request: web.Request) -> PatientSession:
        try:
            who, _ = await self._access.patient(request)
        except NotLoggedIn:
            return PatientSession(providers=self._providers)
        return PatientSession(providers=self._providers, person_name=who.name)

    async def log_out(self, request: web.Request) -> None:
        login = await Login.of(request)
        if login.patient is not None:
            self._worker.logged_out(login.patient.login_id)
        login.patient = None

    async def cards(self, request: web.Request) -> CardsMessage:
        person, _ = await self._access.patient(request)
        return cards_message(await self._rooms.waiting_room.cards(person.id))

    async def join(self, request: web.Request) -> PatientVisit:
        person, _ = await self._access.patient(request)
        return patient_visit(await self._rooms.waiting_room.join(person.id, request.match_info["clinic_id"]))

    async def leave(self, request: web.Request) -> PatientVisit:
        person, _ = await self._access.patient(request)
        return patient_visit(await self._rooms.waiting_room.leave(person.id, request.match_info["visit_id"]))

    def routes(self) -> tuple[Route, ...]:
        """Every operation of this half."""
        return (
            route(
                "GET",
                "/api/patient/session",
                self.session,
                summary="Who is logged in on the patient's page.",
                gives=PatientSession,
            ),
            route("DELETE", "/api/patient/session", self.log_out, summary="Log out.", gives=NoneType, status=204),
            route(
                "GET",
                "/api/patient/cards",
                self.cards,
                summary="Every clinic that has added the patient.",
                gives=CardsMessage,
                refuses=(NotLoggedIn,),
            ),
            route(
                "POST",
                "/api/patient/clinics/{clinic_id}/join",
                self.join,
                summary="Join a clinic's queue.",
                gives=PatientVisit,
                refuses=(NotLoggedIn, NotFound, RoomClosed, AlreadyQueued),
            ),
            route(
                "POST",
                "/api/patient/visits/{visit_id}/leave",
                self.leave,
                summary="Leave the queue.",
                gives=PatientVisit,
                refuses=(NotLoggedIn, NotFound, WrongState),
            ),
        )
