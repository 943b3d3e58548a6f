"""Guests: who may invite and let in, what a code is good for and how long, what the log tells of it and what it does not."""

from __future__ import annotations

from datetime import timedelta

import pytest

from rooms.errors import GuestCodeRefused, GuestNameInvalid, GuestsFull, NotFound, NotInCallWithPatient, WrongState
from rooms.guests import CODE_DIGITS, CODE_LASTS, LONGEST_NAME, MOST_GUESTS
from rooms.records import Visit
from rooms.states import GuestState
from rooms.store import Rooms

from .cast import ANNE, EAR, HENRIK, MAJA_CPR, MORTEN, SKIN, SettableClock, every_row


@pytest.fixture
async def visit(rooms: Rooms) -> Visit:
    """Anne is in video with Maja."""
    await rooms.patients.add(ANNE, EAR, MAJA_CPR)
    await rooms.waiting_room.open(ANNE, EAR)
    joined = await rooms.waiting_room.join("maja", EAR)
    await rooms.waiting_room.accept(ANNE, EAR, joined.id)
    return await rooms.waiting_room.start(ANNE, EAR, joined.id)


async def test_from_the_invitation_to_the_call_and_out_again(rooms: Rooms, visit: Visit, database_url: str) -> None:
    begun = await rooms.log.last_number(EAR)
    invited = await rooms.guests.invite(ANNE, EAR, visit.id)
    assert len(invited.code) == CODE_DIGITS
    assert invited.code.isdigit()
    assert await rooms.guests.of_visit(visit.id) == ()
    knocking = await rooms.guests.knock(f" {invited.code[:4]} {invited.code[4:]} ", "  Tolk   Tove ")
    assert (knocking.state, knocking.name, knocking.visit_id) == (GuestState.KNOCKING, "Tolk Tove", visit.id)
    admitted = await rooms.guests.admit(ANNE, EAR, visit.id, knocking.id)
    assert await rooms.guests.of_visit(visit.id) == (admitted,)
    removed = await rooms.guests.remove(ANNE, EAR, visit.id, knocking.id)
    assert removed.state is GuestState.REMOVED
    assert await rooms.guests.of_visit(visit.id) == ()
    told = await rooms.log.since(EAR, begun)
    assert [(event.kind, event.actor.role.value, event.visit_id) for event in told] == [
        ("guest_invited", "practitioner", visit.id),
        ("guest_knocked", "guest", visit.id),
        ("guest_admitted", "practitioner", visit.id),
        ("guest_removed", "practitioner", visit.id),
    ]
    everything = repr(await every_row(database_url))
    assert invited.code not in everything
    assert "Tove" not in everything


async def test_a_code_is_used_once_and_for_minutes(rooms: Rooms, visit: Visit, clock: SettableClock) -> None:
    used = await rooms.guests.invite(ANNE, EAR, visit.id)
    await rooms.guests.knock(used.code, "Tove")
    late = await rooms.guests.invite(ANNE, EAR, visit.id)
    clock.time += CODE_LASTS
    for code in (used.code, late.code, "", "1234567", "0" * 9, "\u0661" * 8):
        with pytest.raises(GuestCodeRefused):
            await rooms.guests.knock(code, "Tove")


@pytest.mark.parametrize("name", ["", "  ", "x" * (LONGEST_NAME + 1), "a\0b"])
async def test_a_name_that_is_none_does_not_use_the_code(rooms: Rooms, visit: Visit, name: str) -> None:
    invited = await rooms.guests.invite(ANNE, EAR, visit.id)
    with pytest.raises(GuestNameInvalid):
        await rooms.guests.knock(invited.code, name)
    await rooms.guests.knock(invited.code, "Tove")


async def test_only_who_has_the_patient_in_video_invites_and_answers(rooms: Rooms, visit: Visit) -> None:
    for actor, clinic, error in ((MORTEN, EAR, NotInCallWithPatient), (HENRIK, SKIN, NotFound)):
        with pytest.raises(error):
            await rooms.guests.invite(actor, clinic, visit.id)
    invited = await rooms.guests.invite(ANNE, EAR, visit.id)
    guest = await rooms.guests.knock(invited.code, "Tove")
    with pytest.raises(NotInCallWithPatient):
        await rooms.guests.admit(MORTEN, EAR, visit.id, guest.id)
    with pytest.raises(NotFound):
        await rooms.guests.admit(ANNE, EAR, visit.id, "nobody")
    await rooms.waiting_room.end(ANNE, EAR, visit.id)
    with pytest.raises(NotInCallWithPatient):
        await rooms.guests.admit(ANNE, EAR, visit.id, guest.id)


async def test_the_end_of_the_call_is_the_end_of_its_codes(rooms: Rooms, visit: Visit) -> None:
    invited = await rooms.guests.invite(ANNE, EAR, visit.id)
    await rooms.waiting_room.end(ANNE, EAR, visit.id)
    with pytest.raises(GuestCodeRefused):
        await rooms.guests.knock(invited.code, "Tove")


async def test_a_visit_has_so_many_guests_and_places_come_free(
    rooms: Rooms, visit: Visit, clock: SettableClock
) -> None:
    invited = [await rooms.guests.invite(ANNE, EAR, visit.id) for _ in range(MOST_GUESTS)]
    with pytest.raises(GuestsFull):
        await rooms.guests.invite(ANNE, EAR, visit.id)
    await rooms.guests.refuse(ANNE, EAR, visit.id, invited[0].guest_id)
    with pytest.raises(GuestCodeRefused):
        await rooms.guests.knock(invited[0].code, "Tove")
    await rooms.guests.invite(ANNE, EAR, visit.id)
    clock.time += CODE_LASTS + timedelta(seconds=1)
    await rooms.guests.invite(ANNE, EAR, visit.id)


async def test_who_is_out_stays_out(rooms: Rooms, visit: Visit) -> None:
    for_leaving, for_refusing = [await rooms.guests.invite(ANNE, EAR, visit.id) for _ in range(2)]
    refused = await rooms.guests.knock(for_refusing.code, "Ukendt")
    await rooms.guests.refuse(ANNE, EAR, visit.id, refused.id)
    left = await rooms.guests.knock(for_leaving.code, "Tove")
    await rooms.guests.admit(ANNE, EAR, visit.id, left.id)
    assert (await rooms.guests.leave(left.id)).state is GuestState.LEFT
    for guest in (refused, left):
        with pytest.raises(WrongState):
            await rooms.guests.admit(ANNE, EAR, visit.id, guest.id)
        with pytest.raises(WrongState):
            await rooms.guests.leave(guest.id)
