"""The event logs, one a clinic and the installation's own: numbered without gaps, hash-chained, written with the change."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Awaitable, Callable, Collection, Mapping
from datetime import UTC, datetime
from functools import partial
from typing import Any

from sqlalchemy import Row, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from .database import Database, Transaction, Transition, find_clinic
from .errors import NotFound
from .records import Actor, Chain, Committed, Event, Role
from .tables import clinics, event_subjects, events, installation, installation_events

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
        async with self._database.reading() as connection:
            clinic = await find_clinic(connection, clinic_id)
            if clinic is None:
                raise NotFound
            return await _verify(partial(_page, connection, clinic_id), clinic.last_event)

    async def verify_all(self) -> tuple[Chain, ...]:
        """Read every chain: the installation's own first, then each clinic's, in order of its id."""
        async with self._database.reading() as connection:
            last = int(await connection.scalar(select(installation.c.last_event)) or 0)
            newest = select(installation_events.c.hash).where(installation_events.c.number == last)
            broken_at = await _verify(partial(_own_page, connection), last)
            chains = [Chain("", last, broken_at, await connection.scalar(newest) or "")]
            for clinic in await connection.execute(select(clinics.c.id, clinics.c.last_event).order_by(clinics.c.id)):
                newest = select(events.c.hash).where(
                    events.c.clinic_id == clinic.id, events.c.number == clinic.last_event
                )
                broken_at = await _verify(partial(_page, connection, clinic.id), clinic.last_event)
                last_hash = await connection.scalar(newest) or ""
                chains.append(Chain(clinic.id, clinic.last_event, broken_at, last_hash))
        return tuple(chains)


async def append_own(
    transaction: Transaction, kind: str, actor: Actor, *, person_id: str | None = None, data: Mapping[str, Any]
) -> None:
    """Write the next event of the installation's own chain: for what belongs to no clinic."""
    connection = transaction.connection
    locked = select(
        installation.c.last_event
    ).with_for_update()  # SQLAlchemy leaves it out on SQLite, which has one writer
    last = int((await connection.execute(locked)).scalar_one())
    previous = await connection.scalar(select(installation_events.c.hash).where(installation_events.c.number == last))
    event = Event(
        clinic_id="",
        number=last + 1,
        at=transaction.now,
        kind=kind,
        actor=actor,
        visit_id=None,
        person_id=person_id,
        data=data,
        hash="",
    )
    await connection.execute(
        insert(installation_events).values(
            number=event.number,
            at=event.at,
            kind=kind,
            actor_person_id=actor.person_id,
            actor_role=actor.role.value,
            person_id=person_id,
            data=dict(data),
            hash=chain_hash(event, previous or ""),
        )
    )
    await connection.execute(update(installation).values(last_event=event.number))


async def _verify(page: Callable[[int, int], Awaitable[tuple[Event, ...]]], last_event: int) -> int | None:
    number, previous, after = 0, "", _BEFORE_ALL
    while events := await page(after, _PAGE):
        after = events[-1].number
        for event in events:
            number += 1
            if event.number != number or event.hash != chain_hash(event, previous):
                return number
            previous = event.hash
    # The end may have been cut off, or an event put in behind it.
    return None if number == last_event else min(number, last_event) + 1


async def append(
    transition: Transition,
    kind: str,
    actor: Actor,
    *,
    visit_id: str | None = None,
    person_id: str | None = None,
    subjects: Collection[str] = (),
    data: Mapping[str, Any],
) -> None:
    """Write the clinic's next event; it is there if and only if the transition is committed.

    `subjects` are the ids of those whom an event concerns that is about several.
    """
    if subjects:
        data = {**data, "subjects": sorted(subjects)}
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
    if subjects:
        rows = [{"clinic_id": event.clinic_id, "number": event.number, "person_id": each} for each in set(subjects)]
        await transition.connection.execute(insert(event_subjects), rows)
    await transition.connection.execute(
        update(clinics).where(clinics.c.id == event.clinic_id).values(last_event=event.number)
    )
    transition.committed.append(Committed(event.clinic_id, event.number, person_id, visit_id))


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
    return tuple(event_from(row) for row in await connection.execute(query))


async def _own_page(connection: AsyncConnection, number: int, limit: int) -> tuple[Event, ...]:
    query = (
        select(installation_events)
        .where(installation_events.c.number > number)
        .order_by(installation_events.c.number)
        .limit(limit)
    )
    return tuple(
        Event(
            clinic_id="",
            number=row.number,
            at=row.at,
            kind=row.kind,
            actor=Actor(row.actor_person_id, Role(row.actor_role)),
            visit_id=None,
            person_id=row.person_id,
            data=row.data,
            hash=row.hash,
        )
        for row in await connection.execute(query)
    )


def _instant(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="microseconds")


def event_from(row: Row[Any]) -> Event:
    """The record of a row of `events`."""
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
