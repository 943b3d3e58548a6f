"""Reading the audit over HTTP: a clinic's practitioners their clinic's log, a patient the look-ups in their own data."""

from __future__ import annotations

from datetime import UTC, datetime

from aiohttp import web

from rooms.audit import PAGE, AuditFilter
from rooms.errors import NotFound, PractitionersOnly
from rooms.purposes import Group, purpose
from rooms.records import AuditEntry, LookUp
from rooms.store import Rooms
from signaling.views import milliseconds

from .access import Access
from .errors import NotLoggedIn
from .patient import PROFILE
from .routes import Route, route
from .schemas import AuditEntryView, AuditPage, LookUpPage, LookUpView, OlderLookUps, SearchAudit
from .staff import AT_WORK, CLINIC


class AuditHandlers:
    """Searches are POSTed, so that nobody's name or number stands in an address."""

    def __init__(self, rooms: Rooms, access: Access) -> None:
        self._rooms = rooms
        self._access = access

    async def search(self, request: web.Request, body: SearchAudit) -> AuditPage:
        at_work = await self._access.staff(request)
        wanted = AuditFilter(
            person=body.person,
            group=Group(body.group) if body.group is not None else None,
            since=_moment(body.since_ms),
            until=_moment(body.until_ms),
            before=body.before,
        )
        found = await self._rooms.audit.page(at_work.actor, at_work.clinic_id, wanted)
        return AuditPage(
            entries=tuple(_entry_view(each) for each in found),
            older=found[-1].event.number if len(found) == PAGE else None,
        )

    async def look_ups(self, request: web.Request, body: OlderLookUps) -> LookUpPage:
        person, _ = await self._access.patient(request)
        profile = await self._rooms.family.profile(person.id, request.match_info["profile_id"])
        found = await self._rooms.audit.look_ups(profile.person_id, body.before)
        return LookUpPage(
            look_ups=tuple(_look_up_view(each) for each in found),
            older=found[-1].cursor if len(found) == PAGE else None,
        )

    def routes(self) -> tuple[Route, ...]:
        """Every operation on the audit."""
        return (
            route(
                "POST",
                CLINIC + "/audit/search",
                self.search,
                summary="Search the clinic's log, newest first.",
                takes=SearchAudit,
                gives=AuditPage,
                refuses=(*AT_WORK, PractitionersOnly),
            ),
            route(
                "POST",
                PROFILE + "/look_ups",
                self.look_ups,
                summary="What clinics did with one's own or one's child's data, newest first.",
                takes=OlderLookUps,
                gives=LookUpPage,
                refuses=(NotLoggedIn, NotFound),
            ),
        )


def _moment(ms: int | None) -> datetime | None:
    return None if ms is None else datetime.fromtimestamp(ms / 1000, UTC)


def _entry_view(entry: AuditEntry) -> AuditEntryView:
    event = entry.event
    told = (event.data.get(name) for name in ("criterion", "code", "fault", "operator", "consent_version"))
    detail = next((each for each in told if each), None)
    return AuditEntryView(
        number=event.number,
        at_ms=milliseconds(event.at),
        kind=event.kind,
        purpose=purpose(event.kind).value,
        actor_name=entry.actor_name,
        role=event.actor.role.value,
        practitioner_name=entry.practitioner_name,
        subjects=entry.subjects,
        detail=detail if isinstance(detail, str) else None,
    )


def _look_up_view(look_up: LookUp) -> LookUpView:
    return LookUpView(
        at_ms=milliseconds(look_up.at),
        clinic_name=look_up.clinic_name,
        kind=look_up.kind,
        purpose=look_up.purpose.value,
    )
