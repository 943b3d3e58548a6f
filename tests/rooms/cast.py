"""Who plays in these tests: the demonstration's clinics and people, a clock to set, and a look at the bare rows."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import select, text

from rooms.database import create_engine, immediate, parse_url
from rooms.directory import Declaration
from rooms.records import Actor, Role
from rooms.tables import metadata

KEY = bytes(range(32))
EAR, SKIN = "oereklinikken", "hudklinikken"
ANNE = Actor("anne", Role.PRACTITIONER, "oere-anne")
MORTEN = Actor("morten", Role.PRACTITIONER, "oere-morten")
HENRIK = Actor("henrik", Role.PRACTITIONER, "hud-henrik")
MAJA_CPR, JONAS_CPR, FATIMA_CPR = "260782-2906", "150391-1475", "080975-1238"
DECLARATION = Declaration("2", "Jeg erklærer på tro og love, at jeg må.")


class SettableClock:
    """Stands still until it is moved on; but no two readings are the same, so what comes later is later."""

    def __init__(self) -> None:
        self.time = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        self.time += timedelta(microseconds=1)
        return self.time


async def every_row(database_url: str) -> dict[str, list[tuple[Any, ...]]]:
    """Everything that the database holds, for finding that nothing was changed."""
    engine = create_engine(parse_url(database_url))
    try:
        async with engine.connect() as connection:
            return {
                table.name: sorted(map(tuple, await connection.execute(select(table))), key=repr)
                for table in metadata.sorted_tables
            }
    finally:
        await engine.dispose()


async def by_hand(database_url: str, *statements: str) -> None:
    """Change the database behind the store's back."""
    engine = create_engine(parse_url(database_url))
    try:
        async with immediate(engine).begin() as connection:
            for statement in statements:
                await connection.execute(text(statement))
    finally:
        await engine.dispose()
