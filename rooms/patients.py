"""A clinic's patient list: who has access to its waiting room. Adding, finding and removing."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Row, Select, exists, insert, or_, select, update

from .cpr import Cpr, CprVault
from .database import Database, Transition, new_id, seen_out
from .errors import AlreadyPatient, NotFound, PatientInConsultation, UnknownPerson
from .log import append
from .minors import is_minor
from .names import in_danish_order
from .records import Actor, Patient
from .states import VisitState, VisitVerb
from .tables import guardianships, patients, people, visits
from .visits import IS_OPEN, Visits

ACCESS_REMOVED = "Klinikken har fjernet din adgang til venteværelset."
"""What a patient who waits reads when the clinic takes the access away."""

MOST_FOUND = 200
"""The most patients that one search gives."""


_guardians = people.alias("guardians")
_HAS_GUARDIAN = exists().where(guardianships.c.child_id == people.c.id)

USES_APP = or_(
    people.c.app_user,
    exists().where(
        guardianships.c.child_id == people.c.id,
        guardianships.c.guardian_id == _guardians.c.id,
        _guardians.c.app_user,
    ),
)
"""The condition that somebody uses the app: by themselves, or as a child through a guardian's profile."""


class Patients:
    """Access by person and clinic."""

    def __init__(self, database: Database, vault: CprVault, visits: Visits) -> None:
        self._database = database
        self._vault = vault
        self._visits = visits

    @seen_out
    async def add(self, actor: Actor, clinic_id: str, cpr: str) -> Patient:
        """Give a person access to the clinic's waiting room.

        Raises:
            MalformedCpr: it is no CPR number.
            UnknownPerson: nobody with that number uses the app.
            AlreadyPatient: the person has access already.
            NotFound: there is no such clinic.
        """
        number = Cpr.parse(cpr, today=self._database.today())
        async with self._database.transition(clinic_id) as transition:
            known = self.app_users().where(people.c.cpr_lookup == self._vault.lookup(number))
            person = (await transition.connection.execute(known)).one_or_none()
            if person is None:
                raise UnknownPerson
            present = await transition.connection.scalar(
                select(patients.c.id).where(
                    patients.c.clinic_id == clinic_id,
                    patients.c.person_id == person.id,
                    patients.c.removed_at.is_(None),
                )
            )
            if present is not None:
                raise AlreadyPatient
            return await self.put(transition, actor, person, number)

    async def search(self, actor: Actor, clinic_id: str, query: str) -> tuple[Patient, ...]:
        """The clinic's patients whose name or CPR number has `query` in it, at most MOST_FOUND: in order of name, then
        the children in order of number, since a place among the names would tell theirs.

        An empty query finds everyone, and a child is found by the number alone.

        Upper and lower case, and the hyphen of a CPR number, do not matter.
        """
        # The numbers are sealed in the table, so they are looked through here; a clinic's list is a few thousand.
        async with self._database.reading() as connection:
            everybody = [self.record(row) for row in await connection.execute(self.present(clinic_id))]
        wanted = query.strip().casefold()
        digits = wanted.replace("-", "").replace(" ", "")
        found = [
            patient
            for patient in everybody
            if (wanted in patient.name.casefold() and not (wanted and patient.is_child))
            or (digits.isdigit() and digits in patient.cpr.digits)
        ]
        found.sort(key=_as_shown)
        return tuple(found[:MOST_FOUND])

    @seen_out
    async def remove(self, actor: Actor, clinic_id: str, patient_id: str) -> None:
        """Take the access away. A patient who waits is rejected with ACCESS_REMOVED.

        Raises:
            NotFound: the clinic has no such patient, or no longer.
            PatientInConsultation: the patient is accepted or in a consultation.
        """
        async with self._database.transition(clinic_id) as transition:
            person_id = await transition.connection.scalar(
                select(patients.c.person_id).where(
                    patients.c.id == patient_id,
                    patients.c.clinic_id == clinic_id,
                    patients.c.removed_at.is_(None),
                )
            )
            if person_id is None:
                raise NotFound
            for visit in await self._visits.find(
                transition.connection,
                visits.c.clinic_id == clinic_id,
                visits.c.person_id == person_id,
                IS_OPEN,
            ):
                if visit.state is not VisitState.WAITING:
                    raise PatientInConsultation
                await self._visits.move(transition, visit, VisitVerb.REJECT, actor, {"explanation": ACCESS_REMOVED})
            await transition.connection.execute(
                update(patients).where(patients.c.id == patient_id).values(removed_at=transition.now)
            )
            await append(
                transition,
                "patient_removed",
                actor,
                person_id=person_id,
                data={"patient_id": patient_id, "state": "removed"},
            )

    # Shared with the lists of many (`patient_lists.py`).

    async def put(self, transition: Transition, actor: Actor, person: Row[Any], number: Cpr) -> Patient:
        """Add somebody just read by `app_users`, who is not on the list of the transition's clinic."""
        patient = Patient(
            id=new_id(),
            clinic_id=transition.clinic.id,
            person_id=person.id,
            name=person.name,
            cpr=number,
            is_child=self.is_child(number, person.has_guardian),
            added_at=transition.now,
        )
        await transition.connection.execute(
            insert(patients).values(
                id=patient.id, clinic_id=patient.clinic_id, person_id=person.id, added_at=patient.added_at
            )
        )
        data = {"patient_id": patient.id, "state": "added"}
        await append(transition, "patient_added", actor, person_id=person.id, data=data)
        return patient

    def app_users(self) -> Select[Any]:
        """Everybody who can be added to a list, with `has_guardian`."""
        return select(people, _HAS_GUARDIAN.label("has_guardian")).where(USES_APP)

    def present(self, clinic_id: str) -> Select[Any]:
        """The rows of a clinic's list now; `record` reads one."""
        return (
            select(patients, people.c.name, people.c.cpr_sealed, _HAS_GUARDIAN.label("has_guardian"))
            .join(people, people.c.id == patients.c.person_id)
            .where(patients.c.clinic_id == clinic_id, patients.c.removed_at.is_(None))
        )

    def is_child(self, cpr: Cpr, has_guardian: bool) -> bool:
        """Whether the clinic knows the person by the number alone."""
        return has_guardian and is_minor(cpr, self._database.today())

    def record(self, row: Row[Any]) -> Patient:
        """The record of a row of `present`."""
        cpr = self._vault.open(row.cpr_sealed)
        return Patient(
            id=row.id,
            clinic_id=row.clinic_id,
            person_id=row.person_id,
            name=row.name,
            cpr=cpr,
            is_child=self.is_child(cpr, row.has_guardian),
            added_at=row.added_at,
        )


def _as_shown(patient: Patient) -> tuple[bool, str, str]:
    shown = patient.cpr.digits if patient.is_child else in_danish_order(patient.name)
    return patient.is_child, shown, patient.id
