"""Consultations between colleagues over HTTP: handed over, resumed, and the ended ones of a day."""

from __future__ import annotations

from datetime import date

from aiohttp import web

from rooms.errors import (
    PatientBackInQueue,
    PatientRemoved,
    ResumeTooLate,
    TakenOver,
    UnknownPractitioner,
    WrongState,
)
from rooms.store import Rooms
from signaling.messages import VisitView
from signaling.views import visit_view
from signaling.worker import Worker

from .access import Access
from .errors import DayInvalid
from .routes import Route, route
from .schemas import HandOver, VisitList
from .staff import AT_WORK, CLINIC, VISIT


class ConsultationHandlers:
    """The three operations that concern a consultation past its own course."""

    def __init__(self, rooms: Rooms, access: Access, worker: Worker) -> None:
        self._rooms = rooms
        self._access = access
        self._worker = worker

    async def hand_over(self, request: web.Request, body: HandOver) -> VisitView:
        at_work = await self._access.staff(request)
        visit = await self._rooms.consultations.hand_over(
            at_work.actor,
            at_work.clinic_id,
            request.match_info["visit_id"],
            giver=body.from_practitioner_id,
            taker=body.to_practitioner_id,
        )
        return await self._worker.view(visit)

    async def resume(self, request: web.Request) -> VisitView:
        at_work = await self._access.staff(request)
        visit = await self._rooms.consultations.resume(at_work.actor, at_work.clinic_id, request.match_info["visit_id"])
        # What was noted of its first end would end it again.
        await self._worker.endings.forget(visit.id)
        return await self._worker.view(visit)

    async def ended(self, request: web.Request) -> VisitList:
        at_work = await self._access.staff(request)
        try:
            day = date.fromisoformat(request.match_info["day"])
        except ValueError:
            raise DayInvalid from None
        found = await self._rooms.consultations.ended_on(at_work.clinic_id, day)
        seen = {visit.person_id for visit in found}
        await self._rooms.audit.looked(at_work.actor, at_work.clinic_id, "ended_viewed", seen, {"day": day.isoformat()})
        return VisitList(visits=tuple(visit_view(visit) for visit in found))

    def routes(self) -> tuple[Route, ...]:
        return (
            route(
                "POST",
                VISIT + "/hand_over",
                self.hand_over,
                summary="Take a patient over from a colleague, or hand one to a colleague.",
                takes=HandOver,
                gives=VisitView,
                refuses=(*AT_WORK, WrongState, TakenOver, UnknownPractitioner),
            ),
            route(
                "POST",
                VISIT + "/resume",
                self.resume,
                summary="Resume a consultation that was ended by mistake.",
                gives=VisitView,
                refuses=(*AT_WORK, WrongState, ResumeTooLate, PatientBackInQueue, PatientRemoved),
            ),
            route(
                "GET",
                CLINIC + "/ended/{day}",
                self.ended,
                summary="The consultations that ended on a date in Denmark, YYYY-MM-DD.",
                gives=VisitList,
                refuses=(*AT_WORK, DayInvalid),
            ),
        )
