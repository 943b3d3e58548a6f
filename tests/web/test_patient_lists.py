"""Many patients at once over HTTP, and that looking a list through is told."""

from __future__ import annotations

from .house import CPR, EAR, Browser, House

PATIENTS = f"/api/clinics/{EAR}/patients"
LIST = f"CPR;Navn\n{CPR['maja']};Maja\n{CPR['oskar']}\n{CPR['maja']}\n12\n010203-1234\n"


async def test_a_list_is_previewed_and_then_added(house: House, ear: Browser) -> None:
    async with house.unchanged():
        rows = (await ear.post(f"{PATIENTS}/preview", {"text": LIST})).body["rows"]
    assert [row["is_child"] for row in rows] == [False, True, False, False, False]
    assert [(row["line"], row["cpr"], row["name"], row["outcome"]) for row in rows] == [
        (2, CPR["maja"], "Maja Elkjær Holm", "ok"),
        (3, CPR["oskar"], None, "ok"),
        (4, CPR["maja"], "Maja Elkjær Holm", "repeated"),
        (5, None, None, "malformed"),
        (6, "010203-1234", None, "unknown"),
    ]
    added = (await ear.post(f"{PATIENTS}/many", {"text": LIST})).body["rows"]
    assert [row["outcome"] for row in added] == ["added", "added", "repeated", "malformed", "unknown"]
    listed = (await ear.post(f"{PATIENTS}/search", {"query": ""})).body
    assert ([each["cpr"] for each in listed["patients"]], listed["unseen"]) == ([CPR["maja"], CPR["oskar"]], 0)
    told = [event for event in await house.rooms.log.since(EAR, 0) if event.kind == "patients_previewed"]
    assert [event.data["subjects"] for event in told] == [["maja", "oskar"]]


async def test_the_reminder_is_a_setting_of_the_clinic(ear: Browser) -> None:
    assert (await ear.get(f"{PATIENTS}/unseen")).body == {"days": 180, "patients": []}
    settings = (await ear.get(f"/api/clinics/{EAR}/board")).body["room"]["settings"]
    changed = await ear.ask("PUT", f"/api/clinics/{EAR}/room/settings", json=settings | {"reminder_days": 90})
    assert changed.body["settings"]["reminder_days"] == 90
    assert (await ear.get(f"{PATIENTS}/unseen")).body["days"] == 90
    for wrong in (0, 3651):
        body = changed.body["settings"] | {"reminder_days": wrong}
        refused = await ear.ask("PUT", f"/api/clinics/{EAR}/room/settings", json=body)
        assert refused.refusal[1] == "settings_invalid"


async def test_refusals(house: House, ear: Browser, skin: Browser) -> None:
    async with house.unchanged():
        for address in ("preview", "many"):
            long = await ear.post(f"{PATIENTS}/{address}", {"text": "0102031234\n" * 1001})
            assert long.refusal == (422, "list_too_long")
            assert (await ear.post(f"{PATIENTS}/{address}", {"text": "x" * 50_001})).refusal == (422, "fields_invalid")
            assert (await skin.post(f"{PATIENTS}/{address}", {"text": LIST})).refusal == (404, "not_found")
        assert (await skin.get(f"{PATIENTS}/unseen")).refusal == (404, "not_found")
