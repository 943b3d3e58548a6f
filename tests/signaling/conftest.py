"""The live store, both ways: embedded, and a real Redis that the tests start and stop."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import pytest
from redis.asyncio import Redis

from signaling.bus import Bus
from signaling.store import connect
from tests.services import redis_server


@pytest.fixture(scope="session")
def redis_url() -> Iterator[str]:
    with redis_server() as url:
        yield url


@pytest.fixture(params=["embedded", "redis"])
async def redis(request: pytest.FixtureRequest) -> AsyncIterator[Redis]:
    url = None if request.param == "embedded" else request.getfixturevalue("redis_url")
    client = connect(url)
    await client.flushall()
    yield client
    await client.aclose()


@pytest.fixture
async def bus(redis: Redis) -> AsyncIterator[Bus]:
    bus = Bus(redis)
    await bus.start()
    yield bus
    await bus.close()
