"""Up to six in a call, with packets that say whose they are: who gets what on which section, the gate, the screen, the codecs."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from media import rtcp
from media.errors import NoSuchLeg, ScreenTaken
from media.node import MediaNode
from media.relay import MAX_STREAMS
from media.room import MAX_PARTICIPANTS

from .peers import live_leg, loopback_candidates, running_node, until
from .raw import AUDIO, AUDIO_LEVEL, CALL, ORIENTATION, VIDEO, VP8, Line, RawPeer, joined

SLOTS = [("0", "1"), *((str(mid), str(mid + 1)) for mid in (3, 5, 7, 9))]
"""Sound's and picture's section of each slot of `CALL`."""


@pytest.fixture(autouse=True)
def loopback(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with loopback_candidates(monkeypatch):
        yield


def slots(node: MediaNode, participant: str) -> dict[str, tuple[str | None, str | None]]:
    """Whom a participant is sent on which sections, as the node tells it."""
    sees = node.states()["room"].participants[participant].sees
    return {each.id: (each.audio_mid, each.video_mid) for each in sees}


async def speak(peer: RawPeer, word: str = "") -> None:
    """Send a packet of sound and one of picture, which say who sent them."""
    for line, kind in ((0, "sound"), (1, "picture")):
        await peer.send(line, f"{kind} of {peer.name} {word}".encode())


def expected(node: MediaNode, peer: RawPeer, word: str = "") -> set[tuple[str, bytes]]:
    return {
        (str(mid), f"{kind} of {other} {word}".encode())
        for other, mids in slots(node, peer.name).items()
        for mid, kind in zip(mids, ("sound", "picture"), strict=True)
    }


async def test_each_of_six_gets_every_other_ones_sound_and_picture_on_a_slot_of_its_own() -> None:
    async with running_node() as node:
        peers = [RawPeer(f"p{number}") for number in range(MAX_PARTICIPANTS)]
        async with joined(node, *peers):
            for peer in peers:
                others = [other.name for other in peers if other is not peer]
                seen = slots(node, peer.name)
                assert sorted(seen) == others
                assert sorted(seen.values()) == SLOTS
            for peer in peers:
                await speak(peer)
            for peer in peers:
                await until(lambda peer=peer: peer.everything() == expected(node, peer))  # type: ignore[misc]
            assert node.counters.packets_forwarded == 2 * 6 * 5
            assert node.counters.malformed == node.counters.encrypt == 0


async def test_a_place_is_kept_over_a_new_leg_and_an_absence_and_freed_for_whoever_needs_it() -> None:
    async with running_node() as node:
        first, second, third = (RawPeer(name) for name in ("first", "second", "third"))
        async with joined(node, first, second, third):
            before = slots(node, "first")
            assert before == {"second": SLOTS[0], "third": SLOTS[1]}
            # A new leg beside the old one.
            again = RawPeer("second")
            async with joined(node, again):
                await until(lambda: len(node.states()["room"].participants) == 3)
                assert slots(node, "first") == before
                await speak(again, "again")
                await until(lambda: ("1", b"picture of second again") in first.everything())
            # Gone altogether, and back: the third has stayed where it was.
            await until(lambda: "second" not in node.states()["room"].participants)
            assert slots(node, "first") == {"third": SLOTS[1]}
            back = RawPeer("second")
            async with joined(node, back):
                assert slots(node, "first") == before


async def test_a_client_with_one_slot_sees_the_first_and_then_whoever_is_left() -> None:
    async with running_node() as node:
        first, second = RawPeer("first"), RawPeer("second")
        whip = RawPeer("whip", (AUDIO, VIDEO))
        async with joined(node, first), joined(node, whip), joined(node, second):
            assert slots(node, "whip") == {"first": SLOTS[0]}
            assert slots(node, "second") == {"first": SLOTS[0], "whip": SLOTS[1]}
            await node.leave("room", "first")
            assert slots(node, "whip") == {"second": SLOTS[0]}
            await speak(second)
            await until(lambda: whip.everything() == expected(node, whip))


async def test_nothing_passes_the_gate_either_way_until_it_opens_and_then_with_a_keyframe() -> None:
    async with running_node() as node:
        clinician, patient = RawPeer("clinician"), RawPeer("patient")
        async with joined(node, patient, admitted=False):
            assert node.rooms() == {"room": ("patient",)}
            assert node.calls == 0
            async with joined(node, clinician):
                assert node.calls == 1
                for _ in range(20):
                    await speak(patient)
                    await speak(clinician)
                await until(lambda: node.counters.without_receiver >= 80)
                assert patient.packets == clinician.packets == []
                assert slots(node, "clinician") == slots(node, "patient") == {}
                with pytest.raises(NoSuchLeg):
                    node.share_screen("room", "patient")
                asked = node.counters.keyframes_requested
                node.admit("room", "patient")
                node.admit("room", "patient")
                assert node.counters.keyframes_requested == asked + 2
                await until(
                    lambda: all(
                        any(isinstance(f, rtcp.KeyframeRequest) for f in p.feedback) for p in (patient, clinician)
                    )
                )
                for peer in (patient, clinician):
                    await speak(peer, "now")
                for peer in (patient, clinician):
                    await until(lambda peer=peer: peer.everything() == expected(node, peer, "now"))  # type: ignore[misc]
                # Who has been let in stays so, over a new leg that says otherwise.
                again = RawPeer("patient")
                async with joined(node, again, admitted=False):
                    await speak(again, "again")
                    await until(lambda: ("1", b"picture of patient again") in clinician.everything())


async def test_one_screen_is_shared_with_everybody_else_and_ends_with_its_leg() -> None:
    async with running_node() as node:
        first, second, third = (RawPeer(name) for name in ("first", "second", "third"))
        async with joined(node, first, third):
            async with joined(node, second):
                await first.send(2, b"too early")
                node.share_screen("room", "second")
                node.share_screen("room", "second")
                with pytest.raises(ScreenTaken):
                    node.share_screen("room", "first")
                node.stop_sharing("room", "first")
                assert node.states()["room"].sharing == "second"
                await first.send(2, b"not shared")
                await second.send(2, b"slides")
                await until(lambda: first.heard("2") == third.heard("2") == [b"slides"])
                assert second.packets == []
                # A camera's picture is something else, on its own section.
                await speak(second)
                camera = str(slots(node, "first")["second"][1])
                await until(lambda: first.heard(camera) == [b"picture of second "])
                again = RawPeer("second")
                async with joined(node, again):
                    assert node.states()["room"].sharing == "second"
                    await again.send(2, b"more slides")
                    await until(lambda: third.heard("2") == [b"slides", b"more slides"])
                await until(lambda: node.states()["room"].sharing is None)
            node.share_screen("room", "first")
            await first.send(2, b"mine")
            await until(lambda: third.heard("2")[-1] == b"mine")
            node.stop_sharing("room", "first")
            assert node.states()["room"].sharing is None
            await first.send(2, b"no longer")
            await speak(first)
            await until(lambda: bool(third.heard("1")))
            assert third.heard("2")[-1] == b"mine"


CHROME = (
    Line("audio", {63: ("red/48000/2", "111/111"), 111: ("opus/48000/2", "")}, extensions=((1, AUDIO_LEVEL),)),
    Line(
        "video",
        {45: ("AV1/90000", "level-idx=5;profile=0;tier=0"), 96: ("VP8/90000", ""), 98: ("VP9/90000", "profile-id=0")},
    ),
)
FIREFOX = (
    Line("audio", {109: ("opus/48000/2", "")}, extensions=((3, AUDIO_LEVEL),)),
    Line("video", {120: ("VP8/90000", ""), 121: ("VP9/90000", ""), 99: ("AV1/90000", "")}),
)
OTHER_RED = (Line("audio", {70: ("red/48000/2", "100/100"), 100: ("opus/48000/2", "")}), CHROME[1])


def red(*blocks: bytes, payload_type: int = 111) -> bytes:
    """A payload of RFC 2198, the newest block last."""
    heads = b"".join(bytes([0x80 | payload_type, 0, len(b) >> 8, len(b) & 0xFF]) for b in blocks[:-1])
    return heads + bytes([payload_type]) + b"".join(blocks)


async def test_redundant_audio_is_cut_for_whoever_has_none_and_renumbered_for_whoever_calls_it_otherwise() -> None:
    async with running_node() as node:
        sender, plain, other = RawPeer("sender", CHROME), RawPeer("plain", FIREFOX), RawPeer("other", OTHER_RED)
        async with joined(node, plain), joined(node, other), joined(node, sender):
            # The one slot of each is the other's, so each is asked alone.
            await node.leave("room", "other")
            await sender.send(0, red(b"before that", b"before", b"now"))
            await sender.send(0, red(b"alone"))
            await sender.send(0, bytes([0x80 | 111, 0, 0xFF, 0xFF, 111]))
            await sender.send(0, b"opus itself", payload_type=111)
            await until(lambda: plain.heard("0") == [b"now", b"alone", b"opus itself"])
            assert {packet.payload_type for packet in plain.packets} == {109}
            assert [packet.sequence for packet in plain.packets] == [1001, 1002, 1004]
            assert node.counters.malformed == 1
        another, sender = RawPeer("other", OTHER_RED), RawPeer("sender", CHROME)
        async with joined(node, another), joined(node, sender):
            assert "m=audio 9 UDP/TLS/RTP/SAVPF 63 111\r\n" in sender.answer
            await sender.send(0, red(b"before", b"now"))
            await until(lambda: another.heard("0") == [red(b"before", b"now", payload_type=100)])
            assert another.packets[0].payload_type == 70


@pytest.mark.parametrize(("sent_as", "comes_as"), [(96, 120), (98, 121), (45, 99)])
async def test_pictures_are_renumbered_between_browsers(sent_as: int, comes_as: int) -> None:
    async with running_node() as node:
        chrome, firefox = RawPeer("chrome", CHROME), RawPeer("firefox", FIREFOX)
        async with joined(node, chrome, firefox):
            await chrome.send(1, b"forth", payload_type=sent_as)
            await firefox.send(1, b"back", payload_type=comes_as)
            await until(lambda: chrome.heard("1") == [b"back"] and firefox.heard("1") == [b"forth"])
            assert (chrome.packets[0].payload_type, firefox.packets[0].payload_type) == (sent_as, comes_as)


async def test_extensions_that_were_not_negotiated_are_dropped_even_where_both_have_the_number() -> None:
    lines = (
        Line("audio", {111: ("opus/48000/2", "")}, extensions=((1, AUDIO_LEVEL),)),
        Line("video", VP8, extensions=((4, ORIENTATION),)),
    )
    async with running_node() as node:
        sender, same, renumbered = RawPeer("sender", lines), RawPeer("same", lines), RawPeer("renumbered", FIREFOX)
        for receiver, level in ((same, {1: b"\x20"}), (renumbered, {3: b"\x20"})):
            async with joined(node, receiver):
                again = RawPeer("sender", lines)
                async with joined(node, again):
                    await again.send(0, b"loud", extensions=[(1, b"\x20"), (2, b"secret"), (9, b"more")])
                    await again.send(1, b"seen", extensions=[(4, b"\x01"), (7, b"secret")])
                    await until(lambda r=receiver: len(r.packets) == 2)  # type: ignore[misc]
            assert receiver.packets[0].extensions == level
            assert receiver.packets[1].extensions == ({4: b"\x01"} if receiver is same else {})
        assert sender.packets == []


async def test_a_sender_of_ever_new_ssrcs_costs_no_more_and_disturbs_nobody() -> None:
    async with running_node() as node:
        sender, receiver = RawPeer("sender"), RawPeer("receiver")
        async with joined(node, sender, receiver):
            own = sender.ssrcs[0]
            for number in range(500):
                sender.ssrcs[0] = number + 1
                await sender.send(0, b"noise")
            leg = live_leg(node, "room", "sender")
            await until(lambda: node.counters.crowded > 400)
            assert len(leg._streams) <= MAX_STREAMS
            sender.ssrcs[0] = own
            await receiver.send(0, b"heard")
            await until(lambda: sender.heard("0") == [b"heard"])


def test_our_pages_lines_are_eleven() -> None:
    assert len(CALL) == 11
