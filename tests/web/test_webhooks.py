"""What practice systems are told: signed, in order, again until it is taken, by one worker at a time, without a CPR number."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rooms.records import Actor, Role
from web.practice_keys import secret_text
from web.webhooks import Webhooks, signature

from .house import CPR, EAR, House
from .practice import Practice, Receiver

ANNE = Actor("anne", Role.PRACTITIONER, "oere-anne")


@pytest.fixture
async def receiver() -> AsyncIterator[tuple[Receiver, str]]:
    receiver = Receiver()
    async with receiver.serving() as url:
        yield receiver, url


class Telling:
    """Workers that tell, and what the receiver was told."""

    def __init__(self, house: House, receiver: Receiver, epj: Practice, stack: AsyncExitStack) -> None:
        self.house = house
        self.receiver = receiver
        self.epj = epj
        self._stack = stack

    async def worker(self, owner: str) -> Webhooks:
        worker = Webhooks(
            self.house.rooms.outbox,
            self.house.rooms.log,
            self.house.worker.bus,
            owner=owner,
            secret_of=self.house.key.webhook_secret,
        )
        await worker.start()
        self._stack.push_async_callback(worker.close)
        return worker

    def bodies(self) -> list[dict[str, Any]]:
        return [json.loads(body) for _, body in self.receiver.taken]

    def types(self) -> list[str]:
        return [body["type"] for body in self.bodies()]

    async def until(self, condition: Callable[[], bool]) -> None:
        async with asyncio.timeout(60):
            while not condition():
                await asyncio.sleep(0.02)

    async def joins(self) -> str:
        return (await self.house.rooms.waiting_room.join("maja", EAR)).id


@pytest.fixture
async def telling(house: House, receiver: tuple[Receiver, str]) -> AsyncIterator[Telling]:
    """A practice system that is told of the clinic, whose room is open and has one patient with a reference."""
    received, url = receiver
    epj = await Practice.registered(house.rooms, house.settings.origin, "101001", webhook=url)
    patient = await house.rooms.patients.add(ANNE, EAR, CPR["maja"])
    await house.rooms.practice_systems.refer(epj.system, EAR, patient.id, "EPJ-17")
    await house.rooms.waiting_room.open(ANNE, EAR)
    async with AsyncExitStack() as stack:
        yield Telling(house, received, epj, stack)


async def test_a_visit_is_told_from_arrival_to_end(telling: Telling) -> None:
    await telling.worker("one")
    rooms = telling.house.rooms
    visit = await telling.joins()
    await rooms.waiting_room.accept(ANNE, EAR, visit)
    await rooms.waiting_room.start(ANNE, EAR, visit)
    await rooms.waiting_room.end(ANNE, EAR, visit)
    second = await telling.joins()
    await rooms.waiting_room.reject(ANNE, EAR, second, "Ingen tid i dag.")
    third = await telling.joins()
    await rooms.waiting_room.leave("maja", third)
    await telling.until(lambda: len(telling.receiver.taken) == 7)
    assert telling.types() == [
        "visit.arrived",
        "visit.started",
        "visit.ended",
        "visit.arrived",
        "visit.refused",
        "visit.arrived",
        "visit.left",
    ]
    started = telling.bodies()[1]
    assert started["visit"]["visit_id"] == visit
    assert (started["visit"]["reference"], started["visit"]["cpr"]) == ("EPJ-17", None)
    assert (started["ydernummer"], started["visit"]["authorisation_id"]) == ("101001", "0XDB1")
    everything = b"".join(body for _, body in telling.receiver.taken).decode()
    assert CPR["maja"] not in everything
    assert "Maja" not in everything
    assert "Ingen tid" not in everything
    numbers = [body["number"] for body in telling.bodies()]
    assert numbers == sorted(set(numbers))


async def test_the_signature_is_the_shared_secret_s(telling: Telling) -> None:
    await telling.worker("one")
    await telling.joins()
    await telling.until(lambda: bool(telling.receiver.taken))
    headers, body = telling.receiver.taken[0]
    sent = {name.lower(): value for name, value in headers.items()}
    secret = base64.b64decode(secret_text(telling.house.key.webhook_secret(telling.epj.system.id))[6:])
    signed = f"{sent['webhook-id']}.{sent['webhook-timestamp']}.".encode() + body
    expected = base64.b64encode(hmac.new(secret, signed, hashlib.sha256).digest()).decode()
    assert sent["webhook-signature"] == f"v1,{expected}"
    assert sent["webhook-id"] == json.loads(body)["id"]


async def test_what_is_not_taken_is_told_again_later_and_the_rest_after_it(telling: Telling) -> None:
    telling.receiver.statuses = [500, 302, 404]
    worker = await telling.worker("one")
    visit = await telling.joins()
    await telling.house.rooms.waiting_room.leave("maja", visit)
    for attempt in (1, 2, 3):
        await telling.until(lambda attempt=attempt: len(telling.receiver.taken) == attempt)  # type: ignore[misc]  # a default
        await telling.until(telling_waits(telling))
        await worker.tell_due()  # too early: nothing is told
        assert len(telling.receiver.taken) == attempt
        telling.house.clock.ahead += timedelta(seconds=2**attempt + 1)
        await worker.tell_due()
    await telling.until(lambda: len(telling.receiver.taken) == 5)
    assert telling.types() == ["visit.arrived"] * 4 + ["visit.left"]
    assert len({body["id"] for body in telling.bodies()}) == 2


def telling_waits(telling: Telling) -> Callable[[], bool]:
    """Whether the failure was noted: the log says so before, so a moment more is given."""
    count = len(telling.receiver.taken)
    return lambda: telling.house.heard.log.getvalue().count("webhook_failed") >= count


async def test_a_receiver_that_is_away_loses_nothing(telling: Telling) -> None:
    other = await Practice.registered(
        telling.house.rooms, telling.epj.audience, "101001", name="Away", webhook="http://127.0.0.1:1/"
    )
    await telling.joins()
    worker = await telling.worker("one")
    await telling.until(lambda: telling.types() == ["visit.arrived"])  # the other system's trouble is its own
    await telling.until(lambda: '"status": null' in telling.house.heard.log.getvalue())
    telling.house.clock.ahead += timedelta(days=2)
    await worker.tell_due()
    await telling.until(lambda: telling.house.heard.log.getvalue().count("webhook_failed") == 2)
    # After three days it is given up, and the cursor goes on.
    telling.house.clock.ahead += timedelta(days=2)
    await worker.tell_due()
    await telling.until(lambda: "webhook_given_up" in telling.house.heard.log.getvalue())
    assert await settled(telling, other.system.id)


async def settled(telling: Telling, system_id: str) -> bool:
    async with asyncio.timeout(60):
        while any(cursor.system_id == system_id for cursor in await telling.house.rooms.outbox.due()):
            await asyncio.sleep(0.02)
    return True


async def test_many_workers_tell_everything_once(telling: Telling) -> None:
    workers = [await telling.worker(f"w{number}") for number in range(4)]
    for _ in range(10):
        visit = await telling.joins()
        await asyncio.gather(*(worker.tell_due() for worker in workers))
        await telling.house.rooms.waiting_room.leave("maja", visit)
        await asyncio.gather(*(worker.tell_due() for worker in workers))
    await telling.until(lambda: len(telling.receiver.taken) == 20)
    assert telling.types() == ["visit.arrived", "visit.left"] * 10


async def test_a_worker_that_died_is_followed_by_another(telling: Telling) -> None:
    outbox = telling.house.rooms.outbox
    await telling.joins()
    (cursor,) = await outbox.due()
    assert await outbox.lease(cursor, "dead")
    assert not await outbox.lease(cursor, "one")
    worker = await telling.worker("one")
    await worker.tell_due()
    assert telling.receiver.taken == []
    telling.house.clock.ahead += timedelta(seconds=61)
    await worker.tell_due()
    await telling.until(lambda: telling.types() == ["visit.arrived"])
    # The one that was thought dead cannot move the cursor back or on.
    assert not await outbox.told(cursor, "dead", cursor.last_event + 1)


async def test_a_system_is_told_nothing_from_before_and_nothing_after(telling: Telling) -> None:
    await telling.joins()
    late = await Practice.registered(
        telling.house.rooms, telling.epj.audience, "101001", name="Late", webhook="http://127.0.0.1:1/"
    )
    assert {cursor.system_id for cursor in await telling.house.rooms.outbox.due()} == {telling.epj.system.id}
    await telling.house.rooms.practice_systems.remove("EPJ")
    await telling.house.rooms.practice_systems.remove(late.system.name)
    assert await telling.house.rooms.outbox.due() == ()


async def test_a_cpr_number_is_told_where_the_registration_says_so(
    house: House, receiver: tuple[Receiver, str]
) -> None:
    received, url = receiver
    epj = await Practice.registered(house.rooms, house.settings.origin, "101001", webhook=url, cpr=True)
    await house.rooms.patients.add(ANNE, EAR, CPR["maja"])
    await house.rooms.waiting_room.open(ANNE, EAR)
    async with AsyncExitStack() as stack:
        telling = Telling(house, received, epj, stack)
        await telling.worker("one")
        await telling.joins()
        await telling.until(lambda: bool(received.taken))
        assert telling.bodies()[0]["visit"]["cpr"] == CPR["maja"]
        assert telling.bodies()[0]["visit"]["reference"] is None


@given(st.binary(min_size=1, max_size=64), st.binary(max_size=200))
def test_another_secret_or_body_is_another_signature(secret: bytes, body: bytes) -> None:
    signed = signature(secret, "c.1", 1, body)
    assert signature(secret + b"x", "c.1", 1, body) != signed
    assert signature(secret, "c.1", 1, body + b"x") != signed
    assert signature(secret, "c.1", 2, body) != signed
