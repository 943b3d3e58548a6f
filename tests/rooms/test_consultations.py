"""Consultations between colleagues: handed over, resumed after a mistaken end, and looked up by the day they ended on."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import pytest

from rooms.errors import (
    NotFound,
    PatientBackInQueue,
    PatientRemoved,
    ResumeTooLate,
    TakenOver,
    UnknownPractitioner,
    WrongState,
)
from rooms.records import Visit
from rooms.schedule import DANISH_TIME
from rooms.states import VisitState
from rooms.store import Rooms

from .cast import ANNE, EAR, HENRIK, MAJA_CPR, MORTEN, SKIN, SettableClock, every_row

A, M = "oere-anne", "oere-morten"


@pytest.fixture
async def visit(rooms: Rooms) -> Visit:
    """Anne has accepted Maja."""
    await rooms.patients.add(ANNE, EAR, MAJA_CPR)
    await rooms.waiting_room.open(ANNE, EAR)
    joined = await rooms.waiting_room.join("maja", EAR)
    return await rooms.waiting_room.accept(ANNE, EAR, joined.id)


async def test_a_colleague_takes_over_and_gives_back(rooms: Rooms, visit: Visit) -> None:
    taken = await rooms.consultations.hand_over(MORTEN, EAR, visit.id, giver=A, taker=M)
    assert (taken.state, taken.practitioner_name) == (VisitState.ACCEPTED, "Morten Skovgaard")
    await rooms.waiting_room.start(MORTEN, EAR, visit.id)
    given = await rooms.consultations.hand_over(MORTEN, EAR, visit.id, giver=M, taker=A)
    assert (given.state, given.practitioner_id) == (VisitState.IN_CALL, A)
    event = (await rooms.log.since(EAR, await rooms.log.last_number(EAR) - 1))[0]
    assert (event.kind, event.actor, event.data["practitioner_id"]) == ("visit_handed_over", MORTEN, A)


async def test_of_two_who_take_over_the_second_is_told_who_was_first(
    rooms: Rooms, visit: Visit, database_url: str
) -> None:
    await rooms.consultations.hand_over(MORTEN, EAR, visit.id, giver=A, taker=M)
    before = await every_row(database_url)
    with pytest.raises(TakenOver, match="Morten Skovgaard"):
        await rooms.consultations.hand_over(ANNE, EAR, visit.id, giver=A, taker=M)
    again = await rooms.consultations.hand_over(MORTEN, EAR, visit.id, giver=M, taker=M)
    assert again.practitioner_id == M
    with pytest.raises(UnknownPractitioner):
        await rooms.consultations.hand_over(MORTEN, EAR, visit.id, giver=M, taker="hud-henrik")
    with pytest.raises(NotFound):
        await rooms.consultations.hand_over(HENRIK, SKIN, visit.id, giver=M, taker="hud-henrik")
    assert await every_row(database_url) == before


async def test_nobody_takes_over_who_waits_or_is_through(rooms: Rooms, visit: Visit) -> None:
    await rooms.waiting_room.put_back(ANNE, EAR, visit.id)
    with pytest.raises(WrongState):
        await rooms.consultations.hand_over(MORTEN, EAR, visit.id, giver=A, taker=M)
    await rooms.waiting_room.accept(ANNE, EAR, visit.id)
    await rooms.waiting_room.end(ANNE, EAR, visit.id)
    with pytest.raises(WrongState, match="ended"):
        await rooms.consultations.hand_over(MORTEN, EAR, visit.id, giver=A, taker=M)


async def test_a_mistaken_end_is_undone_within_the_resume_time(
    rooms: Rooms, visit: Visit, clock: SettableClock, database_url: str
) -> None:
    await rooms.waiting_room.start(ANNE, EAR, visit.id)
    await rooms.waiting_room.end(ANNE, EAR, visit.id)
    clock.time += timedelta(minutes=14)
    resumed = await rooms.consultations.resume(MORTEN, EAR, visit.id)
    assert (resumed.state, resumed.practitioner_id) == (VisitState.ACCEPTED, A)
    assert resumed.started_at is resumed.ended_at is None
    assert (await rooms.waiting_room.cards("maja"))[0].visit == resumed
    await rooms.waiting_room.start(ANNE, EAR, visit.id)
    await rooms.waiting_room.end(ANNE, EAR, visit.id)
    clock.time += timedelta(minutes=15, seconds=1)
    before = await every_row(database_url)
    with pytest.raises(ResumeTooLate, match="15 minutes"):
        await rooms.consultations.resume(ANNE, EAR, visit.id)
    assert await every_row(database_url) == before


async def test_nothing_is_resumed_past_the_patient(rooms: Rooms, visit: Visit, database_url: str) -> None:
    with pytest.raises(WrongState):
        await rooms.consultations.resume(ANNE, EAR, visit.id)
    await rooms.waiting_room.end(ANNE, EAR, visit.id)
    again = await rooms.waiting_room.join("maja", EAR)
    before = await every_row(database_url)
    with pytest.raises(PatientBackInQueue):
        await rooms.consultations.resume(ANNE, EAR, visit.id)
    assert await every_row(database_url) == before
    await rooms.waiting_room.leave("maja", again.id)
    await rooms.patients.remove(ANNE, EAR, visit.patient_id)
    with pytest.raises(PatientRemoved):
        await rooms.consultations.resume(ANNE, EAR, visit.id)


@pytest.mark.parametrize("day", [date(2026, 3, 29), date(2026, 6, 1), date(2026, 10, 25)])
async def test_the_day_is_the_one_in_denmark(rooms: Rooms, clock: SettableClock, day: date) -> None:
    midnight = datetime.combine(day, datetime.min.time(), DANISH_TIME)
    clock.time = midnight - timedelta(hours=1)
    await rooms.patients.add(ANNE, EAR, MAJA_CPR)
    await rooms.waiting_room.open(ANNE, EAR)
    ended = []
    for last_second in (midnight, datetime.combine(day + timedelta(days=1), datetime.min.time(), DANISH_TIME)):
        for moment in (last_second - timedelta(seconds=1), last_second):
            clock.time = moment
            joined = await rooms.waiting_room.join("maja", EAR)
            await rooms.waiting_room.accept(ANNE, EAR, joined.id)
            ended.append((await rooms.waiting_room.end(ANNE, EAR, joined.id)).id)
            assert [visit.id for visit in (await rooms.waiting_room.board(EAR)).visits] == (
                ended[-1:] if moment == last_second else ended[1:] if len(ended) == 3 else ended
            )
    found = [
        [visit.id for visit in await rooms.consultations.ended_on(EAR, day + timedelta(days=days))]
        for days in (-1, 0, 1)
    ]
    assert found == [ended[:1], ended[1:3], ended[3:]]
    with pytest.raises(NotFound):
        await rooms.consultations.ended_on("nowhere", day)
