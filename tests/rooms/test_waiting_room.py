"""The waiting room's own rules, and two stores that act at once; the state machine's test walks every other way."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator
from datetime import timedelta
from functools import partial
from typing import Any

import pytest

from rooms.errors import (
    AlreadyPatient,
    AlreadyQueued,
    ExplanationInvalid,
    MessageInvalid,
    NotFound,
    RoomClosed,
    RoomsError,
    WrongState,
)
from rooms.records import Actor, Committed, Role
from rooms.states import RoomState, VisitState
from rooms.store import Rooms

from .cast import (
    ANNE,
    EAR,
    FATIMA_CPR,
    HENRIK,
    JONAS_CPR,
    KEY,
    MAJA_CPR,
    MORTEN,
    SKIN,
    SettableClock,
    every_row,
)


@pytest.fixture
async def ready(rooms: Rooms) -> Rooms:
    """The ear clinic is open and has two patients."""
    await rooms.patients.add(ANNE, EAR, MAJA_CPR)
    await rooms.patients.add(ANNE, EAR, JONAS_CPR)
    await rooms.waiting_room.open(ANNE, EAR)
    return rooms


@pytest.fixture
async def other_store(database_url: str, clock: SettableClock) -> AsyncIterator[Rooms]:
    """A second store on the same database, as another process has it."""
    async with await Rooms.open(database_url, KEY, clock=clock, on_commit=lambda _: None) as rooms:
        yield rooms


async def test_the_whole_way(ready: Rooms, clock: SettableClock) -> None:
    room = ready.waiting_room
    joined = await room.join("maja", EAR)
    accepted = await room.accept(ANNE, EAR, joined.id)
    started = await room.start(ANNE, EAR, joined.id)
    ended = await room.end(ANNE, EAR, joined.id)
    assert [visit.state.value for visit in (joined, accepted, started, ended)] == [
        "waiting",
        "accepted",
        "in_call",
        "ended",
    ]
    assert (ended.practitioner_id, ended.practitioner_name) == ("oere-anne", "Anne Bruun Lindqvist")
    moments = [ended.joined_at, ended.accepted_at, ended.started_at, ended.ended_at]
    assert all(moment is not None and moment.utcoffset() == timedelta(0) for moment in moments)
    assert moments == sorted(moment for moment in moments if moment)
    assert [event.kind for event in await ready.log.since(EAR, 3)] == [
        "visit_joined",
        "visit_accepted",
        "visit_started",
        "visit_ended",
    ]
    board = await room.board(EAR)
    assert board.visits == (ended,)
    assert board.last_event == board.clinic.last_event == await ready.log.last_number(EAR) == 7
    clock.time += timedelta(hours=25)
    assert (await room.board(EAR)).visits == ()
    assert (await room.cards("maja"))[0].visit is None


async def test_opening_the_video_again_changes_nothing(ready: Rooms, database_url: str) -> None:
    visit = await ready.waiting_room.join("maja", EAR)
    await ready.waiting_room.accept(ANNE, EAR, visit.id)
    started = await ready.waiting_room.start(ANNE, EAR, visit.id)
    before = await every_row(database_url)
    assert await ready.waiting_room.start(MORTEN, EAR, visit.id) == started
    assert await every_row(database_url) == before


async def test_closing_with_refusal_tells_everyone_in_the_queue_and_cuts_nobody_off(ready: Rooms) -> None:
    room = ready.waiting_room
    in_call, waiting = await room.join("maja", EAR), await room.join("jonas", EAR)
    await room.accept(ANNE, EAR, in_call.id)
    await room.start(ANNE, EAR, in_call.id)
    clinic = await room.close(ANNE, EAR, keep_queue=False)
    assert clinic.room is RoomState.CLOSED
    assert (await room.visit(EAR, in_call.id)).state is VisitState.IN_CALL
    rejected = await room.visit(EAR, waiting.id)
    assert (rejected.state, rejected.explanation) == (VisitState.REJECTED, clinic.closed_message)
    assert clinic.last_event == await ready.log.last_number(EAR)
    card = (await room.cards("jonas"))[0]
    assert (card.clinic, card.visit) == (clinic, rejected)


async def test_closing_with_the_queue_kept_only_takes_no_new_ones(ready: Rooms) -> None:
    visit = await ready.waiting_room.join("maja", EAR)
    await ready.waiting_room.close(ANNE, EAR, keep_queue=True)
    with pytest.raises(RoomClosed):
        await ready.waiting_room.join("jonas", EAR)
    assert (await ready.waiting_room.accept(ANNE, EAR, visit.id)).state is VisitState.ACCEPTED


async def test_put_back_keeps_the_place(ready: Rooms) -> None:
    room = ready.waiting_room
    first, second = await room.join("maja", EAR), await room.join("jonas", EAR)
    await room.accept(ANNE, EAR, first.id)
    assert await room.put_back(MORTEN, EAR, first.id) == first
    assert [visit.id for visit in (await room.board(EAR)).visits] == [first.id, second.id]


async def test_messages_stand_on_the_card(ready: Rooms, announced: list[Committed]) -> None:
    clinic = await ready.waiting_room.set_messages(
        ANNE, EAR, open_message="  Velkommen ", closed_message="Lukket\ni dag"
    )
    assert (clinic.open_message, clinic.closed_message) == ("Velkommen", "Lukket\ni dag")
    assert (await ready.waiting_room.cards("maja"))[0].clinic == clinic
    assert announced[-1] == Committed(EAR, clinic.last_event, None, None)


@pytest.mark.parametrize("wrong", ["", " \n", "x" * 1001, "a\x00b"])
async def test_a_wrong_message_is_refused(ready: Rooms, database_url: str, wrong: str) -> None:
    before = await every_row(database_url)
    with pytest.raises(MessageInvalid):
        await ready.waiting_room.set_messages(ANNE, EAR, open_message=wrong, closed_message="Lukket")
    with pytest.raises(MessageInvalid):
        await ready.waiting_room.set_messages(ANNE, EAR, open_message="Åbent", closed_message=wrong)
    assert await every_row(database_url) == before


@pytest.mark.parametrize("wrong", ["", "  ", "x" * 501, "a\x00b"])
async def test_a_wrong_explanation_is_refused(ready: Rooms, database_url: str, wrong: str) -> None:
    visit = await ready.waiting_room.join("maja", EAR)
    before = await every_row(database_url)
    with pytest.raises(ExplanationInvalid):
        await ready.waiting_room.reject(ANNE, EAR, visit.id, wrong)
    assert await every_row(database_url) == before


async def test_what_is_another_clinics_or_another_persons_is_not_there(ready: Rooms, database_url: str) -> None:
    visit = await ready.waiting_room.join("maja", EAR)
    room = ready.waiting_room
    before = await every_row(database_url)
    for refused in (
        room.visit(SKIN, visit.id),
        room.accept(HENRIK, SKIN, visit.id),
        room.put_back(HENRIK, SKIN, visit.id),
        room.start(HENRIK, SKIN, visit.id),
        room.end(HENRIK, SKIN, visit.id),
        room.reject(HENRIK, SKIN, visit.id, "Nej"),
        room.leave("jonas", visit.id),
        room.visit_of({"jonas"}, visit.id),
        room.join("maja", SKIN),
        room.join("fatima", EAR),
        room.visit(EAR, "x\x00"),
        room.board("no-clinic"),
        room.open(ANNE, "no-clinic"),
        ready.log.last_number("no-clinic"),
    ):
        with pytest.raises(NotFound):
            await refused
    assert await every_row(database_url) == before


async def test_counts_name_every_state(ready: Rooms) -> None:
    visit = await ready.waiting_room.join("maja", EAR)
    await ready.waiting_room.join("jonas", EAR)
    await ready.waiting_room.accept(ANNE, EAR, visit.id)
    in_call = await ready.waiting_room.start(ANNE, EAR, visit.id)
    counted = await ready.waiting_room.count_by_state()
    assert set(counted) == set(VisitState)
    assert +Counter(counted) == {VisitState.IN_CALL: 1, VisitState.WAITING: 1}
    assert await ready.waiting_room.in_call() == (in_call,)


async def test_two_colleagues_accept_at_once(ready: Rooms, other_store: Rooms) -> None:
    winners = set()
    for _ in range(10):
        visit = await ready.waiting_room.join("maja", EAR)
        outcomes = await asyncio.gather(
            ready.waiting_room.accept(ANNE, EAR, visit.id),
            other_store.waiting_room.accept(MORTEN, EAR, visit.id),
            return_exceptions=True,
        )
        (refused,) = [outcome for outcome in outcomes if isinstance(outcome, BaseException)]
        now = await ready.waiting_room.visit(EAR, visit.id)
        assert now in outcomes
        assert isinstance(refused, WrongState)
        assert (refused.state, refused.verb, refused.by) == ("accepted", "accept", now.practitioner_name)
        winners.add(now.practitioner_id)
        await other_store.waiting_room.end(MORTEN, EAR, visit.id)
    assert winners <= {"oere-anne", "oere-morten"}
    assert await ready.log.verify(EAR) is None


async def test_the_same_thing_twice_at_once_happens_once(ready: Rooms, other_store: Rooms) -> None:
    for twice, refusal in (
        ([store.patients.add(ANNE, EAR, FATIMA_CPR) for store in (ready, other_store)], AlreadyPatient),
        ([store.waiting_room.join("maja", EAR) for store in (ready, other_store)], AlreadyQueued),
        ([store.waiting_room.open(HENRIK, SKIN) for store in (ready, other_store)], WrongState),
    ):
        outcomes = await asyncio.gather(*twice, return_exceptions=True)
        assert [type(outcome) for outcome in outcomes if isinstance(outcome, BaseException)] == [refusal]


async def test_many_hands_at_once_leave_a_whole_log(
    ready: Rooms, other_store: Rooms, announced: list[Committed]
) -> None:
    """Whatever the order, the board is what the log says: replaying the events' states gives every visit's state."""
    chance = random.Random(7)
    del announced[:]
    first = await ready.log.last_number(EAR)

    async def hand(store: Rooms, actor: Actor) -> None:
        room = store.waiting_room
        for _ in range(25):
            visit_id = chance.choice([visit.id for visit in (await room.board(EAR)).visits] or ["none"])
            step: partial[Any] = chance.choice(
                [
                    partial(room.join, chance.choice(["maja", "jonas"]), EAR),
                    partial(room.accept, actor, EAR, visit_id),
                    partial(room.start, actor, EAR, visit_id),
                    partial(room.end, actor, EAR, visit_id),
                    partial(room.leave, "maja", visit_id),
                    partial(room.close, actor, EAR, keep_queue=chance.random() < 0.5),
                    partial(room.open, actor, EAR),
                    partial(room.open, actor, EAR),
                ]
            )
            try:
                await step()
            except RoomsError:
                continue

    await asyncio.gather(hand(ready, ANNE), hand(other_store, MORTEN), hand(ready, MORTEN))
    assert await ready.log.verify(EAR) is None
    events = await ready.log.since(EAR, first)
    replayed = {event.visit_id: event.data["state"] for event in events if event.visit_id}
    stored = {visit_id: (await ready.waiting_room.visit(EAR, visit_id)).state for visit_id in replayed}
    assert stored == replayed
    numbers = [committed.number for committed in announced]
    assert len(set(numbers)) == len(numbers)
    assert set(numbers) <= {event.number for event in events}


async def test_a_cancelled_command_is_done_and_announced_or_not_done(ready: Rooms, announced: list[Committed]) -> None:
    room, started_with = ready.waiting_room, await ready.log.last_number(EAR) - len(announced)
    for turns in range(60):
        is_open = (await ready.directory.clinic(EAR)).room is RoomState.OPEN
        write = partial(room.close, keep_queue=True) if is_open else room.open
        for begin in (partial(room.board, EAR), partial(write, ANNE, EAR)):
            command: asyncio.Future[Any] = asyncio.ensure_future(begin())
            for _ in range(turns // 2):
                await asyncio.sleep(0)  # one turn of the loop, not a wait
            command.cancel()
            await asyncio.wait({command})
            assert command.cancelled() or command.exception() is None
            assert await ready.log.last_number(EAR) - len(announced) == started_with


async def test_the_patients_own_actor_is_on_the_log(ready: Rooms) -> None:
    visit = await ready.waiting_room.join("maja", EAR)
    left = await ready.waiting_room.leave("maja", visit.id)
    assert left.state is VisitState.LEFT
    for event in await ready.log.since(EAR, 3):
        assert event.actor == Actor("maja", Role.PATIENT)
        assert (event.person_id, event.visit_id) == ("maja", visit.id)
    with pytest.raises(WrongState):
        await ready.waiting_room.accept(ANNE, EAR, visit.id)
