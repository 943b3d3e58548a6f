"""The keys of recordings: each recording has one of its own, kept wrapped by the installation's.

What wraps them can be changed (`venterum recording rewrap`) without touching the media: the old key unwraps, the new one wraps.
Deleting a recording is deleting its wrapped key.
"""

from __future__ import annotations

import os
from collections.abc import Iterable

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from .errors import RecordingKeyMissing

KEY_BYTES = 32
_NONCE_BYTES = 12
_CONTEXT = b"venterum recording key v1"


class WrappingKey:
    """32 bytes that wrap recordings' keys by AES-256-GCM; what is wrapped opens as that recording's key alone.

    `id` tells which key it is, and nothing of it.
    """

    __slots__ = ("_aead", "id")

    def __init__(self, key: bytes) -> None:
        """Raises ValueError when the key has another length."""
        if len(key) != KEY_BYTES:
            raise ValueError(f"a key for recordings is {KEY_BYTES} bytes")
        self._aead = AESGCM(_derive(key, b"wrap"))
        self.id: str = _derive(key, b"id")[:16].hex()

    def __repr__(self) -> str:
        return f"WrappingKey({self.id})"

    def wrap(self, recording_id: str, data_key: bytes) -> bytes:
        nonce = os.urandom(_NONCE_BYTES)
        return nonce + self._aead.encrypt(nonce, data_key, self._bound_to(recording_id))

    def unwrap(self, recording_id: str, wrapped: bytes) -> bytes:
        """Undo `wrap`. Raises RecordingKeyMissing when it is another recording's, or was changed since."""
        try:
            data_key: bytes = self._aead.decrypt(
                wrapped[:_NONCE_BYTES], wrapped[_NONCE_BYTES:], self._bound_to(recording_id)
            )
        except InvalidTag:
            raise RecordingKeyMissing from None
        return data_key

    def _bound_to(self, recording_id: str) -> bytes:
        return b" ".join((_CONTEXT, self.id.encode(), recording_id.encode()))


class RecordingKeys:
    """The installation's wrapping keys: the one that wraps now, and those that still unwrap.

    `current` is None where the key cannot be read: then nothing is recorded, and what the others wrapped can be seen.
    """

    def __init__(self, current: WrappingKey | None, former: Iterable[WrappingKey] = ()) -> None:
        self._current = current
        known = [*former] if current is None else [*former, current]
        self._known: dict[str, WrappingKey] = {key.id: key for key in known}

    @property
    def current_id(self) -> str | None:
        """The id of the key that wraps now."""
        return None if self._current is None else self._current.id

    def knows(self, key_id: str) -> bool:
        """Whether what was wrapped by that key can be unwrapped."""
        return key_id in self._known

    def new(self, recording_id: str) -> tuple[str, bytes]:
        """Make a recording's key. The wrapping key's id, and the recording's key as it is kept.

        Raises:
            RecordingKeyMissing: there is no key to wrap it with.
        """
        return self._wrapped(recording_id, os.urandom(KEY_BYTES))

    def open(self, recording_id: str, key_id: str, wrapped: bytes) -> bytes:
        """The recording's own key, 32 bytes. Raises RecordingKeyMissing."""
        key = self._known.get(key_id)
        if key is None:
            raise RecordingKeyMissing
        return key.unwrap(recording_id, wrapped)

    def rewrap(self, recording_id: str, key_id: str, wrapped: bytes) -> tuple[str, bytes]:
        """The same recording's key under the key that wraps now. Raises RecordingKeyMissing."""
        return self._wrapped(recording_id, self.open(recording_id, key_id, wrapped))

    def _wrapped(self, recording_id: str, data_key: bytes) -> tuple[str, bytes]:
        if self._current is None:
            raise RecordingKeyMissing
        return self._current.id, self._current.wrap(recording_id, data_key)


def _derive(key: bytes, purpose: bytes) -> bytes:
    derived: bytes = HKDF(SHA256(), KEY_BYTES, salt=None, info=_CONTEXT + b" " + purpose).derive(key)
    return derived
