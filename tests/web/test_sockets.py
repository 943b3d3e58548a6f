"""The WebSockets as browsers meet them: live pages, the call, and everything they refuse. On either live store."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Any

import aiohttp
import pytest
from aiortc import RTCSessionDescription

from signaling import endings
from signaling.messages import CLOSE_REVOKED, CLOSE_UNREADABLE, MAX_MESSAGE_BYTES, MAX_SDP_CHARS
from tests.media.peers import Peer, loopback_candidates, until

from .house import CPR, EAR, SKIN, Browser, House, on_either_store

pytestmark = on_either_store

Socket = aiohttp.ClientWebSocketResponse
LIVE = f"/api/clinics/{EAR}/live"
PATIENT_LIVE = "/api/patient/live"


async def heard_on(
    socket: Socket, kind: str, that: Callable[[dict[str, Any]], bool] = lambda message: True
) -> dict[str, Any]:
    """The next message of a type that is what is waited for. Those before it are passed over: a page may be told twice."""
    async with asyncio.timeout(60):
        while True:
            message: dict[str, Any] = await socket.receive_json()
            if message["type"] == kind and that(message):
                return message


async def closing(socket: Socket) -> int | None:
    """Read to the end; the status it was closed with."""
    async with asyncio.timeout(60):
        async for _ in socket:
            pass
    return socket.close_code


async def in_queue(ear: Browser, maja: Browser) -> str:
    """Maja is added and waits; the visit's id."""
    await ear.post(f"/api/clinics/{EAR}/room/open")
    await ear.post(f"/api/clinics/{EAR}/patients", {"cpr": CPR["maja"]})
    joined = await maja.post(f"/api/patient/clinics/{EAR}/join")
    assert joined.status == 200, joined
    visit_id: str = joined.body["id"]
    return visit_id


async def move(ear: Browser, visit_id: str, verb: str) -> None:
    answer = await ear.post(f"/api/clinics/{EAR}/visits/{visit_id}/{verb}")
    assert answer.status == 200, answer


def staff_call(visit_id: str) -> str:
    return f"/api/clinics/{EAR}/visits/{visit_id}/call"


def patient_call(visit_id: str) -> str:
    return f"/api/patient/visits/{visit_id}/call"


# The live pages.


async def test_staff_get_the_board_and_then_every_event_in_order(ear: Browser, maja: Browser) -> None:
    async with ear.live(LIVE) as socket:
        board = await socket.receive_json()
        assert board["type"] == "board"
        assert board["visits"] == []
        visit_id = await in_queue(ear, maja)
        await move(ear, visit_id, "accept")
        events = [await heard_on(socket, "event") for _ in range(4)]
        assert [e["number"] - board["last_event"] for e in events] == [1, 2, 3, 4]
        assert [e["kind"] for e in events] == ["room_opened", "patient_added", "visit_joined", "visit_accepted"]
        assert events[0]["room"]["state"] == "open"
        assert events[3]["visit"] | {"connected": None} == events[3]["visit"] | {
            "id": visit_id,
            "state": "accepted",
            "cpr": CPR["maja"],
            "connected": None,
        }


async def test_a_page_that_comes_back_gets_what_it_missed_and_nothing_twice(ear: Browser, maja: Browser) -> None:
    async with ear.live(LIVE) as socket:
        since = (await socket.receive_json())["last_event"]
    visit_id = await in_queue(ear, maja)
    async with ear.live(f"{LIVE}?since={since}") as socket:
        numbers = [(await heard_on(socket, "event"))["number"] for _ in range(3)]
        assert numbers == [since + 1, since + 2, since + 3]
        await move(ear, visit_id, "accept")
        assert (await heard_on(socket, "event"))["number"] == since + 4
    for odd in ("999999", "-1", "x", "9" * 30):
        async with ear.live(f"{LIVE}?since={odd}") as socket:
            assert (await socket.receive_json())["type"] == "board"


async def test_a_patients_open_page_hears_at_once_of_access_room_and_visit(ear: Browser, maja: Browser) -> None:
    async with maja.live(PATIENT_LIVE) as socket:
        assert (await socket.receive_json())["cards"] == []
        added = await ear.post(f"/api/clinics/{EAR}/patients", {"cpr": CPR["maja"]})
        shown = await heard_on(socket, "cards", lambda told: bool(told["cards"]))
        assert (shown["cards"][0]["room"], shown["cards"][0]["visit"]) == ("closed", None)
        await ear.post(f"/api/clinics/{EAR}/room/open")
        await heard_on(socket, "cards", lambda told: told["cards"][0]["room"] == "open")
        visit_id = (await maja.post(f"/api/patient/clinics/{EAR}/join")).body["id"]
        shown = await heard_on(socket, "cards", lambda told: told["cards"][0]["visit"] is not None)
        assert shown["cards"][0]["visit"]["state"] == "waiting"
        await ear.post(f"/api/clinics/{EAR}/visits/{visit_id}/reject", {"explanation": "Kom til tiden"})
        shown = await heard_on(socket, "cards", lambda told: told["cards"][0]["visit"]["state"] != "waiting")
        assert shown["cards"][0]["visit"]["explanation"] == "Kom til tiden"
        await ear.delete(f"/api/clinics/{EAR}/patients/{added.body['id']}")
        await heard_on(socket, "cards", lambda told: told["cards"] == [])


async def test_staff_see_whether_a_waiting_patient_is_connected(ear: Browser, maja: Browser) -> None:
    visit_id = await in_queue(ear, maja)
    async with ear.live(LIVE) as socket:
        assert (await socket.receive_json())["visits"][0]["connected"] is False
        async with maja.live(PATIENT_LIVE) as patient:
            await patient.receive_json()
            here = {"type": "presence", "visit_id": visit_id, "connected": True, "away_since_ms": None, "devices": None}
            assert await heard_on(socket, "presence") == here
        away = await heard_on(socket, "presence")
        assert away == here | {"connected": False, "away_since_ms": away["away_since_ms"]}
        assert abs(away["away_since_ms"] / 1000 - time.time()) < 20
        board = (await ear.get(f"/api/clinics/{EAR}/board")).body
        assert board["visits"][0]["state"] == "waiting"


async def test_logging_out_closes_every_page_of_that_login_and_no_other(ear: Browser, house: House) -> None:
    async with house.browser() as other, ear.live(LIVE) as mine, ear.live(LIVE) as mine_too:
        await other.go_to_work("anne", "101001", "oere-anne")
        async with other.live(LIVE) as elsewhere:
            for socket in (mine, mine_too, elsewhere):
                assert (await socket.receive_json())["type"] == "board"
            await ear.delete("/api/session")
            for socket in (mine, mine_too):
                await heard_on(socket, "revoked")
                assert await closing(socket) == CLOSE_REVOKED
            await other.post(f"/api/clinics/{EAR}/room/open")
            assert (await heard_on(elsewhere, "event"))["kind"] == "room_opened"


@pytest.mark.parametrize("address", [LIVE, PATIENT_LIVE, staff_call("x"), patient_call("x")])
async def test_a_socket_wants_a_login_and_this_servers_pages(house: House, ear: Browser, address: str) -> None:
    async with house.unchanged(), house.browser() as stranger:
        with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
            async with stranger.live(address):
                pass
        assert refused.value.status == 401
        with pytest.raises(aiohttp.WSServerHandshakeError) as foreign:
            async with ear.live(address, Origin="https://elsewhere.example"):
                pass
        assert foreign.value.status == 403


async def test_what_is_another_clinics_or_patients_is_not_there(
    house: House, ear: Browser, skin: Browser, maja: Browser
) -> None:
    visit_id = await in_queue(ear, maja)
    async with house.unchanged(), house.browser() as other:
        await other.log_in("jonas", "patient")
        for browser, address in (
            (skin, LIVE),
            (skin, staff_call(visit_id)),
            (skin, f"/api/clinics/{SKIN}/visits/{visit_id}/call"),
            (other, patient_call(visit_id)),
        ):
            with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
                async with browser.live(address):
                    pass
            assert refused.value.status == 404


async def test_a_live_page_that_talks_is_closed(house: House, ear: Browser, maja: Browser) -> None:
    async with house.unchanged():
        for browser, address in ((ear, LIVE), (maja, PATIENT_LIVE)):
            async with browser.live(address) as socket:
                await socket.send_str('{"type": "offer", "sdp": "v=0"}')
                assert await closing(socket) == CLOSE_UNREADABLE


# The call.


async def test_an_offer_is_answered_when_it_is_its_turn_and_media_flows(
    ear: Browser, maja: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    visit_id = await in_queue(ear, maja)
    await move(ear, visit_id, "accept")
    clinician, patient = Peer("clinician"), Peer("patient")
    with loopback_candidates(monkeypatch):
        async with maja.live(patient_call(visit_id)) as of_patient:
            assert (await heard_on(of_patient, "call"))["state"] == "accepted"
            await connect(patient, of_patient)  # warm: while the patient waits for the video to start
            await participants(of_patient, clinician=False, patient=True)
            await move(ear, visit_id, "start")
            async with ear.live(staff_call(visit_id)) as of_staff:
                state = await heard_on(of_staff, "call")
                assert state["state"] == "in_call"
                assert state["other_name"] == "Maja Elkjær Holm"
                await connect(clinician, of_staff)
                for socket in (of_patient, of_staff):
                    await participants(socket, clinician=True, patient=True)
                await until(lambda: clinician.received > 5 and patient.received > 5)
                await move(ear, visit_id, "end")
                for socket in (of_patient, of_staff):
                    await heard_on(socket, "call", lambda told: told["state"] == "ended")
                    assert await closing(socket) == 1000
                await until(lambda: clinician.pc.connectionState == patient.pc.connectionState == "closed")
    await clinician.close()
    await patient.close()


async def connect(peer: Peer, socket: Socket) -> None:
    await socket.send_json({"type": "offer", "sdp": await peer.offer()})
    answer = await heard_on(socket, "answer")
    await peer.pc.setRemoteDescription(RTCSessionDescription(answer["sdp"], "answer"))


async def participants(socket: Socket, *, clinician: bool, patient: bool) -> None:
    """Wait until these are connected."""
    while True:
        heard = await heard_on(socket, "participants")
        if (heard["clinician"], heard["patient"]) == (clinician, patient):
            return


@pytest.mark.parametrize(
    ("sent", "code"),
    [
        ("not json", "message_unreadable"),
        ('{"type": "answer", "sdp": "v=0"}', "message_unreadable"),
        ('{"type": "offer", "sdp": ""}', "message_unreadable"),
        ('{"type": "offer", "sdp": "v=0", "more": 1}', "message_unreadable"),
        ('{"type": "offer", "sdp": "' + "v" * (MAX_SDP_CHARS + 1) + '"}', "message_unreadable"),
        ('{"type": "offer", "sdp": "v=0"}', "sdp_malformed"),
        ('{"type": "offer", "sdp": "m=audio nine"}', "sdp_malformed"),
    ],
)
async def test_an_unreadable_offer_is_refused_and_the_socket_stays(
    house: House, ear: Browser, maja: Browser, sent: str, code: str
) -> None:
    visit_id = await in_queue(ear, maja)
    await move(ear, visit_id, "accept")
    async with house.unchanged(), maja.live(patient_call(visit_id)) as socket:
        for _ in range(2):
            await socket.send_str(sent)
            problem = await heard_on(socket, "problem")
            assert problem["code"] == code
            assert "nine" not in problem["message"]


async def test_an_offer_before_its_turn_is_refused(house: House, ear: Browser, maja: Browser) -> None:
    visit_id = await in_queue(ear, maja)
    await move(ear, visit_id, "accept")
    async with house.unchanged(), ear.live(staff_call(visit_id)) as socket:
        await socket.send_json({"type": "offer", "sdp": "v=0"})
        assert (await heard_on(socket, "problem"))["code"] == "call_not_open"


async def test_an_oversized_or_binary_message_closes_the_socket(house: House, ear: Browser, maja: Browser) -> None:
    visit_id = await in_queue(ear, maja)
    async with house.unchanged():
        async with maja.live(patient_call(visit_id)) as socket:
            await socket.send_str("x" * (MAX_MESSAGE_BYTES + 1))
            assert await closing(socket) == 1009
        async with maja.live(patient_call(visit_id)) as socket:
            await socket.send_bytes(b"\0")
            assert await closing(socket) == CLOSE_UNREADABLE


async def test_a_patient_who_loses_access_loses_the_call_socket(ear: Browser, maja: Browser) -> None:
    visit_id = await in_queue(ear, maja)
    found = await ear.post(f"/api/clinics/{EAR}/patients/search", {"query": ""})
    async with maja.live(patient_call(visit_id)) as socket:
        assert (await heard_on(socket, "call"))["state"] == "waiting"
        await ear.delete(f"/api/clinics/{EAR}/patients/{found.body['patients'][0]['id']}")
        await heard_on(socket, "revoked")
        assert await closing(socket) == CLOSE_REVOKED


# How a consultation ends by itself.


async def state_of(ear: Browser, visit_id: str) -> str:
    visits = (await ear.get(f"/api/clinics/{EAR}/board")).body["visits"]
    state: str = next(v["state"] for v in visits if v["id"] == visit_id)
    return state


async def becomes(ear: Browser, visit_id: str, state: str) -> None:
    async with asyncio.timeout(60):
        while await state_of(ear, visit_id) != state:
            await asyncio.sleep(0.02)


async def in_call(ear: Browser, maja: Browser) -> str:
    visit_id = await in_queue(ear, maja)
    await move(ear, visit_id, "accept")
    await move(ear, visit_id, "start")
    return visit_id


async def test_a_closed_tab_ends_the_consultation_for_the_one_who_closed_it(
    house: House, ear: Browser, maja: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(endings, "CLOSED_TAB_SECONDS", 0.0)
    visit_id = await in_call(ear, maja)
    async with ear.live(staff_call(visit_id)) as socket:
        await heard_on(socket, "call")
        assert (await ear.post(f"/api/clinics/{EAR}/visits/{visit_id}/closing")).status == 204
    await becomes(ear, visit_id, "ended")
    last = (await house.rooms.log.since(EAR, await house.rooms.log.last_number(EAR) - 1))[0]
    assert (last.kind, last.actor.practitioner_id) == ("visit_ended", "oere-anne")


async def test_a_tab_that_was_reloaded_ends_nothing(
    house: House, ear: Browser, maja: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(endings, "CLOSED_TAB_SECONDS", 3600.0)
    visit_id = await in_call(ear, maja)
    async with ear.live(staff_call(visit_id)) as socket:
        await heard_on(socket, "call")
        await ear.post(f"/api/clinics/{EAR}/visits/{visit_id}/closing")
    async with ear.live(staff_call(visit_id)) as socket:
        await heard_on(socket, "call")
        monkeypatch.setattr(endings, "CLOSED_TAB_SECONDS", 0.0)
        note = f"venterum:call:{visit_id}:closing"
        async with asyncio.timeout(60):
            while await house.redis.exists(note):
                await asyncio.sleep(0.05)
        assert await state_of(ear, visit_id) == "in_call"


async def test_a_lost_clinician_ends_the_consultation_after_the_grace_time(
    house: House, ear: Browser, maja: Browser
) -> None:
    visit_id = await in_call(ear, maja)
    async with ear.live(staff_call(visit_id)) as socket:
        await heard_on(socket, "call")
        house.worker.endings.grace_seconds = 0.0
        await house.worker.endings.look()
        assert await state_of(ear, visit_id) == "in_call"
    await becomes(ear, visit_id, "ended")
    last = (await house.rooms.log.since(EAR, await house.rooms.log.last_number(EAR) - 1))[0]
    assert (last.kind, last.actor.role) == ("visit_ended", "system")
