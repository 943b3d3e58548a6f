"""A clinic's settings and opening hours over the wire: what staff set, what the card says, and the room that opens by itself."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from typing import Any

import pytest

from rooms.clinic_settings import ClinicSettings
from rooms.schedule import day_begins, local_date
from signaling.views import settings_view

from .house import CPR, EAR, Browser, House
from .test_sockets import LIVE, PATIENT_LIVE, heard_on, in_queue

SETTINGS = f"/api/clinics/{EAR}/room/settings"
CLOSE = f"/api/clinics/{EAR}/room/close"


async def room_of(ear: Browser) -> dict[str, Any]:
    room: dict[str, Any] = (await ear.get(f"/api/clinics/{EAR}/board")).body["room"]
    return room


def milliseconds(at: datetime) -> int:
    return round(at.timestamp() * 1000)


def tomorrow_at(house: House, **hours: float) -> datetime:
    return day_begins(local_date(house.clock()) + timedelta(days=1)) + timedelta(**hours)


async def test_settings_reach_every_screen_and_the_card_says_when_it_opens(
    house: House, ear: Browser, maja: Browser
) -> None:
    await ear.post(f"/api/clinics/{EAR}/patients", {"cpr": CPR["maja"]})
    settings = (await room_of(ear))["settings"]
    assert settings["automatic"] is False
    async with ear.live(LIVE) as socket, maja.live(PATIENT_LIVE) as patient:
        assert (await heard_on(socket, "board"))["room"]["opens_at_ms"] is None
        assert (await heard_on(patient, "cards"))["cards"][0]["opens_at_ms"] is None
        # Closed today and for the next two days: it opens on the third.
        today = local_date(house.clock())
        closed = [str(today + timedelta(days=days)) for days in range(3)]
        wanted = settings | {"automatic": True, "closed_days": closed, "wait_warning_minutes": 3}
        answer = await ear.ask("PUT", SETTINGS, json=wanted)
        assert answer.status == 200, answer
        opens = milliseconds(day_begins(today + timedelta(days=3))) + 7 * 3_600_000 + 1_800_000
        event = await heard_on(socket, "event")
        assert (event["kind"], event["room"]) == ("settings_set", answer.body)
        assert event["room"]["settings"] == wanted | {"version": settings["version"] + 1}
        changed = (opens - 3_600_000, opens, opens + 3_600_000)  # the clocks may change on that very day
        assert event["room"]["opens_at_ms"] in changed
        shown = await heard_on(patient, "cards", lambda told: told["cards"][0]["opens_at_ms"] is not None)
        assert shown["cards"][0]["opens_at_ms"] == event["room"]["opens_at_ms"]


async def test_the_room_opens_and_closes_by_itself_on_open_pages(house: House, ear: Browser, maja: Browser) -> None:
    await ear.post(f"/api/clinics/{EAR}/patients", {"cpr": CPR["maja"]})
    settings = (await room_of(ear))["settings"]
    await ear.ask("PUT", SETTINGS, json=settings | {"automatic": True})
    async with ear.live(LIVE) as socket, maja.live(PATIENT_LIVE) as patient:
        await heard_on(socket, "board")
        await house.keep_logins()
        house.clock.ahead = tomorrow_at(house, hours=12) - house.clock()
        opened = await heard_on(socket, "event")
        assert (opened["kind"], opened["room"]["state"]) == ("room_opened", "open")
        assert opened["room"]["closes_at_ms"] > milliseconds(house.clock())
        await heard_on(patient, "cards", lambda told: told["cards"][0]["room"] == "open")
        house.clock.ahead += timedelta(hours=11)
        closed = await heard_on(socket, "event")
        assert (closed["kind"], closed["room"]["state"], closed["number"]) == (
            "room_closed",
            "closed",
            opened["number"] + 1,
        )


async def test_a_manual_closing_is_left_alone_by_the_looking(house: House, ear: Browser) -> None:
    settings = (await room_of(ear))["settings"]
    await ear.ask("PUT", SETTINGS, json=settings | {"automatic": True})
    await house.keep_logins()
    house.clock.ahead = tomorrow_at(house, hours=12) - house.clock()
    async with asyncio.timeout(60):
        while (await room_of(ear))["state"] != "open":
            await asyncio.sleep(0.02)
    await ear.post(CLOSE, {"manner": "keep_queue"})
    async with house.unchanged():
        await house.worker.openings.look()


@pytest.mark.parametrize(
    ("change", "refusal"),
    [
        ({"version": 7}, (409, "settings_changed")),
        ({"wait_alarm_minutes": 1}, (422, "settings_invalid")),
        ({"grace_minutes": 10**30}, (422, "settings_invalid")),
        ({"ready_texts": ["a\0"]}, (422, "settings_invalid")),
        ({"week": []}, (422, "settings_invalid")),
        ({"week": [[{"opens": "09:00", "closes": "08:00"}], *[[]] * 6]}, (422, "settings_invalid")),
        ({"week": [[{"opens": "24:00", "closes": "25:00"}], *[[]] * 6]}, (422, "fields_invalid")),
        ({"closed_days": ["2026-02-30"]}, (422, "fields_invalid")),
        ({"closed_days": ["2026-02-20"] * 2}, (422, "settings_invalid")),
        ({"more": 1}, (422, "fields_invalid")),
    ],
)
async def test_settings_that_cannot_be_are_refused(
    house: House, ear: Browser, change: dict[str, Any], refusal: tuple[int, str]
) -> None:
    async with house.unchanged():
        answer = await ear.ask("PUT", SETTINGS, json=(await room_of(ear))["settings"] | change)
    assert answer.refusal == refusal


async def test_settings_are_the_clinics_own(house: House, skin: Browser, browser: Browser) -> None:
    body = settings_view(ClinicSettings()).model_dump(mode="json")
    async with house.unchanged():
        assert (await skin.ask("PUT", SETTINGS, json=body)).refusal == (404, "not_found")
        assert (await browser.ask("PUT", SETTINGS, json=body)).refusal == (401, "not_logged_in")


@pytest.mark.parametrize("manner", ["reject_all", "keep_queue"])
async def test_closing_is_refused_when_the_queue_is_not_the_one_that_was_shown(
    house: House, ear: Browser, maja: Browser, manner: str
) -> None:
    visit_id = await in_queue(ear, maja)
    async with house.unchanged():
        assert (await ear.post(CLOSE, {"manner": manner, "seen": []})).refusal == (409, "queue_changed")
    assert (await ear.post(CLOSE, {"manner": manner, "seen": [visit_id]})).body["state"] == "closed"
