"""Who looked at what, who was refused what, who came and went: written on the logs, and read back from them.

Looking is told once an hour, for each person, clinic and thing looked at: a screen that is read all day would otherwise bury
what matters under thousands of equal lines. Looking at anybody new is told at once, and of that person alone.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, exists, or_, select, union
from sqlalchemy.ext.asyncio import AsyncConnection

from .cpr import CprVault
from .database import Database, seen_out
from .errors import NotFound, PractitionersOnly
from .log import append, append_own, event_from
from .minors import is_minor
from .purposes import GROUPS, LOOK_UPS, Group, purpose
from .records import Actor, AuditEntry, Event, LookUp, Patient, Role, Visit
from .tables import (
    clinics,
    event_subjects,
    events,
    guardianships,
    patients,
    people,
    practice_systems,
    practitioners,
    visits,
)

TOLD_AGAIN_AFTER = timedelta(hours=1)
PAGE = 50
"""Entries on a page."""

_OWN = frozenset({Role.PATIENT.value, Role.GUARDIAN.value, Role.GUEST.value})
_WITH_SUBJECT = ("visit_", "patient_", "note_", "recording_", "guest_", "message_")


@dataclass(frozen=True, slots=True)
class AuditFilter:
    """What to read of a clinic's log: about or by somebody, of a group, between two times, older than an event's number.

    `person` is part of a name, or a whole CPR number.
    """

    person: str = ""
    group: Group | None = None
    since: datetime | None = None
    until: datetime | None = None
    before: int | None = None


class Audit:
    """The side of the event logs that tells of looking, refusals and logins; changes write their events themselves."""

    def __init__(self, database: Database, vault: CprVault) -> None:
        self._database = database
        self._vault = vault

    # Written.

    async def searched(self, actor: Actor, clinic_id: str, query: str, found: Sequence[Patient]) -> None:
        """Somebody searched the patient list. The criterion is kept masked, and by its keyed hash."""
        wanted = query.strip().casefold()
        data = {"criterion": masked(wanted), "criterion_hash": self._vault.digest(wanted)}
        await self.looked(actor, clinic_id, "patients_searched", {each.person_id for each in found}, data)

    async def board_viewed(self, actor: Actor, clinic_id: str, shown: Iterable[Visit]) -> None:
        """Somebody has the clinic's board on the screen."""
        await self.looked(actor, clinic_id, "board_viewed", {visit.person_id for visit in shown})

    @seen_out
    async def looked(
        self,
        actor: Actor,
        clinic_id: str,
        kind: str,
        subjects: Collection[str],
        data: Mapping[str, Any] | None = None,
    ) -> None:
        """Somebody looked at `subjects`, people by their ids; see the file's head for when it is told.

        Raises:
            NotFound: there is no such clinic.
        """
        data = dict(data or {})
        told = await self._told(actor, clinic_id, kind, data)
        new = set(subjects) - set().union(*told)
        if told and not new:
            return
        async with self._database.transition(clinic_id) as transition:
            await append(transition, kind, actor, subjects=new, data=data)

    @seen_out
    async def entered(self, actor: Actor, clinic_id: str) -> None:
        """A staff member has entered the clinic. Raises NotFound when there is no such clinic."""
        async with self._database.transition(clinic_id) as transition:
            await append(transition, "clinic_entered", actor, data={})

    @seen_out
    async def companion_joined(self, actor: Actor, visit: Visit, side: str) -> None:
        """Somebody has joined the clinician and the patient in a call; `side`: as what, a colleague or a guest."""
        await self._companion("visit_companion_joined", actor, visit, side)

    @seen_out
    async def companion_left(self, actor: Actor, visit: Visit, side: str) -> None:
        """Somebody who had joined a call has left it."""
        await self._companion("visit_companion_left", actor, visit, side)

    async def _companion(self, kind: str, actor: Actor, visit: Visit, side: str) -> None:
        async with self._database.transition(visit.clinic_id) as transition:
            data = {"as": side}
            await append(transition, kind, actor, visit_id=visit.id, person_id=visit.person_id, data=data)

    @seen_out
    async def refused(self, actor: Actor, clinic_id: str, code: str, request: str, *, about: str | None = None) -> None:
        """A request of somebody who belongs to the clinic was refused; `about` is the id of a visit or a patient there.

        Raises:
            NotFound: there is no such clinic.
        """
        async with self._database.transition(clinic_id) as transition:
            visit_id, person_id = await _concerns(transition.connection, clinic_id, about)
            data = {"code": code, "request": request}
            await append(transition, "request_refused", actor, visit_id=visit_id, subjects=person_id, data=data)

    @seen_out
    async def outside(self, kind: str, actor: Actor, data: Mapping[str, Any]) -> None:
        """Something that belongs to no clinic: a login, its failure or end, a refusal before a clinic is entered."""
        async with self._database.writing() as transaction:
            await append_own(transaction, kind, actor, data=data)

    async def clinic_of(self, visit_id: str) -> str:
        """The clinic of a visit. Raises NotFound when there is no such visit."""
        async with self._database.reading() as connection:
            clinic_id = await connection.scalar(select(visits.c.clinic_id).where(visits.c.id == visit_id))
        if clinic_id is None:
            raise NotFound
        return str(clinic_id)

    # Read.

    async def page(self, actor: Actor, clinic_id: str, wanted: AuditFilter) -> tuple[AuditEntry, ...]:
        """The clinic's events that pass the filter, newest first, at most PAGE; the reading itself is told too.

        Raises:
            PractitionersOnly: the actor is none.
            NotFound: there is no such clinic.
        """
        if actor.role is not Role.PRACTITIONER:
            raise PractitionersOnly
        criterion = wanted.person.strip().casefold()
        told = {"criterion": masked(criterion), "criterion_hash": self._vault.digest(criterion)} if criterion else {}
        await self.looked(actor, clinic_id, "audit_viewed", (), told)
        async with self._database.reading() as connection:
            conditions = [events.c.clinic_id == clinic_id, *_conditions(wanted)]
            if criterion:
                conditions.append(await self._about(connection, clinic_id, criterion))
            query = select(events).where(*conditions).order_by(events.c.number.desc()).limit(PAGE)
            found = [event_from(row) for row in await connection.execute(query)]
            return await self._entries(connection, found)

    async def look_ups(self, person_id: str, before: str | None = None) -> tuple[LookUp, ...]:
        """What clinics' staff did with a person's data, newest first, at most PAGE; `before` is the cursor of the last one.

        Who it was is not told: a patient may have the times and the purposes of look-ups (Datatilsynet, 2024-32-0283).
        """
        concerned = exists().where(
            event_subjects.c.clinic_id == events.c.clinic_id,
            event_subjects.c.number == events.c.number,
            event_subjects.c.person_id == person_id,
        )
        theirs = and_(
            events.c.person_id == person_id,
            or_(*(events.c.kind.startswith(word, autoescape=True) for word in _WITH_SUBJECT)),
            events.c.actor_role.not_in(sorted(_OWN)),
        )
        conditions: list[ColumnElement[bool]] = [or_(concerned, theirs)]
        if before is not None:
            conditions.append(_before(before))
        query = (
            select(events, clinics.c.name.label("clinic_name"))
            .join(clinics, clinics.c.id == events.c.clinic_id)
            .where(*conditions)
            .order_by(events.c.at.desc(), events.c.clinic_id.desc(), events.c.number.desc())
            .limit(PAGE)
        )
        async with self._database.reading() as connection:
            return tuple(
                LookUp(
                    at=row.at,
                    clinic_name=row.clinic_name,
                    kind=row.kind,
                    purpose=purpose(row.kind),
                    cursor=f"{row.at.isoformat()} {row.clinic_id} {row.number}",
                )
                for row in await connection.execute(query)
            )

    async def _told(self, actor: Actor, clinic_id: str, kind: str, data: Mapping[str, Any]) -> list[Collection[str]]:
        """Whom each event in the last hour told of that says the same otherwise."""
        query = select(events.c.data).where(
            events.c.clinic_id == clinic_id,
            events.c.at > self._database.now() - TOLD_AGAIN_AFTER,
            events.c.kind == kind,
            events.c.actor_person_id == actor.person_id,
        )
        async with self._database.reading() as connection:
            told = list(await connection.scalars(query))
        return [
            each.get("subjects", ())
            for each in told
            if {name: value for name, value in each.items() if name != "subjects"} == data
        ]

    async def _about(self, connection: AsyncConnection, clinic_id: str, criterion: str) -> ColumnElement[bool]:
        """The condition that an event is by or about whoever the criterion finds among the clinic's people."""
        digits = criterion.replace("-", "").replace(" ", "")
        here = union(
            select(events.c.actor_person_id).where(events.c.clinic_id == clinic_id),
            select(events.c.person_id).where(events.c.clinic_id == clinic_id, events.c.person_id.is_not(None)),
            select(event_subjects.c.person_id).where(event_subjects.c.clinic_id == clinic_id),
        )
        names = await self._names(connection, set(await connection.scalars(here)))
        if digits.isdigit() and len(digits) == 10:
            found = [each for each, named in names.items() if named.digits == digits]
        else:
            found = [each for each, named in names.items() if criterion in named.shown.casefold()]
        concerned = exists().where(
            event_subjects.c.clinic_id == events.c.clinic_id,
            event_subjects.c.number == events.c.number,
            event_subjects.c.person_id.in_(found),
        )
        return or_(events.c.actor_person_id.in_(found), events.c.person_id.in_(found), concerned)

    async def _entries(self, connection: AsyncConnection, found: Sequence[Event]) -> tuple[AuditEntry, ...]:
        concerned = {event.number: _subjects(event) for event in found}
        wanted = {event.actor.person_id for event in found}.union(*concerned.values())
        names = await self._names(connection, wanted)
        healers = await _practitioners(connection, {event.actor.practitioner_id for event in found})
        systems = await _practice_systems(connection, wanted)
        return tuple(
            AuditEntry(
                event=event,
                actor_name=systems.get(event.actor.person_id)
                or (names[event.actor.person_id].shown if event.actor.person_id in names else ""),
                practitioner_name=healers.get(event.actor.practitioner_id or ""),
                subjects=tuple(sorted(names[each].shown for each in concerned[event.number] if each in names)),
            )
            for event in found
        )

    async def _names(self, connection: AsyncConnection, person_ids: set[str]) -> dict[str, _Named]:
        today = self._database.today()
        guarded = exists().where(guardianships.c.child_id == people.c.id).label("guarded")
        query = select(people, guarded).where(people.c.id.in_(sorted(person_ids)))
        found = {}
        for row in await connection.execute(query):
            cpr = self._vault.open(row.cpr_sealed)
            child = row.guarded and is_minor(cpr, today)
            found[row.id] = _Named(cpr.reveal() if child else row.name, cpr.digits)
        systems = select(practice_systems.c.id, practice_systems.c.name).where(
            practice_systems.c.id.in_(sorted(person_ids))
        )
        return found | {row.id: _Named(row.name, "") for row in await connection.execute(systems)}


@dataclass(frozen=True, slots=True, repr=False)
class _Named:
    """What staff call somebody, and the digits to find them by."""

    shown: str
    digits: str


def masked(criterion: str) -> str:
    """What was searched for, every digit as a dot: a name stays legible, and no CPR number gets onto the log."""
    return "".join("•" if character.isdigit() else character for character in criterion)


def _conditions(wanted: AuditFilter) -> Iterable[ColumnElement[bool]]:
    if wanted.group is Group.LOOK_UP:
        yield events.c.kind.in_(sorted(LOOK_UPS))
    elif wanted.group is not None:
        yield or_(*(events.c.kind.startswith(word, autoescape=True) for word in GROUPS[wanted.group]))
    if wanted.since is not None:
        yield events.c.at >= wanted.since
    if wanted.until is not None:
        yield events.c.at < wanted.until
    if wanted.before is not None:
        yield events.c.number < wanted.before


def _before(cursor: str) -> ColumnElement[bool]:
    """Raises NotFound when it is no cursor."""
    try:
        instant, clinic_id, number = cursor.split(" ")
        at, place = datetime.fromisoformat(instant), int(number)
        if at.tzinfo is None:
            raise ValueError(cursor)
    except ValueError:
        raise NotFound from None
    same_clinic = and_(events.c.clinic_id == clinic_id, events.c.number < place)
    return or_(events.c.at < at, and_(events.c.at == at, or_(events.c.clinic_id < clinic_id, same_clinic)))


def _subjects(event: Event) -> frozenset[str]:
    own = (event.person_id,) if event.person_id is not None else ()
    return frozenset((*own, *event.data.get("subjects", ())))


async def _concerns(
    connection: AsyncConnection, clinic_id: str, about: str | None
) -> tuple[str | None, frozenset[str]]:
    """The visit's id, if it is one, and the person, of the id of a visit or a patient of the clinic."""
    if about is None:
        return None, frozenset()
    query = select(visits.c.person_id).where(visits.c.id == about, visits.c.clinic_id == clinic_id)
    visitor = await connection.scalar(query)
    if visitor is not None:
        return about, frozenset({visitor})
    query = select(patients.c.person_id).where(patients.c.id == about, patients.c.clinic_id == clinic_id)
    patient = await connection.scalar(query)
    return None, frozenset() if patient is None else frozenset({patient})


async def _practitioners(connection: AsyncConnection, ids: set[str | None]) -> dict[str, str]:
    query = (
        select(practitioners.c.id, people.c.name)
        .join(people, people.c.id == practitioners.c.person_id)
        .where(practitioners.c.id.in_(sorted(each for each in ids if each is not None)))
    )
    return {row.id: row.name for row in await connection.execute(query)}


async def _practice_systems(connection: AsyncConnection, ids: set[str]) -> dict[str, str]:
    query = select(practice_systems.c.id, practice_systems.c.name).where(practice_systems.c.id.in_(sorted(ids)))
    return {row.id: row.name for row in await connection.execute(query)}
