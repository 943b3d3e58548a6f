"""Just enough of DTLS's record layer (RFC 6347 section 4.1) to see what a datagram holds before it is handed on. Pure."""

from __future__ import annotations

from struct import Struct

_RECORD = Struct("!BHHHIH")
"""Content type, version, epoch, sequence number (16 and 32 bits), length."""

_ALERT = 21


def holds_plain_alert(datagram: bytes) -> bool:
    """Whether one of the datagram's records is an alert of epoch 0: in the clear, so that anybody can have written it.

    OpenSSL ends a handshake at such an alert. Whoever means it gives up anyway, and is noticed by the time a handshake may take.
    """
    position = 0
    while position + _RECORD.size <= len(datagram):
        kind, _, epoch, _, _, length = _RECORD.unpack_from(datagram, position)
        if kind == _ALERT and epoch == 0:
            return True
        position += _RECORD.size + length
    return False
