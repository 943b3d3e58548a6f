"""The two state tables, entry by entry, and their diagrams."""

from __future__ import annotations

from itertools import product

import pytest

from rooms.errors import WrongState
from rooms.states import (
    OPEN_VISITS,
    ROOM,
    VISIT,
    RoomState,
    RoomVerb,
    VisitState,
    VisitVerb,
    diagram,
    next_room,
    next_visit,
)


@pytest.mark.parametrize(("state", "verb"), list(product(VisitState, VisitVerb)))
def test_a_visit_goes_where_the_table_says_or_the_refusal_names_both(state: VisitState, verb: VisitVerb) -> None:
    if (state, verb) in VISIT:
        assert next_visit(state, verb) is VISIT[state, verb]
    else:
        with pytest.raises(WrongState) as refused:
            next_visit(state, verb)
        assert (refused.value.state, refused.value.verb) == (state, verb)


@pytest.mark.parametrize(("state", "verb"), list(product(RoomState, RoomVerb)))
def test_a_room_goes_where_the_table_says_or_the_refusal_names_both(state: RoomState, verb: RoomVerb) -> None:
    if (state, verb) in ROOM:
        assert next_room(state, verb) is ROOM[state, verb]
    else:
        with pytest.raises(WrongState) as refused:
            next_room(state, verb)
        assert (refused.value.state, refused.value.verb) == (state, verb)


def test_a_visit_that_is_over_stays_over_but_for_one_ended_by_mistake() -> None:
    assert {state for state, verb in VISIT if verb is not VisitVerb.RESUME} == OPEN_VISITS
    assert [state for state, verb in VISIT if verb is VisitVerb.RESUME] == [VisitState.ENDED]


def test_every_state_is_reached() -> None:
    assert set(VISIT.values()) == set(VisitState)
    assert set(ROOM.values()) == set(RoomState)


def test_the_tables_cannot_be_written_to() -> None:
    with pytest.raises(TypeError):
        VISIT[VisitState.LEFT, VisitVerb.ACCEPT] = VisitState.ACCEPTED  # type: ignore[index]  # that is the test


def test_the_diagram_has_an_arrow_an_entry() -> None:
    assert diagram(ROOM) == (
        "stateDiagram-v2\n    closed --> open: open\n    open --> closed: reject_all\n    open --> closed: keep_queue\n"
    )
    assert diagram(VISIT).count("-->") == len(VISIT)
