"""What colleagues do with a consultation between them: hand it over, resume one ended by mistake, look up earlier days'."""

from __future__ import annotations

from datetime import date, timedelta

from sqlalchemy import select

from .database import Database, find_clinic, seen_out
from .errors import NotFound, PatientBackInQueue, PatientRemoved, ResumeTooLate, TakenOver, UnknownPractitioner
from .records import Actor, Visit
from .schedule import day_begins
from .states import VISIT, VisitState, VisitVerb
from .tables import patients, practitioners, visits
from .visits import IS_OPEN, Visits


class Consultations:
    """Each transition is a compare-and-set under the clinic's lock, as in the waiting room."""

    def __init__(self, database: Database, visits: Visits) -> None:
        self._database = database
        self._visits = visits

    @seen_out
    async def hand_over(self, actor: Actor, clinic_id: str, visit_id: str, *, giver: str, taker: str) -> Visit:
        """Let another practitioner have an accepted patient, or one in a call: taken over, or given.

        `giver` and `taker` are ids of practitioners; `giver` is who has the patient as far as the actor knows. To whoever has
        the patient already, nothing changes.

        Raises:
            WrongState: the patient is with nobody.
            TakenOver: somebody else has the patient by now; says who.
            UnknownPractitioner: the clinic has no such taker.
            NotFound: the clinic has no such visit.
        """
        async with self._database.transition(clinic_id) as transition:
            visit = await self._visits.one(transition.connection, clinic_id, visit_id)
            if (visit.state, VisitVerb.HAND_OVER) in VISIT:
                if visit.practitioner_id != giver:
                    raise TakenOver(visit.practitioner_name)
                if taker == giver:
                    return visit
            known = await transition.connection.scalar(
                select(practitioners.c.id).where(practitioners.c.id == taker, practitioners.c.clinic_id == clinic_id)
            )
            if known is None:
                raise UnknownPractitioner
            changes = {"practitioner_id": taker}
            return await self._visits.move(transition, visit, VisitVerb.HAND_OVER, actor, changes)

    @seen_out
    async def resume(self, actor: Actor, clinic_id: str, visit_id: str) -> Visit:
        """Take up again a consultation that was ended by mistake; it is accepted, by whoever had it.

        Raises:
            WrongState: it is not ended.
            ResumeTooLate: its end is longer ago than the clinic's resume time.
            PatientBackInQueue: the patient has an open visit here again.
            PatientRemoved: the clinic has taken the patient's access away.
            NotFound: the clinic has no such visit.
        """
        async with self._database.transition(clinic_id) as transition:
            visit = await self._visits.one(transition.connection, clinic_id, visit_id)
            if visit.state is VisitState.ENDED and visit.ended_at is not None:
                minutes = transition.clinic.settings.resume_minutes
                if transition.now - visit.ended_at > timedelta(minutes=minutes):
                    raise ResumeTooLate(minutes)
                same = (visits.c.clinic_id == clinic_id, visits.c.person_id == visit.person_id)
                if await self._visits.find(transition.connection, *same, IS_OPEN):
                    raise PatientBackInQueue
                access = select(patients.c.id).where(patients.c.id == visit.patient_id, patients.c.removed_at.is_(None))
                if await transition.connection.scalar(access) is None:
                    raise PatientRemoved
            changes = {"ended_at": None, "started_at": None}
            return await self._visits.move(transition, visit, VisitVerb.RESUME, actor, changes)

    async def ended_on(self, clinic_id: str, day: date) -> tuple[Visit, ...]:
        """The consultations that ended on a date in Denmark, in the order in which the patients joined.

        Raises:
            NotFound: there is no such clinic.
        """
        async with self._database.reading() as connection:
            if await find_clinic(connection, clinic_id) is None:
                raise NotFound
            return await self._visits.find(
                connection,
                visits.c.clinic_id == clinic_id,
                visits.c.state == VisitState.ENDED.value,
                visits.c.ended_at >= day_begins(day),
                visits.c.ended_at < day_begins(day + timedelta(days=1)),
            )
