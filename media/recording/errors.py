"""What a recording's files are refused for. What the control interface answers is in `media/errors.py`.

RecordingError
├── NotAChunkedFile     the file does not begin as one
├── ChunkDamaged        a chunk is not what was written
├── ManifestRefused     the manifest cannot be read, or was changed
├── NoSuchRecording     nothing is kept under that name
├── StillGrowing        a recorder is writing it now
└── NothingToPlay       what is kept holds no frame that can be shown
"""

from __future__ import annotations


class RecordingError(Exception):
    code = "recording_error"


class NotAChunkedFile(RecordingError):
    code = "not_a_recording"

    def __init__(self) -> None:
        super().__init__("The file is not a recording of this program.")


class ChunkDamaged(RecordingError):
    """Changed, of another file, or opened with another key."""

    code = "chunk_damaged"

    def __init__(self, number: int) -> None:
        self.number = number
        super().__init__(f"Chunk {number} is not what was written, or the key is another recording's.")


class ManifestRefused(RecordingError):
    code = "manifest_refused"


class NoSuchRecording(RecordingError):
    code = "no_such_recording"

    def __init__(self) -> None:
        super().__init__("There is no recording by that name.")


class StillGrowing(RecordingError):
    code = "still_recording"

    def __init__(self) -> None:
        super().__init__("The call is being recorded still. Stop the recording first.")


class NothingToPlay(RecordingError):
    code = "nothing_to_play"

    def __init__(self) -> None:
        super().__init__("The recording holds nothing that can be played.")
