"""Each figure of the table: what is measured, how, and what it is called in the JSON."""

from __future__ import annotations

import asyncio
import os
import random
import sys
import time
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from statistics import median

import aiohttp
from aiortc import RTCPeerConnection, RTCSessionDescription, VideoStreamTrack
from aiortc.contrib.media import MediaBlackhole
from av import VideoFrame
from av.frame import Frame

from media.control import NodeClient

from . import subjects
from .legs import Leg
from .load import Outcome, Wire, run
from .subjects import Subject, cpu_seconds, memory_bytes
from .table import Table, spread

SubjectOf = Callable[[int, str], AbstractAsyncContextManager[Subject]]

GCM, CM = "AES-256-GCM", "AES-128-CM-SHA1-80"
CALLS = 30
SECONDS = 4.0
ROUNDS = 3
TURN_WITHIN_S = 160.0

LOST_AT_MOST = 0.001
P99_AT_MOST_MS = 5.0

TURN: dict[str, tuple[SubjectOf, str]] = {
    "relay": (subjects.relay, GCM),
    "janus": (subjects.janus, GCM),
    "floor": (subjects.floor, GCM),
    "janus_aes_cm": (subjects.janus, CM),
    "relay_aes_cm": (subjects.relay, CM),
}
"""What is measured in turn, with the cipher; Janus and Chrome agree on AES-CM between them."""

PEERS = ("janus", "janus_aes_cm", "floor", "mediarelay")
RELAY = (
    *(f"{name}_us_per_packet" for name in (*TURN, "mediarelay")),
    *(f"relay_to_{name}" for name in PEERS),
    "relay_packets_per_core",
)
SHARES = (("p50", 0.5), ("p99", 0.99), ("p999", 0.999))
CAPACITY = (
    "calls_per_core",
    *(f"transit_{name}_ms" for name, _ in SHARES),
    "floor_calls_per_core",
    *(f"floor_transit_{name}_ms" for name, _ in SHARES),
)
MEMORY = ("call_memory_mb", "churn_growth_mb")


async def relay(table: Table) -> None:
    """CPU for a packet, beside the peers, in turn."""
    turn = await _in_turn(TURN)
    middles = {name: _middle(found) for name, found in turn.items()}
    for name, found in turn.items():
        table.show(
            f"{name}_us_per_packet", middles[name], "µs CPU", found if isinstance(found, str) else _spread_of(found)
        )
    middles["mediarelay"] = await mediarelay_us_per_packet()
    table.show("mediarelay_us_per_packet", middles["mediarelay"], "µs CPU", "decodes, encodes; one call of 640 x 480")
    relay = middles["relay"]
    for name in PEERS:
        peer = middles[name]
        table.show(f"relay_to_{name}", relay / peer if relay and peer else None, "", "of its CPU for a packet")
    table.show("relay_packets_per_core", 1e6 / relay if relay else None, "packets/s")


def _spread_of(found: list[float]) -> str:
    return spread(found) if found else "no round was finished"


def _middle(figures: list[float] | str) -> float | None:
    return median(figures) if isinstance(figures, list) and figures else None


async def capacity(table: Table) -> None:
    """How many calls a core holds, and the transit at half of that; the floor's beside it, for what the machine itself does."""
    beside: dict[str, SubjectOf] = {"": subjects.relay, "floor_": subjects.floor}
    bounds = "p99 transit within 5 ms and 0.1 % lost; the load has the other core"
    half = 1
    for prefix, subject_of in list(beside.items()):
        try:
            holds = await _calls_per_core(subject_of)
        except subjects.Missing as missing:
            table.missing([name for name in CAPACITY if name.startswith(prefix)], f"not on this machine: {missing}")
            del beside[prefix]
            continue
        table.show(f"{prefix}calls_per_core", holds, "calls", bounds)
        if prefix == "":
            half = max(holds // 2, 1)
    transits: dict[str, list[Outcome]] = {prefix: [] for prefix in beside}
    for _ in range(ROUNDS):
        for prefix, subject_of in beside.items():
            async with subject_of(half, GCM) as subject:
                transits[prefix].append(_window(subject))
    for prefix, outcomes in transits.items():
        note = "at as many calls as the relay's" if prefix else "at half that"
        for name, share in SHARES:
            table.show_all(f"{prefix}transit_{name}_ms", [each.transit_ms(share) for each in outcomes], "ms", note)


async def memory(table: Table) -> None:
    """What a call costs in memory, and what is left of it when it has ended."""
    per_call, growth = await _memory()
    table.show("call_memory_mb", per_call, "MB", "one more call on a node")
    table.show("churn_growth_mb", growth, "MB", "from the 100th call made and ended to the 1,000th")


def offered(subject: Subject, seconds: float) -> tuple[Outcome, float]:
    """Put every leg of a subject under its load; the outcome, and the CPU seconds that the subject took for it."""
    legs = subject.legs
    schedules = [leg.prepare(seconds, position / len(legs)) for position, leg in enumerate(legs)]
    sockets = [leg.take_socket() for leg in legs]
    wires = [
        Wire(socket, leg.remote_address, position ^ 1)
        for position, (socket, leg) in enumerate(zip(sockets, legs, strict=True))
    ]
    before = cpu_seconds(subject.pid)
    outcome = run(wires, schedules)
    took = cpu_seconds(subject.pid) - before
    for socket in sockets:
        socket.close()
    return outcome, took


async def _us_per_packet(subject_of: SubjectOf, cipher: str) -> float:
    """Microseconds of CPU for each packet received, decrypted, rewritten, encrypted and sent, at `CALLS` two-party calls."""
    async with subject_of(CALLS, cipher) as subject:
        offered(subject, 1.0)
        outcome, took = offered(subject, SECONDS)
        return took / max(outcome.received, 1) * 1e6


async def _in_turn(what: dict[str, tuple[SubjectOf, str]]) -> dict[str, list[float] | str]:
    """Every subject once a round, `ROUNDS` times (A B C A B C …): the figures of each, or why there are none."""
    figures: dict[str, list[float] | str] = {name: [] for name in what}
    began = time.monotonic()
    for _ in range(ROUNDS):
        for name, (subject_of, cipher) in what.items():
            # On a slow machine two rounds, or one, are all there is time for.
            if time.monotonic() - began > TURN_WITHIN_S:
                return figures
            so_far = figures[name]
            if isinstance(so_far, str):
                continue
            try:
                so_far.append(await _us_per_packet(subject_of, cipher))
            except subjects.Missing as missing:
                figures[name] = f"not on this machine: {missing}"
    return figures


async def _calls_per_core(subject_of: SubjectOf, most: int = 160, step: int = 10) -> int:
    """The most two-party calls on one core with p99 transit and loss within bounds, by halving.

    What fails has another try, so that a hiccup of the machine's is not taken for the subject's.
    """
    holds, fails = 0, most + step
    while fails - holds > step:
        middle = (holds + fails) // 2 // step * step
        async with subject_of(middle, GCM) as subject:
            if _within_bounds(_window(subject)) or _within_bounds(_window(subject)):
                holds = middle
            else:
                fails = middle
    return holds


def _within_bounds(outcome: Outcome) -> bool:
    return outcome.lost <= LOST_AT_MOST and outcome.transit_ms(0.99) <= P99_AT_MOST_MS


def _window(subject: Subject) -> Outcome:
    offered(subject, 1.0)
    return offered(subject, SECONDS)[0]


async def _memory() -> tuple[float, float]:
    """Megabytes for one more call, and how much a node grew from its 100th call to its 1,000th, all of them ended."""
    secret = "benchmark"
    command = [sys.executable, "-m", "benchmarks.relay_process"]
    with subjects.process(command, env=os.environ | {"SECRET": secret}) as running:
        url = subjects.said(running)
        async with aiohttp.ClientSession() as session:
            client = NodeClient(session, secret)

            async def call(number: int) -> list[Leg]:
                legs = [Leg(GCM), Leg(GCM)]
                for position, leg in enumerate(legs):
                    joined = await client.join(url, f"call{number}", f"p{position}", await leg.describe())
                    await leg.connect(joined.answer)
                return legs

            async def churn(first: int, last: int) -> None:
                for number in range(first, last):
                    for leg in await call(number):
                        await leg.close()
                    await client.close_room(url, f"call{number}")

            await churn(0, 100)
            after_100 = memory_bytes(running.pid)
            await churn(100, 1000)
            after_1000 = memory_bytes(running.pid)
            # Calls that stand come last: what they took would be room for those after them, and hide a leak.
            held = [leg for number in range(20) for leg in await call(10_000 + number)]
            per_call = (memory_bytes(running.pid) - after_1000) / 20
            for leg in held:
                await leg.close()
            return per_call / 2**20, (after_1000 - after_100) / 2**20


class _Noise(VideoStreamTrack):
    """Frames that are hard to encode, so that the sender fills its bitrate, as a camera does."""

    def __init__(self) -> None:
        super().__init__()
        seeded = random.Random(5)
        self._frames = []
        for _ in range(8):
            frame = VideoFrame(width=640, height=480, format="yuv420p")
            for plane in frame.planes:
                plane.update(seeded.randbytes(plane.buffer_size))
            self._frames.append(frame)
        self._next = 0

    async def recv(self) -> Frame:
        pts, time_base = await self.next_timestamp()
        frame = self._frames[self._next % len(self._frames)]
        self._next += 1
        frame.pts, frame.time_base = pts, time_base
        return frame


async def mediarelay_us_per_packet(*arguments: str) -> float:
    """The same for aiortc's MediaRelay, which decodes and encodes: one call of 640 x 480, per packet sent."""
    with subjects.process([sys.executable, "-m", "benchmarks.mediarelay_process", *arguments]) as running:
        url = subjects.said(running)
        async with aiohttp.ClientSession() as session:
            peers = []
            for name in ("first", "second"):
                peer, sink = RTCPeerConnection(), MediaBlackhole()
                peer.on("track", sink.addTrack)
                peer.addTransceiver("audio", direction="sendrecv")
                peer.addTransceiver(_Noise(), direction="sendrecv")
                await peer.setLocalDescription(await peer.createOffer())
                async with session.post(f"{url}/join/{name}", data=peer.localDescription.sdp) as response:
                    await peer.setRemoteDescription(RTCSessionDescription(await response.text(), "answer"))
                await sink.start()
                peers.append(peer)

            async def packets() -> int:
                async with session.get(f"{url}/packets") as response:
                    count: int = await response.json()
                    return count

            async with asyncio.timeout(20):
                while await packets() < 100:
                    await asyncio.sleep(0.1)
            first, before = await packets(), cpu_seconds(running.pid)
            await asyncio.sleep(2 * SECONDS)
            last, after = await packets(), cpu_seconds(running.pid)
            for peer in peers:
                await peer.close()
            return (after - before) / max(last - first, 1) * 1e6
