"""What a node tells of a recording while it goes on. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class RecordingState(StrEnum):
    """`starting` until the first packet is kept, then `running`; the other two are final."""

    STARTING = "starting"
    RUNNING = "running"
    STOPPED = "stopped"
    FAILED = "failed"


class Failure(StrEnum):
    """Why a recording failed: the stable codes that everybody is told."""

    DISK_FULL = "disk_full"
    TOO_SLOW = "too_slow"
    RECORDER_DIED = "recorder_died"
    STORAGE_MISSING = "storage_missing"
    RECORDED_BEFORE = "recorded_before"
    """There is one by that id already, whose order came a second time; it stays as it is."""
    KEY_MISSING = "key_missing"
    NODE_DIED = "node_died"


@dataclass(frozen=True, slots=True)
class RecordingNews:
    """What there is to say of one recording now. `reason` is there when it failed, and then alone."""

    recording_id: str
    state: RecordingState
    reason: Failure | None = None

    @property
    def over(self) -> bool:
        return self.state in (RecordingState.STOPPED, RecordingState.FAILED)
