"""Recordings as the recorder leaves them, made by its own class without a process or a node."""

from __future__ import annotations

import base64
import secrets
from pathlib import Path

from media.recording.news import Failure
from media.recording.recorder import Recording
from media.recording.records import Begin, Kind, record
from media.recording.store import FileStore

from .senders import arrived, leg_began, pictures, sent, sounds

KEY = secrets.token_bytes(32)


def begin(recording_id: str, key: bytes = KEY) -> Begin:
    return Begin(recording_id, base64.b64encode(key).decode())


def one_person(seconds: int = 4) -> list[tuple[float, bytes]]:
    """The records of one participant's picture and sound, at their times."""
    return [(0.0, leg_began(1, "clinician", 0)), *arrived(1, sent(pictures("vp8", seconds), sounds(seconds)), 20)]


def keep(
    directory: Path,
    recording_id: str,
    records: list[tuple[float, bytes]] | None = None,
    *,
    key: bytes = KEY,
    reason: Failure | None = None,
    closed: bool = True,
) -> FileStore:
    """A recording of these records, a chunk a second; without `closed` it is left as by a crash."""
    store = FileStore(directory)
    recording = Recording(store, begin(recording_id, key))
    for at_ms, data in records if records is not None else one_person():
        recording.take(bytearray(data), len(data), at_ms / 1000)
        recording.tick(at_ms / 1000)
    if closed:
        end = record(Kind.END, 0, 0)
        recording.take(bytearray(end), len(end), 1e6)
        recording.close(reason)
    else:
        recording.abandon()
    return store
