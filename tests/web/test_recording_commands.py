"""`venterum recording`: files checked with the key that the database holds, and one taken out as a film, which is told."""

from __future__ import annotations

import argparse
import asyncio
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any, TypeVar

import av
import pytest

from rooms.demo import load_demo
from rooms.records import Recording
from rooms.store import Rooms, migrate
from tests.media.recording.kept import keep
from tests.rooms.cast import ANNE, EAR, MAJA_CPR, SettableClock
from tests.rooms.test_recordings import in_video, now, running, told
from web import recording_commands
from web.keys import InstallationKey, recording_keys
from web.settings import Settings

T = TypeVar("T")


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(
        database_url=f"sqlite+aiosqlite:///{tmp_path}/venterum.sqlite3",
        key_file=tmp_path / "venterum.key",
        recordings_directory=tmp_path / "recordings",
    )


def with_rooms(settings: Settings, work: Callable[[Rooms], Coroutine[Any, Any, T]]) -> T:
    """What `work` makes of the store, as a server with these settings opens it."""

    async def opened() -> T:
        key = InstallationKey.of(settings)
        async with await Rooms.open(
            settings.database_url,
            key.reveal(),
            clock=SettableClock(),
            on_commit=lambda _: None,
            recording_keys=recording_keys(settings, key),
        ) as rooms:
            return await work(rooms)

    return asyncio.run(opened())


@pytest.fixture
def file(settings: Settings) -> Path:
    """The media of a recording that is over."""
    InstallationKey.of(settings)
    migrate(settings.database_url)

    async def recorded(rooms: Rooms) -> tuple[Recording, bytes]:
        await load_demo(rooms)
        visit = await in_video(rooms, "maja", MAJA_CPR)
        await running(rooms, visit)
        await rooms.waiting_room.end(ANNE, EAR, visit.id)
        recording = await now(rooms, visit)
        return recording, await rooms.recordings.data_key(recording)

    recording, key = with_rooms(settings, recorded)
    settings.recordings_directory.mkdir()
    keep(settings.recordings_directory, recording.id, key=key)
    return settings.recordings_directory / f"{recording.id}.vrec"


def run(settings: Settings, **chosen: object) -> int:
    return recording_commands.run(settings, argparse.Namespace(**chosen))


def test_verify_says_that_a_file_is_whole_and_what_is_wrong_when_it_is_not(
    settings: Settings, file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(settings, verb="verify", files=[file]) == 0
    said = capsys.readouterr().out
    assert "finished, " in said
    assert "no key" not in said
    data = bytearray(file.read_bytes())
    data[-30] ^= 1
    file.write_bytes(data)
    assert run(settings, verb="verify", files=[file, file.with_name("other.vrec")]) == 1
    said = capsys.readouterr().out
    assert "DAMAGED" in said
    assert "was changed (chunk_changed)" in said
    assert "There is no recording by that name" in said


def test_export_makes_a_film_and_the_log_tells_of_it(
    settings: Settings, file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "film.webm"
    assert run(settings, verb="export", file=file, out=out) == 0
    assert "clinician, video: vp8" in capsys.readouterr().out
    assert out.stat().st_mode & 0o077 == 0
    with av.open(out, "r") as film:
        assert {stream.codec_context.name for stream in film.streams} == {"vp8", "opus"}
    assert [event.kind for event in with_rooms(settings, told)][-1] == "recording_exported"
    with pytest.raises(FileExistsError):
        run(settings, verb="export", file=file, out=out)
    with pytest.raises(ValueError, match="no recording by that name"):
        run(settings, verb="export", file=file.with_name("other.vrec"), out=tmp_path / "other.webm")


def test_what_cannot_be_exported_leaves_no_file(settings: Settings, file: Path, tmp_path: Path) -> None:
    data = bytearray(file.read_bytes())
    data[1000] ^= 1
    file.write_bytes(data)
    with pytest.raises(ValueError, match="is not what was written"):
        run(settings, verb="export", file=file, out=tmp_path / "film.webm")
    assert not (tmp_path / "film.webm").exists()


def test_keys_are_wrapped_anew_and_the_media_stay_as_they_are(
    settings: Settings, file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = file.read_bytes()
    (tmp_path / "new.key").write_bytes(bytes(range(32)))
    (tmp_path / "new.key").chmod(0o600)
    rotated = settings.model_copy(update={"recording_key_file": tmp_path / "new.key"})
    assert run(rotated, verb="rewrap") == 0
    assert "1 recordings' keys were wrapped anew" in capsys.readouterr().out
    assert file.read_bytes() == before
    assert run(rotated, verb="verify", files=[file]) == 0
    assert "no key" not in capsys.readouterr().out
    assert run(settings, verb="verify", files=[file]) == 0
    assert "no key" in capsys.readouterr().out


def test_listed_and_deleted_with_its_key(
    settings: Settings, file: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert run(settings, verb="list") == 0
    assert file.stem in capsys.readouterr().out
    assert run(settings, verb="delete", recording=file.stem) == 0
    assert not file.exists()
    assert file.with_suffix(".json").exists()
    event = with_rooms(settings, told)[-1]
    assert (event.kind, event.actor.role) == ("recording_deleted", "operator")
    assert event.data["operator"]
    capsys.readouterr()
    assert run(settings, verb="list") == 0
    assert capsys.readouterr().out == ""
    with pytest.raises(ValueError, match="no recording by that"):
        run(settings, verb="delete", recording=file.stem)
    with pytest.raises(ValueError, match="no recording by that"):
        run(settings, verb="export", file=file, out=tmp_path / "film.webm")
