"""The media node that holds a call is killed: both browsers come back on another node by themselves, and the call goes on."""

from __future__ import annotations

import json
import signal
from pathlib import Path

from playwright.async_api import Browser, expect
from redis import Redis

from tests.services import free_port, redis_server

from .people import PERSON, Clinician, Patient, media_flows
from .servers import media_node, serving

KEY_BYTES = 32


async def test_a_call_outlives_the_node_that_held_it(browser: Browser, tmp_path: Path) -> None:
    key = tmp_path / "venterum.key"
    key.touch(mode=0o600)
    key.write_bytes(bytes(range(KEY_BYTES)))
    with redis_server() as redis_url:
        ports = free_port(), free_port()
        settings = {"redis_url": redis_url, "key_file": str(key)}
        with (
            media_node(tmp_path, "one", settings | {"media_control_port": str(ports[0])}) as one,
            media_node(tmp_path, "two", settings | {"media_control_port": str(ports[1])}) as two,
            serving(tmp_path, settings=settings | {"media_inside": "false"}) as server,
            Redis.from_url(redis_url, decode_responses=True) as live,
        ):
            henrik: Clinician = await Clinician.sits_down(browser, server.url)
            jonas: Patient = await Patient.sits_down(browser, server.url)
            await henrik.goes_to_work("henrik", "202002")
            await henrik.adds(PERSON["jonas"].cpr)
            await henrik.opens_room()
            await jonas.logs_in("jonas")
            await jonas.joins("202002")
            await henrik.accepts("jonas")
            tab = await henrik.starts_video("jonas")
            await media_flows(tab, jonas.page)

            holder = one if holds_a_call(live, ports[0]) else two
            holder.send_signal(signal.SIGKILL)
            holder.wait()
            await media_flows(tab, jonas.page)
            await expect(henrik.row("Igangværende konsultationer", "jonas")).to_be_visible()
            assert (tmp_path / "one.codecs").read_text() == (tmp_path / "two.codecs").read_text() == ""


def holds_a_call(live: Redis, control_port: int) -> bool:
    """Whether the node with this control port says, in its heartbeat, that it holds a call."""
    told = [json.loads(str(live.get(key))) for key in live.scan_iter("venterum:node:*")]
    return any(node["rooms"] > 0 and node["url"].endswith(f":{control_port}") for node in told)
