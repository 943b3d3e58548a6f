"""Who is who: people and their logins, clinics and their staff. It decides who gets into which clinic, and as what."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from sqlalchemy import Table, bindparam, insert, select, tuple_, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from .clinic_settings import ClinicSettings, to_json
from .cpr import Cpr, CprVault
from .database import DIRECTORY_LOCK, Database, Transaction, clinic_from, find_clinic, seen_out
from .errors import DeclarationMissing, NotFound, NotStaffHere, UnknownClinic, UnknownPractitioner
from .identifiers import SorId, Ydernummer, parse_clinic_identifier
from .log import append
from .names import in_danish_order
from .records import Actor, Clinic, Person, Practitioner, Role
from .schedule import next_boundary
from .states import RoomState
from .tables import clinics, declarations, employees, guardianships, logins, people, practitioners, professional_ids

_AT_A_TIME = 1000


@dataclass(frozen=True, slots=True)
class Declaration:
    """The declaration that staff accept on their way in, as it reads now."""

    version: str
    text: str


@dataclass(frozen=True, slots=True)
class Entry:
    """What somebody finds behind a clinic's door. `practitioners` are all with access now, in order of name."""

    clinic: Clinic
    role: Role
    practitioners: tuple[Practitioner, ...]


@dataclass(frozen=True, slots=True)
class Remembered:
    """A clinic that somebody has been in before; `declared`: the declaration as it reads now is accepted there."""

    clinic: Clinic
    declared: bool


@dataclass(frozen=True, slots=True)
class PersonEntry:
    """A person as the directory is loaded with; only an app user can be added to a clinic."""

    id: str
    name: str
    cpr: Cpr
    app_user: bool


@dataclass(frozen=True, slots=True)
class PractitionerEntry:
    id: str
    person_id: str
    authorisation_id: str


@dataclass(frozen=True, slots=True)
class EmployeeEntry:
    person_id: str
    active: bool


@dataclass(frozen=True, slots=True)
class ClinicEntry:
    """A clinic as the directory is loaded with. Messages and settings are those it starts with; then they are its own."""

    id: str
    name: str
    phone: str
    ydernummer: str | None
    sor_id: str | None
    open_message: str = field(repr=False)
    closed_message: str = field(repr=False)
    practitioners: tuple[PractitionerEntry, ...] = ()
    employees: tuple[EmployeeEntry, ...] = ()
    settings: ClinicSettings = field(default_factory=ClinicSettings)


@dataclass(frozen=True, slots=True)
class GuardianshipEntry:
    guardian_id: str
    child_id: str


class Directory:
    """Reads the directory, and keeps which login is whose."""

    def __init__(self, database: Database, vault: CprVault) -> None:
        self._database = database
        self._vault = vault

    async def person(self, person_id: str) -> Person | None:
        """The person by the id, or None."""
        query = select(people.c.id, people.c.name).where(people.c.id == person_id)
        async with self._database.reading() as connection:
            row = (await connection.execute(query)).one_or_none()
        return None if row is None else Person(row.id, row.name)

    @seen_out
    async def person_by_login(
        self, issuer: str, subject: str, cpr: Cpr | None, professional_id: str | None = None
    ) -> Person | None:
        """Whoever logged in: known by this login from before, else by the CPR number, else by the id as an employee.

        Whoever was not known by the login is linked to it then. None when nobody here is known by any of them.
        """
        async with self._database.reading() as connection:
            known = await _person_by_login(connection, issuer, subject)
        if known or (cpr is None and professional_id is None):
            return known
        query = select(people.c.id, people.c.name)
        if cpr is not None:
            query = query.where(people.c.cpr_lookup == self._vault.lookup(cpr))
        else:
            query = query.join(professional_ids).where(professional_ids.c.professional_id == professional_id)
        try:
            async with self._database.writing() as transaction:
                row = (await transaction.connection.execute(query)).one_or_none()
                if row is None:
                    return None
                await transaction.connection.execute(
                    insert(logins).values(issuer=issuer, subject=subject, person_id=row.id)
                )
                return Person(row.id, row.name)
        except IntegrityError:
            # The same login came in twice at once, and the other one was linked first.
            async with self._database.reading() as connection:
                return await _person_by_login(connection, issuer, subject)

    @seen_out
    async def enter_clinic(
        self, person_id: str, identifier: str, declaration: Declaration, accepted_version: str | None
    ) -> Entry:
        """Let a staff member into a clinic, and write on its log which declaration was accepted.

        Each text is asked for once per person and clinic: whoever has accepted it need not say so again.

        Raises, checked in this order:
            MalformedClinicIdentifier, MistypedSorId: see `parse_clinic_identifier`.
            UnknownClinic: the identifier is sound and no clinic's here.
            NotStaffHere: the person neither practises there nor is an active employee.
            DeclarationMissing: what was accepted is not the declaration as it reads now.
        """
        parsed = parse_clinic_identifier(identifier)
        async with self._database.reading() as connection:
            clinic_id = await _clinic_id(connection, parsed)
        if clinic_id is None:
            raise UnknownClinic
        async with self._database.transition(clinic_id) as transition:
            entry = await _entry(transition.connection, transition.clinic, person_id)
            if entry is None:
                raise NotStaffHere
            key = {"clinic_id": clinic_id, "person_id": person_id, "version": declaration.version}
            if not await _missing(transition.connection, declarations, [key]):
                return entry
            if accepted_version != declaration.version:
                raise DeclarationMissing
            await transition.connection.execute(insert(declarations).values(**key, accepted_at=transition.now))
            own = next((p.id for p in entry.practitioners if p.person_id == person_id), None)
            await append(
                transition,
                "declaration_accepted",
                Actor(person_id, entry.role, own),
                data={
                    "version": declaration.version,
                    "sha256": hashlib.sha256(declaration.text.encode()).hexdigest(),
                },
            )
        return replace(entry, clinic=replace(entry.clinic, last_event=transition.last_number))

    async def staff(self, person_id: str, clinic_id: str, version: str | None = None) -> Entry:
        """The clinic as somebody at work in it finds it now.

        Raises:
            NotFound: the person is not, or no longer, staff there, or has not accepted the declaration there: the one
                of `version`, or without it any.
        """
        async with self._database.reading() as connection:
            clinic = await find_clinic(connection, clinic_id)
            if clinic is None:
                raise NotFound
            asked = select(declarations.c.version).where(
                declarations.c.clinic_id == clinic_id, declarations.c.person_id == person_id
            )
            if version is not None:
                asked = asked.where(declarations.c.version == version)
            accepted = await connection.scalar(asked.limit(1))
            entry = await _entry(connection, clinic, person_id)
        if entry is None or accepted is None:
            raise NotFound
        return entry

    async def remembered(self, person_id: str, version: str) -> tuple[Remembered, ...]:
        """The clinics that the person has been in and may enter now, in order of name.

        `version` is the declaration's as it reads now.
        """
        been = select(clinics).where(
            clinics.c.id.in_(select(declarations.c.clinic_id).where(declarations.c.person_id == person_id))
        )
        accepted = select(declarations.c.clinic_id).where(
            declarations.c.person_id == person_id, declarations.c.version == version
        )
        async with self._database.reading() as connection:
            declared = set(await connection.scalars(accepted))
            found = [clinic_from(row) for row in await connection.execute(been)]
            mine = [clinic for clinic in found if await _entry(connection, clinic, person_id) is not None]
        mine.sort(key=lambda clinic: (in_danish_order(clinic.name), clinic.id))
        return tuple(Remembered(clinic, declared=clinic.id in declared) for clinic in mine)

    async def practitioner(self, clinic_id: str, practitioner_id: str) -> Practitioner:
        """One of the clinic's practitioners.

        Raises:
            UnknownPractitioner: the clinic has none by that id.
        """
        async with self._database.reading() as connection:
            for practitioner in await _practitioners(connection, clinic_id):
                if practitioner.id == practitioner_id:
                    return practitioner
        raise UnknownPractitioner

    async def clinic(self, clinic_id: str) -> Clinic:
        """Raises NotFound when there is no such clinic."""
        async with self._database.reading() as connection:
            clinic = await find_clinic(connection, clinic_id)
        if clinic is None:
            raise NotFound
        return clinic

    @seen_out
    async def load(
        self,
        persons: Sequence[PersonEntry],
        clinic_entries: Sequence[ClinicEntry],
        guardians: Sequence[GuardianshipEntry] = (),
    ) -> None:
        """Put in what is missing, and bring names and phone numbers up to date; all of it or nothing.

        What a clinic changes for itself stays as it is: messages, its room, who is active. Nothing is taken out.
        """
        async with self._database.writing() as transaction:
            await transaction.alone(DIRECTORY_LOCK)
            await load_into(transaction, self._vault, persons, clinic_entries, guardians)


async def load_into(
    transaction: Transaction,
    vault: CprVault,
    persons: Sequence[PersonEntry],
    clinic_entries: Sequence[ClinicEntry],
    guardians: Sequence[GuardianshipEntry],
) -> None:
    """`Directory.load` inside a transaction that holds DIRECTORY_LOCK; no event is written."""
    await _load_people(transaction, vault, persons)
    await _load_clinics(transaction, clinic_entries)
    links = [{"guardian_id": each.guardian_id, "child_id": each.child_id} for each in guardians]
    await _put(transaction, guardianships, links)


async def _load_people(transaction: Transaction, vault: CprVault, persons: Sequence[PersonEntry]) -> None:
    new = {key["id"] for key in await _missing(transaction.connection, people, [{"id": each.id} for each in persons])}
    there = [each for each in persons if each.id not in new]
    if there:
        changed = update(people).where(people.c.id == bindparam("of"))
        values = [{"of": each.id, "name": each.name, "app_user": each.app_user} for each in there]
        await transaction.connection.execute(changed, values)
    if new:
        added = [
            {
                "id": each.id,
                "name": each.name,
                "app_user": each.app_user,
                "cpr_sealed": vault.seal(each.cpr),
                "cpr_lookup": vault.lookup(each.cpr),
            }
            for each in persons
            if each.id in new
        ]
        await transaction.connection.execute(insert(people), added)


async def _load_clinics(transaction: Transaction, entries: Iterable[ClinicEntry]) -> None:
    for entry in entries:
        values = {"name": entry.name, "phone": entry.phone}
        changed = await transaction.connection.execute(update(clinics).where(clinics.c.id == entry.id).values(**values))
        if changed.rowcount == 0:
            following = next_boundary(entry.settings.schedule, transaction.now)
            await transaction.connection.execute(
                insert(clinics).values(
                    id=entry.id,
                    ydernummer=entry.ydernummer,
                    sor_id=entry.sor_id,
                    room=RoomState.CLOSED.value,
                    open_message=entry.open_message,
                    closed_message=entry.closed_message,
                    last_event=0,
                    settings=to_json(entry.settings),
                    due_at=None if following is None else following.at,
                    **values,
                )
            )
        await _put(
            transaction,
            practitioners,
            [{"clinic_id": entry.id, "person_id": p.person_id} for p in entry.practitioners],
            [{"id": p.id, "authorisation_id": p.authorisation_id} for p in entry.practitioners],
        )
        await _put(
            transaction,
            employees,
            [{"clinic_id": entry.id, "person_id": e.person_id} for e in entry.employees],
            [{"active": e.active} for e in entry.employees],
        )


async def _put(
    transaction: Transaction,
    table: Table,
    keys: Sequence[Mapping[str, Any]],
    rest: Sequence[Mapping[str, Any]] | None = None,
) -> None:
    """Put in the rows whose keys are not there yet."""
    missing = {tuple(key.values()) for key in await _missing(transaction.connection, table, keys)}
    rows = zip(keys, rest if rest is not None else [{}] * len(keys), strict=True)
    new = [{**key, **others} for key, others in rows if tuple(key.values()) in missing]
    if new:
        await transaction.connection.execute(insert(table), new)


async def _missing(
    connection: AsyncConnection, table: Table, keys: Sequence[Mapping[str, Any]]
) -> list[Mapping[str, Any]]:
    """Those of the keys, all with the same columns, that no row of the table has."""
    if not keys:
        return []
    columns = [table.c[name] for name in keys[0]]
    wanted = [tuple(key.values()) for key in keys]
    there: set[tuple[Any, ...]] = set()
    for first in range(0, len(wanted), _AT_A_TIME):  # a statement takes so many parameters and no more
        some = tuple_(*columns).in_(wanted[first : first + _AT_A_TIME])
        there |= {tuple(row) for row in await connection.execute(select(*columns).where(some))}
    return [key for key in keys if tuple(key.values()) not in there]


async def _person_by_login(connection: AsyncConnection, issuer: str, subject: str) -> Person | None:
    query = (
        select(people.c.id, people.c.name)
        .join(logins, logins.c.person_id == people.c.id)
        .where(logins.c.issuer == issuer, logins.c.subject == subject)
    )
    row = (await connection.execute(query)).one_or_none()
    return None if row is None else Person(row.id, row.name)


async def _clinic_id(connection: AsyncConnection, identifier: Ydernummer | SorId) -> str | None:
    column = clinics.c.sor_id if isinstance(identifier, SorId) else clinics.c.ydernummer
    row = (await connection.execute(select(clinics).where(column == identifier.value))).one_or_none()
    return None if row is None else clinic_from(row).id


async def _entry(connection: AsyncConnection, clinic: Clinic, person_id: str) -> Entry | None:
    """What the person finds in the clinic now; None for somebody who is not staff there."""
    colleagues = await _practitioners(connection, clinic.id)
    if any(practitioner.person_id == person_id for practitioner in colleagues):
        return Entry(clinic, Role.PRACTITIONER, colleagues)
    active = await connection.scalar(
        select(employees.c.active).where(employees.c.clinic_id == clinic.id, employees.c.person_id == person_id)
    )
    return Entry(clinic, Role.EMPLOYEE, colleagues) if active else None


async def _practitioners(connection: AsyncConnection, clinic_id: str) -> tuple[Practitioner, ...]:
    query = (
        select(practitioners, people.c.name)
        .join(people, people.c.id == practitioners.c.person_id)
        .where(practitioners.c.clinic_id == clinic_id, practitioners.c.active)
    )
    found = [
        Practitioner(row.id, row.person_id, row.name, row.authorisation_id) for row in await connection.execute(query)
    ]
    return tuple(sorted(found, key=lambda practitioner: (in_danish_order(practitioner.name), practitioner.id)))
