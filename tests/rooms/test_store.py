"""The store as a whole: its schema, who may hold it, that it closes, and that no CPR number is in its files."""

from __future__ import annotations

import stat
import subprocess
import sys
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection

from rooms.database import create_engine, parse_url
from rooms.demo import demo_people, load_demo
from rooms.errors import StoreInUse, StoreRefused
from rooms.states import RoomState
from rooms.store import Rooms, migrate
from rooms.tables import metadata

from .cast import ANNE, EAR, KEY, MAJA_CPR, SettableClock, by_hand

Opener = Callable[[], Awaitable[Rooms]]


@pytest.fixture
async def opened(database_url: str) -> Opener:
    """Opens the database once more at every call."""

    async def open_it() -> Rooms:
        return await Rooms.open(database_url, KEY, clock=lambda: datetime.now(UTC), on_commit=lambda _: None)

    return open_it


async def test_the_migrated_schema_is_the_tables(database_url: str) -> None:
    def differences(connection: Connection) -> list[object]:
        return list(compare_metadata(MigrationContext.configure(connection), metadata))

    engine = create_engine(parse_url(database_url))
    async with engine.connect() as connection:
        assert await connection.run_sync(differences) == []
    await engine.dispose()


def test_migrating_makes_the_directory_and_may_be_repeated(tmp_path: Path) -> None:
    path = tmp_path / "var" / "deep" / "venterum.sqlite3"
    migrate(f"sqlite+aiosqlite:///{path}")
    first = path.read_bytes()
    migrate(f"sqlite+aiosqlite:///{path}")
    assert path.read_bytes() == first


async def test_what_was_acknowledged_is_there_after_a_restart(opened: Opener) -> None:
    async with await opened() as rooms:
        await load_demo(rooms)
        await rooms.waiting_room.open(ANNE, EAR)
        log = await rooms.log.since(EAR, 0)
    async with await opened() as rooms:
        assert (await rooms.directory.clinic(EAR)).room is RoomState.OPEN
        assert await rooms.log.since(EAR, 0) == log


async def test_it_answers_and_closes_twice(opened: Opener) -> None:
    rooms = await opened()
    await rooms.claim(shared=False)
    await rooms.ping()
    await rooms.close()
    await rooms.close()


@pytest.mark.parametrize(
    "url",
    [
        "",
        "nonsense",
        "mysql://u:hemmelig@h/d",
        "sqlite:///x",
        "sqlite+aiosqlite://",
        "sqlite+aiosqlite:///:memory:",
    ],
)
async def test_another_kind_of_database_is_refused_without_its_password(url: str) -> None:
    with pytest.raises(StoreRefused) as refused:
        await Rooms.open(url, KEY, clock=SettableClock(), on_commit=lambda _: None)
    assert "hemmelig" not in str(refused.value)
    with pytest.raises(StoreRefused):
        parse_url(url)


async def test_one_holder_alone(opened: Opener) -> None:
    async with await opened() as first, await opened() as second:
        await first.claim(shared=False)
        with pytest.raises(StoreInUse, match="PostgreSQL and Redis"):
            await second.claim(shared=False)
        with pytest.raises(StoreRefused):
            await first.claim(shared=False)
        await first.close()
        await second.claim(shared=False)


async def test_a_second_process_is_refused(opened: Opener, database_url: str) -> None:
    script = (
        "import asyncio, sys\n"
        "from datetime import UTC, datetime\n"
        "from rooms.errors import StoreInUse\n"
        "from rooms.store import Rooms\n"
        "async def main():\n"
        "    clock = lambda: datetime.now(UTC)\n"
        "    async with await Rooms.open(sys.argv[1], bytes(32), clock=clock, on_commit=print) as rooms:\n"
        "        try:\n"
        "            await rooms.claim(False)\n"
        "        except StoreInUse:\n"
        "            return 3\n"
        "sys.exit(asyncio.run(main()))\n"
    )

    def run_it() -> int:
        return subprocess.run([sys.executable, "-c", script, database_url], check=False).returncode

    async with await opened() as rooms:
        await rooms.claim(shared=False)
        assert run_it() == 3
    assert run_it() == 0


async def test_many_workers_share_on_postgresql_alone(opened: Opener, database_url: str) -> None:
    async with AsyncExitStack() as stack:
        first, second, third = [await stack.enter_async_context(await opened()) for _ in range(3)]
        if database_url.startswith("sqlite"):
            with pytest.raises(StoreRefused, match="PostgreSQL and Redis"):
                await first.claim(shared=True)
            return
        await first.claim(shared=True)
        await second.claim(shared=True)
        with pytest.raises(StoreInUse):
            await third.claim(shared=False)
        await first.close()
        await second.close()
        await third.claim(shared=False)


async def test_a_claim_that_the_database_forgot_is_taken_again(opened: Opener, database_url: str) -> None:
    if database_url.startswith("sqlite"):
        pytest.skip("the kernel holds an SQLite claim; no server can forget it")
    async with await opened() as first, await opened() as second:
        await first.claim(shared=False)
        everyone = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database()"
        await by_hand(database_url, f"{everyone} AND pid <> pg_backend_pid()")
        await first.ping()
        with pytest.raises(StoreInUse):
            await second.claim(shared=False)


async def test_no_cpr_number_stands_in_the_files(sqlite_url: str, tmp_path: Path) -> None:
    on_commit: list[object] = []
    async with await Rooms.open(sqlite_url, KEY, clock=SettableClock(), on_commit=on_commit.append) as rooms:
        await rooms.claim(shared=False)
        await load_demo(rooms)
        await rooms.patients.add(ANNE, EAR, MAJA_CPR)
        await rooms.waiting_room.open(ANNE, EAR)
        visit = await rooms.waiting_room.join("maja", EAR)
        await rooms.waiting_room.accept(ANNE, EAR, visit.id)
        files = _contents(tmp_path)
    assert any(name.endswith("-wal") for name in files)
    everything = b"".join(files.values())
    assert "Maja Elkjær Holm".encode() in everything  # so these are the bytes that count
    for person in demo_people():
        assert person.cpr.encode() not in everything
        assert person.cpr.replace("-", "").encode() not in everything
    assert stat.S_IMODE((tmp_path / "only.sqlite3.lock").stat().st_mode) == 0o600


def _contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


async def test_sqlite_flushes_every_commit(sqlite_url: str) -> None:
    engine = create_engine(parse_url(sqlite_url))
    async with engine.connect() as connection:
        pragmas = [
            (await connection.exec_driver_sql(f"PRAGMA {name}")).scalar()
            for name in ("journal_mode", "synchronous", "foreign_keys")
        ]
    await engine.dispose()
    assert pragmas == ["wal", 2, 1]
