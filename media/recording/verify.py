"""What is wrong with a recording's files, named: which chunk, and what happened to it. Nothing is changed.

Without the key the hashes alone can be checked; with it every chunk is opened.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from .chunks import (
    CHUNK_HEADER_BYTES,
    CHUNK_MAGIC,
    FILE_HEADER_BYTES,
    ChunkCipher,
    ChunkHeader,
    FileHeader,
)
from .errors import ChunkDamaged, ManifestRefused, NoSuchRecording, NotAChunkedFile, RecordingError, StillGrowing
from .losses import Accounts
from .manifest import Manifest, manifest_hash, read_manifest
from .news import Failure, RecordingState
from .reading import ChunkedReader
from .store import Kept, Store

_SEARCH_BYTES = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that is not as it was written. `code` is stable; `text` says it to a person."""

    code: str
    text: str


@dataclass(slots=True)
class Verdict:
    """What was found of one recording. `state` says in words how it ended, when nothing is wrong with it."""

    recording_id: str
    findings: list[Finding] = field(default_factory=list)
    state: str = ""
    chunks: int = 0

    @property
    def whole(self) -> bool:
        return not self.findings


@dataclass(frozen=True, slots=True)
class _Piece:
    """What stands at one place of the file: `number` is there for a chunk that opened, or that says that it is one."""

    at: int
    code: str
    number: int | None
    last: bool = False


def verify(store: Store, recording_id: str, key: bytes | None, chain: Chain | None = None) -> Verdict:
    """Check one recording. `chain` is the store's, where several are checked.

    Raises:
        NoSuchRecording: there is neither media nor a manifest.
        OSError: they cannot be read.
    """
    verdict = Verdict(recording_id)
    manifest = _manifest(store, recording_id, key, verdict)
    try:
        kept = store.open(recording_id)
    except NoSuchRecording:
        if manifest is None:
            raise
        verdict.state = "the media were deleted; the manifest is kept"
        (chain or Chain(store)).check(verdict)
        return verdict
    try:
        growing = kept.growing
        pieces = _pieces(kept, key, verdict)
        if not any(finding.code == "not_a_recording" for finding in verdict.findings):
            _compare(pieces, manifest, verdict)
        hashed = manifest.media_sha256 if manifest is not None and not verdict.findings else None
        if manifest is not None and hashed is not None and _hash(kept, manifest.media_bytes) != hashed:
            verdict.findings.append(
                Finding("media_changed", "the media are not those that the manifest has the hash of")
            )
    finally:
        kept.close()
    (chain or Chain(store)).check(verdict)
    verdict.state = _state(manifest, growing, verdict.chunks)
    return verdict


def recover(store: Store, recording_id: str, key: bytes) -> Manifest:
    """Close the manifest of a recording whose recorder died before it could; one that is closed stays as it is.

    Raises:
        StillGrowing: a recorder is at work on it.
        NoSuchRecording, NotAChunkedFile, ManifestRefused, ChunkDamaged, OSError: it cannot be.
    """
    manifest = read_manifest(store.manifest(recording_id), key)
    if manifest.closed:
        return manifest
    kept = store.open(recording_id)
    try:
        if kept.growing:
            raise StillGrowing
        reader = ChunkedReader(kept, key)
        accounts, left = Accounts(), b""
        for chunk in reader:
            data = left + chunk
            left = data[accounts.take(data, len(data)) :]
        accounts.finish()
        size = reader.ends_at
        manifest = replace(
            manifest,
            state=RecordingState.FAILED,
            reason=Failure.RECORDER_DIED,
            chunks=reader.chunks,
            media_bytes=size,
            media_sha256=_hash(kept, size),
            recovered=True,
        )
        accounts.tell(manifest)
    finally:
        kept.close()
    store.close_manifest(manifest, key)
    return manifest


def _manifest(store: Store, recording_id: str, key: bytes | None, verdict: Verdict) -> Manifest | None:
    """The manifest, as far as it can be read; what is wrong with it is found."""
    try:
        data = store.manifest(recording_id)
    except NoSuchRecording:
        verdict.findings.append(Finding("manifest_missing", "the manifest is missing"))
        return None
    try:
        manifest = read_manifest(data, key)
    except ManifestRefused as refused:
        verdict.findings.append(Finding("manifest_changed", str(refused)))
        try:
            return read_manifest(data, None)
        except ManifestRefused:
            return None
    if manifest.recording_id != recording_id:
        verdict.findings.append(Finding("manifest_foreign", f"the manifest is of recording {manifest.recording_id}"))
        return None
    return manifest


def _pieces(kept: Kept, key: bytes | None, verdict: Verdict) -> list[_Piece]:
    """Everything that stands in the file."""
    try:
        file = FileHeader.read(kept.read(0, FILE_HEADER_BYTES))
    except NotAChunkedFile:
        verdict.findings.append(Finding("not_a_recording", "the file does not begin as a recording"))
        return []
    if file.name != verdict.recording_id:
        verdict.findings.append(Finding("file_foreign", f"the file is of recording {file.name}, under another's name"))
    cipher = ChunkCipher(key, file) if key is not None else None
    pieces: list[_Piece] = []
    position = FILE_HEADER_BYTES
    while position < kept.size:
        header = ChunkHeader.read(kept.read(position, CHUNK_HEADER_BYTES))
        after = position + CHUNK_HEADER_BYTES + header.length if header is not None else 0
        if header is None or after > kept.size:
            found = _next_chunk(kept, position + 1)
            if found is None:
                pieces.append(_Piece(position, "cut" if _may_be_cut(kept, position) else "changed", None))
                break
            pieces.append(_Piece(position, "changed", None))
            position = found
            continue
        code = "whole"
        if header.tag != file.tag:
            code = "foreign"
        elif cipher is not None:
            try:
                cipher.open(header, kept.read(position + CHUNK_HEADER_BYTES, header.length))
            except ChunkDamaged:
                code = "changed"
        pieces.append(_Piece(position, code, header.number if code != "foreign" else None, header.last))
        position = after
    return pieces


def _next_chunk(kept: Kept, position: int) -> int | None:
    """Where the next chunk begins after one whose header cannot be read."""
    while position < kept.size:
        data = kept.read(position, _SEARCH_BYTES)
        offset = data.find(CHUNK_MAGIC)
        while offset >= 0:
            header = ChunkHeader.read(kept.read(position + offset, CHUNK_HEADER_BYTES))
            if header is not None and position + offset + CHUNK_HEADER_BYTES + header.length <= kept.size:
                return position + offset
            offset = data.find(CHUNK_MAGIC, offset + 1)
        position += max(len(data) - len(CHUNK_MAGIC), 1)
    return None


def _may_be_cut(kept: Kept, position: int) -> bool:
    """Whether what stands at the end is the beginning of a chunk."""
    head = kept.read(position, CHUNK_HEADER_BYTES)
    return head.startswith(CHUNK_MAGIC[: len(head)])


def _compare(pieces: list[_Piece], manifest: Manifest | None, verdict: Verdict) -> None:
    """What the pieces, and what the manifest says of them, come to."""
    say = verdict.findings.append
    whole = [piece for piece in pieces if piece.code == "whole"]
    verdict.chunks = len(whole)
    if pieces and not whole and all(piece.code == "changed" for piece in pieces):
        say(Finding("nothing_opens", "no chunk opens: the beginning of the file was changed, or the key is another's"))
        return
    accounted: set[int] = set()
    place = 0
    for piece in pieces:
        if piece.code == "changed":
            number = piece.number if piece.number is not None else place
            say(Finding("chunk_changed", f"chunk {number} was changed"))
            accounted.add(number)
            place = number + 1
        elif piece.code == "foreign":
            say(Finding("chunk_foreign", f"in the place of chunk {place} stands a chunk of another file"))
            accounted.add(place)
            place += 1
        elif piece.number is not None:
            place = piece.number + 1
    numbers = [piece.number for piece in whole if piece.number is not None]
    _order(numbers, say)
    closed = manifest is not None and manifest.closed
    there = accounted | set(numbers)
    expected = manifest.chunks if manifest is not None and closed else max(there, default=-1) + 1
    missing = sorted(set(range(expected)) - there)
    ended = any(piece.last for piece in whole)
    cut = any(piece.code == "cut" for piece in pieces)
    tail = [number for number in missing if number > max(there, default=-1)]
    for number in missing:
        if number not in tail:
            say(Finding("chunk_missing", f"chunk {number} is missing"))
    if tail or (cut and closed and not (manifest and manifest.reason)):
        at = max(there, default=-1)
        say(Finding("end_cut", f"the end is cut: the file ends after chunk {at}, and had {expected} chunks"))
    elif cut and ended:
        say(Finding("end_added", "something stands after the last chunk"))
    if closed and max(numbers, default=-1) >= expected:
        say(Finding("chunk_added", f"there are chunks beyond the {expected} that the manifest knows"))
    if manifest is None and not ended:
        say(Finding("end_unknown", "there is no last chunk, and no manifest that says whether there ever was one"))
    if manifest is not None and not closed and ended:
        say(Finding("manifest_old", "the recording came to its end, and the manifest is from before that"))


def _order(numbers: list[int], say: Callable[[Finding], None]) -> None:
    for number in sorted({number for number in numbers if numbers.count(number) > 1}):
        say(Finding("chunk_doubled", f"chunk {number} stands there more than once"))
    moved = [(there, wanted) for there, wanted in zip(numbers, sorted(numbers), strict=True) if there != wanted]
    if len(moved) == 2:
        first, second = sorted(number for number, _ in moved)
        say(Finding("chunks_exchanged", f"chunks {first} and {second} were exchanged"))
    elif moved:
        listed = ", ".join(str(number) for number in sorted(number for number, _ in moved))
        say(Finding("chunks_reordered", f"chunks {listed} are not in their places"))


class Chain:
    """The manifests of a store as they name each other; read once, however many recordings are checked."""

    def __init__(self, store: Store) -> None:
        self._hashes: dict[str, str] = {}
        self._before: dict[str, tuple[str, str | None]] = {}
        self._after: dict[str, list[tuple[str, str | None]]] = {}
        for recording_id in store.recordings():
            try:
                data = store.manifest(recording_id)
                manifest = read_manifest(data, None)
            except RecordingError:
                continue
            self._hashes[recording_id] = manifest_hash(data)
            if manifest.previous_recording is not None:
                self._before[recording_id] = manifest.previous_recording, manifest.previous_sha256
                after = self._after.setdefault(manifest.previous_recording, [])
                after.append((recording_id, manifest.previous_sha256))

    def check(self, verdict: Verdict) -> None:
        """Whether the manifest before a recording's, and the one after it, know each other still."""
        if verdict.recording_id not in self._hashes:
            return
        before, wanted = self._before.get(verdict.recording_id, (None, None))
        if before is not None and self._hashes.get(before) != wanted:
            what = "not the one it was" if before in self._hashes else "missing"
            text = f"the manifest before this one, of {before}, is {what}"
            verdict.findings.append(Finding("chain_broken", text))
        for after, known in self._after.get(verdict.recording_id, []):
            if known != self._hashes[verdict.recording_id]:
                text = f"the manifest after this one, of {after}, knows another manifest of it"
                verdict.findings.append(Finding("chain_broken", text))


def _state(manifest: Manifest | None, growing: bool, chunks: int) -> str:
    if growing:
        return f"being recorded still, whole to chunk {chunks - 1}"
    if manifest is None or not manifest.closed:
        return f"unfinished, whole to chunk {chunks - 1}"
    if manifest.reason is not None:
        return f"ended early ({manifest.reason.value}), whole to chunk {chunks - 1}"
    return f"finished, {chunks} chunks"


def _hash(kept: Kept, size: int) -> str:
    digest, position = hashlib.sha256(), 0
    while position < size:
        data = kept.read(position, min(_SEARCH_BYTES, size - position))
        if not data:
            break
        digest.update(data)
        position += len(data)
    return digest.hexdigest()
