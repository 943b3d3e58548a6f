"""What a patient's page says of its camera, microphone and line: taken over HTTP, shown to the staff who wait for it."""

from __future__ import annotations

from types import NoneType

from aiohttp import web

from rooms.states import OPEN_VISITS
from rooms.store import Rooms
from signaling.messages import DeviceReport
from signaling.worker import Worker

from .access import Access
from .errors import NotLoggedIn
from .routes import Route, route


class DeviceHandlers:
    """Nothing of a report is kept past the patient's pages."""

    def __init__(self, rooms: Rooms, access: Access, worker: Worker) -> None:
        self._rooms = rooms
        self._access = access
        self._worker = worker

    async def report(self, request: web.Request, body: DeviceReport) -> None:
        person, _ = await self._access.patient(request)
        profiles = [each.person_id for each in await self._rooms.family.profiles(person.id)]
        cards = [card for profile in profiles for card in await self._rooms.waiting_room.cards(profile)]
        concerned = {card.clinic.id for card in cards if card.visit is not None and card.visit.state in OPEN_VISITS}
        await self._worker.page_reported(profiles, concerned, body)

    def routes(self) -> tuple[Route, ...]:
        return (
            route(
                "POST",
                "/api/patient/devices",
                self.report,
                summary="What the page found out about its camera, microphone and line.",
                takes=DeviceReport,
                gives=NoneType,
                status=204,
                refuses=(NotLoggedIn,),
            ),
        )
