"""Recordings as a clinic's practitioners meet them: the list, the films of one that is opened, and its deletion.

Each opening is an event of its own on the clinic's log, and the films of it are given out under that opening alone, to the
login that made it, by ranges: only the chunks asked for are decrypted, and no more than one piece is in memory.
"""

from __future__ import annotations

import asyncio
import json
import secrets
from types import NoneType

from aiohttp import web
from redis.asyncio import Redis

from media.recording.errors import NoSuchRecording, NothingToPlay, RecordingError
from media.recording.films import FilmReader, Films
from media.recording.manifest import read_manifest
from media.recording.store import FileStore
from rooms.errors import NotFound, PractitionersOnly, RecordingKeyMissing, WrongState
from rooms.kept_recordings import PAGE, RecordingFilter
from rooms.records import KeptRecording, Recording
from rooms.store import Rooms
from signaling.participants import Side
from signaling.tasks import stop
from signaling.views import milliseconds, milliseconds_or_none
from signaling.worker import Worker

from .access import Access, AtWork
from .errors import RecordingDamaged, RecordingNotReady, RecordingUnplayable
from .logs import get_logger
from .ranges import RangeUnsatisfiable, wanted_range
from .routes import ID, Route, route
from .schemas import FilmView, KeptRecordingView, OpenedRecording, RecordingList, SearchRecordings
from .staff import AT_WORK, CLINIC

OPENING_SECONDS = 4 * 3600
"""How long an opened recording can be played."""

WAIT_SECONDS = 8.0
"""How long an answer waits for films that are being made; the page asks again."""

PIECE_BYTES = 64 * 1024

_RECORDINGS = CLINIC + "/recordings"
_ONE = _RECORDINGS + "/{recording_id}"
_OPENING = _ONE + "/openings/{opening_id}"
_FILM = _OPENING + "/films/{participant}"


class KeptRecordingHandlers:
    """Everything is asked for anew on each request: the login, the role, the recording, and the opening."""

    def __init__(self, rooms: Rooms, access: Access, worker: Worker, redis: Redis, store: FileStore) -> None:
        self._rooms = rooms
        self._access = access
        self._worker = worker
        self._redis = redis
        self._store = store
        self._films = Films(store)
        self._making: dict[str, asyncio.Task[None]] = {}
        """The films that are being made, by the recording's id; one that was made is opened from its file."""

    async def search(self, request: web.Request, body: SearchRecordings) -> RecordingList:
        at_work = await self._access.staff(request)
        wanted = RecordingFilter(day=body.day, person=body.person, before=body.before)
        found = await self._rooms.kept_recordings.page(at_work.actor, at_work.clinic_id, wanted)
        return RecordingList(
            recordings=tuple(_view(each) for each in found),
            older=found[-1].recording.id if len(found) == PAGE else None,
        )

    async def open(self, request: web.Request) -> OpenedRecording:
        at_work, recording = await self._recording(request)
        if recording.closed_at is None:
            raise RecordingNotReady
        await self._rooms.recordings.data_key(recording)  # refused before it is told that somebody has seen it
        await self._rooms.kept_recordings.viewed(at_work.actor, at_work.clinic_id, recording.id)
        opening_id = secrets.token_urlsafe(16)
        opening = json.dumps([recording.id, at_work.login_id])
        await self._redis.set(_key(opening_id), opening, ex=OPENING_SECONDS)
        return await self._opened(recording, opening_id)

    async def opened(self, request: web.Request) -> OpenedRecording:
        recording = await self._of_opening(request)
        return await self._opened(recording, request.match_info["opening_id"])

    async def delete(self, request: web.Request) -> None:
        at_work, recording = await self._recording(request)
        deleted = await self._rooms.kept_recordings.delete(at_work.actor, at_work.clinic_id, recording.id)
        await self._worker.recordings.erase(deleted)

    async def film(self, request: web.Request) -> web.StreamResponse:
        """One participant's film, or a range of it (RFC 9110, sections 14 and 15.3.7)."""
        recording = await self._of_opening(request)
        participant = request.match_info["participant"]
        if recording.id in self._making:
            raise RecordingNotReady
        reader = await self._reader(recording, participant)
        try:
            etag = f'"{recording.id}-{participant}-{reader.size}"'
            headers = {"Accept-Ranges": "bytes", "ETag": etag, "Content-Type": reader.mime}
            try:
                part = wanted_range(request.headers.get("Range"), request.headers.get("If-Range"), etag, reader.size)
            except RangeUnsatisfiable:
                headers["Content-Range"] = f"bytes */{reader.size}"
                return web.Response(status=416, headers=headers)
            start, end = part or (0, reader.size)
            if part is not None:
                headers["Content-Range"] = f"bytes {start}-{end - 1}/{reader.size}"
            headers["Content-Length"] = str(end - start)
            response = web.StreamResponse(status=200 if part is None else 206, headers=headers)
            await response.prepare(request)
            if request.method != "HEAD":
                await _send(response, reader, start, end)
            return response
        finally:
            reader.close()

    def add(self, app: web.Application) -> None:
        """Mount the films' address; what is being made is broken off when the application shuts down."""
        pattern = _FILM
        for name in ("clinic_id", "recording_id", "opening_id", "participant"):
            pattern = pattern.replace(f"{{{name}}}", f"{{{name}:{ID}}}")
        app.router.add_get(pattern, self.film)

        async def close(_: web.Application) -> None:
            await stop(list(self._making.values()))

        app.on_shutdown.append(close)

    async def _recording(self, request: web.Request) -> tuple[AtWork, Recording]:
        at_work = await self._access.staff(request)
        recording_id = request.match_info["recording_id"]
        return at_work, await self._rooms.kept_recordings.one(at_work.actor, at_work.clinic_id, recording_id)

    async def _of_opening(self, request: web.Request) -> Recording:
        """The recording of an opening of this very login. Raises NotFound for any other, and for one that has run out."""
        at_work, recording = await self._recording(request)
        opening = await self._redis.get(_key(request.match_info["opening_id"]))
        if opening is None or json.loads(opening) != [recording.id, at_work.login_id]:
            raise NotFound
        return recording

    async def _opened(self, recording: Recording, opening_id: str) -> OpenedRecording:
        """The films there are, once they are there; made by a task of their own, so that nobody's leaving breaks it off."""
        if recording.id not in self._making:
            task = asyncio.create_task(self._make(recording))
            self._making[recording.id] = task
            task.add_done_callback(lambda _: self._making.pop(recording.id, None))
        task = self._making[recording.id]
        await asyncio.wait({task}, timeout=WAIT_SECONDS)
        if not task.done():
            return OpenedRecording(opening_id=opening_id, ready=False, length_ms=recording.length_ms, films=())
        task.result()
        base = (
            f"{_OPENING.format(clinic_id=recording.clinic_id, recording_id=recording.id, opening_id=opening_id)}/films"
        )
        films = []
        for participant in await self._participants(recording):
            try:
                reader = await self._reader(recording, participant)
            except RecordingUnplayable:
                continue
            films.append(
                FilmView(
                    participant=participant,
                    url=f"{base}/{participant}",
                    mime=reader.mime,
                    begins_ms=round(reader.begins_ms),
                    size_bytes=reader.size,
                )
            )
            reader.close()
        if not films:
            raise RecordingUnplayable
        return OpenedRecording(opening_id=opening_id, ready=True, length_ms=recording.length_ms, films=tuple(films))

    async def _make(self, recording: Recording) -> None:
        for participant in await self._participants(recording):
            try:
                (await self._reader(recording, participant)).close()
            except RecordingUnplayable:
                continue

    async def _participants(self, recording: Recording) -> list[str]:
        """Whoever took part, the clinician first."""
        key = await self._rooms.recordings.data_key(recording)
        try:
            manifest = read_manifest(await asyncio.to_thread(self._store.manifest, recording.id), key)
        except (NoSuchRecording, OSError):
            raise RecordingUnplayable from None
        except RecordingError as error:
            raise _damaged(recording, error) from None
        there = dict.fromkeys(each.participant for each in manifest.participants)
        return sorted(there, key=lambda participant: participant != Side.CLINICIAN)

    async def _reader(self, recording: Recording, participant: str) -> FilmReader:
        key = await self._rooms.recordings.data_key(recording)
        try:
            return await self._films.open(recording.id, participant, key)
        except (NothingToPlay, NoSuchRecording):
            raise RecordingUnplayable from None
        except (RecordingError, OSError, TimeoutError) as error:
            raise _damaged(recording, error) from None

    def routes(self) -> tuple[Route, ...]:
        practitioners = (*AT_WORK, PractitionersOnly)
        playing = (RecordingNotReady, RecordingUnplayable, RecordingDamaged, RecordingKeyMissing)
        return (
            route(
                "POST",
                _RECORDINGS + "/search",
                self.search,
                summary="List the clinic's recordings, newest first.",
                takes=SearchRecordings,
                gives=RecordingList,
                refuses=practitioners,
            ),
            route(
                "POST",
                _ONE + "/openings",
                self.open,
                summary="Open a recording to see it; what is told on the log.",
                gives=OpenedRecording,
                status=201,
                refuses=(*practitioners, *playing),
            ),
            route(
                "GET",
                _OPENING,
                self.opened,
                summary="The films of an opened recording, once they are made. Their addresses take ranges.",
                gives=OpenedRecording,
                refuses=(*practitioners, *playing),
            ),
            route(
                "DELETE",
                _ONE,
                self.delete,
                summary="Delete a recording for good: its key is destroyed.",
                gives=NoneType,
                status=204,
                refuses=(*practitioners, WrongState),
            ),
        )


async def _send(response: web.StreamResponse, reader: FilmReader, start: int, end: int) -> None:
    while start < end:
        piece = await asyncio.to_thread(reader.read, start, min(start + PIECE_BYTES, end))
        if not piece:
            return  # cut short meanwhile: the connection ends short of its length, which the browser sees
        await response.write(piece)
        start += len(piece)


def _damaged(recording: Recording, error: Exception) -> RecordingDamaged:
    get_logger("web.kept_recordings").error(
        "recording_damaged", recording=recording.id, problem=str(error) or type(error).__name__
    )
    return RecordingDamaged()


def _key(opening_id: str) -> str:
    return f"venterum:opening:{opening_id}"


def _view(kept: KeptRecording) -> KeptRecordingView:
    recording = kept.recording
    return KeptRecordingView.model_validate(
        {
            "id": recording.id,
            "patient_name": kept.patient_name,
            "practitioner_name": kept.practitioner_name,
            "asked_at_ms": milliseconds(recording.asked_at),
            "began_at_ms": milliseconds_or_none(recording.began_at),
            "state": recording.state.value,
            "fault": recording.fault,
            "length_ms": recording.length_ms,
            "media_bytes": recording.media_bytes,
            "consent_version": recording.consent.version,
            "consent_language": recording.consent_language,
            "consent": recording.consent.texts.get(recording.consent_language or "", ""),
            "answered_at_ms": milliseconds_or_none(recording.answered_at),
        }
    )
