"""Where aiortc and aioice end and the relay begins: the one file that touches their private parts.

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
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, cast

import aioice
from aioice.candidate import candidate_foundation, candidate_priority
from aioice.ice import CandidatePair, StunProtocol
from aiortc.rtcdtlstransport import RTCCertificate, RTCDtlsFingerprint, RTCDtlsParameters, RTCDtlsTransport
from aiortc.rtcicetransport import RTCIceGatherer, RTCIceParameters, RTCIceTransport

from .negotiation import LocalTransport
from .stun import is_request, is_stun, local_username

Address = tuple[str, int]

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

    def datagram_received(self, datagram: bytes) -> None:
        """An SRTP or SRTCP datagram from the nominated address, still encrypted."""


class MediaSocket(asyncio.DatagramProtocol):
    """The node's one UDP socket; hands each datagram to the leg whose it is."""

    def __init__(self) -> None:
        self.counters = SocketCounters()
        self.transport: asyncio.DatagramTransport | None = None
        self._media: dict[Address, Callable[[bytes], None]] = {}
        self._handshakes: dict[Address, Callable[[bytes, int], None]] = {}
        self._stun: dict[Address, StunProtocol] = {}
        self._usernames: dict[str, StunProtocol] = {}

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.DatagramTransport, transport)

    def datagram_received(self, data: bytes, addr: Any) -> None:
        if not data:
            self.counters.empty += 1
            return
        first = data[0]
        if 127 < first < 192:
            media = self._media.get(addr)
            if media is not None:
                media(data)
                return
            self.counters.stranger += 1
        elif first < 4 and is_stun(data):
            self._stun_received(data, addr)
        elif 19 < first < 64:
            handshake = self._handshakes.get(addr)
            if handshake is not None:
                handshake(data, 1)
                return
            self.counters.stranger += 1
        else:
            self.counters.unreadable += 1

    def error_received(self, exc: Exception) -> None:
        """An ICMP error for something sent earlier: ICE consent (RFC 7675) notices a dead path by itself."""

    def _stun_received(self, data: bytes, addr: Address) -> None:
        if is_request(data):
            username = local_username(data)
            protocol = self._usernames.get(username) if username is not None else None
        else:
            protocol = self._stun.get(addr)
        if protocol is None:
            self.counters.stranger += 1
        else:
            protocol.datagram_received(data, addr)


class _LegTransport(asyncio.DatagramTransport):
    """What aioice takes for a socket of its own: sends on the node's, and remembers whom it sent checks to."""

    def __init__(self, socket: MediaSocket, protocol: StunProtocol) -> None:
        super().__init__()
        self._socket = socket
        self._protocol = protocol
        self._closed = False

    def sendto(self, data: Any, addr: Any = None) -> None:
        if data[0] < 4:
            self._socket._stun.setdefault(addr, self._protocol)
        assert self._socket.transport is not None
        self._socket.transport.sendto(data, addr)

    def close(self) -> None:
        if not self._closed:
            self._closed = True
            for address in [a for a, p in self._socket._stun.items() if p is self._protocol]:
                del self._socket._stun[address]
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

    `protect`, `unprotect` and their RTCP twins are libsrtp's, there once `connected` is true; they raise `pylibsrtp.Error`.
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
        self.remote_address = address
        self._socket._handshakes[address] = self._connection.data_received
        if self.connected and self._sink is not None:
            self._socket._media[address] = self._sink.datagram_received

    def _forget_address(self) -> None:
        address = self.remote_address
        # A newer leg may have come to the same address meanwhile; its entries are not ours to take away.
        if address is not None and self._socket._handshakes.get(address) == self._connection.data_received:
            self._socket._handshakes.pop(address)
            self._socket._media.pop(address, None)

    def _dtls_changed(self) -> None:
        if self._dtls.state == "connected":
            self.protect: Callable[[bytes], bytes] = self._dtls._tx_srtp.protect
            self.protect_rtcp: Callable[[bytes], bytes] = self._dtls._tx_srtp.protect_rtcp
            self.unprotect: Callable[[bytes], bytes] = self._dtls._rx_srtp.unprotect
            self.unprotect_rtcp: Callable[[bytes], bytes] = self._dtls._rx_srtp.unprotect_rtcp
            self.connected = True
            assert self.remote_address is not None
            self._nominated(self.remote_address)
            self.on_connected()
        elif self._dtls.state in ("closed", "failed") and self.connected:
            self.connected = False
            self.on_closed()

    @property
    def srtp_profile(self) -> str:
        """The negotiated SRTP protection profile's name (RFC 5764 section 4.1.2, RFC 7714 section 14.2)."""
        ssl = self._dtls._ssl
        return ssl.get_selected_srtp_profile().decode() if ssl is not None else ""

    def send(self, datagram: bytes) -> None:
        """Send an already protected datagram to the nominated address; dropped when there is none yet."""
        if self.remote_address is not None and self._socket.transport is not None:
            self._socket.transport.sendto(datagram, self.remote_address)

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
