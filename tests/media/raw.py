"""A participant without codecs: real ICE and DTLS to a node, then packets made by hand, so that a test says what is in each."""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from struct import pack, unpack_from
from typing import Any

import aioice
from aiortc.rtcdtlstransport import RTCCertificate, RTCDtlsFingerprint, RTCDtlsParameters, RTCDtlsTransport
from aiortc.rtcicetransport import RTCIceCandidate, RTCIceGatherer, RTCIceParameters, RTCIceTransport
from aiortc.sdp import SessionDescription

from media import rtcp
from media.node import MediaNode

AUDIO_LEVEL = "urn:ietf:params:rtp-hdrext:ssrc-audio-level"
ORIENTATION = "urn:3gpp:video-orientation"


@dataclass(frozen=True)
class Line:
    """A section of the offer. `codecs` by payload type as they stand in the SDP, each with its format parameters."""

    kind: str
    codecs: dict[int, tuple[str, str]]
    direction: str = "sendrecv"
    extensions: tuple[tuple[int, str], ...] = ()


OPUS, VP8 = {111: ("opus/48000/2", "")}, {96: ("VP8/90000", "")}
AUDIO, VIDEO, SCREEN = Line("audio", OPUS), Line("video", VP8), Line("video", VP8)
CALL = (AUDIO, VIDEO, SCREEN, *(Line(kind.kind, kind.codecs, "recvonly") for _ in range(4) for kind in (AUDIO, VIDEO)))
"""What our pages offer: sound, picture, screen, and four more pairs to receive on."""


@dataclass(frozen=True)
class Packet:
    """An RTP packet as it came, decrypted."""

    payload_type: int
    ssrc: int
    sequence: int
    extensions: dict[int, bytes]
    payload: bytes

    @classmethod
    def of(cls, data: bytes) -> Packet:
        first, second, sequence, _, ssrc = unpack_from("!BBHII", data)
        position, extensions = 12 + 4 * (first & 15), dict[int, bytes]()
        if first & 0x10:
            profile, words = unpack_from("!HH", data, position)
            block, position = data[position + 4 : position + 4 + 4 * words], position + 4 + 4 * words
            assert profile == 0xBEDE
            at = 0
            while at < len(block):
                length = (block[at] & 15) + 1
                if block[at]:
                    extensions[block[at] >> 4] = block[at + 1 : at + 1 + length]
                at += 1 + length if block[at] else 1
        return cls(second & 0x7F, ssrc, sequence, extensions, data[position:])


class _Dtls(RTCDtlsTransport):
    """Keeps what arrives in place of decoding it."""

    raw: RawPeer

    async def _handle_rtp_data(self, data: bytes, arrival_time_ms: int) -> None:
        self.raw.packets.append(Packet.of(data))

    async def _handle_rtcp_data(self, data: bytes) -> None:
        self.raw.feedback.extend(rtcp.parse(data))


class RawPeer:
    """`packets` and `feedback`: everything received so far."""

    def __init__(self, name: str, lines: Sequence[Line] = CALL) -> None:
        self.name = name
        self.lines = lines
        self.packets: list[Packet] = []
        self.feedback: list[rtcp.Packet] = []
        self.ssrcs = [secrets.randbits(31) for _ in lines]
        self._sequence = 1000
        self._connection = aioice.Connection(ice_controlling=True)
        gatherer = RTCIceGatherer(iceServers=[])
        gatherer._connection = self._connection
        self._gatherer = gatherer
        self._ice = RTCIceTransport(gatherer)
        self._certificate = RTCCertificate.generateCertificate()
        self._dtls = _Dtls(self._ice, [self._certificate])
        self._dtls.raw = self
        self._dtls._set_role("client")
        self._mid_of: dict[int, str] = {}

    async def offer(self) -> str:
        await self._gatherer.gather()
        fingerprint = next(f.value for f in self._certificate.getFingerprints() if f.algorithm == "sha-256")
        text = ["v=0", "o=- 1 2 IN IP4 127.0.0.1", "s=-", "t=0 0"]
        text.append("a=group:BUNDLE " + " ".join(str(mid) for mid in range(len(self.lines))))
        for mid, line in enumerate(self.lines):
            text += [
                f"m={line.kind} 9 UDP/TLS/RTP/SAVPF {' '.join(map(str, line.codecs))}",
                "c=IN IP4 0.0.0.0",
                f"a=ice-ufrag:{self._connection.local_username}",
                f"a=ice-pwd:{self._connection.local_password}",
                f"a=fingerprint:sha-256 {fingerprint}",
                "a=setup:actpass",
                f"a=mid:{mid}",
                f"a={line.direction}",
                "a=rtcp-mux",
            ]
            text += [f"a=extmap:{number} {uri}" for number, uri in line.extensions]
            for payload_type, (name, parameters) in line.codecs.items():
                text.append(f"a=rtpmap:{payload_type} {name}")
                if parameters:
                    text.append(f"a=fmtp:{payload_type} {parameters}")
            if line.direction == "sendrecv":
                text.append(f"a=ssrc:{self.ssrcs[mid]} cname:{self.name}")
        return "\r\n".join(text) + "\r\n"

    async def join(self, node: MediaNode, room: str = "room", **how: Any) -> None:
        """Offer, and connect by the answer; returns when both ends can send."""
        how = {"screen_mid": "2" if self.lines is CALL else None} | how
        joined = await node.join(room, self.name, await self.offer(), **how)
        await self.connect(joined.answer)

    async def connect(self, answer: str) -> None:
        """Returns when both ends can send."""
        self.answer = answer
        session = SessionDescription.parse(answer)
        self._mid_of = {s.ssrc: str(m.rtp.muxId) for m in session.media for s in m.ssrc}
        first = session.media[0]
        assert first.ice is not None
        assert first.dtls is not None
        for candidate in first.ice_candidates:
            await self._ice.addRemoteCandidate(candidate)
        none: RTCIceCandidate | None = None
        await self._ice.addRemoteCandidate(none)
        await self._ice.start(RTCIceParameters(first.ice.usernameFragment, first.ice.password))
        await self._dtls.start(
            RTCDtlsParameters([RTCDtlsFingerprint(f.algorithm, f.value) for f in first.dtls.fingerprints])
        )
        assert self._dtls.state == "connected"

    async def send(
        self, line: int, payload: bytes, payload_type: int | None = None, extensions: Sequence[tuple[int, bytes]] = ()
    ) -> None:
        """Send one packet of a section, by default of its first codec."""
        self._sequence = (self._sequence + 1) & 0xFFFF
        number = next(iter(self.lines[line].codecs)) if payload_type is None else payload_type
        block = b"".join(bytes([each << 4 | len(value) - 1]) + value for each, value in extensions)
        block += bytes(-len(block) % 4)
        header = pack("!BBHII", 0x90 if extensions else 0x80, number, self._sequence, 3000, self.ssrcs[line])
        profile = pack("!HH", 0xBEDE, len(block) // 4) if extensions else b""
        await self._dtls._send_rtp(header + profile + block + payload)

    def heard(self, mid: str) -> list[bytes]:
        """The payloads that came on a section."""
        return [packet.payload for packet in self.packets if self._mid_of.get(packet.ssrc) == mid]

    def everything(self) -> set[tuple[str, bytes]]:
        """What came, with the section that it came on."""
        return {(self._mid_of[packet.ssrc], packet.payload) for packet in self.packets}

    @property
    def is_closed(self) -> bool:
        return bool(self._dtls.state == "closed")

    async def close(self) -> None:
        """Say goodbye and be gone."""
        await self._dtls.stop()
        await self._ice.stop()


@asynccontextmanager
async def joined(node: MediaNode, *peers: RawPeer, **how: Any) -> AsyncIterator[None]:
    """These take part, in this order, until the block ends."""
    async with AsyncExitStack() as stack:
        for peer in peers:
            stack.push_async_callback(peer.close)
            await peer.join(node, **how)
        yield
