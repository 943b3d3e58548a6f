"""Takes directory files into the directory: what would change, what cannot be taken, and the change itself with its events.

Each file is taken whole or not at all. Whoever is in a consultation now is left as they are, whatever the files say.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any, TypeVar

from sqlalchemy import and_, delete, insert, select, tuple_, update
from sqlalchemy.ext.asyncio import AsyncConnection

from .cpr import Cpr, CprVault
from .database import DIRECTORY_LOCK, Database, Transaction, Transition, new_id, seen_out
from .directory import (
    ClinicEntry,
    EmployeeEntry,
    GuardianshipEntry,
    PersonEntry,
    PractitionerEntry,
    load_into,
)
from .directory_kinds import Kind
from .directory_rows import ClinicRow, DirectoryFile, EmployeeRow, PractitionerRow, Problem, in_order
from .errors import DirectoryRowRefused, Refused, UnknownClinic
from .identifiers import SorId, Ydernummer
from .log import append
from .records import Actor, Role
from .states import VisitState
from .tables import (
    clinics,
    employees,
    events,
    guardianships,
    people,
    practitioners,
    professional_ids,
    visits,
)

OPEN_MESSAGE = "Venteværelset er åbent. Gå ind kort før din aftalte tid."
CLOSED_MESSAGE = "Venteværelset er lukket. Har du en aftale om videokonsultation, så kom igen kort før din tid."
"""What a clinic's card says until the clinic says something else."""

IMPORT = Actor("directory-import", Role.SYSTEM)
"""Who does it, on the clinics' logs."""


class Verb(StrEnum):
    ADDED = "added"
    CHANGED = "changed"
    REMOVED = "removed"
    KEPT = "kept"


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that an import changes, or (`kept`) would have, but for `why`. `of` is the clinic's name, or the child's."""

    verb: Verb
    kind: Kind
    name: str
    of: str | None = None
    why: str | None = None


@dataclass(frozen=True, slots=True)
class Report:
    """What came of an import: what changed in the files without problems, and the problems of the others."""

    changes: tuple[Change, ...]
    problems: tuple[Problem, ...]


class DirectoryImport:
    """Takes files. A dry run does the very same, and undoes it."""

    def __init__(self, database: Database, vault: CprVault) -> None:
        self._database = database
        self._vault = vault

    @seen_out
    async def take(
        self, files: Sequence[DirectoryFile], *, absent_removed: Collection[Kind] = (), dry_run: bool = False
    ) -> Report:
        """Take the files, those that are referred to first.

        Args:
            absent_removed: the kinds of which whoever is not in the file is taken out: staff of the clinics that the file
                names, or all the app's users or guardianships.
            dry_run: change nothing, and report what would be.
        """
        changes: list[Change] = []
        problems: list[Problem] = []
        async with self._database.writing() as transaction:
            await transaction.alone(DIRECTORY_LOCK)
            for file in in_order(files):
                if file.problems:
                    problems += file.problems
                    continue
                one = _Taking(self._database, transaction, self._vault, file, absent_removed)
                savepoint = await transaction.connection.begin_nested()
                await one.take()
                if one.problems:
                    await savepoint.rollback()
                    problems += one.problems
                else:
                    await savepoint.commit()
                    changes += one.changes
                    transaction.committed += one.committed
            if dry_run:
                await transaction.connection.rollback()
                transaction.committed.clear()
        return Report(tuple(changes), tuple(problems))


@dataclass(slots=True)
class _Person:
    id: str
    name: str
    app_user: bool


@dataclass(slots=True)
class _Place:
    """A practitioner's place in a clinic."""

    id: str
    authorisation_id: str
    active: bool


@dataclass(slots=True)
class _Now:
    """The directory as it is, by what the rows name it by."""

    people: dict[bytes, _Person] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)
    clinics: dict[str, ClinicEntry] = field(default_factory=dict)
    by_identifier: dict[Ydernummer | SorId, str] = field(default_factory=dict)
    places: dict[tuple[str, str], _Place] = field(default_factory=dict)
    employees: set[tuple[str, str]] = field(default_factory=set)
    guardianships: set[tuple[str, str]] = field(default_factory=set)
    professional_ids: dict[str, str] = field(default_factory=dict)
    authorised: defaultdict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    busy: frozenset[str] = frozenset()


_AnyRow = TypeVar("_AnyRow")


class _Taking:
    """One file on its way in."""

    def __init__(
        self,
        database: Database,
        transaction: Transaction,
        vault: CprVault,
        file: DirectoryFile,
        absent_removed: Collection[Kind],
    ) -> None:
        self._database = database
        self._connection = transaction.connection
        self._transaction = replace(transaction, committed=[])
        self._vault = vault
        self._file = file
        self._absent_removed = absent_removed
        self._now = _Now()
        self._transitions: dict[str, Transition] = {}
        self._persons: dict[str, PersonEntry] = {}
        self._entries: dict[str, ClinicEntry] = {}
        self._guardians: list[GuardianshipEntry] = []
        self._identifiers: dict[str, dict[str, Any]] = {}
        self._authorisations: dict[tuple[str, str], str] = {}
        self._new_professional_ids: dict[str, str] = {}
        self._events: list[tuple[str, str, str | None, Mapping[str, Any]]] = []
        self.changes: list[Change] = []
        self.problems: list[Problem] = []

    @property
    def committed(self) -> list[Any]:
        return self._transaction.committed

    async def take(self) -> None:
        """Read what there is, plan, and where there is no problem, write."""
        await self._lock_clinics()
        await self._read()
        self._each(self._file.clinics, self._clinic)
        self._each(self._file.app_users, lambda row: self._app_user(row.cpr, row.name))
        self._each(self._file.practitioners, self._practitioner)
        self._each(self._file.employees, self._employee)
        self._each(self._file.guardianships, lambda row: self._guardianship(row.guardian, row.child))
        if self.problems:
            return
        await self._write()
        await self._remove_absent()
        for clinic_id, kind, person_id, data in self._events:
            await append(await self._transition(clinic_id), kind, IMPORT, person_id=person_id, data=data)

    # What there is now.

    async def _lock_clinics(self) -> None:
        """Lock the file's clinics, in order of id, before anything else is read of them."""
        wanted = {row.clinic for rows in (self._file.practitioners, self._file.employees) for row in rows}
        wanted |= {Ydernummer(row.ydernummer) for row in self._file.clinics if row.ydernummer is not None}
        wanted |= {SorId(row.sor_id) for row in self._file.clinics if row.sor_id is not None}
        rows = await self._connection.execute(select(clinics.c.id, clinics.c.ydernummer, clinics.c.sor_id))
        ids = sorted(row.id for row in rows if {Ydernummer(row.ydernummer or ""), SorId(row.sor_id or "")} & wanted)
        for clinic_id in ids:
            await self._transition(clinic_id)

    async def _transition(self, clinic_id: str) -> Transition:
        if clinic_id not in self._transitions:
            self._transitions[clinic_id] = await self._database.transition_within(self._transaction, clinic_id)
        return self._transitions[clinic_id]

    async def _read(self) -> None:
        now, connection = self._now, self._connection
        for row in await connection.execute(select(people)):
            now.people[row.cpr_lookup] = _Person(row.id, row.name, row.app_user)
            now.names[row.id] = row.name
        for row in await connection.execute(select(clinics)):
            entry = ClinicEntry(row.id, row.name, row.phone, row.ydernummer, row.sor_id, "", "")
            now.clinics[row.id] = entry
            self._known_by(entry)
        for row in await connection.execute(select(practitioners)):
            now.places[row.clinic_id, row.person_id] = _Place(row.id, row.authorisation_id, row.active)
            now.authorised[row.authorisation_id].add(row.person_id)
        now.employees = {
            (row.clinic_id, row.person_id)
            for row in await connection.execute(select(employees.c.clinic_id, employees.c.person_id))
        }
        now.guardianships = {(row.guardian_id, row.child_id) for row in await connection.execute(select(guardianships))}
        now.professional_ids = {
            row.professional_id: row.person_id for row in await connection.execute(select(professional_ids))
        }
        if self._absent_removed:
            now.busy = await _in_consultation(connection)

    def _known_by(self, entry: ClinicEntry) -> None:
        if entry.ydernummer is not None:
            self._now.by_identifier[Ydernummer(entry.ydernummer)] = entry.id
        if entry.sor_id is not None:
            self._now.by_identifier[SorId(entry.sor_id)] = entry.id

    # Planning, row by row.

    def _each(self, rows: Iterable[_AnyRow], plan: Callable[[_AnyRow], None]) -> None:
        seen: Counter[object] = Counter()
        for row in rows:
            try:
                seen[_identity(row)] += 1
                if seen[_identity(row)] > 1:
                    raise DirectoryRowRefused("listed_twice", "The same is in the file before.")
                plan(row)
            except Refused as refused:
                where = str(getattr(row, "where", ""))
                self.problems.append(Problem(self._file.name, where, refused.code, str(refused)))

    def _clinic(self, row: ClinicRow) -> None:
        given: list[Ydernummer | SorId] = []
        given += [Ydernummer(row.ydernummer)] if row.ydernummer is not None else []
        given += [SorId(row.sor_id)] if row.sor_id is not None else []
        found = {self._now.by_identifier[each] for each in given if each in self._now.by_identifier}
        if len(found) > 1:
            raise DirectoryRowRefused("clinics_mixed", "The ydernummer is one clinic's here, and the SOR-ID another's.")
        if not found:
            entry = ClinicEntry(
                new_id(),
                row.name,
                row.phone,
                row.ydernummer,
                row.sor_id,
                row.open_message or OPEN_MESSAGE,
                row.closed_message or CLOSED_MESSAGE,
            )
            self._note(Verb.ADDED, Kind.CLINICS, row.name, clinic_id=entry.id, event="clinic_added")
        else:
            before = self._now.clinics[found.pop()]
            entry = replace(
                before,
                name=row.name,
                phone=row.phone,
                ydernummer=row.ydernummer or before.ydernummer,
                sor_id=row.sor_id or before.sor_id,
            )
            if entry == before:
                return
            self._identifiers[entry.id] = {"ydernummer": entry.ydernummer, "sor_id": entry.sor_id}
            self._note(Verb.CHANGED, Kind.CLINICS, row.name, clinic_id=entry.id, event="clinic_changed")
        self._now.clinics[entry.id] = self._entries[entry.id] = entry
        self._known_by(entry)

    def _app_user(self, cpr: Cpr, name: str) -> None:
        there = self._now.people.get(self._vault.lookup(cpr))
        was_user, before = there is not None and there.app_user, there.name if there is not None else name
        self._person(cpr, name, app_user=True)
        if not was_user:
            self._note(Verb.ADDED, Kind.APP_USERS, name)
        elif before != name:
            self._note(Verb.CHANGED, Kind.APP_USERS, name)

    def _practitioner(self, row: PractitionerRow) -> None:
        clinic = self._clinic_of(row.clinic)
        person_id, renamed = self._person(row.cpr, row.name)
        if self._now.authorised[row.authorisation_id] - {person_id}:
            raise DirectoryRowRefused("authorisation_id_taken", "That authorisation ID is another person's.")
        self._now.authorised[row.authorisation_id].add(person_id)
        self._professional_id(row.professional_id, person_id)
        place = self._now.places.get((clinic.id, person_id))
        if place is None:
            place = _Place(new_id(), row.authorisation_id, active=True)
            self._now.places[clinic.id, person_id] = place
            added = PractitionerEntry(place.id, person_id, row.authorisation_id)
            entry = self._entry(clinic)
            self._entries[clinic.id] = replace(entry, practitioners=(*entry.practitioners, added))
            verb, event = Verb.ADDED, "practitioner_added"
        elif place.authorisation_id != row.authorisation_id:
            place.authorisation_id = row.authorisation_id
            self._authorisations[clinic.id, person_id] = row.authorisation_id
            verb, event = Verb.CHANGED, "practitioner_changed"
        elif renamed:
            verb, event = Verb.CHANGED, "practitioner_changed"
        else:
            return
        data = {"practitioner_id": place.id}
        self._note(verb, Kind.PRACTITIONERS, row.name, clinic_id=clinic.id, event=event, person_id=person_id, data=data)

    def _employee(self, row: EmployeeRow) -> None:
        clinic = self._clinic_of(row.clinic)
        person_id, renamed = self._person(row.cpr, row.name)
        self._professional_id(row.professional_id, person_id)
        if (clinic.id, person_id) not in self._now.employees:
            self._now.employees.add((clinic.id, person_id))
            entry = self._entry(clinic)
            self._entries[clinic.id] = replace(
                entry, employees=(*entry.employees, EmployeeEntry(person_id, active=row.active))
            )
            verb, event = Verb.ADDED, "employee_added"
        elif renamed:
            verb, event = Verb.CHANGED, "employee_changed"
        else:
            return
        self._note(verb, Kind.EMPLOYEES, row.name, clinic_id=clinic.id, event=event, person_id=person_id)

    def _guardianship(self, guardian: Cpr, child: Cpr) -> None:
        parent, minor = (self._now.people.get(self._vault.lookup(cpr)) for cpr in (guardian, child))
        if parent is None or minor is None:
            who = "guardian" if parent is None else "child"
            raise DirectoryRowRefused(f"{who}_unknown", f"The directory does not know the {who}.")
        if (parent.id, minor.id) not in self._now.guardianships:
            self._now.guardianships.add((parent.id, minor.id))
            self._guardians.append(GuardianshipEntry(parent.id, minor.id))
            self._note(Verb.ADDED, Kind.GUARDIANSHIPS, parent.name, of=minor.name)

    def _clinic_of(self, identifier: Ydernummer | SorId) -> ClinicEntry:
        clinic_id = self._now.by_identifier.get(identifier)
        if clinic_id is None:
            raise UnknownClinic
        return self._now.clinics[clinic_id]

    def _entry(self, clinic: ClinicEntry) -> ClinicEntry:
        return self._entries.get(clinic.id, clinic)

    def _person(self, cpr: Cpr, name: str, *, app_user: bool = False) -> tuple[str, bool]:
        """The person's id, and whether the name is another one than before; somebody new is added."""
        lookup = self._vault.lookup(cpr)
        there = self._now.people.get(lookup)
        renamed = there is not None and there.name != name
        if there is None:
            there = self._now.people[lookup] = _Person(new_id(), name, app_user)
        elif not renamed and there.app_user >= app_user:
            return there.id, False
        there.name, there.app_user = name, there.app_user or app_user
        self._persons[there.id] = PersonEntry(there.id, name, cpr, there.app_user)
        return there.id, renamed

    def _professional_id(self, professional_id: str | None, person_id: str) -> None:
        if professional_id is None:
            return
        if self._now.professional_ids.setdefault(professional_id, person_id) != person_id:
            raise DirectoryRowRefused("professional_id_taken", "That professional id is another person's.")
        self._new_professional_ids[professional_id] = person_id

    def _note(
        self,
        verb: Verb,
        kind: Kind,
        name: str,
        *,
        clinic_id: str | None = None,
        of: str | None = None,
        event: str | None = None,
        person_id: str | None = None,
        data: Mapping[str, Any] | None = None,
        why: str | None = None,
    ) -> None:
        if clinic_id is not None and clinic_id in self._now.clinics and kind is not Kind.CLINICS:
            of = self._now.clinics[clinic_id].name
        self.changes.append(Change(verb, kind, name, of, why))
        if event is not None and clinic_id is not None:
            self._events.append((clinic_id, event, person_id, data or {}))

    # Writing.

    async def _write(self) -> None:
        connection = self._connection
        await load_into(
            self._transaction, self._vault, list(self._persons.values()), list(self._entries.values()), self._guardians
        )
        for clinic_id, identifiers in self._identifiers.items():
            await connection.execute(update(clinics).where(clinics.c.id == clinic_id).values(**identifiers))
        for (clinic_id, person_id), authorisation_id in self._authorisations.items():
            await connection.execute(
                update(practitioners)
                .where(practitioners.c.clinic_id == clinic_id, practitioners.c.person_id == person_id)
                .values(authorisation_id=authorisation_id)
            )
        known = set(await connection.scalars(select(professional_ids.c.professional_id)))
        new = {key: person for key, person in self._new_professional_ids.items() if key not in known}
        if new:
            rows = [{"professional_id": key, "person_id": person} for key, person in new.items()]
            await connection.execute(insert(professional_ids), rows)

    async def _remove_absent(self) -> None:
        if Kind.PRACTITIONERS in self._absent_removed and self._file.practitioners:
            await self._remove_practitioners()
        if Kind.EMPLOYEES in self._absent_removed and self._file.employees:
            await self._remove_employees()
        if Kind.APP_USERS in self._absent_removed and self._file.app_users:
            await self._remove_app_users()
        if Kind.GUARDIANSHIPS in self._absent_removed and self._file.guardianships:
            await self._remove_guardianships()

    async def _remove_practitioners(self) -> None:
        listed = self._listed(self._file.practitioners)
        for clinic_id in sorted({clinic_id for clinic_id, _ in listed}):
            here = {person: place for (clinic, person), place in self._now.places.items() if clinic == clinic_id}
            absent = {person for person, place in here.items() if place.active and (clinic_id, person) not in listed}
            staying = {person for person, place in here.items() if place.active} - absent
            for person_id in sorted(absent, key=self._name):
                why = self._why_kept(person_id)
                # A clinic whose listed practitioners were all deactivated by itself keeps those who can still let others in.
                if why is None and not staying:
                    why = "nobody else there has access"
                if why is None:
                    await self._connection.execute(
                        update(practitioners).where(practitioners.c.id == here[person_id].id).values(active=False)
                    )
                self._gone(Kind.PRACTITIONERS, clinic_id, person_id, "practitioner_removed", why)

    async def _remove_employees(self) -> None:
        listed = self._listed(self._file.employees)
        named = {clinic_id for clinic_id, _ in listed}
        for clinic_id, person_id in sorted(self._now.employees - listed):
            if clinic_id not in named:
                continue
            why = self._why_kept(person_id)
            if why is None:
                await self._connection.execute(
                    delete(employees).where(employees.c.clinic_id == clinic_id, employees.c.person_id == person_id)
                )
            self._gone(Kind.EMPLOYEES, clinic_id, person_id, "employee_removed", why)

    async def _remove_app_users(self) -> None:
        listed = {self._vault.lookup(row.cpr) for row in self._file.app_users}
        absent = [person for lookup, person in self._now.people.items() if person.app_user and lookup not in listed]
        for person in sorted(absent, key=lambda person: (person.name, person.id)):
            why = self._why_kept(person.id)
            if why is None:
                await self._connection.execute(update(people).where(people.c.id == person.id).values(app_user=False))
            self._gone(Kind.APP_USERS, None, person.id, None, why)

    async def _remove_guardianships(self) -> None:
        listed = {
            tuple(self._now.people[self._vault.lookup(cpr)].id for cpr in (row.guardian, row.child))
            for row in self._file.guardianships
        }
        for guardian_id, child_id in sorted(self._now.guardianships - listed):
            why = self._why_kept(child_id)
            if why is None:
                await self._connection.execute(
                    delete(guardianships).where(
                        tuple_(guardianships.c.guardian_id, guardianships.c.child_id).in_([(guardian_id, child_id)])
                    )
                )
            verb = Verb.REMOVED if why is None else Verb.KEPT
            self._note(verb, Kind.GUARDIANSHIPS, self._name(guardian_id), of=self._name(child_id), why=why)

    def _listed(self, rows: Iterable[PractitionerRow | EmployeeRow]) -> set[tuple[str, str]]:
        """Clinic and person of each row."""
        return {(self._clinic_of(row.clinic).id, self._now.people[self._vault.lookup(row.cpr)].id) for row in rows}

    def _why_kept(self, person_id: str) -> str | None:
        return "in a consultation" if person_id in self._now.busy else None

    def _gone(self, kind: Kind, clinic_id: str | None, person_id: str, event: str | None, why: str | None) -> None:
        self._note(
            Verb.REMOVED if why is None else Verb.KEPT,
            kind,
            self._name(person_id),
            clinic_id=clinic_id,
            event=event if why is None else None,
            person_id=person_id,
            why=why,
        )

    def _name(self, person_id: str) -> str:
        return self._now.names[person_id]


def _identity(row: object) -> object:
    """What may be in a file once."""
    if isinstance(row, PractitionerRow | EmployeeRow):
        return row.clinic, row.cpr
    if isinstance(row, ClinicRow):
        return row.ydernummer, row.sor_id
    return tuple(getattr(row, name) for name in ("cpr", "guardian", "child") if hasattr(row, name))


async def _in_consultation(connection: AsyncConnection) -> frozenset[str]:
    """Everybody in a consultation now: the patient, and whoever had a hand in the visit so far."""
    running = visits.c.state.in_((VisitState.ACCEPTED.value, VisitState.IN_CALL.value))
    found = set(await connection.scalars(select(visits.c.person_id).where(running)))
    healers = select(practitioners.c.person_id).join(visits, visits.c.practitioner_id == practitioners.c.id)
    found |= set(await connection.scalars(healers.where(running)))
    hands = select(events.c.actor_person_id).join(
        visits, and_(visits.c.id == events.c.visit_id, visits.c.clinic_id == events.c.clinic_id)
    )
    return frozenset(found | set(await connection.scalars(hands.where(running))))
