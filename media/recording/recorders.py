"""The recorder process as the node has it: started when it is needed, and again when it has died."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import sys
from collections.abc import Callable
from pathlib import Path

import structlog

from media.errors import RecordingFailed

from .news import Failure, RecordingNews
from .tap import STOP_SECONDS, Tap

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
                control = await self._running()
                socket.send_fds(control, [b"+"], [theirs.fileno()])
        except OSError:
            ours.close()
            raise RecordingFailed(Failure.RECORDER_DIED) from None
        begun = False

        def told(news: RecordingNews) -> None:
            if begun:
                on_news(news)

        tap = Tap(recording_id, ours, told)
        tap.on_given_up = lambda: self._give_up(recording_id)
        await tap.begin(key)
        begun = True
        return tap

    def _give_up(self, recording_id: str) -> None:
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
                self._waiting = asyncio.create_task(self._wait(self._process, ours))
            return self._control

    async def _wait(self, process: asyncio.subprocess.Process, control: socket.socket) -> None:
        status = await process.wait()
        control.close()
        if self._process is process:
            self._process, self._control = None, None
        if status:
            self._log.error("recorder_died", status=status)

    async def close(self) -> None:
        """Let the recorder end, once its recordings are over; the node stops those first. May be called twice."""
        control, waiting = self._control, self._waiting
        self._control, self._waiting = None, None
        if control is not None:
            control.close()
        if waiting is not None:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(waiting, STOP_SECONDS)
