"""Row 1: two ways to log in, both real OpenID Connect flows; and a third, by a provider that nobody here wrote."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.async_api import Browser, expect

from tests.identity.servers import node_provider
from tests.services import free_port

from .people import PERSON, Clinician, Patient
from .servers import Server, serving

NSIS = "https://data.gov.dk/concept/core/nsis/"
PEOPLE = {
    "anne-there": {"nin": PERSON["anne"].cpr, "mitid_loa": NSIS + "Substantial"},
    "anne-low": {"nin": PERSON["anne"].cpr, "mitid_loa": NSIS + "Low"},
}


@pytest.fixture
def beside(tmp_path: Path) -> Iterator[Server]:
    """A server with npm's oidc-provider beside the demonstration's two ways."""
    port = free_port()
    origin = f"http://127.0.0.1:{port}"
    secret = "a secret that only the two know"
    client = {
        "client_id": "venterum",
        "client_secret": secret,
        "redirect_uris": [f"{origin}/login/callback"],
        "post_logout_redirect_uris": [f"{origin}/", f"{origin}/patient"],
        "backchannel_logout_uri": f"{origin}/login/broker/backchannel-logout",
        "backchannel_logout_session_required": True,
    }
    with node_provider(PEOPLE, client) as issuer:
        provider = {
            "id": "broker",
            "label": "MitID hos en anden broker",
            "issuer": issuer,
            "client_id": "venterum",
            "client_secret": secret,
            "preset": "signicat",
            "scopes": ["openid", "person"],
            "userinfo": True,
        }
        with serving(tmp_path, port=port, settings={"identity_providers": json.dumps([provider])}) as server:
            yield server


class AtBroker(Clinician):
    """Staff who log in at the other broker, whose pages are its own."""

    async def logs_in_there(self, subject: str) -> None:
        await self.page.goto(self.url + "/")
        await self.button("Log ind").click()
        await self.page.get_by_role("link", name="MitID hos en anden broker").click()
        await self.page.get_by_placeholder("Enter any login").fill(subject)
        await self.page.get_by_placeholder("and password").fill("x")
        await self.button("Sign-in").click()
        await self.button("Continue").click()


async def test_both_ways_of_the_guide(server: Server, browser: Browser) -> None:
    for way in ("Medarbejdersignatur (MitID Erhverv)", "Personligt MitID"):
        anne: Clinician = await Clinician.sits_down(browser, server.url)
        await anne.logs_in("anne", way)
        await expect(anne.page.get_by_text(f"Du er logget ind som {PERSON['anne'].name}.")).to_be_visible()
        await anne.button("Log ud").click()
        await expect(anne.button("Log ind")).to_be_visible()
        assert anne.complaints == []
    maja: Patient = await Patient.sits_down(browser, server.url)
    await maja.logs_in("maja")
    await expect(maja.page.get_by_text(PERSON["maja"].name)).to_be_visible()


async def test_another_provider_side_by_side(beside: Server, browser: Browser) -> None:
    anne: AtBroker = await AtBroker.sits_down(browser, beside.url)
    await anne.logs_in_there("anne-there")
    await expect(anne.page.get_by_text(f"Du er logget ind som {PERSON['anne'].name}.")).to_be_visible()
    await anne.gives_clinic("101001")
    await anne.picks_practitioner("anne")
    await expect(anne.section("Patienter i kø")).to_be_visible()

    # A logout at the provider, in another tab of the browser, closes the open page here at once.
    issuer = next(url for url in anne.asked_for if "/interaction/" in url).split("/interaction/")[0]
    there = await anne.context.new_page()
    await there.goto(f"{issuer}/session/end")
    await there.get_by_role("button", name=re.compile("^Yes")).click()
    await expect(anne.page.get_by_text("Din adgang er ophørt")).to_be_visible()
    await anne.page.reload()
    await expect(anne.button("Log ind")).to_be_visible()

    # A logout here leads to the provider's, and back.
    await anne.logs_in_there("anne-there")
    await expect(anne.page.get_by_label("Ydernummer eller SOR-ID")).to_be_visible()
    await anne.button("Log ud").click()
    await anne.page.wait_for_url(f"{issuer}/**")
    await anne.button(re.compile("^Yes")).click()
    await anne.page.wait_for_url(f"{beside.url}/")
    await expect(anne.button("Log ind")).to_be_visible()
    assert not [url for url in anne.asked_for if "id_token" in url or PERSON["anne"].cpr in url]


async def test_a_login_below_the_level_is_told_why(beside: Server, browser: Browser) -> None:
    anne: AtBroker = await AtBroker.sits_down(browser, beside.url)
    await anne.logs_in_there("anne-low")
    await expect(anne.page.get_by_role("alert")).to_contain_text("lavere sikringsniveau")
    assert anne.page.url == f"{beside.url}/"
