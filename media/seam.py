"""Where aiortc and pylibsrtp end and the relay begins: the one file that touches their private parts.

DTLS (aiortc) runs as it is, on the ICE agent of `media/ice.py`. Past the handshake, SRTP and SRTCP datagrams go from the port
(`media/port.py`) to the leg's `Sink` and never pass through aiortc's receivers, jitter buffer or decoders.

`tests/media/test_seam.py` is the contract with the pinned versions.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable, Sequence
from typing import Any, Final

from aiortc.rtcdtlstransport import RTCCertificate, RTCDtlsFingerprint, RTCDtlsParameters, RTCDtlsTransport
from aiortc.rtcicetransport import RTCIceGatherer, RTCIceParameters, RTCIceTransport
from pylibsrtp._binding import lib

from .batch import SLOT_BYTES, Destination, Key
from .ice import IceAgent
from .negotiation import LocalTransport
from .port import Address, MediaSocket, Sink

srtp_protect: Final = lib.srtp_protect
srtp_unprotect: Final = lib.srtp_unprotect
srtp_protect_rtcp: Final = lib.srtp_protect_rtcp
srtp_unprotect_rtcp: Final = lib.srtp_unprotect_rtcp
"""libsrtp's own functions: they work in place and return 0, where pylibsrtp's copy in, copy out and raise."""

MAX_TRAILER_BYTES = 144
"""The most that libsrtp adds to a packet (SRTP_MAX_TRAILER_LEN)."""

CONNECT_TIMEOUT_S = 30.0
"""How long a leg may take from offer to finished DTLS handshake."""


class SecureTransport:
    """One leg's ICE and DTLS on the node's socket, and the SRTP sessions that come of them.

    `receiving` and `sending` are libsrtp's sessions themselves (`srtp_t`), for the hot path, once `connected` is true; what is
    made here goes by `send_rtp` and `send_rtcp`.
    """

    def __init__(self, socket: MediaSocket, addresses: Sequence[Address], certificate: RTCCertificate) -> None:
        self._socket = socket
        self._agent = IceAgent(socket, addresses, secrets.token_hex(8))
        gatherer = RTCIceGatherer(iceServers=[])
        gatherer._connection = self._agent
        self._gatherer = gatherer
        self._ice = RTCIceTransport(gatherer)
        self._dtls = RTCDtlsTransport(self._ice, [certificate])
        self._dtls._set_role("server")
        self._dtls.on("statechange", self._dtls_changed)
        self._agent.on_nominated = self._nominated
        self._certificate = certificate
        self._task: asyncio.Task[None] | None = None
        self._closed = False
        self._sink: Sink | None = None
        self._key: Key = b""
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
            ice_username=self._agent.local_username,
            ice_password=self._agent.local_password,
            fingerprint=fingerprint,
            candidates=[(c.host, c.port, c.priority) for c in self._agent.local_candidates],
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
        self._socket._handshakes[self._key] = self._agent.handshake_received
        if self.connected and self._sink is not None:
            self._socket._media[self._key] = self._sink

    def _forget_address(self) -> None:
        # A newer leg may have come to the same address meanwhile; its entries are not ours to take away.
        if self._socket._handshakes.get(self._key) == self._agent.handshake_received:
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

    def forget_source(self, ssrc: int) -> None:
        """Let go of what libsrtp keeps for an SSRC that has sent."""
        self._rx.remove_stream(ssrc)

    def send_rtp(self, packet: bytes) -> bool:
        """Encrypt and send one packet that is made here; False when it cannot be encrypted."""
        return self._send(srtp_protect, packet)

    def send_rtcp(self, compound: bytes) -> bool:
        """Encrypt and send; False when it cannot be encrypted."""
        return self._send(srtp_protect_rtcp, compound)

    def _send(self, protect: Callable[[Any, Any, Any], int], plain: bytes) -> bool:
        batch, size = self._socket.batch, len(plain)
        if size + MAX_TRAILER_BYTES > SLOT_BYTES:
            return False
        pointer, address = batch.spare(plain)
        batch.length[0] = size
        if protect(self.sending, pointer, batch.length_pointer):
            return False
        batch.queue(address, batch.length[0], self.destination)
        if not batch.receiving:
            batch.flush()
        return True

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
        # Whoever refers to us in turn lets go, so that all is freed at once: OpenSSL's memory is not the collector's to see.
        self._sink = self._task = None
        self._dtls.remove_all_listeners()
        self._agent.on_nominated = lambda address: None
