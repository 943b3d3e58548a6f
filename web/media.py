"""Puts a media node into a process: its socket, its control interface, its heartbeat, and its numbers for the metrics."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import fields
from functools import partial

from aiohttp import web
from redis.asyncio import Redis

from media.control import control_app
from media.node import MediaNode
from media.strain import Limits
from signaling.bus import Bus
from signaling.calls import Heartbeat
from signaling.connection import Registry

from .health import Metrics, Numbers
from .settings import Settings


@asynccontextmanager
async def media_node(settings: Settings, redis: Redis, bus: Bus, secret: str) -> AsyncIterator[MediaNode]:
    """A node that browsers and workers can reach, until the block ends.

    Raises:
        OSError: the UDP or the control port cannot be had.
    """
    # Made once, when the node starts: one that goes later is missed, not made anew where a mount should be.
    with contextlib.suppress(OSError):
        settings.recordings_directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    heartbeat = Heartbeat(redis, bus)
    node = MediaNode(
        host=settings.media_host,
        port=settings.media_port,
        addresses=settings.offered_addresses,
        recordings=settings.recordings_directory,
        on_recording=heartbeat.recording_changed,
        limits=Limits(settings.media_most_packets_per_second, settings.media_most_lag_ms),
        on_change=heartbeat.changed,
    )
    runner = web.AppRunner(control_app(node, secret), access_log=None)
    try:
        node.start()
        await runner.setup()
        site = web.TCPSite(runner, settings.media_control_host, settings.media_control_port)
        await site.start()
        host, port = runner.addresses[0][:2]
        await heartbeat.start(node, f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}")
        yield node
    finally:
        await heartbeat.close()
        await runner.cleanup()
        await node.close()


def show_numbers(metrics: Metrics, registry: Registry, node: MediaNode | None) -> None:
    """Let the metrics read the live connections' and the node's plain integers."""
    for kind in registry.counts:
        metrics.connections.labels(kind).set_function(partial(registry.counts.__getitem__, kind))
    if node is not None:
        _show_node(metrics.numbers, node)


def _show_node(numbers: Numbers, node: MediaNode) -> None:
    numbers.gauge("venterum_calls", "Calls on this process' media node", lambda: node.calls)
    numbers.gauge(
        "venterum_media_packets_per_second", "Received in the last second", lambda: node.strain.packets_per_second
    )
    numbers.gauge("venterum_media_lag_ms", "How late the node's timer ran last", lambda: node.strain.lag_ms)
    numbers.gauge("venterum_media_overloaded", "1 while no new call is taken", lambda: node.strain.overloaded)
    numbers.gauge("venterum_media_compiled", "0 where no compiler was there to install with", lambda: node.compiled)
    for name, documentation in (
        ("packets_received", "SRTP and SRTCP packets received from participants"),
        ("bytes_received", "Bytes of those, as UDP payload"),
        ("packets_forwarded", "RTP packets sent on to participants"),
        ("bytes_forwarded", "Bytes of those, as UDP payload"),
        ("keyframes_requested", "Keyframes asked for on behalf of receivers"),
        ("retransmitted", "RTP packets sent again from the cache"),
        ("without_receiver", "RTP packets that nobody in the call was there to receive"),
    ):
        numbers.counter(f"venterum_media_{name}", documentation, partial(getattr, node.counters, name))
    numbers.counter_by(
        "reason",
        "venterum_forwarding_errors",
        "Packets of participants that could not be forwarded",
        {reason: partial(getattr, node.counters, reason) for reason in ("decrypt", "encrypt", "malformed", "crowded")},
    )
    numbers.counter_by(
        "reason",
        "venterum_media_datagrams_dropped",
        "Datagrams that came to the node's port and went no further",
        {field.name: partial(getattr, node.socket.counters, field.name) for field in fields(node.socket.counters)},
    )
