"""Reads an encrypted file: any range of its plain bytes, each chunk opened and checked before a byte of it is given out.

Synchronous: a read takes as long as the disk does, so an event loop calls it in a thread.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from pathlib import Path
from typing import Self

from .chunks import CHUNK_HEADER_BYTES, FILE_HEADER_BYTES, TAG_BYTES, ChunkCipher, ChunkHeader, FileHeader
from .errors import ChunkDamaged
from .store import Kept, KeptFile


class ChunkedReader:
    """The plain bytes of an encrypted file, as far as its chunks are whole and in order.

    Attributes:
        size: how many plain bytes there are.
        ends_at: where in the file the last of them ends.
        finished: whether the chunk that says that it is the last one is there.

    Raises:
        NotAChunkedFile: the file does not begin as one.
        ChunkDamaged: when a chunk is read that is not what was written.
    """

    def __init__(self, kept: Kept, key: bytes) -> None:
        self._kept = kept
        self.header = FileHeader.read(kept.read(0, FILE_HEADER_BYTES))
        self._cipher = ChunkCipher(key, self.header)
        self._chunks: list[tuple[int, ChunkHeader]] = []
        self._begins: list[int] = []
        self._opened: tuple[int, bytes] | None = None
        self.size = 0
        self.finished = False
        self.ends_at = FILE_HEADER_BYTES
        self._index()

    def _index(self) -> None:
        position = FILE_HEADER_BYTES
        while not self.finished and position + CHUNK_HEADER_BYTES <= self._kept.size:
            header = ChunkHeader.read(self._kept.read(position, CHUNK_HEADER_BYTES))
            if header is None or header.number != len(self._chunks) or header.tag != self.header.tag:
                break
            begin = position + CHUNK_HEADER_BYTES
            position = begin + header.length
            if position > self._kept.size:
                break
            self._chunks.append((begin, header))
            self._begins.append(self.size)
            self.size += header.length - TAG_BYTES
            self.finished = header.last
            self.ends_at = position

    @property
    def chunks(self) -> int:
        """How many whole chunks there are."""
        return len(self._chunks)

    def chunk(self, number: int) -> bytes:
        """The plain bytes of one chunk. Raises ChunkDamaged."""
        if self._opened is None or self._opened[0] != number:
            begin, header = self._chunks[number]
            ciphertext = self._kept.read(begin, header.length)
            if len(ciphertext) < header.length:
                raise ChunkDamaged(number)
            self._opened = number, self._cipher.open(header, ciphertext)
        return self._opened[1]

    def __iter__(self) -> Iterator[bytes]:
        """Every chunk in turn. Raises ChunkDamaged."""
        return (self.chunk(number) for number in range(len(self._chunks)))

    def read(self, start: int, stop: int) -> bytes:
        """The bytes from `start` to before `stop`, as many of them as there are. Raises ChunkDamaged."""
        stop = min(stop, self.size)
        parts: list[bytes] = []
        number = bisect_right(self._begins, start) - 1
        while start < stop and number < len(self._chunks):
            begin = self._begins[number]
            part = self.chunk(number)[start - begin : stop - begin]
            parts.append(part)
            start += len(part)
            number += 1
        return b"".join(parts)

    def close(self) -> None:
        """May be called twice."""
        self._kept.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()


def open_chunked(path: Path, key: bytes) -> ChunkedReader:
    """An encrypted file by its path.

    Raises:
        NoSuchRecording, NotAChunkedFile, OSError: it cannot be read.
    """
    kept = KeptFile(path)
    try:
        return ChunkedReader(kept, key)
    except BaseException:
        kept.close()
        raise
