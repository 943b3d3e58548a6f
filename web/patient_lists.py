"""Many patients at once over HTTP: a pasted list looked through and added, and those not seen for long."""

from __future__ import annotations

from collections.abc import Iterable

from aiohttp import web

from rooms.errors import ListTooLong
from rooms.patient_lists import ListedRow
from rooms.store import Rooms
from signaling.views import milliseconds_or_none

from .access import Access, AtWork
from .routes import Route, route
from .schemas import PastedList, PastedRows, PastedRowView, UnseenPatient, UnseenPatients
from .staff import AT_WORK, CLINIC
from .views import patient_view

PATIENTS = CLINIC + "/patients"


class PatientListHandlers:
    """Looking a list through shows who uses the app, so it is told as a look-up, as the adding is."""

    def __init__(self, rooms: Rooms, access: Access) -> None:
        self._rooms = rooms
        self._access = access

    async def preview(self, request: web.Request, body: PastedList) -> PastedRows:
        at_work = await self._access.staff(request)
        rows = await self._rooms.patient_lists.preview(at_work.clinic_id, body.text)
        await self._told(at_work, "patients_previewed", (row.person_id for row in rows))
        return _rows_view(rows)

    async def add_many(self, request: web.Request, body: PastedList) -> PastedRows:
        at_work = await self._access.staff(request)
        return _rows_view(await self._rooms.patient_lists.add_many(at_work.actor, at_work.clinic_id, body.text))

    async def unseen(self, request: web.Request) -> UnseenPatients:
        at_work = await self._access.staff(request)
        found = await self._rooms.patient_lists.unseen(at_work.clinic_id)
        await self._told(at_work, "unseen_viewed", (each.patient.person_id for each in found))
        return UnseenPatients(
            days=at_work.entry.clinic.settings.reminder_days,
            patients=tuple(
                UnseenPatient(patient=patient_view(each.patient), last_seen_ms=milliseconds_or_none(each.last_seen_at))
                for each in found
            ),
        )

    async def _told(self, at_work: AtWork, kind: str, people: Iterable[str | None]) -> None:
        subjects = {person for person in people if person is not None}
        await self._rooms.audit.looked(at_work.actor, at_work.clinic_id, kind, subjects)

    def routes(self) -> tuple[Route, ...]:
        """Every operation on many patients."""
        return (
            route(
                "POST",
                PATIENTS + "/preview",
                self.preview,
                summary="What adding a pasted list would do, row by row; nothing is added.",
                takes=PastedList,
                gives=PastedRows,
                refuses=(*AT_WORK, ListTooLong),
            ),
            route(
                "POST",
                PATIENTS + "/many",
                self.add_many,
                summary="Add everybody on a pasted list who can be added.",
                takes=PastedList,
                gives=PastedRows,
                refuses=(*AT_WORK, ListTooLong),
            ),
            route(
                "GET",
                PATIENTS + "/unseen",
                self.unseen,
                summary="The patients not seen for the clinic's reminder.",
                gives=UnseenPatients,
                refuses=AT_WORK,
            ),
        )


def _rows_view(rows: Iterable[ListedRow]) -> PastedRows:
    return PastedRows(
        rows=tuple(
            PastedRowView(
                line=row.line,
                cpr=row.cpr.reveal() if row.cpr is not None else None,
                name=None if row.is_child else row.name,
                is_child=row.is_child,
                outcome=row.outcome.value,
            )
            for row in rows
        )
    )
