"""The store as the rest of the server sees it: opened, claimed, asked whether it is alive, closed; and migrated."""

from __future__ import annotations

import asyncio
import fcntl
import os
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Protocol, Self

from sqlalchemy import Connection, inspect, text
from sqlalchemy.engine import URL
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from .audit import Audit
from .consultations import Consultations
from .cpr import CprVault
from .database import CLAIM_LOCK, MIGRATION_LOCK, Database, create_engine, immediate, parse_url
from .directory import Directory
from .directory_import import DirectoryImport
from .employees import Employees
from .errors import StoreInUse, StoreRefused
from .family import Family
from .guests import Guests, GuestVault
from .kept_recordings import KeptRecordings
from .launches import Launches
from .log import Log
from .logins import Logins
from .messages import Messages, MessageVault
from .notes import Notes, NoteVault
from .opening import Opening
from .outbox import Outbox
from .patient_lists import PatientLists
from .patients import Patients
from .practice_systems import PracticeSystems
from .recording_keys import RecordingKeys
from .recordings import Recordings
from .records import Committed
from .visits import Visits
from .waiting_room import WaitingRoom


class Rooms:
    """Everything of the waiting room on one database. Use `open`, and `close` or `async with`."""

    def __init__(
        self,
        database: Database,
        vault: CprVault,
        note_vault: NoteVault,
        message_vault: MessageVault,
        guest_vault: GuestVault,
        recording_keys: RecordingKeys,
        recording_days: int | None,
    ) -> None:
        visits = Visits(vault, note_vault, database.today)
        self._database = database
        self._claim: _Claim | None = None
        self.log = Log(database)
        self.directory = Directory(database, vault)
        self.audit = Audit(database, vault)
        self.family = Family(database, vault)
        self.employees = Employees(database, vault)
        self.directory_import = DirectoryImport(database, vault)
        self.practice_systems = PracticeSystems(database, vault)
        self.launches = Launches(database)
        self.outbox = Outbox(database, vault)
        self.logins = Logins(database)
        self.patients = Patients(database, vault, visits)
        self.patient_lists = PatientLists(database, vault, self.patients)
        self.waiting_room = WaitingRoom(database, visits)
        self.opening = Opening(database, visits)
        self.consultations = Consultations(database, visits)
        self.notes = Notes(database, note_vault)
        self.messages = Messages(database, message_vault)
        self.guests = Guests(database, visits, guest_vault)
        self.recordings = Recordings(database, visits, recording_keys)
        self.kept_recordings = KeptRecordings(database, visits, self.audit, recording_keys, recording_days)

    @classmethod
    async def open(
        cls,
        database_url: str,
        installation_key: bytes,
        *,
        clock: Callable[[], datetime],
        on_commit: Callable[[Committed], None],
        recording_keys: RecordingKeys | None = None,
        recording_days: int | None = None,
    ) -> Self:
        """Open a store that `migrate` has brought up to date.

        `clock` gives timezone-aware times. `on_commit` is called after each committed event, in the event loop, and
        must return at once. Without `recording_keys` nothing is recorded. `recording_days` is how long any clinic's recordings
        are kept at the most.

        Raises:
            StoreRefused: the URL is of no database that this runs on.
            ValueError: the installation key is not 32 bytes long.
        """
        vault = CprVault(installation_key)
        database = Database(database_url, clock=clock, on_commit=on_commit)
        return cls(
            database,
            vault,
            NoteVault(installation_key),
            MessageVault(installation_key),
            GuestVault(installation_key),
            recording_keys or RecordingKeys(None),
            recording_days,
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Give the claim and every connection back. May be called twice."""
        claim, self._claim = self._claim, None
        if claim is not None:
            await claim.release()
        await self._database.close()

    async def ping(self) -> None:
        """Ask the database for an answer. Raises what the driver raises when it is dead, StoreInUse when it was taken."""
        async with self._database.reading() as connection:
            await connection.execute(text("SELECT 1"))
        if self._claim is not None:
            await self._claim.keep()

    async def claim(self, shared: bool) -> None:
        """Hold the store until `close`: for this process alone, or (`shared`) together with others that say so too.

        Raises:
            StoreInUse: another process holds it in a way that does not go with this one.
            StoreRefused: `shared` on SQLite.
        """
        if self._claim is not None:
            raise StoreRefused("The store is claimed already.")
        if not self._database.is_sqlite:
            self._claim = await _AdvisoryClaim.take(self._database.engine, shared)
        elif shared:
            raise StoreRefused("Several workers need PostgreSQL and Redis.")
        else:
            self._claim = _FileClaim(_file(self._database.url))


def migrate(database_url: str) -> None:
    """Bring the database to the newest version; the directory of an SQLite file is made. Not inside an event loop.

    Raises:
        StoreRefused: the URL is of no database that this runs on.
    """
    url = parse_url(database_url)
    if url.get_backend_name() == "sqlite":
        _file(url).parent.mkdir(parents=True, exist_ok=True)
    asyncio.run(_migrate(url))


async def _migrate(url: URL) -> None:
    engine = create_engine(url)
    try:
        async with immediate(engine).begin() as connection:
            # Two workers that start together take turns; the second finds nothing left to do.
            if connection.dialect.name == "postgresql":
                await connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": MIGRATION_LOCK})
            await connection.run_sync(_upgrade)
    finally:
        await engine.dispose()


def newest_version() -> str:
    """The last migration's number, which its file's name begins with."""
    files = (Path(__file__).parent / "migrations" / "versions").glob("0*.py")
    return max(file.stem.partition("_")[0] for file in files)


def _upgrade(connection: Connection) -> None:
    if _version(connection) == newest_version():
        return
    # Whoever has nothing to migrate does not wait for the program that would do it.
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", "rooms:migrations")
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


def _version(connection: Connection) -> str | None:
    """Which migration it is at, by Alembic's own table; None when there is no such table yet."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    version: str | None = connection.scalar(text("SELECT version_num FROM alembic_version"))
    return version


def _file(url: URL) -> Path:
    return Path(url.database or "")


class _Claim(Protocol):
    async def keep(self) -> None:
        """Make sure that it still holds, or take it again."""

    async def release(self) -> None: ...


class _FileClaim:
    """An exclusive lock on a file beside the database; the kernel gives it back when the process dies."""

    def __init__(self, database: Path) -> None:
        """Raises StoreInUse."""
        self._handle = os.open(f"{database}.lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(self._handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(self._handle)
            raise StoreInUse from None

    async def keep(self) -> None:
        """The kernel holds it."""

    async def release(self) -> None:
        os.close(self._handle)


class _AdvisoryClaim:
    """A PostgreSQL advisory lock, which lives as long as the connection that took it."""

    def __init__(self, engine: AsyncEngine, shared: bool, connection: AsyncConnection) -> None:
        self._engine = engine
        self._shared = shared
        self._connection = connection
        self._turn = asyncio.Lock()

    @classmethod
    async def take(cls, engine: AsyncEngine, shared: bool) -> _AdvisoryClaim:
        """Raises StoreInUse."""
        return cls(engine, shared, await _lock(engine, shared))

    async def keep(self) -> None:
        """A restarted database has forgotten the lock: take it again. Raises StoreInUse if another was faster."""
        async with self._turn:
            try:
                await self._connection.execute(text("SELECT 1"))
            except DBAPIError as error:
                if not error.connection_invalidated:
                    raise
                await self._connection.close()
                self._connection = await _lock(self._engine, self._shared)

    async def release(self) -> None:
        async with self._turn:
            # Not given back to the pool: the lock ends with the connection.
            await self._connection.invalidate()
            await self._connection.close()


async def _lock(engine: AsyncEngine, shared: bool) -> AsyncConnection:
    # Each statement on its own: a transaction left open for days would keep the database from cleaning up.
    connection = await engine.execution_options(isolation_level="AUTOCOMMIT").connect()
    take = "pg_try_advisory_lock_shared" if shared else "pg_try_advisory_lock"
    try:
        taken = await connection.scalar(text(f"SELECT {take}(:lock)"), {"lock": CLAIM_LOCK})
        if not taken:
            raise StoreInUse
    except BaseException:
        await connection.close()
        raise
    return connection
