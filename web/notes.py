"""Notes for one's colleagues over HTTP; they are staff's alone, and no answer to a patient has a place for them."""

from __future__ import annotations

from aiohttp import web

from rooms.errors import NoteChanged, NoteInvalid, NoteNotYours, NotesFull
from rooms.store import Rooms
from signaling.messages import VisitView
from signaling.worker import Worker

from .access import Access
from .routes import Route, route
from .schemas import EditNote, WriteNote
from .staff import AT_WORK, VISIT


class NoteHandlers:
    """Writing and editing; reading is the board's."""

    def __init__(self, rooms: Rooms, access: Access, worker: Worker) -> None:
        self._rooms = rooms
        self._access = access
        self._worker = worker

    async def write(self, request: web.Request, body: WriteNote) -> VisitView:
        at_work = await self._access.staff(request)
        visit_id = request.match_info["visit_id"]
        await self._rooms.notes.add(at_work.actor, at_work.clinic_id, visit_id, body.text)
        return await self._worker.view(await self._rooms.waiting_room.visit(at_work.clinic_id, visit_id))

    async def edit(self, request: web.Request, body: EditNote) -> VisitView:
        at_work = await self._access.staff(request)
        visit_id = request.match_info["visit_id"]
        await self._rooms.notes.edit(
            at_work.actor, at_work.clinic_id, visit_id, request.match_info["note_id"], body.text, body.version
        )
        return await self._worker.view(await self._rooms.waiting_room.visit(at_work.clinic_id, visit_id))

    def routes(self) -> tuple[Route, ...]:
        return (
            route(
                "POST",
                VISIT + "/notes",
                self.write,
                summary="Put a note on a visit, for one's colleagues.",
                takes=WriteNote,
                gives=VisitView,
                status=201,
                refuses=(*AT_WORK, NoteInvalid, NotesFull),
            ),
            route(
                "PUT",
                VISIT + "/notes/{note_id}",
                self.edit,
                summary="Give a note of one's own another text.",
                takes=EditNote,
                gives=VisitView,
                refuses=(*AT_WORK, NoteInvalid, NoteNotYours, NoteChanged),
            ),
        )
