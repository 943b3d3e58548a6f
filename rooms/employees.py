"""The clinic's list of staff: who of its practitioners and employees has access, given and taken by its practitioners."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, Table, and_, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from .cpr import Cpr, CprVault
from .database import Database, Transition, seen_out
from .errors import AlreadyStaff, LastPractitioner, NotFound, PractitionersOnly, UnknownStaff
from .log import append
from .names import in_danish_order
from .records import Actor, Colleague, Role
from .tables import employees, people, practitioners


class Employees:
    """Access to a clinic's pages. Whoever loses it is refused by the next request, and by the open pages at once."""

    def __init__(self, database: Database, vault: CprVault) -> None:
        self._database = database
        self._vault = vault

    async def list(self, actor: Actor, clinic_id: str) -> tuple[Colleague, ...]:
        """Practitioners first, then employees, each in order of name; with those who are not active.

        Raises:
            PractitionersOnly: the actor is none.
        """
        _practitioners_only(actor)
        async with self._database.reading() as connection:
            return await _colleagues(connection, clinic_id)

    @seen_out
    async def add(self, actor: Actor, clinic_id: str, cpr: str) -> Colleague:
        """Give somebody whom the directory knows access to the clinic as an employee.

        Raises:
            PractitionersOnly: the actor is none.
            MalformedCpr: it is no CPR number.
            UnknownStaff: the directory knows nobody by it.
            AlreadyStaff: the person has access already.
            NotFound: there is no such clinic.
        """
        _practitioners_only(actor)
        number = Cpr.parse(cpr)
        async with self._database.transition(clinic_id) as transition:
            query = select(people.c.id).where(people.c.cpr_lookup == self._vault.lookup(number))
            person_id = await transition.connection.scalar(query)
            if person_id is None:
                raise UnknownStaff
            there = await _colleague(transition.connection, clinic_id, person_id)
            if there is not None:
                return await _activate(transition, actor, there)
            await transition.connection.execute(
                insert(employees).values(clinic_id=clinic_id, person_id=person_id, active=False)
            )
            return await _activate(transition, actor, await _present(transition.connection, clinic_id, person_id))

    @seen_out
    async def activate(self, actor: Actor, clinic_id: str, person_id: str) -> Colleague:
        """Give somebody on the list access again, or for the first time.

        Raises:
            PractitionersOnly: the actor is none.
            NotFound: the person is not on the clinic's list.
            AlreadyStaff: the person has access already.
        """
        _practitioners_only(actor)
        async with self._database.transition(clinic_id) as transition:
            return await _activate(transition, actor, await _present(transition.connection, clinic_id, person_id))

    @seen_out
    async def deactivate(self, actor: Actor, clinic_id: str, person_id: str) -> Colleague:
        """Take the access away. The person stays on the list. Of one who has none, nothing changes.

        Raises:
            PractitionersOnly: the actor is none.
            NotFound: the person is not on the clinic's list.
            LastPractitioner: no practitioner with access would be left.
        """
        _practitioners_only(actor)
        async with self._database.transition(clinic_id) as transition:
            colleague = await _present(transition.connection, clinic_id, person_id)
            if not colleague.active:
                return colleague
            if colleague.role is Role.PRACTITIONER:
                healers = [
                    c for c in await _colleagues(transition.connection, clinic_id) if c.role is Role.PRACTITIONER
                ]
                if not any(c.active and c.person_id != person_id for c in healers):
                    raise LastPractitioner
            return await _set(transition, actor, colleague, active=False)


def _practitioners_only(actor: Actor) -> None:
    if actor.role is not Role.PRACTITIONER:
        raise PractitionersOnly


async def _activate(transition: Transition, actor: Actor, colleague: Colleague) -> Colleague:
    if colleague.active:
        raise AlreadyStaff
    return await _set(transition, actor, colleague, active=True)


async def _set(transition: Transition, actor: Actor, colleague: Colleague, *, active: bool) -> Colleague:
    clinic_id = transition.clinic.id
    own = practitioners if colleague.role is Role.PRACTITIONER else employees
    # A practitioner may stand on the list as an employee too, and shall not stay in by that.
    for table in (own,) if active else (practitioners, employees):
        await transition.connection.execute(
            update(table).where(_of(table, clinic_id, colleague.person_id)).values(active=active)
        )
    await append(
        transition,
        "employee_activated" if active else "employee_deactivated",
        actor,
        person_id=colleague.person_id,
        data={"role": colleague.role.value, "active": active},
    )
    return await _present(transition.connection, clinic_id, colleague.person_id)


def _of(table: Table, clinic_id: str, person_id: str) -> ColumnElement[bool]:
    return and_(table.c.clinic_id == clinic_id, table.c.person_id == person_id)


async def _present(connection: AsyncConnection, clinic_id: str, person_id: str) -> Colleague:
    found = await _colleague(connection, clinic_id, person_id)
    if found is None:
        raise NotFound
    return found


async def _colleague(connection: AsyncConnection, clinic_id: str, person_id: str) -> Colleague | None:
    """The person on the clinic's list: as a practitioner before as an employee, should both be there."""
    for colleague in await _colleagues(connection, clinic_id):
        if colleague.person_id == person_id:
            return colleague
    return None


async def _colleagues(connection: AsyncConnection, clinic_id: str) -> tuple[Colleague, ...]:
    healers = await _rows(connection, practitioners, clinic_id)
    found = [Colleague(row.person_id, row.name, Role.PRACTITIONER, row.authorisation_id, row.active) for row in healers]
    known = {colleague.person_id for colleague in found}
    helpers = await _rows(connection, employees, clinic_id)
    found += [
        Colleague(row.person_id, row.name, Role.EMPLOYEE, None, row.active)
        for row in helpers
        if row.person_id not in known
    ]
    return tuple(sorted(found, key=lambda c: (c.role is Role.EMPLOYEE, in_danish_order(c.name), c.person_id)))


async def _rows(connection: AsyncConnection, table: Table, clinic_id: str) -> list[Any]:
    query = select(table, people.c.name).join(people, people.c.id == table.c.person_id)
    return list(await connection.execute(query.where(table.c.clinic_id == clinic_id)))
