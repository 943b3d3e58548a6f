"""Logging in: sends a browser to its provider, takes it back, and finds the person in the directory.

A login that fails for whatever reason lands where it was begun, with `?login=` and why, and has changed nothing.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Mapping
from datetime import timedelta
from urllib.parse import urlsplit

from aiohttp import web

from rooms.directory import Directory
from rooms.logins import Logins
from rooms.records import Person

from .audited import LOGIN_FAILED
from .identity_providers import IdentityProvider, Role
from .launches import Landing
from .logs import get_logger
from .oidc import ASSURANCE_TOO_LOW, Identity, LoginFailed, OidcClient
from .schemas import Provider
from .sessions import Login, PatientSlot, PendingLogin, StaffSlot, TellLoggedOut

CALLBACK = "/login/callback"

_TOLD = frozenset({ASSURANCE_TOO_LOW, "launch_for_another"})
"""The reasons that whoever could not log in can do something about; the page says what."""

_LANDING: Mapping[Role, str] = {"staff": "/", "patient": "/patient"}


def offered(providers: tuple[IdentityProvider, ...], role: Role) -> tuple[Provider, ...]:
    """The ways to log in on the page for `role`."""
    return tuple(
        Provider(id=provider.id, label=provider.label, start_url=f"/login/{provider.id}/{role}")
        for provider in providers
        if role in provider.roles
    )


class LoginHandlers:
    """`GET /login/{provider_id}/{role}` and the way back.

    Args:
        clients: by provider id.
        origin: where browsers find this server: the provider sends them back there and nowhere else.
        logged_out: told of a login that another one in the same browser takes the place of.
        lasts: how long a login stands, as long as the cookie that holds it.
        landing: where a login lands that a practice system asked for.
    """

    def __init__(
        self,
        directory: Directory,
        logins: Logins,
        clients: Mapping[str, OidcClient],
        origin: str,
        logged_out: TellLoggedOut,
        lasts: timedelta,
        landing: Landing,
    ) -> None:
        self._landing = landing
        self._directory = directory
        self._logins = logins
        self._lasts = lasts
        self._clients = clients
        self._origin = origin
        self._logged_out = logged_out

    def add(self, app: web.Application) -> None:
        """Mount the two addresses. They are for browsers, not for programs, so the OpenAPI description has them not."""
        app.router.add_get(CALLBACK, self.finish)
        app.router.add_get("/login/{provider_id:[a-z0-9-]+}/{role:staff|patient}", self.start)

    async def start(self, request: web.Request) -> web.StreamResponse:
        """Send the browser to the provider, and remember in the cookie what must come back."""
        role: Role = "patient" if request.match_info["role"] == "patient" else "staff"
        client = self._clients.get(request.match_info["provider_id"])
        if client is None or role not in client.provider.roles:
            raise web.HTTPNotFound
        if request.host.lower() != urlsplit(self._origin).netloc and "again" not in request.query:
            # The provider sends the browser back to the public address, where a cookie of this one is not seen.
            return _to(f"{self._origin}{request.path}?again")
        login = await Login.of(request)
        pending = PendingLogin(
            state=secrets.token_urlsafe(24),
            nonce=secrets.token_urlsafe(24),
            verifier=secrets.token_urlsafe(48),  # 64 characters: RFC 7636, section 4.1 takes 43 to 128
            provider_id=client.provider.id,
            role=role,
            begun_at=int(time.time()),
            launched=login.launch if role == "staff" else None,
        )
        try:
            url = await client.authorization_url(state=pending.state, nonce=pending.nonce, verifier=pending.verifier)
        except LoginFailed as failure:
            return _failed(role, client.provider.id, failure.reason)
        if pending.launched is not None:
            login.launch = None  # it goes with this login from now on
        login.begin(pending)
        return _to(url)

    async def finish(self, request: web.Request) -> web.StreamResponse:
        """Take the browser back from the provider (RFC 6749, section 4.1.2) and log the person in."""
        login = await Login.of(request)
        pending = login.take(request.query.get("state", ""))
        client = self._clients.get(pending.provider_id) if pending is not None else None
        if pending is None or client is None:
            return _failed("staff", None, "state_unknown")
        code = request.query.get("code")
        if code is None:
            return _failed(pending.role, pending.provider_id, "refused_by_provider")
        try:
            identity = await client.identify(
                code=code, issuer=request.query.get("iss"), nonce=pending.nonce, verifier=pending.verifier
            )
        except LoginFailed as failure:
            return _failed(pending.role, pending.provider_id, failure.reason)
        person = await self._directory.person_by_login(
            identity.issuer, identity.subject, identity.cpr, identity.professional_id
        )
        if person is None:
            return _failed(pending.role, pending.provider_id, "person_unknown")
        if pending.launched is not None and pending.launched.person_id != person.id:
            return _failed(pending.role, pending.provider_id, "launch_for_another")
        await self._log_in(login, pending, identity, person)
        return _to(_LANDING[pending.role])

    async def _log_in(self, login: Login, pending: PendingLogin, identity: Identity, person: Person) -> None:
        before = login.staff if pending.role == "staff" else login.patient
        if before is not None:
            await self._logins.end(before.login_id)
            self._logged_out(before.login_id)
        kind = StaffSlot if pending.role == "staff" else PatientSlot
        slot = kind(login_id=secrets.token_hex(8), person_id=person.id, provider_id=pending.provider_id)
        await self._logins.begin(
            slot.login_id,
            person.id,
            issuer=identity.issuer,
            subject=identity.subject,
            sid=identity.sid,
            lasts=self._lasts,
        )
        if isinstance(slot, StaffSlot):
            launched = pending.launched
            login.staff = slot if launched is None else await self._landing.land(slot, launched)
        else:
            login.patient = slot
        get_logger("web.login").info(
            "logged_in", provider=pending.provider_id, role=pending.role, person=person.id, cvr=identity.cvr
        )


def _failed(role: Role, provider_id: str | None, reason: str) -> web.Response:
    get_logger("web.login").warning("login_failed", provider=provider_id, role=role, reason=reason)
    told = reason if reason in _TOLD else "failed"
    response = _to(f"{_LANDING[role]}?login={told}")
    if provider_id is not None:
        response[LOGIN_FAILED] = (role, provider_id, reason)
    return response


def _to(address: str) -> web.Response:
    """Send the browser on; the answer holds state of this one login, so nobody keeps it."""
    return web.Response(status=302, headers={"Location": address, "Cache-Control": "no-store"})
