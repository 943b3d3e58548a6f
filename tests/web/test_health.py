"""Health and numbers: each part named, a dead one seen, and nothing about patients."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from web.health import Health, Metrics

from .house import CPR, EAR, Browser, House
from .test_refusals import waiting


async def test_every_part_is_named(browser: Browser) -> None:
    assert (await browser.get("/livez")).body == {"status": "ok"}
    ready = await browser.get("/readyz")
    assert (ready.status, ready.body) == (200, {"database": "ok", "live_store": "ok"})


async def test_a_dead_database_is_named_and_the_process_lives(house: House, browser: Browser) -> None:
    await house.rooms.close()
    await house.redis.aclose()

    async def dead() -> None:
        raise ConnectionError("no route to host")

    app = web.Application()
    recordings = house.rooms.recordings
    metrics = Metrics(house.rooms.waiting_room.count_by_state, recordings.count_by_state, recordings.count_by_fault)
    Health({"database": dead, "live_store": house.redis.ping}, metrics).add(app)
    async with TestClient(TestServer(app)) as client:
        ready = await client.get("/readyz")
        assert (ready.status, await ready.json()) == (503, {"database": "error", "live_store": "ok"})
        assert (await client.get("/livez")).status == 200


async def test_visits_by_state_and_whatever_others_count(house: House, ear: Browser, maja: Browser) -> None:
    await waiting(ear, maja)
    text = (await ear.get("/metrics")).body
    assert 'venterum_visits{state="waiting"} 1.0' in text
    assert 'venterum_visits{state="ended"} 0.0' in text
    assert 'venterum_recordings{state="running"} 0.0' in text
    assert "Maja" not in text
    assert CPR["maja"] not in text
    assert EAR not in text


async def test_plain_integers_are_read_at_the_scrape_even_with_the_database_gone() -> None:
    forwarded = [7]

    async def gone() -> Mapping[Any, int]:
        raise ConnectionError

    metrics = Metrics(gone, gone, gone)
    metrics.numbers.counter("venterum_packets_forwarded", "Packets sent on", lambda: forwarded[0])
    metrics.numbers.gauge("venterum_calls", "Calls now", lambda: 2)
    metrics.connections.labels("staff").inc()
    first = (await metrics.exposition()).decode()
    assert "venterum_packets_forwarded_total 7.0" in first
    assert "venterum_calls 2.0" in first
    assert 'venterum_connections{kind="staff"} 1.0' in first
    assert "venterum_visits{" not in first
    forwarded[0] = 8
    assert "venterum_packets_forwarded_total 8.0" in (await metrics.exposition()).decode()
