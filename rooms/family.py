"""Who acts for whom on the patient's page: a person's own profile, and that of each child by the directory's guardianships.

A guardianship counts until the child is of age, whatever the directory still says then.
"""

from __future__ import annotations

from sqlalchemy import select

from .cpr import CprVault
from .database import Database
from .errors import NotFound
from .minors import is_minor
from .names import in_danish_order
from .records import Profile
from .tables import guardianships, people


class Family:
    """Asked anew on every request, so that a guardianship taken back ends at once."""

    def __init__(self, database: Database, vault: CprVault) -> None:
        self._database = database
        self._vault = vault

    async def profiles(self, person_id: str) -> tuple[Profile, ...]:
        """The person's own profile first, then the children's in order of name; none for somebody unknown."""
        own = select(people.c.id, people.c.name).where(people.c.id == person_id)
        children = (
            select(people.c.id, people.c.name, people.c.cpr_sealed)
            .join(guardianships, guardianships.c.child_id == people.c.id)
            .where(guardianships.c.guardian_id == person_id)
        )
        async with self._database.reading() as connection:
            person = (await connection.execute(own)).one_or_none()
            found = list(await connection.execute(children))
        if person is None:
            return ()
        today = self._database.today()
        minors = [
            Profile(row.id, row.name, is_self=False)
            for row in found
            if row.id != person_id and is_minor(self._vault.open(row.cpr_sealed), today)
        ]
        minors.sort(key=lambda profile: (in_danish_order(profile.name), profile.person_id))
        return (Profile(person.id, person.name, is_self=True), *minors)

    async def profile(self, person_id: str, profile_id: str) -> Profile:
        """One of the person's profiles. Raises NotFound when it is none, or no longer."""
        for profile in await self.profiles(person_id):
            if profile.person_id == profile_id:
                return profile
        raise NotFound
