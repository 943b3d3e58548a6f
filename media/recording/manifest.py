"""The manifest beside a recording: who was there when, what was lost, and hashes that say whether all of it is still so. Pure.

It is JSON, authenticated by HMAC-SHA-256 under a key derived from the recording's data key, and names the hash of the manifest
that was closed before it, so that neither can be changed, nor one be taken away, without its being seen. It holds ids alone.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from dataclasses import asdict, dataclass, field
from typing import Any

from .chunks import derive
from .errors import ManifestRefused
from .news import Failure, RecordingState

VERSION = 1
MAX_LOSSES = 2000
"""Gaps told one by one; what was lost past them is in the sums."""


@dataclass(slots=True)
class Presence:
    """One leg of a participant: from when to when, in milliseconds since the recording began."""

    participant: str
    joined_ms: int
    left_ms: int | None = None


@dataclass(slots=True)
class TrackCount:
    """What came of one participant's track, and what was lost on the way here, in packets."""

    participant: str
    track: str
    codec: str
    packets: int = 0
    lost: int = 0


@dataclass(slots=True)
class Loss:
    """Packets of one track lost about one time."""

    participant: str
    track: str
    at_ms: int
    packets: int


@dataclass(slots=True)
class Manifest:
    """What is known of one recording. `state` is the recorder's: `running` in a closed file's place means that it crashed."""

    recording_id: str
    began_at: str
    state: RecordingState = RecordingState.STARTING
    reason: Failure | None = None
    duration_ms: int = 0
    chunks: int = 0
    media_bytes: int = 0
    media_sha256: str | None = None
    dropped_packets: int = 0
    participants: list[Presence] = field(default_factory=list)
    tracks: list[TrackCount] = field(default_factory=list)
    losses: list[Loss] = field(default_factory=list)
    previous_recording: str | None = None
    previous_sha256: str | None = None
    recovered: bool = False

    @property
    def closed(self) -> bool:
        """Whether the recorder, or a recovery after it, came to its end."""
        return self.media_sha256 is not None

    def write(self, key: bytes) -> bytes:
        """The file's bytes, authenticated by the data key."""
        content = {"version": VERSION, **asdict(self)}
        content["authentication"] = _authentication(content, key, self.recording_id)
        return json.dumps(content, indent=1, sort_keys=True).encode() + b"\n"


def read_manifest(data: bytes, key: bytes | None) -> Manifest:
    """A manifest from its file's bytes; without `key` it is taken as it stands.

    Raises:
        ManifestRefused: it cannot be read, or is not as it was written.
    """
    try:
        content: dict[str, Any] = json.loads(data)
        given = content.pop("authentication")
        if content["version"] != VERSION:
            raise ManifestRefused("The manifest is of a version that this program does not know.")
        if key is not None and not hmac.compare_digest(
            given, _authentication(content, key, str(content["recording_id"]))
        ):
            raise ManifestRefused("The manifest was changed after it was written, or is of another key.")
        del content["version"]
        content["state"] = RecordingState(content["state"])
        content["reason"] = Failure(content["reason"]) if content["reason"] is not None else None
        content["participants"] = [Presence(**each) for each in content["participants"]]
        content["tracks"] = [TrackCount(**each) for each in content["tracks"]]
        content["losses"] = [Loss(**each) for each in content["losses"]]
        return Manifest(**content)
    except (ValueError, KeyError, TypeError, AttributeError):
        raise ManifestRefused("The manifest cannot be read.") from None


def manifest_hash(data: bytes) -> str:
    """What the next manifest names this one by: the SHA-256 of the file."""
    return hashlib.sha256(data).hexdigest()


def _authentication(content: dict[str, Any], key: bytes, recording_id: str) -> str:
    canonical = json.dumps(content, sort_keys=True, separators=(",", ":")).encode()
    return hmac.new(derive(key, b"", f"manifest {recording_id}"), canonical, hashlib.sha256).hexdigest()
