"""A whole server for a test, on real parts, with browsers that go through the real login; and what must never leak from it."""

from __future__ import annotations

import io
import re
from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from typing import Any, Self

import aiohttp
import pytest
from redis.asyncio import Redis
from yarl import URL

from rooms.demo import demo_people
from rooms.purposes import QUIET
from rooms.records import Actor, Role
from rooms.store import Rooms
from signaling.worker import Worker
from tests.rooms.cast import by_hand
from web.keys import InstallationKey
from web.settings import Settings

LOOKS_LIKE_CPR = re.compile(r"(?<![0-9A-Za-z])\d{6}[- ]?\d{4}(?![0-9A-Za-z])")
STRUCK_OUT = "••••••-••••"

EAR = "oereklinikken"
"""The demonstration's clinic with two practitioners and an employee who is not active."""
SKIN = "hudklinikken"
"""The demonstration's clinic with one practitioner."""

on_either_store = pytest.mark.parametrize("redis_url", ["embedded", "redis"], indirect=True)
"""Marks a test (or a module, as `pytestmark`) to run with the embedded live store and with a real Redis."""

CPR: Mapping[str, str] = {person.key: person.cpr for person in demo_people()}


@dataclass(slots=True)
class Heard:
    """What went over the wire and into the log, to be looked through afterwards."""

    log: io.StringIO = field(default_factory=io.StringIO)
    addresses: list[str] = field(default_factory=list)
    refusals: list[str] = field(default_factory=list)

    def assert_no_cpr(self) -> None:
        """No CPR number anywhere, and none that the log's last net had to strike out."""
        for text in (self.log.getvalue(), *self.addresses, *self.refusals):
            found = LOOKS_LIKE_CPR.search(text)
            assert found is None, f"a CPR number in: {text[max(0, found.start() - 80) : found.end()]}"
            for cpr in CPR.values():
                assert cpr.replace("-", "") not in text
        assert [line for line in self.log.getvalue().splitlines() if STRUCK_OUT in line] == []


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP answer, read whole. `body` is what its JSON says, else its text."""

    status: int
    body: Any
    headers: Mapping[str, str]

    @property
    def refusal(self) -> tuple[int, str]:
        """Status and code of an `Error`."""
        return self.status, self.body["code"]


class Browser:
    """One browser: its cookies, and how it asks."""

    def __init__(self, origin: str, heard: Heard) -> None:
        self.origin = URL(origin)
        self.heard = heard
        # Browsers keep cookies of 127.0.0.1; aiohttp's jar wants to be told.
        self.cookies = aiohttp.CookieJar(unsafe=True)
        self.session = aiohttp.ClientSession(cookie_jar=self.cookies)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.session.close()

    async def ask(self, method: str, address: str | URL, **more: Any) -> Answer:
        """Ask as a page of this server does; redirects are not followed."""
        url = self.origin.join(URL(address))
        headers = {"Origin": str(self.origin)} | dict(more.pop("headers", {}))
        async with self.session.request(method, url, headers=headers, allow_redirects=False, **more) as response:
            text = await response.text()
            self.heard.addresses += [str(url), response.headers.get("Location", "")]
            if response.status >= 400:
                self.heard.refusals.append(text)
            body = await response.json() if response.content_type == "application/json" else text
            return Answer(response.status, body, response.headers)

    async def get(self, address: str) -> Answer:
        return await self.ask("GET", address)

    async def post(self, address: str, body: Mapping[str, Any] | None = None) -> Answer:
        return await self.ask("POST", address, json=body) if body is not None else await self.ask("POST", address)

    async def delete(self, address: str) -> Answer:
        return await self.ask("DELETE", address)

    def live(self, address: str, **headers: str) -> AbstractAsyncContextManager[aiohttp.ClientWebSocketResponse]:
        """Open a WebSocket as a page of this server does."""
        url = self.origin.join(URL(address))
        self.heard.addresses.append(str(url))
        return self.session.ws_connect(url, headers={"Origin": str(self.origin)} | headers)

    # The login, step by step, so that a test can go astray between two of them.

    async def begin(self, provider: str, role: str) -> URL:
        """Where the login button leads: the provider's page."""
        answer = await self.get(f"/login/{provider}/{role}")
        assert answer.status == 302, answer
        return URL(answer.headers["Location"])

    async def pick(self, provider_page: URL, person_key: str) -> URL:
        """Press a person's button there; the way back."""
        page = await self.ask("GET", provider_page)
        assert page.status == 200, page
        fields = PageFields.of(page.body)
        assert person_key in fields.people
        answer = await self.ask(
            "POST", URL(provider_page).with_query(None), data={**fields.hidden, "person": person_key}
        )
        assert answer.status == 303, answer
        return URL(answer.headers["Location"])

    async def log_in(self, person_key: str, role: str = "staff", provider: str = "mitid") -> str:
        """The whole login; where it lands."""
        back = await self.pick(await self.begin(provider, role), person_key)
        return (await self.ask("GET", back)).headers["Location"]

    async def go_to_work(self, person_key: str, identifier: str, practitioner_id: str | None = None) -> Self:
        """Log in as staff, enter the clinic, choose the practitioner where there are several."""
        assert await self.log_in(person_key) == "/"
        version = (await self.get("/api/session")).body["declaration"]["version"]
        entered = await self.post("/api/session/clinic", {"identifier": identifier, "declaration_version": version})
        assert entered.status == 200, entered
        if practitioner_id is not None:
            chosen = await self.post("/api/session/practitioner", {"practitioner_id": practitioner_id})
            assert chosen.body["step"] == "at_work", chosen
        return self


class PageFields(HTMLParser):
    """What stands on the provider's page: hidden fields, and the people by key."""

    def __init__(self) -> None:
        super().__init__()
        self.hidden: dict[str, str] = {}
        self.people: dict[str, str] = {}
        self._person: str | None = None

    @classmethod
    def of(cls, page: str) -> PageFields:
        fields = cls()
        fields.feed(page)
        return fields

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        named = {name: value or "" for name, value in attrs}
        if tag == "input" and named.get("type") == "hidden":
            self.hidden[named["name"]] = named["value"]
        if tag == "button" and "value" in named:
            self._person = named["value"]
            self.people[self._person] = ""

    def handle_endtag(self, tag: str) -> None:
        if tag == "button":
            self._person = None

    def handle_data(self, data: str) -> None:
        if self._person is not None:
            self.people[self._person] += data


class ShiftedClock:
    """The time of day, moved on by as much as a test says."""

    def __init__(self) -> None:
        self.ahead = timedelta()

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self.ahead


@dataclass(frozen=True, slots=True)
class House:
    """A running server. `rooms`, `redis` and `worker` are the very ones it works with."""

    settings: Settings
    key: InstallationKey
    rooms: Rooms
    redis: Redis
    heard: Heard
    worker: Worker
    clock: ShiftedClock

    def browser(self) -> Browser:
        return Browser(self.settings.origin, self.heard)

    async def keep_logins(self) -> None:
        """Let every login outlast whatever the clock is set to next."""
        await by_hand(self.settings.database_url, "UPDATE standing_logins SET until = '2999-01-01 00:00:00.000000'")

    async def state(self) -> object:
        """All that a refusal may not change: each clinic's log, board and patients. The refusal itself is on the log."""
        actor = Actor("nobody", Role.SYSTEM)
        return [
            (
                [event for event in await self.rooms.log.since(clinic, 0) if event.kind not in QUIET],
                (await self.rooms.waiting_room.board(clinic)).visits,
                replace(await self.rooms.directory.clinic(clinic), last_event=0),
                await self.rooms.patients.search(actor, clinic, ""),
            )
            for clinic in (EAR, SKIN)
        ]

    @asynccontextmanager
    async def unchanged(self) -> AsyncIterator[None]:
        """Whatever is done inside changes nothing."""
        before = await self.state()
        yield
        assert await self.state() == before
