"""Films kept beside their recordings, encrypted as they are, for a browser that asks for ranges.

A film is made when it is first asked for, by a process of its own, and read by whoever has the recording's data key. It is a
file of chunks (`chunks.py`): first what film it is, in JSON, then the film in chunks of one size. The first of those is written
last, since a container's length and index are put in at its beginning when its end is known.
"""

from __future__ import annotations

import asyncio
import json
import os
import secrets
import sys
from dataclasses import dataclass
from io import RawIOBase
from pathlib import Path
from typing import Self

from .chunks import FILE_HEADER_BYTES, KEY_BYTES, OVERHEAD_BYTES, ChunkCipher, FileHeader
from .errors import NoSuchRecording, NothingToPlay, RecordingError
from .film import MIME, make_film
from .reading import ChunkedReader, open_chunked
from .store import FileStore

FILM_CHUNK_BYTES = 64 * 1024
_LABEL_BYTES = 1024
_NOTHING_TO_PLAY = 3
MAKE_SECONDS = 600.0
"""The longest that a film may take to be made."""


class FilmFile(RawIOBase):
    """Where a container is written: forward, and once more at its beginning."""

    def __init__(self, path: Path, key: bytes, name: str) -> None:
        self._path = path
        header = FileHeader.new(name)
        self._cipher = ChunkCipher(key, header)
        self._descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        os.pwrite(self._descriptor, header.write(), 0)
        self._head = bytearray()
        self._tail = bytearray()
        self._number = 2
        self._at = FILE_HEADER_BYTES + _LABEL_BYTES + FILM_CHUNK_BYTES + 2 * OVERHEAD_BYTES
        self._position = self._length = 0

    def readable(self) -> bool:
        return False

    def writable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._position

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        self._position = offset + {os.SEEK_SET: 0, os.SEEK_CUR: self._position, os.SEEK_END: self._length}[whence]
        return self._position

    def write(self, data: bytes) -> int:  # type: ignore[override]  # PyAV writes bytes
        """Raises OSError when it is neither at the end nor in the first chunk."""
        position, written = self._position, len(data)
        if position < FILM_CHUNK_BYTES:
            part = data[: FILM_CHUNK_BYTES - position]
            self._head[position : position + len(part)] = part
            data, position = data[len(part) :], position + len(part)
        if data:
            if position != self._length and position != max(self._length, FILM_CHUNK_BYTES):
                raise OSError("a film is written forward")
            self._tail += data
            position += len(data)
            while len(self._tail) > FILM_CHUNK_BYTES:
                self._put(bytes(self._tail[:FILM_CHUNK_BYTES]))
                del self._tail[:FILM_CHUNK_BYTES]
        self._position = position
        self._length = max(self._length, position)
        return written

    def _put(self, plain: bytes, *, last: bool = False) -> None:
        chunk = b"".join(self._cipher.seal(self._number, plain, last=last))
        os.pwrite(self._descriptor, chunk, self._at)
        self._at += len(chunk)
        self._number += 1

    def finish(self, label: dict[str, object], as_path: Path) -> None:
        """Write what is left, and let the file be found under `as_path`."""
        if self._tail:
            self._put(bytes(self._tail), last=True)
        described = json.dumps(label).encode().ljust(_LABEL_BYTES)
        first = b"".join(self._cipher.seal(0, described))
        second = b"".join(self._cipher.seal(1, self._head, last=not self._tail))
        os.pwrite(self._descriptor, first + second, FILE_HEADER_BYTES)
        os.fsync(self._descriptor)
        self._path.replace(as_path)

    def close(self) -> None:
        """Let go of the file; one that is not finished is removed. May be called twice."""
        if not self.closed:
            os.close(self._descriptor)
            self._path.unlink(missing_ok=True)
        super().close()


@dataclass(frozen=True, slots=True)
class FilmReader:
    """A film that is there. Reads take as long as the disk does: an event loop calls them in a thread.

    `begins_ms` is the recording's time at which the film's own time is 0.
    """

    mime: str
    begins_ms: float
    size: int
    _reader: ChunkedReader

    @classmethod
    def open(cls, path: Path, key: bytes) -> FilmReader:
        """Raises NoSuchRecording, NotAChunkedFile, ChunkDamaged, OSError."""
        reader = open_chunked(path, key)
        try:
            label = json.loads(reader.chunk(0))
        except BaseException:
            reader.close()
            raise
        return cls(MIME[label["format"]], label["begins_ms"], reader.size - _LABEL_BYTES, reader)

    def read(self, start: int, stop: int) -> bytes:
        """The bytes from `start` to before `stop`, as many of them as there are. Raises ChunkDamaged."""
        return self._reader.read(start + _LABEL_BYTES, stop + _LABEL_BYTES)

    def close(self) -> None:
        """May be called twice."""
        self._reader.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()


class Films:
    """Opens the films of a store's recordings, and has those made that are not there. One is made at a time."""

    def __init__(self, store: FileStore) -> None:
        self._store = store
        self._making = asyncio.Lock()

    async def open(self, recording_id: str, participant: str, key: bytes) -> FilmReader:
        """The film of one participant; made first when it is asked for the first time.

        Raises:
            NoSuchRecording: there is no such recording.
            NothingToPlay: the participant sent nothing that can be shown.
            RecordingError, OSError: it cannot be made or read.
        """
        path = self._store.film(recording_id, participant)
        if not path.exists():
            async with self._making:
                if not path.exists():
                    await self._make(recording_id, participant, key)
        return await asyncio.to_thread(FilmReader.open, path, key)

    async def _make(self, recording_id: str, participant: str, key: bytes) -> None:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "media.recording.films",
            str(self._store.directory),
            recording_id,
            participant,
            stdin=asyncio.subprocess.PIPE,
            env={name: value for name, value in os.environ.items() if not name.startswith("VENTERUM_")},
        )
        try:
            async with asyncio.timeout(MAKE_SECONDS):
                await process.communicate(key)
        except BaseException:
            process.kill()
            raise
        if process.returncode == _NOTHING_TO_PLAY:
            raise NothingToPlay
        if process.returncode:
            raise RecordingError("The film could not be made; the log says why.")


def make(store: FileStore, recording_id: str, participant: str, key: bytes) -> None:
    """Make the film of one participant, and keep it.

    Raises:
        NothingToPlay, ChunkDamaged, NoSuchRecording, OSError: nothing is kept.
    """
    path = store.film(recording_id, participant)
    with (
        recorded(store, recording_id, key) as reader,
        FilmFile(path.with_suffix(f".{secrets.token_hex(4)}"), key, f"{recording_id} {participant}") as out,
    ):
        film = make_film(lambda: reader, out, participant)
        out.finish({"format": film.format, "begins_ms": film.begins_ms}, path)


def recorded(store: FileStore, recording_id: str, key: bytes) -> ChunkedReader:
    """The records of a recording. Raises NoSuchRecording, NotAChunkedFile, OSError."""
    kept = store.open(recording_id)
    try:
        reader = ChunkedReader(kept, key)
        if reader.header.name != recording_id:
            raise NoSuchRecording
    except BaseException:
        kept.close()
        raise
    return reader


def main() -> None:
    os.umask(0o077)
    os.nice(10)  # whoever waits for a film waits a little longer, and no call does
    directory, recording_id, participant = sys.argv[1:]
    try:
        make(FileStore(Path(directory)), recording_id, participant, sys.stdin.buffer.read(KEY_BYTES))
    except NothingToPlay:
        sys.exit(_NOTHING_TO_PLAY)
    except (RecordingError, OSError) as error:
        sys.exit(f"no film was made: {error}")


if __name__ == "__main__":
    main()
