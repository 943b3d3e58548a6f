"""Every damage to a recording's files is found, and said by its name; what is whole is said to be."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from media.recording.chunks import CHUNK_HEADER_BYTES, FILE_HEADER_BYTES, ChunkHeader
from media.recording.errors import ManifestRefused, NoSuchRecording, StillGrowing
from media.recording.manifest import read_manifest
from media.recording.news import Failure, RecordingState
from media.recording.recorder import Recording
from media.recording.store import FileStore
from media.recording.verify import recover, verify

from .kept import KEY, begin, keep

Pieces = list[bytes]


def taken_apart(path: Path) -> Pieces:
    """The file's header, and each of its chunks."""
    data, position = path.read_bytes(), FILE_HEADER_BYTES
    pieces = [data[:position]]
    while position < len(data):
        header = ChunkHeader.read(data[position:])
        assert header is not None
        after = position + CHUNK_HEADER_BYTES + header.length
        pieces.append(data[position:after])
        position = after
    return pieces


def flipped(data: bytes, position: int) -> bytes:
    return data[:position] + bytes([data[position] ^ 4]) + data[position + 1 :]


def a_bit(pieces: Pieces, foreign: Pieces) -> None:
    pieces[3] = flipped(pieces[3], 200)


def a_bit_of_a_head(pieces: Pieces, foreign: Pieces) -> None:
    pieces[3] = flipped(pieces[3], 1)


def a_bit_of_a_length(pieces: Pieces, foreign: Pieces) -> None:
    pieces[3] = flipped(pieces[3], CHUNK_HEADER_BYTES - 4)


def a_bit_of_the_beginning(pieces: Pieces, foreign: Pieces) -> None:
    pieces[0] = flipped(pieces[0], 20)


def removed(pieces: Pieces, foreign: Pieces) -> None:
    del pieces[3]


def exchanged(pieces: Pieces, foreign: Pieces) -> None:
    pieces[2], pieces[4] = pieces[4], pieces[2]


def doubled(pieces: Pieces, foreign: Pieces) -> None:
    pieces.insert(3, pieces[2])


def cut_at_a_chunk(pieces: Pieces, foreign: Pieces) -> None:
    del pieces[4:]


def cut_inside(pieces: Pieces, foreign: Pieces) -> None:
    pieces[4:] = [pieces[4][:100]]


def cut_the_last(pieces: Pieces, foreign: Pieces) -> None:
    del pieces[-1]


def of_another(pieces: Pieces, foreign: Pieces) -> None:
    pieces[3] = foreign[3]


def added(pieces: Pieces, foreign: Pieces) -> None:
    pieces.append(foreign[1])


@pytest.mark.parametrize(
    ("damage", "code", "said"),
    [
        (a_bit, "chunk_changed", "chunk 2 was changed"),
        (a_bit_of_a_head, "chunk_changed", "chunk 2 was changed"),
        (a_bit_of_a_length, "chunk_changed", "chunk 2 was changed"),
        (a_bit_of_the_beginning, "nothing_opens", "no chunk opens"),
        (removed, "chunk_missing", "chunk 2 is missing"),
        (exchanged, "chunks_exchanged", "chunks 1 and 3 were exchanged"),
        (doubled, "chunk_doubled", "chunk 1 stands there more than once"),
        (cut_at_a_chunk, "end_cut", "the file ends after chunk 2"),
        (cut_inside, "end_cut", "the file ends after chunk 2"),
        (cut_the_last, "end_cut", "the end is cut"),
        (of_another, "chunk_foreign", "in the place of chunk 2 stands a chunk of another file"),
        (added, "chunk_foreign", "stands a chunk of another file"),
    ],
)
def test_each_damage_is_found_and_named(
    tmp_path: Path, damage: Callable[[Pieces, Pieces], None], code: str, said: str
) -> None:
    store = keep(tmp_path, "r1")
    keep(tmp_path, "r2")
    path = tmp_path / "r1.vrec"
    pieces = taken_apart(path)
    assert len(pieces) > 5
    damage(pieces, taken_apart(tmp_path / "r2.vrec"))
    path.write_bytes(b"".join(pieces))
    verdict = verify(store, "r1", KEY)
    assert [(finding.code, said in finding.text) for finding in verdict.findings] == [(code, True)]
    # Without the key the hash alone says that something is wrong, at the least.
    assert not verify(store, "r1", None).whole


def test_every_single_bit_counts(tmp_path: Path) -> None:
    store = keep(tmp_path, "r1")
    path = tmp_path / "r1.vrec"
    whole = path.read_bytes()
    for position in range(0, len(whole), len(whole) // 60):
        path.write_bytes(flipped(whole, position))
        assert not verify(store, "r1", KEY).whole, position


def test_a_whole_recording_is_whole(tmp_path: Path) -> None:
    store = keep(tmp_path, "r1")
    for key in (KEY, None):
        verdict = verify(store, "r1", key)
        assert verdict.findings == []
        assert verdict.state.startswith("finished, ")


def test_a_manifest_that_was_edited_is_found(tmp_path: Path) -> None:
    store = keep(tmp_path, "r1")
    path = tmp_path / "r1.json"
    content = json.loads(path.read_text())
    content["tracks"][0]["lost"] = 0
    content["duration_ms"] -= 1
    path.write_text(json.dumps(content, indent=1, sort_keys=True) + "\n")
    assert [finding.code for finding in verify(store, "r1", KEY).findings] == ["manifest_changed"]
    path.write_text("{")
    assert "manifest_changed" in {finding.code for finding in verify(store, "r1", KEY).findings}
    path.unlink()
    assert [finding.code for finding in verify(store, "r1", KEY).findings] == ["manifest_missing"]


def test_a_manifest_of_another_recording_is_found(tmp_path: Path) -> None:
    store = keep(tmp_path, "r1")
    keep(tmp_path, "r2")
    shutil.copy(tmp_path / "r2.json", tmp_path / "r1.json")
    assert "manifest_foreign" in {finding.code for finding in verify(store, "r1", KEY).findings}


def test_an_older_manifest_and_a_cut_file_do_not_pass_for_a_crash(tmp_path: Path) -> None:
    store = FileStore(tmp_path)
    recording = Recording(store, begin("r1"))
    older = (tmp_path / "r1.json").read_bytes()
    recording.abandon()
    (tmp_path / "r1.vrec").unlink()
    keep(tmp_path, "r1")
    keep(tmp_path, "r2")
    (tmp_path / "r1.json").write_bytes(older)
    assert {finding.code for finding in verify(store, "r1", KEY).findings} == {"manifest_old", "chain_broken"}
    path = tmp_path / "r1.vrec"
    path.write_bytes(b"".join(taken_apart(path)[:-2]))
    assert {finding.code for finding in verify(store, "r1", KEY).findings} == {"chain_broken"}


def test_a_manifest_taken_away_or_put_back_breaks_the_chain(tmp_path: Path) -> None:
    store = keep(tmp_path, "r1")
    for recording_id in ("r2", "r3"):
        keep(tmp_path, recording_id)
    for recording_id in ("r1", "r2", "r3"):
        assert verify(store, recording_id, KEY).whole
    (tmp_path / "r2.json").unlink()
    (tmp_path / "r2.vrec").unlink()
    assert verify(store, "r1", KEY).whole
    assert [finding.code for finding in verify(store, "r3", KEY).findings] == ["chain_broken"]


def test_a_crash_is_told_from_damage_and_can_be_recovered(tmp_path: Path) -> None:
    store = keep(tmp_path, "r1", closed=False)
    path = tmp_path / "r1.vrec"
    path.write_bytes(path.read_bytes() + b"CHNK half a chunk")
    verdict = verify(store, "r1", KEY)
    assert verdict.findings == []
    assert verdict.state == f"unfinished, whole to chunk {verdict.chunks - 1}"
    manifest = recover(store, "r1", KEY)
    assert (manifest.state, manifest.reason, manifest.recovered) == (
        RecordingState.FAILED,
        Failure.RECORDER_DIED,
        True,
    )
    assert {track.track for track in manifest.tracks} == {"audio", "video"}
    assert manifest.duration_ms > 2000
    assert verify(store, "r1", KEY).whole
    assert recover(store, "r1", KEY) == manifest == read_manifest(store.manifest("r1"), KEY)
    path.write_bytes(b"".join(taken_apart_whole(path, manifest.media_bytes)[:-1]))
    assert [finding.code for finding in verify(store, "r1", KEY).findings] == ["end_cut"]


def taken_apart_whole(path: Path, size: int) -> Pieces:
    path.write_bytes(path.read_bytes()[:size])
    return taken_apart(path)


def test_a_recording_that_goes_on_is_left_alone(tmp_path: Path) -> None:
    store = FileStore(tmp_path)
    recording = Recording(store, begin("r1"))
    try:
        assert verify(store, "r1", KEY).state.startswith("being recorded still")
        with pytest.raises(StillGrowing):
            recover(store, "r1", KEY)
    finally:
        recording.abandon()


def test_deleting_keeps_the_manifest_for_the_chain(tmp_path: Path) -> None:
    store = keep(tmp_path, "r1")
    keep(tmp_path, "r2")
    store.delete("r1")
    assert verify(store, "r1", KEY).state.startswith("the media were deleted")
    assert verify(store, "r2", KEY).whole
    with pytest.raises(NoSuchRecording):
        store.delete("r1")
    with pytest.raises(NoSuchRecording):
        verify(store, "r9", KEY)


def test_another_key_opens_nothing(tmp_path: Path) -> None:
    store = keep(tmp_path, "r1")
    codes = {finding.code for finding in verify(store, "r1", bytes(32)).findings}
    assert codes == {"manifest_changed", "nothing_opens"}
    with pytest.raises(ManifestRefused):
        recover(store, "r1", bytes(32))


def test_a_store_takes_no_name_for_a_path(tmp_path: Path) -> None:
    store = FileStore(tmp_path)
    for name in ("../r1", "", "r/1", "r" * 65):
        with pytest.raises(NoSuchRecording):
            store.open(name)
