"""What practice systems ask for over HTTP: launches, and their clinics' patients and queues. Each request is signed anew."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from types import NoneType

from aiohttp import web

from rooms.errors import (
    AlreadyPatient,
    LaunchPersonUnknown,
    MalformedAuthorisationId,
    MalformedClinicIdentifier,
    MalformedCpr,
    MistypedSorId,
    NotFound,
    PatientInConsultation,
    PlaceholderAuthorisationId,
    RoomsError,
    UnknownClinic,
    UnknownPerson,
)
from rooms.identifiers import parse_authorisation_id
from rooms.practice_systems import PracticeSystem
from rooms.states import OPEN_VISITS
from rooms.store import Rooms
from signaling.views import milliseconds
from signaling.worker import Worker

from .access_log import route_pattern
from .errors import FieldsInvalid, TokenRefused
from .launches import ADDRESS
from .practice_tokens import PracticeTokens
from .routes import Route, route
from .schemas import (
    BeginLaunch,
    LaunchPatient,
    LaunchView,
    PracticeClinic,
    PracticeClinicList,
    PracticePatient,
    PracticeQueue,
    PracticeVisit,
)

CLINIC = "/api/practice/clinics/{clinic_id}"


class PracticeHandlers:
    """The practice systems' half of the REST interface. `origin`: where browsers find this server."""

    def __init__(self, rooms: Rooms, worker: Worker, tokens: PracticeTokens, origin: str) -> None:
        self._rooms = rooms
        self._worker = worker
        self._tokens = tokens
        self._origin = origin

    async def launch(self, request: web.Request, body: BeginLaunch) -> LaunchView:
        system = await self._tokens.system(request)
        if (body.authorisation_id is None) == (body.professional_id is None):
            raise FieldsInvalid("Name the person by one of authorisation_id and professional_id.")
        authorisation_id = None if body.authorisation_id is None else parse_authorisation_id(body.authorisation_id)
        clinic = await self._rooms.practice_systems.clinic(system, body.clinic)
        launches = self._rooms.launches
        async with self._refusals_told(request, system, clinic.id):
            person_id = await launches.person(
                clinic.id, authorisation_id=authorisation_id, professional_id=body.professional_id
            )
            patient = None if body.patient is None else await self._present(system, clinic.id, body.patient)
            patient_id = None if patient is None else patient.patient_id
            ticket = await launches.begin(system, clinic.id, person_id, patient_id)
        return LaunchView(
            url=f"{self._origin}{ADDRESS}{ticket.secret}",
            expires_at_ms=milliseconds(ticket.expires_at),
            patient_id=patient_id,
        )

    async def clinics(self, request: web.Request) -> PracticeClinicList:
        system = await self._tokens.system(request)
        found = await self._rooms.practice_systems.clinics(system)
        return PracticeClinicList(
            clinics=tuple(
                PracticeClinic(
                    id=clinic.id,
                    name=clinic.name,
                    ydernummer=clinic.ydernummer,
                    sor_id=clinic.sor_id,
                    room=clinic.room.value,
                )
                for clinic in found
            )
        )

    async def add_patient(self, request: web.Request, body: LaunchPatient) -> PracticePatient:
        system, clinic_id = await self._clinic(request)
        async with self._refusals_told(request, system, clinic_id):
            return await self._present(system, clinic_id, body)

    async def remove_patient(self, request: web.Request) -> None:
        system, clinic_id = await self._clinic(request)
        async with self._refusals_told(request, system, clinic_id):
            await self._rooms.patients.remove(system.actor, clinic_id, request.match_info["patient_id"])

    async def queue(self, request: web.Request) -> PracticeQueue:
        system, clinic_id = await self._clinic(request)
        board = await self._rooms.waiting_room.board(clinic_id)
        visits = [visit for visit in board.visits if visit.state in OPEN_VISITS]
        await self._rooms.audit.board_viewed(system.actor, clinic_id, visits)
        references = await self._rooms.practice_systems.references(system.id, [visit.patient_id for visit in visits])
        attendance = await self._worker.attendance(visits)
        return PracticeQueue(
            room=board.clinic.room.value,
            visits=tuple(
                PracticeVisit.model_validate(
                    {
                        "visit_id": visit.id,
                        "patient_id": visit.patient_id,
                        "reference": references.get(visit.patient_id),
                        "state": visit.state.value,
                        "joined_at_ms": milliseconds(visit.joined_at),
                        "practitioner_id": visit.practitioner_id,
                        "connected": attendance[visit.id].connected,
                    }
                )
                for visit in visits
            ),
        )

    async def _clinic(self, request: web.Request) -> tuple[PracticeSystem, str]:
        """The practice system that asks, and the clinic that the path names.

        Raises:
            TokenRefused: it is not known who asks.
            NotFound: the clinic is not the system's.
        """
        system = await self._tokens.system(request)
        clinic_id = request.match_info["clinic_id"]
        if clinic_id not in system.clinic_ids:
            raise NotFound
        return system, clinic_id

    @asynccontextmanager
    async def _refusals_told(self, request: web.Request, system: PracticeSystem, clinic_id: str) -> AsyncIterator[None]:
        """Whatever is refused inside stands on the clinic's log."""
        try:
            yield
        except RoomsError as refusal:
            asked = f"{request.method} {route_pattern(request)}"
            about = request.match_info.get("patient_id")
            await self._rooms.audit.refused(system.actor, clinic_id, refusal.code, asked, about=about)
            raise

    async def _present(self, system: PracticeSystem, clinic_id: str, wanted: LaunchPatient) -> PracticePatient:
        """The patient, added where the clinic had not, so that asking a second time does no harm."""
        added = True
        try:
            patient_id = (await self._rooms.patients.add(system.actor, clinic_id, wanted.cpr)).id
        except AlreadyPatient:
            there = await self._rooms.practice_systems.patient(clinic_id, wanted.cpr)
            if there is None:  # removed just now by somebody else
                raise
            patient_id, added = there, False
        if wanted.reference is not None:
            await self._rooms.practice_systems.refer(system, clinic_id, patient_id, wanted.reference)
        references = await self._rooms.practice_systems.references(system.id, [patient_id])
        return PracticePatient(patient_id=patient_id, reference=references.get(patient_id), added=added)

    def routes(self) -> tuple[Route, ...]:
        """Every operation of this half."""
        asked = (TokenRefused, NotFound)
        adding = (MalformedCpr, UnknownPerson, AlreadyPatient)
        return (
            route(
                "POST",
                "/api/launches",
                self.launch,
                summary="Make an address that sends one of the clinic's staff to its waiting room.",
                takes=BeginLaunch,
                gives=LaunchView,
                status=201,
                refuses=(
                    *asked,
                    *adding,
                    MalformedAuthorisationId,
                    PlaceholderAuthorisationId,
                    MalformedClinicIdentifier,
                    MistypedSorId,
                    UnknownClinic,
                    LaunchPersonUnknown,
                ),
                security="practice_system",
            ),
            route(
                "GET",
                "/api/practice/clinics",
                self.clinics,
                summary="The practice system's clinics.",
                gives=PracticeClinicList,
                refuses=(TokenRefused,),
                security="practice_system",
            ),
            route(
                "POST",
                CLINIC + "/patients",
                self.add_patient,
                summary="Add a patient, or find the one that was added before.",
                takes=LaunchPatient,
                gives=PracticePatient,
                refuses=(*asked, *adding),
                security="practice_system",
            ),
            route(
                "DELETE",
                CLINIC + "/patients/{patient_id}",
                self.remove_patient,
                summary="Remove a patient.",
                gives=NoneType,
                status=204,
                refuses=(*asked, PatientInConsultation),
                security="practice_system",
            ),
            route(
                "GET",
                CLINIC + "/queue",
                self.queue,
                summary="The clinic's visits under way.",
                gives=PracticeQueue,
                refuses=asked,
                security="practice_system",
            ),
        )
