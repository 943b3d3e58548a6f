"""Messages over the wire: each party on its own addresses, told on the live sockets, and nobody else's to read."""

from __future__ import annotations

from .house import CPR, EAR, Browser, House
from .test_sockets import LIVE, PATIENT_LIVE, heard_on, in_queue

CLINIC = f"/api/clinics/{EAR}"
KEY = "a-key-made-by-chance"


def message(text: str, key: str = KEY) -> dict[str, str]:
    return {"key": key, "text": text}


async def test_what_one_writes_the_other_is_told_of_and_reads(ear: Browser, maja: Browser) -> None:
    visit_id = await in_queue(ear, maja)
    mine, theirs = f"/api/patient/visits/{visit_id}/messages", f"{CLINIC}/visits/{visit_id}/messages"
    async with ear.live(LIVE) as screen, maja.live(PATIENT_LIVE) as page:
        board = await heard_on(screen, "board")
        await heard_on(page, "cards")
        assert board["visits"][0]["chat"] == {"count": 0, "unread": 0, "read": 0}
        written = await maja.post(mine, message("Hej"))
        assert (written.status, written.body["number"], written.body["by"]) == (201, 1, "patient")
        event = await heard_on(screen, "event")
        assert (event["kind"], event["visit"]["chat"]) == ("message_written", {"count": 1, "unread": 1, "read": 0})
        assert "Hej" not in str(event)
        (read,) = (await ear.get(f"{theirs}/after/0")).body["messages"]
        assert (read["text"], read["author_name"]) == ("Hej", None)
        assert (await ear.post(f"{theirs}/read", {"number": 1})).status == 204
        assert (await ear.post(theirs, message("Goddag", KEY + "2"))).status == 201
        shown = await heard_on(page, "cards", lambda told: told["cards"][0]["visit"]["chat"]["count"] == 2)
        assert shown["cards"][0]["visit"]["chat"] == {"count": 2, "unread": 1, "read": 1}
    (answer,) = (await maja.get(f"{mine}/after/1")).body["messages"]
    assert (answer["text"], answer["by"], answer["author_name"]) == ("Goddag", "clinic", "Anne Bruun Lindqvist")


async def test_they_are_nobody_elses(house: House, ear: Browser, skin: Browser, maja: Browser) -> None:
    visit_id = await in_queue(ear, maja)
    await maja.post(f"/api/patient/visits/{visit_id}/messages", message("Hej"))
    async with house.browser() as other:
        await other.log_in("jonas", "patient")
        async with house.unchanged():
            for browser, path in (
                (other, f"/api/patient/visits/{visit_id}/messages"),
                (skin, f"/api/clinics/hudklinikken/visits/{visit_id}/messages"),
                (skin, f"{CLINIC}/visits/{visit_id}/messages"),
            ):
                assert (await browser.get(f"{path}/after/0")).refusal == (404, "not_found")
                assert (await browser.post(path, message("Nej"))).refusal == (404, "not_found")
                assert (await browser.post(f"{path}/read", {"number": 1})).refusal == (404, "not_found")
    assert (await ear.get(f"{CLINIC}/visits/{visit_id}/messages/after/x")).refusal == (404, "not_found")


async def test_refusals_have_their_codes(house: House, ear: Browser, maja: Browser) -> None:
    visit_id = await in_queue(ear, maja)
    mine = f"/api/patient/visits/{visit_id}/messages"
    async with house.unchanged():
        assert (await maja.post(mine, message(" "))).refusal == (422, "message_invalid")
        assert (await maja.post(mine, message("x" * 1001))).refusal == (422, "fields_invalid")
        assert (await maja.post(mine, {"key": "short", "text": "Hej"})).refusal == (422, "fields_invalid")
    for number in range(20):
        assert (await maja.post(mine, message("Hej", f"{KEY}{number}"))).status == 201
    async with house.unchanged():
        assert (await maja.post(mine, message("Hej", f"{KEY}-more"))).refusal == (429, "messages_too_fast")
    await maja.post(f"/api/patient/visits/{visit_id}/leave")
    async with house.unchanged():
        assert (await maja.post(mine, message("Hej", f"{KEY}-more"))).refusal == (409, "chat_off")
    assert CPR["maja"] not in str((await ear.get(f"{CLINIC}/visits/{visit_id}/messages/after/0")).body)
