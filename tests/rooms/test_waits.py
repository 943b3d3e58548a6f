"""The range of the wait: within what has been, wider and later further back, and right more often than not."""

from __future__ import annotations

import random
from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from rooms.waits import LEAST, LONG, LONGEST, SHORTEST, WaitRange, wait_range

lengths = st.lists(st.timedeltas(SHORTEST, LONGEST), min_size=LEAST, max_size=40)
places = st.integers(1, 30)
teams = st.integers(1, 6)


def minutes(*each: int) -> list[timedelta]:
    return [timedelta(minutes=length) for length in each]


def test_what_a_clinic_tells() -> None:
    usual = minutes(8, 9, 10, 11, 12, 14, 15)
    assert wait_range(usual, 1, 1) == WaitRange(0, 15)
    assert wait_range(usual, 3, 1) == WaitRange(15, 40)
    assert wait_range(usual, 3, 2) == WaitRange(5, 20)
    assert wait_range(usual, 9, 1) == WaitRange(LONG, None)


@given(lengths, places)
def test_nothing_is_said_without_enough_to_go_by(found: list[timedelta], place: int) -> None:
    assert wait_range(found[: LEAST - 1], place, 1) is None
    assert wait_range(found, place, 0) is None
    assert wait_range([timedelta(seconds=20)] * 20 + found, place, 1) is None  # accepted by mistake, put away at once


@given(lengths, places, teams)
def test_it_is_said_in_steps_of_five_and_never_to_the_minute(found: list[timedelta], place: int, team: int) -> None:
    told = wait_range(found, place, team)
    assert told is not None
    assert told.from_minutes % 5 == 0
    assert told.to_minutes is None or (told.to_minutes % 5 == 0 and told.to_minutes >= told.from_minutes + 5)
    assert told.from_minutes <= LONG


@given(lengths, places, teams)
def test_further_back_it_is_never_sooner_and_with_more_at_work_never_later(
    found: list[timedelta], place: int, team: int
) -> None:
    told, behind, helped = (
        wait_range(found, place, team),
        wait_range(found, place + 1, team),
        wait_range(found, place, team + 1),
    )
    assert told is not None
    assert behind is not None
    assert helped is not None
    assert behind.from_minutes >= told.from_minutes >= helped.from_minutes
    ends = [(each.to_minutes or 10_000) for each in (behind, told, helped)]
    assert ends == sorted(ends, reverse=True)


def length(chance: random.Random, usual: float) -> timedelta:
    """Of one consultation, about as long as the clinic's usual, in minutes."""
    return timedelta(minutes=min(60.0, max(2.0, chance.gauss(usual, usual / 3))))


def test_what_was_told_comes_true_more_often_than_not() -> None:
    """Queues played through with the lengths that the range was made from: of ten patients seven wait as told."""
    chance = random.Random(20261128)
    right = asked = 0
    for _ in range(400):
        usual = chance.uniform(5, 18)
        team, place = chance.randint(1, 3), chance.randint(1, 6)
        told = wait_range([length(chance, usual) for _ in range(20)], place, team)
        assert told is not None
        # Everybody at work is somewhere in a consultation when the patient is told.
        free = sorted(length(chance, usual) * chance.random() for _ in range(team))
        for _ in range(place - 1):
            free[0] += length(chance, usual)
            free.sort()
        asked += 1
        latest = timedelta(minutes=told.to_minutes) if told.to_minutes is not None else timedelta.max
        right += timedelta(minutes=told.from_minutes) <= free[0] <= latest
    assert right / asked > 0.7
