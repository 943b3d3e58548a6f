"""Datagrams in and out of a socket by the batch: whose each is, when the kernel got it, and what is queued in which order."""

from __future__ import annotations

import select
import socket
import time
from collections.abc import Iterator

import pytest

from media.batch import SLOTS, SPARE_SLOTS, DatagramBatch, Destination

BOTH = [(socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")]


class Pair:
    """A batch, and somebody who sends to it."""

    def __init__(self, family: socket.AddressFamily, host: str) -> None:
        self.near, self.far = (socket.socket(family, socket.SOCK_DGRAM) for _ in range(2))
        for each in (self.near, self.far):
            each.bind((host, 0))
            each.settimeout(5)
        self.batch = DatagramBatch(self.near)
        self.address: tuple[str, int] = self.far.getsockname()[:2]
        self.destination = Destination(family, self.address)

    def sends(self, *datagrams: bytes) -> None:
        for datagram in datagrams:
            self.far.sendto(datagram, self.near.getsockname())

    def receives(self) -> int:
        """How many slots were filled, once something has come."""
        assert select.select([self.near], [], [], 5)[0]
        return self.batch.receive()

    def close(self) -> None:
        self.near.close()
        self.far.close()


@pytest.fixture(params=BOTH, ids=["IPv4", "IPv6"])
def pair(request: pytest.FixtureRequest) -> Iterator[Pair]:
    made = Pair(*request.param)
    yield made
    made.close()


def test_each_datagram_is_known_by_its_sender_and_by_when_the_kernel_got_it(pair: Pair) -> None:
    for round_ in range(3):
        before, datagrams = time.time_ns(), [b"%d %d" % (round_, n) for n in range(5)]
        pair.sends(*datagrams)
        came: list[bytes] = []
        while len(came) < 5:
            for slot in range(pair.receives()):
                came.append(pair.batch.data(slot))
                assert pair.batch.key(slot) == pair.batch.key_of(pair.address)
                assert pair.batch.address(slot) == pair.address
                assert before <= pair.batch.arrival_ns(slot) <= time.time_ns()
        assert came == datagrams


def test_what_is_queued_goes_out_in_order_be_it_received_or_made_here(pair: Pair) -> None:
    pair.sends(b"received")
    assert pair.receives() == 1
    batch = pair.batch
    for made in (b"made here", b"and here"):
        _, address = batch.spare(made)
        batch.queue(address, len(made), pair.destination)
    batch.queue(batch.address_of(0), 8, pair.destination)
    batch.flush()
    assert [pair.far.recv(100) for _ in range(3)] == [b"made here", b"and here", b"received"]


def test_more_than_there_is_room_for_is_sent_in_between(pair: Pair) -> None:
    made = [b"%d" % number for number in range(2 * SPARE_SLOTS + SLOTS + 1)]
    for each in made:
        _, address = pair.batch.spare(each)
        pair.batch.queue(address, len(each), pair.destination)
    pair.batch.flush()
    assert [pair.far.recv(100) for _ in made] == made
    assert pair.batch.unsent == 0
