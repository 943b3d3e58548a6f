"""What a patient asks for over HTTP: who is logged in, the clinics' cards, the way into a queue and out of it."""

from __future__ import annotations

from aiohttp import web

from rooms.errors import AlreadyQueued, NotFound, RoomClosed, WrongState
from rooms.store import Rooms
from signaling.messages import CardsMessage, PatientVisit
from signaling.views import cards_message, patient_visit

from .access import Access
from .errors import NotLoggedIn
from .logout import Logout
from .routes import Route, route
from .schemas import LoggedOut, PatientSession, Provider
from .sessions import Login

PROFILE = "/api/patient/profiles/{profile_id}"
"""One of the profiles that the person logged in acts for; the guardianship is asked for on every request."""


class PatientHandlers:
    """The patient's half of the REST interface.

    Args:
        providers: the ways to log in, for the login page.
        logout: ends a login.
    """

    def __init__(self, rooms: Rooms, access: Access, providers: tuple[Provider, ...], logout: Logout) -> None:
        self._rooms = rooms
        self._access = access
        self._providers = providers
        self._logout = logout

    async def session(self, request: web.Request) -> PatientSession:
        try:
            who, _ = await self._access.patient(request)
        except NotLoggedIn:
            return PatientSession(providers=self._providers)
        return PatientSession(providers=self._providers, person_name=who.name)

    async def log_out(self, request: web.Request) -> LoggedOut:
        login = await Login.of(request)
        slot, login.patient = login.patient, None
        return await self._logout.end(slot, back_to="/patient")

    async def cards(self, request: web.Request) -> CardsMessage:
        person, _ = await self._access.patient(request)
        profiles = await self._rooms.family.profiles(person.id)
        return cards_message({each: await self._rooms.waiting_room.cards(each.person_id) for each in profiles})

    async def join(self, request: web.Request) -> PatientVisit:
        person_id, by = await self._for_whom(request)
        visit = await self._rooms.waiting_room.join(person_id, request.match_info["clinic_id"], by=by)
        return patient_visit(visit)

    async def leave(self, request: web.Request) -> PatientVisit:
        person_id, by = await self._for_whom(request)
        return patient_visit(await self._rooms.waiting_room.leave(person_id, request.match_info["visit_id"], by=by))

    async def _for_whom(self, request: web.Request) -> tuple[str, str]:
        """Whom the request is for, and who asks. Raises NotFound for a profile that is not the person's."""
        person, _ = await self._access.patient(request)
        profile_id = request.match_info.get("profile_id", person.id)
        return (await self._rooms.family.profile(person.id, profile_id)).person_id, person.id

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
            route("DELETE", "/api/patient/session", self.log_out, summary="Log out.", gives=LoggedOut),
            route(
                "GET",
                "/api/patient/cards",
                self.cards,
                summary="Every clinic that has added the patient, or one of the patient's children.",
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
            route(
                "POST",
                PROFILE + "/clinics/{clinic_id}/join",
                self.join,
                summary="Join a clinic's queue as oneself or one's child.",
                gives=PatientVisit,
                refuses=(NotLoggedIn, NotFound, RoomClosed, AlreadyQueued),
            ),
            route(
                "POST",
                PROFILE + "/visits/{visit_id}/leave",
                self.leave,
                summary="Leave the queue as oneself or one's child.",
                gives=PatientVisit,
                refuses=(NotLoggedIn, NotFound, WrongState),
            ),
        )
