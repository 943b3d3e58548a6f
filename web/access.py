"""Who is asking: the login of a request, checked against the clinic's rows as they are now.

Every request and every WebSocket asks here anew, so a withdrawn access ends at once. Another clinic's data, and a clinic that
does not exist, are told apart to nobody: both are NotFound.
"""

from __future__ import annotations

from dataclasses import dataclass

from aiohttp import web

from rooms.directory import Directory, Entry
from rooms.errors import NotFound
from rooms.logins import Logins
from rooms.records import Actor, Person

from .errors import NotAtWork, NotLoggedIn
from .sessions import Login, PatientSlot, StaffSlot


@dataclass(frozen=True, slots=True)
class AtWork:
    """A staff member at work in a clinic: the clinic's rows, and in whose name things are done."""

    entry: Entry
    actor: Actor
    login_id: str

    @property
    def clinic_id(self) -> str:
        return self.entry.clinic.id


class Access:
    """Answers who is asking, from the cookie, the logins that stand, and the directory.

    `declaration_version`: what staff must have accepted.
    """

    def __init__(self, directory: Directory, logins: Logins, declaration_version: str) -> None:
        self._directory = directory
        self._logins = logins
        self._declaration_version = declaration_version

    async def person(self, slot: StaffSlot | PatientSlot | None) -> Person | None:
        """The person logged in; None when nobody is, the login has ended, or the person is known here no longer."""
        if slot is None or not await self._logins.stands(slot.login_id, slot.person_id):
            return None
        return await self._directory.person(slot.person_id)

    async def staff(self, request: web.Request) -> AtWork:
        """The staff member at work in the clinic that the request's path names.

        Raises:
            NotLoggedIn: nobody is logged in as staff any longer, or the person is known here no longer.
            NotFound: another clinic than the one entered, or the access there has ended.
            NotAtWork: no practitioner is chosen yet, or the one chosen has left the clinic.
        """
        slot = (await Login.of(request)).staff
        if slot is None or await self.person(slot) is None:
            raise NotLoggedIn
        clinic_id = request.match_info["clinic_id"]
        if slot.clinic_id != clinic_id:
            raise NotFound
        entry = await self._directory.staff(slot.person_id, clinic_id, self._declaration_version)
        if slot.practitioner_id not in {practitioner.id for practitioner in entry.practitioners}:
            raise NotAtWork
        actor = Actor(person_id=slot.person_id, role=entry.role, practitioner_id=slot.practitioner_id)
        return AtWork(entry=entry, actor=actor, login_id=slot.login_id)

    async def patient(self, request: web.Request) -> tuple[Person, str]:
        """The person logged in on the patient's page, and the id of the login.

        Raises:
            NotLoggedIn: nobody is, or the person is known here no longer.
        """
        slot = (await Login.of(request)).patient
        person = await self.person(slot)
        if slot is None or person is None:
            raise NotLoggedIn
        return person, slot.login_id
