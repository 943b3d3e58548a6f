"""CPR numbers: a value that prints as dots, and the vault that seals it for the table and finds it again.

Pure: no I/O and no clock. The random nonce comes from the operating system.
"""

from __future__ import annotations

import os
from datetime import date
from typing import Any, NoReturn

from cryptography.hazmat.primitives import hashes, hmac
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from stdnum.dk import cpr as danish
from stdnum.exceptions import ValidationError

from .errors import MalformedCpr

DOTS = "••••••-••••"
KEY_BYTES = 32
_NONCE_BYTES = 12  # what NIST SP 800-38D, section 8.2, wants for AES-GCM


class Cpr:
    """One CPR number. It prints as dots everywhere; only `reveal` and `digits` give it away.

    Neither json nor pydantic nor pickle knows how to write it, so it cannot slip out with a record around it.
    """

    __slots__ = ("_digits",)
    _digits: str

    def __init__(self, digits: str) -> None:
        """Take ten digits that were checked already; everybody else calls `parse`."""
        object.__setattr__(self, "_digits", digits)

    @classmethod
    def parse(cls, text: str, *, today: date | None = None) -> Cpr:
        """Read `DDMMYY-SSSS`, with or without the hyphen and spaces.

        The modulus 11 check has not held since 2007 and is never used. With `today`, a birth date past it is refused
        too.

        Raises:
            MalformedCpr: it is not ten digits, or its date does not exist. The text is not part of the error.
        """
        digits = danish.compact(text)
        if not (len(digits) == 10 and digits.isascii() and digits.isdigit()):
            raise MalformedCpr
        try:
            born = danish.get_birth_date(digits)
        except ValidationError:
            raise MalformedCpr from None
        if today is not None and born > today:
            raise MalformedCpr
        return cls(digits)

    @property
    def digits(self) -> str:
        """The ten digits in the clear."""
        return self._digits

    @property
    def born(self) -> date:
        """The date of birth that the number tells."""
        born: date = danish.get_birth_date(self._digits)
        return born

    def reveal(self) -> str:
        """`DDMMYY-SSSS` in the clear: for the clinic's own screen alone."""
        return f"{self._digits[:6]}-{self._digits[6:]}"

    def __repr__(self) -> str:
        return DOTS

    __str__ = __repr__

    def __format__(self, spec: str) -> str:
        return format(DOTS, spec)

    def __eq__(self, other: object) -> bool:
        return self._digits == other._digits if isinstance(other, Cpr) else NotImplemented

    def __hash__(self) -> int:
        return hash((Cpr, self._digits))

    def __setattr__(self, name: str, value: object) -> NoReturn:
        raise AttributeError("A Cpr does not change.")

    def __delattr__(self, name: str) -> NoReturn:
        raise AttributeError("A Cpr does not change.")

    def __copy__(self) -> Cpr:
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> Cpr:
        return self

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        raise TypeError("A Cpr is not pickled: it would stand in the clear.")


class CprVault:
    """Seals CPR numbers for the table, and makes the key by which a sealed one is looked up.

    Both keys are derived from the installation key by HKDF (RFC 5869), so neither tells anything of the other.
    """

    _CONTEXT = b"venterum cpr v1"

    def __init__(self, key: bytes) -> None:
        """Take the installation key, 32 bytes.

        Raises:
            ValueError: the key has another length.
        """
        if len(key) != KEY_BYTES:
            raise ValueError(f"The installation key is {KEY_BYTES} bytes long.")
        self._aead = AESGCM(self._derive(key, b"seal"))
        self._lookup_key = self._derive(key, b"lookup")
        self._digest_key = self._derive(key, b"digest")

    def seal(self, cpr: Cpr) -> bytes:
        """Nonce and AES-256-GCM ciphertext; another one every time."""
        nonce = os.urandom(_NONCE_BYTES)
        return nonce + self._aead.encrypt(nonce, cpr.digits.encode(), self._CONTEXT)

    def open(self, sealed: bytes) -> Cpr:
        """Undo `seal`.

        Raises:
            cryptography.exceptions.InvalidTag: sealed under another key, or changed since.
        """
        return Cpr(self._aead.decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], self._CONTEXT).decode())

    def lookup(self, cpr: Cpr) -> bytes:
        """HMAC-SHA-256 of the number, 32 bytes; the same one every time. Without the key it cannot be guessed at."""
        mac = hmac.HMAC(self._lookup_key, hashes.SHA256())
        mac.update(cpr.digits.encode())
        return mac.finalize()

    def digest(self, text: str) -> str:
        """HMAC-SHA-256 of any text, in hexadecimal, under a key of its own: tells equal ones, and nothing else."""
        mac = hmac.HMAC(self._digest_key, hashes.SHA256())
        mac.update(text.encode())
        return mac.finalize().hex()

    @classmethod
    def _derive(cls, key: bytes, purpose: bytes) -> bytes:
        info = cls._CONTEXT + b" " + purpose
        return HKDF(hashes.SHA256(), KEY_BYTES, salt=None, info=info).derive(key)
