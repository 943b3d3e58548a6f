"""A practice system for tests: it holds a key, signs its requests, and takes webhooks."""

from __future__ import annotations

import secrets
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

from aiohttp import web
from aiohttp.test_utils import TestServer
from joserfc import jwt
from joserfc.jwk import ECKey

from rooms.practice_systems import PracticeSystem
from rooms.store import Rooms

from .house import Answer, Browser


class Practice:
    """A registered practice system."""

    def __init__(self, system: PracticeSystem, key: ECKey, audience: str) -> None:
        self.system = system
        self.key = key
        self.audience = audience

    @classmethod
    async def registered(
        cls,
        rooms: Rooms,
        audience: str,
        *clinics: str,
        name: str = "EPJ",
        webhook: str | None = None,
        cpr: bool = False,
    ) -> Practice:
        key = ECKey.generate_key("P-256", auto_kid=True)
        system = await rooms.practice_systems.add(
            name, key.as_dict(private=False), clinics, webhook_url=webhook, webhook_cpr=cpr
        )
        return cls(system, key, audience)

    def token(self, **changed: Any) -> str:
        """A fresh token; None leaves a claim out."""
        now = int(time.time())
        claims = {
            "iss": self.system.id,
            "sub": self.system.id,
            "aud": self.audience,
            "iat": now,
            "exp": now + 60,
            "jti": secrets.token_hex(8),
        } | changed
        return jwt.encode(
            {"alg": "ES256"}, {name: value for name, value in claims.items() if value is not None}, self.key
        )

    async def ask(
        self, browser: Browser, method: str, path: str, body: Mapping[str, Any] | None = None, token: str | None = None
    ) -> Answer:
        """Ask as a program does: no cookie, no Origin, a signed token."""
        headers = {"Authorization": f"Bearer {token or self.token()}"}
        more = {} if body is None else {"json": body}
        return await browser.ask(method, path, headers=headers, **more)


class Receiver:
    """Takes webhooks, and answers with `statuses` in turn, then 204."""

    def __init__(self) -> None:
        self.statuses: list[int] = []
        self.taken: list[tuple[Mapping[str, str], bytes]] = []

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[str]:
        app = web.Application()
        app.router.add_post("/told", self._take)
        async with TestServer(app) as server:
            yield str(server.make_url("/told"))

    async def _take(self, request: web.Request) -> web.Response:
        self.taken.append((dict(request.headers), await request.read()))
        return web.Response(status=self.statuses.pop(0) if self.statuses else 204)


__all__: Sequence[str] = ("Practice", "Receiver")
