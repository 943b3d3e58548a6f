"""Calls of real peers through a node that records them: what is kept is what came, and nothing harms the call."""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from media.errors import AlreadyRecording, NoSuchLeg, RecordingFailed
from media.node import MediaNode
from media.recording.manifest import Manifest, read_manifest
from media.recording.news import RecordingNews, RecordingState
from media.recording.reading import open_chunked
from media.recording.records import Kind, records
from media.recording.store import FileStore
from tests.media.peers import call, loopback_candidates, until

KEY = secrets.token_bytes(32)


@pytest.fixture(autouse=True)
def loopback(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with loopback_candidates(monkeypatch):
        yield


@asynccontextmanager
async def recording_node(directory: Path, told: list[RecordingNews]) -> AsyncIterator[MediaNode]:
    node = MediaNode(
        host="127.0.0.1",
        port=0,
        addresses=["127.0.0.1"],
        recordings=directory,
        on_recording=lambda room, news: told.append(news),
    )
    node.start()
    try:
        yield node
    finally:
        await node.close()


def manifest_of(directory: Path, recording_id: str) -> Manifest:
    return read_manifest(FileStore(directory).manifest(recording_id), KEY)


async def test_a_call_is_recorded_packet_by_packet(tmp_path: Path) -> None:
    told: list[RecordingNews] = []
    async with recording_node(tmp_path, told) as node, call(node) as (first, second):
        await node.record("room", "r1", KEY)
        await until(lambda: [news.state for news in told] == [RecordingState.RUNNING])
        decoded = first.received, second.received
        await until(lambda: first.received > decoded[0] + 30 and second.received > decoded[1] + 30)
        await node.record("room", "r1", KEY)
        with pytest.raises(AlreadyRecording):
            await node.record("room", "r2", KEY)
        assert list(node.recordings()) == ["room"]
        await node.stop_recording("room")
        assert told[-1] == RecordingNews("r1", RecordingState.STOPPED)
        assert node.recordings() == {}
    manifest = manifest_of(tmp_path, "r1")
    assert manifest.state is RecordingState.STOPPED
    assert {(t.participant, t.track, t.codec) for t in manifest.tracks} == {
        ("first", "video", "vp8"),
        ("second", "video", "vp8"),
    }
    assert all(t.packets > 30 and t.lost == 0 for t in manifest.tracks)
    with open_chunked(tmp_path / "r1.vrec", KEY) as reader:
        assert reader.finished
        kinds = [record.kind for chunk in reader for record in records(chunk)]
    assert kinds.count(Kind.LEG) == 2
    assert kinds[-1] == Kind.END
    assert kinds.count(Kind.RTP) == sum(t.packets for t in manifest.tracks)


async def test_what_cannot_be_recorded_is_refused(tmp_path: Path) -> None:
    told: list[RecordingNews] = []
    async with recording_node(tmp_path / "gone", told) as node, call(node):
        with pytest.raises(NoSuchLeg):
            await node.record("other", "r1", KEY)
        with pytest.raises(RecordingFailed) as missing:
            await node.record("room", "r1", KEY)
        assert missing.value.code == "storage_missing"
        with pytest.raises(RecordingFailed) as no_key:
            await node.record("room", "r1", b"")
        assert no_key.value.code == "key_missing"
        assert node.recordings() == {}
    assert told == []
