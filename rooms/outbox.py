"""What practice systems are still to be told: the clinics' logs are the outbox, and a cursor says how far each system has read.

So an event is to be told if and only if it was committed, in the order of the clinic's log, whatever dies in between. One
worker at a time tells one system of one clinic: it holds a lease, which runs out by itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any

from sqlalchemy import and_, or_, select, update

from .cpr import Cpr, CprVault
from .database import Database, seen_out
from .records import Event
from .tables import clinics, people, practice_references, practice_systems, practitioners, visits, webhook_cursors

LEASE = timedelta(seconds=60)
"""How long a worker may be silent before another one takes over."""
LONGEST_WAIT = timedelta(hours=1)
"""How long after a failed attempt the next one comes at the latest; the first comes after two seconds, then twice as long."""
GIVEN_UP_AFTER = timedelta(days=3)
"""How old an event may be that is still told."""

TOLD: Mapping[str, str] = MappingProxyType(
    {
        "visit_joined": "visit.arrived",
        "visit_started": "visit.started",
        "visit_ended": "visit.ended",
        "visit_rejected": "visit.refused",
        "visit_left": "visit.left",
    }
)
"""The kinds of events that are told, and what they are called there."""


@dataclass(frozen=True, slots=True)
class Cursor:
    """How far one system has been told of one clinic."""

    system_id: str
    clinic_id: str
    url: str
    with_cpr: bool
    last_event: int
    attempts: int


@dataclass(frozen=True, slots=True)
class Subject:
    """Whom and what an event to be told is about. `cpr` only where the system is told it."""

    ydernummer: str | None
    sor_id: str | None
    patient_id: str
    reference: str | None
    authorisation_id: str | None
    cpr: Cpr | None


class Outbox:
    """Cursors over the clinics' logs."""

    def __init__(self, database: Database, vault: CprVault) -> None:
        self._database = database
        self._vault = vault

    def now(self) -> datetime:
        return self._database.now()

    async def clinic_ids(self) -> frozenset[str]:
        """The clinics that some system is told of."""
        async with self._database.reading() as connection:
            return frozenset(await connection.scalars(select(webhook_cursors.c.clinic_id)))

    async def due(self) -> tuple[Cursor, ...]:
        """The cursors with events after them that may be told now and that nobody else is telling."""
        now = self._database.now()
        asked = (
            select(webhook_cursors, practice_systems.c.webhook_url, practice_systems.c.webhook_cpr)
            .join(practice_systems, practice_systems.c.id == webhook_cursors.c.system_id)
            .join(clinics, clinics.c.id == webhook_cursors.c.clinic_id)
            .where(
                clinics.c.last_event > webhook_cursors.c.last_event,
                or_(webhook_cursors.c.next_at.is_(None), webhook_cursors.c.next_at <= now),
                or_(webhook_cursors.c.lease_until.is_(None), webhook_cursors.c.lease_until <= now),
            )
            .order_by(webhook_cursors.c.system_id, webhook_cursors.c.clinic_id)
        )
        async with self._database.reading() as connection:
            return tuple(
                Cursor(row.system_id, row.clinic_id, row.webhook_url, row.webhook_cpr, row.last_event, row.attempts)
                for row in await connection.execute(asked)
            )

    @seen_out
    async def lease(self, cursor: Cursor, owner: str) -> bool:
        """Take a due cursor for one worker; False when another one was faster, or has told more meanwhile."""
        async with self._database.writing() as transaction:
            free = or_(webhook_cursors.c.lease_until.is_(None), webhook_cursors.c.lease_until <= transaction.now)
            taken = await transaction.connection.execute(
                update(webhook_cursors)
                .where(_is(cursor), free, webhook_cursors.c.last_event == cursor.last_event)
                .values(lease_owner=owner, lease_until=transaction.now + LEASE)
            )
        return taken.rowcount == 1

    async def told(self, cursor: Cursor, owner: str, number: int) -> bool:
        """Move on past event `number` and keep the lease; False when the lease is another's by now."""
        return await self._set(cursor, owner, last_event=number, attempts=0, next_at=None)

    async def failed(self, cursor: Cursor, owner: str, attempts: int) -> bool:
        """An attempt failed, the `attempts`th in a row: wait before the next one. False as above."""
        wait = min(timedelta(seconds=2 ** min(attempts, 16)), LONGEST_WAIT)
        return await self._set(cursor, owner, attempts=attempts, next_at=self._database.now() + wait)

    @seen_out
    async def release(self, cursor: Cursor, owner: str) -> None:
        """Give the lease back, if it is still the worker's."""
        async with self._database.writing() as transaction:
            await transaction.connection.execute(
                update(webhook_cursors)
                .where(_is(cursor), webhook_cursors.c.lease_owner == owner)
                .values(lease_owner=None, lease_until=None)
            )

    async def subject(self, cursor: Cursor, event: Event) -> Subject | None:
        """What is told of an event; None of one that is not told."""
        if event.kind not in TOLD or event.visit_id is None:
            return None
        asked = (
            select(
                visits.c.patient_id,
                people.c.cpr_sealed,
                clinics.c.ydernummer,
                clinics.c.sor_id,
                practice_references.c.reference,
                practitioners.c.authorisation_id,
            )
            .join(people, people.c.id == visits.c.person_id)
            .join(clinics, clinics.c.id == visits.c.clinic_id)
            .outerjoin(practitioners, practitioners.c.id == event.data.get("practitioner_id"))
            .outerjoin(
                practice_references,
                and_(
                    practice_references.c.patient_id == visits.c.patient_id,
                    practice_references.c.system_id == cursor.system_id,
                ),
            )
            .where(visits.c.id == event.visit_id)
        )
        async with self._database.reading() as connection:
            row = (await connection.execute(asked)).one_or_none()
        if row is None:
            return None
        cpr = self._vault.open(row.cpr_sealed) if cursor.with_cpr else None
        return Subject(row.ydernummer, row.sor_id, row.patient_id, row.reference, row.authorisation_id, cpr)

    @seen_out
    async def _set(self, cursor: Cursor, owner: str, **values: Any) -> bool:
        async with self._database.writing() as transaction:
            changed = await transaction.connection.execute(
                update(webhook_cursors)
                .where(
                    _is(cursor),
                    webhook_cursors.c.lease_owner == owner,
                    webhook_cursors.c.lease_until > transaction.now,
                )
                .values(lease_until=transaction.now + LEASE, **values)
            )
        return changed.rowcount == 1


def _is(cursor: Cursor) -> Any:
    return and_(webhook_cursors.c.system_id == cursor.system_id, webhook_cursors.c.clinic_id == cursor.clinic_id)
