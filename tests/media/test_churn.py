"""What is left of a call that has ended: nothing, at once, without the garbage collector."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Iterator
from typing import Any

import pytest

from .peers import call, live_leg, loopback_candidates, running_node, until


@pytest.fixture(autouse=True)
def loopback(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with loopback_candidates(monkeypatch):
        yield


async def test_an_ended_leg_is_freed_at_once() -> None:
    gc.collect()
    gc.disable()
    try:
        async with running_node() as node:
            async with call(node):
                left: list[weakref.ref[Any]] = []
                for participant in ("first", "second"):
                    # A leg holds its transport, and that these: were one of the two left, so would they.
                    transport = live_leg(node, "room", participant).transport
                    left += [weakref.ref(part) for part in (transport._agent, transport._ice, transport._dtls)]
                    left += [weakref.ref(transport._dtls._rx_srtp), weakref.ref(transport._dtls._ssl)]
                del transport
            await node.close_room("room")
            await until(lambda: not [ref() for ref in left if ref() is not None])
    finally:
        gc.enable()
