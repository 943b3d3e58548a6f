"""Calls by TURN alone: Chromium that may use nothing else, and Debian's coturn with the configuration that ships."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Browser, Page, expect

from tests.services import Coturn, coturn

from .people import PERSON, Clinician, Patient, chromium, media_flows
from .servers import serving

FILE = (Path(__file__).parent.parent.parent / "turnserver.conf.example").read_text(encoding="utf-8")

WAY = """async () => {
    const reports = await window.__venterumPeer.getStats();
    const transport = [...reports.values()].find((report) => report.type === 'transport');
    const pair = reports.get(transport?.selectedCandidatePairId);
    const local = reports.get(pair?.localCandidateId);
    return {
        type: local?.candidateType,
        protocol: local?.relayProtocol,
        gathered: [...reports.values()].filter((r) => r.type === 'local-candidate').map((r) => r.candidateType),
        username: window.__venterumPeer.getConfiguration().iceServers[0].username,
    };
}"""


@pytest.fixture(scope="module")
def relay() -> Iterator[Coturn]:
    with coturn(FILE) as running:
        yield running


def urls(relay: Coturn) -> Mapping[str, str]:
    """The TURN server's address by how a browser speaks to it, named as in W3C webrtc-stats' relayProtocol."""
    return {
        "udp": f"turn:127.0.0.1:{relay.port}?transport=udp",
        "tcp": f"turn:127.0.0.1:{relay.port}?transport=tcp",
        "tls": f"turns:127.0.0.1:{relay.tls_port}?transport=tcp",
    }


@asynccontextmanager
async def in_a_call(
    browser: Browser, home: Path, relay: Coturn, protocol: str, **settings: str
) -> AsyncIterator[tuple[Clinician, Page, Patient]]:
    """Henrik and Jonas in a call by TURN alone: the clinician, the call's tab, the patient."""
    turn = {"turn_urls": json.dumps([urls(relay)[protocol]]), "turn_secret": relay.secret}
    with serving(home, settings={**turn, "ice_transport_policy": "relay", **settings}) as server:
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
        yield henrik, tab, jonas
        # What is no JSON is the demonstration's announcement.
        log = "".join(line for line in server.log.read_text().splitlines() if line.startswith("{"))
        assert relay.secret not in log
        assert [url for person in (henrik, jonas) for url in person.asked_for if relay.secret in url] == []
        assert henrik.complaints + jonas.complaints == []


async def way(page: Page) -> dict[str, Any]:
    """How the page's packets go (W3C webrtc-stats), and the user name that its next allocation would have."""
    found: dict[str, Any] = await page.evaluate(WAY)
    return found


async def not_renewed(first: Mapping[Page, dict[str, Any]]) -> bool:
    """Whether a page still has the user name that it had first."""
    return any([(await way(page))["username"] == found["username"] for page, found in first.items()])


@pytest.mark.parametrize("protocol", ["udp", "tcp", "tls"])
async def test_the_whole_call_goes_by_the_turn_server(relay: Coturn, tmp_path: Path, protocol: str) -> None:
    # The certificate is signed by nobody, so Chromium is told to trust this one key; everything else of TLS is as always.
    trust = f"--ignore-certificate-errors-spki-list={relay.key_hash}"
    async with chromium(trust) as browser, in_a_call(browser, tmp_path, relay, protocol) as (henrik, tab, jonas):
        for page in (tab, jonas.page):
            found = await way(page)
            assert (found["type"], found["protocol"]) == ("relay", protocol)
            assert set(found["gathered"]) == {"relay"}
        await henrik.page.bring_to_front()
        await henrik.button("Afslut", henrik.row("Igangværende konsultationer", "jonas")).click()
        await henrik.button("Afslut", henrik.page.get_by_role("dialog")).click()
        await expect(henrik.row("Afsluttede konsultationer", "jonas")).to_be_visible()
        await expect(jonas.page.get_by_text("Konsultationen er afsluttet")).to_be_visible()


async def test_credentials_are_renewed_and_a_call_goes_on_past_them(
    relay: Coturn, browser: Browser, tmp_path: Path
) -> None:
    async with in_a_call(browser, tmp_path, relay, "udp", turn_lifetime_seconds="20") as (_, tab, jonas):
        first = {page: await way(page) for page in (tab, jonas.page)}
        await tab.evaluate("window.first = window.__venterumPeer")
        await jonas.page.evaluate("window.first = window.__venterumPeer")
        last_expiry_s = max(int(found["username"].partition(":")[0]) for found in first.values())
        deadline = time.monotonic() + 120
        while time.time() <= last_expiry_s + 1 or await not_renewed(first):
            assert time.monotonic() < deadline
            await asyncio.sleep(0.2)
        # What was allocated with the first ones goes on, on the very same connection.
        await media_flows(tab, jonas.page)
        for page in (tab, jonas.page):
            assert await page.evaluate("window.first === window.__venterumPeer")
            assert int((await way(page))["username"].partition(":")[0]) > time.time()
        # A new connection is made with fresh ones.
        await jonas.page.reload()
        await media_flows(tab, jonas.page)
        assert (await way(jonas.page))["type"] == "relay"
