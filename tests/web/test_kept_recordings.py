"""Recordings over the wire when they are over: listed, opened, played by ranges and deleted, by practitioners alone."""

from __future__ import annotations

import io

import aiohttp
import av
import pytest

from tests.media.peers import loopback_candidates

from .house import CPR, EAR, Browser, House
from .test_recordings import YES, closed, of_patient, of_staff, stands, talking
from .test_sockets import in_call, move, staff_call

ALL = f"/api/clinics/{EAR}/recordings"


# What is asked of the databases here is tried on each elsewhere.
pytestmark = pytest.mark.parametrize("redis_url", ["embedded"], indirect=True)


async def recorded(house: House, ear: Browser, maja: Browser, monkeypatch: pytest.MonkeyPatch) -> str:
    """A consultation that was recorded for a while, and is over; the recording's id."""
    with loopback_candidates(monkeypatch):
        async with talking(ear, maja) as talk:
            recording_id = await talk.record()
            early = await ear.post(f"{ALL}/{recording_id}/openings")
            assert early.refusal == (404, "not_found")  # what still runs is not there to be seen
            await maja.post(of_patient(talk.visit_id, recording_id) + "/stop")
            for page in talk.pages:
                await stands(page, "stopped")
            await closed(house, talk.visit_id)
            await move(ear, talk.visit_id, "end")
    return recording_id


async def fetched(
    browser: Browser, url: str, method: str = "GET", **headers: str
) -> tuple[aiohttp.ClientResponse, bytes]:
    async with browser.session.request(method, browser.origin.with_path(url), headers=headers) as response:
        return response, await response.read()


async def test_listed_opened_played_by_ranges_and_deleted(
    house: House, ear: Browser, maja: Browser, skin: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    recording_id = await recorded(house, ear, maja, monkeypatch)
    (listed,) = (await ear.post(f"{ALL}/search", {"person": CPR["maja"]})).body["recordings"]
    assert (listed["id"], listed["patient_name"], listed["state"]) == (recording_id, "Maja Elkjær Holm", "stopped")
    assert listed["length_ms"] > 0
    assert "Klinikken vil gerne optage" in listed["consent"]
    assert (await ear.post(f"{ALL}/search", {"person": "jonas"})).body == {"recordings": [], "older": None}
    assert (await ear.post(f"{ALL}/search", {"day": "2001-01-01"})).body["recordings"] == []

    opened = await ear.post(f"{ALL}/{recording_id}/openings")
    while not opened.body["ready"]:
        opened = await ear.get(f"{ALL}/{recording_id}/openings/{opened.body['opening_id']}")
    films = {film["participant"]: film for film in opened.body["films"]}
    assert set(films) == {"clinician", "patient"}
    film = films["patient"]

    whole, content = await fetched(ear, film["url"])
    assert (whole.status, len(content), whole.headers["Content-Type"]) == (200, film["size_bytes"], film["mime"])
    assert (whole.headers["Accept-Ranges"], whole.headers["Cache-Control"]) == ("bytes", "no-store")
    with av.open(io.BytesIO(content)) as container:
        assert {stream.type for stream in container.streams} == {"video"}
    etag = whole.headers["ETag"]
    half = len(content) // 2
    for asked, start, stop in (
        ("bytes=0-1", 0, 2),
        (f"bytes={half}-", half, len(content)),
        ("bytes=-7", len(content) - 7, len(content)),
    ):
        part, found = await fetched(ear, film["url"], Range=asked, **{"If-Range": etag})
        assert (part.status, found) == (206, content[start:stop])
        assert part.headers["Content-Range"] == f"bytes {start}-{stop - 1}/{len(content)}"
    stale, found = await fetched(ear, film["url"], Range="bytes=0-1", **{"If-Range": '"another"'})
    assert (stale.status, len(found)) == (200, len(content))
    past, _ = await fetched(ear, film["url"], Range=f"bytes={len(content)}-")
    assert (past.status, past.headers["Content-Range"]) == (416, f"bytes */{len(content)}")
    head, nothing = await fetched(ear, film["url"], "HEAD")
    assert (head.status, head.headers["Content-Length"], nothing) == (200, str(len(content)), b"")

    # To nobody else: not another clinic's, an employee's, the patient's, nor under another's opening.
    async with house.browser() as kirsten, house.browser() as morten:
        await ear.post(f"/api/clinics/{EAR}/employees/kirsten/activate")
        await kirsten.go_to_work("kirsten", "101001", "oere-anne")
        await morten.go_to_work("morten", "101001", "oere-morten")
        for browser, status in ((kirsten, 403), (skin, 404), (maja, 401), (morten, 404)):
            assert (await fetched(browser, film["url"]))[0].status == status
        for address in (f"{ALL}/{recording_id}/openings", f"{ALL}/search"):
            assert (await kirsten.post(address, {} if address.endswith("search") else None)).status == 403
            assert (await skin.post(address, {} if address.endswith("search") else None)).status == 404
        assert (await kirsten.delete(f"{ALL}/{recording_id}")).refusal == (403, "practitioners_only")
        assert (await skin.delete(f"{ALL}/{recording_id}")).refusal == (404, "not_found")

    again = await ear.post(f"{ALL}/{recording_id}/openings")
    assert again.body["opening_id"] != opened.body["opening_id"]
    told = [event.kind for event in await house.rooms.log.since(EAR, 0)]
    assert told.count("recording_viewed") == 2  # one for each opening, whatever ranges were asked for

    files = [path.name for path in house.settings.recordings_directory.iterdir() if recording_id in path.name]
    assert len(files) == 4  # media, manifest, and two films
    assert (await ear.delete(f"{ALL}/{recording_id}")).status == 204
    assert (await fetched(ear, film["url"]))[0].status == 404
    assert (await ear.post(f"{ALL}/{recording_id}/openings")).refusal == (404, "not_found")
    left = [path.name for path in house.settings.recordings_directory.iterdir() if recording_id in path.name]
    assert left == [f"{recording_id}.json"]
    assert await house.rooms.kept_recordings.to_erase() == ()
    assert (await ear.post(f"{ALL}/search", {})).body["recordings"] == []


async def test_a_damaged_recording_says_so(
    house: House, ear: Browser, maja: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    recording_id = await recorded(house, ear, maja, monkeypatch)
    media = house.settings.recordings_directory / f"{recording_id}.vrec"
    content = bytearray(media.read_bytes())
    content[len(content) // 2] ^= 1
    media.write_bytes(content)
    async with house.unchanged():
        await house.redis.flushdb()
    refused = await ear.post(f"{ALL}/{recording_id}/openings")
    assert refused.refusal == (409, "recording_damaged")


async def test_one_that_never_began_has_nothing_to_play(house: House, ear: Browser, maja: Browser) -> None:
    visit_id = await in_call(ear, maja)
    async with ear.live(staff_call(visit_id)):
        asked = (await ear.post(of_staff(visit_id))).body["id"]
        await maja.post(of_patient(visit_id, asked) + "/answer", YES)  # nobody is connected with media
        await ear.post(f"{of_staff(visit_id)}/{asked}/stop")
        assert (await ear.post(f"{ALL}/{asked}/openings")).refusal == (409, "recording_not_ready")
