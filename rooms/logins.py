"""The logins that stand: one row for each login in each browser, so that one that has ended stays ended.

The cookie alone would let a copy of it in again after a logout. A row goes with its cookie's own end.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import delete, insert, or_, select

from .database import Database, seen_out
from .tables import standing_logins


class Logins:
    """Begins, checks and ends logins."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @seen_out
    async def begin(
        self, login_id: str, person_id: str, *, issuer: str, subject: str, sid: str | None, lasts: timedelta
    ) -> None:
        """Let a login stand for as long as its cookie lasts. `sid` is the provider's own id of the login there.

        A login that stands already, of the same person, stands on as this one.
        """
        async with self._database.writing() as transaction:
            now = transaction.now
            await transaction.connection.execute(
                delete(standing_logins).where(
                    or_(standing_logins.c.until <= now, standing_logins.c.login_id == login_id)
                )
            )
            await transaction.connection.execute(
                insert(standing_logins).values(
                    login_id=login_id,
                    person_id=person_id,
                    issuer=issuer,
                    subject=subject,
                    sid=sid,
                    begun_at=now,
                    until=now + lasts,
                )
            )

    async def stands(self, login_id: str, person_id: str) -> bool:
        """Whether the login was begun for that person, and has not ended."""
        query = select(standing_logins.c.until).where(
            standing_logins.c.login_id == login_id, standing_logins.c.person_id == person_id
        )
        async with self._database.reading() as connection:
            until: datetime | None = await connection.scalar(query)
        return until is not None and until > self._database.now()

    @seen_out
    async def end(self, login_id: str) -> None:
        """End one login. One that has ended already stays so."""
        async with self._database.writing() as transaction:
            await transaction.connection.execute(delete(standing_logins).where(standing_logins.c.login_id == login_id))

    @seen_out
    async def end_at_provider(self, issuer: str, subject: str | None, sid: str | None) -> dict[str, str]:
        """End what came of the provider's login `sid`, or, where that is None, of every login of `subject`; whose they were, by
        the login's id.

        Raises:
            ValueError: both are None.
        """
        if subject is None and sid is None:
            raise ValueError("one of subject and sid says which logins are meant")
        meant = [standing_logins.c.issuer == issuer]
        if sid is not None:
            meant.append(standing_logins.c.sid == sid)
        if subject is not None:
            meant.append(standing_logins.c.subject == subject)
        async with self._database.writing() as transaction:
            found = select(standing_logins.c.login_id, standing_logins.c.person_id).where(*meant)
            ended = {row.login_id: row.person_id for row in await transaction.connection.execute(found)}
            await transaction.connection.execute(delete(standing_logins).where(standing_logins.c.login_id.in_(ended)))
        return ended
