"""The logins that stand: as long as the cookie, until they are ended here or at the provider, and never again after."""

from __future__ import annotations

from datetime import timedelta

import pytest

from rooms.store import Rooms

from .cast import SettableClock, every_row

ISSUER = "https://id.example"


async def begin(
    rooms: Rooms, login_id: str, person: str = "anne", *, subject: str = "s", sid: str | None = None
) -> None:
    await rooms.logins.begin(login_id, person, issuer=ISSUER, subject=subject, sid=sid, lasts=timedelta(hours=12))


async def test_a_login_stands_for_its_person_until_its_end(rooms: Rooms, clock: SettableClock) -> None:
    await begin(rooms, "a")
    assert await rooms.logins.stands("a", "anne")
    assert not await rooms.logins.stands("a", "maja")
    assert not await rooms.logins.stands("b", "anne")
    clock.time += timedelta(hours=12)
    assert not await rooms.logins.stands("a", "anne")


async def test_what_has_ended_leaves_nothing_behind(rooms: Rooms, clock: SettableClock, database_url: str) -> None:
    await begin(rooms, "a")
    clock.time += timedelta(hours=13)
    await begin(rooms, "b")
    assert [row[0] for row in (await every_row(database_url))["standing_logins"]] == ["b"]
    await rooms.logins.end("b")
    await rooms.logins.end("b")
    assert not await rooms.logins.stands("b", "anne")
    assert (await every_row(database_url))["standing_logins"] == []


async def test_a_provider_ends_a_session_or_all_of_a_subject(rooms: Rooms) -> None:
    await begin(rooms, "a", sid="1")
    await begin(rooms, "b", sid="2")
    await begin(rooms, "c")
    await begin(rooms, "d", "maja", subject="t", sid="1")
    assert await rooms.logins.end_at_provider("https://other.example", "s", None) == {}
    assert await rooms.logins.end_at_provider(ISSUER, "s", "1") == {"a": "anne"}
    assert not await rooms.logins.stands("a", "anne")
    assert set(await rooms.logins.end_at_provider(ISSUER, "s", None)) == {"b", "c"}
    assert await rooms.logins.end_at_provider(ISSUER, None, "1") == {"d": "maja"}
    with pytest.raises(ValueError, match="subject"):
        await rooms.logins.end_at_provider(ISSUER, None, None)
