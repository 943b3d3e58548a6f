"""A hundred recorders killed at a hundred moments: every file verifies, and plays to within two seconds of the kill."""

from __future__ import annotations

import io
import multiprocessing
import os
import random
import signal
import socket
import time
from dataclasses import dataclass, field
from multiprocessing.process import BaseProcess
from pathlib import Path

import av
import pytest

from media.recording.film import make_film
from media.recording.films import recorded
from media.recording.manifest import read_manifest
from media.recording.news import Failure, RecordingState
from media.recording.recorder import Recorder
from media.recording.records import Kind, record
from media.recording.store import FileStore
from media.recording.verify import recover, verify

from .kept import KEY, begin
from .senders import arrived, leg_began, pictures, sent, sounds

KILLS = 100
AT_ONCE = 50
SECONDS = 3
HAND_OVER_MS = 100
SEED = 6


def record_until_told(control: socket.socket, directory: Path) -> None:
    """A recorder process."""
    Recorder(control, FileStore(directory)).run()
    os._exit(0)


@dataclass
class Running:
    """One recorder process with one recording, and what it was given so far."""

    recording_id: str
    process: BaseProcess
    control: socket.socket
    connection: socket.socket
    kill_at_ms: float = 0.0
    given_ms: float = field(default=0.0)

    @classmethod
    def start(cls, directory: Path, recording_id: str) -> Running:
        # Forked from a process that has imported the recorder already, so that a hundred start at once.
        context = multiprocessing.get_context("forkserver")
        context.set_forkserver_preload(["tests.media.recording.test_crashes"])
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        near, far = socket.socketpair()
        process = context.Process(target=record_until_told, args=(theirs, directory), daemon=True)
        process.start()
        with theirs, far:
            socket.send_fds(ours, [b"+"], [far.fileno()])
        near.sendall(begin(recording_id).line())
        return cls(recording_id, process, ours, near)

    def begun(self) -> None:
        """Wait until the file is there."""
        self.connection.settimeout(20)
        assert b"begun" in self.connection.recv(100)

    def kill(self) -> None:
        assert self.process.pid is not None
        os.kill(self.process.pid, signal.SIGKILL)
        self.process.join()
        self.close()

    def close(self) -> None:
        self.connection.close()
        self.control.close()


@pytest.fixture(scope="module")
def batches() -> list[tuple[float, bytes]]:
    """What a node hands over: ten times a second, everything that came since."""
    video, audio = pictures("vp8", SECONDS, 160, 120), sounds(SECONDS)
    records = [(0.0, leg_began(1, "clinician", 0)), *arrived(1, sent(video, audio), 5)]
    return [
        (
            begin_ms + HAND_OVER_MS,
            b"".join(data for at_ms, data in records if begin_ms <= at_ms < begin_ms + HAND_OVER_MS),
        )
        for begin_ms in range(0, SECONDS * 1000, HAND_OVER_MS)
    ]


def killed_at_their_moments(
    directory: Path, moments_ms: list[float], batches: list[tuple[float, bytes]]
) -> list[Running]:
    """Record with one process for each moment, and kill each at its own."""
    all_running = [Running.start(directory, f"r{round(moment * 1000)}") for moment in moments_ms]
    for running, moment_ms in zip(all_running, moments_ms, strict=True):
        running.begun()
        running.kill_at_ms = moment_ms
    began = time.monotonic()
    alive = sorted(all_running, key=lambda each: each.kill_at_ms)
    for due_ms, batch in batches:
        while alive and alive[0].kill_at_ms <= due_ms:
            wait_until(began, alive[0].kill_at_ms)
            alive.pop(0).kill()
        wait_until(began, due_ms)
        for running in alive:
            running.connection.sendall(batch)
            running.given_ms = due_ms
    assert not alive
    return all_running


def wait_until(began: float, at_ms: float) -> None:
    """Keep the pace of a call, which is what is recorded here."""
    time.sleep(max(began + at_ms / 1000 - time.monotonic(), 0))


@pytest.mark.parametrize("part", range(KILLS // AT_ONCE))
def test_every_file_verifies_and_plays_to_within_two_seconds_of_the_kill(
    tmp_path: Path, batches: list[tuple[float, bytes]], part: int
) -> None:
    seeded = random.Random(SEED + part)
    moments_ms = [seeded.uniform(300, SECONDS * 1000 - 200) for _ in range(AT_ONCE)]
    store = FileStore(tmp_path)
    for running in killed_at_their_moments(tmp_path, moments_ms, batches):
        verdict = verify(store, running.recording_id, KEY)
        assert verdict.findings == []
        assert verdict.state.startswith("unfinished")
        assert not read_manifest(store.manifest(running.recording_id), KEY).closed
        manifest = recover(store, running.recording_id, KEY)
        assert manifest.duration_ms >= running.given_ms - 2000
        assert verify(store, running.recording_id, KEY).whole
        if running.given_ms > 2000:
            plays_to(store, running.recording_id, running.given_ms - 2000)


def plays_to(store: FileStore, recording_id: str, at_least_ms: float) -> None:
    """The film decodes, sound and picture, to its end, and that is late enough."""
    out = io.BytesIO()
    with recorded(store, recording_id, KEY) as reader:
        make_film(lambda: reader, out)
    for index in range(2):
        out.seek(0)
        with av.open(out, "r") as container:
            stream = container.streams[index]
            ends_ms = [float(packet.pts * packet.time_base * 1000) for packet in container.demux(stream) if packet.pts]
            assert ends_ms[-1] >= at_least_ms
            container.seek(0)
            assert sum(1 for _ in container.decode(stream)) >= len(ends_ms)


def test_a_node_that_is_killed_leaves_whole_files(tmp_path: Path, batches: list[tuple[float, bytes]]) -> None:
    running = Running.start(tmp_path, "r1")
    running.begun()
    for _, batch in batches[:20]:
        running.connection.sendall(batch)
    running.close()
    running.process.join(20)
    assert running.process.exitcode == 0
    store = FileStore(tmp_path)
    assert verify(store, "r1", KEY).whole
    manifest = read_manifest(store.manifest("r1"), KEY)
    assert (manifest.state, manifest.reason) == (RecordingState.FAILED, Failure.NODE_DIED)
    assert manifest.participants[0].left_ms is not None


def test_noise_in_place_of_records_ends_that_recording_alone(
    tmp_path: Path, batches: list[tuple[float, bytes]]
) -> None:
    running, other = Running.start(tmp_path, "r1"), Running.start(tmp_path, "r2")
    running.begun()
    other.begun()
    running.connection.sendall(batches[0][1] + record(Kind.LEG, 1, 0, b"{"))
    assert b"failed" in running.connection.recv(1000)
    other.connection.sendall(batches[0][1] + record(Kind.END, 0, 100))
    running.close()
    other.control.close()
    other.process.join(20)
    store = FileStore(tmp_path)
    assert verify(store, "r1", KEY).whole
    assert verify(store, "r2", KEY).state.startswith("finished")
