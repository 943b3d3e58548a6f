"""The node's one UDP port: hands each datagram to the leg whose it is, by what it is and where it comes from.

Who may send what (RFC 7983 tells the protocols apart by the first byte):

- STUN requests: anybody, if they are signed with the password of the leg that they name (RFC 8445 section 7.3). The rest is not
  answered: an error response tells a stranger that the name is a live one, and costs more than the request did.
- STUN responses: the address that the very check went to.
- DTLS, SRTP and SRTCP: the nominated pair's remote address alone, and no alert in the clear, which anybody can write.

Everything else is counted and dropped, each at a few microseconds.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final, Protocol

from mypy_extensions import i64, mypyc_attr

from .batch import SLOT_BYTES, DatagramBatch, Key
from .dtls import holds_plain_alert
from .stun import is_request, is_stun, read_check, transaction_id

Address = tuple[str, int]

BUFFER_BYTES = 4 * 1024 * 1024
"""Asked of the kernel for each direction of the socket."""

MAX_BATCHES: Final = 32
"""Batches read at one wake-up; after so many, others have their turn."""

SEVERAL: Final = 3
"""Datagrams that came at once, where more have come by the time that they are sent on."""

SRTP_BYTES: Final = 12
"""An RTP header (RFC 3550 section 5.1), shorter than which no media packet is."""


@dataclass(slots=True)
class SocketCounters:
    """What came in at the socket and went no further, as plain integers read by the metrics.

    `unsigned` is STUN for a live leg without its password's signature; `crowded` is what is past a leg's bounds.
    """

    empty: int = 0
    oversized: int = 0
    unreadable: int = 0
    stranger: int = 0
    unsigned: int = 0
    plain_alert: int = 0
    crowded: int = 0


class Checked(Protocol):
    """Whose ICE checks are: `password` signs the requests that it takes."""

    password: bytes

    def stun_received(self, datagram: bytes, address: Address) -> None:
        """A signed request, or a response to a check of its own."""


@mypyc_attr(allow_interpreted_subclasses=True)
class Sink:
    """What takes a connected leg's packets."""

    def datagram_received(self, slot: i64, size: i64) -> None:
        """An SRTP or SRTCP datagram from the nominated address, still encrypted, in a slot of the socket's batch."""
        raise NotImplementedError


class MediaSocket:
    """The node's one UDP socket; hands each datagram to the leg whose it is."""

    def __init__(self, host: str, port: int) -> None:
        """Bind the socket. Raises OSError when the address or port cannot be had."""
        self.counters = SocketCounters()
        self.udp = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_DGRAM)
        try:
            self.udp.setblocking(False)
            # What arrives while the process is not running waits here; the kernel gives as much of it as it allows.
            for option in (socket.SO_RCVBUF, socket.SO_SNDBUF):
                self.udp.setsockopt(socket.SOL_SOCKET, option, BUFFER_BYTES)
            self.udp.bind((host, port))
        except OSError:
            self.udp.close()
            raise
        self.port: int = self.udp.getsockname()[1]
        self.batch = DatagramBatch(self.udp)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._media: dict[Key, Sink] = {}
        self._handshakes: dict[Key, Callable[[bytes], None]] = {}
        self._usernames: dict[str, Checked] = {}
        self._checks: dict[bytes, tuple[Checked, Key]] = {}

    def start(self) -> None:
        """Begin to read."""
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(self.udp, self._readable)

    @property
    def alive(self) -> bool:
        return self._loop is not None

    def close(self) -> None:
        """Stop reading and let the port go. May be called twice."""
        # Whether there was one, asyncio's loop tells, and uvloop's does not: a type that compiled code would insist on.
        loop: Any = self._loop
        if loop is not None:
            loop.remove_reader(self.udp)
            self._loop = None
        self.udp.close()

    # Who is to get what. A leg's entries are its own to make and to take away; only the hot path reads the tables by itself.

    def listen(self, username: str, checked: Checked) -> None:
        """Take signed STUN requests to this user name for a leg."""
        self._usernames[username] = checked

    def unlisten(self, username: str) -> None:
        self._usernames.pop(username, None)

    @contextlib.contextmanager
    def awaiting_response(self, transaction: bytes, checked: Checked, address: Address) -> Iterator[None]:
        """Take a response to this check, from the address that it went to, while the block runs."""
        self._checks[transaction] = checked, self.batch.key_of(address)
        try:
            yield
        finally:
            del self._checks[transaction]

    def send(self, datagram: bytes, address: Address) -> None:
        """Send one datagram at once. For the few that are no media: one that the kernel does not take is dropped."""
        with contextlib.suppress(OSError):
            self.udp.sendto(datagram, address)

    def _readable(self) -> None:
        batch = self.batch
        batch.receiving = True
        try:
            self._read(batch)
        finally:
            batch.receiving = False

    def _read(self, batch: DatagramBatch) -> None:
        for _ in range(MAX_BATCHES):
            count = batch.receive()
            for slot in range(count):
                size = batch.size(slot)
                if 127 < i64(batch.arena[slot * SLOT_BYTES]) < 192 and SRTP_BYTES <= size < SLOT_BYTES:
                    sink = self._media.get(batch.key(slot))
                    if sink is not None:
                        sink.datagram_received(slot, size)
                    else:
                        self.counters.stranger += 1
                else:
                    self._no_media(slot, size)
            batch.flush()
            if count < SEVERAL:
                return

    def _no_media(self, slot: int, size: int) -> None:
        counters = self.counters
        if size == 0:
            counters.empty += 1
            return
        if size == SLOT_BYTES:
            counters.oversized += 1
            return
        data = self.batch.data(slot)
        if data[0] < 4 and is_stun(data):
            self._stun_received(data, slot)
        elif 19 < data[0] < 64:
            handshake = self._handshakes.get(self.batch.key(slot))
            if handshake is None:
                counters.stranger += 1
            elif holds_plain_alert(data):
                counters.plain_alert += 1
            else:
                handshake(data)
        else:
            counters.unreadable += 1

    def _stun_received(self, data: bytes, slot: int) -> None:
        counters, checked = self.counters, None
        if is_request(data):
            check = read_check(data)
            if check is None:
                counters.unreadable += 1
                return
            checked = self._usernames.get(check.username)
            if checked is not None and not check.authentic(checked.password):
                counters.unsigned += 1
                return
        else:
            asked = self._checks.get(transaction_id(data))
            if asked is not None and asked[1] == self.batch.key(slot):
                checked = asked[0]
        if checked is None:
            counters.stranger += 1
        else:
            checked.stun_received(data, self.batch.address(slot))
