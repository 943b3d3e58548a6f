"""The recorder: a process beside the node that writes each recording's records down, encrypted, and lets nothing hold it up.

It is started by `media/recording/recorders.py`, which hands it one end of a socket for each recording through its standard input
(SCM_RIGHTS). What comes there is `Begin` and then records; what goes back is one JSON object a line. A recording whose socket is
closed is closed; when standard input is closed and the last recording too, the process ends. Signals to end are left to the node.
"""

from __future__ import annotations

import base64
import contextlib
import errno
import hashlib
import json
import os
import resource
import selectors
import signal
import socket
import sys
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

from .chunks import KEY_BYTES, ChunkCipher, FileHeader
from .losses import Accounts
from .manifest import Manifest
from .news import Failure, RecordingState
from .records import Begin
from .store import FileStore, Store

FLUSH_SECONDS = 1.0
"""The longest that anything waits here to be written; with the node's own wait, what a crash costs at the most."""

FLUSH_BYTES = 512 * 1024
RECEIVE_BYTES = 256 * 1024
MAX_BEGIN_BYTES = 4096
TICK_SECONDS = 0.2
_SYNC_THREADS = 4


class Refused(Exception):
    """A recording that cannot begin or go on, and why."""

    def __init__(self, reason: Failure) -> None:
        self.reason = reason
        super().__init__(reason.value)


def failure_of(error: OSError) -> Failure:
    """What an operator is told when a file cannot be written."""
    if isinstance(error, FileExistsError):
        return Failure.RECORDED_BEFORE
    return Failure.DISK_FULL if error.errno in (errno.ENOSPC, errno.EDQUOT) else Failure.STORAGE_MISSING


class Recording:
    """One recording being written, in chunks."""

    def __init__(self, store: Store, begin: Begin) -> None:
        """Raises Refused."""
        try:
            key = base64.b64decode(begin.key, validate=True)
        except ValueError:
            key = b""
        if len(key) != KEY_BYTES:
            raise Refused(Failure.KEY_MISSING)
        self._store = store
        self._key = key
        self._accounts = Accounts()
        self._manifest = Manifest(
            begin.recording_id, datetime.now(UTC).isoformat(timespec="milliseconds"), RecordingState.RUNNING
        )
        self._pending = bytearray()
        self._pending_since = 0.0
        self._hash = hashlib.sha256()
        header = FileHeader.new(begin.recording_id)
        self._cipher = ChunkCipher(key, header)
        try:
            self._file = store.create(begin.recording_id)
            try:
                self._append(header.write())
                store.write_manifest(self._manifest, key)
            except OSError:
                self._file.close()
                raise
        except OSError as error:
            raise Refused(failure_of(error)) from None

    @property
    def packets(self) -> int:
        return self._accounts.packets

    @property
    def ended(self) -> bool:
        """Whether the node said that this was all."""
        return self._accounts.ended

    def take(self, data: bytearray, end: int, now: float) -> int:
        """Keep the whole records in the first `end` bytes of `data`; how many bytes those are.

        Raises:
            Refused: they could not be written. What was written before stays valid.
            ValueError: they cannot be read.
        """
        if not self._pending:
            self._pending_since = now
        taken = self._accounts.take(data, end)
        self._pending += memoryview(data)[:taken]
        if len(self._pending) >= FLUSH_BYTES:
            self._flush()
        return taken

    def tick(self, now: float) -> bool:
        """Write what has waited long enough; whether something was written. Raises Refused."""
        if not self._pending or now - self._pending_since < FLUSH_SECONDS - TICK_SECONDS:
            return False
        self._flush()
        return True

    def durable(self) -> Callable[[], None]:
        """What brings all that is written through a loss of power, for another thread to call once."""
        return self._file.durable()

    def broken(self) -> set[int]:
        """The legs whose picture needs a keyframe, since something of it was lost."""
        return self._accounts.overdue(self._accounts.last_ms)

    def close(self, reason: Failure | None) -> str | None:
        """Write the last chunk and the manifest; the manifest's hash, or None when it could not be written.

        A reason to fail given here, or found on the way, is in the manifest.
        """
        if reason not in (Failure.DISK_FULL, Failure.STORAGE_MISSING):
            try:
                self._flush(last=True)
            except Refused as refused:
                reason = refused.reason
        self._file.close()
        accounts, manifest = self._accounts, self._manifest
        accounts.finish()
        manifest.state = RecordingState.STOPPED if reason is None else RecordingState.FAILED
        manifest.reason = reason
        manifest.media_bytes = self._file.size
        manifest.media_sha256 = self._hash.hexdigest()
        accounts.tell(manifest)
        try:
            return self._store.close_manifest(manifest, self._key)
        except OSError:
            return None

    def abandon(self) -> None:
        """Let go of the file as a crash would."""
        self._file.close()

    def _flush(self, *, last: bool = False) -> None:
        """Write what there is as one chunk. Raises Refused."""
        parts = self._cipher.seal(self._manifest.chunks, self._pending, last=last)
        try:
            if self._file.missing:
                raise Refused(Failure.STORAGE_MISSING)
            self._append(*parts)
        except OSError as error:
            raise Refused(failure_of(error)) from None
        self._pending.clear()
        self._manifest.chunks += 1

    def _append(self, *parts: bytes) -> None:
        self._file.append(*parts)
        for part in parts:
            self._hash.update(part)


class Session:
    """One recording's socket: `Begin` first, then records."""

    def __init__(self, connection: socket.socket, store: Store) -> None:
        connection.setblocking(False)
        self.connection = connection
        self._store = store
        self._buffer = bytearray(RECEIVE_BYTES)
        self._filled = 0
        self._recording: Recording | None = None
        self._running = False
        self._slow = False
        self.id: str | None = None
        self._syncing: Future[None] | None = None

    def readable(self, now: float) -> bool:
        """Take what has come. False when the session is over, and closed."""
        try:
            count = self.connection.recv_into(memoryview(self._buffer)[self._filled :])
        except BlockingIOError:
            return True
        except OSError:
            count = 0
        if not count:
            self._close(Failure.TOO_SLOW if self._slow else Failure.NODE_DIED)
            return False
        self._filled += count
        try:
            return self._take(now)
        except Refused as refused:
            self._close(refused.reason)
        except ValueError:
            self._close(Failure.NODE_DIED)
        return False

    def _take(self, now: float) -> bool:
        if self._recording is None and not self._begin():
            return True
        recording = self._recording
        assert recording is not None
        taken = recording.take(self._buffer, self._filled, now)
        # What is left is less than a record. The buffer keeps its size, which a slice that is as long keeps, too.
        left = self._filled - taken
        self._buffer[:left] = self._buffer[taken : self._filled]
        self._filled = left
        if recording.packets and not self._running:
            self._running = True
            self._say({"running": True})
        if recording.ended:
            self._close(None)
            return False
        return True

    def _begin(self) -> bool:
        """Begin by the first line, once it is there."""
        end = self._buffer.find(b"\n", 0, self._filled)
        if end < 0:
            return False
        begin = Begin.read(bytes(self._buffer[:end]))
        self.id = begin.recording_id
        left = self._filled - end - 1
        self._buffer[:left] = self._buffer[end + 1 : self._filled]
        self._filled = left
        self._recording = Recording(self._store, begin)
        self._say({"begun": True})
        return True

    def tick(self, now: float, pool: ThreadPoolExecutor) -> bool:
        """Do what is due. False when the session is over, and closed."""
        if self._recording is None:
            return True
        try:
            written = self._recording.tick(now)
        except Refused as refused:
            self._close(refused.reason)
            return False
        if written and (self._syncing is None or self._syncing.done()):
            self._syncing = pool.submit(self._recording.durable())
        for leg in self._recording.broken():
            self._say({"keyframe": leg})
        return True

    def given_up(self) -> None:
        """The node has closed this session for having been too slow."""
        self._slow = True

    def _close(self, reason: Failure | None) -> None:
        manifest_sha256 = None
        if self._recording is not None:
            manifest_sha256 = self._recording.close(reason)
        if reason is None:
            self._say({"stopped": manifest_sha256})
        else:
            self._say({"failed": reason.value})
        self.connection.close()

    def _say(self, message: dict[str, object]) -> None:
        # A node that does not read has its own ways to notice; nothing waits for it here.
        with contextlib.suppress(OSError):
            self.connection.send(json.dumps(message).encode() + b"\n")


class Recorder:
    """Every session of the process, in one thread."""

    def __init__(self, control: socket.socket, store: Store) -> None:
        control.setblocking(False)
        self._control = control
        self._store = store
        self._sessions: dict[int, Session] = {}
        self._selector = selectors.DefaultSelector()
        self._selector.register(control, selectors.EVENT_READ)
        self._pool = ThreadPoolExecutor(_SYNC_THREADS)
        self._open = True

    def run(self) -> None:
        """Record until the node closes its end, and every recording is over."""
        due = time.monotonic() + TICK_SECONDS
        while self._open or self._sessions:
            ready = [key.fd for key, _ in self._selector.select(max(due - time.monotonic(), 0))]
            now = time.monotonic()
            # What the node says of a session comes before the session's own end.
            if self._open and self._control.fileno() in ready:
                self._controlled()
            for descriptor in ready:
                session = self._sessions.get(descriptor)
                if session is not None and not session.readable(now):
                    self._forget(descriptor)
            if now >= due:
                due = now + TICK_SECONDS
                self._say_alive()
                for descriptor, session in list(self._sessions.items()):
                    if not session.tick(now, self._pool):
                        self._forget(descriptor)

    def _controlled(self) -> None:
        try:
            message, descriptors, _, _ = socket.recv_fds(self._control, MAX_BEGIN_BYTES, 1)
        except BlockingIOError:
            return
        except OSError:
            message, descriptors = b"", []
        for descriptor in descriptors:
            connection = socket.socket(fileno=descriptor)
            self._sessions[descriptor] = Session(connection, self._store)
            self._selector.register(descriptor, selectors.EVENT_READ)
        if not message:
            self._open = False
            self._selector.unregister(self._control)
        elif not descriptors:
            for session in self._sessions.values():
                if session.id == message.decode():
                    session.given_up()

    def _say_alive(self) -> None:
        with contextlib.suppress(OSError):  # a node that does not read has its own troubles
            self._control.send(b".")

    def _forget(self, descriptor: int) -> None:
        del self._sessions[descriptor]
        self._selector.unregister(descriptor)


def main() -> None:
    os.umask(0o077)
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    control = socket.socket(fileno=sys.stdin.fileno())
    Recorder(control, FileStore(Path(sys.argv[1]))).run()
    os._exit(0)  # a disk that stalls may hold a thread that would be waited for


if __name__ == "__main__":
    main()
