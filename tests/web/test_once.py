"""What may be used once is used once: with the live store, without it, and when it is lost in between."""

from __future__ import annotations

import pytest
from redis.asyncio import Redis

from signaling.store import connect
from web import once
from web.once import Once


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def nowhere() -> Redis:
    """A live store that cannot be reached."""
    return Redis.from_url("redis://127.0.0.1:1/0", socket_connect_timeout=0.2)


async def test_two_workers_share_what_was_used(clock: Clock) -> None:
    redis = connect(None)
    here, there = Once(redis, clock), Once(redis, clock)
    assert await here.first("launch", "jti", 1060)
    assert not await there.first("launch", "jti", 1060)
    assert not await here.first("launch", "jti", 1060)
    assert await there.first("logout", "jti", 1060)
    assert await there.first("launch", "another", 1060)
    assert all("jti" not in str(key) for key in await redis.keys("*"))
    await redis.aclose()


async def test_what_has_run_out_is_not_used_at_all(clock: Clock) -> None:
    redis = connect(None)
    assert not await Once(redis, clock).first("launch", "jti", 999)
    await redis.aclose()


async def test_without_the_live_store_a_worker_remembers_by_itself(clock: Clock) -> None:
    alone = Once(nowhere(), clock)
    assert await alone.first("launch", "jti", 1060)
    assert not await alone.first("launch", "jti", 1060)


async def test_a_live_store_lost_in_between_does_not_let_a_second_use_through(clock: Clock) -> None:
    redis = connect(None)
    worker = Once(redis, clock)
    assert await worker.first("launch", "jti", 1060)
    await redis.flushall()
    assert not await worker.first("launch", "jti", 1060)
    await redis.aclose()


async def test_its_memory_has_a_bound_past_which_it_refuses(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(once, "MAX_REMEMBERED", 2)
    worker = Once(connect(None), clock)
    assert await worker.first("launch", "1", 1010)
    assert await worker.first("launch", "2", 1060)
    assert not await worker.first("launch", "3", 1060)
    clock.now = 1011
    assert await worker.first("launch", "4", 1060)
