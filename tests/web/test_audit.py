"""What the audit hears of over HTTP: looking, refusals, coming and going; and who may read it."""

from __future__ import annotations

import json
from typing import Any

from sqlalchemy import select

from rooms.database import create_engine, parse_url
from rooms.tables import installation_events

from .house import CPR, EAR, Browser, House

CLINIC = f"/api/clinics/{EAR}"


async def own_chain(house: House) -> list[tuple[str, str, str, dict[str, Any]]]:
    """The installation's own events: kind, actor, role, data."""
    engine = create_engine(parse_url(house.settings.database_url))
    async with engine.connect() as connection:
        rows = list(await connection.execute(select(installation_events).order_by(installation_events.c.number)))
    await engine.dispose()
    return [(row.kind, row.actor_person_id, row.actor_role, row.data) for row in rows]


async def test_logins_failures_and_logouts_are_on_the_installations_chain(house: House, browser: Browser) -> None:
    assert await browser.log_in("anne") == "/"
    assert await browser.log_in("maja", "patient") == "/patient"
    back = await browser.begin("mitid", "staff")
    state = back.query["state"]
    failed = await browser.get(f"/login/callback?state={state}&error=access_denied")
    assert failed.headers["Location"] == "/?login=failed"
    await browser.get("/login/callback?state=unknown&code=x")  # nobody began it here: told to the server's log alone
    await browser.delete("/api/session")
    await browser.delete("/api/patient/session")
    told = [(kind, actor, role) for kind, actor, role, _ in await own_chain(house)]
    assert told == [
        ("logged_in", "anne", "staff"),
        ("logged_in", "maja", "patient"),
        ("login_failed", "", "nobody"),
        ("logged_out", "anne", "staff"),
        ("logged_out", "maja", "patient"),
    ]
    failure = (await own_chain(house))[2][3]
    assert failure == {"role": "staff", "provider": "mitid", "reason": "refused_by_provider"}
    assert all(chain.broken_at is None for chain in await house.rooms.log.verify_all())


async def test_a_refusal_before_a_clinic_is_on_the_installations_chain(house: House, browser: Browser) -> None:
    await browser.log_in("henrik")
    await browser.post("/api/session/clinic", {"identifier": "101001", "declaration_version": "1"})
    await browser.get(f"{CLINIC}/board")
    assert [entry for entry in await own_chain(house) if entry[0] == "request_refused"] == [
        (
            "request_refused",
            "henrik",
            "staff",
            {"code": "not_staff_here", "request": "POST /api/session/clinic"},
        ),
        (
            "request_refused",
            "henrik",
            "staff",
            {"code": "not_found", "request": "GET /api/clinics/{clinic_id}/board"},
        ),
    ]
    assert await house.rooms.log.last_number(EAR) == 0


async def test_looking_and_refusals_are_on_the_clinics_log_and_a_practitioner_reads_them(
    house: House, ear: Browser, maja: Browser
) -> None:
    await ear.get(f"{CLINIC}/board")
    await ear.get(f"{CLINIC}/board")
    await ear.post(f"{CLINIC}/patients", {"cpr": CPR["maja"]})
    await ear.post(f"{CLINIC}/patients", {"cpr": CPR["maja"]})
    await ear.post(f"{CLINIC}/patients/search", {"query": CPR["maja"][:6]})
    assert (await maja.post(f"/api/patient/clinics/{EAR}/join")).refusal == (409, "room_closed")
    page = (await ear.post(f"{CLINIC}/audit/search", {})).body
    assert [(each["kind"], each["actor_name"], each["role"], each["detail"]) for each in page["entries"]] == [
        ("audit_viewed", "Anne Bruun Lindqvist", "practitioner", None),
        ("request_refused", "Maja Elkjær Holm", "patient", "room_closed"),
        ("patients_searched", "Anne Bruun Lindqvist", "practitioner", "••••••"),
        ("request_refused", "Anne Bruun Lindqvist", "practitioner", "patient_exists"),
        ("patient_added", "Anne Bruun Lindqvist", "practitioner", None),
        ("board_viewed", "Anne Bruun Lindqvist", "practitioner", None),
        ("clinic_entered", "Anne Bruun Lindqvist", "practitioner", None),
        ("declaration_accepted", "Anne Bruun Lindqvist", "practitioner", None),
    ]
    assert page["older"] is None
    only = (await ear.post(f"{CLINIC}/audit/search", {"person": CPR["maja"], "group": "look_up"})).body["entries"]
    assert [each["kind"] for each in only] == ["patients_searched"]
    log = json.dumps([dict(event.data) for event in await house.rooms.log.since(EAR, 0)])
    assert CPR["maja"][:6] not in log


async def test_the_live_page_is_told_of_once_and_wakes_nobody_in_circles(house: House, ear: Browser) -> None:
    for _ in range(3):
        async with ear.live(f"{CLINIC}/live") as socket:
            assert (await socket.receive_json())["type"] == "board"
            await ear.post(f"{CLINIC}/room/open")
            assert (await socket.receive_json(timeout=60))["kind"] == "room_opened"
            await ear.post(f"{CLINIC}/room/close", {"manner": "keep_queue"})
            assert (await socket.receive_json(timeout=60))["kind"] == "room_closed"
    kinds = [event.kind for event in await house.rooms.log.since(EAR, 0)]
    assert kinds.count("board_viewed") == 1


async def test_employees_do_not_read_the_log_and_other_clinics_have_their_own(
    house: House, ear: Browser, skin: Browser
) -> None:
    await ear.post(f"{CLINIC}/employees/kirsten/activate")
    async with house.browser() as kirsten:
        await kirsten.go_to_work("kirsten", "101001", "oere-anne")
        async with house.unchanged():
            assert (await kirsten.post(f"{CLINIC}/audit/search", {})).refusal == (403, "practitioners_only")
    async with house.unchanged():
        assert (await skin.post(f"{CLINIC}/audit/search", {})).refusal == (404, "not_found")
        for wrong in ({"group": "all"}, {"since_ms": -1}, {"before": 2**31}, {"until_ms": 10**14}):
            assert (await ear.post(f"{CLINIC}/audit/search", wrong)).refusal == (422, "fields_invalid")


async def test_a_patient_reads_the_look_ups_in_own_data_and_the_childs(
    house: House, ear: Browser, maja: Browser
) -> None:
    await ear.post(f"{CLINIC}/patients", {"cpr": CPR["oskar"]})
    await ear.post(f"{CLINIC}/patients/search", {"query": ""})
    own = (await maja.post("/api/patient/profiles/maja/look_ups", {})).body
    assert own == {"look_ups": [], "older": None}
    found = (await maja.post("/api/patient/profiles/oskar/look_ups", {})).body["look_ups"]
    assert [(each["kind"], each["purpose"], each["clinic_name"]) for each in found] == [
        ("patients_searched", "treatment", "Øreklinikken Søborg"),
        ("patient_added", "treatment", "Øreklinikken Søborg"),
    ]
    assert "Anne" not in json.dumps(found)
    for refused in (
        await maja.post("/api/patient/profiles/jonas/look_ups", {}),
        await maja.post("/api/patient/profiles/maja/look_ups", {"before": "x"}),
    ):
        assert refused.refusal == (404, "not_found")
