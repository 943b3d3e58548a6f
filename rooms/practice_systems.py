"""The practice systems that may speak to this server: their keys, their clinics, and the references that they give patients."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Row, delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from .cpr import Cpr, CprVault
from .database import DIRECTORY_LOCK, Database, Transaction, clinic_from, new_id, seen_out
from .errors import NotFound, PracticeSystemExists, UnknownClinic, UnknownPracticeSystem
from .identifiers import Ydernummer, parse_clinic_identifier
from .log import append
from .names import in_danish_order
from .records import Actor, Clinic, Role
from .tables import (
    clinics,
    patients,
    people,
    practice_references,
    practice_system_clinics,
    practice_systems,
    webhook_cursors,
)

OPERATOR = Actor("operator", Role.SYSTEM)
"""Who registers practice systems, on the clinics' logs: whoever runs the server."""

LONGEST_REFERENCE = 200


@dataclass(frozen=True, slots=True)
class PracticeSystem:
    """A practice system as it is registered. `key` is the public half of its key, as a JSON Web Key (RFC 7517)."""

    id: str
    name: str
    key: Mapping[str, Any] = field(repr=False)
    clinic_ids: frozenset[str]
    webhook_url: str | None
    webhook_cpr: bool
    added_at: datetime

    @property
    def actor(self) -> Actor:
        """Who it is on the clinics' logs."""
        return Actor(self.id, Role.PRACTICE_SYSTEM)


class PracticeSystems:
    """Registers and finds practice systems."""

    def __init__(self, database: Database, vault: CprVault) -> None:
        self._database = database
        self._vault = vault

    @seen_out
    async def add(
        self,
        name: str,
        key: Mapping[str, Any],
        identifiers: Sequence[str],
        *,
        webhook_url: str | None = None,
        webhook_cpr: bool = False,
    ) -> PracticeSystem:
        """Register a practice system for the clinics of these ydernumre or SOR-IDs.

        Args:
            key: its public key as a JSON Web Key.
            webhook_url: where it is told what happens from now on.
            webhook_cpr: whether it is told CPR numbers there.

        Raises:
            PracticeSystemExists: one of that name is registered.
            MalformedClinicIdentifier, MistypedSorId, UnknownClinic: an identifier is no clinic's.
        """
        async with self._database.writing() as transaction:
            await transaction.alone(DIRECTORY_LOCK)
            taken = select(practice_systems.c.id).where(
                practice_systems.c.name == name, practice_systems.c.removed_at.is_(None)
            )
            if await transaction.connection.scalar(taken) is not None:
                raise PracticeSystemExists
            clinic_ids = frozenset([await _clinic_id(transaction.connection, each) for each in identifiers])
            system = PracticeSystem(new_id(), name, dict(key), clinic_ids, webhook_url, webhook_cpr, transaction.now)
            await transaction.connection.execute(
                insert(practice_systems).values(
                    id=system.id,
                    name=name,
                    key=dict(key),
                    webhook_url=webhook_url,
                    webhook_cpr=webhook_cpr,
                    added_at=system.added_at,
                )
            )
            for clinic_id in sorted(clinic_ids):
                await transaction.connection.execute(
                    insert(practice_system_clinics).values(system_id=system.id, clinic_id=clinic_id)
                )
                number = await self._tell(transaction, clinic_id, "practice_system_added", system.id)
                if webhook_url is not None:
                    await transaction.connection.execute(
                        insert(webhook_cursors).values(
                            system_id=system.id, clinic_id=clinic_id, last_event=number, attempts=0
                        )
                    )
        return system

    @seen_out
    async def remove(self, name: str) -> None:
        """End a registration: its key opens nothing any longer, and it is told nothing more.

        Raises:
            UnknownPracticeSystem: none of that name is registered.
        """
        async with self._database.writing() as transaction:
            await transaction.alone(DIRECTORY_LOCK)
            system = await self._find(transaction.connection, practice_systems.c.name == name)
            if system is None:
                raise UnknownPracticeSystem
            await transaction.connection.execute(
                update(practice_systems).where(practice_systems.c.id == system.id).values(removed_at=transaction.now)
            )
            await transaction.connection.execute(
                delete(webhook_cursors).where(webhook_cursors.c.system_id == system.id)
            )
            for clinic_id in sorted(system.clinic_ids):
                await self._tell(transaction, clinic_id, "practice_system_removed", system.id)

    async def list(self) -> tuple[PracticeSystem, ...]:
        """All that are registered, in order of name."""
        async with self._database.reading() as connection:
            rows = await connection.execute(select(practice_systems).where(practice_systems.c.removed_at.is_(None)))
            found = [await _system(connection, row) for row in rows.all()]
        return tuple(sorted(found, key=lambda system: (in_danish_order(system.name), system.id)))

    async def system(self, system_id: str) -> PracticeSystem | None:
        """The system by its id, while it is registered."""
        async with self._database.reading() as connection:
            return await self._find(connection, practice_systems.c.id == system_id)

    async def clinics(self, system: PracticeSystem) -> tuple[Clinic, ...]:
        """Its clinics, in order of name."""
        async with self._database.reading() as connection:
            rows = await connection.execute(select(clinics).where(clinics.c.id.in_(system.clinic_ids)))
            found = [clinic_from(row) for row in rows]
        return tuple(sorted(found, key=lambda clinic: (in_danish_order(clinic.name), clinic.id)))

    async def clinic(self, system: PracticeSystem, identifier: str) -> Clinic:
        """One of its clinics by ydernummer or SOR-ID.

        Raises:
            MalformedClinicIdentifier, MistypedSorId: see `parse_clinic_identifier`.
            UnknownClinic: it is none of its clinics.
        """
        parsed = parse_clinic_identifier(identifier)
        for clinic in await self.clinics(system):
            if parsed.value == (clinic.ydernummer if isinstance(parsed, Ydernummer) else clinic.sor_id):
                return clinic
        raise UnknownClinic

    async def patient(self, clinic_id: str, cpr: str) -> str | None:
        """The id of the access that the person with this CPR number has to the clinic. Raises MalformedCpr."""
        lookup = self._vault.lookup(Cpr.parse(cpr, today=self._database.today()))
        asked = (
            select(patients.c.id)
            .join(people, people.c.id == patients.c.person_id)
            .where(people.c.cpr_lookup == lookup, patients.c.clinic_id == clinic_id, patients.c.removed_at.is_(None))
        )
        async with self._database.reading() as connection:
            return await connection.scalar(asked)

    @seen_out
    async def refer(self, system: PracticeSystem, clinic_id: str, patient_id: str, reference: str) -> None:
        """Keep what the practice system itself calls a patient; what it called them before is forgotten.

        Raises:
            NotFound: the clinic is not its, or has no such patient.
        """
        if clinic_id not in system.clinic_ids:
            raise NotFound
        async with self._database.transition(clinic_id) as transition:
            here = select(patients.c.id).where(patients.c.id == patient_id, patients.c.clinic_id == clinic_id)
            if await transition.connection.scalar(here) is None:
                raise NotFound
            key = (
                practice_references.c.system_id == system.id,
                practice_references.c.patient_id == patient_id,
            )
            await transition.connection.execute(delete(practice_references).where(*key))
            await transition.connection.execute(
                insert(practice_references).values(system_id=system.id, patient_id=patient_id, reference=reference)
            )
            # What the reference is may tell who the patient is elsewhere: that it was given is enough.
            await append(transition, "patient_referred", system.actor, data={"patient_id": patient_id})

    async def references(self, system_id: str, patient_ids: Sequence[str]) -> Mapping[str, str]:
        """What the practice system calls these patients, by patient; those without a reference are left out."""
        asked = select(practice_references).where(
            practice_references.c.system_id == system_id, practice_references.c.patient_id.in_(patient_ids)
        )
        async with self._database.reading() as connection:
            return {row.patient_id: row.reference for row in await connection.execute(asked)}

    async def _find(self, connection: AsyncConnection, condition: Any) -> PracticeSystem | None:
        asked = select(practice_systems).where(condition, practice_systems.c.removed_at.is_(None))
        row = (await connection.execute(asked)).one_or_none()
        return None if row is None else await _system(connection, row)

    async def _tell(self, transaction: Transaction, clinic_id: str, kind: str, system_id: str) -> int:
        """Write the event; its number."""
        transition = await self._database.transition_within(transaction, clinic_id)
        await append(transition, kind, OPERATOR, data={"practice_system_id": system_id})
        return transition.last_number


async def _system(connection: AsyncConnection, row: Row[Any]) -> PracticeSystem:
    asked = select(practice_system_clinics.c.clinic_id).where(practice_system_clinics.c.system_id == row.id)
    return PracticeSystem(
        id=row.id,
        name=row.name,
        key=row.key,
        clinic_ids=frozenset(await connection.scalars(asked)),
        webhook_url=row.webhook_url,
        webhook_cpr=row.webhook_cpr,
        added_at=row.added_at,
    )


async def _clinic_id(connection: AsyncConnection, identifier: str) -> str:
    parsed = parse_clinic_identifier(identifier)
    column = clinics.c.ydernummer if isinstance(parsed, Ydernummer) else clinics.c.sor_id
    clinic_id: str | None = await connection.scalar(select(clinics.c.id).where(column == parsed.value))
    if clinic_id is None:
        raise UnknownClinic
    return clinic_id
