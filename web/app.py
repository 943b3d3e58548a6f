"""The application: every part of `web/` put together from ready-made collaborators. It opens and closes nothing itself."""

from __future__ import annotations

import ssl
import time
from collections.abc import Mapping
from datetime import timedelta
from functools import cache
from importlib.metadata import version
from pathlib import Path

from aiohttp import web
from redis.asyncio import Redis

from media.recording.store import FileStore
from rooms.directory import Declaration
from rooms.store import Rooms
from signaling.worker import Worker

from . import pages, routes
from .access import Access
from .addresses import Addresses
from .audit import AuditHandlers
from .audited import audit_middleware
from .backchannel import BackChannelLogout
from .clinic import ClinicHandlers
from .consultations import ConsultationHandlers
from .devices import DeviceHandlers
from .employees import EmployeeHandlers
from .errors import MAX_BODY_BYTES
from .errors import middleware as errors_middleware
from .guesses import Guesses
from .guests import GuestHandlers
from .health import Check, Health, Metrics
from .ice import CallConfigurations
from .identity_providers import IdentityProvider
from .identity_test_provider import IdentityTestProvider
from .kept_recordings import KeptRecordingHandlers
from .launches import Landing, LaunchHandlers
from .login import CALLBACK, LoginHandlers, offered
from .logout import Logout
from .messages import MessageHandlers
from .notes import NoteHandlers
from .oidc import OidcClient
from .once import Once
from .openapi import describe
from .patient import PatientHandlers
from .patient_lists import PatientListHandlers
from .practice import PracticeHandlers
from .practice_tokens import PracticeTokens
from .recordings import RecordingHandlers, RecordingStorage
from .security import add_headers, origin_middleware
from .sessions import cookie_middleware
from .settings import Settings
from .sockets import SocketHandlers
from .staff import StaffHandlers

SETTINGS = web.AppKey("settings", Settings)
ROOMS = web.AppKey("rooms", Rooms)
REDIS: web.AppKey[Redis] = web.AppKey("redis", Redis)
ACCESS = web.AppKey("access", Access)
METRICS = web.AppKey("metrics", Metrics)


@cache
def trusted_tls() -> ssl.SSLContext:
    """Whom this machine trusts, read once: it takes longer than all the rest of the application."""
    return ssl.create_default_context()


def create_app(
    settings: Settings,
    rooms: Rooms,
    redis: Redis,
    worker: Worker,
    *,
    cookie_key: bytes,
    metrics: Metrics,
    providers: tuple[IdentityProvider, ...] | None = None,
    test_identity: IdentityTestProvider | None = None,
    checks: Mapping[str, Check] | None = None,
    built: Path = pages.BUILT,
) -> web.Application:
    """Make the application.

    Args:
        cookie_key: 32 bytes that encrypt the login cookie.
        metrics: shown at /metrics.
        providers: the ways to log in; those of the settings when not given.
        test_identity: the test identity provider, in demonstration mode alone.
        checks: what /readyz asks, by name.
        built: where the built browser code is.
    """
    providers = settings.identity_providers if providers is None else providers
    declaration = Declaration(version=settings.declaration_version, text=settings.declaration_text)
    access = Access(rooms.directory, rooms.logins, declaration.version)
    app = web.Application(
        middlewares=[
            errors_middleware(),
            origin_middleware(settings.origin),
            cookie_middleware(cookie_key, secure=settings.secure, max_age_seconds=settings.session_hours * 3600),
            audit_middleware(rooms.audit, access),
        ],
        client_max_size=MAX_BODY_BYTES,
    )
    app.on_response_prepare.append(add_headers)
    app[SETTINGS], app[ROOMS], app[REDIS], app[ACCESS], app[METRICS] = settings, rooms, redis, access, metrics

    clients = {each.id: OidcClient(each, settings.origin + CALLBACK, trusted_tls()) for each in providers}
    logout = Logout(rooms.logins, clients, settings.origin, worker.logged_out)
    sockets = SocketHandlers(rooms=rooms, access=access, worker=worker, ice=CallConfigurations.of(settings, time.time))
    once = Once(redis)
    storage = RecordingStorage(rooms.recordings, settings.recordings_directory)
    kept_recordings = KeptRecordingHandlers(rooms, access, worker, redis, FileStore(settings.recordings_directory))
    tokens = PracticeTokens(rooms.practice_systems, once, settings.origin)
    operations = (
        *StaffHandlers(rooms, access, worker, declaration, offered(providers, "staff"), logout).routes(),
        *AuditHandlers(rooms, access).routes(),
        *EmployeeHandlers(rooms, access).routes(),
        *PatientListHandlers(rooms, access).routes(),
        *PatientHandlers(rooms, access, offered(providers, "patient"), logout).routes(),
        *ClinicHandlers(rooms, access).routes(),
        *NoteHandlers(rooms, access, worker).routes(),
        *MessageHandlers(rooms, access).routes(),
        *ConsultationHandlers(rooms, access, worker).routes(),
        *DeviceHandlers(rooms, access, worker).routes(),
        *GuestHandlers(rooms, access, worker, Guesses(redis), Addresses(settings.trusted_proxies)).routes(),
        *RecordingHandlers(rooms, access, worker, storage).routes(),
        *kept_recordings.routes(),
        *PracticeHandlers(rooms, worker, tokens, settings.origin).routes(),
        *sockets.routes(),
    )
    routes.add(app, operations)
    description = describe(operations, version("venterum"))

    async def openapi(request: web.Request) -> web.Response:
        return web.json_response(description)

    app.router.add_get("/api/openapi.json", openapi)
    lasts = timedelta(hours=settings.session_hours)
    landing = Landing(rooms.launches, rooms.directory, declaration.version)
    LoginHandlers(rooms.directory, rooms.logins, clients, settings.origin, worker.logged_out, lasts, landing).add(app)
    LaunchHandlers(rooms.launches, offered(providers, "staff")).add(app)
    BackChannelLogout(rooms.logins, rooms.audit, clients, once, worker.logged_out).add(app)
    sockets.add(app)
    kept_recordings.add(app)
    if test_identity is not None:
        test_identity.add(app)
    Health(checks or {}, metrics).add(app)
    pages.add(app, built)
    return app
