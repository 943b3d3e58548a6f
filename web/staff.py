"""What staff ask for over HTTP: the way in, the board, the room, the patient list and the visits."""

from __future__ import annotations

from types import NoneType

from aiohttp import web

from rooms.directory import Declaration, Entry
from rooms.errors import (
    AlreadyPatient,
    DeclarationMissing,
    ExplanationInvalid,
    MalformedClinicIdentifier,
    MalformedCpr,
    MessageInvalid,
    MistypedSorId,
    NotFound,
    NotStaffHere,
    PatientInConsultation,
    QueueChanged,
    UnknownClinic,
    UnknownPerson,
    UnknownPractitioner,
    WrongState,
)
from rooms.records import Actor, Role, Visit
from rooms.store import Rooms
from signaling.messages import BoardMessage, RoomView, VisitView
from signaling.views import board_message, room_view
from signaling.worker import Worker

from .access import Access
from .errors import NotAtWork, NotLoggedIn
from .launches import place_in
from .logout import Logout
from .routes import Route, route
from .schemas import (
    AddPatient,
    ChoosePractitioner,
    CloseRoom,
    DeclarationView,
    EnterClinic,
    LoggedOut,
    PatientList,
    PatientView,
    Provider,
    RejectVisit,
    RememberedClinic,
    RoomMessages,
    SearchPatients,
    StaffSession,
)
from .sessions import Login, StaffSlot
from .views import clinic_view, patient_view, practitioner_view

CLINIC = "/api/clinics/{clinic_id}"
VISIT = CLINIC + "/visits/{visit_id}"

AT_WORK = (NotLoggedIn, NotFound, NotAtWork)
"""What every request on a clinic's data may be refused with."""


class StaffHandlers:
    """The staff half of the REST interface.

    Args:
        providers: the ways to log in, for the login page.
        logout: ends a login.
    """

    def __init__(
        self,
        rooms: Rooms,
        access: Access,
        worker: Worker,
        declaration: Declaration,
        providers: tuple[Provider, ...],
        logout: Logout,
    ) -> None:
        self._rooms = rooms
        self._access = access
        self._declaration = declaration
        self._providers = providers
        self._logout = logout
        self._worker = worker

    # The way in.

    async def session(self, request: web.Request) -> StaffSession:
        login = await Login.of(request)
        slot = login.staff
        person = await self._access.person(slot)
        if login.launch is not None:
            return self._session("log_in", launched=True)
        if slot is None or person is None:
            return self._session("log_in")
        if slot.clinic_id is None:
            return await self._outside(slot, person.name)
        try:
            entry = await self._rooms.directory.staff(slot.person_id, slot.clinic_id, self._declaration.version)
        except NotFound:
            login.staff = slot.outside()
            return await self._outside(slot, person.name)
        return self._arrived(login, entry, slot, person.name)

    async def enter_clinic(self, request: web.Request, body: EnterClinic) -> StaffSession:
        login = await Login.of(request)
        slot = login.staff
        person = await self._access.person(slot)
        if slot is None or person is None:
            raise NotLoggedIn
        entry = await self._rooms.directory.enter_clinic(
            slot.person_id, body.identifier, self._declaration, body.declaration_version
        )
        own = next((each.id for each in entry.practitioners if each.person_id == person.id), None)
        await self._rooms.audit.entered(Actor(person.id, entry.role, own), entry.clinic.id)
        place = place_in(entry, slot)
        login.staff = slot.model_copy(update={"clinic_id": entry.clinic.id, "practitioner_id": place})
        return self._arrived(login, entry, login.staff, person.name)

    async def choose_practitioner(self, request: web.Request, body: ChoosePractitioner) -> StaffSession:
        login = await Login.of(request)
        slot = login.staff
        person = await self._access.person(slot)
        if slot is None or person is None:
            raise NotLoggedIn
        if slot.clinic_id is None:
            raise NotFound
        entry = await self._rooms.directory.staff(slot.person_id, slot.clinic_id)
        chosen = await self._rooms.directory.practitioner(slot.clinic_id, body.practitioner_id)
        login.staff = slot.model_copy(update={"practitioner_id": chosen.id})
        return self._arrived(login, entry, login.staff, person.name)

    async def log_out(self, request: web.Request) -> LoggedOut:
        login = await Login.of(request)
        slot, login.staff = login.staff, None
        return await self._logout.end(slot, back_to="/")

    async def leave_clinic(self, request: web.Request) -> StaffSession:
        login = await Login.of(request)
        if login.staff is not None:
            login.staff = login.staff.outside()
        return await self.session(request)

    # At work.

    async def board(self, request: web.Request) -> BoardMessage:
        at_work = await self._access.staff(request)
        board = await self._rooms.waiting_room.board(at_work.clinic_id)
        await self._rooms.audit.board_viewed(at_work.actor, at_work.clinic_id, board.visits)
        return board_message(board, await self._worker.attendance(board.visits))

    async def open_room(self, request: web.Request) -> RoomView:
        at_work = await self._access.staff(request)
        return room_view(await self._rooms.waiting_room.open(at_work.actor, at_work.clinic_id))

    async def close_room(self, request: web.Request, body: CloseRoom) -> RoomView:
        at_work = await self._access.staff(request)
        keep_queue = body.manner == "keep_queue"
        clinic = await self._rooms.waiting_room.close(
            at_work.actor, at_work.clinic_id, keep_queue=keep_queue, seen=body.seen
        )
        return room_view(clinic)

    async def set_messages(self, request: web.Request, body: RoomMessages) -> RoomView:
        at_work = await self._access.staff(request)
        clinic = await self._rooms.waiting_room.set_messages(
            at_work.actor,
            at_work.clinic_id,
            open_message=body.open_message,
            closed_message=body.closed_message,
        )
        return room_view(clinic)

    async def add_patient(self, request: web.Request, body: AddPatient) -> PatientView:
        at_work = await self._access.staff(request)
        return patient_view(await self._rooms.patients.add(at_work.actor, at_work.clinic_id, body.cpr))

    async def search_patients(self, request: web.Request, body: SearchPatients) -> PatientList:
        at_work = await self._access.staff(request)
        found = await self._rooms.patients.search(at_work.actor, at_work.clinic_id, body.query)
        await self._rooms.audit.searched(at_work.actor, at_work.clinic_id, body.query, found)
        unseen = await self._rooms.patient_lists.count_unseen(at_work.clinic_id)
        return PatientList(patients=tuple(patient_view(patient) for patient in found), unseen=unseen)

    async def remove_patient(self, request: web.Request) -> None:
        at_work = await self._access.staff(request)
        await self._rooms.patients.remove(at_work.actor, at_work.clinic_id, request.match_info["patient_id"])

    async def accept(self, request: web.Request) -> VisitView:
        at_work = await self._access.staff(request)
        move = self._rooms.waiting_room.accept
        return await self._view(await move(at_work.actor, at_work.clinic_id, request.match_info["visit_id"]))

    async def put_back(self, request: web.Request) -> VisitView:
        at_work = await self._access.staff(request)
        move = self._rooms.waiting_room.put_back
        return await self._view(await move(at_work.actor, at_work.clinic_id, request.match_info["visit_id"]))

    async def start(self, request: web.Request) -> VisitView:
        at_work = await self._access.staff(request)
        move = self._rooms.waiting_room.start
        return await self._view(await move(at_work.actor, at_work.clinic_id, request.match_info["visit_id"]))

    async def end(self, request: web.Request) -> VisitView:
        at_work = await self._access.staff(request)
        move = self._rooms.waiting_room.end
        visit = await move(at_work.actor, at_work.clinic_id, request.match_info["visit_id"])
        await self._worker.consultation_over(visit.id)
        return await self._view(visit)

    async def reject(self, request: web.Request, body: RejectVisit) -> VisitView:
        at_work = await self._access.staff(request)
        visit = await self._rooms.waiting_room.reject(
            at_work.actor, at_work.clinic_id, request.match_info["visit_id"], body.explanation
        )
        return await self._view(visit)

    async def _view(self, visit: Visit) -> VisitView:
        return await self._worker.view(visit)

    def _session(self, step: str, **more: object) -> StaffSession:
        declaration = DeclarationView(version=self._declaration.version, text=self._declaration.text)
        return StaffSession.model_validate(
            {"step": step, "providers": self._providers, "declaration": declaration, **more}
        )

    async def _outside(self, slot: StaffSlot, person_name: str) -> StaffSession:
        been = await self._rooms.directory.remembered(slot.person_id, self._declaration.version)
        remembered = tuple(
            RememberedClinic(clinic=clinic_view(each.clinic), declaration_accepted=each.declared) for each in been
        )
        wanted = None if slot.launched is None else await self._rooms.directory.clinic(slot.launched.clinic_id)
        return self._session(
            "choose_clinic",
            person_name=person_name,
            remembered=remembered,
            launched_clinic=None if wanted is None else wanted.ydernummer or wanted.sor_id,
        )

    def _arrived(self, login: Login, entry: Entry, slot: StaffSlot, person_name: str) -> StaffSession:
        """The session inside; at work a launch has reached its end, and a reload does not go back to its patient."""
        session = self._inside(entry, slot, person_name)
        if session.step == "at_work" and slot.launched is not None:
            login.staff = slot.model_copy(update={"launched": None})
        return session

    def _inside(self, entry: Entry, slot: StaffSlot, person_name: str) -> StaffSession:
        practitioners = tuple(practitioner_view(each, slot.person_id) for each in entry.practitioners)
        chosen = next((each for each in practitioners if each.id == slot.practitioner_id), None)
        return self._session(
            "choose_practitioner" if chosen is None else "at_work",
            person_id=slot.person_id,
            person_name=person_name,
            role="practitioner" if entry.role is Role.PRACTITIONER else "employee",
            clinic=clinic_view(entry.clinic),
            practitioners=practitioners,
            practitioner=chosen,
            launched_patient_id=None if slot.launched is None else slot.launched.patient_id,
        )

    def routes(self) -> tuple[Route, ...]:
        """Every operation of this half."""
        patients = CLINIC + "/patients"
        return (
            route(
                "GET",
                "/api/session",
                self.session,
                summary="Where this browser stands on the way to work.",
                gives=StaffSession,
            ),
            route(
                "POST",
                "/api/session/clinic",
                self.enter_clinic,
                summary="Enter a clinic by ydernummer or SOR-ID, and accept the declaration unless that is done.",
                takes=EnterClinic,
                gives=StaffSession,
                refuses=(
                    NotLoggedIn,
                    MalformedClinicIdentifier,
                    MistypedSorId,
                    UnknownClinic,
                    NotStaffHere,
                    DeclarationMissing,
                ),
            ),
            route(
                "POST",
                "/api/session/practitioner",
                self.choose_practitioner,
                summary="Choose the practitioner one works for.",
                takes=ChoosePractitioner,
                gives=StaffSession,
                refuses=(NotLoggedIn, NotFound, UnknownPractitioner),
            ),
            route("DELETE", "/api/session", self.log_out, summary="Log out.", gives=LoggedOut),
            route(
                "DELETE",
                "/api/session/clinic",
                self.leave_clinic,
                summary="Leave the clinic, to enter another.",
                gives=StaffSession,
            ),
            route(
                "GET",
                CLINIC + "/board",
                self.board,
                summary="The room and its visits as of one event.",
                gives=BoardMessage,
                refuses=AT_WORK,
            ),
            route(
                "POST",
                CLINIC + "/room/open",
                self.open_room,
                summary="Open the waiting room.",
                gives=RoomView,
                refuses=(*AT_WORK, WrongState),
            ),
            route(
                "POST",
                CLINIC + "/room/close",
                self.close_room,
                summary="Close the waiting room.",
                takes=CloseRoom,
                gives=RoomView,
                refuses=(*AT_WORK, WrongState, QueueChanged),
            ),
            route(
                "PUT",
                CLINIC + "/room/messages",
                self.set_messages,
                summary="Set the messages on the clinic's card.",
                takes=RoomMessages,
                gives=RoomView,
                refuses=(*AT_WORK, MessageInvalid),
            ),
            route(
                "POST",
                patients,
                self.add_patient,
                summary="Add a user of the app to the patient list.",
                takes=AddPatient,
                gives=PatientView,
                status=201,
                refuses=(*AT_WORK, MalformedCpr, UnknownPerson, AlreadyPatient),
            ),
            route(
                "POST",
                patients + "/search",
                self.search_patients,
                summary="Search the patient list.",
                takes=SearchPatients,
                gives=PatientList,
                refuses=AT_WORK,
            ),
            route(
                "DELETE",
                patients + "/{patient_id}",
                self.remove_patient,
                summary="Remove a patient from the list.",
                gives=NoneType,
                status=204,
                refuses=(*AT_WORK, PatientInConsultation),
            ),
            route(
                "POST",
                VISIT + "/accept",
                self.accept,
                summary="Accept a patient from the queue.",
                gives=VisitView,
                refuses=(*AT_WORK, WrongState),
            ),
            route(
                "POST",
                VISIT + "/put_back",
                self.put_back,
                summary="Put an accepted patient back into the queue.",
                gives=VisitView,
                refuses=(*AT_WORK, WrongState),
            ),
            route(
                "POST",
                VISIT + "/start",
                self.start,
                summary="Start the video consultation.",
                gives=VisitView,
                refuses=(*AT_WORK, WrongState),
            ),
            route(
                "POST",
                VISIT + "/end",
                self.end,
                summary="End the consultation.",
                gives=VisitView,
                refuses=(*AT_WORK, WrongState),
            ),
            route(
                "POST",
                VISIT + "/reject",
                self.reject,
                summary="Refuse a patient in the queue, with an explanation.",
                takes=RejectVisit,
                gives=VisitView,
                refuses=(*AT_WORK, WrongState, ExplanationInvalid),
            ),
        )
