"""A small TURN client over UDP (RFC 8656), written apart from the code under test: it asks, and tells what was answered."""

from __future__ import annotations

import hashlib
import hmac
import os
import socket
import struct
import time
from ipaddress import ip_address
from secrets import randbelow
from types import TracebackType
from typing import Self

COOKIE = 0x2112A442
BINDING, ALLOCATE, REFRESH, SEND, DATA, CREATE_PERMISSION = 0x001, 0x003, 0x004, 0x016, 0x017, 0x008
USERNAME, INTEGRITY, ERROR_CODE, LIFETIME, PEER, DATA_ATTRIBUTE = 0x0006, 0x0008, 0x0009, 0x000D, 0x0012, 0x0013
REALM, NONCE, RELAYED, FAMILY, TRANSPORT, SOFTWARE = 0x0014, 0x0015, 0x0016, 0x0017, 0x0019, 0x8022
UDP = 17
ANSWER_WITHIN_S = 20.0
RESEND_AFTER_S = 0.5

Attributes = dict[int, bytes]


class Refused(Exception):
    """An error response. `code` is the STUN error code, `reason` the server's words."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(f"{code} {reason}")
        self.code, self.reason = code, reason


class TurnClient:
    """One client address at a TURN server on 127.0.0.1; anonymous without a user name."""

    def __init__(self, port: int, username: str | None = None, password: str = "") -> None:
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        # A port once used by a test before could be met again while the server still knows its allocation.
        self._socket.bind((f"127.{randbelow(254) + 1}.{randbelow(254)}.{randbelow(254) + 1}", 0))
        self._socket.connect(("127.0.0.1", port))
        self.username, self.password = username, password
        self._challenge: Attributes = {}
        self._said: Attributes = {}
        self._transaction = b""
        self.unasked: list[bytes] = []
        """Datagrams that answered no request, in the order in which they came."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._socket.close()

    def allocate(self, family: int = 4, lifetime_s: int = 600) -> tuple[tuple[str, int], Attributes]:
        """The relayed address, and everything that the answer says. Raises Refused."""
        wanted = {TRANSPORT: bytes([UDP, 0, 0, 0]), LIFETIME: struct.pack("!I", lifetime_s)}
        if family == 6:
            wanted[FAMILY] = bytes([2, 0, 0, 0])
        answer = self.ask(ALLOCATE, wanted)
        return _address(answer[RELAYED], self._transaction), answer

    def permit(self, peer: str) -> None:
        """Ask to send to the peer and to hear from it. Raises Refused."""
        self.ask(CREATE_PERMISSION, {PEER: _plain(peer, 9)})

    def refresh(self, lifetime_s: int = 600) -> int:
        """The seconds that the allocation now has. Raises Refused."""
        (lifetime,) = struct.unpack("!I", self.ask(REFRESH, {LIFETIME: struct.pack("!I", lifetime_s)})[LIFETIME])
        return int(lifetime)

    def say(self, datagram: bytes) -> None:
        """Send a datagram as it is; what answers it, if anything, is found in `unasked` after the next request."""
        self._socket.send(datagram)

    def send(self, peer: tuple[str, int], data: bytes) -> None:
        """Send data to a peer; nothing answers."""
        self._transaction = os.urandom(12)
        attributes = {PEER: _plain(*peer), DATA_ATTRIBUTE: data}
        self._socket.send(_message(SEND, self._transaction, attributes))

    def receive(self, within_s: float = ANSWER_WITHIN_S) -> bytes:
        """The next data of a peer. Raises TimeoutError."""
        self._socket.settimeout(within_s)
        while True:
            kind, _, attributes = _parse(self._socket.recv(65536))
            if kind == DATA:
                return attributes[DATA_ATTRIBUTE]

    def ask(self, method: int, attributes: Attributes) -> Attributes:
        """A request and its answer, with the credentials once the server has said realm and nonce.

        Raises:
            Refused: the server did.
            TimeoutError: it does not answer.
        """
        try:
            return self._ask(method, attributes)
        except Refused as refused:
            if refused.code not in (401, 438) or self.username is None or REALM not in self._said:
                raise
            # The first request is refused with what the second has to be signed with (RFC 8489, section 9.2).
            self._challenge = {REALM: self._said[REALM], NONCE: self._said[NONCE]}
            return self._ask(method, attributes)

    def _ask(self, method: int, attributes: Attributes) -> Attributes:
        self._transaction = os.urandom(12)
        if self._challenge and self.username is not None:
            signed = attributes | {USERNAME: self.username.encode()} | self._challenge
            words = f"{self.username}:{self._challenge[REALM].decode()}:{self.password}".encode()
            key = hashlib.md5(words).digest()
            # The length that is signed counts the signature (RFC 8489, section 14.5).
            covered = _message(method, self._transaction, signed | {INTEGRITY: bytes(20)})[:-24]
            signed |= {INTEGRITY: hmac.digest(key, covered, "sha1")}
        else:
            signed = attributes
        kind, answer = self._exchange(_message(method, self._transaction, signed))
        self._said = answer
        if kind == method | 0x110:
            _, _, hundreds, rest = struct.unpack("!BBBB", answer[ERROR_CODE][:4])
            raise Refused((hundreds & 7) * 100 + rest, answer[ERROR_CODE][4:].decode())
        assert kind == method | 0x100, hex(kind)
        return answer

    def _exchange(self, message: bytes) -> tuple[int, Attributes]:
        deadline = time.monotonic() + ANSWER_WITHIN_S
        while time.monotonic() < deadline:
            self._socket.send(message)
            self._socket.settimeout(RESEND_AFTER_S)
            try:
                while True:
                    datagram = self._socket.recv(65536)
                    if datagram[8:20] == self._transaction:
                        kind, _, attributes = _parse(datagram)
                        return kind, attributes
                    self.unasked.append(datagram)
            except TimeoutError:
                continue
        raise TimeoutError("the TURN server does not answer")


def _plain(host: str, port: int) -> bytes:
    """An address as an attribute has it before it is mixed, which is done when the message is put together."""
    ip = ip_address(host)
    return bytes([0, 1 if ip.version == 4 else 2]) + struct.pack("!H", port) + ip.packed


def _mixed(value: bytes, transaction: bytes) -> bytes:
    """XOR of an address with cookie and transaction (RFC 8489, section 14.2); the same forth and back."""
    pad = struct.pack("!I", COOKIE) + transaction
    port, ip = value[2:4], value[4:]
    return (
        value[:2]
        + bytes(a ^ b for a, b in zip(port, pad, strict=False))
        + bytes(a ^ b for a, b in zip(ip, pad, strict=False))
    )


def _address(value: bytes, transaction: bytes) -> tuple[str, int]:
    plain = _mixed(value, transaction)
    return str(ip_address(plain[4:])), struct.unpack("!H", plain[2:4])[0]


def _message(kind: int, transaction: bytes, attributes: Attributes) -> bytes:
    body = b""
    for name, value in attributes.items():
        value = _mixed(value, transaction) if name == PEER else value
        body += struct.pack("!HH", name, len(value)) + value + bytes(-len(value) % 4)
    return struct.pack("!HHI", kind, len(body), COOKIE) + transaction + body


def _parse(message: bytes) -> tuple[int, bytes, Attributes]:
    kind, _, _ = struct.unpack("!HHI", message[:8])
    attributes: Attributes = {}
    at = 20
    while at < len(message):
        name, length = struct.unpack("!HH", message[at : at + 4])
        attributes.setdefault(name, message[at + 4 : at + 4 + length])
        at += 4 + length + -length % 4
    return kind, message[8:20], attributes
