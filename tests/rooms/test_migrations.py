"""Each migration on a database that the version before it has filled."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, text

from rooms.clinic_settings import ClinicSettings
from rooms.database import create_engine, immediate, parse_url
from rooms.store import Rooms, migrate

from .cast import KEY, SettableClock

CLINIC = (
    "INSERT INTO clinics (id, name, phone, room, open_message, closed_message, last_event)"
    " VALUES ('c', 'Clinic', '1', 'open', 'open', 'closed', 0)"
)


@pytest.fixture(params=["sqlite", "postgres"])
def new_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A database with nothing in it, not even tables."""
    if request.param == "sqlite":
        return f"sqlite+aiosqlite:///{tmp_path / 'old.sqlite3'}"
    template: str = request.getfixturevalue("postgres_template")
    name = f"test_{abs(hash(request.node.nodeid)):x}"
    admin = template.replace("/template?", "/postgres?")
    asyncio.run(_outside(admin, f"CREATE DATABASE {name} TEMPLATE template0"))
    return template.replace("/template?", f"/{name}?")


def test_clinics_from_before_get_the_usual_hours(new_url: str) -> None:
    _to(new_url, "0001", CLINIC)
    migrate(new_url)

    async def look() -> None:
        async with await Rooms.open(new_url, KEY, clock=SettableClock(), on_commit=lambda _: None) as rooms:
            clinic = await rooms.directory.clinic("c")
            assert clinic.settings == ClinicSettings()
            assert clinic.due_at is not None
            assert clinic.due_at > datetime.now(UTC)

    asyncio.run(look())


def _to(url: str, revision: str, *statements: str) -> None:
    """Bring a database to a version, and fill it."""

    def run(connection: Connection) -> None:
        config = Config()
        config.set_main_option("script_location", "rooms:migrations")
        config.attributes["connection"] = connection
        command.upgrade(config, revision)

    asyncio.run(_inside(url, run, *statements))


async def _inside(url: str, first: Callable[[Connection], None], *statements: str) -> None:
    engine = create_engine(parse_url(url))
    try:
        async with immediate(engine).begin() as connection:
            await connection.run_sync(first)
            for statement in statements:
                await connection.execute(text(statement))
    finally:
        await engine.dispose()


async def _outside(url: str, statement: str) -> None:
    engine = create_engine(parse_url(url))
    try:
        async with engine.connect() as connection:
            outside = await connection.execution_options(isolation_level="AUTOCOMMIT")
            await outside.execute(text(statement))
    finally:
        await engine.dispose()
