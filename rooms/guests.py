"""Guests of a consultation: an interpreter, a relative. Invited by a code for one visit, named by themselves, let in by staff.

A code is told by telephone or SMS and typed by hand, so it is short: it holds for minutes, is used once, and whoever takes
guesses is slowed down by the caller. The tables have the code as a keyed hash, and the name sealed.
"""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Mapping
from datetime import timedelta
from types import MappingProxyType
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from sqlalchemy import ColumnElement, Row, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from .database import Database, Transition, new_id, seen_out
from .errors import GuestCodeRefused, GuestNameInvalid, GuestsFull, NotFound, NotInCallWithPatient
from .log import append
from .records import Actor, Guest, Invitation, Role
from .states import OPEN_GUESTS, GuestState, GuestVerb, VisitState, next_guest
from .tables import guests
from .text_vault import TextVault
from .visits import Visits

CODE_DIGITS = 8
CODE_LASTS = timedelta(minutes=15)
LONGEST_NAME = 60
"""In characters."""
MOST_GUESTS = 3
"""Of one visit, invited or there: a call takes six, of whom two are the patient and the clinician."""

_KINDS: Mapping[GuestVerb, str] = {
    GuestVerb.KNOCK: "guest_knocked",
    GuestVerb.ADMIT: "guest_admitted",
    GuestVerb.REFUSE: "guest_refused",
    GuestVerb.REMOVE: "guest_removed",
    GuestVerb.LEAVE: "guest_left",
}
_NOTHING: Mapping[str, Any] = MappingProxyType({})


class GuestVault(TextVault):
    """Seals the guests' names, and makes the hash that a code is found by."""

    def __init__(self, key: bytes) -> None:
        super().__init__(key, b"venterum guest v1")
        self._lookup = HKDF(hashes.SHA256(), 32, salt=None, info=b"venterum guest code v1").derive(key)

    def lookup(self, code: str) -> bytes:
        return hmac.digest(self._lookup, code.encode(), "sha256")


class Guests:
    """Each transition is a compare-and-set under the clinic's lock, with its event in the same transaction."""

    def __init__(self, database: Database, visits: Visits, vault: GuestVault) -> None:
        self._database = database
        self._visits = visits
        self._vault = vault

    @seen_out
    async def invite(self, actor: Actor, clinic_id: str, visit_id: str) -> Invitation:
        """Make a code for one guest of a visit in video. It is told this once.

        Raises:
            NotInCallWithPatient: another practitioner has the patient, or the visit is not in video.
            GuestsFull: MOST_GUESTS are invited or there.
            NotFound: the clinic has no such visit.
        """
        async with self._database.transition(clinic_id) as transition:
            visit = await self._visits.one(transition.connection, clinic_id, visit_id)
            if visit.state is not VisitState.IN_CALL or visit.practitioner_id != actor.practitioner_id:
                raise NotInCallWithPatient
            # A code that has run out frees its place, and the hash for whichever code comes to be the same.
            await transition.connection.execute(
                update(guests)
                .where(guests.c.code_lookup.is_not(None), guests.c.code_until <= transition.now)
                .values(code_lookup=None)
            )
            if len(await self._find(transition.connection, guests.c.visit_id == visit_id, _HAS_PLACE)) >= MOST_GUESTS:
                raise GuestsFull
            code = await self._free_code(transition.connection)
            guest_id, until = new_id(), transition.now + CODE_LASTS
            await transition.connection.execute(
                insert(guests).values(
                    id=guest_id,
                    clinic_id=clinic_id,
                    visit_id=visit_id,
                    state=GuestState.INVITED.value,
                    code_lookup=self._vault.lookup(code),
                    code_until=until,
                    invited_at=transition.now,
                )
            )
            data = {"guest_id": guest_id, "state": GuestState.INVITED.value}
            await append(transition, "guest_invited", actor, visit_id=visit_id, person_id=visit.person_id, data=data)
            return Invitation(guest_id, code, until)

    async def _free_code(self, connection: AsyncConnection) -> str:
        while True:
            code = f"{secrets.randbelow(10**CODE_DIGITS):0{CODE_DIGITS}}"
            if not await self._find(connection, guests.c.code_lookup == self._vault.lookup(code)):
                return code

    @seen_out
    async def knock(self, code: str, name: str) -> Guest:
        """Somebody has typed a code and who they are. The code is used up by this.

        Raises:
            GuestNameInvalid: it is empty or longer than LONGEST_NAME.
            GuestCodeRefused: there is no such code, it has run out or was used, or its call is over.
        """
        name = " ".join(name.split())
        if not 1 <= len(name) <= LONGEST_NAME or not name.isprintable():
            raise GuestNameInvalid(LONGEST_NAME)
        lookup = guests.c.code_lookup == self._vault.lookup("".join(code.split()))
        async with self._database.reading() as connection:
            found = await self._find(connection, lookup)
        if not found:
            raise GuestCodeRefused
        async with self._database.transition(found[0].clinic_id) as transition:
            still = await self._find(transition.connection, lookup, guests.c.code_until > transition.now)
            if not still or not await self._in_video(transition, still[0]):
                raise GuestCodeRefused
            guest = still[0]
            changes = {
                "code_lookup": None,
                "name_sealed": self._vault.seal(guest.id, name),
                "knocked_at": transition.now,
            }
            return await self._move(transition, guest, GuestVerb.KNOCK, _as_guest(guest), changes)

    @seen_out
    async def admit(self, actor: Actor, clinic_id: str, visit_id: str, guest_id: str) -> Guest:
        """Let a guest in who has knocked.

        Raises:
            WrongState: the guest has not knocked, or has been answered.
            NotInCallWithPatient: another practitioner has the patient, or the call is over.
            NotFound: the visit has no such guest.
        """
        return await self._answer(actor, clinic_id, visit_id, guest_id, GuestVerb.ADMIT)

    @seen_out
    async def refuse(self, actor: Actor, clinic_id: str, visit_id: str, guest_id: str) -> Guest:
        """Turn a guest away who has knocked, or take an invitation back. Raises as `admit`."""
        return await self._answer(actor, clinic_id, visit_id, guest_id, GuestVerb.REFUSE)

    @seen_out
    async def remove(self, actor: Actor, clinic_id: str, visit_id: str, guest_id: str) -> Guest:
        """Take a guest out of the call. Raises as `admit`."""
        return await self._answer(actor, clinic_id, visit_id, guest_id, GuestVerb.REMOVE)

    async def _answer(self, actor: Actor, clinic_id: str, visit_id: str, guest_id: str, verb: GuestVerb) -> Guest:
        async with self._database.transition(clinic_id) as transition:
            visit = await self._visits.one(transition.connection, clinic_id, visit_id)
            if visit.state is not VisitState.IN_CALL or visit.practitioner_id != actor.practitioner_id:
                raise NotInCallWithPatient
            guest = await self._one(transition.connection, guests.c.id == guest_id, guests.c.visit_id == visit_id)
            return await self._move(transition, guest, verb, actor, {"code_lookup": None})

    @seen_out
    async def leave(self, guest_id: str) -> Guest:
        """The guest goes. Raises WrongState when they are out already, NotFound."""
        guest = await self.guest(guest_id)
        async with self._database.transition(guest.clinic_id) as transition:
            guest = await self._one(transition.connection, guests.c.id == guest_id)
            return await self._move(transition, guest, GuestVerb.LEAVE, _as_guest(guest))

    async def guest(self, guest_id: str) -> Guest:
        """One guest. Raises NotFound."""
        async with self._database.reading() as connection:
            return await self._one(connection, guests.c.id == guest_id)

    async def of_visit(self, visit_id: str) -> tuple[Guest, ...]:
        """Who has knocked at a visit or is let in, in the order of their coming."""
        shown = guests.c.state.in_([GuestState.KNOCKING.value, GuestState.ADMITTED.value])
        async with self._database.reading() as connection:
            return await self._find(connection, guests.c.visit_id == visit_id, shown)

    async def _in_video(self, transition: Transition, guest: Guest) -> bool:
        visit = await self._visits.one(transition.connection, guest.clinic_id, guest.visit_id)
        return visit.state is VisitState.IN_CALL

    async def _move(
        self,
        transition: Transition,
        guest: Guest,
        verb: GuestVerb,
        actor: Actor,
        changes: Mapping[str, Any] = _NOTHING,
    ) -> Guest:
        after = next_guest(guest.state, verb)
        over = {} if after in OPEN_GUESTS else {"ended_at": transition.now}
        await transition.connection.execute(
            update(guests).where(guests.c.id == guest.id).values(state=after.value, **changes, **over)
        )
        visit = await self._visits.one(transition.connection, guest.clinic_id, guest.visit_id)
        data = {"guest_id": guest.id, "state": after.value}
        await append(transition, _KINDS[verb], actor, visit_id=guest.visit_id, person_id=visit.person_id, data=data)
        return await self._one(transition.connection, guests.c.id == guest.id)

    async def _one(self, connection: AsyncConnection, *conditions: ColumnElement[bool]) -> Guest:
        found = await self._find(connection, *conditions)
        if not found:
            raise NotFound
        return found[0]

    async def _find(self, connection: AsyncConnection, *conditions: ColumnElement[bool]) -> tuple[Guest, ...]:
        query = select(guests).where(*conditions).order_by(guests.c.invited_at, guests.c.id)
        return tuple(self._guest(row) for row in await connection.execute(query))

    def _guest(self, row: Row[Any]) -> Guest:
        name = self._vault.open(row.id, row.name_sealed) if row.name_sealed is not None else ""
        return Guest(row.id, row.clinic_id, row.visit_id, GuestState(row.state), name)


_HAS_PLACE = or_(
    guests.c.state.in_([GuestState.KNOCKING.value, GuestState.ADMITTED.value]),
    (guests.c.state == GuestState.INVITED.value) & guests.c.code_lookup.is_not(None),
)


def _as_guest(guest: Guest) -> Actor:
    return Actor(guest.id, Role.GUEST)
