"""The recorder process as the node has it: started when it is needed, and again when it has died."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import sys
from collections.abc import Callable
from pathlib import Path
from time import monotonic

import structlog

from media.errors import RecordingFailed

from .news import Failure, RecordingNews
from .tap import BEGIN_SECONDS, STOP_SECONDS, Tap

STALL_SECONDS = 4.0
"""A recorder that has said nothing for so long stands still, and every recording of it has failed."""

_WATCH_SECONDS = 0.5
_SOCKET_BYTES = 1024 * 1024
"""Asked of the kernel for what is on its way to the recorder."""


class Recorders:
    """The recorder process, started when it is needed, and again when it has died.

    Args:
        directory: where recordings are kept; None refuses every one with `storage_missing`.
    """

    def __init__(self, directory: Path | None) -> None:
        self._directory = directory
        self._control: socket.socket | None = None
        self._process: asyncio.subprocess.Process | None = None
        self._waiting: asyncio.Task[None] | None = None
        self._watching: asyncio.Task[None] | None = None
        self._heard_at = 0.0
        self._taps: set[Tap] = set()
        self._starting = asyncio.Lock()
        self._log = structlog.get_logger("media.recorders")

    @property
    def pid(self) -> int | None:
        """The recorder's process id, while there is one."""
        return self._process.pid if self._process is not None else None

    async def begin(self, recording_id: str, key: bytes, on_news: Callable[[RecordingNews], None]) -> Tap:
        """Begin a recording; `on_news` is called at each change of its state, the last one when it is over.

        Raises:
            RecordingFailed: it cannot be made; nobody is told beside.
        """
        if self._directory is None:
            raise RecordingFailed(Failure.STORAGE_MISSING)
        ours, theirs = socket.socketpair()
        try:
            with theirs:
                for end in (ours, theirs):
                    end.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _SOCKET_BYTES)
                await self._hand_over(theirs)
        except OSError:
            ours.close()
            raise RecordingFailed(Failure.RECORDER_DIED) from None
        begun = False

        def told(news: RecordingNews) -> None:
            if news.over:
                self._taps.discard(tap)
            if begun:
                on_news(news)

        tap = Tap(recording_id, ours, told)
        tap.on_given_up = lambda: self._given_up(recording_id)
        self._taps.add(tap)
        try:
            await tap.begin(key)
        except RecordingFailed:
            self._taps.discard(tap)
            raise
        begun = True
        return tap

    async def _hand_over(self, theirs: socket.socket) -> None:
        """Give the recorder its end of a recording's socket. Raises OSError when there is none to give it to."""
        try:
            socket.send_fds(await self._running(), [b"+"], [theirs.fileno()])
        except OSError:
            # It has just died, and nobody has noticed yet: the next one is asked.
            if self._waiting is None:
                raise
            await asyncio.wait({self._waiting}, timeout=_WATCH_SECONDS)
            socket.send_fds(await self._running(), [b"+"], [theirs.fileno()])

    def _given_up(self, recording_id: str) -> None:
        self._log.warning("recorder_too_slow", recording=recording_id)
        if self._control is not None:
            with contextlib.suppress(OSError):
                self._control.send(recording_id.encode())

    async def _running(self) -> socket.socket:
        """The control socket of a recorder that runs. Raises OSError when it cannot be started."""
        async with self._starting:
            if self._control is None:
                ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
                ours.setblocking(False)
                try:
                    with theirs:
                        self._process = await asyncio.create_subprocess_exec(
                            sys.executable,
                            "-m",
                            "media.recording.recorder",
                            str(self._directory),
                            stdin=theirs.fileno(),
                            stdout=asyncio.subprocess.DEVNULL,
                            env={name: value for name, value in os.environ.items() if not name.startswith("VENTERUM_")},
                        )
                except OSError:
                    ours.close()
                    raise
                self._control = ours
                self._heard_at = monotonic() + BEGIN_SECONDS  # it has yet to start
                self._waiting = asyncio.create_task(self._wait(self._process, ours))
                self._watching = asyncio.create_task(self._watch(ours))
            return self._control

    async def _watch(self, control: socket.socket) -> None:
        """Give up what a recorder holds that says nothing any longer; it may be stopped, or its disk may stand still."""
        while True:
            await asyncio.sleep(_WATCH_SECONDS)
            with contextlib.suppress(OSError):
                while control.recv(64):
                    self._heard_at = monotonic()
            if monotonic() - self._heard_at > STALL_SECONDS:
                for tap in list(self._taps):
                    tap.give_up(Failure.TOO_SLOW)

    async def _wait(self, process: asyncio.subprocess.Process, control: socket.socket) -> None:
        status = await process.wait()
        if self._watching is not None:
            self._watching.cancel()
        control.close()
        if self._process is process:
            self._process, self._control = None, None
        if status:
            self._log.error("recorder_died", status=status)

    async def close(self) -> None:
        """Let the recorder end, once its recordings are over; the node stops those first. May be called twice."""
        control, waiting = self._control, self._waiting
        if self._watching is not None:
            self._watching.cancel()
        self._control, self._waiting = None, None
        if control is not None:
            control.close()
        if waiting is not None:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(waiting, STOP_SECONDS)
