"""The event log of each clinic: numbered without gaps, hash-chained, written in the transaction of the change itself."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Row, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from .database import Database, Transition, find_clinic
from .errors import NotFound
from .records import Actor, Committed, Event, Role
from .tables import clinics, events

_PAGE = 500
_BEFORE_ALL = -(2**31)  # an SQL integer's least; an event put in below 1 is to be found too


class Log:
    """Reads the log. Writing is `append`'s, and only inside a transition."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def since(self, clinic_id: str, number: int, limit: int = _PAGE) -> tuple[Event, ...]:
        """The events after `number`, in order, at most `limit`; none for an unknown clinic."""
        async with self._database.reading() as connection:
            return await _page(connection, clinic_id, number, limit)

    async def last_number(self, clinic_id: str) -> int:
        """The number of the newest event, 0 when there is none.

        Raises:
            NotFound: there is no such clinic.
        """
        async with self._database.reading() as connection:
            number = await connection.scalar(select(clinics.c.last_event).where(clinics.c.id == clinic_id))
        if number is None:
            raise NotFound
        return int(number)

    async def verify(self, clinic_id: str) -> int | None:
        """Read the whole chain. The number of the first event that is changed, missing or put in; None if it is whole.

        Raises:
            NotFound: there is no such clinic.
        """
        number, previous = 0, ""
        async with self._database.reading() as connection:
            clinic = await find_clinic(connection, clinic_id)
            if clinic is None:
                raise NotFound
            after = _BEFORE_ALL
            while page := await _page(connection, clinic_id, after, _PAGE):
                after = page[-1].number
                for event in page:
                    number += 1
                    if event.number != number or event.hash != chain_hash(event, previous):
                        return number
                    previous = event.hash
        # The end may have been cut off, or an event put in behind it.
        return None if number == clinic.last_event else min(number, clinic.last_event) + 1


async def append(
    transition: Transition,
    kind: str,
    actor: Actor,
    *,
    visit_id: str | None = None,
    person_id: str | None = None,
    data: Mapping[str, Any],
) -> None:
    """Write the clinic's next event; it is there if and only if the transition is committed."""
    event = Event(
        clinic_id=transition.clinic.id,
        number=transition.last_number + 1,
        at=transition.now,
        kind=kind,
        actor=actor,
        visit_id=visit_id,
        person_id=person_id,
        data=data,
        hash="",
    )
    transition.last_number = event.number
    transition.last_hash = chain_hash(event, transition.last_hash)
    await transition.connection.execute(
        insert(events).values(
            clinic_id=event.clinic_id,
            number=event.number,
            at=event.at,
            kind=kind,
            actor_person_id=actor.person_id,
            actor_role=actor.role.value,
            actor_practitioner_id=actor.practitioner_id,
            visit_id=visit_id,
            person_id=person_id,
            data=dict(data),
            hash=transition.last_hash,
        )
    )
    await transition.connection.execute(
        update(clinics).where(clinics.c.id == event.clinic_id).values(last_event=event.number)
    )
    transition.committed.append(Committed(event.clinic_id, event.number, person_id))


def chain_hash(event: Event, previous: str) -> str:
    """SHA-256, in hexadecimal, of every column of the event (its own hash excepted) and the hash before it."""
    columns = [
        previous,
        event.clinic_id,
        event.number,
        _instant(event.at),
        event.kind,
        event.actor.person_id,
        event.actor.role.value,
        event.actor.practitioner_id,
        event.visit_id,
        event.person_id,
        dict(event.data),
    ]
    canonical = json.dumps(columns, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(canonical.encode()).hexdigest()


async def _page(connection: AsyncConnection, clinic_id: str, number: int, limit: int) -> tuple[Event, ...]:
    query = (
        select(events)
        .where(events.c.clinic_id == clinic_id, events.c.number > number)
        .order_by(events.c.number)
        .limit(limit)
    )
    return tuple(_event_from(row) for row in await connection.execute(query))


def _instant(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="microseconds")


def _event_from(row: Row[Any]) -> Event:
    return Event(
        clinic_id=row.clinic_id,
        number=row.number,
        at=row.at,
        kind=row.kind,
        actor=Actor(row.actor_person_id, Role(row.actor_role), row.actor_practitioner_id),
        visit_id=row.visit_id,
        person_id=row.person_id,
        data=row.data,
        hash=row.hash,
    )
