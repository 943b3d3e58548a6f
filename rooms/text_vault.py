"""Seals short texts that may hold anything, notes and messages, so that the tables cannot be read without the key."""

from __future__ import annotations

import os

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

_NONCE_BYTES = 12


class TextVault:
    """Seals by AES-256-GCM under a key derived from the installation's for one use (HKDF, RFC 5869).

    Args:
        context: names the use; what one use has sealed opens in no other.
    """

    def __init__(self, key: bytes, context: bytes) -> None:
        self._aead = AESGCM(HKDF(hashes.SHA256(), 32, salt=None, info=context).derive(key))

    def seal(self, text_id: str, text: str) -> bytes:
        """Nonce and ciphertext; it opens under that id alone."""
        nonce = os.urandom(_NONCE_BYTES)
        return nonce + self._aead.encrypt(nonce, text.encode(), text_id.encode())

    def open(self, text_id: str, sealed: bytes) -> str:
        """Undo `seal`. Raises cryptography.exceptions.InvalidTag when it is another text's, or changed since."""
        return self._aead.decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], text_id.encode()).decode()
