"""A store with the demonstration in it, on each database: SQLite in a file, and a PostgreSQL that the session starts."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import asyncpg
import pytest

from rooms.demo import load_demo
from rooms.records import Committed
from rooms.store import Rooms, migrate
from tests.services import postgres

from .cast import KEY, SettableClock


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated, empty SQLite file to copy."""
    path = tmp_path_factory.mktemp("template") / "venterum.sqlite3"
    migrate(f"sqlite+aiosqlite:///{path}")
    return path


@pytest.fixture(scope="session")
def postgres_template() -> Iterator[str]:
    """A running PostgreSQL; yields the URL of its migrated, empty database `template`."""
    with postgres() as url:
        asyncio.run(_create(url, "CREATE DATABASE template"))
        template = url.replace("/postgres?", "/template?")
        migrate(template)
        yield template


@pytest.fixture(params=["sqlite", "postgres"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A migrated, empty database of the test's own."""
    if request.param == "sqlite":
        copied = shutil.copy(request.getfixturevalue("sqlite_template"), tmp_path / "venterum.sqlite3")
        return f"sqlite+aiosqlite:///{copied}"
    template: str = request.getfixturevalue("postgres_template")
    name = f"test_{abs(hash(request.node.nodeid)):x}"
    admin = template.replace("/template?", "/postgres?")
    asyncio.run(_create(admin, f"CREATE DATABASE {name} TEMPLATE template"))
    return template.replace("/template?", f"/{name}?")


@pytest.fixture
def sqlite_url(sqlite_template: Path, tmp_path: Path) -> str:
    """For what only SQLite has: a migrated, empty file."""
    return f"sqlite+aiosqlite:///{shutil.copy(sqlite_template, tmp_path / 'only.sqlite3')}"


@pytest.fixture
def clock() -> SettableClock:
    return SettableClock()


@pytest.fixture
def announced() -> list[Committed]:
    """What `rooms` told its listener, in order."""
    return []


@pytest.fixture
async def rooms(database_url: str, clock: SettableClock, announced: list[Committed]) -> AsyncIterator[Rooms]:
    """A store with the demonstration loaded."""
    async with await Rooms.open(database_url, KEY, clock=clock, on_commit=announced.append) as rooms:
        await load_demo(rooms)
        yield rooms


async def _create(url: str, statement: str) -> None:
    connection = await asyncpg.connect(url.replace("+asyncpg", ""))
    try:
        await connection.execute(statement)
    finally:
        await connection.close()
