"""A leg of a call as the load makes it: real ICE and DTLS by aioice and aiortc, then a bare socket and packets made beforehand.

The packets of a run are encrypted before it begins, so that the load costs one `sendto` a packet while it is measured.
"""

from __future__ import annotations

import secrets
import socket
from collections.abc import Callable
from dataclasses import dataclass, field
from struct import pack

import aioice
from aiortc.rtcdtlstransport import (
    SRTP_AEAD_AES_256_GCM,
    SRTP_AES128_CM_SHA1_80,
    RTCCertificate,
    RTCDtlsFingerprint,
    RTCDtlsParameters,
    RTCDtlsTransport,
)
from aiortc.rtcicetransport import RTCIceGatherer, RTCIceParameters, RTCIceTransport
from aiortc.sdp import SessionDescription

VIDEO_PACKETS_PER_SECOND = 130
VIDEO_PAYLOAD_BYTES = 1080
AUDIO_PACKETS_PER_SECOND = 50
AUDIO_PAYLOAD_BYTES = 120
AUDIO, VIDEO = 111, 96
TRANSPORT_WIDE, FEEDBACK = -1, -2
"""What else is numbered, beside payload types."""

FEEDBACK_PER_SECOND = 20
FEEDBACK_PACKETS = (VIDEO_PACKETS_PER_SECOND + AUDIO_PACKETS_PER_SECOND) // FEEDBACK_PER_SECOND

CIPHERS = {"AES-256-GCM": SRTP_AEAD_AES_256_GCM, "AES-128-CM-SHA1-80": SRTP_AES128_CM_SHA1_80}

SDP = """\
v=0
o=- {session} 2 IN IP4 127.0.0.1
s=-
t=0 0
a=group:BUNDLE 0 1
m=audio 9 UDP/TLS/RTP/SAVPF 111
c=IN IP4 127.0.0.1
a=mid:0
a=sendrecv
a=rtcp-mux
a=ice-ufrag:{ufrag}
a=ice-pwd:{pwd}
a=fingerprint:sha-256 {fingerprint}
a=setup:{setup}
a=extmap:1 urn:ietf:params:rtp-hdrext:ssrc-audio-level
a=extmap:3 http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01
a=rtpmap:111 opus/48000/2
a=rtcp-fb:111 transport-cc
a=fmtp:111 minptime=10;useinbandfec=1
a=ssrc:{audio_ssrc} cname:{session}
{candidate}m=video 9 UDP/TLS/RTP/SAVPF 96 97
c=IN IP4 127.0.0.1
a=mid:1
a=sendrecv
a=rtcp-mux
a=ice-ufrag:{ufrag}
a=ice-pwd:{pwd}
a=fingerprint:sha-256 {fingerprint}
a=setup:{setup}
a=extmap:3 http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01
a=rtpmap:96 VP8/90000
a=rtcp-fb:96 transport-cc
a=rtcp-fb:96 nack
a=rtcp-fb:96 nack pli
a=rtpmap:97 rtx/90000
a=fmtp:97 apt=96
a=ssrc:{video_ssrc} cname:{session}
"""


class _Connection(aioice.Connection):
    """Offers one address, and keeps nothing but handshake datagrams: media is read from the socket itself."""

    address = "127.0.0.1"

    async def gather_candidates(self) -> None:
        self._local_candidates += await self.get_component_candidates(component=1, addresses=[self.address])
        self._local_candidates_start = self._local_candidates_end = True

    def data_received(self, data: bytes, component: int) -> None:
        if not 127 < data[0] < 192:
            super().data_received(data, component)


Schedule = list[tuple[float, bytes, int, int]]
"""What a leg sends: seconds from the beginning, the SRTP packet, its payload type and its sequence number."""


def schedule(
    protect: Callable[[bytes], bytes], ssrcs: dict[int, int], sequences: dict[int, int], seconds: float, phase: float
) -> Schedule:
    """Make and encrypt the packets of a run; `sequences` holds the next number of each type, and is moved on.

    They bear the header extensions that Chrome sends once transport-wide feedback is agreed on.
    """
    made: Schedule = []
    due: list[tuple[float, bytes, int, int]] = []
    for payload_type, rate, clock in (
        (AUDIO, AUDIO_PACKETS_PER_SECOND, 48_000),
        (VIDEO, VIDEO_PACKETS_PER_SECOND, 90_000),
    ):
        for i in range(int(seconds * rate)):
            number = sequences[payload_type]
            sequences[payload_type] = (number + 1) & 0xFFFF
            timestamp = number * clock // rate & 0xFFFFFFFF
            header = pack("!BBHII", 0x90, payload_type, number, timestamp, ssrcs[payload_type])
            due.append(((i + phase) / rate, header, payload_type, number))
    for at, header, payload_type, number in sorted(due):
        transport_wide = sequences.setdefault(TRANSPORT_WIDE, 0)
        sequences[TRANSPORT_WIDE] = (transport_wide + 1) & 0xFFFF
        if payload_type == AUDIO:
            extensions = pack("!HHBHBBxxx", 0xBEDE, 2, 0x31, transport_wide, 0x10, 0x80 | 40)
        else:
            extensions = pack("!HHBHx", 0xBEDE, 1, 0x31, transport_wide)
        size = AUDIO_PAYLOAD_BYTES if payload_type == AUDIO else VIDEO_PAYLOAD_BYTES
        made.append((at, protect(header + extensions + secrets.token_bytes(size)), payload_type, number))
    return made


def feedback(
    protect_rtcp: Callable[[bytes], bytes], sequences: dict[int, int], seconds: float, phase: float
) -> Schedule:
    """Transport-wide feedback as Chrome sends it at such a rate: every 50 ms, of the nine packets that came since."""
    made: Schedule = []
    for i in range(int(seconds * FEEDBACK_PER_SECOND)):
        at = (i + 1 + phase) / FEEDBACK_PER_SECOND
        number = sequences.setdefault(FEEDBACK, 0)
        sequences[FEEDBACK] = number + 1
        base = number * FEEDBACK_PACKETS & 0xFFFF
        # The receiver's clock, in units of 64 ms and of a quarter millisecond.
        ticks = round(number * 4000 / FEEDBACK_PER_SECOND)
        head = pack("!BBHIIHH", 0x8F, 205, 7, 1, 1, base, FEEDBACK_PACKETS)
        clock = (ticks // 256 << 8 | number & 0xFF).to_bytes(4, "big")
        deltas = bytes([ticks % 256, *[22] * (FEEDBACK_PACKETS - 1)])
        packet = head + clock + pack("!H", 0x2000 | FEEDBACK_PACKETS) + deltas + bytes(1)
        made.append((at, protect_rtcp(packet), FEEDBACK, number))
    return made


@dataclass
class Leg:
    """One participant. `connect` after the descriptions are exchanged; then `prepare`, and the socket is the load's."""

    cipher: str
    address: str = "127.0.0.1"
    controlling: bool = True
    ssrcs: dict[int, int] = field(default_factory=lambda: {AUDIO: secrets.randbits(31), VIDEO: secrets.randbits(31)})

    _sequences: dict[int, int] = field(default_factory=lambda: {AUDIO: 1000, VIDEO: 1000})

    def __post_init__(self) -> None:
        self._connection = _Connection(ice_controlling=self.controlling)
        self._connection.address = self.address
        gatherer = RTCIceGatherer(iceServers=[])
        gatherer._connection = self._connection
        self._gatherer = gatherer
        self._ice = RTCIceTransport(gatherer)
        self._certificate = RTCCertificate.generateCertificate()
        self._dtls = RTCDtlsTransport(self._ice, [self._certificate])
        self._dtls._srtp_profiles = [CIPHERS[self.cipher]]

    async def describe(self, setup: str = "actpass") -> str:
        """The SDP of this leg, with its one candidate on 127.0.0.1."""
        await self._gatherer.gather()
        local = self._connection.local_candidates[0]
        fingerprint = next(f.value for f in self._certificate.getFingerprints() if f.algorithm == "sha-256")
        return SDP.format(
            session=secrets.randbits(60),
            ufrag=self._connection.local_username,
            pwd=self._connection.local_password,
            fingerprint=fingerprint,
            setup=setup,
            audio_ssrc=self.ssrcs[AUDIO],
            video_ssrc=self.ssrcs[VIDEO],
            candidate=f"a=candidate:1 1 udp 2130706431 {local.host} {local.port} typ host\n",
        ).replace("\n", "\r\n")

    async def connect(self, remote: str, role: str | None = None) -> None:
        """ICE and DTLS with whoever wrote `remote`. Raises ConnectionError when either fails."""
        first = SessionDescription.parse(remote).media[0]
        assert first.dtls is not None
        assert first.ice is not None
        if role is None:
            role = "client" if first.dtls.role == "server" else "server"
        self._dtls._set_role(role)
        for candidate in first.ice_candidates:
            if (
                candidate.ip == self._connection.address
                and candidate.protocol.lower() == "udp"
                and candidate.component == 1
            ):
                await self._ice.addRemoteCandidate(candidate)
        await self._ice.addRemoteCandidate(None)
        await self._ice.start(RTCIceParameters(first.ice.usernameFragment, first.ice.password))
        await self._dtls.start(
            RTCDtlsParameters([RTCDtlsFingerprint(f.algorithm, f.value) for f in first.dtls.fingerprints])
        )
        if self._dtls.state != "connected":
            raise ConnectionError(f"DTLS is {self._dtls.state}, ICE {self._ice.state}")

    def take_socket(self) -> socket.socket:
        """The leg's UDP socket, for as long as the event loop stands still; closed by whoever takes it."""
        original: socket.socket = self._connection._nominated[1].protocol.transport.get_extra_info("socket")
        return original.dup()

    @property
    def remote_address(self) -> tuple[str, int]:
        return self._connection._nominated[1].remote_addr

    def prepare(self, seconds: float, phase: float) -> Schedule:
        """Everything this leg sends in a run. `phase` (0 to 1) shifts it, so that legs do not all send at once."""
        session = self._dtls._tx_srtp
        media = schedule(session.protect, self.ssrcs, self._sequences, seconds, phase)
        return media + feedback(session.protect_rtcp, self._sequences, seconds, phase)

    async def close(self) -> None:
        await self._dtls.stop()
        await self._ice.stop()
