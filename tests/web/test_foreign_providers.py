"""Logging in and out by two providers that nobody here wrote, each a process of its own, beside the demonstration's."""

from __future__ import annotations

import socket
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import ExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr
from yarl import URL

from rooms.demo import load_demo
from tests.identity.servers import mock_provider, node_provider
from tests.rooms.cast import by_hand
from web.identity_providers import IdentityProvider

from .conftest import serving
from .house import CPR, Answer, Browser, Heard, House, PageFields

NSIS = "https://data.gov.dk/concept/core/nsis/"
TOO_LOW = "/?login=assurance_too_low"

PEOPLE: Mapping[str, Mapping[str, Any]] = {
    "s-anne": {"nin": CPR["anne"].replace("-", ""), "mitid_loa": NSIS + "Substantial"},
    "s-maja": {"nin": CPR["maja"].replace("-", ""), "mitid_loa": "HIGH"},
    "s-low": {"nin": CPR["anne"].replace("-", ""), "mitid_loa": NSIS + "Low"},
    "s-odd": {"nin": CPR["anne"].replace("-", ""), "mitid_loa": "very sure"},
    "s-silent": {"nin": CPR["anne"].replace("-", "")},
    "s-morten": {"nemlogin.persistent_professional_id": "pid-morten", "nemlogin.cvr": "10150817", "loa": NSIS + "High"},
}


@pytest.fixture(scope="module")
def mock() -> Iterator[str]:
    with mock_provider(PEOPLE) as issuer:
        yield issuer


def signicat(issuer: str) -> IdentityProvider:
    return IdentityProvider(
        id="mock", label="Mock", issuer=issuer, client_id="v", client_secret=SecretStr("s"), preset="signicat"
    )


def signaturgruppen(issuer: str) -> IdentityProvider:
    return IdentityProvider(
        id="work", label="Work", issuer=issuer, client_id="w", client_secret=SecretStr("s"), preset="signaturgruppen"
    )


@asynccontextmanager
async def a_house(
    migrated: Path, home: Path, heard: Heard, bound: socket.socket, *providers: IdentityProvider
) -> AsyncIterator[House]:
    async with serving(migrated, home, None, heard, bound, providers) as house:
        await load_demo(house.rooms)
        yield house


@pytest.fixture
async def mock_house(
    mock: str, migrated: Path, tmp_path: Path, heard: Heard, bound: socket.socket
) -> AsyncIterator[House]:
    async with a_house(migrated, tmp_path, heard, bound, signicat(mock), signaturgruppen(mock)) as house:
        yield house


async def by_mock(browser: Browser, subject: str, role: str = "staff", provider: str = "mock") -> str:
    """Log in there as somebody; where it lands."""
    page = await browser.begin(provider, role)
    answer = await browser.ask("POST", page, data={"sub": subject})
    return (await browser.ask("GET", answer.headers["Location"])).headers["Location"]


async def test_every_provider_has_its_button(mock_house: House) -> None:
    async with mock_house.browser() as browser:
        offered = (await browser.get("/api/session")).body["providers"]
        assert [each["id"] for each in offered] == ["erhverv", "mitid", "mock", "work"]
        asked = (await browser.begin("work", "staff")).query
        assert (asked["idp_values"], asked["scope"]) == ("mitid_erhverv", "openid nemlogin")


async def test_a_broker_s_claims_are_read_by_its_map(mock_house: House) -> None:
    async with mock_house.browser() as browser:
        assert await by_mock(browser, "s-anne") == "/"
        assert await by_mock(browser, "s-maja", "patient") == "/patient"
        assert (await browser.get("/api/session")).body["person_name"] == "Anne Bruun Lindqvist"
        assert (await browser.get("/api/patient/session")).body["person_name"] == "Maja Elkjær Holm"


async def test_an_employee_without_cpr_number_is_known_by_the_professional_id(mock_house: House) -> None:
    async with mock_house.browser() as browser:
        assert await by_mock(browser, "s-morten", provider="work") == "/?login=failed"
        await by_hand(mock_house.settings.database_url, "INSERT INTO professional_ids VALUES ('pid-morten', 'morten')")
        assert await by_mock(browser, "s-morten", provider="work") == "/"
        assert (await browser.get("/api/session")).body["person_name"] == "Morten Skovgaard"
    assert '"cvr": "10150817"' in mock_house.heard.log.getvalue()


@pytest.mark.parametrize(
    ("subject", "landing", "reason"),
    [
        ("s-low", TOO_LOW, "assurance_too_low"),
        ("s-odd", "/?login=failed", "assurance_unreadable"),
        ("s-silent", "/?login=failed", "assurance_missing"),
    ],
)
async def test_a_login_that_is_not_sure_enough_is_refused(
    mock_house: House, subject: str, landing: str, reason: str
) -> None:
    async with mock_house.browser() as browser, mock_house.unchanged():
        assert await by_mock(browser, subject) == landing
        assert (await browser.get("/api/session")).body["step"] == "log_in"
    assert f'"reason": "{reason}"' in mock_house.heard.log.getvalue()


async def test_logging_out_leads_to_the_provider_and_back(mock_house: House) -> None:
    async with mock_house.browser() as browser:
        await by_mock(browser, "s-anne")
        out = URL((await browser.delete("/api/session")).body["continue_at"])
        assert out.query == {"client_id": "v", "post_logout_redirect_uri": f"{mock_house.settings.origin}/"}
        page = await browser.ask("GET", out)
        fields = PageFields.of(page.body).hidden
        back = await browser.ask("POST", out.join(URL("/oauth2/end_session/confirm")), data=fields)
        assert back.headers["Location"] == f"{mock_house.settings.origin}/"
        assert (await browser.delete("/api/session")).body == {"continue_at": None}


async def test_a_copy_of_the_cookie_is_worth_nothing_after_the_logout(mock_house: House) -> None:
    async with mock_house.browser() as browser, mock_house.browser() as thief:
        await by_mock(browser, "s-anne")
        thief.cookies.update_cookies(browser.cookies.filter_cookies(browser.origin), browser.origin)
        assert (await thief.get("/api/session")).body["person_name"] == "Anne Bruun Lindqvist"
        await browser.delete("/api/session")
        assert (await thief.get("/api/session")).body["step"] == "log_in"
        answer = await thief.post("/api/session/clinic", {"identifier": "101001", "declaration_version": "1"})
        assert answer.refusal == (401, "not_logged_in")


# npm's oidc-provider keeps a session of its own, and tells of its end.


@pytest.fixture
async def node_house(migrated: Path, tmp_path: Path, heard: Heard, bound: socket.socket) -> AsyncIterator[House]:
    origin = f"http://127.0.0.1:{bound.getsockname()[1]}"
    client = {
        "client_id": "venterum",
        "client_secret": "a secret that only the two know",
        "redirect_uris": [f"{origin}/login/callback"],
        "post_logout_redirect_uris": [f"{origin}/", f"{origin}/patient"],
        "backchannel_logout_uri": f"{origin}/login/node/backchannel-logout",
        "backchannel_logout_session_required": True,
    }
    with ExitStack() as running:
        issuer = running.enter_context(node_provider(PEOPLE, client))
        provider = IdentityProvider(
            id="node",
            label="Node",
            issuer=issuer,
            client_id=client["client_id"],
            client_secret=SecretStr("a secret that only the two know"),
            preset="signicat",
            scopes=("openid", "person"),
            userinfo=True,
        )
        async with a_house(migrated, tmp_path, heard, bound, provider) as house:
            yield house


async def follow(browser: Browser, answer: Answer, origin: URL) -> Answer:
    """Go where a provider's answers lead, until one leads back to this server or shows a page."""
    at = origin
    while answer.status in (302, 303):
        at = at.join(URL(answer.headers["Location"]))
        if at.origin() == browser.origin:
            return answer
        answer = await browser.ask("GET", at)
    return Answer(answer.status, answer.body, {**answer.headers, "At": str(at)})


async def by_node(browser: Browser, subject: str, role: str = "staff") -> str:
    """Log in there, and say yes to whatever it asks; where it lands."""
    page = await browser.begin("node", role)
    answer = await follow(browser, await browser.ask("GET", page), page.origin())
    while answer.status == 200:
        prompt = PageFields.of(answer.body).hidden["prompt"]
        form = {"prompt": prompt, "login": subject, "password": "x"}
        answer = await follow(browser, await browser.ask("POST", answer.headers["At"], data=form), page.origin())
    return (await browser.ask("GET", answer.headers["Location"])).headers["Location"]


async def logs_out_at_node(browser: Browser, at: URL) -> Answer:
    """Say yes on the provider's own logout page."""
    page = await browser.ask("GET", at)
    assert page.status == 200, page
    xsrf = PageFields.of(page.body).hidden["xsrf"]
    return await browser.ask("POST", at.join(URL("/session/end/confirm")), data={"xsrf": xsrf, "logout": "yes"})


async def test_claims_from_the_userinfo_endpoint(node_house: House) -> None:
    async with node_house.browser() as browser, node_house.browser() as low:
        assert await by_node(browser, "s-anne") == "/"
        assert (await browser.get("/api/session")).body["person_name"] == "Anne Bruun Lindqvist"
        assert await by_node(low, "s-low") == TOO_LOW


async def test_logging_out_there_and_back(node_house: House) -> None:
    async with node_house.browser() as browser:
        await by_node(browser, "s-anne")
        out = URL((await browser.delete("/api/session")).body["continue_at"])
        assert (await logs_out_at_node(browser, out)).headers["Location"] == f"{node_house.settings.origin}/"


async def test_a_logout_at_the_provider_ends_that_login_here_and_its_open_pages(node_house: House) -> None:
    async with node_house.browser() as browser, node_house.browser() as elsewhere:
        await by_node(browser, "s-anne")
        await by_node(browser, "s-anne", "patient")
        await by_node(elsewhere, "s-anne")
        entered = await browser.post("/api/session/clinic", {"identifier": "101001", "declaration_version": "1"})
        await browser.post("/api/session/practitioner", {"practitioner_id": "oere-anne"})
        async with browser.live(f"/api/clinics/{entered.body['clinic']['id']}/live") as page:
            assert (await page.receive_json(timeout=60))["type"] == "board"
            provider = URL(await browser.begin("node", "staff")).origin()
            await logs_out_at_node(browser, provider.join(URL("/session/end")))
            assert (await page.receive_json(timeout=60)) == {"type": "revoked"}
        # The old cookie is worth nothing from now on; the login in another browser, another session there, stands.
        assert (await browser.get("/api/session")).body["step"] == "log_in"
        assert (await browser.get("/api/patient/session")).body["person_name"] is None
        assert (await elsewhere.get("/api/session")).body["step"] == "choose_clinic"
    assert "logged_out_by_provider" in node_house.heard.log.getvalue()
