"""The settings: the one place that reads the environment (`VENTERUM_*`). Everything else is given what it needs."""

from __future__ import annotations

import re
from ipaddress import IPv4Network, IPv6Network, ip_address
from pathlib import Path
from typing import Literal, Self
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from media.strain import LAG_MS, PACKETS_PER_SECOND

from .identity_providers import IdentityProvider
from .schemas import IceServer

_TURN_URL = re.compile(r"turns?:(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9.-]+)(:[0-9]{1,5})?(\?transport=(udp|tcp))?")

DECLARATION = (
    "Jeg erklærer på tro og love, at jeg er ansat i eller ejer af den klinik, jeg logger ind i, og at jeg kun bruger "
    "venteværelset til at give klinikkens egne patienter konsultation over video. Jeg slår kun patienter op, som klinikken "
    "har i behandling, og jeg ved, at mine opslag bliver registreret."
)


class Settings(BaseSettings):
    """What an installation may set; the defaults are one machine, one process, nothing demonstrated."""

    model_config = SettingsConfigDict(env_prefix="VENTERUM_", frozen=True, extra="forbid", hide_input_in_errors=True)

    http_host: str = "127.0.0.1"
    http_port: int = Field(default=8080, ge=1, le=65535)
    public_url: str | None = Field(
        default=None, description="Where browsers find this server, an origin; http://127.0.0.1:PORT when not given."
    )
    trusted_proxies: tuple[IPv4Network | IPv6Network, ...] = Field(
        default=(), description="The networks of the reverse proxies whose X-Forwarded-For is believed."
    )
    database_url: str = Field(default="sqlite+aiosqlite:///var/venterum.sqlite3", repr=False)
    redis_url: str | None = Field(default=None, repr=False, description="None: the live store is in this process.")
    key_file: Path = Path("var/venterum.key")
    key: SecretStr | None = Field(default=None, description="The installation's key itself, in base64, instead.")
    demo: bool = Field(default=False, description="Fictitious clinics and people, and a login without identity check.")
    session_hours: int = Field(default=12, ge=1, le=24, description="How long a login lasts.")

    declaration_version: str = Field(default="1", max_length=40)
    declaration_text: str = DECLARATION

    identity_providers: tuple[IdentityProvider, ...] = ()

    media_inside: bool = Field(default=True, description="Whether this process holds a media node of its own.")
    media_host: str = Field(default="127.0.0.1", description="Where the media node's UDP socket is bound.")
    media_port: int = Field(default=0, ge=0, le=65535, description="Its UDP port; 0 takes a free one.")
    media_addresses: tuple[str, ...] = Field(
        default=(), description="The IP addresses that browsers are offered for the media; media_host when not given."
    )
    media_most_packets_per_second: float = Field(
        default=PACKETS_PER_SECOND, gt=0, description="Past that many received, the node takes no new call."
    )
    media_most_lag_ms: float = Field(default=LAG_MS, gt=0, description="The same for how late its timers run.")
    recordings_directory: Path = Field(
        default=Path("var/recordings"), description="Where the media node keeps recordings; a mount that is there."
    )
    recording_key_file: Path | None = Field(
        default=None, description="The key that wraps recordings' keys; one made of the installation's when not given."
    )
    recording_key: SecretStr | None = Field(default=None, description="That key itself, in base64, instead.")
    recording_old_key_files: tuple[Path, ...] = Field(
        default=(), description="Keys that wrapped before, until `venterum recording rewrap` has been run."
    )
    recording_days: int | None = Field(
        default=None, ge=1, description="After how many days every clinic's recordings are deleted at the latest."
    )
    media_control_host: str = Field(default="127.0.0.1", description="Where the node's control interface listens.")
    media_control_port: int = Field(default=0, ge=0, le=65535, description="Its TCP port; 0 takes a free one.")
    ice_servers: tuple[IceServer, ...] = Field(
        default=(), description="STUN and TURN servers that browsers are told of as they stand here."
    )
    ice_transport_policy: Literal["all", "relay"] = Field(
        default="all", description="relay: browsers reach the media by TURN alone, never directly."
    )
    turn_urls: tuple[str, ...] = Field(
        default=(),
        description="The TURN server that shares turn_secret: turn:host:3478, turns:host:5349?transport=tcp.",
    )
    turn_secret: SecretStr | None = Field(default=None, description="coturn's static-auth-secret.")
    turn_secret_file: Path | None = Field(default=None, description="A file whose first line it is, instead.")
    turn_lifetime_seconds: int = Field(
        default=600, ge=10, le=86_400, description="How long a browser's TURN credentials live."
    )
    call_grace_seconds: float = Field(
        default=120.0, gt=0, description="How long a consultation goes on when the clinician's tab is lost."
    )

    @field_validator("public_url")
    @classmethod
    def _an_origin(cls, url: str | None) -> str | None:
        if url is None:
            return None
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.netloc or parts.path not in ("", "/") or parts.query:
            raise ValueError("an origin is wanted: http:// or https://, a host, and at most a port")
        return f"{parts.scheme}://{parts.netloc.lower()}"

    @model_validator(mode="after")
    def _media_can_be_reached(self) -> Self:
        if not self.media_addresses and ip_address(self.media_host).is_unspecified:
            raise ValueError("say in media_addresses which addresses browsers reach the media node by")
        for address in self.media_addresses:
            ip_address(address)
        if not self.media_inside and self.redis_url is None:
            raise ValueError("media nodes of their own are found through Redis: set redis_url, or media_inside")
        return self

    @field_validator("turn_urls")
    @classmethod
    def _turn_urls(cls, urls: tuple[str, ...]) -> tuple[str, ...]:
        if not all(_TURN_URL.fullmatch(url) for url in urls):
            raise ValueError("an address is wanted as in RFC 7065: turn:host, turns:host:port?transport=tcp")
        return urls

    @model_validator(mode="after")
    def _turn_can_be_used(self) -> Self:
        if self.turn_secret is not None and self.turn_secret_file is not None:
            raise ValueError("set turn_secret or turn_secret_file, not both")
        if self.turn_secret is not None and not self.turn_secret.get_secret_value():
            raise ValueError("turn_secret is empty")
        has_secret = self.turn_secret is not None or self.turn_secret_file is not None
        if has_secret != bool(self.turn_urls):
            raise ValueError(
                "turn_urls and a secret go together: set both turn_urls and turn_secret or turn_secret_file"
            )
        return self

    @model_validator(mode="after")
    def _one_recording_key(self) -> Self:
        if self.recording_key is not None and self.recording_key_file is not None:
            raise ValueError("set recording_key or recording_key_file, not both")
        return self

    @model_validator(mode="after")
    def _providers_differ(self) -> Self:
        ids = [provider.id for provider in self.identity_providers]
        if len(ids) != len(set(ids)):
            raise ValueError("two identity providers have the same id")
        return self

    @property
    def origin(self) -> str:
        """Where browsers find this server: scheme, host and port, no slash at the end."""
        return self.public_url or f"http://127.0.0.1:{self.http_port}"

    @property
    def secure(self) -> bool:
        """Whether browsers reach this server by TLS."""
        return self.origin.startswith("https://")

    @property
    def offered_addresses(self) -> tuple[str, ...]:
        """The addresses in the media node's candidates, best first."""
        return self.media_addresses or (self.media_host,)

    @property
    def shared(self) -> bool:
        """Whether several workers may serve together: that takes PostgreSQL and a Redis that they share."""
        return self.redis_url is not None and not self.database_url.startswith("sqlite")

    @property
    def makes_key(self) -> bool:
        """Whether a missing installation key is made: in the demonstration, and on a fresh machine with nothing kept yet.

        Beside a database that is there already, a new key would read none of it, so its absence is an error.
        """
        if self.demo:
            return True
        scheme, _, file = self.database_url.partition(":///")
        return scheme.startswith("sqlite") and not Path(file).exists()
