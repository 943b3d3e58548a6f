"""RTCP written and read back, and noise."""

from __future__ import annotations

import contextlib
from struct import pack

import pytest
from hypothesis import given
from hypothesis import strategies as st

from media import rtcp

ssrcs = st.integers(0, 0xFFFFFFFF)


@given(ssrcs, ssrcs, st.sets(st.integers(0, 0xFFFF), min_size=1, max_size=40))
def test_nack(sender: int, media: int, lost: set[int]) -> None:
    (packet,) = rtcp.parse(rtcp.write_nack(sender, media, sorted(lost)))
    assert isinstance(packet, rtcp.Nack)
    assert packet.media_ssrc == media
    assert sorted(packet.sequences) == sorted(lost)


def test_nack_over_the_wrap_shares_an_entry() -> None:
    written = rtcp.write_nack(1, 2, [65535, 0, 3])
    assert len(written) == 16
    (packet,) = rtcp.parse(written)
    assert isinstance(packet, rtcp.Nack)
    assert packet.sequences == (65535, 0, 3)


@given(ssrcs, st.integers(0, 2**40), st.lists(ssrcs, min_size=1, max_size=5))
def test_remb_loses_no_more_than_its_mantissa_can_hold(sender: int, bitrate_bps: int, of: list[int]) -> None:
    (packet,) = rtcp.parse(rtcp.write_remb(sender, bitrate_bps, tuple(of)))
    assert isinstance(packet, rtcp.Remb)
    assert packet.ssrcs == tuple(of)
    assert bitrate_bps * (1 - 2**-17) <= packet.bitrate_bps <= bitrate_bps


def test_a_compound_of_reports_comes_back_in_order() -> None:
    report = rtcp.Report(5, 0x01000002, 70000, 3, 4, 5)
    compound = (
        rtcp.write_sender_report(1, 2**63 + 5, 3, 4, 5)
        + rtcp.write_sdes(1, "somebody")
        + rtcp.write_receiver_report(6, [report])
        + rtcp.write_pli(6, 1)
    )
    assert len(compound) % 4 == 0
    assert rtcp.parse(compound) == [
        rtcp.SenderReport(1, 2**63 + 5, 3, 4, 5, ()),
        rtcp.ReceiverReport((report,)),
        rtcp.KeyframeRequest(1),
    ]


def test_fir_asks_like_pli() -> None:
    fir = pack("!BBHIIIBBH", 0x84, rtcp.PSFB, 4, 1, 0, 42, 1, 0, 0)
    assert rtcp.parse(fir) == [rtcp.KeyframeRequest(42)]


@pytest.mark.parametrize("bad", [b"\x80", b"\x80\xc8\x00\x06\x00", b"\x00\xc9\x00\x01\x00\x00\x00\x01"])
def test_what_is_cut_short_or_of_another_version_is_refused(bad: bytes) -> None:
    with pytest.raises(rtcp.MalformedRtcp):
        rtcp.parse(bad)


@given(st.binary(max_size=200))
def test_noise_is_read_or_refused(noise: bytes) -> None:
    with contextlib.suppress(rtcp.MalformedRtcp):
        rtcp.parse(noise)


@given(st.integers(0, 31), st.sampled_from([200, 201, 202, 203, 205, 206]), st.binary(max_size=80))
def test_noise_behind_a_right_header_is_read_or_refused(count: int, kind: int, body: bytes) -> None:
    body = body[: len(body) // 4 * 4]
    with contextlib.suppress(rtcp.MalformedRtcp):
        rtcp.parse(pack("!BBH", 0x80 | count, kind, len(body) // 4) + body)
