"""The demonstration: its two ways to log in, its test identity provider, and how it tells who can log in.

Everybody in it is fictitious, which is why their CPR numbers may be printed: one needs them to add a patient.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from typing import Any

from pydantic import SecretStr
from redis.asyncio import Redis

from rooms.demo import DemoPerson, demo_clinics, demo_people
from rooms.directory import ClinicEntry
from rooms.records import Role

from .identity_providers import IdentityProvider
from .identity_test_provider import PREFIX, IdentityTestProvider, KnownClient, ListedPerson
from .keys import InstallationKey
from .login import CALLBACK
from .settings import Settings

_WILDCARDS = frozenset({"", "0.0.0.0", "::"})  # noqa: S104  (recognised here, not bound to)


def providers(settings: Settings, key: InstallationKey) -> tuple[IdentityProvider, ...]:
    """MitID Erhverv and personal MitID as the test identity provider plays them, and whatever the settings add."""
    issuer = settings.origin + PREFIX
    # The server asks itself: not by the public address, which may lead by way of a proxy it cannot reach.
    host = "127.0.0.1" if settings.http_host in _WILDCARDS else settings.http_host
    inside = f"http://{f'[{host}]' if ':' in host else host}:{settings.http_port}{PREFIX}"
    played = (
        IdentityProvider(
            id="erhverv",
            label="Medarbejdersignatur (MitID Erhverv)",
            issuer=issuer,
            client_id="venterum-erhverv",
            client_secret=SecretStr(_client_secret(key, "venterum-erhverv")),
            roles=("staff",),
            backchannel_issuer=inside,
        ),
        IdentityProvider(
            id="mitid",
            label="Personligt MitID",
            issuer=issuer,
            client_id="venterum-mitid",
            client_secret=SecretStr(_client_secret(key, "venterum-mitid")),
            backchannel_issuer=inside,
        ),
    )
    taken = {provider.id for provider in played}
    return (*played, *(each for each in settings.identity_providers if each.id not in taken))


def identity_provider(settings: Settings, key: InstallationKey, redis: Redis) -> IdentityTestProvider:
    """The provider that those two point at. Staff stand behind either; the app's users have personal MitID alone."""
    everybody = demo_people()
    staff = [_listed(person) for person in everybody if Role.PATIENT not in person.roles]
    clients = (
        KnownClient(
            id="venterum-erhverv",
            secret=_client_secret(key, "venterum-erhverv"),
            redirect_uri=settings.origin + CALLBACK,
            label="MitID Erhverv",
            people=staff,
        ),
        KnownClient(
            id="venterum-mitid",
            secret=_client_secret(key, "venterum-mitid"),
            redirect_uri=settings.origin + CALLBACK,
            label="Personligt MitID",
            people=[_listed(person) for person in everybody],
        ),
    )
    return IdentityTestProvider(
        settings.origin + PREFIX, {client.id: client for client in clients}, key.test_identity_key, redis
    )


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


def _listed(person: DemoPerson) -> ListedPerson:
    return ListedPerson(key=person.key, name=person.name, description=person.description, cpr=person.cpr)


def _client_secret(key: InstallationKey, client_id: str) -> str:
    """The same in every worker, and nobody's to guess."""
    digest = hmac.digest(key.test_identity_key, client_id.encode(), hashlib.sha256)
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")
