"""Legs and the way a packet goes between them: decrypted, renumbered, encrypted, sent; never parsed past its headers.

A `Leg` is one browser's connected transport. Each track it sends (`Incoming`) has routes to the tracks that others are sent
(`Outgoing`); which goes to which is decided in `media/room.py` and done by `wire`. RTCP is translated in `media/translation.py`.
The hot path is `Leg.datagram_received`: one function from datagram to send.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from time import monotonic
from typing import Final

from librt.vecs import vec
from mypy_extensions import i64, u8

from . import rtcp, transport_wide
from .allowance import Allowance
from .batch import SLOT_BYTES, DatagramBatch, read16, read32, write16, write32
from .cache import PacketCache, as_retransmission
from .extensions import ONE_BYTE_PROFILE, Edit, as_signed, edit_of, read_layout
from .negotiation import OPUS, RED, Codec, Negotiated, OutgoingSsrcs, Section, Track
from .path import PathDown, PathUp
from .port import Sink
from .recording.tap import LegTap
from .red import cut_to_primary, renumber_blocks
from .rtp import StreamMap, is_padding, rewrite_extensions, rewrite_original_sequence, value_offset
from .seam import SecureTransport, srtp_protect, srtp_unprotect, srtp_unprotect_rtcp
from .translation import translate
from .transport_wide import Arrivals, Feedback

KEYFRAME_INTERVAL_MS = 500.0
"""How often, at the most, a source is asked for a keyframe on behalf of its receivers."""

NARROW_KEYFRAME_INTERVAL_MS = 2000.0
"""The same where a path on the way is too narrow already: a keyframe fills it for a second."""

NARROW_REPAIRS = 0.2
"""The share of a narrow path down that packets sent again may take."""

MAX_SOURCES = 64
"""SSRCs that one leg may send from: libsrtp keeps keys and a replay window for each. A browser uses two a track and one more."""

RTCP_PER_SECOND, RTCP_AT_ONCE = 200.0, 200.0
"""RTCP datagrams taken from one leg; a browser sends about 50 a second at the most."""

REPAIRS_PER_SECOND, REPAIRS_AT_ONCE = 500.0, 300.0
"""Lost packets of one leg that are sent again or asked for: all of 720p lost, and past that a keyframe serves better."""

LEAST_BITRATE_BPS = 30_000
"""No receiver can tell a source to send less: it would speak for everybody else in the call."""

REPORT_INTERVAL_MS = 100.0
"""How often, at the most, a source is told what arrived of it (transport-wide feedback)."""

FIRST_REPORT_INTERVAL_MS, FIRST_MS = 50.0, 5000.0
"""The same in a source's first seconds, while its estimate is on its way up."""

LIMIT_INTERVAL_MS = 1000.0
"""How often a source is told again what it may send at the most, since such a message may be lost."""

NO_LIMIT_BPS = 100_000_000

MAX_STREAMS = 64
"""Pairs of SSRC and payload type that a leg keeps the routes of; a browser sends about ten. Past it they are looked up anew."""


MAX_EXTENSION_WORDS: Final = 2
"""The transport-wide number (or the time of sending), the sound's level and the picture's orientation fit into so many."""


@dataclass(slots=True)
class Counters:
    """What went through a node, as plain integers that the metrics read. Bytes are of UDP payload.

    The last four count the packets that could not be forwarded, by what failed; `crowded` is what is past a leg's bounds.
    """

    packets_received: int = 0
    bytes_received: int = 0
    packets_forwarded: int = 0
    bytes_forwarded: int = 0
    keyframes_requested: int = 0
    retransmitted: int = 0
    without_receiver: int = 0
    decrypt: int = 0
    encrypt: int = 0
    malformed: int = 0
    crowded: int = 0


class Incoming:
    """One track that a leg's browser sends, and which tracks of other legs it goes to."""

    def __init__(self, leg: Leg, track: Track, section: Section) -> None:
        self.leg = leg
        self.track = track
        self.section = section
        self.ssrc: int | None = None
        """What its picture comes from; None before the first packet, and for sound."""
        self.keyframe_asked_ms = float("-inf")
        self.outgoings: tuple[Outgoing, ...] = ()
        self.by_payload_type: dict[int, list[Route]] = {}

    def request_keyframe(self, *, at_once: bool = False) -> None:
        """Ask the browser for a keyframe (PLI), at most once in `KEYFRAME_INTERVAL_MS` unless `at_once`.

        Before its first video packet there is nothing to ask for: that packet begins a keyframe.
        """
        now_ms = monotonic() * 1000
        interval_ms = NARROW_KEYFRAME_INTERVAL_MS if self.leg.narrow else KEYFRAME_INTERVAL_MS
        if self.ssrc is None or (not at_once and now_ms - self.keyframe_asked_ms < interval_ms):
            return
        self.keyframe_asked_ms = now_ms
        self.leg.ask_for_keyframe(self.ssrc)

    def note_source(self, payload_type: int, ssrc: int) -> None:
        if self.section.kind == "video" and any(c.payload_type == payload_type for c in self.section.codecs):
            self.ssrc = ssrc


class Outgoing:
    """One track that a leg is sent: its SSRCs, as the answer announced them, and how the source's numbers map to them.

    Retransmissions come from the source and from the cache alike, so they are numbered here, in the order they go out.
    """

    def __init__(self, leg: Leg, section: Section, primary: StreamMap, retransmission: StreamMap | None) -> None:
        self.leg = leg
        self.section = section
        self.primary = primary
        self.retransmission = retransmission
        self.rtx_payload_type: int | None = None
        self.next_retransmission: i64 = secrets.randbits(15)
        self.cache: PacketCache | None = None
        self.source: Incoming | None = None

    @property
    def share_bps(self) -> int | None:
        """What of the path down this picture may fill: an equal part of it; None when that is not known, or for sound."""
        limit_bps = self.leg.limit_bps
        if limit_bps is None or self.section.kind != "video":
            return None
        pictures = sum(o.source is not None and o.section.kind == "video" for o in self.leg.outgoing.values())
        return max(limit_bps // max(pictures, 1), LEAST_BITRATE_BPS)


class Route:
    """The way of one payload type of a source to one receiving leg."""

    def __init__(
        self,
        outgoing: Outgoing,
        stream: StreamMap,
        payload_type: int,
        extensions: Sequence[int],
        *,
        original: StreamMap | None = None,
        rtx_payload_type: int | None = None,
        red_payload_type: int | None = None,
    ) -> None:
        self.transport = outgoing.leg.transport
        self.path = outgoing.leg.path
        self.number = outgoing.section.extensions.get(transport_wide.EXTENSION, 0)
        """What the receiver calls the transport-wide number; 0 when it takes none."""
        self.map = stream
        self.payload_type: i64 = payload_type
        self.extensions = extensions
        """What each of the source's header extensions is called by the receiver; 0 where it has none by that name."""
        self.unnumbered = bytes(0 if called == self.number else called for called in extensions)
        """The same without that number, for what is laid out in no way that is known."""
        self.outgoing = outgoing
        self.original = original
        """The map of the retransmitted stream, when this route is of retransmissions (RFC 4588)."""
        self.rtx_payload_type = rtx_payload_type
        """By which the packets of this route can be sent again; None when they cannot."""
        self.red_payload_type = red_payload_type
        """For a route of redundant audio: what the receiver calls the Opus in it; 0 for one that takes plain Opus alone."""


class Known:
    """A way in which a stream's header extensions are laid out, and how those of each receiver are made of them.

    All of it is in the eight bytes after the extensions' header: what of those is the payload's is let through as it is.
    """

    def __init__(self, following: int, size: int, number: int, routes: Sequence[Route]) -> None:
        rest = 64 - 8 * size
        layout = read_layout((following & (1 << 64) - 1) >> rest, size)
        self.mask: i64 = as_signed(layout.mask << rest)
        self.fixed: i64 = as_signed(layout.fixed << rest)
        at = layout.number_shift(number)
        self.number_shift: i64 = at + rest if at >= 0 else -1
        edits = [edit_of(layout, route.extensions, route.number) for route in routes]
        self.edits: list[Window | None] = [Window(edit, rest) if edit is not None else None for edit in edits]


class Window:
    """An edit of the eight bytes after the extensions' header, as integers of as many; the `rest` last bits of them are kept."""

    def __init__(self, edit: Edit, rest: int) -> None:
        self.keep: i64 = as_signed(edit.keep << rest | (1 << rest) - 1)
        self.put: i64 = as_signed(edit.put << rest)
        self.number_shift: i64 = edit.number_shift + rest if edit.number_shift >= 0 else -1


class Stream:
    """One SSRC and payload type as it comes: the routes it takes, and its header extensions by their header.

    `number` is what its sender calls the transport-wide number, 0 when it sends none.
    """

    def __init__(self, routes: list[Route], number: int) -> None:
        self.routes = routes
        self.number = number
        self.known: dict[int, Known] = {}
        self.header: i64 = 0
        self.latest: Known | None = None
        """What is known of the header that was learned last: as most packets have it."""

    def learn(self, header: i64, following: i64) -> Known | None:
        """Read extensions that lie in another way than those before with this header.

        None for what no negotiation here leads to: of another profile, or longer than all that can be agreed on.
        """
        words = header & 0xFFFF
        if header >> 16 != ONE_BYTE_PROFILE or words > MAX_EXTENSION_WORDS:
            return None
        known = Known(following, 4 * words, self.number, self.routes)
        self.known[header] = self.latest = known
        self.header = header
        return known


class Leg(Sink):
    """One participant's connection to the node, receiving and sending. `batch` is the node's socket's."""

    def __init__(
        self, id: str, transport: SecureTransport, negotiated: Negotiated, batch: DatagramBatch, counters: Counters
    ) -> None:
        self.id = id
        self.transport = transport
        self.negotiated = negotiated
        self._batch = batch
        self._counters = counters
        self.tap: LegTap | None = None
        self._streams: dict[int, Stream] = {}
        """By SSRC and payload type, as they come: filled by `_learn`, emptied when the leg is wired anew."""
        has_numbers = any(transport_wide.EXTENSION in section.extensions for section in negotiated.sections)
        self.path = PathDown() if has_numbers else None
        self.path_up = PathUp()
        self._arrivals = Arrivals()
        self._begun_ms = self._report_due_ms = 0.0
        self._remb_bps: int | None = None
        self._told_bps: int | None = None
        self._told_ms = float("-inf")
        self.incoming = {track: Incoming(self, track, section) for track, section in negotiated.sent.items()}
        self._announced = {ssrc: each for each in self.incoming.values() for ssrc in each.section.ssrcs}
        self.outgoing: dict[str, Outgoing] = {}
        """By mid."""
        self.by_ssrc: dict[int, tuple[Outgoing, StreamMap]] = {}
        """What the browser is sent, by the SSRC that the answer announced."""
        self._sources: set[int] = set()
        self._rtcp = Allowance(RTCP_PER_SECOND, RTCP_AT_ONCE)
        self._repairs = Allowance(REPAIRS_PER_SECOND, REPAIRS_AT_ONCE)
        for section in negotiated.sections:
            if section.sends:
                self._add_outgoing(section)
        self.own_ssrc: int = next(iter(self.by_ssrc), 1)
        """The SSRC that the browser knows the relay by, as the sender of feedback."""

    def _add_outgoing(self, section: Section) -> None:
        clock_rate_hz = section.codecs[0].clock_rate_hz
        primary = StreamMap(self._new_ssrc(), clock_rate_hz)
        has_rtx = any(c.rtx_payload_type is not None for c in section.codecs)
        retransmission = StreamMap(self._new_ssrc(), clock_rate_hz) if has_rtx else None
        outgoing = Outgoing(self, section, primary, retransmission)
        self.outgoing[section.mid] = outgoing
        self.by_ssrc[primary.ssrc] = (outgoing, primary)
        if retransmission is not None:
            self.by_ssrc[retransmission.ssrc] = (outgoing, retransmission)

    def _new_ssrc(self) -> int:
        while (ssrc := secrets.randbits(32)) in self.by_ssrc or ssrc == 0:
            pass
        return ssrc

    def ssrcs(self) -> dict[str, OutgoingSsrcs]:
        """What the answer announces, by mid."""
        return {
            mid: OutgoingSsrcs(o.primary.ssrc, o.retransmission.ssrc if o.retransmission else None)
            for mid, o in self.outgoing.items()
        }

    def send_to(self, outgoings: Mapping[Track, Sequence[Outgoing]]) -> None:
        """Let each track that this leg sends go to these, and to nobody else; whoever is new to it is begun with a keyframe."""
        for track, incoming in self.incoming.items():
            before, incoming.outgoings = incoming.outgoings, tuple(outgoings.get(track, ()))
            incoming.by_payload_type = _routes_between(incoming.section, incoming.outgoings)
            for outgoing in incoming.outgoings:
                outgoing.source = incoming
            for outgoing in before:
                if outgoing.source is incoming and outgoing not in incoming.outgoings:
                    outgoing.source = None
            if not set(incoming.outgoings) <= set(before):
                incoming.request_keyframe(at_once=True)
        self._streams.clear()

    def _learn(self, ssrc: i64, payload_type: i64) -> Stream:
        """Where the packets of this SSRC and payload type go: to nobody, when they belong to no track that is forwarded.

        Packets of an SSRC that the offer did not announce are taken for the first track whose payload type it is.
        """
        incoming = self._announced.get(ssrc)
        if incoming is None or not incoming.section.has(payload_type):
            incoming = next((each for each in self.incoming.values() if each.section.has(payload_type)), None)
        if incoming is None:
            stream = Stream([], 0)
        else:
            incoming.note_source(payload_type, ssrc)
            number = incoming.section.extensions.get(transport_wide.EXTENSION, 0)
            stream = Stream(incoming.by_payload_type.get(payload_type, []), number)
        if len(self._streams) >= MAX_STREAMS:
            self._streams.clear()
        self._streams[ssrc << 7 | payload_type] = stream
        return stream

    def datagram_received(self, slot: i64, size: i64) -> None:
        """Forward the packet in a slot of the socket's batch to every receiver, working on it where it lies."""
        counters, batch = self._counters, self._batch
        memory, length = batch.arena, batch.length
        begin = slot * SLOT_BYTES
        counters.packets_received += 1
        counters.bytes_received += size
        second = i64(memory[begin + 1])
        if rtcp.is_rtcp(second):
            self._rtcp_received(slot, size)
            return
        pointer = batch.pointers[slot]
        length[0] = size
        if srtp_unprotect(self.transport.receiving, pointer, batch.length_pointer):
            counters.decrypt += 1
            return
        size = length[0]
        first = i64(memory[begin])
        sequence = read16(memory, begin + 2)
        timestamp = read32(memory, begin + 4)
        ssrc = read32(memory, begin + 8)
        payload_type = second & 0x7F
        stream = self._streams.get(ssrc << 7 | payload_type)
        if stream is None:
            if ssrc not in self._sources and not self._admits(ssrc):
                return
            stream = self._learn(ssrc, payload_type)
        tap = self.tap
        if tap is not None and ssrc not in tap.hidden:
            tap.packet(batch.view[begin : begin + size])
        now_ms = batch.now_ms
        known: Known | None = None
        following: i64 = 0
        if first & 0x1F == 0x10:
            extensions = read32(memory, begin + 12)
            following = _read_window(memory, begin + 16)
            known = stream.latest if extensions == stream.header else stream.known.get(extensions)
            if known is None or following & known.mask != known.fixed:
                known = stream.learn(extensions, following)
            if known is not None and known.number_shift >= 0:
                self._arrivals.note(following >> known.number_shift & 0xFFFF, batch.arrival_ns(slot), size)
                if now_ms >= self._report_due_ms:
                    self._report(ssrc, now_ms)
        routes = stream.routes
        receivers: i64 = len(routes)
        if receivers == 0:
            counters.without_receiver += 1
            return
        plain = batch.view[begin : begin + size].tobytes() if receivers > 1 else b""
        for position in range(receivers):
            route = routes[position]
            if position > 0:
                # The packet was encrypted in place for the one before: send that, and begin with the plain one again.
                batch.flush()
                size = len(plain)
                batch.view[begin : begin + size] = plain
            to, outgoing, original = route.map, route.outgoing, route.original
            if ssrc != to.source_ssrc:
                to.switch(ssrc, sequence, timestamp, now_ms)
                if route.rtx_payload_type is not None and outgoing.cache is None:
                    outgoing.cache = PacketCache()
            if original is None:
                timestamp_out = (timestamp + to.timestamp_offset) & 0xFFFFFFFF
                sequence_out = (sequence + to.sequence_offset) & 0xFFFF
                to.sent(sequence_out, timestamp_out, now_ms)
            else:
                if first & 0x20 and is_padding(batch.view[begin : begin + size]):
                    # It was sent to probe the path up to here, and would only fill the one down.
                    continue
                timestamp_out = (timestamp + original.timestamp_offset) & 0xFFFFFFFF
                sequence_out = outgoing.next_retransmission
                outgoing.next_retransmission = (sequence_out + 1) & 0xFFFF
            memory[begin + 1] = u8(second & 0x80 | route.payload_type)
            write16(memory, begin + 2, sequence_out)
            write32(memory, begin + 4, timestamp_out)
            write32(memory, begin + 8, to.ssrc)
            # The one place where a receiver's header extensions are made of the source's.
            if known is not None:
                edit = known.edits[position]
                if edit is not None:
                    made = following & edit.keep | edit.put
                    path = route.path
                    if edit.number_shift >= 0 and path is not None:
                        made |= path.sent(size, now_ms) << edit.number_shift
                    _write_window(memory, begin + 16, made)
            elif first & 0x10:
                rewrite_extensions(batch.view[begin : begin + size], route.unnumbered)
            if original is not None:
                rewrite_original_sequence(batch.view[begin : begin + size], original.sequence_offset)
            elif route.red_payload_type is not None:
                size = _fit_red(batch.view[begin : begin + size], size, route.red_payload_type)
                if size == 0:
                    counters.malformed += 1
                    continue
            if route.rtx_payload_type is not None and outgoing.cache is not None:
                outgoing.rtx_payload_type = route.rtx_payload_type
                outgoing.cache.store(sequence_out, memory, begin, size, now_ms)
            length[0] = size
            transport = route.transport
            if srtp_protect(transport.sending, pointer, batch.length_pointer):
                counters.encrypt += 1
                continue
            batch.queue(batch.address_of(slot), length[0], transport.destination)
            counters.packets_forwarded += 1
            counters.bytes_forwarded += length[0]

    def _admits(self, ssrc: i64) -> bool:
        """Whether this leg may send from one more SSRC, whose first packet has been decrypted."""
        if len(self._sources) < MAX_SOURCES:
            self._sources.add(ssrc)
            return True
        self.transport.forget_source(ssrc)
        self._counters.crowded += 1
        return False

    # What arrives is reported to its source, and what the path down carries is told to whoever sends it. So the source follows
    # the narrower of the two.

    def _report(self, ssrc: int, now_ms: float) -> None:
        self._begun_ms = self._begun_ms or now_ms
        young = now_ms - self._begun_ms < FIRST_MS
        self._report_due_ms = now_ms + (FIRST_REPORT_INTERVAL_MS if young else REPORT_INTERVAL_MS)
        arrivals = self._arrivals
        for report in arrivals.reports(self.own_ssrc, ssrc):
            self.send_rtcp(report)
        before_bps = self.path_up.limit_bps
        self.path_up.noted(arrivals.came, arrivals.came_bytes, arrivals.lost, now_ms)
        if self.path_up.limit_bps != before_bps:
            self.tell_limit(now_ms)

    def look_after(self, now_ms: float) -> None:
        """Called once a second: what nothing that arrives would remind of."""
        if self._arrivals.seen > 0:
            self._report(next(iter(self._announced), 0), now_ms)
        if self.path is not None:
            self.path.silent(now_ms)
        self._tell_sources(now_ms)
        self.tell_limit(now_ms)

    @property
    def narrow(self) -> bool:
        """Whether this leg's browser is held back, by its own path or a receiver's."""
        return self._told_bps is not None and self._told_bps < NO_LIMIT_BPS

    @property
    def limit_bps(self) -> int | None:
        """What the path down to this leg's browser carries, as far as is known."""
        estimates = (self.path.limit_bps if self.path is not None else None, self._remb_bps)
        return min((estimate for estimate in estimates if estimate is not None), default=None)

    def _tell_sources(self, now_ms: float) -> None:
        for source in {o.source.leg for o in self.outgoing.values() if o.source is not None}:
            source.tell_limit(now_ms)

    def tell_limit(self, now_ms: float) -> None:
        """Tell this leg's browser what it may send (REMB): what the narrowest path on the way to a receiver carries of it."""
        shares = [o.share_bps for each in self.incoming.values() for o in each.outgoings]
        limit_bps = min((share for share in [*shares, self.path_up.limit_bps] if share is not None), default=None)
        if limit_bps is None and self._told_bps is None:
            return
        limit_bps = limit_bps or NO_LIMIT_BPS
        moved = self._told_bps is None or not 0.97 * self._told_bps <= limit_bps <= 1.05 * self._told_bps
        if not moved and now_ms - self._told_ms < LIMIT_INTERVAL_MS:
            return
        ssrcs = tuple(each.ssrc for each in self.incoming.values() if each.ssrc is not None)
        self._told_bps, self._told_ms = limit_bps, now_ms
        self.send_rtcp(rtcp.write_remb(self.own_ssrc, limit_bps, ssrcs))

    # What this leg says by RTCP is translated, in `translation.py`, by what follows.

    def _rtcp_received(self, slot: i64, size: i64) -> None:
        batch, begin = self._batch, slot * SLOT_BYTES
        batch.length[0] = size
        if srtp_unprotect_rtcp(self.transport.receiving, batch.pointers[slot], batch.length_pointer):
            self._counters.decrypt += 1
            return
        compound = batch.view[begin : begin + batch.length[0]].tobytes()
        ssrc = int.from_bytes(compound[4:8], "big")
        if ssrc not in self._sources and not self._admits(ssrc):
            return
        if not self._rtcp.take(batch.now_ms):
            self._counters.crowded += 1
            return
        if not translate(self, compound, batch.now_ms):
            self._counters.malformed += 1

    def source_of(self, ssrc: int) -> tuple[Leg | None, StreamMap | None]:
        """Where what this leg is sent by an SSRC comes from now, and how its numbers map."""
        known = self.by_ssrc.get(ssrc)
        if known is None or known[0].source is None:
            return None, None
        return known[0].source.leg, known[1]

    def told_remb(self, bitrate_bps: int, now_ms: float) -> None:
        """The browser says what its path down carries."""
        self._remb_bps = bitrate_bps
        self._tell_sources(now_ms)

    def told_arrivals(self, feedback: Feedback, now_ms: float) -> None:
        """The browser says what arrived, and when."""
        if self.path is not None:
            before_bps = self.path.limit_bps
            self.path.heard(feedback, now_ms)
            if self.path.limit_bps != before_bps:
                self._tell_sources(now_ms)

    def may_repair(self, sequences: Sequence[int], now_ms: float) -> list[int]:
        """Those of lost packets that are still to be repaired now."""
        allowed = [sequence for sequence in sequences if self._repairs.take(now_ms)]
        self._counters.crowded += len(sequences) - len(allowed)
        return allowed

    def send_again(self, outgoing: Outgoing, sequence: int, now_ms: float) -> bool:
        """Send a packet that this leg lost again, from the cache. False when it is not there: its source has to."""
        rtx, payload_type = outgoing.retransmission, outgoing.rtx_payload_type
        kept = outgoing.cache.find(sequence, now_ms) if outgoing.cache is not None else None
        if kept is None or rtx is None or payload_type is None:
            return False
        again = as_retransmission(kept, payload_type, outgoing.next_retransmission, rtx.ssrc)
        if again is None:
            return False
        if self.path is not None and not self.path.may_repeat(len(again), NARROW_REPAIRS, now_ms):
            return True
        again = self._numbered(again, outgoing.section, now_ms)
        outgoing.next_retransmission = (outgoing.next_retransmission + 1) & 0xFFFF
        if self.transport.send_rtp(again):
            self._counters.retransmitted += 1
        else:
            self._counters.encrypt += 1
        return True

    def _numbered(self, packet: bytes, section: Section, now_ms: float) -> bytes:
        """A packet with the next transport-wide number in place of the one that it bears."""
        place = value_offset(packet, section.extensions.get(transport_wide.EXTENSION, 0))
        if place is None or self.path is None:
            return packet
        number = int(self.path.sent(len(packet), now_ms))
        return packet[:place] + number.to_bytes(2, "big") + packet[place + 2 :]

    def request_keyframe(self, *, at_once: bool = False) -> None:
        """Ask for a keyframe of everything that this leg's browser shows; see `Incoming.request_keyframe`."""
        for incoming in self.incoming.values():
            incoming.request_keyframe(at_once=at_once)

    def ask_for_keyframe(self, ssrc: int) -> None:
        self._counters.keyframes_requested += 1
        self.send_rtcp(rtcp.write_pli(self.own_ssrc, ssrc))

    async def close(self) -> None:
        """End the transport, and let go of everything that refers to this leg. May be called twice."""
        await self.transport.close()
        for held in (self.incoming, self.outgoing, self._announced, self.by_ssrc, self._streams):
            held.clear()

    def send_rtcp(self, compound: bytes) -> None:
        """Encrypt and send; dropped while the leg is not connected."""
        if self.transport.connected and not self.transport.send_rtcp(compound):
            self._counters.encrypt += 1


def wire(legs: Iterable[Leg], ways: Iterable[tuple[Leg, Track, Outgoing]]) -> None:
    """Let tracks of these legs go where `ways` say, from a leg's track to another's, and nowhere else."""
    wanted: dict[Leg, dict[Track, list[Outgoing]]] = {leg: {} for leg in legs}
    for source, track, outgoing in ways:
        wanted[source].setdefault(track, []).append(outgoing)
    for leg, outgoings in wanted.items():
        leg.send_to(outgoings)


def _read_window(memory: vec[u8], at: i64) -> i64:
    """Eight bytes as a signed integer."""
    upper = (read32(memory, at) ^ 0x80000000) - 0x80000000
    return upper << 32 | read32(memory, at + 4)


def _write_window(memory: vec[u8], at: i64, window: i64) -> None:
    write32(memory, at, window >> 32)
    write32(memory, at + 4, window)


def _fit_red(packet: memoryview, size: int, opus_payload_type: int) -> int:
    """Fit a packet of redundant audio to its receiver; its new size, 0 when it is damaged."""
    if not opus_payload_type:
        return cut_to_primary(packet, size)
    return size if renumber_blocks(packet, size, opus_payload_type) else 0


def _routes_between(section: Section, outgoings: Iterable[Outgoing]) -> dict[int, list[Route]]:
    """The routes from a section to these tracks, by the payload type each is for: for every codec that both ends have."""
    routes: dict[int, list[Route]] = {}
    for outgoing in outgoings:
        extensions = bytearray(16)
        for uri, number in section.extensions.items():
            extensions[number] = outgoing.section.extensions.get(uri, 0)
        theirs = {c.key: c for c in outgoing.section.codecs}
        for codec in section.codecs:
            for payload_type, route in _routes_of(codec, theirs, outgoing, bytes(extensions)):
                routes.setdefault(payload_type, []).append(route)
    return routes


def _routes_of(
    codec: Codec, theirs: Mapping[str, Codec], outgoing: Outgoing, extensions: bytes
) -> Iterable[tuple[int, Route]]:
    match = theirs.get(codec.key)
    if codec.key == RED:
        opus = theirs.get(OPUS)
        if opus is not None:
            payload_type = opus.payload_type if match is None else match.payload_type
            red = 0 if match is None else opus.payload_type
            yield codec.payload_type, Route(outgoing, outgoing.primary, payload_type, extensions, red_payload_type=red)
        return
    if match is None:
        return
    can_repair = match.rtx_payload_type is not None and outgoing.retransmission is not None
    rtx_payload_type = match.rtx_payload_type if can_repair else None
    yield (
        codec.payload_type,
        Route(outgoing, outgoing.primary, match.payload_type, extensions, rtx_payload_type=rtx_payload_type),
    )
    if codec.rtx_payload_type is not None and rtx_payload_type is not None and outgoing.retransmission is not None:
        yield (
            codec.rtx_payload_type,
            Route(outgoing, outgoing.retransmission, rtx_payload_type, extensions, original=outgoing.primary),
        )
