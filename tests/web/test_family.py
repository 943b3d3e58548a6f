"""A parent's page acts for the child; each request asks the guardianship anew; staff see no child's name."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator

import pytest
from sqlalchemy import delete

from rooms.database import create_engine, immediate, parse_url
from rooms.tables import guardianships

from .house import CPR, EAR, Browser, House
from .test_sockets import heard_on

CLINIC = f"/api/clinics/{EAR}"
OSKAR = "/api/patient/profiles/oskar"


@pytest.fixture
async def ready(ear: Browser) -> Browser:
    """The room is open, and Oskar is a patient."""
    assert (await ear.post(f"{CLINIC}/room/open")).status == 200
    added = await ear.post(f"{CLINIC}/patients", {"cpr": CPR["oskar"]})
    assert (added.status, added.body["name"], added.body["cpr"]) == (201, None, CPR["oskar"])
    return ear


@pytest.fixture
async def jonas(house: House) -> AsyncIterator[Browser]:
    async with house.browser() as browser:
        await browser.log_in("jonas", "patient")
        yield browser


async def test_the_cards_of_self_and_child(ready: Browser, maja: Browser) -> None:
    shown = (await maja.get("/api/patient/cards")).body
    assert [(each["id"], each["is_self"]) for each in shown["profiles"]] == [("maja", True), ("oskar", False)]
    assert [(card["profile_id"], card["clinic_id"]) for card in shown["cards"]] == [("oskar", EAR)]


async def test_the_visit_is_the_childs_and_staff_see_the_number_alone(ready: Browser, maja: Browser) -> None:
    async with ready.live(f"{CLINIC}/live") as staff, maja.live("/api/patient/live") as parent:
        await staff.receive_json()
        assert (await parent.receive_json())["type"] == "cards"
        joined = await maja.post(f"{OSKAR}/clinics/{EAR}/join")
        assert joined.status == 200
        event = await heard_on(staff, "event")
        assert (event["visit"]["name"], event["visit"]["cpr"]) == (None, CPR["oskar"])
        assert event["visit"]["connected"]
        (card,) = (await heard_on(parent, "cards", lambda told: told["cards"][0]["visit"] is not None))["cards"]
        assert (card["profile_id"], card["visit"]["state"]) == ("oskar", "waiting")
        visit = joined.body["id"]
        await ready.post(f"{CLINIC}/visits/{visit}/accept")
        await ready.post(f"{CLINIC}/visits/{visit}/start")
        async with ready.live(f"{CLINIC}/visits/{visit}/call") as clinician:
            assert (await clinician.receive_json())["other_name"] == CPR["oskar"]
        async with maja.live(f"/api/patient/visits/{visit}/call") as guardian:
            assert (await guardian.receive_json())["type"] == "call"
    board = (await ready.get(f"{CLINIC}/board")).body
    patients = (await ready.post(f"{CLINIC}/patients/search", {"query": ""})).body
    assert "Oskar" not in json.dumps([board, patients])


async def test_nobody_else_acts_for_the_child(house: House, ready: Browser, maja: Browser, jonas: Browser) -> None:
    visit = (await maja.post(f"{OSKAR}/clinics/{EAR}/join")).body["id"]
    async with house.unchanged():
        for answer in (
            await jonas.post(f"{OSKAR}/clinics/{EAR}/join"),
            await jonas.post(f"{OSKAR}/visits/{visit}/leave"),
            await jonas.post(f"/api/patient/profiles/jonas/visits/{visit}/leave"),
            await jonas.get(f"/api/patient/visits/{visit}/call"),
            await maja.post(f"/api/patient/profiles/jonas/clinics/{EAR}/join"),
            await maja.post(f"/api/patient/clinics/{EAR}/join"),  # the child is the patient, not the parent
        ):
            assert answer.refusal == (404, "not_found")
        assert (await maja.post(f"{OSKAR}/clinics/{EAR}/join")).refusal == (409, "already_queued")
    left = await maja.post(f"{OSKAR}/visits/{visit}/leave")
    assert left.body["state"] == "left"


async def test_a_guardianship_taken_back_ends_on_the_open_page(house: House, ready: Browser, maja: Browser) -> None:
    visit = (await maja.post(f"{OSKAR}/clinics/{EAR}/join")).body["id"]
    async with ready.live(f"{CLINIC}/live") as staff, maja.live("/api/patient/live") as parent:
        assert [each["id"] for each in (await heard_on(parent, "cards"))["profiles"]] == ["maja", "oskar"]
        await heard_on(staff, "board")
        engine = create_engine(parse_url(house.settings.database_url))
        async with immediate(engine).begin() as connection:
            await connection.execute(delete(guardianships))
        await engine.dispose()
        await ready.post(f"{CLINIC}/room/close", {"manner": "keep_queue"})
        shown = await heard_on(parent, "cards", lambda told: len(told["profiles"]) == 1)
        assert ([each["id"] for each in shown["profiles"]], shown["cards"]) == (["maja"], [])
        async with house.unchanged():
            assert (await maja.post(f"{OSKAR}/visits/{visit}/leave")).refusal == (404, "not_found")
            assert (await maja.get(f"/api/patient/visits/{visit}/call")).refusal == (404, "not_found")
        # Nobody is there for the child any longer, and the clinic sees it.
        await heard_on(staff, "presence", lambda told: not told["connected"])
