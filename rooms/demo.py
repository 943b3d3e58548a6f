"""The demonstration: fictitious clinics and people, and how they get into the directory.

The CPR numbers have dates that exist and fail the modulus 11 check, so that hardly anybody can have them.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from .clinic_settings import ClinicSettings
from .cpr import Cpr
from .directory import ClinicEntry, EmployeeEntry, GuardianshipEntry, PersonEntry, PractitionerEntry
from .records import Role
from .schedule import Schedule
from .store import Rooms

OPEN_MESSAGE = (
    "Venteværelset er åbent. Videokonsultation kræver henvisning og en aftale med klinikken på forhånd. "
    "Gå ind i venteværelset kort før din aftalte tid."
)
CLOSED_MESSAGE = (
    "Venteværelset er lukket. Har du en aftale om videokonsultation, så kom igen kort før din tid. "
    "Ring til klinikken, hvis du vil bestille eller flytte en tid."
)

DEMO_SETTINGS = ClinicSettings(
    schedule=Schedule(automatic=False),
    ready_texts=(
        "Du har ingen aftale om videokonsultation i dag. Ring til klinikken for at få en tid.",
        "Vi kan ikke nå dig i dag. Vi ringer til dig og aftaler en ny tid.",
        "Du skal ses i klinikken. Ring, så finder vi en tid.",
    ),
)
"""By hand, so that the demonstration is the same at any time of the day. Any other clinic begins with the usual hours."""


@dataclass(frozen=True, slots=True)
class DemoPerson:
    """Somebody who can log in at the demonstration. `key` is the id in the directory; `cpr` reads DDMMYY-SSSS."""

    key: str
    name: str
    cpr: str = field(repr=False)
    description: str
    roles: tuple[Role, ...]


def demo_people() -> tuple[DemoPerson, ...]:
    """Staff first, then the app's users; the last is the child of the first app user."""
    practitioner, employee, patient = (Role.PRACTITIONER,), (Role.EMPLOYEE,), (Role.PATIENT,)
    return (
        DemoPerson("anne", "Anne Bruun Lindqvist", "210984-3360", "Behandler i Øreklinikken Søborg", practitioner),
        DemoPerson("morten", "Morten Skovgaard", "020479-2285", "Behandler i Øreklinikken Søborg", practitioner),
        DemoPerson(
            "kirsten",
            "Kirsten Dahl",
            "110566-1328",
            "Medarbejder i Øreklinikken Søborg uden autorisations-ID, endnu ikke aktiveret",
            employee,
        ),
        DemoPerson(
            "henrik",
            "Henrik Juul Vestergaard",
            "121168-2149",
            "Behandler i Hudklinikken Aarhus",
            practitioner,
        ),
        DemoPerson("maja", "Maja Elkjær Holm", "260782-2906", "Bruger af appen, mor til Oskar", patient),
        DemoPerson("jonas", "Jonas Brandt Toft", "150391-1475", "Bruger af appen", patient),
        DemoPerson("fatima", "Fatima Nygaard Said", "080975-1238", "Bruger af appen", patient),
        DemoPerson("oskar", "Oskar Elkjær Holm", "190417-5623", "Barn, Majas søn", patient),
    )


def demo_clinics() -> tuple[ClinicEntry, ...]:
    """One clinic with two practitioners and an employee, one with a single practitioner."""
    return (
        ClinicEntry(
            id="oereklinikken",
            name="Øreklinikken Søborg",
            phone="55 50 10 10",
            ydernummer="101001",
            sor_id="9991011000016009",
            open_message=OPEN_MESSAGE,
            closed_message=CLOSED_MESSAGE,
            settings=DEMO_SETTINGS,
            practitioners=(
                PractitionerEntry("oere-anne", "anne", "0XDB1"),
                PractitionerEntry("oere-morten", "morten", "0XDM2"),
            ),
            employees=(EmployeeEntry("kirsten", active=False),),
        ),
        ClinicEntry(
            id="hudklinikken",
            name="Hudklinikken Aarhus",
            phone="55 50 20 20",
            ydernummer="202002",
            sor_id="9992021000016005",
            open_message=OPEN_MESSAGE,
            closed_message=CLOSED_MESSAGE,
            settings=DEMO_SETTINGS,
            practitioners=(PractitionerEntry("hud-henrik", "henrik", "0XDH3"),),
        ),
    )


async def load_demo(rooms: Rooms) -> None:
    """Put the demonstration into the directory. A second time it changes nothing; nobody is added to a clinic."""
    await rooms.directory.load(
        [
            PersonEntry(person.key, person.name, Cpr.parse(person.cpr), Role.PATIENT in person.roles)
            for person in demo_people()
        ],
        demo_clinics(),
        [GuardianshipEntry("maja", "oskar")],
    )
