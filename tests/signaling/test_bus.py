"""Wake-ups: within a process, between two, and when Redis goes away and comes back."""

from __future__ import annotations

import asyncio

from redis.asyncio import Redis

from signaling import bus as module
from signaling.bus import Bus
from signaling.store import connect
from tests.media.peers import until
from tests.services import redis_server


async def test_a_listener_is_woken_by_its_topic_alone(bus: Bus) -> None:
    mine, other = asyncio.Event(), asyncio.Event()
    undo = bus.listen("clinic:a", mine)
    bus.listen("clinic:b", other)
    bus.announce("clinic:a")
    assert mine.is_set()
    assert not other.is_set()
    mine.clear()
    undo()
    bus.announce("clinic:a")
    assert not mine.is_set()


async def test_another_worker_is_woken_too(redis: Redis, bus: Bus) -> None:
    second = Bus(redis)
    await second.start()
    woken = asyncio.Event()
    second.listen("clinic:a", woken)
    await until(lambda: bus.up and second.up)
    woken.clear()
    bus.announce("clinic:a")
    await asyncio.wait_for(woken.wait(), 60)
    await second.close()
    await second.close()


async def test_nobody_is_woken_twice_by_one_announcement(redis: Redis, bus: Bus) -> None:
    second = Bus(redis)
    await second.start()
    here, there, after = asyncio.Event(), asyncio.Event(), asyncio.Event()
    bus.listen("clinic:a", here)
    bus.listen("clinic:b", after)
    second.listen("clinic:a", there)
    await until(lambda: bus.up and second.up)
    for event in (here, there, after):
        event.clear()
    bus.announce("clinic:a")
    assert here.is_set()
    here.clear()
    await asyncio.wait_for(there.wait(), 20)
    # What is announced later comes later, so the first has come by then.
    second.announce("clinic:b")
    await asyncio.wait_for(after.wait(), 20)
    assert not here.is_set()
    await second.close()


async def test_announcing_never_waits_and_drops_the_oldest(redis: Redis) -> None:
    idle = Bus(redis)
    for number in range(module.MAX_UNSENT + 5):
        idle.announce(f"clinic:{number}")
    assert idle._unsent.qsize() == module.MAX_UNSENT
    assert idle._unsent.get_nowait() == "clinic:5"


async def test_without_redis_listeners_look_by_themselves_and_with_it_again_they_are_woken() -> None:
    with redis_server() as url:
        client = connect(url)
        bus = Bus(client)
        await bus.start()
        await until(lambda: bus.up)
        event = asyncio.Event()
        bus.listen("clinic:a", event)
    # Redis is gone.
    await until(lambda: not bus.up)
    assert event.is_set()
    event.clear()
    bus.announce("clinic:a")
    assert event.is_set()
    event.clear()
    await asyncio.wait_for(bus.wait(event), module.POLL_SECONDS * 10)
    port = int(url.rpartition(":")[2].partition("/")[0])
    with redis_server(port=port):
        await until(lambda: bus.up)
        await bus.close()
    await client.aclose()
