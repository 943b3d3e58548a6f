"""A colleague joins a call under way: told of by name, sent and seen on a slot, put out when access ends, and on the audit."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from tests.media.peers import loopback_candidates, until
from tests.media.raw import AUDIO, CALL, VIDEO, RawPeer

from .house import EAR, Browser, House, on_either_store
from .test_sockets import Socket, closing, heard_on, in_queue, move, patient_call, staff_call

pytestmark = on_either_store

ANNE, MORTEN, MAJA = "Anne Bruun Lindqvist", "Morten Skovgaard", "Maja Elkjær Holm"


async def connect(peer: RawPeer, socket: Socket) -> None:
    """Offer over the socket, and connect by the answer."""
    screen = "2" if peer.lines is CALL else None
    await socket.send_json({"type": "offer", "sdp": await peer.offer(), "screen_mid": screen})
    await peer.connect((await heard_on(socket, "answer"))["sdp"])


async def participants(socket: Socket, *connected: str, sharing: str | None = None) -> dict[str, Any]:
    """Wait until these others, by name, are connected and let in, and this one shares. All others by name."""
    while True:
        heard = await heard_on(socket, "participants")
        others = {each["name"]: each for each in heard["others"]}
        if {name for name, each in others.items() if each["connected"]} == set(connected) and heard[
            "sharing"
        ] == sharing:
            return others


async def told(house: House, *kinds: str) -> None:
    """Wait until the clinic's log has told these of a colleague, in this order."""
    async with asyncio.timeout(60):
        while True:
            found = [
                event for event in await house.rooms.log.since(EAR, 0) if event.kind.startswith("visit_companion_")
            ]
            if tuple(event.kind for event in found) == kinds:
                assert all(event.data == {"as": "colleague"} for event in found)
                return
            await asyncio.sleep(0.02)


async def test_a_colleague_joins_and_one_screen_is_shared(
    house: House, ear: Browser, maja: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    visit_id = await in_queue(ear, maja)
    anne, patient, morten = RawPeer("anne"), RawPeer("maja"), RawPeer("morten")
    with loopback_candidates(monkeypatch):
        async with house.browser() as second, maja.live(patient_call(visit_id)) as of_patient:
            await second.go_to_work("morten", "101001", "oere-morten")
            # Connected while waiting, and no more than that.
            await connect(patient, of_patient)
            for asked in ("share_screen", "stop_sharing"):
                await of_patient.send_json({"type": asked})
                refused = await heard_on(of_patient, "problem")
                assert (refused["about"], refused["code"]) == (asked, "call_not_open")
            async with second.live(staff_call(visit_id) + "?as=colleague") as too_early:
                await too_early.send_json({"type": "offer", "sdp": "v=0"})
                assert (await heard_on(too_early, "problem"))["code"] == "call_not_open"
            await move(ear, visit_id, "accept")
            await move(ear, visit_id, "start")
            async with ear.live(staff_call(visit_id)) as of_anne:
                await connect(anne, of_anne)
                await participants(of_anne, MAJA)
                async with second.live(staff_call(visit_id) + "?as=colleague") as of_morten:
                    await connect(morten, of_morten)
                    seen = await participants(of_morten, MAJA, ANNE)
                    slots = {(each["audio_mid"], each["video_mid"]) for each in seen.values()}
                    assert slots == {("0", "1"), ("3", "4")}
                    seen = await participants(of_patient, ANNE, MORTEN)
                    assert seen[MORTEN]["role"] == "colleague"
                    await morten.send(1, b"a colleague")
                    for peer, mid in ((patient, seen[MORTEN]["video_mid"]), (anne, "4")):
                        await until(lambda peer=peer, mid=mid: peer.heard(mid) == [b"a colleague"])  # type: ignore[misc]
                    # The first one's screen is shown; the second is told so.
                    me = seen[MORTEN]["id"]
                    await of_morten.send_json({"type": "share_screen"})
                    await participants(of_patient, ANNE, MORTEN, sharing=me)
                    await of_anne.send_json({"type": "share_screen"})
                    refused = await heard_on(of_anne, "problem")
                    assert (refused["about"], refused["code"]) == ("share_screen", "screen_taken")
                    await morten.send(2, b"slides")
                    await until(lambda: patient.heard("2") == anne.heard("2") == [b"slides"])
                    await of_morten.send_json({"type": "stop_sharing"})
                    await participants(of_patient, ANNE, MORTEN)
                    # Whose access ends is out of the call, whatever the browser does.
                    await second.delete("/api/session")
                    assert await closing(of_morten) == 4403
                await participants(of_patient, ANNE)
                await told(house, "visit_companion_joined", "visit_companion_left")
    for peer in (anne, patient, morten):
        await peer.close()


async def test_another_page_of_the_same_person_takes_the_place_and_the_first_is_told(
    ear: Browser, maja: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    visit_id = await in_queue(ear, maja)
    phone, desk = RawPeer("phone", (AUDIO, VIDEO)), RawPeer("desk")
    with loopback_candidates(monkeypatch):
        async with maja.live(patient_call(visit_id)) as first, maja.live(patient_call(visit_id)) as second:
            await connect(phone, first)
            await heard_on(first, "participants", lambda told: bool(told["connected"]))
            await connect(desk, second)
            await heard_on(first, "elsewhere")
            assert await closing(first) == 1000
            await until(lambda: phone.is_closed)
            assert not desk.is_closed
    for peer in (phone, desk):
        await peer.close()


async def test_the_path_of_whoever_leaves_the_queue_is_closed(
    house: House, ear: Browser, maja: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    visit_id = await in_queue(ear, maja)
    patient = RawPeer("maja")
    with loopback_candidates(monkeypatch):
        async with maja.live(patient_call(visit_id)) as socket:
            await connect(patient, socket)
            await heard_on(socket, "participants", lambda told: bool(told["patient"]))
            await ear.post(f"/api/clinics/{EAR}/visits/{visit_id}/reject", {"explanation": "Kom i morgen"})
            assert await closing(socket) == 1000
            await until(lambda: patient.is_closed)
    await patient.close()
