"""Recordings on their course over HTTP: asked for by the clinician, answered by the patient, stopped by either."""

from __future__ import annotations

import os
from pathlib import Path

from aiohttp import web

from rooms.errors import (
    ConsentChanged,
    NotFound,
    NotInCallWithPatient,
    PractitionersOnly,
    RecordingKeyMissing,
    RecordingUnavailable,
    RecordingUnderWay,
    WrongState,
)
from rooms.recordings import Recordings
from rooms.records import Person
from rooms.store import Rooms
from signaling.messages import RecordingView
from signaling.views import recording_view
from signaling.worker import Worker

from .access import Access
from .errors import NotLoggedIn
from .routes import Route, route
from .schemas import AnswerRecording
from .staff import AT_WORK, VISIT

_OF_STAFF = VISIT + "/recordings"
_OF_PATIENT = "/api/patient/visits/{visit_id}/recordings/{recording_id}"


class RecordingStorage:
    """Whether recordings can be kept as things are: there is a key, and a directory that can be written to."""

    def __init__(self, recordings: Recordings, directory: Path) -> None:
        self._recordings = recordings
        self._directory = directory

    async def state(self) -> str | None:
        """For /readyz: what is missing, as a word. A call needs none of it, so the server is ready all the same."""
        if not self._recordings.has_key:
            return "key_missing"
        return None if self.is_writable else "storage_missing"

    @property
    def is_writable(self) -> bool:
        return os.access(self._directory, os.W_OK | os.X_OK)


class RecordingHandlers:
    """Who may ask, answer and stop is the rooms' to say; each change wakes whoever looks after the recorders."""

    def __init__(self, rooms: Rooms, access: Access, worker: Worker, storage: RecordingStorage) -> None:
        self._rooms = rooms
        self._access = access
        self._worker = worker
        self._storage = storage

    async def ask(self, request: web.Request) -> RecordingView:
        at_work = await self._access.staff(request)
        if not self._storage.is_writable:
            raise RecordingUnavailable
        visit_id = request.match_info["visit_id"]
        return recording_view(await self._rooms.recordings.ask(at_work.actor, at_work.clinic_id, visit_id))

    async def withdraw(self, request: web.Request) -> RecordingView:
        at_work = await self._access.staff(request)
        asked = request.match_info
        withdrawn = await self._rooms.recordings.withdraw(
            at_work.actor, at_work.clinic_id, asked["visit_id"], asked["recording_id"]
        )
        return recording_view(withdrawn)

    async def stop(self, request: web.Request) -> RecordingView:
        at_work = await self._access.staff(request)
        meant = request.match_info
        stopped = await self._rooms.recordings.stop(
            at_work.actor, at_work.clinic_id, meant["visit_id"], meant["recording_id"]
        )
        self._worker.recordings.wake()
        return recording_view(stopped)

    async def answer(self, request: web.Request, body: AnswerRecording) -> RecordingView:
        person, visitor_id = await self._visitor(request)
        asked = request.match_info
        if not body.agrees:
            refused = await self._rooms.recordings.refuse(
                visitor_id, asked["visit_id"], asked["recording_id"], by=person.id
            )
            return recording_view(refused)
        agreed = await self._rooms.recordings.agree(
            visitor_id, asked["visit_id"], asked["recording_id"], body.consent_hash or "", by=person.id
        )
        self._worker.recordings.wake()
        return recording_view(agreed)

    async def stop_by_visitor(self, request: web.Request) -> RecordingView:
        person, visitor_id = await self._visitor(request)
        meant = request.match_info
        stopped = await self._rooms.recordings.stop_by_visitor(
            visitor_id, meant["visit_id"], meant["recording_id"], by=person.id
        )
        self._worker.recordings.wake()
        return recording_view(stopped)

    async def _visitor(self, request: web.Request) -> tuple[Person, str]:
        """Who is logged in, and whose visit it is: one's own or one's child's. Raises NotLoggedIn or NotFound."""
        person, _ = await self._access.patient(request)
        profiles = {each.person_id for each in await self._rooms.family.profiles(person.id)}
        visit = await self._rooms.waiting_room.visit_of(profiles, request.match_info["visit_id"])
        return person, visit.person_id

    def routes(self) -> tuple[Route, ...]:
        return (
            route(
                "POST",
                _OF_STAFF,
                self.ask,
                summary="Ask the patient whether the consultation may be recorded.",
                gives=RecordingView,
                status=201,
                refuses=(
                    *AT_WORK,
                    PractitionersOnly,
                    NotInCallWithPatient,
                    RecordingUnderWay,
                    RecordingUnavailable,
                    RecordingKeyMissing,
                ),
            ),
            route(
                "POST",
                _OF_STAFF + "/{recording_id}/withdraw",
                self.withdraw,
                summary="Ask no longer.",
                gives=RecordingView,
                refuses=(*AT_WORK, WrongState),
            ),
            route(
                "POST",
                _OF_STAFF + "/{recording_id}/stop",
                self.stop,
                summary="Stop recording.",
                gives=RecordingView,
                refuses=(*AT_WORK, WrongState),
            ),
            route(
                "POST",
                _OF_PATIENT + "/answer",
                self.answer,
                summary="Say yes or no to a recording.",
                takes=AnswerRecording,
                gives=RecordingView,
                refuses=(NotLoggedIn, NotFound, WrongState, ConsentChanged, RecordingKeyMissing),
            ),
            route(
                "POST",
                _OF_PATIENT + "/stop",
                self.stop_by_visitor,
                summary="Stop recording.",
                gives=RecordingView,
                refuses=(NotLoggedIn, NotFound, WrongState),
            ),
        )
