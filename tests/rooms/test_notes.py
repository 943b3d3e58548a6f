"""Notes for one's colleagues: signed, sealed, never lost to a colleague's, and never in the log."""

from __future__ import annotations

import pytest
from cryptography.exceptions import InvalidTag

from rooms.errors import NoteChanged, NoteInvalid, NoteNotYours, NotesFull, NotFound
from rooms.notes import LONGEST_NOTE, MOST_NOTES, NoteVault
from rooms.records import Visit
from rooms.store import Rooms

from .cast import ANNE, EAR, HENRIK, KEY, MAJA_CPR, MORTEN, SKIN, every_row

WORDS = "Har brug for tolk, ring 55 50 10 10"


@pytest.fixture
async def visit(rooms: Rooms) -> Visit:
    """Maja waits in the ear clinic."""
    await rooms.patients.add(ANNE, EAR, MAJA_CPR)
    await rooms.waiting_room.open(ANNE, EAR)
    return await rooms.waiting_room.join("maja", EAR)


async def test_colleagues_add_theirs_side_by_side(rooms: Rooms, visit: Visit) -> None:
    await rooms.notes.add(ANNE, EAR, visit.id, f" {WORDS} ")
    await rooms.notes.add(MORTEN, EAR, visit.id, "Kommer for sent")
    notes = (await rooms.waiting_room.visit(EAR, visit.id)).notes
    assert [(note.author_name, note.text, note.version) for note in notes] == [
        ("Anne Bruun Lindqvist", WORDS, 1),
        ("Morten Skovgaard", "Kommer for sent", 1),
    ]
    assert (await rooms.waiting_room.board(EAR)).visits[0].notes == notes


async def test_ones_own_is_edited_upon_the_text_that_was_read(rooms: Rooms, visit: Visit, database_url: str) -> None:
    await rooms.notes.add(ANNE, EAR, visit.id, WORDS)
    (note,) = (await rooms.waiting_room.visit(EAR, visit.id)).notes
    await rooms.notes.edit(ANNE, EAR, visit.id, note.id, "Tolk bestilt", note.version)
    (edited,) = (await rooms.waiting_room.visit(EAR, visit.id)).notes
    assert (edited.text, edited.version, edited.written_at) == ("Tolk bestilt", 2, note.written_at)
    assert edited.edited_at is not None
    assert edited.edited_at > note.written_at
    before = await every_row(database_url)
    with pytest.raises(NoteChanged):
        await rooms.notes.edit(ANNE, EAR, visit.id, note.id, "Tolk afbestilt", note.version)
    with pytest.raises(NoteNotYours):
        await rooms.notes.edit(MORTEN, EAR, visit.id, note.id, "Nej", edited.version)
    with pytest.raises(NotFound):
        await rooms.notes.edit(ANNE, EAR, visit.id, "nothing", "Nej", 1)
    assert await every_row(database_url) == before


async def test_what_cannot_be_a_note_changes_nothing(rooms: Rooms, visit: Visit, database_url: str) -> None:
    before = await every_row(database_url)
    for text in ("", "  ", "x" * (LONGEST_NOTE + 1), "a\0b"):
        with pytest.raises(NoteInvalid):
            await rooms.notes.add(ANNE, EAR, visit.id, text)
    with pytest.raises(NotFound):
        await rooms.notes.add(HENRIK, SKIN, visit.id, "Nej")
    assert await every_row(database_url) == before
    for _ in range(MOST_NOTES):
        await rooms.notes.add(ANNE, EAR, visit.id, "Ja")
    with pytest.raises(NotesFull):
        await rooms.notes.add(ANNE, EAR, visit.id, "Nej")


async def test_the_words_are_neither_in_the_tables_nor_on_the_log(
    rooms: Rooms, visit: Visit, database_url: str
) -> None:
    await rooms.notes.add(ANNE, EAR, visit.id, WORDS)
    assert "tolk" not in repr(await every_row(database_url))
    seen = await rooms.waiting_room.visit(EAR, visit.id)
    assert "tolk" not in repr(seen)
    event = (await rooms.log.since(EAR, await rooms.log.last_number(EAR) - 1))[0]
    assert (event.kind, event.actor, event.visit_id, event.data) == (
        "note_written",
        ANNE,
        visit.id,
        {"note_id": seen.notes[0].id, "version": 1},
    )


def test_a_sealed_note_opens_as_itself_alone() -> None:
    vault = NoteVault(KEY)
    sealed = vault.seal("one", WORDS)
    assert vault.open("one", sealed) == WORDS
    assert sealed != vault.seal("one", WORDS)
    for note_id, changed in (("two", sealed), ("one", sealed[:-1] + b"\0"), ("one", sealed[:-1] + b"\1")):
        if changed != sealed or note_id != "one":
            with pytest.raises(InvalidTag):
                vault.open(note_id, changed)
