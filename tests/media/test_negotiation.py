"""Offers as browsers write them, and what is answered."""

from __future__ import annotations

import pytest
from aiortc.sdp import SessionDescription
from hypothesis import given
from hypothesis import strategies as st

from media.errors import MalformedSdp
from media.negotiation import LocalTransport, OutgoingSsrcs, Slot, Track, negotiate, write_answer

OFFER = """\
v=0
o=- 4611731400430051336 2 IN IP4 127.0.0.1
s=-
t=0 0
a=group:BUNDLE 0 1
a=msid-semantic: WMS
m=audio 9 UDP/TLS/RTP/SAVPF 111 63 9
c=IN IP4 0.0.0.0
a=rtcp:9 IN IP4 0.0.0.0
a=ice-ufrag:abcd
a=ice-pwd:0123456789012345678901
a=fingerprint:sha-256 {fingerprint}
a=setup:actpass
a=mid:0
a=extmap:1 urn:ietf:params:rtp-hdrext:ssrc-audio-level
a=extmap:2 http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time
a=extmap:4 urn:ietf:params:rtp-hdrext:sdes:mid
a=sendrecv
a=rtcp-mux
a=rtpmap:111 opus/48000/2
a=rtcp-fb:111 transport-cc
a=fmtp:111 minptime=10;useinbandfec=1
a=rtpmap:63 red/48000/2
a=fmtp:63 111/111
a=rtpmap:9 G722/8000
m=video 9 UDP/TLS/RTP/SAVPF 96 97 98 99 103 104
c=IN IP4 0.0.0.0
a=rtcp:9 IN IP4 0.0.0.0
a=ice-ufrag:abcd
a=ice-pwd:0123456789012345678901
a=fingerprint:sha-256 {fingerprint}
a=setup:actpass
a=mid:1
a=extmap:13 urn:3gpp:video-orientation
a=extmap:2 http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time
a=sendrecv
a=rtcp-mux
a=rtcp-rsize
a=rtpmap:98 VP9/90000
a=fmtp:98 profile-id=0
a=rtpmap:99 rtx/90000
a=fmtp:99 apt=98
a=rtpmap:103 H264/90000
a=rtcp-fb:103 nack
a=fmtp:103 level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f
a=rtpmap:104 rtx/90000
a=fmtp:104 apt=103
a=rtpmap:96 VP8/90000
a=rtcp-fb:96 goog-remb
a=rtcp-fb:96 transport-cc
a=rtcp-fb:96 ccm fir
a=rtcp-fb:96 nack
a=rtcp-fb:96 nack pli
a=rtpmap:97 rtx/90000
a=fmtp:97 apt=96
""".replace("{fingerprint}", ":".join(["AB"] * 32)).replace("\n", "\r\n")

LOCAL = LocalTransport(
    "localname", "localpassword012345678901", ":".join(["CD"] * 32), [("127.0.0.1", 40000, 2130706431)]
)
SSRCS = {"0": OutgoingSsrcs(1111, None), "1": OutgoingSsrcs(2222, 3333)}


def test_what_is_forwarded_is_accepted_and_nothing_else() -> None:
    negotiated = negotiate(OFFER)
    audio, video = negotiated.section("audio"), negotiated.section("video")
    assert audio is not None
    assert video is not None
    assert [(c.key, c.payload_type) for c in audio.codecs] == [("red/opus", 63), ("opus", 111)]
    assert [(c.key, c.payload_type, c.rtx_payload_type) for c in video.codecs] == [
        ("VP8", 96, 97),
        ("VP9/0", 98, 99),
        ("H264/1/CB", 103, 104),
    ]
    assert video.codecs[0].feedback == ("goog-remb", "ccm fir", "nack", "nack pli")
    assert "urn:ietf:params:rtp-hdrext:sdes:mid" not in audio.extensions
    assert (negotiated.ice_username, negotiated.ice_password) == ("abcd", "0123456789012345678901")


def test_the_answer_reads_back_as_a_passive_bundled_answer() -> None:
    answer = write_answer(negotiate(OFFER), LOCAL, SSRCS, 7, "name")
    session = SessionDescription.parse(answer)
    assert [m.rtp.muxId for m in session.media] == ["0", "1"]
    assert session.group[0].items == ["0", "1"]
    for media in session.media:
        assert media.dtls is not None
        assert media.dtls.role == "server"
        assert media.direction == "sendrecv"
    assert [c.port for c in session.media[0].ice_candidates] == [40000]
    assert [(s.ssrc, s.cname) for s in session.media[1].ssrc] == [(2222, "name"), (3333, "name")]


def test_data_is_answered_with_port_zero() -> None:
    extra = "m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\nc=IN IP4 0.0.0.0\r\na=mid:2\r\n"
    answer = write_answer(negotiate(OFFER + extra), LOCAL, SSRCS, 7, "name")
    assert "m=application 0 " in answer
    assert "a=group:BUNDLE 0 1\r\n" in answer


@pytest.mark.parametrize(
    ("written", "direction", "receives", "sends"),
    [
        ("sendonly", "recvonly", True, False),
        ("recvonly", "sendonly", False, True),
        ("inactive", "inactive", False, False),
    ],
)
def test_directions_are_mirrored(written: str, direction: str, receives: bool, sends: bool) -> None:
    section = negotiate(OFFER.replace("a=sendrecv", f"a={written}")).sections[0]
    assert (section.direction, section.receives, section.sends) == (direction, receives, sends)


@pytest.mark.parametrize(
    ("was", "becomes"),
    [
        ("a=ice-pwd:0123456789012345678901\r\n", ""),
        ("a=ice-ufrag:abcd\r\n", ""),
        ("a=fingerprint:sha-256 " + ":".join(["AB"] * 32) + "\r\n", ""),
        ("a=setup:actpass", "a=setup:passive"),
        ("a=rtcp-mux\r\n", ""),
        ("a=group:BUNDLE 0 1", "a=group:BUNDLE 0"),
        ("a=mid:1", "a=mid:1\x00 nasty"),
        ("m=audio 9 UDP/TLS/RTP/SAVPF 111 63 9", "m=audio nine"),
        ("a=rtpmap:111 opus/48000/2", "a=rtpmap:111 opus/x"),
        ("v=0\r\n", "v=zero\r\n"),
        (OFFER, ""),
        (OFFER, "hello"),
        (OFFER, OFFER[: OFFER.index("m=audio")]),
        (OFFER, OFFER + OFFER[OFFER.index("m=video") :] * 20),
    ],
)
def test_an_offer_that_cannot_be_answered_is_refused(was: str, becomes: str) -> None:
    assert was in OFFER
    with pytest.raises(MalformedSdp) as caught:
        negotiate(OFFER.replace(was, becomes))
    assert "0123456789012345678901" not in str(caught.value)


@given(st.data())
def test_a_damaged_offer_is_refused_or_answered_but_never_breaks(data: st.DataObject) -> None:
    lines = OFFER.split("\r\n")
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(lines) - 1))
        lines[at] = data.draw(st.one_of(st.just(""), st.text(max_size=40), st.sampled_from(lines)))
    try:
        negotiated = negotiate("\r\n".join(lines))
    except MalformedSdp:
        return
    write_answer(negotiated, LOCAL, SSRCS, 7, "name")


def test_a_bundle_only_section_is_answered_and_a_rejected_one_is_not() -> None:
    bundle_only = OFFER.replace("m=video 9 ", "m=video 0 ").replace("a=mid:1", "a=bundle-only\r\na=mid:1")
    assert negotiate(bundle_only).section("video") is not None
    rejected = bundle_only.replace("a=group:BUNDLE 0 1", "a=group:BUNDLE 0").replace("a=bundle-only\r\n", "")
    assert negotiate(rejected).section("video") is None


def several(*lines: str) -> str:
    """The offer with these sections after its own, each `kind direction`, alike its own but for mid and direction."""
    audio, video = OFFER.index("m=audio"), OFFER.index("m=video")
    of = {"audio": OFFER[audio:video], "video": OFFER[video:]}
    text = OFFER.replace("a=group:BUNDLE 0 1", "a=group:BUNDLE " + " ".join(str(n) for n in range(2 + len(lines))))
    for mid, line in enumerate(lines, start=2):
        kind, direction = line.split()
        own = "a=mid:0" if kind == "audio" else "a=mid:1"
        text += of[kind].replace(own, f"a=mid:{mid}").replace("a=sendrecv", f"a={direction}")
    return text


def test_the_kth_sound_and_picture_are_a_slot_and_the_screen_is_none() -> None:
    offer = several("video sendrecv", "audio recvonly", "video recvonly", "audio recvonly")
    negotiated = negotiate(offer, "2")
    assert negotiated.slots == (Slot("0", "1"), Slot("3", "4"), Slot("5", None))
    assert negotiated.screen == "2"
    assert {track: section.mid for track, section in negotiated.sent.items()} == {
        Track.AUDIO: "0",
        Track.VIDEO: "1",
        Track.SCREEN: "2",
    }
    answer = write_answer(negotiated, LOCAL, {str(mid): OutgoingSsrcs(mid + 1, None) for mid in range(6)}, 7, "name")
    assert [line for line in answer.split("\r\n") if line.startswith("a=msid:")] == [
        "a=msid:name-0 name-0",
        "a=msid:name-0 name-1",
        "a=msid:name-screen name-2",
        "a=msid:name-1 name-3",
        "a=msid:name-1 name-4",
        "a=msid:name-2 name-5",
    ]


def test_a_second_camera_is_not_listened_to() -> None:
    negotiated = negotiate(several("video sendrecv", "video sendonly"))
    assert [section.direction for section in negotiated.sections] == ["sendrecv", "sendrecv", "sendonly", "inactive"]
    assert negotiated.slots == (Slot("0", "1"), Slot(None, "2"))


@pytest.mark.parametrize("screen_mid", ["0", "9", ""])
def test_a_screen_on_no_section_for_pictures_is_refused(screen_mid: str) -> None:
    with pytest.raises(MalformedSdp, match="screen"):
        negotiate(OFFER, screen_mid)


def test_two_sections_by_one_name_are_refused() -> None:
    with pytest.raises(MalformedSdp, match="same a=mid"):
        negotiate(several("video recvonly").replace("a=mid:2", "a=mid:1"))


@pytest.mark.parametrize(
    ("parameters", "is_forwarded"),
    [
        ("level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f", True),
        ("profile-level-id=42E01F;level-asymmetry-allowed=1;packetization-mode=1", True),  # Firefox
        ("level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42c034", True),
        ("packetization-mode=1;profile-level-id=4de01f", True),  # RFC 6184, table 5: the same profile
        ("packetization-mode=1;profile-level-id=42001f", False),
        ("packetization-mode=1;profile-level-id=640c1f", False),  # Safari's high profile
        ("profile-level-id=42e01f", False),
        ("packetization-mode=1;profile-level-id=42e01", False),
    ],
)
def test_h264_is_known_by_what_its_profile_means(parameters: str, is_forwarded: bool) -> None:
    was = "level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f"
    video = negotiate(OFFER.replace(was, parameters)).section("video")
    assert video is not None
    assert ("H264/1/CB" in [codec.key for codec in video.codecs]) == is_forwarded


@pytest.mark.parametrize(
    ("was", "becomes"), [("a=fmtp:63 111/111", "a=fmtp:63 111/9"), ("a=fmtp:63 111/111\r\n", ""), ("111 63 9", "63 9")]
)
def test_red_of_anything_but_the_opus_beside_it_is_not_taken(was: str, becomes: str) -> None:
    assert was in OFFER
    audio = negotiate(OFFER.replace(was, becomes)).section("audio")
    assert audio is None or [codec.key for codec in audio.codecs] == ["opus"]


def test_the_offers_order_is_kept() -> None:
    video = negotiate(OFFER.replace("96 97 98 99 103 104", "98 99 103 104 96 97")).section("video")
    assert video is not None
    assert [codec.key for codec in video.codecs] == ["VP9/0", "H264/1/CB", "VP8"]
