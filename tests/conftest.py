"""What every test of the database stands on: SQLite in a file, and one PostgreSQL that the session starts."""

from __future__ import annotations

import asyncio
import functools
import inspect
import shutil
import sys
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import asyncpg
import pytest
from hypothesis import settings

from rooms.store import migrate
from tests.services import postgres

PROJECT = Path(__file__).parents[1]


def pytest_configure() -> None:
    if "tests.interpreted" in sys.modules:
        return
    for library in (PROJECT / "media").glob("compiled__*.so"):
        for source in (PROJECT / "media").glob("*.py"):
            compiled = any(source.parent.glob(f"{source.stem}.*.so"))
            if compiled and source.stat().st_mtime > library.stat().st_mtime:
                raise pytest.UsageError(f"{source.name} has changed since it was compiled: run `make .venv/installed`")


BOUND_S = 420
"""How long a test may take: past it, one that awaits fails where it stands. (`faulthandler_timeout` is for all others.)"""


def pytest_itemcollected(item: pytest.Item) -> None:
    if isinstance(item, pytest.Function) and inspect.iscoroutinefunction(item.obj):
        item.obj = _bounded(item.obj)


def _bounded(test: Callable[..., Awaitable[None]]) -> Callable[..., Awaitable[None]]:
    @functools.wraps(test)
    async def bounded(*arguments: Any, **named: Any) -> None:
        async with asyncio.timeout(BOUND_S):
            await test(*arguments, **named)

    return bounded


# How long an example takes is the machine's affair, and no test's.
settings.register_profile("venterum", deadline=None)
settings.load_profile("venterum")


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated, empty SQLite file to copy."""
    path = tmp_path_factory.mktemp("template") / "venterum.sqlite3"
    migrate(f"sqlite+aiosqlite:///{path}")
    return path


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """A running PostgreSQL; yields the URL of its database `postgres`."""
    with postgres() as url:
        yield url


@pytest.fixture(scope="session")
def postgres_template(postgres_server: str) -> str:
    """The URL of its migrated, empty database `template`."""
    template = new_database(postgres_server, "template")
    migrate(template)
    return template


@pytest.fixture
def fresh_database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Callable[[str], str]]:
    """Makes a migrated, empty database of the test's own, of the kind asked for: `sqlite` or `postgres`."""
    made: list[str] = []

    def make(kind: str) -> str:
        if kind == "sqlite":
            copied = shutil.copy(request.getfixturevalue("sqlite_template"), tmp_path / "venterum.sqlite3")
            return f"sqlite+aiosqlite:///{copied}"
        name = f"test_{abs(hash(request.node.nodeid)):x}"
        made.append(new_database(request.getfixturevalue("postgres_template"), name, template="template"))
        return made[-1]

    yield make
    for url in made:
        drop_database(url)


@pytest.fixture(params=["sqlite", "postgres"])
def database_url(request: pytest.FixtureRequest, fresh_database: Callable[[str], str]) -> str:
    """A migrated, empty database of the test's own, of each kind."""
    return fresh_database(request.param)


def new_database(server: str, name: str, template: str = "template1") -> str:
    """Make a database on the server of a URL; its own URL. Not inside an event loop."""
    _as_admin(server, f"CREATE DATABASE {name} TEMPLATE {template}")
    return server.replace(f"{urlsplit(server).path}?", f"/{name}?")


def drop_database(url: str) -> None:
    """Take a database away, whoever is connected to it. Not inside an event loop."""
    _as_admin(url, f"DROP DATABASE {urlsplit(url).path[1:]} WITH (FORCE)")


def _as_admin(url: str, statement: str) -> None:
    admin = url.replace(f"{urlsplit(url).path}?", "/postgres?").replace("+asyncpg", "")

    async def execute() -> None:
        connection = await asyncpg.connect(admin)
        try:
            await connection.execute(statement)
        finally:
            await connection.close()

    asyncio.run(execute())
