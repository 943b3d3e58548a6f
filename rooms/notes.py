"""Notes for one's colleagues on a visit: appended, signed, edited by their author alone; the patient never gets them.

A note may hold anything, so its text is sealed in the table, and the log tells of it without its words.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping

from sqlalchemy import insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from .database import Database, Transition, new_id, seen_out
from .errors import NoteChanged, NoteInvalid, NoteNotYours, NotesFull, NotFound
from .log import append
from .records import Actor, Note
from .tables import notes, people, visits
from .text_vault import TextVault

LONGEST_NOTE = 1000
"""In characters."""
MOST_NOTES = 50
"""How many notes a visit may have."""


class NoteVault(TextVault):
    """Seals the notes' texts."""

    def __init__(self, key: bytes) -> None:
        super().__init__(key, b"venterum note v1")


async def notes_of(
    connection: AsyncConnection, vault: NoteVault, visit_ids: Collection[str]
) -> Mapping[str, tuple[Note, ...]]:
    """The notes of each visit, in the order in which they were written."""
    found: defaultdict[str, list[Note]] = defaultdict(list)
    query = (
        select(notes, people.c.name)
        .join(people, people.c.id == notes.c.author_person_id)
        .where(notes.c.visit_id.in_(visit_ids))
        .order_by(notes.c.written_at, notes.c.id)
    )
    for row in await connection.execute(query) if visit_ids else ():
        text = vault.open(row.id, row.text_sealed)
        note = Note(row.id, row.author_person_id, row.name, text, row.version, row.written_at, row.edited_at)
        found[row.visit_id].append(note)
    return {visit_id: tuple(each) for visit_id, each in found.items()}


class Notes:
    """Writes and edits notes."""

    def __init__(self, database: Database, vault: NoteVault) -> None:
        self._database = database
        self._vault = vault

    @seen_out
    async def add(self, actor: Actor, clinic_id: str, visit_id: str, text: str) -> None:
        """Put a note on a visit.

        Raises:
            NoteInvalid: it is empty or longer than LONGEST_NOTE.
            NotesFull: the visit has MOST_NOTES already.
            NotFound: the clinic has no such visit.
        """
        text = _sound(text)
        async with self._database.transition(clinic_id) as transition:
            person_id = await _visitor(transition, visit_id)
            there = await notes_of(transition.connection, self._vault, [visit_id])
            if len(there.get(visit_id, ())) >= MOST_NOTES:
                raise NotesFull(MOST_NOTES)
            note_id = new_id()
            await transition.connection.execute(
                insert(notes).values(
                    id=note_id,
                    visit_id=visit_id,
                    author_person_id=actor.person_id,
                    text_sealed=self._vault.seal(note_id, text),
                    version=1,
                    written_at=transition.now,
                )
            )
            data = {"note_id": note_id, "version": 1}
            await append(transition, "note_written", actor, visit_id=visit_id, person_id=person_id, data=data)

    @seen_out
    async def edit(self, actor: Actor, clinic_id: str, visit_id: str, note_id: str, text: str, version: int) -> None:
        """Give a note of one's own another text. `version` is the one that the new text was written upon.

        Raises:
            NoteInvalid: it is empty or longer than LONGEST_NOTE.
            NoteNotYours: somebody else wrote it.
            NoteChanged: it has been edited since that version; nothing is lost of either text.
            NotFound: the clinic has no such visit, or the visit no such note.
        """
        text = _sound(text)
        async with self._database.transition(clinic_id) as transition:
            person_id = await _visitor(transition, visit_id)
            there = await notes_of(transition.connection, self._vault, [visit_id])
            note = next((each for each in there.get(visit_id, ()) if each.id == note_id), None)
            if note is None:
                raise NotFound
            if note.author_person_id != actor.person_id:
                raise NoteNotYours
            if note.version != version:
                raise NoteChanged
            await transition.connection.execute(
                update(notes)
                .where(notes.c.id == note_id)
                .values(text_sealed=self._vault.seal(note_id, text), version=version + 1, edited_at=transition.now)
            )
            data = {"note_id": note_id, "version": version + 1}
            await append(transition, "note_edited", actor, visit_id=visit_id, person_id=person_id, data=data)


async def _visitor(transition: Transition, visit_id: str) -> str:
    """The id of the person whose visit it is. Raises NotFound when it is none of the transition's clinic."""
    person_id = await transition.connection.scalar(
        select(visits.c.person_id).where(visits.c.id == visit_id, visits.c.clinic_id == transition.clinic.id)
    )
    if person_id is None:
        raise NotFound
    return str(person_id)


def _sound(text: str) -> str:
    text = text.strip()
    if not 1 <= len(text) <= LONGEST_NOTE or "\x00" in text:
        raise NoteInvalid(LONGEST_NOTE)
    return text
