"""Where recordings are kept: files in one directory, behind an interface that another store can fill.

For each recording `<id>.vrec`, which only grows, and `<id>.json`, its manifest, which is replaced as a whole. `chain` holds the
hash of the manifest that was closed last; whoever closes one holds its lock.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import json
import os
import re
import secrets
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Protocol

from .errors import NoSuchRecording
from .manifest import Manifest, manifest_hash

MEDIA, MANIFEST = ".vrec", ".json"
MANIFEST_RESERVE_BYTES = 64 * 1024
"""Set aside when a recording begins, so that its manifest can still be closed on a disk that is full."""

_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")
_CHAIN_BYTES = 512


class Growing(Protocol):
    """The media of a recording that is being made."""

    size: int

    def append(self, *parts: bytes) -> None:
        """Write the parts, all of them or, as far as the file is concerned, none. Raises OSError."""

    @property
    def missing(self) -> bool:
        """Whether the file is no longer where it was made."""

    def durable(self) -> Callable[[], None]:
        """What brings all that is written so far through a loss of power; takes its time, and may run in another thread."""

    def close(self) -> None:
        """May be called twice."""


class Kept(Protocol):
    """The media of a recording, for reading anywhere in it."""

    size: int

    @property
    def growing(self) -> bool:
        """Whether a recorder is writing it now."""

    def read(self, start: int, length: int) -> bytes:
        """What is there of that range."""

    def close(self) -> None:
        """May be called twice."""


class Store(Protocol):
    """Keeps recordings by their ids. Every method may raise OSError; those that take an id raise NoSuchRecording."""

    def create(self, recording_id: str) -> Growing:
        """Make place for a new recording. Raises FileExistsError when there is one by that id."""

    def open(self, recording_id: str) -> Kept: ...

    def recordings(self) -> list[str]:
        """The ids of all recordings of which there is a manifest."""

    def manifest(self, recording_id: str) -> bytes:
        """The manifest's bytes as they stand."""

    def write_manifest(self, manifest: Manifest, key: bytes) -> None:
        """Replace the manifest of a recording that is being made."""

    def close_manifest(self, manifest: Manifest, key: bytes) -> str:
        """Let the manifest name the one closed before it, write it, and return its hash."""

    def film(self, recording_id: str, participant: str) -> Path:
        """Where the film of one participant is kept once it was made."""

    def delete(self, recording_id: str) -> None:
        """Take the media away, and what was made of it. The manifest stays: the one after it names its hash."""


class _GrowingFile:
    def __init__(self, path: Path) -> None:
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND
        self._descriptor: int | None = os.open(path, flags, 0o600)
        # Held for as long as the recorder lives: so nobody takes a recording that goes on for one that crashed.
        fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        self.size = 0

    def append(self, *parts: bytes) -> None:
        assert self._descriptor is not None
        wanted = sum(map(len, parts))
        written = 0
        try:
            written = os.writev(self._descriptor, parts)
            if written < wanted:
                written += os.write(self._descriptor, b"".join(parts)[written:])
            if written < wanted:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        except OSError:
            if written:
                os.ftruncate(self._descriptor, self.size)
            raise
        self.size += wanted

    @property
    def missing(self) -> bool:
        return self._descriptor is None or os.fstat(self._descriptor).st_nlink == 0

    def durable(self) -> Callable[[], None]:
        assert self._descriptor is not None
        descriptor = os.dup(self._descriptor)

        def sync() -> None:
            try:
                with contextlib.suppress(OSError):  # the next write tells
                    os.fdatasync(descriptor)
            finally:
                os.close(descriptor)

        return sync

    def close(self) -> None:
        descriptor, self._descriptor = self._descriptor, None
        if descriptor is not None:
            os.close(descriptor)


class KeptFile:
    """A file read anywhere; also what a film is read from."""

    def __init__(self, path: Path) -> None:
        try:
            self._descriptor: int | None = os.open(path, os.O_RDONLY)
        except FileNotFoundError:
            raise NoSuchRecording from None
        self.size = os.fstat(self._descriptor).st_size

    @property
    def growing(self) -> bool:
        """Whether a recorder is writing it now."""
        assert self._descriptor is not None
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        fcntl.flock(self._descriptor, fcntl.LOCK_UN)
        return False

    def read(self, start: int, length: int) -> bytes:
        assert self._descriptor is not None
        return os.pread(self._descriptor, length, start)

    def close(self) -> None:
        descriptor, self._descriptor = self._descriptor, None
        if descriptor is not None:
            os.close(descriptor)


class FileStore:
    """Recordings in a directory, which must be there: a mount that is gone is not made anew under its own name."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory

    def create(self, recording_id: str) -> _GrowingFile:
        media = self._path(recording_id, MEDIA)
        growing = _GrowingFile(media)
        try:
            os.close(self._chain_file())
            reserve = os.open(self._reserve(recording_id), os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            try:
                os.posix_fallocate(reserve, 0, MANIFEST_RESERVE_BYTES)
            finally:
                os.close(reserve)
        except OSError:
            growing.close()
            for path in (media, self._reserve(recording_id)):
                path.unlink(missing_ok=True)
            raise
        return growing

    def open(self, recording_id: str) -> KeptFile:
        return KeptFile(self._path(recording_id, MEDIA))

    def recordings(self) -> list[str]:
        return sorted(path.stem for path in self.directory.glob("*" + MANIFEST))

    def manifest(self, recording_id: str) -> bytes:
        try:
            return self._path(recording_id, MANIFEST).read_bytes()
        except FileNotFoundError:
            raise NoSuchRecording from None

    def write_manifest(self, manifest: Manifest, key: bytes) -> None:
        self._replace(manifest.recording_id, manifest.write(key), keep_reserve=True)

    def close_manifest(self, manifest: Manifest, key: bytes) -> str:
        with self._chain() as (descriptor, links):
            previous = next((link for link in links if self._stands(link)), None)
            manifest.previous_recording, manifest.previous_sha256 = previous or (None, None)
            data = manifest.write(key)
            new = manifest.recording_id, manifest_hash(data)
            # Before the manifest itself: whoever comes after a crash in between finds that it does not stand, and
            # takes the one before.
            links = [new, *([previous] if previous is not None else [])]
            os.pwrite(descriptor, json.dumps(links).encode().ljust(_CHAIN_BYTES), 0)
            self._replace(manifest.recording_id, data, keep_reserve=False)
        return new[1]

    def delete(self, recording_id: str) -> None:
        path = self._path(recording_id, MEDIA)
        try:
            path.unlink()
        except FileNotFoundError:
            raise NoSuchRecording from None
        self._reserve(recording_id).unlink(missing_ok=True)
        for film in self.directory.glob(f"{recording_id}.*.film"):
            film.unlink(missing_ok=True)

    def film(self, recording_id: str, participant: str) -> Path:
        """Where the film of one participant is kept once it was made. It can be made again, and goes with its recording."""
        if not _ID.fullmatch(participant):
            raise NoSuchRecording
        return self._path(recording_id, f".{participant}.film")

    def _path(self, recording_id: str, suffix: str) -> Path:
        if not _ID.fullmatch(recording_id):
            raise NoSuchRecording
        return self.directory / (recording_id + suffix)

    def _reserve(self, recording_id: str) -> Path:
        return self._path(recording_id, ".reserve")

    def _replace(self, recording_id: str, data: bytes, *, keep_reserve: bool) -> None:
        passing = self.directory / f".{recording_id}.{secrets.token_hex(4)}"
        new = passing if keep_reserve else self._reserve(recording_id)
        descriptor = os.open(new, os.O_WRONLY | os.O_CREAT, 0o600)
        try:
            os.write(descriptor, data)
            os.ftruncate(descriptor, len(data))
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        new.replace(self._path(recording_id, MANIFEST))

    def _chain_file(self) -> int:
        descriptor = os.open(self.directory / "chain", os.O_RDWR | os.O_CREAT, 0o600)
        if os.fstat(descriptor).st_size < _CHAIN_BYTES:
            os.pwrite(descriptor, b"[]".ljust(_CHAIN_BYTES), 0)
        return descriptor

    @contextlib.contextmanager
    def _chain(self) -> Iterator[tuple[int, list[tuple[str, str]]]]:
        """The newest links, newest first, while nobody else closes a manifest."""
        descriptor = self._chain_file()
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            try:
                links = [(str(id), str(sha256)) for id, sha256 in json.loads(os.pread(descriptor, _CHAIN_BYTES, 0))]
            except ValueError:
                links = []
            yield descriptor, links
        finally:
            os.close(descriptor)

    def _stands(self, link: tuple[str, str]) -> bool:
        try:
            return manifest_hash(self.manifest(link[0])) == link[1]
        except (NoSuchRecording, OSError):
            return False
