"""Just enough of STUN (RFC 8489) to see whose a datagram is, and whether it is theirs, before it is handed on. Pure.

Messages are understood and answered by aioice, at a hundred times the cost. So a request is read here first: what is not signed
with the password of the leg that it names, or is not formed as a check must be, costs a few microseconds and goes no further.
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from struct import pack, unpack_from

HEADER_BYTES = 20
_MAGIC_COOKIE = 0x2112A442
_USERNAME, _INTEGRITY, _PRIORITY = 0x0006, 0x0008, 0x0024
_INTEGRITY_BYTES = 20

_LENGTHS = {
    _INTEGRITY: _INTEGRITY_BYTES,
    _PRIORITY: 4,
    0x0025: 0,  # USE-CANDIDATE
    0x8028: 4,  # FINGERPRINT
    0x8029: 8,  # ICE-CONTROLLED
    0x802A: 8,  # ICE-CONTROLLING
}
"""The length in bytes of the attributes that a connectivity check has (RFC 8445 section 16.1, RFC 8489 section 14)."""


@dataclass(frozen=True, slots=True)
class Check:
    """A connectivity check as it came: whom it names, and its signature. `signed` is what the signature is of."""

    username: str
    signed: bytes
    signature: bytes

    def authentic(self, password: bytes) -> bool:
        """Whether it was signed with this password (RFC 8489 section 14.5)."""
        return hmac.compare_digest(self.signature, hmac.digest(password, self.signed, "sha1"))


def is_request(datagram: bytes) -> bool:
    """Whether a STUN message is a binding request; anything else can only be a response to one of ours."""
    return datagram[:2] == b"\x00\x01"


def is_stun(datagram: bytes) -> bool:
    """Whether a datagram has the form of a STUN message: the length fits and the magic cookie is there (section 5)."""
    if len(datagram) < HEADER_BYTES:
        return False
    _, length, cookie = unpack_from("!HHI", datagram)
    return bool(cookie == _MAGIC_COOKIE and length == len(datagram) - HEADER_BYTES)


def transaction_id(datagram: bytes) -> bytes:
    """What a response has in common with its request (section 5)."""
    return datagram[8:HEADER_BYTES]


def read_check(datagram: bytes) -> Check | None:
    """A binding request as a connectivity check; None when it is none (RFC 8445 section 7.2.2) or an attribute's length is wrong.

    `username` is the receiver's fragment: what stands before the colon in USERNAME.
    """
    username = signed = signature = None
    prioritised = False
    position = HEADER_BYTES
    while position < len(datagram):
        if position + 4 > len(datagram):
            return None
        kind, length = unpack_from("!HH", datagram, position)
        value = datagram[position + 4 : position + 4 + length]
        if len(value) != length or _LENGTHS.get(kind, length) != length:
            return None
        if signature is None:  # what follows the signature is not signed, so it does not count (RFC 8489 section 14.5)
            if kind == _USERNAME:
                fragment, colon, _ = value.partition(b":")
                username = fragment.decode("ascii", "replace") if colon else None
            elif kind == _PRIORITY:
                prioritised = True
            elif kind == _INTEGRITY:
                signature = value
                length_so_far = position + 4 + _INTEGRITY_BYTES - HEADER_BYTES
                signed = datagram[:2] + pack("!H", length_so_far) + datagram[4:position]
        position += 4 + length + -length % 4
    if username is None or signed is None or signature is None or not prioritised:
        return None
    return Check(username, signed, signature)
