"""Just enough of STUN (RFC 8489) to see whose a datagram is before it is handed on. Pure.

Messages are authenticated and answered by aioice; this only finds the leg, at a cost bounded by the datagram's length.
"""

from __future__ import annotations

from struct import unpack_from

HEADER_BYTES = 20
_MAGIC_COOKIE = 0x2112A442
_USERNAME = 0x0006


def is_request(datagram: bytes) -> bool:
    """Whether a STUN message is a binding request; anything else can only be a response to one of ours."""
    return datagram[:2] == b"\x00\x01"


def is_stun(datagram: bytes) -> bool:
    """Whether a datagram has the form of a STUN message: the length fits and the magic cookie is there (section 5)."""
    if len(datagram) < HEADER_BYTES:
        return False
    _, length, cookie = unpack_from("!HHI", datagram)
    return bool(cookie == _MAGIC_COOKIE and length == len(datagram) - HEADER_BYTES)


def local_username(datagram: bytes) -> str | None:
    """The receiver's ICE user name fragment: what stands before the colon in USERNAME (RFC 8445 section 7.2.2)."""
    position = HEADER_BYTES
    while position + 4 <= len(datagram):
        kind, length = unpack_from("!HH", datagram, position)
        value = datagram[position + 4 : position + 4 + length]
        if kind == _USERNAME:
            fragment, colon, _ = value.partition(b":")
            return fragment.decode("ascii", "replace") if colon and len(value) == length else None
        position += 4 + length + -length % 4
    return None
