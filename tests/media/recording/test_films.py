"""Films kept for a browser: encrypted, read by ranges, seekable, and gone with their recordings."""

from __future__ import annotations

import io
from pathlib import Path

import av
import pytest

from media.recording.chunks import FILE_HEADER_BYTES
from media.recording.errors import ChunkDamaged, NoSuchRecording, NothingToPlay, RecordingError
from media.recording.film import make_film
from media.recording.films import FILM_CHUNK_BYTES, FilmFile, FilmReader, Films, recorded

from .kept import KEY, keep


def names_in(directory: Path) -> list[str]:
    return sorted(path.name for path in directory.iterdir())


async def test_a_film_is_made_when_it_is_asked_for_and_read_by_ranges(tmp_path: Path) -> None:
    store = keep(tmp_path, "r1")
    films = Films(store)
    with await films.open("r1", "clinician", KEY) as film:
        assert film.mime == "video/webm"
        whole = film.read(0, film.size)
        assert len(whole) == film.size > 2 * FILM_CHUNK_BYTES
        for start in range(0, film.size, 50_000):
            assert film.read(start, start + 70_000) == whole[start : start + 70_000]
        assert film.read(film.size - 5, film.size + 5) == whole[-5:]
    made = store.film("r1", "clinician").stat().st_mtime_ns
    with await films.open("r1", "clinician", KEY):
        assert store.film("r1", "clinician").stat().st_mtime_ns == made
    with av.open(io.BytesIO(whole), "r") as container:
        assert abs((container.duration or 0) / 1000 - 4000) < 100
        # With an index one can go anywhere in it.
        container.seek(3_000_000)
        assert next(container.decode(video=0)).time >= 1.9
    assert whole[:4] not in store.film("r1", "clinician").read_bytes()
    store.delete("r1")
    assert names_in(tmp_path) == ["chain", "r1.json"]


async def test_a_film_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    store = keep(tmp_path, "r1")
    films = Films(store)
    with pytest.raises(NothingToPlay):
        await films.open("r1", "patient", KEY)
    with pytest.raises(NoSuchRecording):
        await films.open("r1", "../clinician", KEY)
    with pytest.raises(RecordingError):
        await films.open("r1", "clinician", bytes(32))
    with pytest.raises(RecordingError):
        await films.open("r2", "clinician", KEY)
    assert names_in(tmp_path) == ["chain", "r1.json", "r1.vrec"]


async def test_a_film_that_was_changed_is_not_given_out(tmp_path: Path) -> None:
    store = keep(tmp_path, "r1")
    films = Films(store)
    (await films.open("r1", "clinician", KEY)).close()
    path = store.film("r1", "clinician")
    data = bytearray(path.read_bytes())
    data[FILE_HEADER_BYTES + 100_000] ^= 1
    path.write_bytes(data)
    with FilmReader.open(path, KEY) as film, pytest.raises(ChunkDamaged):
        film.read(0, film.size)


@pytest.mark.parametrize(
    "size", [0, 1, FILM_CHUNK_BYTES - 1, FILM_CHUNK_BYTES, FILM_CHUNK_BYTES + 1, 5 * FILM_CHUNK_BYTES]
)
def test_a_film_of_any_size_is_read_as_it_was_written(tmp_path: Path, size: int) -> None:
    data = bytes(i * 7 % 251 for i in range(size))
    with FilmFile(tmp_path / "new", KEY, "r1 clinician") as out:
        for begin in range(0, size, 10_007):
            out.write(data[begin : begin + 10_007])
        out.seek(3)
        out.write(b"patched"[: max(min(size - 3, 7), 0)])
        out.finish({"format": "webm", "begins_ms": 12.0}, tmp_path / "film")
    with FilmReader.open(tmp_path / "film", KEY) as film:
        patched = data[:3] + b"patched"[: max(min(size - 3, 7), 0)] + data[10:] if size > 3 else data
        assert film.size == size
        assert film.read(0, size) == patched
        assert film.begins_ms == 12.0


def test_a_film_written_back_and_forth_is_refused(tmp_path: Path) -> None:
    with FilmFile(tmp_path / "new", KEY, "r1 clinician") as out:
        out.write(bytes(3 * FILM_CHUNK_BYTES))
        out.seek(2 * FILM_CHUNK_BYTES)
        with pytest.raises(OSError, match="forward"):
            out.write(b"late")
    assert list(tmp_path.iterdir()) == []


def test_the_film_of_everybody_can_be_written_anywhere(tmp_path: Path) -> None:
    store = keep(tmp_path, "r1")
    with recorded(store, "r1", KEY) as reader, (tmp_path / "film.webm").open("wb") as out:
        make_film(lambda: reader, out)
    with av.open(tmp_path / "film.webm", "r") as container:
        assert len(container.streams) == 2
