"""Launches: a practice system sends one of a clinic's staff to this server by an address that holds once, for a minute."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from .database import Database, seen_out
from .errors import LaunchPersonUnknown, LaunchSpent, NotFound
from .log import append
from .practice_systems import PracticeSystem
from .records import Actor
from .tables import employees, launches, practitioners, professional_ids

LASTS = timedelta(seconds=60)
"""How long the address holds. Whoever opened it in time may take longer to log in."""

_FORGOTTEN_AFTER = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Launch:
    """Where a launch leads: one person into one clinic, and there to a patient, if one is named."""

    system_id: str
    clinic_id: str
    person_id: str
    patient_id: str | None


@dataclass(frozen=True, slots=True)
class Ticket:
    """What the practice system is given: the secret part of the address, and until when it holds."""

    secret: str = field(repr=False)
    expires_at: datetime


class Launches:
    """Makes launches, and lets each be used once."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def person(self, clinic_id: str, *, authorisation_id: str | None, professional_id: str | None) -> str:
        """The id of the person at work in a clinic whom a practice system names.

        Raises:
            LaunchPersonUnknown: nobody with access to the clinic is known by it.
        """
        async with self._database.reading() as connection:
            if authorisation_id is not None:
                person_id = await _by_authorisation(connection, clinic_id, authorisation_id)
            else:
                person_id = await _by_profession(connection, clinic_id, professional_id or "")
        if person_id is None:
            raise LaunchPersonUnknown
        return person_id

    @seen_out
    async def begin(self, system: PracticeSystem, clinic_id: str, person_id: str, patient_id: str | None) -> Ticket:
        """Make an address for one person. The table holds its hash alone.

        Raises:
            NotFound: the clinic is not the system's.
        """
        if clinic_id not in system.clinic_ids:
            raise NotFound
        secret = secrets.token_urlsafe(32)
        async with self._database.transition(clinic_id) as transition:
            old = transition.now - _FORGOTTEN_AFTER
            await transition.connection.execute(delete(launches).where(launches.c.expires_at < old))
            expires_at = transition.now + LASTS
            await transition.connection.execute(
                insert(launches).values(
                    secret_hash=_hash(secret),
                    system_id=system.id,
                    clinic_id=clinic_id,
                    person_id=person_id,
                    patient_id=patient_id,
                    expires_at=expires_at,
                )
            )
            data = {"patient_id": patient_id, "launched_person_id": person_id}
            await append(transition, "launch_begun", system.actor, data=data)
        return Ticket(secret, expires_at)

    @seen_out
    async def use(self, secret: str) -> Launch:
        """Use the address up.

        Raises:
            LaunchSpent: it was used before, holds no longer, or never was one.
        """
        async with self._database.writing() as transaction:
            meant = launches.c.secret_hash == _hash(secret)
            used = await transaction.connection.execute(
                update(launches)
                .where(meant, launches.c.used_at.is_(None), launches.c.expires_at > transaction.now)
                .values(used_at=transaction.now)
            )
            if used.rowcount == 0:
                raise LaunchSpent
            row = (await transaction.connection.execute(select(launches).where(meant))).one()
        return Launch(row.system_id, row.clinic_id, row.person_id, row.patient_id)

    @seen_out
    async def landed(self, launch: Launch, actor: Actor) -> None:
        """Write on the clinic's log that the person named has come in by the launch."""
        async with self._database.transition(launch.clinic_id) as transition:
            await append(transition, "launch_landed", actor, data={"practice_system_id": launch.system_id})


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode(errors="replace")).hexdigest()


async def _by_authorisation(connection: AsyncConnection, clinic_id: str, authorisation_id: str) -> str | None:
    return await connection.scalar(
        select(practitioners.c.person_id).where(
            practitioners.c.clinic_id == clinic_id,
            practitioners.c.authorisation_id == authorisation_id,
            practitioners.c.active,
        )
    )


async def _by_profession(connection: AsyncConnection, clinic_id: str, professional_id: str) -> str | None:
    person_id: str | None = await connection.scalar(
        select(professional_ids.c.person_id).where(professional_ids.c.professional_id == professional_id)
    )
    for table in (practitioners, employees):
        here = select(table.c.person_id).where(
            table.c.clinic_id == clinic_id, table.c.person_id == person_id, table.c.active
        )
        if await connection.scalar(here) is not None:
            return person_id
    return None
