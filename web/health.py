"""What operators ask: is the process alive, can it serve, and its numbers for Prometheus. No patient data in any of it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Any

from aiohttp import web
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Gauge, ProcessCollector, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from rooms.states import RecordingState, VisitState

from .logs import get_logger

Check = Callable[[], Awaitable[object]]
"""Returns when the part serves, with a word where there is one to add (a node that is overloaded); raises when it does not."""

CHECK_SECONDS = 2.0
"""How long a part may take to answer before it counts as dead, in seconds."""


class Numbers(Collector):
    """Plain integers that others count in their own hot paths, read when Prometheus asks."""

    def __init__(self) -> None:
        self._read: list[tuple[type[CounterMetricFamily] | type[GaugeMetricFamily], str, str, Callable[[], float]]] = []
        self._read_by: list[tuple[str, str, str, Mapping[str, Callable[[], float]]]] = []

    def counter(self, name: str, documentation: str, read: Callable[[], float]) -> None:
        """Show what `read` returns, which only grows. `name` ends in no `_total`; that is added."""
        self._read.append((CounterMetricFamily, name, documentation, read))

    def gauge(self, name: str, documentation: str, read: Callable[[], float]) -> None:
        """Show what `read` returns."""
        self._read.append((GaugeMetricFamily, name, documentation, read))

    def counter_by(self, label: str, name: str, documentation: str, reads: Mapping[str, Callable[[], float]]) -> None:
        """Show a counter in parts: what each of `reads` returns, under its key as the value of `label`."""
        self._read_by.append((label, name, documentation, reads))

    def collect(self) -> Iterable[Metric]:
        """For Prometheus' client."""
        for family, name, documentation, read in self._read:
            yield family(name, documentation, value=read())
        for label, name, documentation, reads in self._read_by:
            parts = CounterMetricFamily(name, documentation, labels=[label])
            for value, read in reads.items():
                parts.add_metric([value], read())
            yield parts


class Metrics:
    """The registry of this process, and what is shown in it.

    Args:
        count_visits: counts the visits by state; asked at each scrape, as the next two are.
        count_recordings: counts the recordings by state.
        count_faults: counts the recordings that failed, by the reason.
    """

    def __init__(
        self,
        count_visits: Callable[[], Awaitable[Mapping[VisitState, int]]],
        count_recordings: Callable[[], Awaitable[Mapping[RecordingState, int]]],
        count_faults: Callable[[], Awaitable[Mapping[str, int]]],
    ) -> None:
        self.registry = CollectorRegistry()
        self.connections = Gauge(
            "venterum_connections",
            "WebSocket connections open now in this process",
            ["kind"],
            registry=self.registry,
        )
        self.numbers = Numbers()
        self.registry.register(self.numbers)
        ProcessCollector(registry=self.registry)
        self._counts = (
            (count_visits, self._gauge("venterum_visits", "Visits in the database, by state", "state")),
            (count_recordings, self._gauge("venterum_recordings", "Recordings in the database, by state", "state")),
            (
                count_faults,
                self._gauge("venterum_recordings_failed", "Recordings that failed, by the reason", "reason"),
            ),
        )

    async def exposition(self) -> bytes:
        """Every number, in Prometheus' text format."""
        await asyncio.gather(*(_count(count, gauge) for count, gauge in self._counts))
        return generate_latest(self.registry)

    def _gauge(self, name: str, documentation: str, label: str) -> Gauge:
        return Gauge(name, documentation, [label], registry=self.registry)


async def _count(count: Callable[[], Awaitable[Mapping[Any, int]]], gauge: Gauge) -> None:
    gauge.clear()
    try:
        counted = await asyncio.wait_for(count(), CHECK_SECONDS)
    except (
        Exception
    ) as error:  # whatever the driver raises: the other numbers are wanted most when the database is dead
        get_logger("web.health").warning("not_counted", error=type(error).__name__)
        return
    for value, number in counted.items():
        gauge.labels(str(value)).set(number)


class Health:
    """`/livez`, `/readyz` and `/metrics`.

    Args:
        checks: one for each part that serving depends on, by name.
    """

    def __init__(self, checks: Mapping[str, Check], metrics: Metrics) -> None:
        self._checks = checks
        self._metrics = metrics

    def add(self, app: web.Application) -> None:
        """Mount the three addresses."""
        app.router.add_get("/livez", self._alive)
        app.router.add_get("/readyz", self._ready)
        app.router.add_get("/metrics", self._scrape)

    async def _alive(self, request: web.Request) -> web.Response:
        return web.json_response({"status": "ok"}, headers={"Cache-Control": "no-store"})

    async def _ready(self, request: web.Request) -> web.Response:
        states = await asyncio.gather(*(_state(name, check) for name, check in self._checks.items()))
        status = 503 if "error" in states else 200
        parts = dict(zip(self._checks, states, strict=True))
        return web.json_response(parts, status=status, headers={"Cache-Control": "no-store"})

    async def _scrape(self, request: web.Request) -> web.Response:
        return web.Response(
            body=await self._metrics.exposition(),
            headers={"Content-Type": CONTENT_TYPE_LATEST, "Cache-Control": "no-store"},
        )


async def _state(name: str, check: Check) -> str:
    try:
        word = await asyncio.wait_for(check(), CHECK_SECONDS)
    except Exception as error:  # whatever a driver raises, the part is not well
        get_logger("web.health").warning("not_ready", part=name, error=type(error).__name__)
        return "error"
    return word if isinstance(word, str) else "ok"
