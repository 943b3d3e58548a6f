"""Many hands on one clinic at once, through two stores: whatever the order, every event on the log is a step of the tables.

The log is read back and each visit, the room and the patient list are taken through it, entry by entry; a command that two of
them got through at once, or one that was half done, would stand there as a step that no table has.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from datetime import timedelta
from functools import partial
from typing import Any

from rooms.clinic_settings import ClinicSettings
from rooms.errors import RoomsError
from rooms.records import Actor, Event
from rooms.states import OPEN_VISITS, RoomState, RoomVerb, VisitState, VisitVerb, next_room, next_visit
from rooms.store import Rooms

from .cast import ANNE, EAR, JONAS_CPR, KEY, MAJA_CPR, MORTEN, SettableClock

STEPS = 200
"""Commands of each of the four hands in a round."""
MOST_ROUNDS = 20
"""Rounds are gone through until every kind of event has been; past this many one never comes."""

VERBS = {
    "visit_accepted": VisitVerb.ACCEPT,
    "visit_started": VisitVerb.START,
    "visit_ended": VisitVerb.END,
    "visit_rejected": VisitVerb.REJECT,
    "visit_left": VisitVerb.LEAVE,
    "visit_put_back": VisitVerb.PUT_BACK,
    "visit_handed_over": VisitVerb.HAND_OVER,
    "visit_resumed": VisitVerb.RESUME,
}
PRACTITIONERS = ["oere-anne", "oere-morten"]
PEOPLE = ["maja", "jonas"]
CPR = [MAJA_CPR, JONAS_CPR]

Step = Callable[[], Awaitable[Any]]


class Hand:
    """One worker's doings with one store, drawn from its own chance."""

    def __init__(self, rooms: Rooms, actor: Actor, clock: SettableClock, seed: int) -> None:
        self._rooms = rooms
        self._actor = actor
        self._clock = clock
        self._chance = random.Random(seed)

    async def work(self) -> int:
        """Do STEPS things, most of which are refused; how many were not."""
        done = 0
        for _ in range(STEPS):
            try:
                await (await self._step())()
            except RoomsError:
                continue
            done += 1
        return done

    async def _step(self) -> Step:
        rooms, actor, chance = self._rooms, self._actor, self._chance
        board = await rooms.waiting_room.board(EAR)
        shown = chance.choice(board.visits) if board.visits else None
        visit_id = "none" if shown is None else shown.id
        patients = await rooms.patients.search(actor, EAR, "") if chance.random() < 0.2 else ()
        room = rooms.waiting_room
        by_clock = [self._an_hour_later, partial(rooms.opening.apply, EAR)]
        by_staff = [
            partial(room.accept, actor, EAR, visit_id),
            partial(room.put_back, actor, EAR, visit_id),
            partial(room.start, actor, EAR, visit_id),
            partial(room.end, actor, EAR, visit_id),
            partial(room.reject, actor, EAR, visit_id, "Nej"),
            partial(rooms.consultations.resume, actor, EAR, visit_id),
            partial(
                rooms.consultations.hand_over,
                actor,
                EAR,
                visit_id,
                giver=chance.choice(PRACTITIONERS),
                taker=chance.choice(PRACTITIONERS),
            ),
            partial(rooms.notes.add, actor, EAR, visit_id, "Note"),
        ]
        by_patient = [
            partial(room.join, chance.choice(PEOPLE), EAR),
            partial(room.leave, chance.choice(PEOPLE), visit_id),
        ]
        by_clinic = [
            partial(room.open, actor, EAR),
            partial(room.close, actor, EAR, keep_queue=chance.random() < 0.5),
            partial(rooms.patients.add, actor, EAR, chance.choice(CPR)),
            *(partial(rooms.patients.remove, actor, EAR, each.id) for each in patients),
        ]
        kinds: list[list[Any]] = [by_staff, by_staff, by_patient, by_clinic, by_clock]
        step: Step = chance.choice(chance.choice(kinds))
        return step

    async def _an_hour_later(self) -> None:
        self._clock.time += timedelta(hours=1)


async def test_every_event_is_a_step_of_the_tables(rooms: Rooms, database_url: str, clock: SettableClock) -> None:
    await rooms.opening.set(ANNE, EAR, ClinicSettings(resume_minutes=24 * 60))
    async with await Rooms.open(database_url, KEY, clock=clock, on_commit=lambda _: None) as other:
        hands = [
            Hand(store, actor, clock, number)
            for number, (store, actor) in enumerate([(rooms, ANNE), (other, MORTEN), (rooms, MORTEN), (other, ANNE)])
        ]
        events: list[Event] = []
        for _ in range(MOST_ROUNDS):
            done = await asyncio.gather(*(hand.work() for hand in hands))
            assert all(count > STEPS / 20 for count in done)
            while page := await rooms.log.since(EAR, events[-1].number if events else 0):
                events += page
            if not missing(events):
                break
    assert not missing(events)
    assert await rooms.log.verify(EAR) is None
    story = Story()
    for event in events:
        story.take(event)
    clinic = await rooms.directory.clinic(EAR)
    assert (clinic.room, clinic.last_event) == (story.room, len(events))
    for visit_id, state in story.visits.items():
        visit = await rooms.waiting_room.visit(EAR, visit_id)
        assert (visit.state, visit.practitioner_id) == (state, story.holders[visit_id])
    listed = await rooms.patients.search(ANNE, EAR, "")
    assert {patient.id for patient in listed} == story.listed


def missing(events: list[Event]) -> set[str]:
    """The kinds that have not been yet, the room that opens by itself among them."""
    seen = {"opened by itself" if opened_by_itself(event) else event.kind for event in events}
    kinds = {"visit_joined", "room_opened", "opened by itself", "room_closed", "patient_added", "patient_removed"}
    return {*VERBS, *kinds} - seen


def opened_by_itself(event: Event) -> bool:
    return event.kind == "room_opened" and "boundary" in event.data


class Story:
    """The clinic's state as the log tells it, taken through the state tables; a step that they do not have fails."""

    def __init__(self) -> None:
        self.room = RoomState.CLOSED
        self.visits: dict[str, VisitState] = {}
        self.holders: dict[str, str | None] = {}
        self.visitors: dict[str, str | None] = {}
        self.listed: set[str] = set()
        self.boundaries: list[str] = []

    def take(self, event: Event) -> None:
        """Go one event on."""
        if event.kind in ("room_opened", "room_closed"):
            self._room(event)
        elif event.kind == "patient_added":
            assert event.data["patient_id"] not in self.listed
            self.listed.add(event.data["patient_id"])
        elif event.kind == "patient_removed":
            self.listed.remove(event.data["patient_id"])
        elif event.kind == "visit_joined" and event.visit_id:
            assert self.room is RoomState.OPEN
            under_way = [who for visit, who in self.visitors.items() if self.visits[visit] in OPEN_VISITS]
            assert event.person_id not in under_way
            self.visits[event.visit_id] = VisitState.WAITING
            self.visitors[event.visit_id] = event.person_id
            self.holders[event.visit_id] = None
        elif event.kind in VERBS and event.visit_id:
            after = next_visit(self.visits[event.visit_id], VERBS[event.kind])
            assert after == event.data["state"]
            self.visits[event.visit_id] = after
            self.holders[event.visit_id] = event.data["practitioner_id"]

    def _room(self, event: Event) -> None:
        opened = event.kind == "room_opened"
        self.room = next_room(self.room, RoomVerb.OPEN if opened else RoomVerb.KEEP_QUEUE)
        if "boundary" in event.data:
            assert event.data["boundary"] not in self.boundaries  # applied once
            self.boundaries.append(event.data["boundary"])
