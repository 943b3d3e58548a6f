"""Sees to it that what is recorded is what was agreed to: recorders are begun and stopped as the recordings' rows say.

Every worker looks, so it does not matter which of them a click came to, or that one died. Orders to a node may be given
twice; the rows' compare-and-set sees to it that each change is written once. What a call's node says of its recording comes by
the live store.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable

import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError

from media.errors import AlreadyRecording, NoSuchLeg, RecordingFailed
from media.recording.errors import NoSuchRecording, RecordingError, StillGrowing
from media.recording.manifest import Manifest
from media.recording.news import Failure, RecordingNews
from media.recording.news import RecordingState as Recorder
from media.recording.store import Store
from media.recording.verify import recover
from rooms.errors import NotFound, RecordingKeyMissing, WrongState
from rooms.kept_recordings import KeptRecordings
from rooms.recordings import Recordings
from rooms.records import SYSTEM, Recording
from rooms.states import RecordingState

from .bus import Bus, call_topic
from .calls import Calls
from .errors import NoMediaNode
from .tasks import keep_looking, stop

LOOK_SECONDS = 1.0
SILENCE_SECONDS = 12.0
"""How long a node may say nothing of a recording that runs before it counts as dead; it speaks every two seconds."""

LATE_SECONDS = 30.0
"""How long an order to a node may be on its way at the most."""

SWEEP_SECONDS = 60.0
"""How often is looked for recordings that have been kept for long enough."""


class RecordingKeeper:
    """Looks after the recordings, until `close`.

    Args:
        store: where the media is kept, as this worker sees it.
    """

    def __init__(
        self, *, recordings: Recordings, kept: KeptRecordings, calls: Calls, bus: Bus, redis: Redis, store: Store
    ) -> None:
        self._recordings = recordings
        self._kept = kept
        self._calls = calls
        self._bus = bus
        self._redis = redis
        self._store = store
        self._wake = asyncio.Event()
        self._listening: dict[str, Callable[[], None]] = {}
        """What undoes listening to each call, by its topic."""
        self._at_work: dict[str, asyncio.Task[None]] = {}
        """What is being done about each recording, by its id: one thing at a time, and none waits for another's disk."""
        self._silent_since: dict[str, float] = {}
        self._swept_at = float("-inf")
        self._task: asyncio.Task[None] | None = None
        self._log = structlog.get_logger("signaling.recordings")

    async def start(self) -> None:
        self._task = asyncio.create_task(keep_looking(self.look, LOOK_SECONDS, self._log, self._wake))

    async def close(self) -> None:
        """Stop looking. What the nodes record goes on. May be called twice."""
        if self._task is not None:
            await stop([self._task, *self._at_work.values()])
        for undo in self._listening.values():
            undo()
        self._listening.clear()

    def wake(self) -> None:
        """Look at once: something was agreed to or stopped here."""
        self._wake.set()

    async def look(self) -> None:
        """Look once at every recording that a recorder has to do with."""
        found = await self._recordings.to_look_after()
        self._listen({call_topic(recording.visit_id) for recording in found})
        for gone in self._silent_since.keys() - {recording.id for recording in found}:
            del self._silent_since[gone]
        for recording in found:
            if recording.id not in self._at_work:
                task = asyncio.create_task(self._look_after(recording))
                self._at_work[recording.id] = task
                task.add_done_callback(lambda _, id=recording.id: self._at_work.pop(id, None))  # type: ignore[misc]  # mypy infers no type for a default
        if time.monotonic() - self._swept_at >= SWEEP_SECONDS:
            self._swept_at = time.monotonic()
            await self.sweep()

    async def sweep(self) -> None:
        """Delete what has been kept for long enough, and the files of what is deleted."""
        for recording in await self._kept.overdue():
            with contextlib.suppress(NotFound, WrongState):  # deleted meanwhile by somebody else: what was wanted
                await self._kept.delete(SYSTEM, recording.clinic_id, recording.id)
                self._log.info("recording_kept_long_enough", recording=recording.id)
        for recording in await self._kept.to_erase():
            await self.erase(recording)

    async def erase(self, recording: Recording) -> None:
        """Take away the media of a deleted recording, whose key is gone already; tried again later when that fails."""
        try:
            await asyncio.to_thread(self._store.delete, recording.id)
        except NoSuchRecording:
            pass
        except OSError as error:
            self._log.warning("recording_not_erased", recording=recording.id, error=type(error).__name__)
            return
        await self._kept.erased(recording)

    def _listen(self, topics: set[str]) -> None:
        for topic in self._listening.keys() - topics:
            self._listening.pop(topic)()
        for topic in topics - self._listening.keys():
            self._listening[topic] = self._bus.listen(topic, self._wake)

    async def _look_after(self, recording: Recording) -> None:
        try:
            news = await self._news(recording)
            if recording.state is RecordingState.AGREED and news is None:
                await self._begin(recording)
            elif recording.state in (RecordingState.AGREED, RecordingState.RUNNING):
                await self._follow(recording, news)
            elif news is not None and not news.over:
                await self._calls.stop_recording(recording.visit_id)
            elif news is not None or self._is_long_over(recording):
                await self._close(recording)
        except (NoMediaNode, StillGrowing):
            pass  # looked at again in a moment
        except Exception as error:  # one recording's trouble must not end the looking after the others
            self._log.warning("recording_not_looked_after", recording=recording.id, error=type(error).__name__)

    def _is_long_over(self, recording: Recording) -> bool:
        """Whether no order to begin it can be on its way any longer: one that comes late would begin what nobody stops."""
        since = self._silent_since.setdefault(recording.id, time.monotonic())
        return time.monotonic() - since >= LATE_SECONDS

    async def _news(self, recording: Recording) -> RecordingNews | None:
        news = await self._calls.recording(recording.visit_id)
        return news if news is not None and news.recording_id == recording.id else None

    async def _begin(self, recording: Recording) -> None:
        try:
            await self._calls.record(recording.visit_id, recording.id, await self._recordings.data_key(recording))
        except RecordingFailed as refused:
            await self._failed(recording, refused.reason)
        except RecordingKeyMissing:
            await self._failed(recording, Failure.KEY_MISSING)
        except (NoSuchLeg, AlreadyRecording):
            pass  # nobody is connected just now, or the one before is being closed: tried again

    async def _follow(self, recording: Recording, news: RecordingNews | None) -> None:
        if news is None:
            if await self._is_silent(recording):
                await self._failed(recording, Failure.NODE_DIED)
            return
        self._silent_since.pop(recording.id, None)
        if news.state is Recorder.RUNNING:
            await self._recordings.began(recording)
        elif news.state is Recorder.STOPPED:  # the node was stopped, and closed it in good order
            await self._recordings.stop(SYSTEM, recording.clinic_id, recording.visit_id, recording.id)
        elif news.state is Recorder.FAILED:
            await self._failed(recording, news.reason or Failure.RECORDER_DIED)

    async def _is_silent(self, recording: Recording) -> bool:
        """Whether its node has said nothing for too long, though the live store answers."""
        try:
            await self._redis.ping()
        except (RedisError, OSError):
            self._silent_since.pop(recording.id, None)
            return False
        since = self._silent_since.setdefault(recording.id, time.monotonic())
        return time.monotonic() - since >= SILENCE_SECONDS

    async def _failed(self, recording: Recording, reason: Failure) -> None:
        if await self._recordings.failed(recording, reason.value):
            self._log.error("recording_failed", recording=recording.id, visit=recording.visit_id, reason=reason.value)

    async def _close(self, recording: Recording) -> None:
        """Write down how long and large it became."""
        manifest = await self._manifest(recording)
        await self._recordings.closed(
            recording,
            length_ms=None if manifest is None else manifest.duration_ms,
            media_bytes=None if manifest is None else manifest.media_bytes,
        )

    async def _manifest(self, recording: Recording) -> Manifest | None:
        """The manifest, closed first where the recorder could not do it any more.

        Raises:
            StillGrowing: a recorder is at work on the file.
        """
        try:
            key = await self._recordings.data_key(recording)
            return await asyncio.to_thread(recover, self._store, recording.id, key)
        except StillGrowing:
            raise
        except (RecordingError, RecordingKeyMissing, OSError) as error:
            self._log.warning("recording_not_read", recording=recording.id, error=type(error).__name__)
            return None
