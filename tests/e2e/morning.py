"""A clinic in the middle of its morning, put into a server's database before it starts: who waits, is in video, is through."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

from rooms.cpr import Cpr
from rooms.demo import load_demo
from rooms.directory import PersonEntry
from rooms.records import Actor, Role
from rooms.store import Rooms
from web.keys import InstallationKey

EAR = "oereklinikken"
ANNE = Actor("anne", Role.PRACTITIONER, "oere-anne")
MORTEN = Actor("morten", Role.PRACTITIONER, "oere-morten")

NAMES = (
    *("Bodil Frandsen", "Carl Emil Nørgaard", "Dorthe Kjeldsen", "Erik Mølgaard Thuesen", "Grethe Abildgaard"),
    *("Holger Winther", "Inger-Lise Damgaard", "Karl Ove Søndergaard", "Lis Bertelsen", "Niels Aagaard Ravn"),
    *("Olga Petersen", "Poul Erik Bach"),
)
ENDED_MINUTES = (7, 9, 10, 11, 12, 14)


class _Clock:
    def __init__(self, now: datetime) -> None:
        self.now = now

    def __call__(self) -> datetime:
        self.now += timedelta(microseconds=1)
        return self.now


async def fill(home: Path, *, waiting: int = 6, in_call: int = 2, ended: int = 3) -> None:
    """Fill the database that `servers.serving` uses in `home`. The patients' pages are closed; nobody's media is there."""
    url = f"sqlite+aiosqlite:///{home / 'venterum.sqlite3'}"
    key = InstallationKey.load(home / "venterum.key", create=True)
    begins = datetime.now(UTC) - timedelta(minutes=50)
    clock = _Clock(begins)
    async with await Rooms.open(url, key.reveal(), clock=clock, on_commit=lambda _: None) as rooms:
        await load_demo(rooms)
        people = [
            PersonEntry(f"m{number}", name, Cpr.parse(f"{number + 1:02}0350-{1000 + number}"), True)
            for number, name in enumerate(NAMES)
        ]
        await rooms.directory.load(people, (), ())
        await rooms.waiting_room.open(ANNE, EAR)
        queue = [person.id for person in people[: waiting + in_call + ended]]
        visits = {}
        for person in people[: len(queue)]:
            await rooms.patients.add(ANNE, EAR, person.cpr.reveal())
            clock.now += timedelta(minutes=2)
            visits[person.id] = (await rooms.waiting_room.join(person.id, EAR)).id
        for place, person_id in enumerate(queue[: ended + in_call]):
            actor = (ANNE, MORTEN)[place % 2]
            await rooms.waiting_room.accept(actor, EAR, visits[person_id])
            clock.now += timedelta(minutes=1)
            await rooms.waiting_room.start(actor, EAR, visits[person_id])
            if place < ended:
                clock.now += timedelta(minutes=ENDED_MINUTES[place])
                await rooms.waiting_room.end(actor, EAR, visits[person_id])
