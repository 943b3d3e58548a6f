"""The installation key: its file or its variable, and the keys derived from it, one for each purpose.

Whoever holds the file can read the CPR numbers and make login cookies, so it is readable by its owner alone. Several workers
on one installation share one file. Rooms derives its own keys from the same 32 bytes (`rooms.cpr.CprVault`).
"""

from __future__ import annotations

import base64
import os
import secrets
from collections.abc import Callable
from pathlib import Path

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from rooms.recording_keys import RecordingKeys, WrappingKey

from .logs import get_logger
from .settings import Settings

KEY_BYTES = 32


class KeyFileRefused(ValueError):
    """The key is missing, is none, or its file is open to others; the message says what to do."""


class InstallationKey:
    """32 secret bytes, which print as dots."""

    __slots__ = ("_key",)

    def __init__(self, key: bytes) -> None:
        if len(key) != KEY_BYTES:
            raise ValueError(f"an installation key is {KEY_BYTES} bytes")
        self._key = key

    def __repr__(self) -> str:
        return "InstallationKey(••••)"

    @classmethod
    def load(cls, path: Path, *, create: bool) -> InstallationKey:
        """Read the key file; with `create`, make it first if it is missing (mode 0600, 32 random bytes).

        Raises:
            KeyFileRefused: missing (and not to be made), of another length, or open to every user of the machine.
        """
        if create:
            _create(path)
        return cls(read_key_file(path, "installation key"))

    @classmethod
    def of(cls, settings: Settings, *, create: bool | None = None) -> InstallationKey:
        """The key that the settings name; `create` as in `load`, else as the settings say.

        Raises:
            KeyFileRefused: as in `load`; or the variable holds no key.
        """
        if settings.key is not None:
            return cls(key_of_text(settings.key.get_secret_value(), "VENTERUM_KEY"))
        return cls.load(settings.key_file, create=settings.makes_key if create is None else create)

    def reveal(self) -> bytes:
        """The bytes themselves: for `rooms.store.Rooms.open` alone."""
        return self._key

    def derive(self, purpose: str) -> bytes:
        """32 bytes for one purpose, by HKDF-SHA-256 (RFC 5869); a purpose says nothing of another's key."""
        info = b"venterum " + purpose.encode()
        return HKDF(algorithm=SHA256(), length=KEY_BYTES, salt=None, info=info).derive(self._key)

    @property
    def cookie_key(self) -> bytes:
        """Encrypts the login cookie."""
        return self.derive("login cookie")

    @property
    def media_secret(self) -> bytes:
        """Authenticates the workers and the media nodes to each other."""
        return self.derive("media control")

    @property
    def live_key(self) -> bytes:
        """Seals what people type before they have sent it; the same in every worker."""
        return self.derive("live text")

    @property
    def test_identity_key(self) -> bytes:
        """Signs the test identity provider's tokens, and makes its clients' secrets; the same in every worker."""
        return self.derive("test identity provider")

    def webhook_secret(self, system_id: str) -> bytes:
        """Signs what a practice system is told; one for each."""
        return self.derive(f"webhook {system_id}")


def recording_keys(settings: Settings, installation_key: InstallationKey) -> RecordingKeys:
    """What wraps the recordings' keys: the key that is set, else one of the installation's; and those from before.

    A recording must never keep a server from serving, so a key that cannot be read is logged, and nothing is recorded.
    """
    own = WrappingKey(installation_key.derive("recording wrapping"))
    former = [own]
    for path in settings.recording_old_key_files:
        former += _wrapping_key(lambda path=path: read_key_file(path, "recordings' old key"))  # type: ignore[misc]  # mypy infers no type for a default
    if settings.recording_key_file is not None:
        file = settings.recording_key_file
        current = _wrapping_key(lambda: read_key_file(file, "recordings' key"))
    elif settings.recording_key is not None:
        text = settings.recording_key.get_secret_value()
        current = _wrapping_key(lambda: key_of_text(text, "VENTERUM_RECORDING_KEY"))
    else:
        current = [own]
    return RecordingKeys(current[0] if current else None, former)


def _wrapping_key(read: Callable[[], bytes]) -> list[WrappingKey]:
    """The key, or nothing when it cannot be read."""
    try:
        return [WrappingKey(read())]
    except KeyFileRefused as refused:
        get_logger("web.keys").error("recording_key_missing", problem=str(refused))
        return []


def key_of_text(text: str, name: str) -> bytes:
    """A key from a variable. Raises KeyFileRefused when it is none; nothing of it is told."""
    try:
        key = base64.b64decode(text.strip(), validate=True)
    except ValueError:
        key = b""
    if len(key) != KEY_BYTES:
        raise KeyFileRefused(f"{name} is not a key: {KEY_BYTES} bytes in base64 are wanted.")
    return key


def read_key_file(path: Path, name: str) -> bytes:
    """The 32 bytes in a file.

    Raises:
        KeyFileRefused: missing, of another length, or open to every user of the machine.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY)
    except FileNotFoundError:
        raise KeyFileRefused(
            f"There is no {name} at {path}. Make one once and keep a copy apart from the database: "
            f"(umask 077; head -c {KEY_BYTES} /dev/urandom > {path})"
        ) from None
    except OSError as error:
        raise KeyFileRefused(f"The {name} at {path} cannot be read: {error.strerror}.") from None
    with os.fdopen(descriptor, "rb") as file:
        if os.fstat(descriptor).st_mode & 0o007:
            raise KeyFileRefused(f"The {name} at {path} is open to every user: chmod 600 it.")
        try:
            key = file.read(KEY_BYTES + 1)
        except OSError as error:
            raise KeyFileRefused(f"The {name} at {path} cannot be read: {error.strerror}.") from None
    if len(key) != KEY_BYTES:
        raise KeyFileRefused(f"{path} is not the {name}: it does not hold exactly {KEY_BYTES} bytes.")
    return key


def _create(path: Path) -> None:
    """Write a new key unless the file is there; of two processes that start at once, both read the same one."""
    if path.exists():
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    half_made = path.with_name(f"{path.name}.{secrets.token_hex(8)}")
    descriptor = os.open(half_made, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(secrets.token_bytes(KEY_BYTES))
            file.flush()
            os.fsync(descriptor)
        # A link is made whole or not at all, and never over a key that is there already.
        os.link(half_made, path)
    except FileExistsError:
        pass
    finally:
        half_made.unlink()
