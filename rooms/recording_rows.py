"""Reading recordings' rows, and the one way to move a recording to another state; what recordings and visits share."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from sqlalchemy import ColumnElement, Row, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from .consent import DANISH, ENGLISH, Consent
from .database import Transition
from .log import append
from .records import Actor, Recording, Role
from .states import KEPT_RECORDINGS, OPEN_RECORDINGS, RecordingState, RecordingVerb, next_recording
from .tables import recordings

IS_OPEN_RECORDING = recordings.c.state.in_(sorted(state.value for state in OPEN_RECORDINGS))
"""The condition that a recording is asked for or made."""

IS_KEPT = recordings.c.state.in_(sorted(state.value for state in KEPT_RECORDINGS))
"""The condition that a recording is over, and there to be seen."""

_KINDS: Mapping[RecordingVerb, str] = {
    RecordingVerb.AGREE: "recording_agreed",
    RecordingVerb.REFUSE: "recording_refused",
    RecordingVerb.WITHDRAW: "recording_withdrawn",
    RecordingVerb.RUN: "recording_began",
    RecordingVerb.STOP: "recording_stopped",
    RecordingVerb.FAIL: "recording_failed",
    RecordingVerb.DELETE: "recording_deleted",
}
_NOTHING: Mapping[str, Any] = MappingProxyType({})


async def find_recordings(connection: AsyncConnection, *conditions: ColumnElement[bool]) -> tuple[Recording, ...]:
    """The recordings that meet all the conditions, in the order in which they were asked for."""
    query = select(recordings).where(*conditions).order_by(recordings.c.asked_at, recordings.c.id)
    return tuple(recording_from(row) for row in await connection.execute(query))


async def move_recording(
    transition: Transition,
    recording: Recording,
    verb: RecordingVerb,
    actor: Actor,
    changes: Mapping[str, Any] = _NOTHING,
    data: Mapping[str, Any] = _NOTHING,
) -> Recording:
    """Take a recording of the transition's clinic, just read in it, through `verb`; write the event; read it again.

    Raises:
        WrongState: the state table has no such entry.
    """
    after = next_recording(recording.state, verb)
    await transition.connection.execute(
        update(recordings).where(recordings.c.id == recording.id).values(state=after.value, **changes)
    )
    await append(
        transition,
        _KINDS[verb],
        actor,
        visit_id=recording.visit_id,
        person_id=recording.person_id,
        data={"recording_id": recording.id, "state": after.value, **data},
    )
    (moved,) = await find_recordings(transition.connection, recordings.c.id == recording.id)
    return moved


async def stop_recording(transition: Transition, recording: Recording, actor: Actor) -> Recording:
    """Stop one that is agreed to or running. Raises WrongState."""
    changes = {"ended_at": transition.now, "stopped_by": actor.role.value}
    return await move_recording(transition, recording, RecordingVerb.STOP, actor, changes)


async def end_with_call(transition: Transition, visit_id: str, actor: Actor) -> None:
    """The call is over: what was asked for is asked no longer, and what runs stops."""
    for recording in await find_recordings(transition.connection, recordings.c.visit_id == visit_id, IS_OPEN_RECORDING):
        if recording.state is RecordingState.ASKED:
            await move_recording(transition, recording, RecordingVerb.WITHDRAW, actor)
        else:
            await stop_recording(transition, recording, actor)


def recording_from(row: Row[Any]) -> Recording:
    """The record of a row of `recordings`."""
    return Recording(
        id=row.id,
        clinic_id=row.clinic_id,
        visit_id=row.visit_id,
        person_id=row.person_id,
        practitioner_id=row.practitioner_id,
        state=RecordingState(row.state),
        asked_at=row.asked_at,
        consent=Consent(row.consent_version, {DANISH: row.consent_da, ENGLISH: row.consent_en}),
        answered_at=row.answered_at,
        answered_by=row.answered_by,
        consent_language=row.consent_language,
        consent_hash=row.consent_hash,
        began_at=row.began_at,
        ended_at=row.ended_at,
        stopped_by=None if row.stopped_by is None else Role(row.stopped_by),
        fault=row.fault,
        key_id=row.key_id,
        length_ms=row.length_ms,
        media_bytes=row.media_bytes,
        closed_at=row.closed_at,
        deleted_at=row.deleted_at,
    )
