"""The waiting room itself: opening and closing, joining and leaving, and each visit's way to its end."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import and_, func, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from .database import Database, Transition, clinic_from, find_clinic, new_id, seen_out
from .errors import AlreadyQueued, ExplanationInvalid, MessageInvalid, NotFound, QueueChanged, RoomClosed
from .log import append
from .names import in_danish_order
from .queue import queue_of
from .records import Actor, Board, Card, Clinic, Role, Visit
from .schedule import day_begins, local_date
from .states import OPEN_VISITS, RoomState, RoomVerb, VisitState, VisitVerb, next_room
from .tables import clinics, patients, visits
from .visits import IS_OPEN, Visits

LONGEST_MESSAGE = 1000
"""In characters, as the one below."""
LONGEST_EXPLANATION = 500

RECENT = timedelta(hours=24)
"""How long a visit that is over still stands on the patient's card."""


class WaitingRoom:
    """Every transition is a compare-and-set under the clinic's lock, and writes its event in the same transaction."""

    def __init__(self, database: Database, visits: Visits) -> None:
        self._database = database
        self._visits = visits

    # What the clinic sees and does.

    async def board(self, clinic_id: str) -> Board:
        """The open visits and those ended today, in the order in which they joined; the day is Denmark's.

        Raises:
            NotFound: there is no such clinic.
        """
        async with self._database.reading() as connection:
            clinic = await find_clinic(connection, clinic_id)
            if clinic is None:
                raise NotFound
            shown = await self._visits.find(
                connection,
                visits.c.clinic_id == clinic_id,
                or_(
                    IS_OPEN,
                    and_(
                        visits.c.state == VisitState.ENDED.value,
                        visits.c.ended_at >= day_begins(local_date(self._database.now())),
                    ),
                ),
            )
        return Board(clinic, shown, clinic.last_event)

    async def visit(self, clinic_id: str, visit_id: str) -> Visit:
        """Raises NotFound when the clinic has no such visit."""
        async with self._database.reading() as connection:
            return await self._visits.one(connection, clinic_id, visit_id)

    @seen_out
    async def open(self, actor: Actor, clinic_id: str) -> Clinic:
        """Let patients join. Raises WrongState when the room is open already, NotFound without such a clinic."""
        async with self._database.transition(clinic_id) as transition:
            state = await move_room(transition, RoomVerb.OPEN)
            await append(transition, "room_opened", actor, data={"state": state.value})
            return await _as_it_is_now(transition)

    @seen_out
    async def close(
        self, actor: Actor, clinic_id: str, *, keep_queue: bool, seen: Collection[str] | None = None
    ) -> Clinic:
        """Take no new patients. Unless the queue is kept, everyone in it is rejected with the closing message.

        A consultation under way goes on. `seen` are the ids of the visits in the queue that the actor was shown.

        Raises:
            WrongState: the room is closed already.
            QueueChanged: `seen` is not the queue.
            NotFound: there is no such clinic.
        """
        verb = RoomVerb.KEEP_QUEUE if keep_queue else RoomVerb.REJECT_ALL
        async with self._database.transition(clinic_id) as transition:
            state = await move_room(transition, verb)
            await append(transition, "room_closed", actor, data={"state": state.value, "keep_queue": keep_queue})
            queue = await self._visits.find(
                transition.connection,
                visits.c.clinic_id == clinic_id,
                visits.c.state == VisitState.WAITING.value,
            )
            if seen is not None and set(seen) != {visit.id for visit in queue}:
                raise QueueChanged
            for visit in () if keep_queue else queue:
                explanation = {"explanation": transition.clinic.closed_message}
                await self._visits.move(transition, visit, VisitVerb.REJECT, actor, explanation)
            return await _as_it_is_now(transition)

    @seen_out
    async def set_messages(self, actor: Actor, clinic_id: str, *, open_message: str, closed_message: str) -> Clinic:
        """Set what stands on the clinic's card while the room is open, and while it is closed.

        Raises:
            MessageInvalid: one of them is empty or longer than LONGEST_MESSAGE.
            NotFound: there is no such clinic.
        """
        messages = {"open_message": open_message.strip(), "closed_message": closed_message.strip()}
        if not all(_sound(message, LONGEST_MESSAGE) for message in messages.values()):
            raise MessageInvalid(LONGEST_MESSAGE)
        async with self._database.transition(clinic_id) as transition:
            await transition.connection.execute(update(clinics).where(clinics.c.id == clinic_id).values(**messages))
            data = {"state": transition.clinic.room.value, **messages}
            await append(transition, "messages_set", actor, data=data)
            return await _as_it_is_now(transition)

    async def accept(self, actor: Actor, clinic_id: str, visit_id: str) -> Visit:
        """Take the patient out of the queue, for the actor's practitioner. Raises WrongState or NotFound."""
        return await self._by_staff(
            actor,
            clinic_id,
            visit_id,
            VisitVerb.ACCEPT,
            lambda now: {"accepted_at": now, "practitioner_id": actor.practitioner_id},
        )

    async def put_back(self, actor: Actor, clinic_id: str, visit_id: str) -> Visit:
        """Put an accepted patient back in the same place in the queue. Raises WrongState or NotFound."""
        return await self._by_staff(
            actor,
            clinic_id,
            visit_id,
            VisitVerb.PUT_BACK,
            lambda _: {"accepted_at": None, "practitioner_id": None},
        )

    async def start(self, actor: Actor, clinic_id: str, visit_id: str) -> Visit:
        """Start the video. Of a consultation under way nothing changes. Raises WrongState or NotFound."""
        return await self._by_staff(actor, clinic_id, visit_id, VisitVerb.START, lambda now: {"started_at": now})

    async def end(self, actor: Actor, clinic_id: str, visit_id: str) -> Visit:
        """End the consultation. Raises WrongState or NotFound."""
        return await self._by_staff(actor, clinic_id, visit_id, VisitVerb.END, lambda _: {})

    async def reject(self, actor: Actor, clinic_id: str, visit_id: str, explanation: str) -> Visit:
        """Refuse a patient in the queue, who reads the explanation.

        Raises:
            ExplanationInvalid: it is empty or longer than LONGEST_EXPLANATION.
            WrongState: the patient does not wait.
            NotFound: the clinic has no such visit.
        """
        explanation = explanation.strip()
        if not _sound(explanation, LONGEST_EXPLANATION):
            raise ExplanationInvalid(LONGEST_EXPLANATION)
        return await self._by_staff(
            actor, clinic_id, visit_id, VisitVerb.REJECT, lambda _: {"explanation": explanation}
        )

    # What the patient sees and does.

    async def cards(self, person_id: str) -> tuple[Card, ...]:
        """Every clinic that has added the person, in order of name."""
        mine = (
            select(clinics)
            .join(patients, patients.c.clinic_id == clinics.c.id)
            .where(patients.c.person_id == person_id, patients.c.removed_at.is_(None))
        )
        async with self._database.reading() as connection:
            found = [clinic_from(row) for row in await connection.execute(mine)]
            recent = await self._visits.find(
                connection,
                visits.c.person_id == person_id,
                or_(IS_OPEN, visits.c.ended_at > self._database.now() - RECENT),
            )
            found.sort(key=lambda clinic: (in_danish_order(clinic.name), clinic.id))
            return tuple([await self._card(connection, clinic, _newest(clinic, recent)) for clinic in found])

    @seen_out
    async def join(self, person_id: str, clinic_id: str, *, by: str | None = None) -> Visit:
        """Take a place in the queue. `by` is the guardian who acts for the person, if that is another.

        Raises:
            NotFound: the clinic has not added the person.
            RoomClosed: it takes no new patients now.
            AlreadyQueued: the person waits or is in a consultation there.
        """
        async with self._database.transition(clinic_id) as transition:
            patient_id = await _access(transition.connection, person_id, clinic_id)
            if patient_id is None:
                raise NotFound
            if transition.clinic.room is not RoomState.OPEN:
                raise RoomClosed
            if await self._visits.find(
                transition.connection,
                visits.c.clinic_id == clinic_id,
                visits.c.person_id == person_id,
                IS_OPEN,
            ):
                raise AlreadyQueued
            visit_id = new_id()
            await transition.connection.execute(
                insert(visits).values(
                    id=visit_id,
                    clinic_id=clinic_id,
                    patient_id=patient_id,
                    person_id=person_id,
                    state=VisitState.WAITING.value,
                    joined_at=transition.now,
                )
            )
            await append(
                transition,
                "visit_joined",
                visitor(person_id, by),
                visit_id=visit_id,
                person_id=person_id,
                data={"state": VisitState.WAITING.value, "practitioner_id": None},
            )
            return await self._visits.one(transition.connection, clinic_id, visit_id)

    @seen_out
    async def leave(self, person_id: str, visit_id: str, *, by: str | None = None) -> Visit:
        """Give up the place in the queue. `by` is the guardian who acts for the person, if that is another.

        Raises:
            NotFound: it is not that person's visit.
            WrongState: the person does not wait.
        """
        async with self._database.reading() as connection:
            clinic_id = (await self._of_person(connection, person_id, visit_id)).clinic_id
        async with self._database.transition(clinic_id) as transition:
            visit = await self._of_person(transition.connection, person_id, visit_id)
            return await self._visits.move(transition, visit, VisitVerb.LEAVE, visitor(person_id, by), {})

    async def visit_of(self, profiles: Collection[str], visit_id: str) -> Visit:
        """The visit of one of these people. Raises NotFound when it is not, or the clinic has taken the access away."""
        async with self._database.reading() as connection:
            found = await self._visits.find(connection, visits.c.id == visit_id, visits.c.person_id.in_(profiles))
            if not found or await _access(connection, found[0].person_id, found[0].clinic_id) is None:
                raise NotFound
        return found[0]

    async def _card(self, connection: AsyncConnection, clinic: Clinic, visit: Visit | None) -> Card:
        told = None if visit is None else await queue_of(connection, clinic, visit, self._database.now())
        return Card(clinic, visit, told)

    # What the server itself needs.

    async def in_call(self) -> tuple[Visit, ...]:
        """Every clinic's consultations under way."""
        async with self._database.reading() as connection:
            return await self._visits.find(connection, visits.c.state == VisitState.IN_CALL.value)

    async def count_by_state(self) -> Mapping[VisitState, int]:
        """How many visits there are in each state, every clinic's together; each state is named."""
        query = select(visits.c.state, func.count()).group_by(visits.c.state)
        async with self._database.reading() as connection:
            counted = {VisitState(state): count for state, count in await connection.execute(query)}
        return {state: counted.get(state, 0) for state in VisitState}

    @seen_out
    async def _by_staff(
        self,
        actor: Actor,
        clinic_id: str,
        visit_id: str,
        verb: VisitVerb,
        changes: Callable[[datetime], Mapping[str, Any]],
    ) -> Visit:
        async with self._database.transition(clinic_id) as transition:
            visit = await self._visits.one(transition.connection, clinic_id, visit_id)
            return await self._visits.move(transition, visit, verb, actor, changes(transition.now))

    async def _of_person(self, connection: AsyncConnection, person_id: str, visit_id: str) -> Visit:
        found = await self._visits.find(connection, visits.c.id == visit_id, visits.c.person_id == person_id)
        if not found:
            raise NotFound
        return found[0]


async def move_room(transition: Transition, verb: RoomVerb) -> RoomState:
    """Take the transition's room through `verb`; the event is the caller's. Raises WrongState."""
    state = next_room(transition.clinic.room, verb)
    await transition.connection.execute(
        update(clinics).where(clinics.c.id == transition.clinic.id).values(room=state.value)
    )
    return state


def visitor(person_id: str, by: str | None) -> Actor:
    """Whoever acts on the patient's page."""
    if by is None or by == person_id:
        return Actor(person_id, Role.PATIENT)
    return Actor(by, Role.GUARDIAN)


async def _access(connection: AsyncConnection, person_id: str, clinic_id: str) -> str | None:
    """The id of the person's access to the clinic, if there is one now."""
    return await connection.scalar(
        select(patients.c.id).where(
            patients.c.clinic_id == clinic_id,
            patients.c.person_id == person_id,
            patients.c.removed_at.is_(None),
        )
    )


async def _as_it_is_now(transition: Transition) -> Clinic:
    clinic = await find_clinic(transition.connection, transition.clinic.id)
    if clinic is None:
        raise NotFound
    return clinic


def _newest(clinic: Clinic, recent: tuple[Visit, ...]) -> Visit | None:
    """Of visits in the order in which they joined, the clinic's open one, else its last."""
    here = [visit for visit in recent if visit.clinic_id == clinic.id]
    under_way = [visit for visit in here if visit.state in OPEN_VISITS]
    return next(reversed(under_way or here), None)


def _sound(text: str, longest: int) -> bool:
    # NUL is a character that PostgreSQL cannot hold.
    return 1 <= len(text) <= longest and "\x00" not in text
