"""The recorder harms no call: whatever happens to it, both go on talking, are told at once, and what is on disk stays valid."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import pytest

from media.node import MediaNode
from media.recording import recorders
from media.recording.manifest import read_manifest
from media.recording.news import Failure, RecordingNews, RecordingState
from media.recording.store import FileStore
from media.recording.verify import recover, verify
from tests.media.peers import Peer, call, loopback_candidates, until

from .kept import KEY

RUNNING = RecordingNews("r1", RecordingState.RUNNING)


@pytest.fixture(autouse=True)
def loopback(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with loopback_candidates(monkeypatch):
        yield


@asynccontextmanager
async def recorded_call(directory: Path) -> AsyncIterator[tuple[MediaNode, list[RecordingNews], tuple[Peer, Peer]]]:
    """A call on a node that records it, and what the node tells of it."""
    told: list[RecordingNews] = []
    node = MediaNode(
        host="127.0.0.1",
        port=0,
        addresses=["127.0.0.1"],
        recordings=directory,
        on_recording=lambda room, news: told.append(news),
    )
    node.start()
    try:
        async with call(node) as peers:
            await node.record("room", "r1", KEY)
            await until(lambda: told == [RUNNING])
            yield node, told, peers
    finally:
        await node.close()


async def goes_on(peers: tuple[Peer, Peer]) -> None:
    """Both still see each other."""
    decoded = [peer.received for peer in peers]
    await until(lambda: all(peer.received > before + 10 for peer, before in zip(peers, decoded, strict=True)))


async def chunks_are_kept(store: FileStore) -> None:
    path = store.directory / "r1.vrec"
    begun = path.stat().st_size  # a file of this machine
    await until(lambda: path.stat().st_size > begun)


async def test_a_recorder_that_is_killed(tmp_path: Path) -> None:
    async with recorded_call(tmp_path) as (node, told, peers):
        store = FileStore(tmp_path)
        await chunks_are_kept(store)
        pid = node.recorder_pid
        assert pid is not None
        os.kill(pid, signal.SIGKILL)
        await until(lambda: len(told) == 2)
        assert told[-1] == RecordingNews("r1", RecordingState.FAILED, Failure.RECORDER_DIED)
        await goes_on(peers)
        verdict = verify(store, "r1", KEY)
        assert verdict.whole
        assert verdict.state.startswith("unfinished")
        # The next recording has a recorder of its own.
        await node.record("room", "r2", KEY)
        await node.stop_recording("room")
        assert told[-1] == RecordingNews("r2", RecordingState.STOPPED)
        assert recover(store, "r1", KEY).reason is Failure.RECORDER_DIED
        assert verify(store, "r2", KEY).whole


async def test_a_recorder_that_stands_still(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recorders, "STALL_SECONDS", 1.0)
    async with recorded_call(tmp_path) as (node, told, peers):
        store = FileStore(tmp_path)
        await chunks_are_kept(store)
        pid = node.recorder_pid
        assert pid is not None
        os.kill(pid, signal.SIGSTOP)
        try:
            await until(lambda: len(told) == 2)
            assert told[-1] == RecordingNews("r1", RecordingState.FAILED, Failure.TOO_SLOW)
            await goes_on(peers)
            assert verify(store, "r1", KEY).whole
        finally:
            os.kill(pid, signal.SIGCONT)
        await until(lambda: read_manifest(store.manifest("r1"), KEY).closed)
        assert read_manifest(store.manifest("r1"), KEY).reason is Failure.TOO_SLOW
        assert verify(store, "r1", KEY).whole


@contextmanager
def disk_of_its_own(path: Path) -> Iterator[Path]:
    """A file system that can be made to stall: whoever writes to a frozen one waits in the kernel, as for a disk that is gone."""
    path.mkdir()
    image = path.with_suffix(".img")
    with image.open("wb") as made:
        made.truncate(24 << 20)
    commands = ["mkfs.ext4", "-q", "-F", str(image)], ["mount", "-o", "loop,noatime", str(image), str(path)]
    for command in commands:
        if shutil.which(command[0]) is None or subprocess.run(command, capture_output=True, check=False).returncode:
            pytest.skip("only root may mount a disk, and not in every container")
    try:
        yield path
    finally:
        subprocess.run(["umount", "-l", path], check=False)


@contextmanager
def frozen(path: Path) -> Iterator[None]:
    subprocess.run(["fsfreeze", "-f", path], check=True)
    try:
        yield
    finally:
        subprocess.run(["fsfreeze", "-u", path], check=True)


async def test_a_disk_that_stalls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recorders, "STALL_SECONDS", 1.0)
    with disk_of_its_own(tmp_path / "disk") as directory:
        async with recorded_call(directory) as (node, told, peers):
            store = FileStore(directory)
            await chunks_are_kept(store)
            with frozen(directory):
                await until(lambda: len(told) == 2)
                assert told[-1] == RecordingNews("r1", RecordingState.FAILED, Failure.TOO_SLOW)
                await goes_on(peers)
                assert node.rooms() == {"room": ("first", "second")}
                assert verify(store, "r1", KEY).whole
            # The disk is back: what waited in the kernel is written, and the recorder closes the file by the reason.
            await until(lambda: read_manifest(store.manifest("r1"), KEY).closed)
            assert read_manifest(store.manifest("r1"), KEY).reason is Failure.TOO_SLOW
            assert verify(store, "r1", KEY).whole


async def test_a_directory_that_goes(tmp_path: Path) -> None:
    directory = tmp_path / "recordings"
    directory.mkdir()
    async with recorded_call(directory) as (_, told, peers):
        await chunks_are_kept(FileStore(directory))
        shutil.rmtree(directory)
        await until(lambda: len(told) == 2)
        assert told[-1] == RecordingNews("r1", RecordingState.FAILED, Failure.STORAGE_MISSING)
        await goes_on(peers)


@contextmanager
def small_disk(path: Path, size: str) -> Iterator[Path]:
    path.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", path], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip("only root may mount a small disk, and not in every container")
    try:
        yield path
    finally:
        subprocess.run(["umount", "-l", path], check=False)


async def test_a_disk_that_fills(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", "96k") as directory:
        async with recorded_call(directory) as (node, told, peers):
            await until(lambda: len(told) == 2)
            assert told[-1] == RecordingNews("r1", RecordingState.FAILED, Failure.DISK_FULL)
            await goes_on(peers)
            store = FileStore(directory)
            manifest = read_manifest(store.manifest("r1"), KEY)
            assert (manifest.state, manifest.reason) == (RecordingState.FAILED, Failure.DISK_FULL)
            verdict = verify(store, "r1", KEY)
            assert verdict.whole
            assert verdict.chunks > 0
            assert verdict.state.startswith("ended early (disk_full)")
            with pytest.raises(Exception, match="disk for recordings is full"):
                await node.record("room", "r2", KEY)
            assert store.recordings() == ["r1"]


async def test_a_node_that_closes_ends_its_recordings_in_order(tmp_path: Path) -> None:
    async with recorded_call(tmp_path) as (node, told, _):
        await node.close()
        assert told[-1] == RecordingNews("r1", RecordingState.STOPPED)
    assert verify(FileStore(tmp_path), "r1", KEY).state.startswith("finished")
