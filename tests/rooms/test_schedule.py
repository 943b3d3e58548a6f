"""Opening hours as moments: through summer time's changes, breaks and closed days, and against a slow reading of the clock."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from itertools import islice, pairwise, takewhile

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rooms.schedule import (
    DANISH_TIME,
    Boundary,
    Hours,
    Schedule,
    boundaries,
    day_begins,
    fault,
    local_date,
    next_boundary,
    next_closing,
    next_opening,
    state_at,
)
from rooms.states import RoomState

OPEN, CLOSED = RoomState.OPEN, RoomState.CLOSED
USUAL = Schedule()


def at(text: str) -> datetime:
    """A moment by its ISO text; without an offset, a Danish local time."""
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=DANISH_TIME)


def every_day(*hours: tuple[time, time]) -> Schedule:
    return Schedule(week=(tuple(Hours(*each) for each in hours),) * 7)


def test_every_day_it_opens_at_half_past_seven_and_closes_at_nine() -> None:
    assert list(islice(boundaries(USUAL, at("2026-01-16T12:00")), 3)) == [  # a Friday
        Boundary(at("2026-01-16T21:00"), CLOSED),
        Boundary(at("2026-01-17T07:30"), OPEN),
        Boundary(at("2026-01-17T21:00"), CLOSED),
    ]


@pytest.mark.parametrize(
    ("day", "opens", "closes"),
    [
        ("2026-03-28", "06:30", "20:00"),  # the last of winter time
        ("2026-03-29", "05:30", "19:00"),  # the clocks go forward at 02:00
        ("2026-10-24", "05:30", "19:00"),  # the last of summer time
        ("2026-10-25", "06:30", "20:00"),  # they go back at 03:00
    ],
)
def test_the_hours_stay_in_local_time_when_the_clocks_change(day: str, opens: str, closes: str) -> None:
    midnight = day_begins(date.fromisoformat(day))
    assert next_opening(USUAL, midnight) == at(f"{day}T{opens}+00:00")
    assert next_closing(USUAL, midnight) == at(f"{day}T{closes}+00:00")


def test_the_day_of_the_change_is_an_hour_shorter_or_longer() -> None:
    lengths = {
        day: day_begins(date.fromisoformat(day) + timedelta(days=1)) - day_begins(date.fromisoformat(day))
        for day in ("2026-03-28", "2026-03-29", "2026-10-25")
    }
    assert [length / timedelta(hours=1) for length in lengths.values()] == [24, 23, 25]


def test_a_time_that_the_clocks_jump_over_is_the_jump() -> None:
    night = every_day((time(2, 30), time(4, 0)))
    first, second = islice(boundaries(night, at("2026-03-29T00:00")), 2)
    assert first == Boundary(at("2026-03-29T01:00+00:00"), OPEN)
    assert second == Boundary(at("2026-03-29T04:00"), CLOSED)


def test_hours_that_the_clocks_jump_over_altogether_do_not_come() -> None:
    night = every_day((time(2, 10), time(2, 50)))
    assert next_opening(night, at("2026-03-29T00:00")) == at("2026-03-30T02:10")


def test_a_time_that_comes_twice_is_the_first_of_the_two() -> None:
    night = every_day((time(2, 30), time(3, 30)))
    first, second, third = islice(boundaries(night, at("2026-10-25T00:00")), 3)
    assert first == Boundary(at("2026-10-25T00:30+00:00"), OPEN)
    assert second.at - first.at == timedelta(hours=2)
    assert third.at == at("2026-10-26T02:30")


def test_breaks_weekends_and_closed_days() -> None:
    working = (Hours(time(8), time(12)), Hours(time(12, 30), time(16)))
    schedule = Schedule(week=(*[working] * 5, (), ()), closed_days=(date(2026, 1, 19),))
    assert list(islice(boundaries(schedule, at("2026-01-16T11:00")), 4)) == [
        Boundary(at("2026-01-16T12:00"), CLOSED),
        Boundary(at("2026-01-16T12:30"), OPEN),
        Boundary(at("2026-01-16T16:00"), CLOSED),
        Boundary(at("2026-01-20T08:00"), OPEN),  # past the weekend and the closed Monday
    ]
    assert state_at(schedule, at("2026-01-16T12:10")) is CLOSED
    assert state_at(schedule, at("2026-01-19T10:00")) is CLOSED
    assert state_at(schedule, at("2026-01-20T10:00")) is OPEN


@pytest.mark.parametrize("schedule", [Schedule(automatic=False), Schedule(week=((),) * 7)])
def test_a_room_that_never_opens_by_itself_has_no_boundary(schedule: Schedule) -> None:
    now = at("2026-01-16T12:00")
    assert next_boundary(schedule, now) is None
    assert next_opening(schedule, now) is next_closing(schedule, now) is None
    assert state_at(schedule, now) is CLOSED


@pytest.mark.parametrize(
    "schedule",
    [
        Schedule(week=((),) * 6),
        every_day((time(9), time(9))),
        every_day((time(9), time(8))),
        every_day((time(8), time(12)), (time(12), time(16))),
        every_day((time(12), time(16)), (time(8), time(10))),
        every_day((time(8), time(12, 0, 1))),
        every_day(*[(time(hour), time(hour, 30)) for hour in range(7)]),
        Schedule(closed_days=(date(2026, 1, 1),) * 2),
        Schedule(closed_days=tuple(date(2026, 1, 1) + timedelta(days=days) for days in range(401))),
    ],
)
def test_a_schedule_that_makes_no_sense_has_a_fault(schedule: Schedule) -> None:
    assert fault(schedule)
    assert fault(USUAL) is None


minutes = st.integers(0, 24 * 60 - 1).map(lambda minute: time(minute // 60, minute % 60))
days = st.lists(minutes, max_size=6, unique=True).map(
    lambda moments: tuple(Hours(*pair) for pair in zip(*[iter(sorted(moments))] * 2, strict=False))
)
schedules = st.builds(
    Schedule,
    week=st.tuples(*[days] * 7),
    closed_days=st.lists(st.dates(date(2026, 3, 26), date(2026, 4, 2)), max_size=3, unique=True).map(tuple),
)
near_a_change = st.sampled_from([datetime(2026, 3, 28, tzinfo=UTC), datetime(2026, 10, 24, tzinfo=UTC)])


@given(schedule=schedules, start=near_a_change, minute=st.integers(0, 3 * 24 * 60))
@settings(max_examples=300)
def test_the_state_is_what_the_clock_on_the_wall_says(schedule: Schedule, start: datetime, minute: int) -> None:
    assert fault(schedule) is None
    now = start + timedelta(minutes=minute)
    local = now.astimezone(DANISH_TIME)
    # In the hour that comes twice the wall clock cannot tell; there the first reading rules.
    if (local + timedelta(hours=-1)).replace(fold=0).hour != 2 and local.hour not in (2, 3):
        wall = local.time()
        open_now = any(hours.opens <= wall < hours.closes for hours in schedule.of(local_date(now)))
        assert state_at(schedule, now) is (OPEN if open_now else CLOSED)


@given(schedule=schedules, start=near_a_change)
@settings(max_examples=100)
def test_boundaries_come_in_order_and_lead_where_the_state_says(schedule: Schedule, start: datetime) -> None:
    assert not any(schedule.week) or next_boundary(schedule, start) is not None
    week = list(takewhile(lambda each: each.at < start + timedelta(days=7), boundaries(schedule, start)))
    for earlier, later in pairwise(week):
        assert earlier.at <= later.at
        if earlier.at < later.at:
            assert state_at(schedule, earlier.at) is earlier.state
            assert state_at(schedule, later.at - timedelta(microseconds=1)) is earlier.state
