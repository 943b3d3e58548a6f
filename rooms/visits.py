"""Reading visits, and the one way to move a visit to another state; what patients and waiting room share."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, Row, exists, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from .cpr import CprVault
from .database import Transition
from .errors import NotFound, WrongState
from .log import append
from .messages import chats_of
from .minors import is_minor
from .notes import NoteVault, notes_of
from .recording_rows import end_with_call
from .records import Actor, Chat, Note, Visit
from .states import OPEN_VISITS, VisitState, VisitVerb, next_visit
from .tables import guardianships, people, practitioners, visits

IS_OPEN = visits.c.state.in_(sorted(state.value for state in OPEN_VISITS))
"""The condition that a visit is under way."""

_KINDS: Mapping[VisitVerb, str] = {
    VisitVerb.ACCEPT: "visit_accepted",
    VisitVerb.START: "visit_started",
    VisitVerb.END: "visit_ended",
    VisitVerb.REJECT: "visit_rejected",
    VisitVerb.LEAVE: "visit_left",
    VisitVerb.PUT_BACK: "visit_put_back",
    VisitVerb.HAND_OVER: "visit_handed_over",
    VisitVerb.RESUME: "visit_resumed",
}

_visitors = people.alias("visitors")
_HAS_GUARDIAN = exists().where(guardianships.c.child_id == visits.c.person_id)
_healers = people.alias("healers")


class Visits:
    """Visits as records, CPR number and notes taken out of their seals. `today` gives the date in Denmark."""

    def __init__(self, vault: CprVault, note_vault: NoteVault, today: Callable[[], date]) -> None:
        self._vault = vault
        self._note_vault = note_vault
        self._today = today

    async def find(self, connection: AsyncConnection, *conditions: ColumnElement[bool]) -> tuple[Visit, ...]:
        """The visits that meet all the conditions, in the order in which they joined."""
        query = (
            select(
                visits,
                _visitors.c.name.label("name"),
                _visitors.c.cpr_sealed.label("cpr_sealed"),
                _HAS_GUARDIAN.label("has_guardian"),
                _healers.c.name.label("practitioner_name"),
            )
            .join(_visitors, _visitors.c.id == visits.c.person_id)
            .outerjoin(practitioners, practitioners.c.id == visits.c.practitioner_id)
            .outerjoin(_healers, _healers.c.id == practitioners.c.person_id)
            .where(*conditions)
            .order_by(visits.c.joined_at, visits.c.id)
        )
        rows = (await connection.execute(query)).all()
        notes = await notes_of(connection, self._note_vault, [row.id for row in rows])
        chats = await chats_of(connection, [row.id for row in rows])
        return tuple(self._record(row, notes.get(row.id, ()), chats.get(row.id, Chat())) for row in rows)

    async def one(self, connection: AsyncConnection, clinic_id: str, visit_id: str) -> Visit:
        """Raises NotFound when the clinic has no such visit."""
        found = await self.find(connection, visits.c.id == visit_id, visits.c.clinic_id == clinic_id)
        if not found:
            raise NotFound
        return found[0]

    async def move(
        self,
        transition: Transition,
        visit: Visit,
        verb: VisitVerb,
        actor: Actor,
        changes: Mapping[str, Any],
    ) -> Visit:
        """Take a visit of the transition's clinic, just read in it, through `verb`; write the event; read it again.

        Starting what is under way changes nothing, and no event is written.

        Raises:
            WrongState: the state table has no such entry; names the practitioner who has the patient.
        """
        try:
            after = next_visit(visit.state, verb)
        except WrongState as refused:
            raise WrongState(refused.state, refused.verb, visit.practitioner_name) from None
        if after is visit.state and verb is VisitVerb.START:
            return visit
        ended = {} if after in OPEN_VISITS else {"ended_at": transition.now}
        await transition.connection.execute(
            update(visits).where(visits.c.id == visit.id).values(state=after.value, **ended, **changes)
        )
        (moved,) = await self.find(transition.connection, visits.c.id == visit.id)
        await append(
            transition,
            _KINDS[verb],
            actor,
            visit_id=visit.id,
            person_id=visit.person_id,
            data={"state": after.value, "practitioner_id": moved.practitioner_id},
        )
        if after not in OPEN_VISITS:
            await end_with_call(transition, visit.id, actor)
        return moved

    def _record(self, row: Row[Any], notes: tuple[Note, ...], chat: Chat) -> Visit:
        cpr = self._vault.open(row.cpr_sealed)
        return Visit(
            id=row.id,
            clinic_id=row.clinic_id,
            patient_id=row.patient_id,
            person_id=row.person_id,
            name=row.name,
            cpr=cpr,
            is_child=row.has_guardian and is_minor(cpr, self._today()),
            state=VisitState(row.state),
            joined_at=row.joined_at,
            accepted_at=row.accepted_at,
            started_at=row.started_at,
            ended_at=row.ended_at,
            practitioner_id=row.practitioner_id,
            practitioner_name=row.practitioner_name,
            explanation=row.explanation,
            notes=notes,
            chat=chat,
        )
