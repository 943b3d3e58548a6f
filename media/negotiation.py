"""Offer in, answer out (RFC 9429, JSEP): which codecs, header extensions and directions a leg has. Pure; touches no network.

aiortc's parser reads the offer; the answer is written here, because a relay answers with what it can forward and not with
what it can decode. The relay is always the DTLS server (`a=setup:passive`): Chrome, as the client, then leaves the choice
of SRTP profile to us and AEAD_AES_256_GCM wins.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from itertools import zip_longest

from aiortc.rtcrtpparameters import RTCRtpCodecParameters
from aiortc.sdp import MediaDescription, SessionDescription

from . import transport_wide
from .errors import MalformedSdp

MAX_OFFER_BYTES, MAX_OFFER_LINES = 64 * 1024, 2000
"""Longer offers are not read. A browser's, with eleven sections, has about 1,000 lines."""

MAX_SECTIONS = 16
"""The most m-sections an offer may have. A call of six and a shared screen needs eleven."""

ABSOLUTE_SEND_TIME = "http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time"

FORWARDED_EXTENSIONS = (
    ABSOLUTE_SEND_TIME,
    "urn:ietf:params:rtp-hdrext:ssrc-audio-level",
    "urn:3gpp:video-orientation",
)
"""Header extensions (RFC 8285) that still mean the same after forwarding. `mid` is not among them: its value is of the
sender's m-sections, and without it a receiver goes by SSRC (RFC 9143 section 9.2), which the answer announces.

The transport-wide number means the same on no two legs: it is answered too, and made anew for each."""

_FEEDBACK = {("nack", None), ("nack", "pli"), ("ccm", "fir"), ("goog-remb", None)}
"""RTCP feedback (RFC 4585, RFC 5104, draft-alvestrand-rmcat-remb) that the relay translates."""

START_KBPS = 1000
"""What a sender's estimate begins at (libwebrtc's own parameter): a picture of 720p at once. A path that does not carry it gives
way within two seconds, by the feedback that it is sent."""

_ANSWERED_DIRECTION = {
    "sendrecv": "sendrecv",
    "sendonly": "recvonly",
    "recvonly": "sendonly",
    "inactive": "inactive",
}


class Track(StrEnum):
    """What a participant sends, of each at most one."""

    AUDIO = "audio"
    VIDEO = "video"
    SCREEN = "screen"


@dataclass(frozen=True, slots=True)
class Codec:
    """One codec in one negotiation. `key` names the same codec in every other negotiation."""

    key: str
    payload_type: int
    clock_rate_hz: int
    rtx_payload_type: int | None
    rtpmap: str
    fmtp: str
    feedback: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Section:
    """One m-section as answered. A section not `accepted` is answered with port 0.

    `ssrcs` are those that the offer announces: by them the packets of several sections of one kind are told apart.
    """

    kind: str
    mid: str
    accepted: bool
    direction: str = "inactive"
    codecs: tuple[Codec, ...] = ()
    extensions: Mapping[str, int] = field(default_factory=dict)
    ssrcs: tuple[int, ...] = ()

    def has(self, payload_type: int) -> bool:
        """Whether a payload type is one of this section's, be it of its codecs or of their retransmissions."""
        return any(payload_type in (c.payload_type, c.rtx_payload_type) for c in self.codecs)

    @property
    def receives(self) -> bool:
        """Whether the browser may send to the relay here."""
        return self.accepted and self.direction in ("sendrecv", "recvonly")

    @property
    def sends(self) -> bool:
        """Whether the relay may send to the browser here."""
        return self.accepted and self.direction in ("sendrecv", "sendonly")


@dataclass(frozen=True, slots=True)
class Slot:
    """Where one other participant's sound and picture go: two sections, by mid. None where the offer has no such section."""

    audio: str | None
    video: str | None


@dataclass(frozen=True, slots=True)
class Negotiated:
    """What an offer and its answer agree on, and how to reach the one who offered. `screen_mid`: the shared screen's section."""

    sections: tuple[Section, ...]
    ice_username: str
    ice_password: str
    fingerprints: tuple[tuple[str, str], ...]
    screen_mid: str | None = None

    def section(self, kind: str) -> Section | None:
        """The first accepted section of a kind."""
        return next((s for s in self.sections if s.accepted and s.kind == kind), None)

    @property
    def sent(self) -> dict[Track, Section]:
        """The sections in which the browser sends: no more than one for each track."""
        return {self._track(section): section for section in self.sections if section.receives}

    @property
    def slots(self) -> tuple[Slot, ...]:
        """The k-th section that the relay sends sound on, with the k-th for a camera's picture."""
        sending = [s for s in self.sections if s.sends]
        audio = [s.mid for s in sending if self._track(s) is Track.AUDIO]
        video = [s.mid for s in sending if self._track(s) is Track.VIDEO]
        return tuple(Slot(a, v) for a, v in zip_longest(audio, video))

    @property
    def screen(self) -> str | None:
        """The section on which the relay sends the screen that somebody shares."""
        return next((s.mid for s in self.sections if s.sends and self._track(s) is Track.SCREEN), None)

    def _track(self, section: Section) -> Track:
        return Track.SCREEN if section.mid == self.screen_mid else Track(section.kind)


@dataclass(frozen=True, slots=True)
class LocalTransport:
    """The relay's side of the transport, for the answer. `candidates`: (address, port, priority), RFC 8839."""

    ice_username: str
    ice_password: str
    fingerprint: str
    candidates: Sequence[tuple[str, int, int]]


@dataclass(frozen=True, slots=True)
class OutgoingSsrcs:
    """The SSRCs that the relay sends from in one section; `rtx` is there for video alone (RFC 4588)."""

    ssrc: int
    rtx: int | None


def negotiate(offer: str, screen_mid: str | None = None) -> Negotiated:
    """Read an offer and decide what to answer. `screen_mid` names the video section that is for a shared screen.

    Raises:
        MalformedSdp: it cannot be parsed, is not bundled on one transport, or lacks ICE or DTLS parameters.
    """
    if len(offer) > MAX_OFFER_BYTES or offer.count("\n") > MAX_OFFER_LINES:
        raise MalformedSdp(f"it is longer than {MAX_OFFER_BYTES} bytes or {MAX_OFFER_LINES} lines")
    try:
        session = SessionDescription.parse(offer)
    except (AssertionError, AttributeError, IndexError, KeyError, StopIteration, TypeError, ValueError):
        # aiortc's parser has no error type of its own: these are what it lets out on unreadable text.
        raise MalformedSdp("it cannot be parsed") from None
    if not 0 < len(session.media) <= MAX_SECTIONS:
        raise MalformedSdp(f"it must have 1 to {MAX_SECTIONS} media sections")
    if screen_mid is not None and not any(m.rtp.muxId == screen_mid and m.kind == "video" for m in session.media):
        raise MalformedSdp("it has no video section by the mid that is said to be the screen's")
    bundle = next((set(map(str, g.items)) for g in session.group if g.semantic == "BUNDLE"), set[str]())
    mids: set[str] = set()
    sent: set[str] = set()
    sections: list[Section] = []
    first: MediaDescription | None = None
    for media in session.media:
        section = _answer_section(media, bundle)
        if section.mid in mids:
            raise MalformedSdp("two of its media sections have the same a=mid")
        mids.add(section.mid)
        if section.accepted:
            first = first or media
        if section.receives:
            track = "screen" if section.mid == screen_mid else section.kind
            if track in sent:  # a second camera: what is sent there would reach nobody
                section = replace(section, direction="sendonly" if section.sends else "inactive")
            sent.add(track)
        sections.append(section)
    if first is None:
        raise MalformedSdp("it offers no sound or picture in a codec that is forwarded here")
    if not first.ice or not first.ice.usernameFragment or not first.ice.password:
        raise MalformedSdp("it lacks an ICE user name or password")
    if not first.dtls or not first.dtls.fingerprints:
        raise MalformedSdp("it lacks a DTLS fingerprint")
    if first.dtls.role == "server":
        raise MalformedSdp("the browser must be able to be the DTLS client (a=setup:actpass or active)")
    return Negotiated(
        sections=tuple(sections),
        ice_username=first.ice.usernameFragment,
        ice_password=first.ice.password,
        fingerprints=tuple((f.algorithm, f.value) for f in first.dtls.fingerprints),
        screen_mid=screen_mid,
    )


def limited(negotiated: Negotiated, *, publishes: bool, subscribes: bool) -> Negotiated:
    """The same for somebody who may not publish, or not subscribe: the sections are answered so."""
    sections = tuple(
        replace(s, direction=_DIRECTIONS[s.receives and publishes, s.sends and subscribes]) for s in negotiated.sections
    )
    return replace(negotiated, sections=sections)


_DIRECTIONS = {
    (True, True): "sendrecv",
    (True, False): "recvonly",
    (False, True): "sendonly",
    (False, False): "inactive",
}
"""By whether the relay receives and whether it sends."""


def _answer_section(media: MediaDescription, bundle: set[str]) -> Section:
    mid = media.rtp.muxId
    if not mid or len(mid) > 16 or not mid.isalnum():
        raise MalformedSdp("a media section lacks a plain a=mid")
    refused = Section(kind=media.kind, mid=mid, accepted=False)
    # A section with port 0 in the bundle is not rejected but bundle-only (RFC 9143 section 6): so Firefox offers.
    rejected = media.port == 0 and mid not in bundle
    if media.kind not in ("audio", "video") or rejected:
        return refused
    if mid not in bundle or not media.rtcp_mux:
        raise MalformedSdp("every section must be bundled on one transport, with rtcp-mux")
    codecs = _codecs(media)
    if not codecs:
        return refused
    return Section(
        kind=media.kind,
        mid=mid,
        accepted=True,
        direction=_ANSWERED_DIRECTION[media.direction or "sendrecv"],
        codecs=codecs,
        extensions=_extensions(media),
        ssrcs=tuple(announced.ssrc for announced in media.ssrc),
    )


def _extensions(media: MediaDescription) -> dict[str, int]:
    offered = {e.uri: e.id for e in media.rtp.headerExtensions if 0 < e.id < 15}
    if not any((f.type, f.parameter) == transport_wide.FEEDBACK for c in media.rtp.codecs for f in c.rtcpFeedback):
        offered.pop(transport_wide.EXTENSION, None)
    if transport_wide.EXTENSION in offered:
        # It serves an estimate that the transport-wide number makes better.
        offered.pop(ABSOLUTE_SEND_TIME, None)
    return {uri: offered[uri] for uri in (transport_wide.EXTENSION, *FORWARDED_EXTENSIONS) if uri in offered}


def _codecs(media: MediaDescription) -> tuple[Codec, ...]:
    """The forwarded codecs of a section, in the order of the offer (RFC 3264 section 6.1); RED before the Opus in it."""
    offered = {c.payloadType: c for c in media.rtp.codecs if c.payloadType is not None}
    rtx_of: dict[int, int] = {}
    for payload_type, codec in offered.items():
        associated = codec.parameters.get("apt")
        if codec.name.lower() == "rtx" and isinstance(associated, int):
            rtx_of[associated] = payload_type
    answered = _FEEDBACK | ({transport_wide.FEEDBACK} if transport_wide.EXTENSION in _extensions(media) else set())
    found: dict[str, Codec] = {}
    for payload_type, codec in ((number, offered[number]) for number in media.fmt if number in offered):
        key, fmtp = codec_key(codec) or ("", "")
        if not key or key in found:
            continue
        found[key] = Codec(
            key=key,
            payload_type=payload_type,
            clock_rate_hz=codec.clockRate,
            rtx_payload_type=rtx_of.get(payload_type),
            rtpmap=str(codec),
            fmtp=fmtp,
            feedback=tuple(
                f.type + (f" {f.parameter}" if f.parameter else "")
                for f in codec.rtcpFeedback
                if (f.type, f.parameter) in answered
            ),
        )
    red = found.pop(RED, None)
    opus = found.get(OPUS)
    if red is None or opus is None or red.fmtp != f"{opus.payload_type}/{opus.payload_type}":
        return tuple(found.values())
    return (red, *found.values())


OPUS = "opus"
RED = "red/opus"
"""Opus with what was sent before it once more (RFC 2198): a lost packet is mended by the next one."""

_CONSTRAINED_BASELINE = re.compile(r"(42[4-7c-f]|4d[89a-f]|58[c-f])0[0-9a-f]{2}")


def codec_key(codec: RTCRtpCodecParameters) -> tuple[str, str] | None:
    """The name under which two negotiations recognise the same codec, and the format parameters it is answered with.

    None for one that is not forwarded.
    """
    name, parameters = codec.name.lower(), codec.parameters
    if codec.mimeType.startswith("audio/"):
        if codec.clockRate != 48000 or codec.channels != 2:
            return None
        if name == "opus":
            return OPUS, "minptime=10;useinbandfec=1"
        # Which codec is in it stands in the parameters alone, twice: once for the packet and once for the one before.
        return (RED, next(iter(parameters), "")) if name == "red" else None
    if codec.clockRate != 90000:
        return None
    if name == "vp8":
        return "VP8", ""
    if name == "vp9" and str(parameters.get("profile-id", 0)) == "0":
        return "VP9/0", "profile-id=0"
    if name == "av1" and str(parameters.get("profile", 0)) == "0":
        return "AV1/0", "level-idx=5;profile=0;tier=0"
    profile = str(parameters.get("profile-level-id", "")).lower()
    if (
        name == "h264"
        and str(parameters.get("packetization-mode")) == "1"
        # The same profile in its three spellings and at any level (RFC 6184 section 8.1, table 5).
        and _CONSTRAINED_BASELINE.fullmatch(profile)
    ):
        return "H264/1/CB", f"level-asymmetry-allowed=1;packetization-mode=1;profile-level-id={profile}"
    return None


def write_answer(
    negotiated: Negotiated,
    local: LocalTransport,
    ssrcs: Mapping[str, OutgoingSsrcs],
    session_id: int,
    cname: str,
) -> str:
    """The SDP answer (RFC 8866, RFC 9429 section 5.3). `ssrcs` has an entry for each section that the relay sends on, by mid."""
    mids = " ".join(s.mid for s in negotiated.sections if s.accepted)
    lines = [
        "v=0",
        f"o=- {session_id} 1 IN IP4 0.0.0.0",
        "s=-",
        "t=0 0",
        f"a=group:BUNDLE {mids}",
        "a=msid-semantic: WMS *",
    ]
    # A browser keeps sound and picture of one stream in step: each slot is one, and the screen another.
    streams = {mid: str(number) for number, s in enumerate(negotiated.slots) for mid in (s.audio, s.video)}
    bundled_first = True
    for section in negotiated.sections:
        if not section.accepted:
            lines += [
                f"m={section.kind} 0 UDP/TLS/RTP/SAVPF 0",
                "c=IN IP4 0.0.0.0",
                f"a=mid:{section.mid}",
                "a=inactive",
            ]
            continue
        stream = f"{cname}-{streams.get(section.mid, 'screen')}"
        lines += _section_lines(section, ssrcs.get(section.mid), cname, stream)
        lines += [
            f"a=ice-ufrag:{local.ice_username}",
            f"a=ice-pwd:{local.ice_password}",
            f"a=fingerprint:sha-256 {local.fingerprint}",
            "a=setup:passive",
        ]
        if bundled_first:
            lines += [
                f"a=candidate:{i} 1 udp {priority} {address} {port} typ host"
                for i, (address, port, priority) in enumerate(local.candidates, start=1)
            ]
            lines.append("a=end-of-candidates")
            bundled_first = False
    return "\r\n".join(lines) + "\r\n"


def _section_lines(section: Section, ssrcs: OutgoingSsrcs | None, cname: str, stream: str) -> list[str]:
    payload_types = [pt for c in section.codecs for pt in (c.payload_type, c.rtx_payload_type) if pt is not None]
    lines = [
        f"m={section.kind} 9 UDP/TLS/RTP/SAVPF {' '.join(map(str, payload_types))}",
        "c=IN IP4 0.0.0.0",
        f"a=mid:{section.mid}",
        f"a={section.direction}",
        "a=rtcp-mux",
        "a=rtcp-rsize",
    ]
    lines += [f"a=extmap:{number} {uri}" for uri, number in section.extensions.items()]
    for codec in section.codecs:
        lines.append(f"a=rtpmap:{codec.payload_type} {codec.rtpmap}")
        starts_at = f"x-google-start-bitrate={START_KBPS}" if section.kind == "video" and section.receives else ""
        if codec.fmtp or starts_at:
            lines.append(f"a=fmtp:{codec.payload_type} {';'.join(filter(None, (codec.fmtp, starts_at)))}")
        lines += [f"a=rtcp-fb:{codec.payload_type} {feedback}" for feedback in codec.feedback]
        if codec.rtx_payload_type is not None:
            lines.append(f"a=rtpmap:{codec.rtx_payload_type} rtx/{codec.clock_rate_hz}")
            lines.append(f"a=fmtp:{codec.rtx_payload_type} apt={codec.payload_type}")
    if section.sends and ssrcs is not None:
        lines.append(f"a=msid:{stream} {cname}-{section.mid}")
        if ssrcs.rtx is not None:
            lines.append(f"a=ssrc-group:FID {ssrcs.ssrc} {ssrcs.rtx}")
        lines.append(f"a=ssrc:{ssrcs.ssrc} cname:{cname}")
        if ssrcs.rtx is not None:  # after the primary: Chrome takes the first SSRC of a section for the primary
            lines.append(f"a=ssrc:{ssrcs.rtx} cname:{cname}")
    return lines
