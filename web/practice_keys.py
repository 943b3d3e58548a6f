"""What a practice system is registered by and given: the public half of its key, and the secret of its webhook as text."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any

from joserfc.errors import JoseError
from joserfc.jwk import ECKey, RSAKey, import_key


class KeyRefused(ValueError):
    """A key that cannot be registered; the message says why."""


def public_key(document: Mapping[str, Any]) -> Mapping[str, Any]:
    """The public half of a key as a JSON Web Key, for registering it.

    Raises:
        KeyRefused: it is no EC (P-256) or RSA key of 2048 bits or more, or it holds the private half.
    """
    if "d" in document:
        raise KeyRefused("This is the private key, which stays with the practice system. Give the public half.")
    try:
        key = import_key(dict(document))
    except (JoseError, ValueError, KeyError, TypeError):
        raise KeyRefused("This is no JSON Web Key.") from None
    if isinstance(key, ECKey) and key.curve_name == "P-256":
        return key.as_dict(private=False)
    if isinstance(key, RSAKey) and key.raw_value.key_size >= 2048:
        return key.as_dict(private=False)
    raise KeyRefused("A key is of type EC on curve P-256, or of type RSA with 2048 bits or more.")


def secret_text(secret: bytes) -> str:
    """A secret as receivers are given it."""
    return f"whsec_{base64.b64encode(secret).decode()}"
