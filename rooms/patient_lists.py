"""Many patients at once: a pasted list looked through and added, and the reminder of those not seen for long."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, and_, exists, func, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from .cpr import Cpr, CprVault
from .database import Database, find_clinic, seen_out
from .errors import MalformedCpr, NotFound
from .names import in_danish_order
from .pasted import PastedRow, rows_of
from .patients import Patients
from .records import Actor, Clinic, Patient
from .states import VisitState
from .tables import patients, people, visits
from .visits import IS_OPEN


class Outcome(StrEnum):
    """What becomes of a row of a pasted list."""

    OK = "ok"
    ADDED = "added"
    MALFORMED = "malformed"
    UNKNOWN = "unknown"
    PRESENT = "present"
    REPEATED = "repeated"


@dataclass(frozen=True, slots=True)
class ListedRow:
    """A row and its outcome. `cpr` is None where it is malformed; `person_id` and `name` are of people who use the app."""

    line: int
    outcome: Outcome
    cpr: Cpr | None
    person_id: str | None = None
    name: str | None = None
    is_child: bool = False


@dataclass(frozen=True, slots=True)
class Unseen:
    """A patient whose last consultation, or else the addition to the list, is longer ago than the clinic's reminder."""

    patient: Patient
    last_seen_at: datetime | None


class PatientLists:
    """Works on a clinic's whole patient list."""

    def __init__(self, database: Database, vault: CprVault, patients: Patients) -> None:
        self._database = database
        self._vault = vault
        self._patients = patients

    async def preview(self, clinic_id: str, text: str) -> tuple[ListedRow, ...]:
        """What adding the list would do, row by row; nothing is added.

        Raises:
            ListTooLong: see `rows_of`.
        """
        rows = rows_of(text)
        async with self._database.reading() as connection:
            return tuple(listed for listed, _ in await self._looked_through(connection, clinic_id, rows))

    @seen_out
    async def add_many(self, actor: Actor, clinic_id: str, text: str) -> tuple[ListedRow, ...]:
        """Add everybody on the list who can be added, all in one transaction, and say what became of each row.

        Raises:
            ListTooLong: see `rows_of`.
            NotFound: there is no such clinic.
        """
        rows = rows_of(text)
        done = []
        async with self._database.transition(clinic_id) as transition:
            for listed, person in await self._looked_through(transition.connection, clinic_id, rows):
                if listed.outcome is Outcome.OK and listed.cpr is not None and person is not None:
                    await self._patients.put(transition, actor, person, listed.cpr)
                    done.append(_as(listed, Outcome.ADDED))
                else:
                    done.append(listed)
        return tuple(done)

    async def unseen(self, clinic_id: str) -> tuple[Unseen, ...]:
        """Those of the list not seen for the clinic's `reminder_days`, who has waited longest first.

        Raises:
            NotFound: there is no such clinic.
        """
        async with self._database.reading() as connection:
            clinic = await self._clinic(connection, clinic_id)
            found = [
                Unseen(self._patients.record(row), row.last_seen_at)
                for row in await connection.execute(self._due(clinic))
            ]
        found.sort(key=lambda u: (u.last_seen_at or u.patient.added_at, in_danish_order(u.patient.name), u.patient.id))
        return tuple(found)

    async def count_unseen(self, clinic_id: str) -> int:
        """How many `unseen` would give. Raises NotFound when there is no such clinic."""
        async with self._database.reading() as connection:
            due = self._due(await self._clinic(connection, clinic_id)).subquery()
            return int(await connection.scalar(select(func.count()).select_from(due)) or 0)

    async def _clinic(self, connection: AsyncConnection, clinic_id: str) -> Clinic:
        clinic = await find_clinic(connection, clinic_id)
        if clinic is None:
            raise NotFound
        return clinic

    def _due(self, clinic: Clinic) -> Select[Any]:
        before = self._database.now() - timedelta(days=clinic.settings.reminder_days)
        seen = (
            select(visits.c.person_id, func.max(visits.c.ended_at).label("last_seen_at"))
            .where(visits.c.clinic_id == clinic.id, visits.c.state == VisitState.ENDED.value)
            .group_by(visits.c.person_id)
            .subquery()
        )
        return (
            self._patients.present(clinic.id)
            .add_columns(seen.c.last_seen_at)
            .outerjoin(seen, seen.c.person_id == patients.c.person_id)
            .where(
                patients.c.added_at < before,
                or_(seen.c.last_seen_at.is_(None), seen.c.last_seen_at < before),
                ~exists().where(_visits_here(clinic.id), IS_OPEN),
            )
        )

    async def _looked_through(
        self, connection: AsyncConnection, clinic_id: str, rows: tuple[PastedRow, ...]
    ) -> list[tuple[ListedRow, Row[Any] | None]]:
        numbers = {row.line: self._parsed(row.text) for row in rows}
        known = await self._known(connection, {number for number in numbers.values() if number is not None})
        here = select(patients.c.person_id).where(patients.c.clinic_id == clinic_id, patients.c.removed_at.is_(None))
        present = set(await connection.scalars(here))
        found: list[tuple[ListedRow, Row[Any] | None]] = []
        before: set[Cpr] = set()
        for row in rows:
            number = numbers[row.line]
            person = known.get(number) if number is not None else None
            if number is None:
                outcome = Outcome.MALFORMED
            elif number in before:
                outcome = Outcome.REPEATED
            elif person is None:
                outcome = Outcome.UNKNOWN
            else:
                outcome = Outcome.PRESENT if person.id in present else Outcome.OK
            if number is not None:
                before.add(number)
            found.append((self._listed(row.line, outcome, number, person), person))
        return found

    def _listed(self, line: int, outcome: Outcome, number: Cpr | None, person: Row[Any] | None) -> ListedRow:
        if number is None or person is None:
            return ListedRow(line, outcome, number)
        is_child = self._patients.is_child(number, person.has_guardian)
        return ListedRow(line, outcome, number, person.id, person.name, is_child)

    async def _known(self, connection: AsyncConnection, numbers: set[Cpr]) -> Mapping[Cpr, Row[Any]]:
        by_lookup = {self._vault.lookup(number): number for number in numbers}
        query = self._patients.app_users().where(people.c.cpr_lookup.in_(list(by_lookup)))
        return {by_lookup[row.cpr_lookup]: row for row in await connection.execute(query)}

    def _parsed(self, text: str) -> Cpr | None:
        try:
            return Cpr.parse(text, today=self._database.today())
        except MalformedCpr:
            return None


def _visits_here(clinic_id: str) -> ColumnElement[bool]:
    return and_(visits.c.clinic_id == clinic_id, visits.c.person_id == patients.c.person_id)


def _as(row: ListedRow, outcome: Outcome) -> ListedRow:
    return ListedRow(row.line, outcome, row.cpr, row.person_id, row.name, row.is_child)
