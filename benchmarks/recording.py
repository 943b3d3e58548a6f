"""What it costs to record: CPU beside the same calls unrecorded, calls that a core records at once, and the time to begin.

The node and its recorder have one core together, the load the other.
"""

from __future__ import annotations

import asyncio
import secrets
import shutil
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from media.node import MediaNode
from media.recording.manifest import read_manifest
from media.recording.news import RecordingNews, RecordingState
from media.recording.store import FileStore

from . import subjects
from .legs import Leg
from .load import Outcome, Wire, run
from .measures import GCM, LOST_AT_MOST, P99_AT_MOST_MS, ROUNDS, SECONDS, mediarelay_us_per_packet, offered
from .subjects import Node, cpu_seconds
from .table import Table

RECORDING = (
    "recording_cost_ratio",
    "recording_us_per_packet",
    "mediarecorder_cost_ratio",
    "mediarecorder_us_per_packet",
    "recorded_calls_per_core",
    "first_recorded_warm_ms",
    "first_recorded_cold_ms",
)

CALLS = 20
KEY = secrets.token_bytes(32)
STEP = 5
MOST = 120


async def recording(table: Table) -> None:
    """Every figure of the group."""
    ratios, costs = await _cost()
    table.show_all("recording_cost_ratio", ratios, "", "node and recorder together; closing the files is not in it")
    table.show_all("recording_us_per_packet", costs, "µs CPU", "more than unrecorded")
    plain, with_recorder = await mediarelay_us_per_packet(), await mediarelay_us_per_packet("record")
    table.show(
        "mediarecorder_cost_ratio", with_recorder / plain - 1, "", "over aiortc's own MediaRelay, which decodes, too"
    )
    table.show("mediarecorder_us_per_packet", with_recorder - plain, "µs CPU", "more than unrecorded")
    holds = await _calls_per_core()
    table.show("recorded_calls_per_core", holds, "calls", "p99 transit within 5 ms, 0.1 % lost, nothing dropped")
    cold, warm = await _first_recorded()
    table.show_all("first_recorded_warm_ms", warm, "ms", "from the order to the first packet kept")
    table.show_all("first_recorded_cold_ms", cold, "ms", "with the recorder to start")


@asynccontextmanager
async def _directory() -> AsyncIterator[Path]:
    path = Path(tempfile.mkdtemp(prefix="venterum-bench-"))
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)


async def _record_all(node: Node, calls: int) -> None:
    for number in range(calls):
        await node.client.record(node.url, f"call{number}", f"r{number}", KEY)


async def _stop_all(node: Node, calls: int) -> None:
    for number in range(calls):
        await node.client.stop_recording(node.url, f"call{number}")


async def _cost() -> tuple[list[float], list[float]]:
    """The same calls unrecorded and recorded in turn: how many times as much more CPU, and how much more a packet."""
    ratios: list[float] = []
    costs: list[float] = []
    for _ in range(ROUNDS):
        # Anew each time: while the load runs nobody answers for the legs, and after half a minute the node lets go of them.
        async with _directory() as directory, subjects.relay(CALLS, GCM, str(directory)) as node:
            offered(node, 1.0)
            plain = await _us_per_packet(node)
            await _record_all(node, CALLS)
            recorded = await _us_per_packet(node, node.recorder_pid)
            await _stop_all(node, CALLS)
        ratios.append(recorded / plain - 1)
        costs.append(recorded - plain)
    return ratios, costs


async def _us_per_packet(node: Node, *beside: int) -> float:
    """CPU of the node, and of the processes beside it, for each packet that came through."""
    before = sum(map(cpu_seconds, beside))
    outcome, took = offered(node, SECONDS)
    return (took + sum(map(cpu_seconds, beside)) - before) / max(outcome.received, 1) * 1e6


async def _calls_per_core() -> int:
    """The most calls that are recorded on one core, with p99 transit and loss within bounds."""
    holds = 0
    while holds + STEP <= MOST and await _fits(holds + STEP):
        holds += STEP
    return holds


async def _fits(calls: int) -> bool:
    async with _directory() as directory, subjects.relay(calls, GCM, str(directory)) as node:
        await _record_all(node, calls)
        offered(node, 0.5)
        outcome, _ = offered(node, SECONDS)
        await _stop_all(node, calls)
        store = FileStore(directory)
        manifests = [read_manifest(store.manifest(each), KEY) for each in store.recordings()]
        whole = all(each.state is RecordingState.STOPPED and not each.dropped_packets for each in manifests)
        return whole and outcome.lost <= LOST_AT_MOST and outcome.transit_ms(0.99) <= P99_AT_MOST_MS


async def _first_recorded() -> tuple[list[float], list[float]]:
    """Milliseconds from the order to `running`: when the recorder has to be started first, and when it is there."""
    cold: list[float] = []
    warm: list[float] = []
    for _ in range(ROUNDS):
        async with _directory() as directory:
            told = _Told()
            node = MediaNode(
                host="127.0.0.1", port=0, addresses=["127.0.0.1"], recordings=directory, on_recording=told.tell
            )
            node.start()
            try:
                cold.append(await _to_running(node, told, "cold"))
                warm.append(await _to_running(node, told, "warm"))
            finally:
                await node.close()
    return cold, warm


class _Told(asyncio.Queue[RecordingNews]):
    """What a node tells of its recordings, in turn."""

    def tell(self, room_id: str, news: RecordingNews) -> None:
        self.put_nowait(news)


async def _to_running(node: MediaNode, told: _Told, name: str) -> float:
    legs = [Leg(GCM), Leg(GCM)]
    for position, leg in enumerate(legs):
        await leg.connect((await node.join(name, f"p{position}", await leg.describe())).answer)
    schedules = [leg.prepare(2.0, position / 2) for position, leg in enumerate(legs)]
    wires = [Wire(leg.take_socket(), leg.remote_address, position ^ 1) for position, leg in enumerate(legs)]
    load: asyncio.Future[Outcome] = asyncio.ensure_future(asyncio.to_thread(run, wires, schedules))
    await asyncio.sleep(0.3)  # so that packets flow before the order
    ordered = time.perf_counter()
    await node.record(name, f"r-{name}", KEY)
    async with asyncio.timeout(5):
        while (await told.get()).state is not RecordingState.RUNNING:
            pass
    took = (time.perf_counter() - ordered) * 1000
    await load
    await node.stop_recording(name)
    while not (await told.get()).over:
        pass
    for wire, leg in zip(wires, legs, strict=True):
        wire.socket.close()
        await leg.close()
    return took
