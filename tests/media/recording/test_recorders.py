"""The node's side of recording, with a real recorder process: a hundred begin at once, and one that lags costs packets alone."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from media.errors import RecordingFailed
from media.recording import tap as tap_module
from media.recording.manifest import read_manifest
from media.recording.news import Failure, RecordingNews, RecordingState
from media.recording.recorders import Recorders
from media.recording.records import LegBegan
from media.recording.store import FileStore
from media.recording.tap import Tap
from media.recording.verify import verify
from tests.media.peers import until

from .kept import KEY
from .senders import CODINGS, VP8, Sender, pictures, vp8_payloads

AT_ONCE = 100
BEGAN = LegBegan("clinician", CODINGS)


@pytest.fixture
async def recorders(tmp_path: Path) -> AsyncIterator[Recorders]:
    recorders = Recorders(tmp_path)
    yield recorders
    await recorders.close()
    await recorders.close()


def packets(count: int = 30) -> list[memoryview]:
    """A second of somebody's picture."""
    sender = Sender(VP8, 90_000)
    made = [
        packet
        for number, frame in enumerate(pictures("vp8", 1, 160, 120)[:count])
        for packet in sender.packets(list(vp8_payloads(frame, number)), number * 33)
    ]
    return [memoryview(packet) for packet in made]


async def test_a_hundred_started_at_once_all_start(recorders: Recorders, tmp_path: Path) -> None:
    told: dict[str, list[RecordingNews]] = {f"r{number}": [] for number in range(AT_ONCE)}
    taps: list[Tap] = await asyncio.gather(*(recorders.begin(id, KEY, news.append) for id, news in told.items()))
    sent = packets(5)
    for tap in taps:
        tap.leg(1, BEGAN)
        for packet in sent:
            tap.packet(1, packet)
    await until(lambda: all(news for news in told.values()))
    await asyncio.gather(*(tap.stop() for tap in taps))
    assert all(
        [each.state for each in news] == [RecordingState.RUNNING, RecordingState.STOPPED] for news in told.values()
    )
    store = FileStore(tmp_path)
    assert store.recordings() == sorted(told)
    chained = set()
    for recording_id in told:
        manifest = read_manifest(store.manifest(recording_id), KEY)
        assert manifest.tracks[0].packets == len(sent)
        chained.add(manifest.previous_recording)
    # Each but one names another, and nobody is named twice: they closed one after the other.
    assert len(chained) == AT_ONCE
    assert verify(store, "r7", KEY).whole


async def test_a_recorder_that_lags_costs_packets_which_are_counted(
    recorders: Recorders, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tap_module, "BUFFER_BYTES", 300_000)
    told: list[RecordingNews] = []
    tap = await recorders.begin("r1", KEY, told.append)
    tap.leg(1, BEGAN)
    sent = packets()
    assert recorders.pid is not None
    os.kill(recorders.pid, signal.SIGSTOP)
    try:
        count = 0
        while not tap.dropped:
            tap.packet(1, sent[count % len(sent)])
            count += 1
    finally:
        os.kill(recorders.pid, signal.SIGCONT)
    await until(lambda: bool(told))
    await tap.stop()
    manifest = read_manifest(FileStore(tmp_path).manifest("r1"), KEY)
    assert manifest.state is RecordingState.STOPPED
    assert manifest.dropped_packets == tap.dropped == 1
    assert manifest.tracks[0].packets == count - 1


async def test_a_recording_is_begun_once_under_its_id(recorders: Recorders) -> None:
    tap = await recorders.begin("r1", KEY, lambda news: None)
    with pytest.raises(RecordingFailed):
        await recorders.begin("r1", KEY, lambda news: None)
    await tap.stop()
    await tap.stop()
    # What comes late is nobody's any more.
    tap.leg(2, BEGAN)
    tap.gone("clinician")
    assert tap.news == RecordingNews("r1", RecordingState.STOPPED)


async def test_without_a_directory_nothing_is_recorded() -> None:
    recorders = Recorders(None)
    with pytest.raises(RecordingFailed) as refused:
        await recorders.begin("r1", KEY, lambda news: None)
    assert refused.value.reason is Failure.STORAGE_MISSING
    await recorders.close()
