"""Noise at the node's port, from strangers and from a participant's own address: no crash, no growth, no effect on the call."""

from __future__ import annotations

import asyncio
import random
import socket
from collections.abc import Iterator
from struct import pack
from typing import Any

import pytest

from .fuzzed import FuzzedCall, seeds
from .peers import call, loopback_candidates, own_socket, running_node, until

DATAGRAMS = 3000
SEEDS = (1, 2, 3)


@pytest.fixture(autouse=True)
def loopback(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with loopback_candidates(monkeypatch):
        yield


def noise(seeded: random.Random) -> bytes:
    """A datagram that begins like one of the protocols and goes on as it likes, seeded so that a failure repeats."""
    body = seeded.randbytes(seeded.choice((0, 1, 3, 8, 20, 60, 300, 1200, 2047, 2048, 4000)))
    head = seeded.choice(
        (
            b"",
            pack("!HHI", seeded.choice((0x0001, 0x0101, 0x0111, 0x0003)), len(body) & 0xFFFF, 0x2112A442),
            pack("!HHI12s", 0x0001, len(body), 0x2112A442, bytes(12)),
            bytes([seeded.randint(20, 63), 0xFE, seeded.choice((0xFD, 0xFF))]),
            pack("!BBHII", seeded.randint(128, 191), seeded.randint(0, 127), seeded.randint(0, 0xFFFF), 1, 2),
            pack("!BBHI", seeded.randint(128, 191), seeded.randint(192, 223), seeded.randint(0, 0xFFFF), 1),
        )
    )
    return (head + body)[:4000]


@pytest.mark.parametrize("seed", SEEDS)
async def test_noise_changes_nothing_for_those_in_a_call(seed: int) -> None:
    seeded = random.Random(seed)
    broken: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda loop, context: broken.append(context))
    async with running_node() as node, call(node) as (first, second):
        inside = own_socket(first)
        tables = node.socket._media, node.socket._handshakes, node.socket._usernames
        sizes = [len(table) for table in tables]
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as outside:
            for number in range(DATAGRAMS):
                datagram = noise(seeded)
                outside.sendto(datagram, ("127.0.0.1", node.port))
                # DTLS alerts of one's own are one's own affair: everything else must be borne.
                if not datagram or not 19 < datagram[0] < 64:
                    inside.sendto(datagram, ("127.0.0.1", node.port))
                if number % 50 == 0:
                    await asyncio.sleep(0)
        counters = node.socket.counters
        await until(
            lambda: counters.stranger + counters.unreadable + counters.empty + counters.oversized > DATAGRAMS / 2
        )
        decoded = first.received, second.received
        await until(lambda: first.received > decoded[0] + 10 and second.received > decoded[1] + 10)
        assert node.rooms() == {"room": ("first", "second")}
        assert [len(table) for table in tables] == sizes
        assert node.counters.decrypt > 0
    assert [context["message"] for context in broken] == []


def test_what_the_long_run_begins_from_disturbs_no_call() -> None:
    """`make fuzz` goes on from these."""
    under_way = FuzzedCall()
    try:
        for seed in seeds():
            under_way.run(seed)
    finally:
        under_way.close()
