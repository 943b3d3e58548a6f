"""Guests over the wire: a code, a yes, three with media, and out again; what a guest is not told; guesses that find nothing."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from signaling.bus import call_topic, clinic_topic
from tests.media.peers import Peer, loopback_candidates, until
from web.guesses import MOST_FROM_ONE

from .house import CPR, EAR, Browser, House, on_either_store
from .test_sockets import Socket, closing, connect, heard_on, in_call, in_queue, move, patient_call, staff_call

CALL = "/api/guest/call"
LIVE = "/api/guest/live"


@pytest.fixture(autouse=True)
def loopback(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with loopback_candidates(monkeypatch):
        yield


def guests(visit_id: str, *rest: str) -> str:
    return "/".join((f"/api/clinics/{EAR}/visits/{visit_id}/guests", *rest))


async def guests_are(socket: Socket, *admitted: bool) -> list[dict[str, Any]]:
    """Wait until the clinician is told of so many guests, let in or not."""
    while True:
        told: list[dict[str, Any]] = (await heard_on(socket, "guests"))["guests"]
        if [guest["admitted"] for guest in told] == list(admitted):
            return told


async def others_are(socket: Socket, *roles: str) -> dict[str, Any]:
    """Wait until somebody is told that these are connected; the whole message."""
    while True:
        told = await heard_on(socket, "participants")
        if sorted(each["role"] for each in told["others"] if each["connected"]) == sorted(roles):
            return told


@dataclass(slots=True)
class Invited:
    visit_id: str
    tove: Browser
    code: str


@pytest.fixture
async def invited(house: House, ear: Browser, maja: Browser) -> AsyncIterator[Invited]:
    """Anne is in a call with Maja and has a code for Tove."""
    visit_id = await in_call(ear, maja)
    answer = await ear.post(guests(visit_id))
    assert answer.status == 201, answer
    # With no page of the clinician's the consultation would end by itself.
    async with ear.live(staff_call(visit_id)), house.browser() as tove:
        yield Invited(visit_id, tove, answer.body["code"])


@on_either_store
async def test_a_guest_comes_in_is_heard_and_seen_and_is_removed(ear: Browser, maja: Browser, invited: Invited) -> None:
    tove, visit_id = invited.tove, invited.visit_id
    peers = clinician, patient, guest = Peer("clinician"), Peer("patient"), Peer("guest")
    async with ear.live(staff_call(visit_id)) as hers, maja.live(patient_call(visit_id)) as patients:
        await connect(clinician, hers)
        await connect(patient, patients)
        knocked = await tove.post("/api/guest/knock", {"code": invited.code, "name": "Tolk Tove"})
        assert (knocked.status, knocked.body) == (201, {"state": "knocking", "name": "Tolk Tove"})
        (shown,) = await guests_are(hers, False)
        assert shown["name"] == "Tolk Tove"
        assert (await tove.get(CALL)).refusal == (404, "not_found")
        assert (await tove.get(CALL + "/configuration")).refusal == (409, "call_not_open")

        assert (await ear.post(guests(visit_id, shown["id"], "admission"))).body["admitted"]
        assert (await tove.get("/api/guest")).body["state"] == "admitted"
        async with tove.live(CALL) as own:
            await connect(guest, own)
            heard = await others_are(own, "clinician", "patient")
            assert {each["role"]: each["name"] for each in heard["others"]}["patient"] == ""
            assert CPR["maja"] not in str(heard)
            told = await others_are(patients, "clinician", "guest")
            assert {each["role"]: each["name"] for each in told["others"]}["guest"] == "Tolk Tove"
            await until(lambda: guest.received > 5)

            assert (await ear.post(guests(visit_id, shown["id"], "removal"))).status == 200
            await heard_on(own, "revoked")
            await guests_are(hers)
            await until(lambda: guest.pc.connectionState == "closed")
        assert (await tove.get("/api/guest")).body["state"] == "removed"
        assert (await tove.get(CALL)).refusal == (404, "not_found")
        for peer in peers:
            await peer.close()


async def test_a_patient_reads_who_was_let_into_the_call(
    maja: Browser, ear: Browser, invited: Invited, house: House
) -> None:
    await invited.tove.post("/api/guest/knock", {"code": invited.code, "name": "Tove"})
    (guest,) = await house.rooms.guests.of_visit(invited.visit_id)
    await ear.post(guests(invited.visit_id, guest.id, "admission"))
    found = (await maja.post("/api/patient/profiles/maja/look_ups", {})).body["look_ups"]
    assert [each["kind"] for each in found[:2]] == ["guest_admitted", "guest_invited"]
    assert "Tove" not in str(found)


async def test_a_guest_may_be_refused_and_may_leave(ear: Browser, invited: Invited, house: House) -> None:
    tove, visit_id = invited.tove, invited.visit_id
    await tove.post("/api/guest/knock", {"code": invited.code, "name": "Tove"})
    (guest,) = await house.rooms.guests.of_visit(visit_id)
    assert (await ear.post(guests(visit_id, guest.id, "refusal"))).status == 200
    assert (await tove.get("/api/guest")).body["state"] == "refused"
    assert (await tove.post("/api/guest/leave")).refusal[1] == "wrong_state"
    again = (await ear.post(guests(visit_id))).body["code"]
    assert (await tove.post("/api/guest/knock", {"code": again, "name": "Tove"})).status == 201
    assert (await tove.post("/api/guest/leave")).status == 204
    assert (await tove.get("/api/guest")).body["state"] == "left"


@on_either_store
async def test_a_guest_who_waits_is_told_when_let_in_and_when_it_is_over(
    ear: Browser, invited: Invited, house: House
) -> None:
    tove, visit_id = invited.tove, invited.visit_id
    assert (await tove.get(LIVE)).refusal == (401, "not_logged_in")
    await tove.post("/api/guest/knock", {"code": invited.code, "name": "Tove"})
    (guest,) = await house.rooms.guests.of_visit(visit_id)
    async with tove.live(LIVE) as own:
        assert await heard_on(own, "guest") == {"type": "guest", "state": "knocking", "name": "Tove"}
        await ear.post(guests(visit_id, guest.id, "admission"))
        assert (await heard_on(own, "guest"))["state"] == "admitted"
        await move(ear, visit_id, "end")
        assert (await heard_on(own, "guest"))["state"] == "over"
        assert await closing(own) == 1000


async def test_whoever_waits_is_woken_by_their_own_visit_alone(
    ear: Browser, maja: Browser, house: House, browser: Browser
) -> None:
    visit_id = await in_queue(ear, maja)
    bus = house.worker.bus
    # The topics have the listeners that they had, whatever opens; a look inside, since nothing outside tells.
    before = {topic: len(events) for topic, events in bus._listeners.items()}
    async with maja.live(patient_call(visit_id)) as waiting:
        await heard_on(waiting, "call")
        more = {topic for topic, events in bus._listeners.items() if len(events) > before.get(topic, 0)}
        assert call_topic(visit_id) in more
        assert not any(topic.startswith(("clinic:", "person:")) for topic in more)
        own, woken = asyncio.Event(), asyncio.Event()
        bus.listen(call_topic(visit_id), own)
        bus.listen(clinic_topic(EAR), woken)
        assert await browser.log_in("jonas", "patient") == "/patient"
        await ear.post(f"/api/clinics/{EAR}/patients", {"cpr": CPR["jonas"]})
        assert (await browser.post(f"/api/patient/clinics/{EAR}/join")).status == 200
        assert (woken.is_set(), own.is_set()) == (True, False)
        await move(ear, visit_id, "accept")
        assert own.is_set()
        await heard_on(waiting, "call", lambda told: told["state"] == "accepted")


async def test_the_end_of_the_call_is_the_end_for_a_guest(ear: Browser, invited: Invited, house: House) -> None:
    await invited.tove.post("/api/guest/knock", {"code": invited.code, "name": "Tove"})
    (guest,) = await house.rooms.guests.of_visit(invited.visit_id)
    await ear.post(guests(invited.visit_id, guest.id, "admission"))
    async with invited.tove.live(CALL) as own:
        await move(ear, invited.visit_id, "end")
        await heard_on(own, "call", lambda told: told["state"] == "ended")
    assert (await invited.tove.get("/api/guest")).body["state"] == "over"


@on_either_store
async def test_guesses_are_refused_and_soon_not_even_looked_at(house: House, invited: Invited) -> None:
    wrong = {"code": str((int(invited.code) + 1) % 10**8).zfill(8), "name": "Tove"}
    async with house.unchanged():
        for _ in range(MOST_FROM_ONE):
            assert (await invited.tove.post("/api/guest/knock", wrong)).refusal == (409, "guest_code_refused")
        for body in (wrong, wrong | {"code": invited.code}):
            assert (await invited.tove.post("/api/guest/knock", body)).refusal == (429, "too_many_guesses")


async def test_behind_a_proxy_one_who_guesses_shuts_nobody_else_out(invited: Invited) -> None:
    knock = "/api/guest/knock"
    wrong = {"code": str((int(invited.code) + 1) % 10**8).zfill(8), "name": "Tove"}
    for number in range(MOST_FROM_ONE + 1):
        # Whoever guesses writes another address each time; the proxy adds the real one.
        forwarded = {"X-Forwarded-For": f"203.0.113.{number}, 198.51.100.1"}
        refused = (await invited.tove.ask("POST", knock, json=wrong, headers=forwarded)).status
    assert refused == 429
    right = wrong | {"code": invited.code}
    guessed = await invited.tove.ask("POST", knock, json=right, headers={"X-Forwarded-For": "198.51.100.1"})
    assert guessed.refusal == (429, "too_many_guesses")
    other = await invited.tove.ask("POST", knock, json=right, headers={"X-Forwarded-For": "198.51.100.2"})
    assert other.status == 201


async def test_nobody_but_the_guest_and_who_has_the_patient_can_do_anything(
    skin: Browser, maja: Browser, invited: Invited, house: House
) -> None:
    await invited.tove.post("/api/guest/knock", {"code": invited.code, "name": "Tove"})
    (guest,) = await house.rooms.guests.of_visit(invited.visit_id)
    for browser, status in ((skin, 404), (maja, 401), (invited.tove, 401)):
        for rest in ((), (guest.id, "admission"), (guest.id, "refusal"), (guest.id, "removal")):
            assert (await browser.post(guests(invited.visit_id, *rest))).status == status
    for asked in ("/api/guest", CALL, CALL + "/configuration"):
        assert (await maja.get(asked)).refusal == (401, "not_logged_in")
