"""The engine and its transactions, on SQLite or PostgreSQL; what is written in them is decided elsewhere.

A reader sees one snapshot. A transition has its clinic to itself from its first statement to its commit: on SQLite by
BEGIN IMMEDIATE, on PostgreSQL by the lock on the clinic's row.
"""

from __future__ import annotations

import asyncio
import functools
import uuid
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

from sqlalchemy import Row, event, select, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from .clinic_settings import from_json
from .errors import NotFound, StoreRefused
from .records import Clinic, Committed
from .states import RoomState
from .tables import clinics, events

BUSY_TIMEOUT_MS = 5_000
"""How long an SQLite writer waits for another one, in milliseconds; past it the command fails and changes nothing."""

CLAIM_LOCK = 0x76656E7401
MIGRATION_LOCK = 0x76656E7402
DIRECTORY_LOCK = 0x76656E7403
"""Keys of PostgreSQL advisory locks; they only must differ from each other and from other programs' in the database."""

AHEAD_OF_UTC = timedelta(hours=2)
"""How far Danish clocks are ahead of UTC at most: a child born today in Denmark is born, even if UTC is a day behind."""

_IMMEDIATE = "venterum_immediate"

P = ParamSpec("P")
T = TypeVar("T")


@dataclass(slots=True)
class Transaction:
    """A write under way: nothing of it is visible until it is committed, and a raised error undoes it all."""

    connection: AsyncConnection
    now: datetime
    committed: list[Committed] = field(default_factory=list)

    async def alone(self, lock: int) -> None:
        """Wait for every other transaction that asked for the same lock. (On SQLite writers are alone as it is.)"""
        if self.connection.dialect.name == "postgresql":
            await self.connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": lock})


@dataclass(slots=True)
class Transition(Transaction):
    """A write to one clinic, which no other transition touches meanwhile. `clinic` is as it was at the beginning."""

    clinic: Clinic = field(kw_only=True)
    last_number: int = field(kw_only=True)
    last_hash: str = field(kw_only=True)


class Database:
    """One engine, its readers and its writers."""

    def __init__(self, url: str, *, clock: Callable[[], datetime], on_commit: Callable[[Committed], None]) -> None:
        """Raises StoreRefused when the URL is of another kind of database."""
        self.url = parse_url(url)
        self.engine = create_engine(self.url)
        self._clock = clock
        self._on_commit = on_commit
        self._writing = immediate(self.engine)
        self._reading = self.engine
        if not self.is_sqlite:
            self._reading = self.engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
        # SQLite has one writer. Waiting here is fair and wakes at once; waiting in SQLite is polling.
        self._turn: AbstractAsyncContextManager[None] = asyncio.Lock() if self.is_sqlite else nullcontext()

    @property
    def is_sqlite(self) -> bool:
        return self.url.get_backend_name() == "sqlite"

    def now(self) -> datetime:
        return self._clock()

    def today(self) -> date:
        """The date in Denmark, whose clocks are ahead of UTC by at most `AHEAD_OF_UTC`: never one that is over there."""
        return (self._clock() + AHEAD_OF_UTC).date()

    async def close(self) -> None:
        """Give every connection back. May be called twice."""
        await self.engine.dispose()

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[AsyncConnection]:
        """A connection on which every query sees the same snapshot."""
        async with self._reading.connect() as connection:
            yield connection

    @asynccontextmanager
    async def writing(self) -> AsyncIterator[Transaction]:
        """A write transaction: committed at the end, undone by any error."""
        async with self._turn, self._writing.connect() as connection:
            transaction = Transaction(connection, self._clock())
            yield transaction
            await self._commit(transaction)

    @asynccontextmanager
    async def transition(self, clinic_id: str) -> AsyncIterator[Transition]:
        """A write transaction with one clinic's row locked by its first statement.

        Raises:
            NotFound: there is no such clinic.
        """
        async with self._turn, self._writing.connect() as connection:
            clinic = await find_clinic(connection, clinic_id, lock=True)
            if clinic is None:
                raise NotFound
            # The clock is read under the lock, so that a later event never has an earlier time.
            transition = await _begun(connection, self._clock(), [], clinic)
            yield transition
            await self._commit(transition)

    async def transition_within(self, transaction: Transaction, clinic_id: str) -> Transition:
        """Lock a clinic inside a transaction that concerns several; its events are committed with the transaction's.

        Whoever does so holds DIRECTORY_LOCK, so that no two wait for each other's clinics.

        Raises:
            NotFound: there is no such clinic.
        """
        clinic = await find_clinic(transaction.connection, clinic_id, lock=True)
        if clinic is None:
            raise NotFound
        return await _begun(transaction.connection, self._clock(), transaction.committed, clinic)

    async def _commit(self, transaction: Transaction) -> None:
        await transaction.connection.commit()
        for committed in transaction.committed:
            self._on_commit(committed)


async def _begun(connection: AsyncConnection, now: datetime, committed: list[Committed], clinic: Clinic) -> Transition:
    last_hash = await connection.scalar(
        select(events.c.hash).where(events.c.clinic_id == clinic.id, events.c.number == clinic.last_event)
    )
    return Transition(
        connection, now, committed, clinic=clinic, last_number=clinic.last_event, last_hash=last_hash or ""
    )


def seen_out(method: Callable[P, Coroutine[Any, Any, T]]) -> Callable[P, Coroutine[Any, Any, T]]:
    """Make a command that writes whole: a caller cancelled meanwhile gets its CancelledError when the command is over.

    Broken off halfway, a conversation with the database would leave its lock behind for a while, and an event could be
    committed with nobody told of it.
    """

    @functools.wraps(method)
    async def whole(*args: P.args, **kwargs: P.kwargs) -> T:
        command = asyncio.ensure_future(method(*args, **kwargs))
        try:
            return await asyncio.shield(command)
        except asyncio.CancelledError:
            await asyncio.wait({command})
            if not command.cancelled():
                command.exception()  # looked at, so that asyncio does not report it: the caller is gone
            raise

    return whole


async def find_clinic(connection: AsyncConnection, clinic_id: str, *, lock: bool = False) -> Clinic | None:
    """The clinic by its id; with `lock`, its row is this transaction's alone until the end."""
    query = select(clinics).where(clinics.c.id == clinic_id)
    if lock:
        query = query.with_for_update(key_share=True)  # SQLAlchemy leaves it out on SQLite
    row = (await connection.execute(query)).one_or_none()
    return None if row is None else clinic_from(row)


def clinic_from(row: Row[Any]) -> Clinic:
    """The record of a row of `clinics`."""
    return Clinic(
        id=row.id,
        name=row.name,
        phone=row.phone,
        ydernummer=row.ydernummer,
        sor_id=row.sor_id,
        room=RoomState(row.room),
        open_message=row.open_message,
        closed_message=row.closed_message,
        last_event=row.last_event,
        settings=from_json(row.settings),
        due_at=row.due_at,
    )


def new_id() -> str:
    """An id that nobody can guess and that tells nothing."""
    return uuid.uuid4().hex


def parse_url(database_url: str) -> URL:
    """Read the database's address.

    Raises:
        StoreRefused: it is unreadable, or of another kind. The address, which may hold a password, is not named.
    """
    try:
        url = make_url(database_url)
    except ArgumentError:
        raise StoreRefused("The database URL cannot be read.") from None
    if url.drivername == "sqlite+aiosqlite" and url.database and url.database != ":memory:":
        return url
    if url.drivername == "postgresql+asyncpg":
        return url
    raise StoreRefused("The database is sqlite+aiosqlite:///<file> or postgresql+asyncpg://<address>.")


def must_be_there(database_url: str) -> None:
    """Opening an SQLite file would make it. Raises StoreRefused when there is none."""
    url = parse_url(database_url)
    if url.get_backend_name() == "sqlite" and not Path(url.database or "").exists():
        raise StoreRefused("There is no database there.")


def create_engine(url: URL) -> AsyncEngine:
    """An engine with this project's settings: no parameter in an error, and on SQLite what durability needs."""
    if url.get_backend_name() != "sqlite":
        return create_async_engine(url, hide_parameters=True, pool_pre_ping=True)
    engine = create_async_engine(url, hide_parameters=True)

    @event.listens_for(engine.sync_engine, "connect")
    def prepare(connection: Any, _record: object) -> None:
        # The driver's own BEGIN comes too late and is never IMMEDIATE, so it is turned off and `begin` below does it.
        connection.isolation_level = None
        cursor = connection.cursor()
        # The timeout comes first: switching to WAL may have to wait for another connection that does the same.
        cursor.execute(f"PRAGMA busy_timeout = {BUSY_TIMEOUT_MS}")
        cursor.execute("PRAGMA journal_mode = WAL")
        cursor.execute("PRAGMA synchronous = FULL")
        cursor.execute("PRAGMA foreign_keys = ON")
        # What is deleted is overwritten: a destroyed key shall not stand in the file until its page is used again.
        cursor.execute("PRAGMA secure_delete = ON")
        cursor.close()

    @event.listens_for(engine.sync_engine, "begin")
    def begin(connection: Any) -> None:
        immediate = connection.get_execution_options().get(_IMMEDIATE)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if immediate else "BEGIN")

    return engine


def immediate(engine: AsyncEngine) -> AsyncEngine:
    """The same engine, whose transactions on SQLite begin as a writer's."""
    return engine.execution_options(**{_IMMEDIATE: True})
