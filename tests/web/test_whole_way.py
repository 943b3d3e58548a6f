"""A clinic's day over HTTP alone: into the clinic, the room open, a patient added, met and removed."""

from __future__ import annotations

from .house import CPR, EAR, SKIN, Browser, House, on_either_store

pytestmark = on_either_store


async def test_the_way_to_work_asks_for_what_is_needed_and_no_more(house: House) -> None:
    async with house.browser() as anne, house.browser() as henrik:
        await anne.log_in("anne")
        session = (await anne.get("/api/session")).body
        assert session["step"] == "choose_clinic"
        accepted = {"declaration_version": session["declaration"]["version"]}

        entered = (await anne.post("/api/session/clinic", {"identifier": "101001", **accepted})).body
        assert entered["step"] == "choose_practitioner"
        assert [(each["name"], each["is_self"]) for each in entered["practitioners"]] == [
            ("Anne Bruun Lindqvist", True),
            ("Morten Skovgaard", False),
        ]
        chosen = await anne.post("/api/session/practitioner", {"practitioner_id": "oere-anne"})
        assert (chosen.body["step"], chosen.body["practitioner"]["name"]) == ("at_work", "Anne Bruun Lindqvist")
        assert (await anne.get("/api/session")).body == chosen.body

        # One practitioner, no question; and the SOR-ID opens the door as the ydernummer does.
        await henrik.log_in("henrik", provider="erhverv")
        entered = (await henrik.post("/api/session/clinic", {"identifier": "9992021000016005", **accepted})).body
        assert (entered["step"], entered["clinic"]["id"]) == ("at_work", SKIN)

        left = (await henrik.delete("/api/session/clinic")).body
        assert (left["step"], left["clinic"]) == ("choose_clinic", None)
        assert (await henrik.get(f"/api/clinics/{SKIN}/board")).status == 404


async def test_a_consultation_from_the_patient_list_to_the_ended_ones(
    house: House, ear: Browser, maja: Browser
) -> None:
    messages = {"open_message": "Kom bare ind.", "closed_message": "Vi har lukket."}
    clinic = f"/api/clinics/{EAR}"
    assert (await ear.ask("PUT", f"{clinic}/room/messages", json=messages)).body["open_message"] == "Kom bare ind."
    assert (await maja.get("/api/patient/cards")).body["cards"] == []

    added = await ear.post(f"{clinic}/patients", {"cpr": CPR["maja"]})
    assert (added.status, added.body["name"], added.body["cpr"]) == (201, "Maja Elkjær Holm", CPR["maja"])
    (card,) = (await maja.get("/api/patient/cards")).body["cards"]
    assert (card["room"], card["message"], card["visit"]) == ("closed", "Vi har lukket.", None)

    assert (await ear.post(f"{clinic}/room/open")).body["state"] == "open"
    visit = (await maja.post(f"/api/patient/clinics/{EAR}/join")).body
    assert visit["state"] == "waiting"
    (waiting,) = (await ear.get(f"{clinic}/board")).body["visits"]
    assert (waiting["id"], waiting["cpr"], waiting["connected"]) == (visit["id"], CPR["maja"], False)

    for verb, state in (
        ("accept", "accepted"),
        ("put_back", "waiting"),
        ("accept", "accepted"),
        ("start", "in_call"),
        ("end", "ended"),
    ):
        moved = await ear.post(f"{clinic}/visits/{visit['id']}/{verb}")
        assert (moved.status, moved.body["state"]) == (200, state)
    (ended,) = (await ear.get(f"{clinic}/board")).body["visits"]
    assert (ended["state"], ended["practitioner_name"]) == ("ended", "Anne Bruun Lindqvist")

    found = (await ear.post(f"{clinic}/patients/search", {"query": CPR["maja"][:6]})).body["patients"]
    assert [patient["id"] for patient in found] == [added.body["id"]]
    assert (await ear.delete(f"{clinic}/patients/{added.body['id']}")).status == 204
    assert (await maja.get("/api/patient/cards")).body["cards"] == []
    assert await house.rooms.log.verify(EAR) is None


async def test_a_patient_leaves_and_one_is_refused(house: House, ear: Browser, maja: Browser) -> None:
    clinic = f"/api/clinics/{EAR}"
    await ear.post(f"{clinic}/patients", {"cpr": CPR["maja"]})
    await ear.post(f"{clinic}/room/open")
    first = (await maja.post(f"/api/patient/clinics/{EAR}/join")).body["id"]
    assert (await maja.post(f"/api/patient/visits/{first}/leave")).body["state"] == "left"

    second = (await maja.post(f"/api/patient/clinics/{EAR}/join")).body["id"]
    rejected = await ear.post(f"{clinic}/visits/{second}/reject", {"explanation": "Ring til os."})
    assert (rejected.body["state"], rejected.body["explanation"]) == ("rejected", "Ring til os.")

    third = (await maja.post(f"/api/patient/clinics/{EAR}/join")).body["id"]
    assert (await ear.post(f"{clinic}/room/close", {"manner": "reject_all"})).body["state"] == "closed"
    (card,) = (await maja.get("/api/patient/cards")).body["cards"]
    assert (card["visit"]["id"], card["visit"]["state"]) == (third, "rejected")


async def test_staff_who_are_so_no_longer_are_asked_for_a_clinic_again(house: House) -> None:
    """A cookie from before says less than the rows of now."""
    async with house.browser() as browser:
        await browser.go_to_work("anne", "101001", "oere-anne")
        await browser.log_in("morten")  # somebody else logs in over it
        assert (await browser.get("/api/session")).body["step"] == "choose_clinic"
        assert (await browser.get(f"/api/clinics/{EAR}/board")).status == 404
