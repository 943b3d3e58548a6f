"""What staff set for their clinic over HTTP: opening hours, waiting times, ready texts."""

from __future__ import annotations

from aiohttp import web

from rooms.errors import SettingsChanged, SettingsInvalid
from rooms.store import Rooms
from signaling.messages import ClinicSettingsView, RoomView
from signaling.views import room_view, settings_from

from .access import Access
from .routes import Route, route
from .staff import AT_WORK, CLINIC


class ClinicHandlers:
    """The clinic's own settings; how they stand is on the board."""

    def __init__(self, rooms: Rooms, access: Access) -> None:
        self._rooms = rooms
        self._access = access

    async def set_settings(self, request: web.Request, body: ClinicSettingsView) -> RoomView:
        at_work = await self._access.staff(request)
        return room_view(await self._rooms.opening.set(at_work.actor, at_work.clinic_id, settings_from(body)))

    def routes(self) -> tuple[Route, ...]:
        return (
            route(
                "PUT",
                CLINIC + "/room/settings",
                self.set_settings,
                summary="Set opening hours, waiting times and ready texts.",
                takes=ClinicSettingsView,
                gives=RoomView,
                refuses=(*AT_WORK, SettingsInvalid, SettingsChanged),
            ),
        )
