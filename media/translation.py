"""RTCP from one leg, translated packet by packet for those whom it concerns: what it says of tracks that it receives goes to
their sources, and its sender reports go to its receivers. Encryption and packets of media are `media/relay.py`'s.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING

from . import rtcp
from .rtp import NO_SOURCE
from .transport_wide import Feedback

if TYPE_CHECKING:
    from .relay import Leg

Outbox = dict["Leg", list[bytes]]
"""What is to be said to each leg, in one compound packet."""


def translate(leg: Leg, compound: bytes, now_ms: float) -> bool:
    """Act on a compound packet that a leg's browser sent, and pass it on. False when it is malformed: nothing was done."""
    try:
        packets = rtcp.parse(compound)
    except rtcp.MalformedRtcp:
        return False
    outbox: Outbox = {}
    for packet in packets:
        if isinstance(packet, rtcp.SenderReport):
            if leg.tap is not None:
                leg.tap.sender_report(packet.ssrc, packet.ntp, packet.rtp_timestamp)
            _sender_report(leg, packet, outbox)
        if isinstance(packet, rtcp.SenderReport | rtcp.ReceiverReport):
            _reports(leg, packet.reports, outbox)
        elif isinstance(packet, rtcp.Nack):
            _nack(leg, packet, now_ms, outbox)
        elif isinstance(packet, rtcp.KeyframeRequest):
            known = leg.by_ssrc.get(packet.media_ssrc)
            if known is not None and known[0].source is not None:
                known[0].source.request_keyframe()
        elif isinstance(packet, rtcp.Remb):
            leg.told_remb(packet.bitrate_bps, now_ms)
        elif isinstance(packet, Feedback):
            leg.told_arrivals(packet, now_ms)
    for other, parts in outbox.items():
        other.send_rtcp(b"".join(parts))
    return True


def _sender_report(leg: Leg, report: rtcp.SenderReport, outbox: Outbox) -> None:
    for outgoing in (o for incoming in leg.incoming.values() for o in incoming.outgoings):
        for stream in (outgoing.primary, outgoing.retransmission):
            if stream is not None and stream.source_ssrc == report.ssrc:
                # Retransmissions bear the timestamps of what they repeat.
                timestamp = (report.rtp_timestamp + outgoing.primary.timestamp_offset) & 0xFFFFFFFF
                outbox.setdefault(outgoing.leg, []).extend(
                    (
                        rtcp.write_sender_report(stream.ssrc, report.ntp, timestamp, report.packets, report.octets),
                        rtcp.write_sdes(stream.ssrc, outgoing.leg.id),
                    )
                )


def _reports(leg: Leg, reports: Iterable[rtcp.Report], outbox: Outbox) -> None:
    blocks: dict[Leg, list[rtcp.Report]] = {}
    for report in reports:
        source, stream = leg.source_of(report.ssrc)
        # Retransmissions are numbered here, so a report on them says nothing of what their source sent.
        if source is not None and stream is not None and stream is leg.by_ssrc[report.ssrc][0].primary:
            if stream.source_ssrc == NO_SOURCE:
                continue
            highest = (report.highest_sequence - stream.sequence_offset) & 0xFFFFFFFF
            blocks.setdefault(source, []).append(replace(report, ssrc=stream.source_ssrc, highest_sequence=highest))
    for source, translated in blocks.items():
        outbox.setdefault(source, []).append(rtcp.write_receiver_report(source.own_ssrc, translated))


def _nack(leg: Leg, nack: rtcp.Nack, now_ms: float, outbox: Outbox) -> None:
    source, stream = leg.source_of(nack.media_ssrc)
    if source is None or stream is None or stream.source_ssrc == NO_SOURCE:
        return
    outgoing = leg.by_ssrc[nack.media_ssrc][0]
    lost = leg.may_repair(nack.sequences, now_ms)
    sequences = [stream.source_sequence(each) for each in lost if not leg.send_again(outgoing, each, now_ms)]
    # What a path lost because it is too narrow, it would lose again.
    if sequences and source.path_up.limit_bps is None:
        outbox.setdefault(source, []).append(rtcp.write_nack(source.own_ssrc, stream.source_ssrc, sequences))
