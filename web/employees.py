"""What practitioners ask for over HTTP about the clinic's staff: the list, and giving and taking access."""

from __future__ import annotations

from aiohttp import web

from rooms.errors import (
    AlreadyStaff,
    LastPractitioner,
    MalformedCpr,
    PractitionersOnly,
    UnknownStaff,
)
from rooms.records import Colleague, Role
from rooms.store import Rooms

from .access import Access, AtWork
from .routes import Route, route
from .schemas import AddEmployee, ColleagueList, ColleagueView
from .staff import AT_WORK, CLINIC

EMPLOYEES = CLINIC + "/employees"


class EmployeeHandlers:
    """The administration of employees. Employees themselves are refused it."""

    def __init__(self, rooms: Rooms, access: Access) -> None:
        self._employees = rooms.employees
        self._access = access

    async def list(self, request: web.Request) -> ColleagueList:
        at_work = await self._access.staff(request)
        found = await self._employees.list(at_work.actor, at_work.clinic_id)
        return ColleagueList(colleagues=tuple(_view(each, at_work) for each in found))

    async def add(self, request: web.Request, body: AddEmployee) -> ColleagueView:
        at_work = await self._access.staff(request)
        return _view(await self._employees.add(at_work.actor, at_work.clinic_id, body.cpr), at_work)

    async def activate(self, request: web.Request) -> ColleagueView:
        at_work = await self._access.staff(request)
        person_id = request.match_info["person_id"]
        return _view(await self._employees.activate(at_work.actor, at_work.clinic_id, person_id), at_work)

    async def deactivate(self, request: web.Request) -> ColleagueView:
        at_work = await self._access.staff(request)
        person_id = request.match_info["person_id"]
        return _view(await self._employees.deactivate(at_work.actor, at_work.clinic_id, person_id), at_work)

    def routes(self) -> tuple[Route, ...]:
        """Every operation on the clinic's staff."""
        asked = (*AT_WORK, PractitionersOnly)
        return (
            route(
                "GET",
                EMPLOYEES,
                self.list,
                summary="The clinic's practitioners and employees.",
                gives=ColleagueList,
                refuses=asked,
            ),
            route(
                "POST",
                EMPLOYEES,
                self.add,
                summary="Give somebody in the directory access as an employee.",
                takes=AddEmployee,
                gives=ColleagueView,
                status=201,
                refuses=(*asked, MalformedCpr, UnknownStaff, AlreadyStaff),
            ),
            route(
                "POST",
                EMPLOYEES + "/{person_id}/activate",
                self.activate,
                summary="Give somebody on the list access.",
                gives=ColleagueView,
                refuses=(*asked, AlreadyStaff),
            ),
            route(
                "POST",
                EMPLOYEES + "/{person_id}/deactivate",
                self.deactivate,
                summary="Take somebody's access away, on open pages too.",
                gives=ColleagueView,
                refuses=(*asked, LastPractitioner),
            ),
        )


def _view(colleague: Colleague, at_work: AtWork) -> ColleagueView:
    return ColleagueView(
        person_id=colleague.person_id,
        name=colleague.name,
        role="practitioner" if colleague.role is Role.PRACTITIONER else "employee",
        authorisation_id=colleague.authorisation_id,
        active=colleague.active,
        is_self=colleague.person_id == at_work.actor.person_id,
    )
