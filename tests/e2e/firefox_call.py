"""A call between a patient in Firefox and a clinician in Chromium; run by `test_firefox.py` in a network namespace of its own."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from .firefox import firefox
from .people import MEDIA, PERSON, Clinician, chromium, media_flows
from .servers import Server, serving

RECEIVES = "({media})().then(now => (now.framesDecoded ?? 0) > {frames} && (now.audioPackets ?? 0) > {packets} && now)"


async def call(server: Server, home: Path) -> None:
    async with chromium() as browser, firefox(home) as maja:
        anne: Clinician = await Clinician.sits_down(browser, server.url)
        await anne.goes_to_work("anne", "101001")
        await anne.adds(PERSON["maja"].cpr)
        await anne.opens_room()
        await maja.goto(server.url + "/patient")
        await maja.click("link", "Log ind med MitID")
        await maja.click("button", PERSON["maja"].name)
        await maja.click("button", "Stil dig i kø")
        await anne.accepts("maja")
        tab = await anne.starts_video("maja")
        now = await maja.until(RECEIVES.format(media=MEDIA, frames=0, packets=0))
        await media_flows(tab)
        more = RECEIVES.format(media=MEDIA, frames=now["framesDecoded"] + 10, packets=now["audioPackets"] + 10)
        await maja.until(more)


def main(home: Path, address: str) -> None:
    with serving(home, settings={"media_host": address}) as server:
        asyncio.run(call(server, home))
        assert server.codecs.read_text() == ""


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
