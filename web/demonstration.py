"""How the demonstration tells who can log in and where. `demo_login` is how they do.

Everybody in it is fictitious, which is why their CPR numbers may be printed: one needs them to add a patient.
"""

from __future__ import annotations

from typing import Any

from rooms.demo import demo_clinics, demo_people
from rooms.directory import ClinicEntry
from rooms.records import Role

from .settings import Settings


def listing(settings: Settings) -> dict[str, Any]:
    """Everybody and every clinic of the demonstration, for programs."""
    return {
        "staff_url": f"{settings.origin}/",
        "patient_url": f"{settings.origin}/patient",
        "clinics": [_clinic(clinic) for clinic in demo_clinics()],
        "people": [
            {
                "key": person.key,
                "name": person.name,
                "cpr": person.cpr,
                "description": person.description,
                "roles": [role.value for role in person.roles],
            }
            for person in demo_people()
        ],
    }


def announcement(settings: Settings) -> str:
    """The same for people: where to go, and who can log in."""
    lines = [
        "The demonstration: everybody and every number in it is fictitious.",
        "",
        f"  Clinician's page:  {settings.origin}/",
        f"  Patient's page:    {settings.origin}/patient",
        "",
        "Clinics",
        *(f"  {clinic.name}: ydernummer {clinic.ydernummer}, SOR-ID {clinic.sor_id}" for clinic in demo_clinics()),
        "",
        "Who can log in, with a click on the name",
        *(f"  {person.name:<24} {person.cpr}  {person.description}" for person in demo_people()),
    ]
    return "\n".join(lines)


def _clinic(clinic: ClinicEntry) -> dict[str, Any]:
    names = {person.key: person.name for person in demo_people()}
    practitioners = [
        {
            "key": each.person_id,
            "name": names[each.person_id],
            "role": Role.PRACTITIONER.value,
            "authorisation_id": each.authorisation_id,
            "active": True,
        }
        for each in clinic.practitioners
    ]
    employees = [
        {
            "key": each.person_id,
            "name": names[each.person_id],
            "role": Role.EMPLOYEE.value,
            "authorisation_id": None,
            "active": each.active,
        }
        for each in clinic.employees
    ]
    return {
        "id": clinic.id,
        "name": clinic.name,
        "ydernummer": clinic.ydernummer,
        "sor_id": clinic.sor_id,
        "staff": practitioners + employees,
    }
