"""Recordings that are over: listed, seen, exported, deleted, kept for as long as is set; and their keys wrapped anew.

Each look and each deletion is an event on the clinic's log. Deleting destroys the recording's key in the transaction; the files
are taken away after it, and are of no use to anybody meanwhile.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy import ColumnElement, and_, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from .audit import Audit
from .database import Database, Transition, clinic_from, seen_out
from .errors import NotFound, PractitionersOnly
from .log import append, append_own
from .recording_keys import RecordingKeys
from .recording_rows import IS_KEPT, find_recordings, move_recording
from .records import SYSTEM, Actor, KeptRecording, Recording, Role, Visit
from .schedule import day_begins
from .states import RecordingState, RecordingVerb
from .tables import clinics, people, practitioners, recordings, visits
from .visits import Visits

PAGE = 50
"""Recordings on a page of the list."""

OPERATOR = Actor("operator", Role.OPERATOR)
"""Whoever runs the server, at its command line; the name on the machine stands in the event's data."""


@dataclass(frozen=True, slots=True)
class RecordingFilter:
    """Which recordings to list: of a day in Denmark, of somebody, older than the one with an id.

    `person` is part of a name, or a whole CPR number.
    """

    day: date | None = None
    person: str = ""
    before: str | None = None


@dataclass(frozen=True, slots=True)
class Rewrapped:
    """What came of wrapping the keys anew: how many were, and how many are under a key that is not here."""

    done: int
    missing: int


class KeptRecordings:
    """What a clinic's practitioners, and whoever runs the server, do with recordings.

    Args:
        kept_days: after how many days every clinic's recordings are deleted at the latest; None leaves it to the clinics.
    """

    def __init__(
        self, database: Database, visits: Visits, audit: Audit, keys: RecordingKeys, kept_days: int | None
    ) -> None:
        self._database = database
        self._visits = visits
        self._audit = audit
        self._keys = keys
        self._kept_days = kept_days

    async def page(self, actor: Actor, clinic_id: str, wanted: RecordingFilter) -> tuple[KeptRecording, ...]:
        """The clinic's recordings that pass the filter, newest first, at most PAGE; the reading is told.

        Raises:
            PractitionersOnly: the actor is none.
            NotFound: there is no such clinic, or no recording to read on from.
        """
        _practitioner(actor)
        async with self._database.reading() as connection:
            conditions = [recordings.c.clinic_id == clinic_id, IS_KEPT]
            if wanted.day is not None:
                conditions.append(recordings.c.asked_at >= day_begins(wanted.day))
                conditions.append(recordings.c.asked_at < day_begins(wanted.day + timedelta(days=1)))
            if wanted.person.strip():
                conditions.append(await self._about(connection, clinic_id, wanted.person.strip().casefold()))
            if wanted.before is not None:
                conditions.append(await _older(connection, clinic_id, wanted.before))
            found = await self._named(connection, *conditions)
        await self._audit.looked(actor, clinic_id, "recordings_viewed", {each.recording.person_id for each in found})
        return found

    async def one(self, actor: Actor, clinic_id: str, recording_id: str) -> Recording:
        """A recording of the clinic that can be seen. Raises PractitionersOnly or NotFound."""
        _practitioner(actor)
        async with self._database.reading() as connection:
            return await _kept(connection, recording_id, clinic_id)

    async def any(self, recording_id: str) -> Recording:
        """A recording of any clinic that can be seen: for whoever runs the server. Raises NotFound."""
        async with self._database.reading() as connection:
            return await _kept(connection, recording_id)

    async def all(self) -> tuple[Recording, ...]:
        """Every clinic's that can be seen, in the order in which they were asked for."""
        async with self._database.reading() as connection:
            return await find_recordings(connection, IS_KEPT)

    @seen_out
    async def viewed(self, actor: Actor, clinic_id: str, recording_id: str) -> Recording:
        """A practitioner opens a recording to see it. Raises PractitionersOnly or NotFound."""
        _practitioner(actor)
        return await self._told("recording_viewed", actor, clinic_id, recording_id)

    @seen_out
    async def exported(self, operator: str, recording_id: str) -> Recording:
        """Whoever runs the server takes a recording out; `operator` is the name on the machine. Raises NotFound."""
        clinic_id = (await self.any(recording_id)).clinic_id
        return await self._told("recording_exported", OPERATOR, clinic_id, recording_id, operator=operator)

    @seen_out
    async def delete(self, actor: Actor, clinic_id: str, recording_id: str, **told: str) -> Recording:
        """Destroy the key of a recording that is over. Nothing opens it afterwards.

        Raises:
            PractitionersOnly: the actor is staff, and none.
            WrongState: it is not over.
            NotFound: the clinic has no such recording.
        """
        if actor not in (SYSTEM, OPERATOR):
            _practitioner(actor)
        async with self._database.transition(clinic_id) as transition:
            found = await find_recordings(
                transition.connection,
                recordings.c.id == recording_id,
                recordings.c.clinic_id == clinic_id,
                recordings.c.state != RecordingState.DELETED.value,
            )
            if not found:
                raise NotFound
            return await _destroy(transition, found[0], actor, told)

    async def overdue(self) -> tuple[Recording, ...]:
        """Those that have been kept for as long as the installation or their clinic keeps any."""
        now = self._database.now()
        async with self._database.reading() as connection:
            due = []
            for row in await connection.execute(select(clinics)):
                limits = [days for days in (clinic_from(row).settings.recording_days, self._kept_days) if days]
                if limits:
                    before = now - timedelta(days=min(limits))
                    due.append(and_(recordings.c.clinic_id == row.id, recordings.c.ended_at < before))
            return await find_recordings(connection, IS_KEPT, or_(*due)) if due else ()

    async def to_erase(self) -> tuple[Recording, ...]:
        """Deleted ones whose files may still be there."""
        async with self._database.reading() as connection:
            return await find_recordings(
                connection, recordings.c.state == RecordingState.DELETED.value, recordings.c.erased_at.is_(None)
            )

    @seen_out
    async def erased(self, recording: Recording) -> None:
        """The files of a deleted recording are gone."""
        async with self._database.writing() as transaction:
            await transaction.connection.execute(
                update(recordings).where(recordings.c.id == recording.id).values(erased_at=transaction.now)
            )

    @seen_out
    async def rewrap(self, operator: str) -> Rewrapped:
        """Wrap every key anew that is under another key than the one that wraps now; the media is not touched.

        It may be done again, after a crash too. That it was done stands on the installation's own chain.

        Raises:
            RecordingKeyMissing: there is no key to wrap with.
        """
        done, missing = 0, 0
        other = recordings.c.key_id != (self._keys.current_id or "")
        async with self._database.writing() as transaction:
            rows = await transaction.connection.execute(
                select(recordings.c.id, recordings.c.key_id, recordings.c.wrapped_key).where(other).with_for_update()
            )
            former = set()
            for row in rows.all():
                if not self._keys.knows(row.key_id):
                    missing += 1
                    continue
                key_id, wrapped_key = self._keys.rewrap(row.id, row.key_id, row.wrapped_key)
                former.add(row.key_id)
                await transaction.connection.execute(
                    update(recordings).where(recordings.c.id == row.id).values(key_id=key_id, wrapped_key=wrapped_key)
                )
                done += 1
            if done:
                data = {"operator": operator, "from": sorted(former), "to": self._keys.current_id, "recordings": done}
                await append_own(transaction, "recording_keys_rewrapped", OPERATOR, data=data)
        return Rewrapped(done, missing)

    async def _told(self, kind: str, actor: Actor, clinic_id: str, recording_id: str, **told: str) -> Recording:
        async with self._database.transition(clinic_id) as transition:
            recording = await _kept(transition.connection, recording_id, clinic_id)
            await append(
                transition,
                kind,
                actor,
                visit_id=recording.visit_id,
                person_id=recording.person_id,
                data={"recording_id": recording_id, **told},
            )
            return recording

    async def _named(self, connection: AsyncConnection, *conditions: ColumnElement[bool]) -> tuple[KeptRecording, ...]:
        newest = select(recordings.c.id).where(*conditions)
        newest = newest.order_by(recordings.c.asked_at.desc(), recordings.c.id.desc()).limit(PAGE)
        ids = list(await connection.scalars(newest))
        found = await find_recordings(connection, recordings.c.id.in_(ids))
        of = await self._visits.find(connection, visits.c.id.in_({each.visit_id for each in found}))
        names = {visit.id: _name(visit) for visit in of}
        healers = select(practitioners.c.id, people.c.name).join(people, people.c.id == practitioners.c.person_id)
        healers = healers.where(practitioners.c.id.in_({each.practitioner_id for each in found}))
        healer_names = {row.id: row.name for row in await connection.execute(healers)}
        return tuple(
            KeptRecording(each, names[each.visit_id], healer_names[each.practitioner_id]) for each in reversed(found)
        )

    async def _about(self, connection: AsyncConnection, clinic_id: str, criterion: str) -> ColumnElement[bool]:
        """The condition that a recording is of whoever the criterion finds among those recorded."""
        one_each = (
            select(func.max(recordings.c.visit_id))
            .where(recordings.c.clinic_id == clinic_id, IS_KEPT)
            .group_by(recordings.c.person_id)
        )
        recorded = await self._visits.find(connection, visits.c.id.in_(one_each))
        digits = criterion.replace("-", "").replace(" ", "")
        if digits.isdigit() and len(digits) == 10:
            found = {visit.person_id for visit in recorded if visit.cpr.digits == digits}
        else:
            found = {visit.person_id for visit in recorded if criterion in _name(visit).casefold()}
        return recordings.c.person_id.in_(found)


def _practitioner(actor: Actor) -> None:
    if actor.role is not Role.PRACTITIONER:
        raise PractitionersOnly


def _name(visit: Visit) -> str:
    return visit.cpr.reveal() if visit.is_child else visit.name


async def _destroy(transition: Transition, recording: Recording, actor: Actor, told: dict[str, str]) -> Recording:
    changes = {"deleted_at": transition.now, "key_id": None, "wrapped_key": None}
    return await move_recording(transition, recording, RecordingVerb.DELETE, actor, changes, told)


async def _kept(connection: AsyncConnection, recording_id: str, clinic_id: str | None = None) -> Recording:
    of = () if clinic_id is None else (recordings.c.clinic_id == clinic_id,)
    found = await find_recordings(connection, recordings.c.id == recording_id, IS_KEPT, *of)
    if not found:
        raise NotFound
    return found[0]


async def _older(connection: AsyncConnection, clinic_id: str, than: str) -> ColumnElement[bool]:
    """Raises NotFound when the clinic has no recording by that id."""
    found = await find_recordings(connection, recordings.c.id == than, recordings.c.clinic_id == clinic_id)
    if not found:
        raise NotFound
    at = found[0].asked_at
    return or_(recordings.c.asked_at < at, and_(recordings.c.asked_at == at, recordings.c.id < than))
