"""Tells the audit of what no command tells by itself: refusals, and people coming and going.

Told is what somebody who is logged in was refused by a rule. A request that could not be read, and one by nobody, is in the
server's own log alone: anybody can send those, in any number. For the same reason a login that was not begun here is not told.
"""

from __future__ import annotations

from typing import NamedTuple

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from rooms.audit import Audit
from rooms.errors import NotFound, RoomsError
from rooms.records import Actor, Role

from .access import Access
from .access_log import route_pattern
from .errors import NotAtWork, NotLoggedIn
from .sessions import Login

LOGIN_FAILED = web.ResponseKey("login_failed", tuple)
"""On the answer to a failed login: role, provider's id, and the reason as a word."""


class _Present(NamedTuple):
    """Who is logged in in a browser: login and person of each slot."""

    staff: tuple[str, str] | None
    patient: tuple[str, str] | None


def audit_middleware(audit: Audit, access: Access) -> Middleware:
    """Stands inside the cookie's middleware, so that it sees who is there before and after."""
    teller = _Teller(audit, access)

    @web.middleware
    async def audited(request: web.Request, handler: Handler) -> web.StreamResponse:
        watched = request.path.startswith(("/api/", "/login/"))
        before = await _present(request) if watched else _Present(None, None)
        try:
            response = await handler(request)
        except (RoomsError, NotAtWork) as refusal:
            if watched:
                await teller.refused(request, refusal)
            raise
        if watched:
            await teller.came_and_went(before, await _present(request))
            if LOGIN_FAILED in response:
                await teller.failed(*response[LOGIN_FAILED])
        return response

    return audited


class _Teller:
    def __init__(self, audit: Audit, access: Access) -> None:
        self._audit = audit
        self._access = access

    async def refused(self, request: web.Request, refusal: RoomsError | NotAtWork) -> None:
        asked = f"{request.method} {route_pattern(request)}"
        about = request.match_info.get("visit_id") or request.match_info.get("patient_id")
        actor, clinic_id = await self._who(request, refusal)
        if actor is None:
            return
        if clinic_id is None:
            await self._audit.outside("request_refused", actor, {"code": refusal.code, "request": asked})
        else:
            await self._audit.refused(actor, clinic_id, refusal.code, asked, about=about)

    async def came_and_went(self, before: _Present, after: _Present) -> None:
        for role, was, now in (
            (Role.STAFF, before.staff, after.staff),
            (Role.PATIENT, before.patient, after.patient),
        ):
            if was == now:
                continue
            if was is not None:
                await self._audit.outside("logged_out", Actor(was[1], role), {"login": was[0]})
            if now is not None:
                await self._audit.outside("logged_in", Actor(now[1], role), {"login": now[0]})

    async def failed(self, role: str, provider_id: str, reason: str) -> None:
        data = {"role": role, "provider": provider_id, "reason": reason}
        await self._audit.outside("login_failed", Actor("", Role.NOBODY), data)

    async def _who(self, request: web.Request, refusal: Exception) -> tuple[Actor | None, str | None]:
        """Who was refused, and the clinic that the person belongs to in this; no clinic when it is none of theirs."""
        if request.path.startswith("/api/patient/"):
            return await self._patient(request, refusal)
        try:
            at_work = await self._access.staff(request)
        except (NotFound, NotAtWork, NotLoggedIn, KeyError):  # no clinic in the path, or not at work in it
            slot = (await Login.of(request)).staff
            return (None if slot is None else Actor(slot.person_id, Role.STAFF)), None
        return at_work.actor, at_work.clinic_id

    async def _patient(self, request: web.Request, refusal: Exception) -> tuple[Actor | None, str | None]:
        try:
            person, _ = await self._access.patient(request)
        except NotLoggedIn:
            return None, None
        profile_id = request.match_info.get("profile_id", person.id)
        actor = Actor(person.id, Role.PATIENT if profile_id == person.id else Role.GUARDIAN)
        # Past this refusal it is certain that the clinic, or the visit, is the person's own.
        if isinstance(refusal, NotFound):
            return actor, None
        visit_id = request.match_info.get("visit_id")
        return actor, request.match_info.get("clinic_id") or await self._audit.clinic_of(visit_id or "")


async def _present(request: web.Request) -> _Present:
    login = await Login.of(request)
    staff, patient = login.staff, login.patient
    return _Present(
        staff=(staff.login_id, staff.person_id) if staff is not None else None,
        patient=(patient.login_id, patient.person_id) if patient is not None else None,
    )
