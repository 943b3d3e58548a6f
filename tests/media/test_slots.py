"""Places: kept by whoever has one, free for whoever needs one, and never two for the same."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from media.slots import Present, RoomState, Seen, seated

PEOPLE = st.lists(st.sampled_from("abcdef"), unique=True, max_size=6)


@given(st.lists(st.tuples(PEOPLE, st.integers(0, 5)), min_size=1, max_size=12))
def test_whoever_stays_keeps_the_place_and_nobody_has_two(steps: list[tuple[list[str], int]]) -> None:
    seats: tuple[str | None, ...] = ()
    for present, slots in steps:
        before, seats = seats, seated(seats, present, slots)
        assert len(seats) == slots
        taken = [who for who in seats if who is not None]
        assert len(set(taken)) == len(taken)
        assert all(seats[at] == who for at, who in enumerate(before[:slots]) if who in present)
        # As many are seen as there is room for.
        assert sum(who in present for who in seats) == min(len(present), slots)


def test_somebody_away_keeps_the_place_until_no_other_is_free() -> None:
    seats = seated((), ["a", "b"], 3)
    assert seats == ("a", "b", None)
    seats = seated(seats, ["b"], 3)
    assert seats == ("a", "b", None)
    seats = seated(seats, ["b", "c"], 3)
    assert seats == ("a", "b", "c")
    assert seated(seats, ["b", "c", "a"], 3) == ("a", "b", "c")
    assert seated(seats, ["b", "c", "d"], 3) == ("d", "b", "c")


def test_a_rooms_state_comes_back_from_its_json() -> None:
    state = RoomState({"a": Present("leg", True, (Seen("b", "0", None),)), "b": Present("other", False)}, "a")
    assert RoomState.from_json(json.loads(json.dumps(state.as_json()))) == state
    assert state.is_call()
    assert not RoomState({"b": Present("other", False)}).is_call()
