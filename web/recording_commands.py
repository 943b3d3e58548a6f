"""`venterum recording`: lists, checks, exports and deletes recordings, for whoever has the installation key."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import getpass
import os
from datetime import UTC, datetime
from pathlib import Path

from media.recording.errors import NoSuchRecording, RecordingError
from media.recording.film import Film, make_film
from media.recording.films import recorded
from media.recording.manifest import read_manifest
from media.recording.store import FileStore
from media.recording.verify import Chain, verify
from rooms.database import must_be_there
from rooms.errors import NotFound, RecordingKeyMissing
from rooms.kept_recordings import OPERATOR
from rooms.store import Rooms

from .keys import InstallationKey, recording_keys
from .settings import Settings


def run(settings: Settings, chosen: argparse.Namespace) -> int:
    """Run one of them; 1 when something is wrong with a recording.

    Raises:
        KeyFileRefused, RoomsError, OSError, ValueError: it cannot be done; the message says why.
    """
    must_be_there(settings.database_url)
    return asyncio.run(_run(settings, InstallationKey.of(settings, create=False), chosen))


async def _run(settings: Settings, key: InstallationKey, chosen: argparse.Namespace) -> int:
    async with await Rooms.open(
        settings.database_url,
        key.reveal(),
        clock=lambda: datetime.now(UTC),
        on_commit=lambda _: None,
        recording_keys=recording_keys(settings, key),
    ) as rooms:
        if chosen.verb == "list":
            return await _list(rooms)
        if chosen.verb == "delete":
            return await _delete(rooms, FileStore(settings.recordings_directory), chosen.recording)
        if chosen.verb == "export":
            return await _export(rooms, chosen.file, chosen.out)
        if chosen.verb == "rewrap":
            return await _rewrap(rooms)
        chains = {directory: Chain(FileStore(directory)) for directory in {file.parent for file in chosen.files}}
        whole = [await _verify(rooms, file, chains[file.parent]) for file in chosen.files]
        return 0 if all(whole) else 1


async def _list(rooms: Rooms) -> int:
    for recording in await rooms.kept_recordings.all():
        length = "not closed yet" if recording.length_ms is None else f"{recording.length_ms / 1000:.1f} s"
        size = "" if recording.media_bytes is None else f"  {recording.media_bytes} bytes"
        ended = recording.state.value if recording.fault is None else f"{recording.state.value} ({recording.fault})"
        print(
            f"{recording.id}  {recording.asked_at:%Y-%m-%d %H:%M} UTC  {length}{size}  {ended}  key {recording.key_id}"
        )
    return 0


async def _delete(rooms: Rooms, store: FileStore, recording_id: str) -> int:
    """The key goes first: with it the media is of no use to anybody, whatever becomes of the file."""
    try:
        recording = await rooms.kept_recordings.any(recording_id)
        deleted = await rooms.kept_recordings.delete(
            OPERATOR, recording.clinic_id, recording_id, operator=getpass.getuser()
        )
    except NotFound:
        raise ValueError("no recording by that id is known here, or it is not over") from None
    with contextlib.suppress(NoSuchRecording):
        await asyncio.to_thread(store.delete, recording_id)
    await rooms.kept_recordings.erased(deleted)
    print(f"{recording_id} is deleted, and its key with it")
    return 0


async def _verify(rooms: Rooms, file: Path, chain: Chain) -> bool:
    store, recording_id = FileStore(file.parent), file.stem
    key = await _key_of(rooms, recording_id)
    try:
        verdict = await asyncio.to_thread(verify, store, recording_id, key, chain)
    except NoSuchRecording as missing:
        print(f"{file.name}: {missing}")
        return False
    print(f"{file.name}: {verdict.state if verdict.whole else 'DAMAGED'}")
    if key is None:
        print("  there is no key for it: the hashes were checked, and no chunk was opened")
    for finding in verdict.findings:
        print(f"  {finding.text} ({finding.code})")
    for line in _losses(store, recording_id, key):
        print(f"  {line}")
    return verdict.whole


def _losses(store: FileStore, recording_id: str, key: bytes | None) -> list[str]:
    """What never came to the recorder: told by the manifest, and no damage."""
    try:
        manifest = read_manifest(store.manifest(recording_id), key)
    except RecordingError:
        return []
    lost = [
        f"{track.participant}, {track.track}: {track.lost} of {track.lost + track.packets} packets were lost on their way"
        for track in manifest.tracks
        if track.lost
    ]
    if manifest.dropped_packets:
        lost.append(f"{manifest.dropped_packets} packets were dropped, since the recorder did not keep up")
    return lost


async def _export(rooms: Rooms, file: Path, out: Path) -> int:
    store, recording_id = FileStore(file.parent), file.stem
    try:
        recording = await rooms.kept_recordings.any(recording_id)
        key = await rooms.recordings.data_key(recording)
        await rooms.kept_recordings.exported(getpass.getuser(), recording_id)
        film = await asyncio.to_thread(_film, store, recording_id, key, out)
    except NotFound:
        raise ValueError("no recording by that name is known here, or it is not over") from None
    except RecordingError as error:
        raise ValueError(str(error)) from None
    for name in film.tracks:
        print(f"{name.participant}, {name.track}: {name.codec}")
    return 0


async def _rewrap(rooms: Rooms) -> int:
    rewrapped = await rooms.kept_recordings.rewrap(getpass.getuser())
    print(f"{rewrapped.done} recordings' keys were wrapped anew")
    if rewrapped.missing:
        print(f"{rewrapped.missing} could not be: the key that wrapped them is not set as an old one")
    return 1 if rewrapped.missing else 0


def _film(store: FileStore, recording_id: str, key: bytes, out: Path) -> Film:
    """Write the film of everybody to a new file, which is removed again when it cannot be made."""
    descriptor = os.open(out, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with recorded(store, recording_id, key) as reader, os.fdopen(descriptor, "wb") as film:
            return make_film(lambda: reader, film)
    except BaseException:
        out.unlink(missing_ok=True)
        raise


async def _key_of(rooms: Rooms, recording_id: str) -> bytes | None:
    """None when the recording is not known here, or its key was destroyed."""
    try:
        return await rooms.recordings.data_key(await rooms.kept_recordings.any(recording_id))
    except (NotFound, RecordingKeyMissing):
        return None
