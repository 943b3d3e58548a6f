"""The queue as colleagues see it over the wire: notes, how the patient's page is doing, and what never reaches the patient."""

from __future__ import annotations

import asyncio
import json
from typing import Any

from .house import EAR, Browser, House, on_either_store
from .test_sockets import LIVE, PATIENT_LIVE, heard_on, in_queue

CLINIC = f"/api/clinics/{EAR}"
WORDS = "Har brug for tolk"


async def visit_of(ear: Browser) -> dict[str, Any]:
    visit: dict[str, Any] = (await ear.get(f"{CLINIC}/board")).body["visits"][0]
    return visit


async def test_a_note_is_on_every_colleagues_screen_and_never_on_the_patients(
    house: House, ear: Browser, maja: Browser
) -> None:
    visit_id = await in_queue(ear, maja)
    async with house.browser() as morten, maja.live(PATIENT_LIVE) as patient:
        await morten.go_to_work("morten", "101001", "oere-morten")
        async with morten.live(LIVE) as socket:
            await heard_on(socket, "board")
            written = await ear.post(f"{CLINIC}/visits/{visit_id}/notes", {"text": WORDS})
            assert written.status == 201, written
            event = await heard_on(socket, "event")
            assert (event["kind"], event["visit"]["notes"]) == ("note_written", written.body["notes"])
            (note,) = event["visit"]["notes"]
            assert (note["author_name"], note["text"], note["version"]) == ("Anne Bruun Lindqvist", WORDS, 1)
            assert note["author_id"] == (await ear.get("/api/session")).body["person_id"]
            # Whatever the patient's page is told, now and after something that does concern the patient.
            await ear.post(f"{CLINIC}/visits/{visit_id}/accept")
            told: list[dict[str, Any]] = []
            async with asyncio.timeout(60):
                while not told or told[-1]["cards"][0]["visit"]["state"] != "accepted":
                    told.append(await patient.receive_json())
            asked = [await maja.get(address) for address in ("/api/patient/cards", "/api/patient/session")]
            assert WORDS not in json.dumps([told, [answer.body for answer in asked]])
            # A call's socket tells the patient nothing of it either.
            async with maja.live(f"/api/patient/visits/{visit_id}/call") as call:
                assert WORDS not in json.dumps(await heard_on(call, "call"))
    assert WORDS not in house.heard.log.getvalue()


async def test_two_edits_of_one_note_lose_neither_text(house: House, ear: Browser, maja: Browser) -> None:
    visit_id = await in_queue(ear, maja)
    notes = f"{CLINIC}/visits/{visit_id}/notes"
    note = (await ear.post(notes, {"text": WORDS})).body["notes"][0]
    edited = await ear.ask("PUT", f"{notes}/{note['id']}", json={"text": "Tolk bestilt", "version": 1})
    assert (edited.body["notes"][0]["text"], edited.body["notes"][0]["version"]) == ("Tolk bestilt", 2)
    async with house.browser() as morten:
        await morten.go_to_work("morten", "101001", "oere-morten")
        async with house.unchanged():
            for who, text, version, refusal in (
                (ear, "Tolk aflyst", 1, (409, "note_changed")),
                (morten, "Nej", 2, (409, "note_not_yours")),
                (ear, " ", 2, (422, "note_invalid")),
                (ear, "x" * 1001, 2, (422, "fields_invalid")),
            ):
                answer = await who.ask("PUT", f"{notes}/{note['id']}", json={"text": text, "version": version})
                assert answer.refusal == refusal
            assert (await ear.post(f"{CLINIC}/visits/x/notes", {"text": "Nej"})).refusal == (404, "not_found")
            assert (await maja.post(notes, {"text": "Nej"})).refusal == (401, "not_logged_in")


@on_either_store
async def test_staff_see_what_the_patients_page_says_of_its_devices(ear: Browser, maja: Browser) -> None:
    await in_queue(ear, maja)
    report = {"camera": "ok", "microphone": "refused", "round_trip_ms": 35}
    async with ear.live(LIVE) as socket:
        await heard_on(socket, "board")
        async with maja.live(PATIENT_LIVE) as patient:
            await heard_on(patient, "cards")
            assert (await heard_on(socket, "presence"))["devices"] is None
            assert (await maja.post("/api/patient/devices", report)).status == 204
            assert (await heard_on(socket, "presence"))["devices"] == report
            assert (await visit_of(ear))["devices"] == report
        # Gone with the page: the next one may be another device.
        away = await heard_on(socket, "presence", lambda told: told["devices"] is None)
        assert away["connected"] is False
        assert away["away_since_ms"] is not None


async def test_a_report_that_says_nothing_known_is_refused(house: House, ear: Browser, maja: Browser) -> None:
    await in_queue(ear, maja)
    good = {"camera": "ok", "microphone": "ok"}
    async with house.unchanged():
        for wrong in ({"camera": "fine"}, {"round_trip_ms": -1}, {"more": 1}):
            assert (await maja.post("/api/patient/devices", good | wrong)).refusal == (422, "fields_invalid")
        assert (await ear.post("/api/patient/devices", good)).refusal == (401, "not_logged_in")
