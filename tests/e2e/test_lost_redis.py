"""Redis dies in mid-call: the call goes on, the queue works, nothing acknowledged is lost; and all is well when it is back."""

from __future__ import annotations

import asyncio
import json
from contextlib import ExitStack
from pathlib import Path

from playwright.async_api import Browser, expect

from tests.services import free_port, redis_server

from .people import PERSON, Clinician, Patient, media_flows
from .servers import Server, serving

QUEUE, ONGOING, ENDED = "Patienter i kø", "Igangværende konsultationer", "Afsluttede konsultationer"


async def test_without_redis_the_call_goes_on_and_the_queue_works(browser: Browser, tmp_path: Path) -> None:
    port = free_port()
    with ExitStack() as redis:
        url = redis.enter_context(redis_server(port))
        with serving(tmp_path, settings={"redis_url": url}) as server:
            henrik: Clinician = await Clinician.sits_down(browser, server.url)
            jonas: Patient = await Patient.sits_down(browser, server.url)
            maja: Patient = await Patient.sits_down(browser, server.url)
            await henrik.goes_to_work("henrik", "202002")
            for key in ("jonas", "maja"):
                await henrik.adds(PERSON[key].cpr)
            await henrik.opens_room()
            await jonas.logs_in("jonas")
            await maja.logs_in("maja")
            await jonas.joins("202002")
            await henrik.accepts("jonas")
            tab = await henrik.starts_video("jonas")
            await media_flows(tab, jonas.page)

            redis.close()
            await said(server, live_store="error")
            await media_flows(tab, jonas.page)
            await henrik.page.bring_to_front()
            await maja.joins("202002")
            await expect(henrik.row(QUEUE, "maja")).to_be_visible()
            await media_flows(tab, jonas.page)
            await henrik.button("Afslut", henrik.row(ONGOING, "jonas")).click()
            await henrik.button("Afslut", henrik.page.get_by_role("dialog")).click()
            await expect(henrik.row(ENDED, "jonas")).to_be_visible()
            await expect(jonas.page.get_by_text("Konsultationen er afsluttet")).to_be_visible()

            redis.enter_context(redis_server(port))
            await said(server, live_store="ok", media_node="ok")
            await henrik.accepts("maja")
            tab = await henrik.starts_video("maja")
            await media_flows(tab, maja.page)


async def said(server: Server, **parts: str) -> None:
    """Wait until /readyz says this of its parts."""
    async with asyncio.timeout(60):
        while not parts.items() <= json.loads(server.get("/readyz")[1]).items():
            await asyncio.sleep(0.1)
