"""The room's opening and closing by the clock, and the settings that they follow; by hand it is `waiting_room`'s.

A clinic's row names the first boundary that has not been applied. Applying it happens under the clinic's lock and moves that
name on in the same transaction, so each boundary is applied once, whichever worker comes first and however often it is asked.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from itertools import takewhile

from sqlalchemy import select, update

from .clinic_settings import ClinicSettings, to_json
from .database import Database, Transition, find_clinic, seen_out
from .errors import NotFound, SettingsChanged
from .log import append
from .records import SYSTEM, Actor, Clinic
from .schedule import Boundary, boundaries, day_begins, local_date, next_boundary
from .states import RoomState, RoomVerb, VisitState, VisitVerb
from .tables import clinics, visits
from .visits import Visits
from .waiting_room import move_room

_INSTANT = timedelta(microseconds=1)


class Opening:
    """Opens and closes rooms when it is time, and changes what a clinic has set for itself."""

    def __init__(self, database: Database, visits: Visits) -> None:
        self._database = database
        self._visits = visits

    async def due(self) -> tuple[str, ...]:
        """The ids of the clinics with a boundary that has passed and is not applied."""
        query = select(clinics.c.id).where(clinics.c.due_at <= self._database.now()).order_by(clinics.c.due_at)
        async with self._database.reading() as connection:
            return tuple(await connection.scalars(query))

    @seen_out
    async def apply(self, clinic_id: str) -> bool:
        """Do what the clinic's hours say, if a boundary has passed; False when there was nothing to do.

        Of several boundaries missed while no worker ran, the last one rules. The closing keeps the queue. Whoever still waits
        from a day before the newest opening is refused with the closing message, open though the room may be.

        Raises:
            NotFound: there is no such clinic.
        """
        async with self._database.transition(clinic_id) as transition:
            clinic, now = transition.clinic, transition.now
            if clinic.due_at is None or clinic.due_at > now:
                return False
            schedule = clinic.settings.schedule
            following = next_boundary(schedule, now)
            await transition.connection.execute(
                update(clinics)
                .where(clinics.c.id == clinic_id)
                .values(due_at=None if following is None else following.at)
            )
            passed = list(takewhile(lambda each: each.at <= now, boundaries(schedule, clinic.due_at - _INSTANT)))
            openings = [each for each in passed if each.state is RoomState.OPEN]
            if openings:
                await self._refuse_left_over(transition, openings[-1])
            if passed and passed[-1].state is not clinic.room:
                await _move(transition, passed[-1])
            return True

    @seen_out
    async def set(self, actor: Actor, clinic_id: str, settings: ClinicSettings) -> Clinic:
        """Change the clinic's settings. The room stays as it is until the next boundary of the new hours.

        Raises:
            SettingsInvalid: one of them is out of bounds.
            SettingsChanged: somebody changed them since the version that these were edited from.
            NotFound: there is no such clinic.
        """
        checked = settings.checked()
        async with self._database.transition(clinic_id) as transition:
            if transition.clinic.settings.version != checked.version:
                raise SettingsChanged
            kept = to_json(replace(checked, version=checked.version + 1))
            following = next_boundary(checked.schedule, transition.now)
            await transition.connection.execute(
                update(clinics)
                .where(clinics.c.id == clinic_id)
                .values(settings=kept, due_at=None if following is None else following.at)
            )
            await append(transition, "settings_set", actor, data=kept)
            clinic = await find_clinic(transition.connection, clinic_id)
            if clinic is None:
                raise NotFound
            return clinic

    async def _refuse_left_over(self, transition: Transition, opening: Boundary) -> None:
        today = day_begins(local_date(opening.at))
        for visit in await self._visits.find(
            transition.connection,
            visits.c.clinic_id == transition.clinic.id,
            visits.c.state == VisitState.WAITING.value,
            visits.c.joined_at < today,
        ):
            explanation = {"explanation": transition.clinic.closed_message}
            await self._visits.move(transition, visit, VisitVerb.REJECT, SYSTEM, explanation)


async def _move(transition: Transition, boundary: Boundary) -> None:
    opens = boundary.state is RoomState.OPEN
    await move_room(transition, RoomVerb.OPEN if opens else RoomVerb.KEEP_QUEUE)
    data = {"state": boundary.state.value, "boundary": boundary.at.isoformat()}
    await append(transition, "room_opened" if opens else "room_closed", SYSTEM, data=data)
