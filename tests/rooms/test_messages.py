"""What patient and clinic write to each other: numbered, sealed, bounded, written once, and never in the log."""

from __future__ import annotations

from datetime import timedelta

import pytest

from rooms.errors import ChatOff, MessageInvalid, MessagesFull, MessagesTooFast, NotFound
from rooms.messages import LONGEST_TEXT, MOST_A_MINUTE, MOST_MESSAGES, PAGE
from rooms.records import Actor, Chat, Party, Role, Visit
from rooms.store import Rooms

from .cast import ANNE, EAR, HENRIK, MAJA_CPR, MORTEN, SKIN, SettableClock, every_row

MAJA = Actor("maja", Role.PATIENT)
WORDS = "Jeg kan ikke finde mit sundhedskort"


@pytest.fixture
async def visit(rooms: Rooms) -> Visit:
    """Maja waits in the ear clinic."""
    await rooms.patients.add(ANNE, EAR, MAJA_CPR)
    await rooms.waiting_room.open(ANNE, EAR)
    return await rooms.waiting_room.join("maja", EAR)


async def from_maja(rooms: Rooms, visit: Visit, key: str, text: str = WORDS) -> int:
    return (await rooms.messages.write(MAJA, Party.PATIENT, EAR, visit.id, key, text)).number


async def chat_of(rooms: Rooms, visit: Visit) -> Chat:
    return (await rooms.waiting_room.visit(EAR, visit.id)).chat


async def test_both_write_and_each_sees_what_is_new(rooms: Rooms, visit: Visit) -> None:
    assert await chat_of(rooms, visit) == Chat()
    assert await from_maja(rooms, visit, "key-1", f" {WORDS}\n") == 1
    answer = await rooms.messages.write(ANNE, Party.CLINIC, EAR, visit.id, "key-2", "Det gør ikke noget")
    assert [
        (each.number, each.by, each.author_name, each.text) for each in await rooms.messages.after(visit.id, 0)
    ] == [
        (1, Party.PATIENT, None, WORDS),
        (2, Party.CLINIC, "Anne Bruun Lindqvist", "Det gør ikke noget"),
    ]
    assert await rooms.messages.after(visit.id, 1) == (answer,)
    assert await chat_of(rooms, visit) == Chat(count=2, unread_by_clinic=1, unread_by_patient=1)
    await rooms.messages.read(MORTEN, Party.CLINIC, EAR, visit.id, 2)
    await rooms.messages.read(MAJA, Party.PATIENT, EAR, visit.id, 2)
    assert await chat_of(rooms, visit) == Chat(count=2, read_by_clinic=1, read_by_patient=2)
    told = [(each.kind, each.actor.person_id, each.data["by"]) for each in (await rooms.log.since(EAR, 0))[-4:]]
    assert told == [
        ("message_written", "maja", "patient"),
        ("message_written", "anne", "clinic"),
        ("message_read", "morten", "clinic"),
        ("message_read", "maja", "patient"),
    ]


async def test_what_was_read_before_is_not_told_again(rooms: Rooms, visit: Visit, database_url: str) -> None:
    await from_maja(rooms, visit, "key-1")
    await rooms.messages.read(ANNE, Party.CLINIC, EAR, visit.id, 1)
    before = await every_row(database_url)
    await rooms.messages.read(MORTEN, Party.CLINIC, EAR, visit.id, 1)
    await rooms.messages.read(MAJA, Party.PATIENT, EAR, visit.id, 1)  # one's own
    assert await every_row(database_url) == before


async def test_sent_again_it_is_written_once(rooms: Rooms, visit: Visit, database_url: str) -> None:
    assert await from_maja(rooms, visit, "key-1") == 1
    before = await every_row(database_url)
    assert await from_maja(rooms, visit, "key-1") == 1
    assert await every_row(database_url) == before


async def test_what_cannot_be_a_message_changes_nothing(rooms: Rooms, visit: Visit, database_url: str) -> None:
    before = await every_row(database_url)
    for text in ("", "  ", "x" * (LONGEST_TEXT + 1), "a\0b"):
        with pytest.raises(MessageInvalid):
            await from_maja(rooms, visit, "key-1", text)
    with pytest.raises(NotFound):
        await rooms.messages.write(HENRIK, Party.CLINIC, SKIN, visit.id, "key-1", "Nej")
    with pytest.raises(NotFound):
        await rooms.messages.read(HENRIK, Party.CLINIC, SKIN, visit.id, 1)
    assert await every_row(database_url) == before


async def test_a_clinic_may_want_none_in_the_queue_and_has_them_in_the_call(rooms: Rooms, visit: Visit) -> None:
    settings = (await rooms.directory.clinic(EAR)).settings
    await rooms.opening.set(ANNE, EAR, type(settings)(version=settings.version, chat=False))
    with pytest.raises(ChatOff):
        await from_maja(rooms, visit, "key-1")
    with pytest.raises(ChatOff):
        await rooms.messages.write(ANNE, Party.CLINIC, EAR, visit.id, "key-1", "Hej")
    await rooms.waiting_room.accept(ANNE, EAR, visit.id)
    assert await from_maja(rooms, visit, "key-1") == 1
    await rooms.waiting_room.end(ANNE, EAR, visit.id)
    assert [each.text for each in await rooms.messages.after(visit.id, 0)] == [WORDS]
    with pytest.raises(ChatOff):
        await from_maja(rooms, visit, "key-2")


async def test_nobody_floods_the_other(rooms: Rooms, visit: Visit, clock: SettableClock) -> None:
    for number in range(MOST_A_MINUTE):
        await from_maja(rooms, visit, f"key-{number}")
    with pytest.raises(MessagesTooFast):
        await from_maja(rooms, visit, "key-more")
    await rooms.messages.write(ANNE, Party.CLINIC, EAR, visit.id, "key-anne", "Rolig")
    clock.time += timedelta(minutes=1)
    assert await from_maja(rooms, visit, "key-more") == MOST_A_MINUTE + 2


async def test_a_visit_has_room_for_so_many(rooms: Rooms, visit: Visit, clock: SettableClock) -> None:
    for number in range(MOST_MESSAGES):
        clock.time += timedelta(minutes=1)
        await from_maja(rooms, visit, f"key-{number}", "Ja")
    with pytest.raises(MessagesFull):
        await from_maja(rooms, visit, "key-more", "Nej")
    assert [each.number for each in await rooms.messages.after(visit.id, 100)] == list(range(101, 101 + PAGE))


async def test_the_words_are_neither_in_the_tables_nor_on_the_log(
    rooms: Rooms, visit: Visit, database_url: str
) -> None:
    await from_maja(rooms, visit, "key-1")
    assert "sundhedskort" not in repr(await every_row(database_url))
    assert "sundhedskort" not in repr(await rooms.messages.after(visit.id, 0))
