"""What two workers are answered who act at once on one PostgreSQL: each success has its event, each refusal its reason.

Each worker is a store of its own with its own connections. The log alone is read back through the state tables, as in
`test_interleavings.py`; here the answers are held against it too, and the rows at the end.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import select

from rooms.database import create_engine, parse_url
from rooms.demo import load_demo
from rooms.errors import NotFound, RoomsError, WrongState
from rooms.records import Actor, Event
from rooms.states import OPEN_VISITS, VISIT, RoomState, RoomVerb, VisitState, VisitVerb, next_room, next_visit
from rooms.store import Rooms
from rooms.tables import clinics, patients, visits

from .cast import ANNE, EAR, FATIMA_CPR, JONAS_CPR, KEY, MAJA_CPR, MORTEN

COMMANDS = 2000
"""Commands at least, two or three of them at once each time."""
BOUND_S = 60.0
"""Past this many seconds fewer commands do, so that a slow machine does not fail; `LEAST` of them are needed all the same."""
LEAST = 500

CPRS = {"maja": MAJA_CPR, "jonas": JONAS_CPR, "fatima": FATIMA_CPR}
MOVED = {
    "visit_accepted": VisitVerb.ACCEPT,
    "visit_started": VisitVerb.START,
    "visit_ended": VisitVerb.END,
    "visit_rejected": VisitVerb.REJECT,
    "visit_left": VisitVerb.LEAVE,
    "visit_put_back": VisitVerb.PUT_BACK,
    "visit_handed_over": VisitVerb.HAND_OVER,
    "visit_resumed": VisitVerb.RESUME,
}
CASCADES = {"visit_rejected", "visit_started"}
"""Kinds that another command causes too, or that a command may leave out when nothing changes."""


@dataclass
class Story:
    """The clinic as the events alone tell it, gone through by the tables."""

    room: RoomState = RoomState.CLOSED
    present: dict[str, str] = field(default_factory=dict)
    visits: dict[str, VisitState] = field(default_factory=dict)
    visitors: dict[str, str] = field(default_factory=dict)

    def take(self, event: Event) -> None:
        if event.kind in MOVED:
            assert event.visit_id is not None
            self.visits[event.visit_id] = next_visit(self.visits[event.visit_id], MOVED[event.kind])
            assert event.data["state"] == self.visits[event.visit_id]
        elif event.kind == "visit_joined":
            assert event.visit_id is not None
            assert event.person_id in self.present
            assert self.room is RoomState.OPEN
            assert event.person_id not in self.under_way()
            self.visits[event.visit_id] = VisitState.WAITING
            self.visitors[event.visit_id] = event.person_id
        elif event.kind == "patient_added":
            assert event.person_id is not None
            assert event.person_id not in self.present
            self.present[event.person_id] = event.data["patient_id"]
        elif event.kind == "patient_removed":
            assert event.person_id is not None
            assert self.present.pop(event.person_id) == event.data["patient_id"]
            assert event.person_id not in self.under_way()
        elif event.kind == "room_opened":
            self.room = next_room(self.room, RoomVerb.OPEN)
        else:
            assert event.kind == "room_closed"
            self.room = next_room(self.room, RoomVerb.KEEP_QUEUE if event.data["keep_queue"] else RoomVerb.REJECT_ALL)

    def under_way(self) -> Counter[str]:
        open_ones = Counter(self.visitors[each] for each, state in self.visits.items() if state in OPEN_VISITS)
        assert not open_ones or max(open_ones.values()) == 1
        return open_ones


@pytest.fixture
async def workers(
    fresh_postgres: str,
) -> AsyncIterator[tuple[Rooms, Rooms]]:
    def clock() -> datetime:
        return datetime.now(UTC)

    async with (
        await Rooms.open(fresh_postgres, KEY, clock=clock, on_commit=lambda _: None) as one,
        await Rooms.open(fresh_postgres, KEY, clock=clock, on_commit=lambda _: None) as two,
    ):
        await load_demo(one)
        yield one, two


@pytest.fixture
def fresh_postgres(fresh_database: Callable[[str], str]) -> str:
    return fresh_database("postgres")


async def test_whatever_two_workers_do_at_once_is_a_way_through_the_tables(
    workers: tuple[Rooms, Rooms], fresh_postgres: str
) -> None:
    chance = random.Random(20261124)
    story, number, done = Story(), 0, 0
    deadline = time.monotonic() + BOUND_S
    refusals: Counter[str] = Counter()
    while done < COMMANDS and time.monotonic() < deadline:
        chosen = [choose(chance, story, workers) for _ in range(chance.choice((2, 2, 3)))]
        outcomes = await asyncio.gather(*(each.run() for each in chosen), return_exceptions=True)
        done += len(chosen)
        told = await events_after(workers[0], number)
        number += len(told)
        justified(chosen, outcomes, told, refusals)
        for event in told:
            story.take(event)
    assert done >= LEAST
    assert await workers[1].log.verify(EAR) is None
    assert await rows(fresh_postgres) == (
        story.room.value,
        story.present,
        {each: state.value for each, state in story.visits.items()},
    )
    # The two have really met: each of these needs somebody who was faster, or a state that another left behind.
    assert refusals["wrong_state"] > done // 20
    assert {"patient_exists", "already_queued"} <= refusals.keys()


@dataclass
class Command:
    """One command of one worker. `kind` is that of its event; `verb` is set when it moves a visit."""

    kind: str
    run: Callable[[], Any]
    verb: VisitVerb | None = None


def choose(chance: random.Random, story: Story, workers: Sequence[Rooms]) -> Command:
    """Something to do, on few visits and few people, so that the workers meet; what is under way is met most."""
    rooms, actor = chance.choice(workers), chance.choice((ANNE, MORTEN))
    person = chance.choice(list(CPRS))
    if not story.visits or chance.random() < 0.35:
        return on_lists(chance, rooms, actor, person, story)
    open_ones = [each for each, state in story.visits.items() if state in OPEN_VISITS]
    visit_id = chance.choice(open_ones or list(story.visits)[-3:])
    kind = chance.choice([*MOVED, "visit_accepted", "visit_ended"])
    run = mover(rooms, actor, kind, visit_id, story)
    return Command(kind, later(chance, run), MOVED[kind])


def mover(rooms: Rooms, actor: Actor, kind: str, visit_id: str, story: Story) -> Callable[[], Any]:
    room, giver, taker = rooms.waiting_room, "oere-anne", "oere-morten"
    return {
        "visit_accepted": lambda: room.accept(actor, EAR, visit_id),
        "visit_started": lambda: room.start(actor, EAR, visit_id),
        "visit_ended": lambda: room.end(actor, EAR, visit_id),
        "visit_rejected": lambda: room.reject(actor, EAR, visit_id, "Ring i stedet."),
        "visit_left": lambda: room.leave(story.visitors[visit_id], visit_id),
        "visit_put_back": lambda: room.put_back(actor, EAR, visit_id),
        "visit_handed_over": lambda: rooms.consultations.hand_over(actor, EAR, visit_id, giver=giver, taker=taker),
        "visit_resumed": lambda: rooms.consultations.resume(actor, EAR, visit_id),
    }[kind]


def on_lists(chance: random.Random, rooms: Rooms, actor: Actor, person: str, story: Story) -> Command:
    patient_id = story.present.get(person, "nobody")
    kind = chance.choice(
        ["patient_added"] * 2 + ["visit_joined"] * 3 + ["room_opened"] * 2 + ["patient_removed", "room_closed"]
    )
    keep_queue = chance.random() < 0.7
    run = {
        "patient_added": lambda: rooms.patients.add(actor, EAR, CPRS[person]),
        "patient_removed": lambda: rooms.patients.remove(actor, EAR, patient_id),
        "visit_joined": lambda: rooms.waiting_room.join(person, EAR),
        "room_opened": lambda: rooms.waiting_room.open(actor, EAR),
        "room_closed": lambda: rooms.waiting_room.close(actor, EAR, keep_queue=keep_queue),
    }[kind]
    return Command(kind, later(chance, run))


def later(chance: random.Random, run: Callable[[], Any]) -> Callable[[], Any]:
    """The command after a few turns of the loop, so that the order in which the two begin varies."""
    turns = chance.randrange(6)

    async def wait_and_run() -> object:
        for _ in range(turns):
            await asyncio.sleep(0)
        return await run()

    return wait_and_run


def justified(
    chosen: Sequence[Command], outcomes: Sequence[object], told: Sequence[Event], refusals: Counter[str]
) -> None:
    """Each success has its event and each event its success; each refusal of a verb names a pair without an entry."""
    succeeded: Counter[str] = Counter()
    for command, outcome in zip(chosen, outcomes, strict=True):
        if not isinstance(outcome, BaseException):
            succeeded[command.kind] += 1
            continue
        assert isinstance(outcome, RoomsError), outcome
        refusals[outcome.code] += 1
        if isinstance(outcome, WrongState) and command.verb is not None:
            assert (VisitState(outcome.state), command.verb) not in VISIT
        else:
            assert command.verb is None or not isinstance(outcome, NotFound) or command.kind == "visit_left"
    written = Counter(event.kind for event in told)
    for kind in succeeded.keys() | written.keys():
        if kind == "visit_handed_over":
            assert written[kind] <= succeeded[kind]  # to whoever has the patient already, nothing changes
        elif kind not in CASCADES:
            assert written[kind] == succeeded[kind], kind
    assert written["visit_rejected"] >= succeeded["visit_rejected"]
    assert written["visit_started"] <= succeeded["visit_started"]


async def events_after(rooms: Rooms, number: int) -> list[Event]:
    found = list(await rooms.log.since(EAR, number))
    assert [event.number for event in found] == list(range(number + 1, number + 1 + len(found)))
    return found


async def rows(database_url: str) -> tuple[str, dict[str, str], dict[str, str]]:
    """The room, who is on the list, and each visit's state, as the tables have them."""
    engine = create_engine(parse_url(database_url))
    try:
        async with engine.connect() as connection:
            room = await connection.scalar(select(clinics.c.room).where(clinics.c.id == EAR))
            listed = select(patients.c.person_id, patients.c.id).where(patients.c.removed_at.is_(None))
            present = {row.person_id: row.id for row in await connection.execute(listed)}
            found = await connection.execute(select(visits.c.id, visits.c.state))
            return str(room), present, {row.id: row.state for row in found}
    finally:
        await engine.dispose()
