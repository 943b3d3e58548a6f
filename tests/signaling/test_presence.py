"""Who counts as connected."""

from __future__ import annotations

import pytest
from redis.asyncio import Redis

from signaling import presence as module
from signaling.presence import Presence
from signaling.store import connect
from tests.services import redis_server


async def test_connected_as_long_as_one_page_is_open(redis: Redis) -> None:
    here, there = Presence(redis), Presence(redis)
    assert await here.present(["patient:a", "patient:b"]) == frozenset()
    async with here.connected("patient:a"):
        async with there.connected("patient:a"):
            assert await here.present(["patient:a", "patient:b"]) == {"patient:a"}
        assert await there.present(["patient:a"]) == {"patient:a"}
    assert await here.present(["patient:a"]) == frozenset()


async def test_a_connection_whose_worker_died_runs_out(redis: Redis, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "EXPIRY_SECONDS", 0.0)
    presence = Presence(redis)
    async with presence.connected("patient:a"):
        assert await presence.present(["patient:a"]) == frozenset()


async def test_without_redis_nobody_counts_and_nothing_fails() -> None:
    with redis_server() as url:
        client = connect(url)
        presence = Presence(client)
        async with presence.connected("patient:a"):
            assert await presence.present(["patient:a"]) == {"patient:a"}
    assert await presence.present(["patient:a"]) == frozenset()
    async with presence.connected("patient:a"):
        pass
    await client.aclose()
