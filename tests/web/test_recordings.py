"""Recordings over the wire: asked, answered and stopped on real sockets, by a real recorder."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Any

import pytest

from media.recording.manifest import Manifest, read_manifest
from media.recording.store import FileStore
from rooms.consent import STANDARD, words_hash
from rooms.records import Recording
from tests.media.peers import Peer, loopback_candidates, until

from .house import CPR, EAR, Answer, Browser, House, on_either_store
from .test_sockets import Socket, connect, heard_on, in_call, in_queue, move, patient_call, staff_call

YES = {"agrees": True, "consent_hash": words_hash(STANDARD["da"])}


def of_staff(visit_id: str) -> str:
    return f"/api/clinics/{EAR}/visits/{visit_id}/recordings"


def of_patient(visit_id: str, recording_id: str) -> str:
    return f"/api/patient/visits/{visit_id}/recordings/{recording_id}"


async def stands(socket: Socket, state: str) -> dict[str, Any]:
    """Wait until a page is told that the recording is in a state."""
    while True:
        recording: dict[str, Any] | None = (await heard_on(socket, "recording"))["recording"]
        if recording is not None and recording["state"] == state:
            return recording


@dataclass(slots=True)
class Talk:
    """Anne and Maja in a call, each with a page and media."""

    visit_id: str
    hers: Socket
    patients: Socket
    ear: Browser
    maja: Browser

    @property
    def pages(self) -> tuple[Socket, Socket]:
        return self.hers, self.patients

    async def ask(self) -> str:
        asked = await self.ear.post(of_staff(self.visit_id))
        assert asked.status == 201, asked
        recording_id: str = asked.body["id"]
        return recording_id

    async def record(self) -> str:
        """Asked, agreed to, and told to both that it runs."""
        recording_id = await self.ask()
        assert (await self.maja.post(of_patient(self.visit_id, recording_id) + "/answer", YES)).status == 200
        for page in self.pages:
            assert (await stands(page, "running"))["began_at_ms"]
        return recording_id


@pytest.fixture
async def talk(ear: Browser, maja: Browser, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Talk]:
    with loopback_candidates(monkeypatch):
        async with talking(ear, maja) as talk:
            yield talk


@asynccontextmanager
async def talking(ear: Browser, maja: Browser) -> AsyncIterator[Talk]:
    visit_id = await in_call(ear, maja)
    clinician, patient = Peer("clinician"), Peer("patient")
    async with ear.live(staff_call(visit_id)) as hers, maja.live(patient_call(visit_id)) as patients:
        try:
            await connect(clinician, hers)
            await connect(patient, patients)
            await until(lambda: clinician.received > 5 and patient.received > 5)
            yield Talk(visit_id, hers, patients, ear, maja)
        finally:
            await clinician.close()
            await patient.close()


@pytest.fixture
async def stack() -> AsyncIterator[AsyncExitStack]:
    async with AsyncExitStack() as stack:
        yield stack


async def closed(house: House, visit_id: str) -> Recording:
    """The recording of a visit, once its files are closed."""
    async with asyncio.timeout(60):
        while True:
            found = await house.rooms.recordings.of_visit(visit_id)
            if found is not None and found.closed_at is not None:
                return found
            await asyncio.sleep(0.02)


async def manifest_of(house: House, recording: Recording) -> Manifest:
    store = FileStore(house.settings.recordings_directory)
    return read_manifest(store.manifest(recording.id), await house.rooms.recordings.data_key(recording))


@on_either_store
async def test_asked_agreed_recorded_and_stopped_by_the_patient(house: House, talk: Talk) -> None:
    recording_id = await talk.ask()
    asked = await stands(talk.patients, "asked")
    assert {each["language"]: (each["text"], each["hash"]) for each in asked["consent"]} == {
        language: (text, words_hash(text)) for language, text in STANDARD.items()
    }
    assert (await stands(talk.hers, "asked"))["consent"] == []
    assert (await talk.ear.post(of_staff(talk.visit_id))).refusal == (409, "recording_under_way")
    address = of_patient(talk.visit_id, recording_id)
    wrong = {"agrees": True, "consent_hash": words_hash("noget andet")}
    assert (await talk.maja.post(address + "/answer", wrong)).refusal == (409, "consent_changed")
    agreed = await talk.maja.post(address + "/answer", YES)
    assert (agreed.status, agreed.body["state"]) == (200, "agreed")
    for page in talk.pages:
        await stands(page, "running")
    # A page that comes back, or one of another worker, is told the same.
    async with talk.maja.live(patient_call(talk.visit_id)) as again:
        assert (await stands(again, "running"))["id"] == recording_id
    stopped = await talk.maja.post(address + "/stop")
    assert (stopped.body["state"], stopped.body["stopped_by"]) == ("stopped", "patient")
    assert (await talk.ear.post(f"{of_staff(talk.visit_id)}/{recording_id}/stop")).body["stopped_by"] == "patient"
    for page in talk.pages:
        assert (await stands(page, "stopped"))["stopped_by"] == "patient"
    recording = await closed(house, talk.visit_id)
    manifest = await manifest_of(house, recording)
    assert manifest.closed
    assert recording.length_ms == manifest.duration_ms > 0
    assert recording.media_bytes == manifest.media_bytes > 0
    assert {each.participant for each in manifest.participants} == {"clinician", "patient"}
    # And once more, in the same call.
    await talk.record()


async def test_refused_and_asked_again_and_withdrawn(house: House, talk: Talk) -> None:
    first = await talk.ask()
    answer = await talk.maja.post(of_patient(talk.visit_id, first) + "/answer", {"agrees": False})
    assert (answer.status, answer.body["state"]) == (200, "refused")
    await stands(talk.hers, "refused")
    second = await talk.ask()
    await stands(talk.patients, "asked")
    withdrawn = await talk.ear.post(f"{of_staff(talk.visit_id)}/{second}/withdraw")
    assert withdrawn.body["state"] == "withdrawn"
    await stands(talk.patients, "withdrawn")
    async with house.unchanged():
        late = await talk.maja.post(of_patient(talk.visit_id, second) + "/answer", YES)
        assert late.refusal == (409, "wrong_state")
    assert list(house.settings.recordings_directory.glob("*.vrec")) == []


async def test_it_stops_with_the_consultation(house: House, talk: Talk) -> None:
    await talk.record()
    await move(talk.ear, talk.visit_id, "end")
    recording = await closed(house, talk.visit_id)
    assert (recording.state, recording.stopped_by) == ("stopped", "practitioner")
    assert (await manifest_of(house, recording)).closed


async def test_a_directory_that_goes_is_told_to_both_and_the_call_goes_on(house: House, talk: Talk) -> None:
    await talk.record()
    shutil.rmtree(house.settings.recordings_directory)
    for page in talk.pages:
        assert (await stands(page, "failed"))["fault"] == "storage_missing"
    board = (await talk.ear.get(f"/api/clinics/{EAR}/board")).body
    assert [visit["state"] for visit in board["visits"]] == ["in_call"]
    assert '"reason": "storage_missing"' in house.heard.log.getvalue()
    metrics = (await talk.ear.get("/metrics")).body
    assert 'venterum_recordings{state="failed"} 1.0' in metrics
    assert 'venterum_recordings_failed{reason="storage_missing"} 1.0' in metrics
    async with house.unchanged():
        assert (await talk.ear.post(of_staff(talk.visit_id))).refusal == (409, "recording_unavailable")


async def test_a_node_that_falls_silent_is_told(house: House, talk: Talk, monkeypatch: pytest.MonkeyPatch) -> None:
    await talk.record()
    monkeypatch.setattr("signaling.recordings.SILENCE_SECONDS", 0.0)

    async def silent(_: str) -> None:
        return None

    monkeypatch.setattr(house.worker.calls, "recording", silent)
    for page in talk.pages:
        assert (await stands(page, "failed"))["fault"] == "node_died"


async def test_nobody_else_asks_answers_or_stops(
    house: House, ear: Browser, maja: Browser, skin: Browser, stack: AsyncExitStack
) -> None:
    waiting = await in_queue(ear, maja)
    async with house.unchanged():
        assert (await ear.post(of_staff(waiting))).refusal == (409, "not_in_call_with_patient")
    await move(ear, waiting, "accept")
    await move(ear, waiting, "start")
    await stack.enter_async_context(ear.live(staff_call(waiting)))  # else it would end by itself
    asked = await ear.post(of_staff(waiting))
    recording_id = asked.body["id"]

    async def refused(answer: Answer) -> None:
        assert answer.refusal == (404, "not_found")

    async with house.unchanged(), house.browser() as jonas, house.browser() as stranger:
        await jonas.log_in("jonas", "patient")
        await refused(await jonas.post(of_patient(waiting, recording_id) + "/answer", YES))
        await refused(await jonas.post(of_patient(waiting, recording_id) + "/stop"))
        for address in (of_staff(waiting), f"{of_staff(waiting)}/{recording_id}/stop"):
            await refused(await skin.post(address))
            await refused(await skin.post(address.replace(EAR, "hudklinikken")))
        await refused(await ear.post(f"{of_staff(waiting)}/none/stop"))
        answer = await stranger.post(of_patient(waiting, recording_id) + "/answer", YES)
        assert answer.refusal == (401, "not_logged_in")
        stop = await ear.post(f"{of_staff(waiting)}/{recording_id}/stop")
        assert stop.refusal == (409, "wrong_state")
    assert CPR["maja"] not in str(asked.body)


async def test_a_colleague_cannot_ask(house: House, ear: Browser, maja: Browser) -> None:
    visit_id = await in_call(ear, maja)
    async with ear.live(staff_call(visit_id)), house.browser() as morten:
        await morten.go_to_work("morten", "101001", "oere-morten")
        async with house.unchanged():
            assert (await morten.post(of_staff(visit_id))).refusal == (409, "not_in_call_with_patient")
