"""Recordings of consultations on their course: asked for, agreed to or refused, made, stopped. The media is not here.

A recording begins when the patient has said yes to the clinic's words, and its own key is made in that very transaction. Who
agreed to which words, and who stopped it, stands on the clinic's log. What is kept is `kept_recordings`'s.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

from sqlalchemy import ColumnElement, func, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from .consent import DANISH, ENGLISH, consent_of
from .database import Database, Transition, new_id, seen_out
from .errors import (
    ConsentChanged,
    NotFound,
    NotInCallWithPatient,
    PractitionersOnly,
    RecordingKeyMissing,
    RecordingUnderWay,
)
from .log import append
from .recording_keys import RecordingKeys
from .recording_rows import IS_KEPT, IS_OPEN_RECORDING, find_recordings, move_recording, stop_recording
from .records import SYSTEM, Actor, Recording, Role
from .states import KEPT_RECORDINGS, RecordingState, RecordingVerb, VisitState
from .tables import recordings
from .visits import Visits
from .waiting_room import visitor


class Recordings:
    """Each transition is a compare-and-set under the clinic's lock, with its event in the same transaction."""

    def __init__(self, database: Database, visits: Visits, keys: RecordingKeys) -> None:
        self._database = database
        self._visits = visits
        self._keys = keys

    # Asked for, and answered.

    @property
    def has_key(self) -> bool:
        """Whether there is a key to wrap a new recording's with."""
        return self._keys.current_id is not None

    @seen_out
    async def ask(self, actor: Actor, clinic_id: str, visit_id: str) -> Recording:
        """Ask the patient of a visit in video, with the clinic's words as they read now.

        Raises:
            PractitionersOnly: the actor is none.
            NotInCallWithPatient: another practitioner has the patient, or the visit is not in video.
            RecordingUnderWay: a recording of the visit is asked for or made already.
            RecordingKeyMissing: there is no key to keep it under.
            NotFound: the clinic has no such visit.
        """
        async with self._database.transition(clinic_id) as transition:
            visit = await self._visits.one(transition.connection, clinic_id, visit_id)
            if actor.role is not Role.PRACTITIONER:
                raise PractitionersOnly
            if visit.state is not VisitState.IN_CALL or visit.practitioner_id != actor.practitioner_id:
                raise NotInCallWithPatient
            if not self.has_key:
                raise RecordingKeyMissing
            same = recordings.c.visit_id == visit_id
            if await find_recordings(transition.connection, same, IS_OPEN_RECORDING):
                raise RecordingUnderWay
            consent = consent_of(transition.clinic.settings)
            recording_id = new_id()
            await transition.connection.execute(
                insert(recordings).values(
                    id=recording_id,
                    clinic_id=clinic_id,
                    visit_id=visit_id,
                    person_id=visit.person_id,
                    practitioner_id=visit.practitioner_id,
                    state=RecordingState.ASKED.value,
                    asked_at=transition.now,
                    consent_version=consent.version,
                    consent_da=consent.texts[DANISH],
                    consent_en=consent.texts[ENGLISH],
                )
            )
            data = {
                "recording_id": recording_id,
                "state": RecordingState.ASKED.value,
                "consent_version": consent.version,
            }
            await append(transition, "recording_asked", actor, visit_id=visit_id, person_id=visit.person_id, data=data)
            return await _in(transition, visit_id, recording_id)

    @seen_out
    async def agree(self, person_id: str, visit_id: str, recording_id: str, consent_hash: str, *, by: str) -> Recording:
        """The patient, or the guardian `by` whose page it is, says yes to the words with that hash. The key is made.

        Raises:
            ConsentChanged: they are not the words that were asked with.
            RecordingKeyMissing: there is no key to keep it under.
            WrongState: it is not asked any longer.
            NotFound: it is not that person's.
        """
        async with self._of(person_id, visit_id, recording_id) as (transition, recording):
            language = recording.consent.language_of(consent_hash)
            if language is None:
                raise ConsentChanged
            key_id, wrapped_key = self._keys.new(recording_id)
            changes = {
                "answered_at": transition.now,
                "answered_by": by,
                "consent_language": language,
                "consent_hash": consent_hash,
                "key_id": key_id,
                "wrapped_key": wrapped_key,
            }
            data = {
                "consent_version": recording.consent.version,
                "consent_hash": consent_hash,
                "language": language,
                "key_id": key_id,
            }
            return await move_recording(
                transition, recording, RecordingVerb.AGREE, visitor(person_id, by), changes, data
            )

    @seen_out
    async def refuse(self, person_id: str, visit_id: str, recording_id: str, *, by: str) -> Recording:
        """The patient, or the guardian `by`, says no. Raises WrongState or NotFound."""
        async with self._of(person_id, visit_id, recording_id) as (transition, recording):
            changes = {"answered_at": transition.now, "answered_by": by}
            return await move_recording(transition, recording, RecordingVerb.REFUSE, visitor(person_id, by), changes)

    @seen_out
    async def withdraw(self, actor: Actor, clinic_id: str, visit_id: str, recording_id: str) -> Recording:
        """Staff ask no longer. Raises WrongState or NotFound."""
        async with self._database.transition(clinic_id) as transition:
            recording = await _in(transition, visit_id, recording_id)
            return await move_recording(transition, recording, RecordingVerb.WITHDRAW, actor)

    # Stopped. What is over already stays as it is: both sides may stop at once.

    @seen_out
    async def stop(self, actor: Actor, clinic_id: str, visit_id: str, recording_id: str) -> Recording:
        """Staff stop it. Raises WrongState when it was never agreed to, NotFound."""
        async with self._database.transition(clinic_id) as transition:
            recording = await _in(transition, visit_id, recording_id)
            return recording if _is_over(recording) else await stop_recording(transition, recording, actor)

    @seen_out
    async def stop_by_visitor(self, person_id: str, visit_id: str, recording_id: str, *, by: str) -> Recording:
        """The patient, or the guardian `by`, stops it. Raises WrongState when it was never agreed to, NotFound."""
        async with self._of(person_id, visit_id, recording_id) as (transition, recording):
            return (
                recording
                if _is_over(recording)
                else await stop_recording(transition, recording, visitor(person_id, by))
            )

    # What the recorder tells. Of what is over by now, or was told before, nothing changes.

    @seen_out
    async def began(self, recording: Recording) -> None:
        """The first packet is kept."""
        async with self._database.transition(recording.clinic_id) as transition:
            now = await _in(transition, recording.visit_id, recording.id)
            if now.state is RecordingState.AGREED:
                changes = {"began_at": transition.now}
                await move_recording(transition, now, RecordingVerb.RUN, SYSTEM, changes)

    @seen_out
    async def failed(self, recording: Recording, fault: str) -> bool:
        """It stopped by itself; `fault` is a word for why. False when it was over already."""
        async with self._database.transition(recording.clinic_id) as transition:
            now = await _in(transition, recording.visit_id, recording.id)
            if now.state not in (RecordingState.AGREED, RecordingState.RUNNING):
                return False
            changes = {"ended_at": transition.now, "fault": fault}
            await move_recording(transition, now, RecordingVerb.FAIL, SYSTEM, changes, {"fault": fault})
            return True

    @seen_out
    async def closed(self, recording: Recording, *, length_ms: int | None, media_bytes: int | None) -> None:
        """Its files are closed, and so long and large; both are None when nothing was kept."""
        async with self._database.writing() as transaction:
            await transaction.connection.execute(
                update(recordings)
                .where(recordings.c.id == recording.id, recordings.c.closed_at.is_(None))
                .values(closed_at=transaction.now, length_ms=length_ms, media_bytes=media_bytes)
            )

    # Looked at.

    async def of_visit(self, visit_id: str) -> Recording | None:
        """The newest recording of a visit; None when none was asked for. Deleted ones count for nothing."""
        async with self._database.reading() as connection:
            found = await find_recordings(
                connection, recordings.c.visit_id == visit_id, recordings.c.state != RecordingState.DELETED.value
            )
        return found[-1] if found else None

    async def to_look_after(self) -> tuple[Recording, ...]:
        """Those that a recorder has to do with: agreed to or running, and those that are over with their files not closed."""
        made = or_(recordings.c.state.in_([RecordingState.AGREED.value, RecordingState.RUNNING.value]), IS_KEPT)
        async with self._database.reading() as connection:
            return await find_recordings(connection, made, recordings.c.closed_at.is_(None))

    async def data_key(self, recording: Recording) -> bytes:
        """The recording's own key. Raises RecordingKeyMissing when it cannot be unwrapped, or was destroyed."""
        query = select(recordings.c.key_id, recordings.c.wrapped_key).where(recordings.c.id == recording.id)
        async with self._database.reading() as connection:
            row = (await connection.execute(query)).one_or_none()
        if row is None or row.wrapped_key is None:
            raise RecordingKeyMissing
        return self._keys.open(recording.id, row.key_id, row.wrapped_key)

    async def count_by_state(self) -> Mapping[RecordingState, int]:
        """How many recordings there are in each state, every clinic's together; each state is named."""
        query = select(recordings.c.state, func.count()).group_by(recordings.c.state)
        async with self._database.reading() as connection:
            counted = {RecordingState(state): count for state, count in await connection.execute(query)}
        return {state: counted.get(state, 0) for state in RecordingState}

    async def count_by_fault(self) -> Mapping[str, int]:
        """How many recordings failed for each reason that there was."""
        query = select(recordings.c.fault, func.count()).where(recordings.c.fault.is_not(None))
        async with self._database.reading() as connection:
            return {fault: count for fault, count in await connection.execute(query.group_by(recordings.c.fault))}

    @asynccontextmanager
    async def _of(
        self, person_id: str, visit_id: str, recording_id: str
    ) -> AsyncIterator[tuple[Transition, Recording]]:
        """A transition of the clinic, with a recording of the person's. Raises NotFound for any other."""
        theirs = (recordings.c.person_id == person_id, recordings.c.visit_id == visit_id)
        async with self._database.reading() as connection:
            found = await find_recordings(connection, recordings.c.id == recording_id, *theirs)
        if not found:
            raise NotFound
        async with self._database.transition(found[0].clinic_id) as transition:
            yield transition, await _in(transition, visit_id, recording_id)


async def _in(transition: Transition, visit_id: str, recording_id: str) -> Recording:
    """A recording of the transition's clinic. Raises NotFound."""
    return await _one(
        transition.connection,
        recordings.c.id == recording_id,
        recordings.c.visit_id == visit_id,
        recordings.c.clinic_id == transition.clinic.id,
    )


async def _one(connection: AsyncConnection, *conditions: ColumnElement[bool]) -> Recording:
    found = await find_recordings(connection, *conditions)
    if not found:
        raise NotFound
    return found[0]


def _is_over(recording: Recording) -> bool:
    return recording.state in KEPT_RECORDINGS
