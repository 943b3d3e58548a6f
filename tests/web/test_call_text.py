"""Text in a call as it is typed, and what else a page says of itself: told to the other side, and kept nowhere that reads."""

from __future__ import annotations

import pytest

from signaling import said
from signaling.messages import MAX_TEXT_CHARS

from .house import Browser, House, on_either_store
from .test_sockets import heard_on, in_queue, move, patient_call, staff_call

pytestmark = on_either_store

WORDS = "det gør ondt i knæet"


def say(text: str = "", **more: object) -> dict[str, object]:
    return {"type": "say", "microphone": True, "camera": True, "text": text} | more


async def test_what_is_typed_reaches_the_other_side_and_a_page_that_comes_back(
    ear: Browser, maja: Browser, house: House
) -> None:
    visit_id = await in_queue(ear, maja)
    await move(ear, visit_id, "accept")
    await move(ear, visit_id, "start")
    async with maja.live(patient_call(visit_id)) as patient:
        async with ear.live(staff_call(visit_id)) as staff:
            for typed in ("d", "de", "det"):
                await patient.send_json(say(typed, camera=False, line="weak"))
                heard = await heard_on(staff, "said_by")
                assert heard == {
                    "type": "said_by",
                    "participant": "patient",
                    "microphone": True,
                    "camera": False,
                    "line": "weak",
                    "text": typed,
                }
            await staff.send_json(say("ja"))
            assert (await heard_on(patient, "said_by"))["text"] == "ja"
            await patient.send_json(say(WORDS))
            assert (await heard_on(staff, "said_by"))["text"] == WORDS
        async with ear.live(staff_call(visit_id)) as staff:
            assert (await heard_on(staff, "said_by"))["text"] == WORDS
            kept = await house.redis.hgetall(f"venterum:call:{visit_id}:said")
            assert set(kept) == {"patient", "clinician"}
            assert 0 < await house.redis.ttl(f"venterum:call:{visit_id}:said") <= said.EXPIRY_SECONDS
            for sealed in kept.values():
                assert WORDS.encode() not in bytes.fromhex(str(sealed))
                assert b"microphone" not in bytes.fromhex(str(sealed))
            assert WORDS not in house.heard.log.getvalue()
            # What one participant said does not open as another's.
            await house.redis.hset(f"venterum:call:{visit_id}:said", "clinician", kept["patient"])
            assert set(await house.worker.said.heard(visit_id)) == {"patient"}
            # The end of the consultation is the end of it.
            await move(ear, visit_id, "end")
            assert await house.redis.exists(f"venterum:call:{visit_id}:said") == 0


async def test_what_is_typed_fast_comes_in_order_and_ends_whole(ear: Browser, maja: Browser) -> None:
    visit_id = await in_queue(ear, maja)
    await move(ear, visit_id, "accept")
    await move(ear, visit_id, "start")
    async with maja.live(patient_call(visit_id)) as patient, ear.live(staff_call(visit_id)) as staff:
        await heard_on(patient, "call")
        for length in range(1, len(WORDS) + 1):
            await staff.send_json(say(WORDS[:length]))
        # What is put in place of one not told yet makes it needless; none comes late.
        came = [str((await heard_on(patient, "said_by"))["text"])]
        while came[-1] != WORDS:
            came.append(str((await heard_on(patient, "said_by"))["text"]))
        assert came == sorted(set(came), key=len)
        assert all(WORDS.startswith(text) for text in came)


async def test_whoever_is_put_out_says_nothing_more(ear: Browser, maja: Browser, house: House) -> None:
    visit_id = await in_queue(ear, maja)
    await move(ear, visit_id, "accept")
    async with maja.live(patient_call(visit_id)) as patient, ear.live(staff_call(visit_id)) as staff:
        await patient.send_json(say("d"))
        assert (await heard_on(staff, "said_by"))["text"] == "d"
        await move(ear, visit_id, "put_back")
        await heard_on(patient, "call", lambda told: told["state"] == "waiting")
        await patient.send_json(say(WORDS))
        assert (await heard_on(patient, "problem"))["code"] == "call_not_open"
        assert WORDS not in str(await house.worker.said.heard(visit_id))


async def test_what_was_said_long_ago_is_not_told(
    ear: Browser, maja: Browser, house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    visit_id = await in_queue(ear, maja)
    await move(ear, visit_id, "accept")
    async with maja.live(patient_call(visit_id)) as patient, ear.live(staff_call(visit_id)) as staff:
        await patient.send_json(say(WORDS))
        assert (await heard_on(staff, "said_by"))["text"] == WORDS
    monkeypatch.setattr(said, "EXPIRY_SECONDS", -2)
    assert await house.worker.said.heard(visit_id) == {}


async def test_what_does_not_fit_is_refused_and_changes_nothing(ear: Browser, maja: Browser, house: House) -> None:
    visit_id = await in_queue(ear, maja)
    async with maja.live(patient_call(visit_id)) as patient:
        for bad in (
            say("x" * (MAX_TEXT_CHARS + 1)),
            say(more=1),
            say(line="fine"),
            {"type": "say"},
            {"type": "said_by"},
        ):
            await patient.send_json(bad)
            assert (await heard_on(patient, "problem"))["code"] == "message_unreadable"
        # Nobody speaks in a call that has not begun.
        await patient.send_json(say(WORDS))
        assert (await heard_on(patient, "problem"))["code"] == "call_not_open"
    assert await house.worker.said.heard(visit_id) == {}
