"""Many patients at once: what becomes of each row, that a preview adds nothing, and who is suggested for removal."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from rooms.errors import ListTooLong, NotFound
from rooms.pasted import MOST_ROWS, rows_of
from rooms.store import Rooms

from .cast import ANNE, EAR, FATIMA_CPR, HENRIK, JONAS_CPR, MAJA_CPR, SKIN, SettableClock, every_row

OSKAR_CPR = "190417-5623"
LIST = f"""\ufeffCPR;Navn
{MAJA_CPR};Maja Elkjær Holm
="{JONAS_CPR.replace("-", "")}";Jonas

"Fatima";"{FATIMA_CPR.replace("-", " ")}"
{MAJA_CPR.replace("-", "")}
310290-1234
12345;Nogen
010203-1234
210984-3360
  {OSKAR_CPR}\tbarn
uden nummer
"""


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ("", []),
        ("CPR\n", []),
        ("CPR-nummer;Navn\r\n010203-1234;X\r\n", [(2, "010203-1234")]),
        ("010203 1234", [(1, "010203 1234")]),
        ('="0102031234"', [(1, "0102031234")]),
        ("Jens Hansen 0102031234 mand", [(1, "0102031234")]),
        ("12345678901", [(1, "12345678901")]),  # eleven digits are no number with one too many
        ("x;12;0102031234", [(1, "0102031234")]),
        ("1\n \n;;\nord", [(1, "1"), (4, "ord")]),
    ],
)
def test_rows_are_found_wherever_the_number_stands(text: str, rows: list[tuple[int, str]]) -> None:
    assert [(row.line, row.text) for row in rows_of(text)] == rows


def test_a_list_has_a_bound_and_prints_no_number() -> None:
    assert len(rows_of("0102031234\n" * MOST_ROWS)) == MOST_ROWS
    with pytest.raises(ListTooLong):
        rows_of("0102031234\n" * (MOST_ROWS + 1))
    assert "010203" not in repr(rows_of("0102031234"))


async def test_each_row_has_its_outcome_and_a_preview_adds_nothing(rooms: Rooms, database_url: str) -> None:
    await rooms.patients.add(ANNE, EAR, JONAS_CPR)
    before = await every_row(database_url)
    expected = [
        (2, "ok"),
        (3, "present"),
        (5, "ok"),
        (6, "repeated"),
        (7, "malformed"),
        (8, "malformed"),
        (9, "unknown"),
        (10, "unknown"),  # known, and no user of the app
        (11, "ok"),
        (12, "malformed"),
    ]
    previewed = await rooms.patient_lists.preview(EAR, LIST)
    assert [(row.line, row.outcome.value) for row in previewed] == expected
    assert await every_row(database_url) == before
    added = await rooms.patient_lists.add_many(ANNE, EAR, LIST)
    assert [(row.line, row.outcome.value) for row in added] == [
        (line, "added" if outcome == "ok" else outcome) for line, outcome in expected
    ]
    names = [(patient.person_id, patient.is_child) for patient in await rooms.patients.search(ANNE, EAR, "")]
    assert names == [("fatima", False), ("jonas", False), ("maja", False), ("oskar", True)]
    assert [event.kind for event in await rooms.log.since(EAR, 0)] == ["patient_added"] * 4
    again = await rooms.patient_lists.add_many(ANNE, EAR, LIST)
    assert "added" not in {row.outcome.value for row in again}
    assert len(await rooms.log.since(EAR, 0)) == 4
    assert MAJA_CPR not in repr(added)


async def test_a_refused_list_changes_nothing(rooms: Rooms, database_url: str) -> None:
    before = await every_row(database_url)
    with pytest.raises(ListTooLong):
        await rooms.patient_lists.add_many(ANNE, EAR, f"{MAJA_CPR}\n" * (MOST_ROWS + 1))
    with pytest.raises(NotFound):
        await rooms.patient_lists.add_many(ANNE, "no-clinic", MAJA_CPR)
    assert await every_row(database_url) == before


async def unseen(rooms: Rooms) -> list[str]:
    found = [each.patient.person_id for each in await rooms.patient_lists.unseen(EAR)]
    assert await rooms.patient_lists.count_unseen(EAR) == len(found)
    return found


async def test_who_was_not_seen_for_long_is_suggested_for_removal(rooms: Rooms, clock: SettableClock) -> None:
    for cpr in (MAJA_CPR, JONAS_CPR, FATIMA_CPR):
        await rooms.patients.add(ANNE, EAR, cpr)
    await rooms.patients.add(HENRIK, SKIN, MAJA_CPR)
    await rooms.waiting_room.open(ANNE, EAR)
    clock.time += timedelta(days=100)
    visit = await rooms.waiting_room.join("maja", EAR)
    await rooms.waiting_room.accept(ANNE, EAR, visit.id)
    await rooms.waiting_room.end(ANNE, EAR, visit.id)
    await rooms.waiting_room.join("fatima", EAR)
    assert await unseen(rooms) == []
    clock.time += timedelta(days=81)
    assert await unseen(rooms) == ["jonas"]  # Maja was seen, and Fatima waits
    clock.time += timedelta(days=100)
    assert await unseen(rooms) == ["jonas", "maja"]
    (jonas, maja) = await rooms.patient_lists.unseen(EAR)
    assert jonas.last_seen_at is None
    assert maja.last_seen_at is not None
    await rooms.patients.remove(ANNE, EAR, maja.patient.id)
    await rooms.patients.add(ANNE, EAR, MAJA_CPR)  # added anew counts as seen
    assert await unseen(rooms) == ["jonas"]
    settings = (await rooms.directory.clinic(EAR)).settings
    await rooms.opening.set(ANNE, EAR, replace(settings, reminder_days=300))
    assert await unseen(rooms) == []
    with pytest.raises(NotFound):
        await rooms.patient_lists.unseen("no-clinic")
