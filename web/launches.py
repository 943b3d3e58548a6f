"""The browser's half of a launch: the address that a practice system sends somebody to, and where it lands after the login.

The login is asked for in any case, and has to be the named person's.
"""

from __future__ import annotations

from aiohttp import web

from rooms.directory import Directory, Entry
from rooms.errors import LaunchSpent, NotFound
from rooms.launches import Launch, Launches
from rooms.records import Actor

from .logs import get_logger
from .schemas import Provider
from .sessions import LaunchedSlot, Login, StaffSlot

ADDRESS = "/launch/"
"""What stands before the secret."""


class LaunchHandlers:
    """`GET /launch/{secret}`. `providers`: the ways in which staff log in."""

    def __init__(self, launches: Launches, providers: tuple[Provider, ...]) -> None:
        self._launches = launches
        self._providers = providers

    def add(self, app: web.Application) -> None:
        """Mount the address. It is for browsers, not for programs, so the OpenAPI description has it not."""
        # A program that only looks (HEAD) shall not use it up.
        app.router.add_get(ADDRESS + r"{secret:[A-Za-z0-9_-]{1,64}}", self.begin, allow_head=False)

    async def begin(self, request: web.Request) -> web.Response:
        """Use the address up, remember in the cookie where it leads, and send the browser to log in."""
        login = await Login.of(request)
        try:
            launch = await self._launches.use(request.match_info["secret"])
        except LaunchSpent:
            get_logger("web.launches").warning("launch_refused", reason="spent")
            return _to("/?login=launch_spent")
        login.launch = LaunchedSlot.of(launch)
        only = self._providers[0].start_url if len(self._providers) == 1 else "/"
        return _to(only)


class Landing:
    """Where a login lands that a launch was begun with. `declaration_version`: what must be accepted by then."""

    def __init__(self, launches: Launches, directory: Directory, declaration_version: str) -> None:
        self._launches = launches
        self._directory = directory
        self._declaration_version = declaration_version

    async def land(self, slot: StaffSlot, launched: LaunchedSlot) -> StaffSlot:
        """The slot inside the clinic; outside, but knowing which to enter, where the declaration is still to be accepted."""
        slot = slot.model_copy(update={"launched": launched})
        try:
            entry = await self._directory.staff(slot.person_id, launched.clinic_id, self._declaration_version)
        except NotFound:
            return slot
        practitioner_id = place_in(entry, slot)
        launch = Launch(launched.system_id, launched.clinic_id, launched.person_id, launched.patient_id)
        await self._launches.landed(launch, Actor(slot.person_id, entry.role, practitioner_id))
        return slot.model_copy(update={"clinic_id": entry.clinic.id, "practitioner_id": practitioner_id})


def place_in(entry: Entry, slot: StaffSlot) -> str | None:
    """Whom somebody works for in the clinic, where there is nothing to choose: the only practitioner, or by a launch oneself."""
    if len(entry.practitioners) == 1:
        return entry.practitioners[0].id
    if slot.launched is None or slot.launched.clinic_id != entry.clinic.id:
        return None
    return next((each.id for each in entry.practitioners if each.person_id == slot.person_id), None)


def _to(address: str) -> web.Response:
    return web.Response(status=302, headers={"Location": address, "Cache-Control": "no-store"})
