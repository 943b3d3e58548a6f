"""The demonstration's two ways to log in, and the test identity provider behind both of them."""

from __future__ import annotations

import base64
import hashlib
import hmac

from pydantic import SecretStr
from redis.asyncio import Redis

from rooms.demo import DemoPerson, demo_people
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


def _listed(person: DemoPerson) -> ListedPerson:
    return ListedPerson(key=person.key, name=person.name, description=person.description, cpr=person.cpr)


def _client_secret(key: InstallationKey, client_id: str) -> str:
    """The same in every worker, and nobody's to guess."""
    digest = hmac.digest(key.test_identity_key, client_id.encode(), hashlib.sha256)
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")
