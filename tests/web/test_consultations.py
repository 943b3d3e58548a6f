"""Consultations between colleagues over the wire: taken over, resumed after a mistaken end, and looked up by day."""

from __future__ import annotations

from datetime import timedelta

from rooms.schedule import local_date

from .house import EAR, Browser, House
from .test_sockets import LIVE, closing, heard_on, in_call, in_queue, move, patient_call, staff_call, state_of

CLINIC = f"/api/clinics/{EAR}"
TAKE_OVER = {"from_practitioner_id": "oere-anne", "to_practitioner_id": "oere-morten"}


async def test_a_colleague_takes_over_on_every_screen(house: House, ear: Browser, maja: Browser) -> None:
    visit_id = await in_call(ear, maja)
    async with house.browser() as morten, ear.live(LIVE) as socket, maja.live(patient_call(visit_id)) as patient:
        await morten.go_to_work("morten", "101001", "oere-morten")
        assert (await heard_on(patient, "call"))["other_name"] == "Anne Bruun Lindqvist"
        await heard_on(socket, "board")
        taken = await morten.post(f"{CLINIC}/visits/{visit_id}/hand_over", TAKE_OVER)
        assert (taken.body["practitioner_id"], taken.body["state"]) == ("oere-morten", "in_call")
        event = await heard_on(socket, "event")
        while event["kind"] != "visit_handed_over":
            event = await heard_on(socket, "event")
        assert event["visit"]["practitioner_name"] == "Morten Skovgaard"
        # The patient reads who it is now.
        assert (await heard_on(patient, "call"))["other_name"] == "Morten Skovgaard"
        # Whose call it was is told, and does not get it back.
        async with ear.live(staff_call(visit_id)) as hers:
            assert await hers.receive_json() == {"type": "handed_over", "to_name": "Morten Skovgaard"}
            assert await closing(hers) == 1000
        async with house.unchanged():
            await ear.post(f"{CLINIC}/visits/{visit_id}/closing")
            assert not await house.redis.exists(f"venterum:call:{visit_id}:closing")
            late = await ear.post(f"{CLINIC}/visits/{visit_id}/hand_over", TAKE_OVER)
            assert late.refusal == (409, "taken_over")
            assert "Morten Skovgaard" in late.body["message"]
            nobody = TAKE_OVER | {"from_practitioner_id": "oere-morten", "to_practitioner_id": "hud-henrik"}
            answer = await ear.post(f"{CLINIC}/visits/{visit_id}/hand_over", nobody)
            assert answer.refusal == (409, "practitioner_unknown")


async def test_who_waits_cannot_be_taken_over(house: House, ear: Browser, maja: Browser) -> None:
    visit_id = await in_queue(ear, maja)
    async with house.unchanged():
        answer = await ear.post(f"{CLINIC}/visits/{visit_id}/hand_over", TAKE_OVER)
        assert answer.refusal == (409, "wrong_state")


async def test_a_resumed_consultation_is_not_ended_by_what_was_noted_of_the_first(
    house: House, ear: Browser, maja: Browser
) -> None:
    visit_id = await in_call(ear, maja)
    async with ear.live(staff_call(visit_id)) as socket:
        await heard_on(socket, "call")
        await move(ear, visit_id, "end")
        # The tab goes with the consultation, and says so.
        await ear.post(f"{CLINIC}/visits/{visit_id}/closing")
    resumed = await ear.post(f"{CLINIC}/visits/{visit_id}/resume")
    assert (resumed.body["state"], resumed.body["ended_at_ms"]) == ("accepted", None)
    assert not await house.redis.exists(f"venterum:call:{visit_id}:closing", f"venterum:call:{visit_id}:seen")
    await move(ear, visit_id, "start")
    async with ear.live(staff_call(visit_id)) as socket:
        assert (await heard_on(socket, "call"))["state"] == "in_call"
        await house.worker.endings.look()
        assert await state_of(ear, visit_id) == "in_call"


async def test_what_cannot_be_resumed_is_refused(house: House, ear: Browser, maja: Browser) -> None:
    visit_id = await in_queue(ear, maja)
    resume = f"{CLINIC}/visits/{visit_id}/resume"
    async with house.unchanged():
        assert (await ear.post(resume)).refusal == (409, "wrong_state")
    await move(ear, visit_id, "accept")
    await move(ear, visit_id, "end")
    again = (await maja.post(f"/api/patient/clinics/{EAR}/join")).body["id"]
    async with house.unchanged():
        assert (await ear.post(resume)).refusal == (409, "patient_back_in_queue")
    await maja.post(f"/api/patient/visits/{again}/leave")
    patient = (await ear.post(f"{CLINIC}/patients/search", {"query": ""})).body["patients"][0]["id"]
    await ear.delete(f"{CLINIC}/patients/{patient}")
    async with house.unchanged():
        assert (await ear.post(resume)).refusal == (409, "patient_removed")
    house.clock.ahead = timedelta(minutes=15, seconds=1)
    assert (await ear.post(resume)).refusal == (409, "resume_too_late")


async def test_the_ended_ones_are_found_by_their_day(house: House, ear: Browser, maja: Browser, skin: Browser) -> None:
    visit_id = await in_queue(ear, maja)
    await move(ear, visit_id, "accept")
    await move(ear, visit_id, "end")
    day = local_date(house.clock())
    found = (await ear.get(f"{CLINIC}/ended/{day}")).body["visits"]
    assert [(visit["id"], visit["state"]) for visit in found] == [(visit_id, "ended")]
    assert (await ear.get(f"{CLINIC}/ended/{day - timedelta(days=1)}")).body["visits"] == []
    told = (await house.rooms.log.since(EAR, await house.rooms.log.last_number(EAR) - 2))[0]
    assert (told.kind, told.actor.person_id, told.data["day"]) == ("ended_viewed", "anne", str(day))
    for odd in ("today", "2026-02-30", "20260230"):
        assert (await ear.get(f"{CLINIC}/ended/{odd}")).refusal == (422, "day_invalid")
    assert (await skin.get(f"{CLINIC}/ended/{day}")).refusal == (404, "not_found")
    # The next day it is on the board no longer, and still found by its own.
    await house.keep_logins()
    house.clock.ahead = timedelta(days=1)
    assert (await ear.get(f"{CLINIC}/board")).body["visits"] == []
    assert len((await ear.get(f"{CLINIC}/ended/{day}")).body["visits"]) == 1
