"""Where aiortc, aioice and pylibsrtp end and the relay begins: the one file that touches their private parts.

ICE (aioice) and DTLS (aiortc) run as they are. What is ours is the socket under them, one UDP port for every leg of the node,
and the way out above them: past the handshake, SRTP and SRTCP datagrams go from the socket to the leg's `Sink` and never pass
through aiortc's receivers, jitter buffer or decoders.

Who may send what (RFC 7983 tells the protocols apart by the first byte):

- STUN requests: anybody, if the user name is a live leg's; aioice then checks the message's integrity (RFC 8445 section 7.3).
- STUN responses: an address that one of our own checks went to.
- DTLS, SRTP and SRTCP: the nominated pair's remote address alone.

Everything else is counted and dropped. `tests/media/test_seam.py` is the contract with the pinned versions.
"""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import socket
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Protocol

import aioice
from aioice.candidate import candidate_foundation, candidate_priority
from aioice.ice import CandidatePair, StunProtocol
from aiortc.rtcdtlstransport import RTCCertificate, RTCDtlsFingerprint, RTCDtlsParameters, RTCDtlsTransport
from aiortc.rtcicetransport import RTCIceGatherer, RTCIceParameters, RTCIceTransport
from pylibsrtp._binding import ffi as _ffi
from pylibsrtp._binding import lib

from .batch import SLOT_BYTES, SLOTS, DatagramBatch, Destination
from .negotiation import LocalTransport
from .stun import is_request, is_stun, local_username

srtp_protect, srtp_unprotect = lib.srtp_protect, lib.srtp_unprotect
"""libsrtp's own functions: they work in place and return 0, where pylibsrtp's copy in, copy out and raise."""

new_length: Callable[[], Any] = partial(_ffi.new, "int *")
"""Where those two are told a packet's length, and tell its new one."""

Address = tuple[str, int]

BUFFER_BYTES = 4 * 1024 * 1024
"""Asked of the kernel for each direction of the socket."""

MAX_BATCHES = 8
"""Batches read at one wake-up; after so many, others have their turn."""

SRTP_BYTES = 12
"""An RTP header (RFC 3550 section 5.1), shorter than which no media packet is."""

MAX_HANDSHAKE_DATAGRAMS = 64
"""DTLS datagrams of one leg that wait to be read; past that they are dropped, and DTLS sends them again."""

CONNECT_TIMEOUT_S = 30.0
"""How long a leg may take from offer to finished DTLS handshake."""


@dataclass(slots=True)
class SocketCounters:
    """What came in at the socket and went no further, as plain integers read by the metrics."""

    empty: int = 0
    unreadable: int = 0
    stranger: int = 0


class Sink(Protocol):
    """What takes a connected leg's packets."""

    def datagram_received(self, slot: int, size: int) -> None:
        """An SRTP or SRTCP datagram from the nominated address, still encrypted, in a slot of the socket's batch."""


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
        self._media: dict[bytes, Callable[[int, int], None]] = {}
        self._handshakes: dict[bytes, Callable[[bytes, int], None]] = {}
        self._stun: dict[bytes, StunProtocol] = {}
        self._usernames: dict[str, StunProtocol] = {}

    def start(self) -> None:
        """Begin to read."""
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(self.udp, self._readable)

    @property
    def alive(self) -> bool:
        return self._loop is not None

    def close(self) -> None:
        """Stop reading and let the port go. May be called twice."""
        if self._loop is not None:
            self._loop.remove_reader(self.udp)
            self._loop = None
        self.udp.close()

    def send(self, datagram: bytes, address: Address) -> None:
        """Send one datagram at once. For the few that are no media: one that the kernel does not take is dropped."""
        with contextlib.suppress(OSError):
            self.udp.sendto(datagram, address)

    def _readable(self) -> None:
        batch = self.batch
        for _ in range(MAX_BATCHES):
            count = batch.receive()
            for slot in range(count):
                size = batch.size(slot)
                if 127 < batch.view[slot * SLOT_BYTES] < 192 and SRTP_BYTES <= size < SLOT_BYTES:
                    media = self._media.get(batch.key(slot))
                    if media is not None:
                        media(slot, size)
                    else:
                        self.counters.stranger += 1
                else:
                    self._no_media(slot, size)
            batch.flush()
            if count < SLOTS:
                return

    def _no_media(self, slot: int, size: int) -> None:
        if size == 0:
            self.counters.empty += 1
            return
        data = self.batch.data(slot)
        if size == SLOT_BYTES:
            self.counters.unreadable += 1
        elif data[0] < 4 and is_stun(data):
            self._stun_received(data, self.batch.key(slot), self.batch.address(slot))
        elif 19 < data[0] < 64:
            handshake = self._handshakes.get(self.batch.key(slot))
            if handshake is not None:
                handshake(data, 1)
            else:
                self.counters.stranger += 1
        else:
            self.counters.unreadable += 1

    def _stun_received(self, data: bytes, key: bytes, address: Address) -> None:
        if is_request(data):
            username = local_username(data)
            protocol = self._usernames.get(username) if username is not None else None
        else:
            protocol = self._stun.get(key)
        if protocol is None:
            self.counters.stranger += 1
        else:
            protocol.datagram_received(data, address)


class _LegTransport(asyncio.DatagramTransport):
    """What aioice takes for a socket of its own: sends on the node's, and remembers whom it sent checks to."""

    def __init__(self, socket: MediaSocket, protocol: StunProtocol) -> None:
        super().__init__()
        self._socket = socket
        self._protocol = protocol
        self._closed = False

    def sendto(self, data: Any, addr: Any = None) -> None:
        if data[0] < 4:
            self._socket._stun.setdefault(self._socket.batch.key_of(addr), self._protocol)
        self._socket.send(data, addr)

    def close(self) -> None:
        if not self._closed:
            self._closed = True
            for key in [k for k, p in self._socket._stun.items() if p is self._protocol]:
                del self._socket._stun[key]
            asyncio.get_running_loop().call_soon(self._protocol.connection_lost, None)

    def is_closing(self) -> bool:
        return self._closed


class _Connection(aioice.Connection):
    """An ICE agent on the shared socket. It gathers nothing: the addresses to offer are configuration.

    Remote candidates are never added. The browser can always reach the node, so its checks make the pairs
    (peer-reflexive, RFC 8445 section 7.3.1.3), and no offer can make this node send to an address of its choice.
    """

    def __init__(self, socket: MediaSocket, addresses: Sequence[Address], username: str) -> None:
        super().__init__(ice_controlling=False, local_username=username)
        self._socket = socket
        self._addresses = addresses
        self.on_nominated: Callable[[Address], None] = lambda address: None

    async def gather_candidates(self) -> None:
        protocol = StunProtocol(self)
        protocol.connection_made(_LegTransport(self._socket, protocol))
        for preference, (host, port) in enumerate(self._addresses):
            self._local_candidates.append(
                aioice.Candidate(
                    foundation=candidate_foundation("host", "udp", host),
                    component=1,
                    transport="udp",
                    priority=candidate_priority(1, "host", local_pref=65535 - preference),
                    host=host,
                    port=port,
                    type="host",
                )
            )
        protocol.local_candidate = self._local_candidates[0]
        self._protocols.append(protocol)
        self._local_candidates_start = self._local_candidates_end = True
        self._socket._usernames[self.local_username] = protocol

    def check_complete(self, pair: CandidatePair) -> None:
        super().check_complete(pair)
        nominated = self._nominated.get(1)
        if nominated is not None:
            self.on_nominated(nominated.remote_addr)

    def data_received(self, data: bytes, component: int) -> None:
        if self._queue.qsize() < MAX_HANDSHAKE_DATAGRAMS:
            super().data_received(data, component)

    async def close(self) -> None:
        self._socket._usernames.pop(self.local_username, None)
        await super().close()


class SecureTransport:
    """One leg's ICE and DTLS on the node's socket, and the SRTP sessions that come of them.

    `receiving` and `sending` are libsrtp's sessions themselves (`srtp_t`), for the hot path, once `connected` is true; RTCP, of
    which there is little, goes by `unprotect_rtcp` and `send_rtcp`.
    """

    def __init__(self, socket: MediaSocket, addresses: Sequence[Address], certificate: RTCCertificate) -> None:
        self._socket = socket
        self._connection = _Connection(socket, addresses, secrets.token_hex(8))
        gatherer = RTCIceGatherer(iceServers=[])
        gatherer._connection = self._connection
        self._gatherer = gatherer
        self._ice = RTCIceTransport(gatherer)
        self._dtls = RTCDtlsTransport(self._ice, [certificate])
        self._dtls._set_role("server")
        self._dtls.on("statechange", self._dtls_changed)
        self._connection.on_nominated = self._nominated
        self._certificate = certificate
        self._task: asyncio.Task[None] | None = None
        self._closed = False
        self._sink: Sink | None = None
        self._key = b""
        self.destination: Destination
        self.receiving: Any
        self.sending: Any
        self.remote_address: Address | None = None
        self.connected = False
        self.on_connected: Callable[[], None] = lambda: None
        self.on_closed: Callable[[], None] = lambda: None

    async def describe(self) -> LocalTransport:
        """The local side, for the answer."""
        await self._gatherer.gather()
        fingerprint = next(f.value for f in self._certificate.getFingerprints() if f.algorithm == "sha-256")
        return LocalTransport(
            ice_username=self._connection.local_username,
            ice_password=self._connection.local_password,
            fingerprint=fingerprint,
            candidates=[(c.host, c.port, c.priority) for c in self._connection.local_candidates],
        )

    def start(self, ice_username: str, ice_password: str, fingerprints: Sequence[tuple[str, str]], sink: Sink) -> None:
        """Begin to connect; `on_connected` or `on_closed` follows, the latter after `CONNECT_TIMEOUT_S` at the latest.

        The certificate that the browser shows must match every one of `fingerprints` (RFC 8122 section 5).
        """
        if self._closed:
            return
        self._sink = sink
        ice = RTCIceParameters(usernameFragment=ice_username, password=ice_password)
        dtls = RTCDtlsParameters(fingerprints=[RTCDtlsFingerprint(a, v) for a, v in fingerprints], role="client")
        self._task = asyncio.create_task(self._connect(ice, dtls))

    async def _connect(self, ice: RTCIceParameters, dtls: RTCDtlsParameters) -> None:
        try:
            async with asyncio.timeout(CONNECT_TIMEOUT_S):
                await self._ice.start(ice)
                if self._ice.state == "completed":
                    await self._dtls.start(dtls)
        except TimeoutError:
            pass
        if not self.connected:
            self.on_closed()

    def _nominated(self, address: Address) -> None:
        self._forget_address()
        self._key = self._socket.batch.key_of(address)
        self.remote_address = address
        self.destination = Destination(self._socket.batch.family, address)
        self._socket._handshakes[self._key] = self._connection.data_received
        if self.connected and self._sink is not None:
            self._socket._media[self._key] = self._sink.datagram_received

    def _forget_address(self) -> None:
        # A newer leg may have come to the same address meanwhile; its entries are not ours to take away.
        if self._socket._handshakes.get(self._key) == self._connection.data_received:
            self._socket._handshakes.pop(self._key)
            self._socket._media.pop(self._key, None)

    def _dtls_changed(self) -> None:
        if self._dtls.state == "connected":
            self._rx, self._tx = self._dtls._rx_srtp, self._dtls._tx_srtp
            self.receiving, self.sending = self._rx._srtp[0], self._tx._srtp[0]
            self.connected = True
            assert self.remote_address is not None
            self._nominated(self.remote_address)
            self.on_connected()
        elif self._dtls.state in ("closed", "failed") and self.connected:
            self.connected = False
            self.on_closed()

    def unprotect_rtcp(self, datagram: bytes) -> bytes:
        """Raises pylibsrtp.Error or ValueError when it does not decrypt."""
        plain: bytes = self._rx.unprotect_rtcp(datagram)
        return plain

    def send_rtp(self, packet: bytes) -> None:
        """Encrypt and send one packet apart from the batch; raises pylibsrtp.Error or ValueError when it cannot be encrypted."""
        assert self.remote_address is not None
        self._socket.send(self._tx.protect(packet), self.remote_address)

    def send_rtcp(self, compound: bytes) -> None:
        """Encrypt and send; raises pylibsrtp.Error or ValueError when it cannot be encrypted."""
        assert self.remote_address is not None
        self._socket.send(self._tx.protect_rtcp(compound), self.remote_address)

    @property
    def srtp_profile(self) -> str:
        """The negotiated SRTP protection profile's name (RFC 5764 section 4.1.2, RFC 7714 section 14.2)."""
        ssl = self._dtls._ssl
        return ssl.get_selected_srtp_profile().decode() if ssl is not None else ""

    async def close(self) -> None:
        """Say goodbye (DTLS close_notify) and let go of the addresses. May be called twice."""
        if self._closed:
            return
        self._closed = True
        self.on_connected = self.on_closed = lambda: None
        self.connected = False
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        await self._dtls.stop()
        await self._ice.stop()
        self._forget_address()
