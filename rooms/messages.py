"""What a patient and the clinic's staff write to each other in a visit, in the queue and in the call.

Numbered within the visit without gaps, so that a page reads what it lacks. A text may hold anything: it is sealed in the table,
and the log tells of it without its words.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import timedelta
from typing import Any

from sqlalchemy import Row, case, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from .database import Database, Transition, new_id, seen_out
from .errors import ChatOff, MessageInvalid, MessagesFull, MessagesTooFast, NotFound
from .log import append
from .records import Actor, Chat, Message, Party
from .states import OPEN_VISITS, VisitState
from .tables import messages, people, visits
from .text_vault import TextVault

LONGEST_TEXT = 1000
"""In characters."""
MOST_MESSAGES = 500
"""How many messages a visit may have."""
MOST_A_MINUTE = 20
"""How many messages each party may write in a visit within a minute."""
PAGE = 200
"""How many messages are read at a time at most."""

_MINUTE = timedelta(minutes=1)


class MessageVault(TextVault):
    """Seals the messages' texts."""

    def __init__(self, key: bytes) -> None:
        super().__init__(key, b"venterum message v1")


async def chats_of(connection: AsyncConnection, visit_ids: Collection[str]) -> Mapping[str, Chat]:
    """How the messages of each visit that has any stand; no text is opened for it."""

    def counted(by: Party, *, read: bool) -> Any:
        mine = (messages.c.by == by.value) & (messages.c.read_at.is_not(None) if read else messages.c.read_at.is_(None))
        if read:
            return func.coalesce(func.max(case((mine, messages.c.number))), 0)
        return func.count(case((mine, 1)))

    query = (
        select(
            messages.c.visit_id,
            func.count(),
            counted(Party.PATIENT, read=False),
            counted(Party.CLINIC, read=False),
            counted(Party.PATIENT, read=True),
            counted(Party.CLINIC, read=True),
        )
        .where(messages.c.visit_id.in_(visit_ids))
        .group_by(messages.c.visit_id)
    )
    rows = await connection.execute(query) if visit_ids else ()
    return {visit_id: Chat(*counts) for visit_id, *counts in rows}


class Messages:
    """Writes and reads messages. Who may see the visit at all is asked by the caller."""

    def __init__(self, database: Database, vault: MessageVault) -> None:
        self._database = database
        self._vault = vault

    @seen_out
    async def write(self, actor: Actor, by: Party, clinic_id: str, visit_id: str, key: str, text: str) -> Message:
        """Write one. `key` is the writer's own name for it: sent again after a lost answer, it is written once.

        Raises:
            MessageInvalid: it is empty or longer than LONGEST_TEXT.
            ChatOff: the visit is over, or the patient waits and the clinic does not want messages then.
            MessagesTooFast: the party has written MOST_A_MINUTE within the last minute.
            MessagesFull: the visit has MOST_MESSAGES already.
            NotFound: the clinic has no such visit.
        """
        text = text.strip()
        if not 1 <= len(text) <= LONGEST_TEXT or "\x00" in text:
            raise MessageInvalid(LONGEST_TEXT)
        async with self._database.transition(clinic_id) as transition:
            person_id, state = await _visit(transition, visit_id)
            written = await self._written(transition.connection, visit_id, key)
            if written is not None:
                return written
            if state not in OPEN_VISITS or (state is VisitState.WAITING and not transition.clinic.settings.chat):
                raise ChatOff
            number = await self._next_number(transition, by, visit_id)
            message_id = new_id()
            await transition.connection.execute(
                insert(messages).values(
                    id=message_id,
                    visit_id=visit_id,
                    number=number,
                    key=key,
                    by=by.value,
                    author_person_id=actor.person_id,
                    text_sealed=self._vault.seal(message_id, text),
                    written_at=transition.now,
                )
            )
            data = {"message_id": message_id, "number": number, "by": by.value}
            await append(transition, "message_written", actor, visit_id=visit_id, person_id=person_id, data=data)
            (message,) = await self._find(transition.connection, messages.c.id == message_id)
            return message

    async def after(self, visit_id: str, number: int) -> tuple[Message, ...]:
        """The visit's messages after `number`, in order, at most PAGE."""
        async with self._database.reading() as connection:
            return await self._find(connection, (messages.c.visit_id == visit_id) & (messages.c.number > number))

    @seen_out
    async def read(self, actor: Actor, by: Party, clinic_id: str, visit_id: str, number: int) -> None:
        """Note that a party has seen the other's messages up to `number`. Nothing is told of what was noted before.

        Raises:
            NotFound: the clinic has no such visit.
        """
        async with self._database.transition(clinic_id) as transition:
            person_id, _ = await _visit(transition, visit_id)
            seen = await transition.connection.execute(
                update(messages)
                .where(
                    messages.c.visit_id == visit_id,
                    messages.c.by != by.value,
                    messages.c.number <= number,
                    messages.c.read_at.is_(None),
                )
                .values(read_at=transition.now)
            )
            if seen.rowcount:
                data = {"number": number, "by": by.value}
                await append(transition, "message_read", actor, visit_id=visit_id, person_id=person_id, data=data)

    async def _written(self, connection: AsyncConnection, visit_id: str, key: str) -> Message | None:
        found = await self._find(connection, (messages.c.visit_id == visit_id) & (messages.c.key == key))
        return found[0] if found else None

    async def _next_number(self, transition: Transition, by: Party, visit_id: str) -> int:
        lately = (messages.c.by == by.value) & (messages.c.written_at > transition.now - _MINUTE)
        query = select(func.count(), func.count(case((lately, 1)))).where(messages.c.visit_id == visit_id)
        count, of_late = (await transition.connection.execute(query)).one()
        if count >= MOST_MESSAGES:
            raise MessagesFull(MOST_MESSAGES)
        if of_late >= MOST_A_MINUTE:
            raise MessagesTooFast(MOST_A_MINUTE)
        return int(count) + 1

    async def _find(self, connection: AsyncConnection, condition: Any) -> tuple[Message, ...]:
        query = (
            select(messages, people.c.name)
            .outerjoin(people, people.c.id == messages.c.author_person_id)
            .where(condition)
            .order_by(messages.c.number)
            .limit(PAGE)
        )
        return tuple(self._record(row) for row in await connection.execute(query))

    def _record(self, row: Row[Any]) -> Message:
        return Message(
            id=row.id,
            number=row.number,
            by=Party(row.by),
            author_name=row.name if row.by == Party.CLINIC.value else None,
            text=self._vault.open(row.id, row.text_sealed),
            written_at=row.written_at,
        )


async def _visit(transition: Transition, visit_id: str) -> tuple[str, VisitState]:
    """Whose visit it is, and how it stands. Raises NotFound when it is none of the transition's clinic."""
    query = select(visits.c.person_id, visits.c.state).where(
        visits.c.id == visit_id, visits.c.clinic_id == transition.clinic.id
    )
    found = (await transition.connection.execute(query)).one_or_none()
    if found is None:
        raise NotFound
    return found.person_id, VisitState(found.state)
