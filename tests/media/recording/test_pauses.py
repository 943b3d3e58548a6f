"""Sources that pause: sound off the line, whose timestamps stand still meanwhile, and packets that a path held up."""

from __future__ import annotations

import pytest

from media.recording.records import Kind, record, records
from media.recording.timeline import IDLE_MS, Timeline
from media.recording.tracks import PAUSE_MS, Frames, Survey

from .senders import CODINGS, OPUS, SOUND_MS, VP8, Sender, leg_began, sounds

CLOCK_MS = 4e12
"""What the participant's clock shows when the recording begins."""

Timed = list[tuple[float, bytes]]


def placed(made: Timed) -> list[float]:
    """When each frame of the recording was taken, in its order."""
    data = leg_began(1, "patient", 0) + b"".join(each for _, each in sorted(made, key=lambda one: one[0]))
    survey = Survey()
    for each in records(data):
        survey.look(each)
    survey.tracks()
    frames = Frames(survey.timeline)
    found = [frame for each in records(data) for frame in frames.of(each)]
    return [frame.at_ms for frame in (*found, *frames.rest())]


def sound(
    sender: Sender, begins_ms: float, seconds: int, *, own_ms: float | None = None, late_ms: float = 0.0
) -> Timed:
    """Sound sent from a moment on. `own_ms`: what the source's timestamps say of that moment, when it is something else."""
    made: Timed = []
    for number, packet in enumerate(sounds(seconds)):
        at_ms, stamped_ms = begins_ms + number * SOUND_MS, (begins_ms if own_ms is None else own_ms) + number * SOUND_MS
        for body in sender.packets([packet], stamped_ms):
            came_ms = at_ms + SOUND_MS + late_ms
            made.append((came_ms, record(Kind.RTP, 1, round(came_ms), body)))
    return made


def report(sender: Sender, at_ms: float, stamped_ms: float) -> tuple[float, bytes]:
    """As libwebrtc makes it: what was stamped with that moment was encoded a packet later."""
    at_ms += SOUND_MS
    return at_ms, record(Kind.SENDER_REPORT, 1, round(at_ms), sender.report(stamped_ms, CLOCK_MS + at_ms))


@pytest.mark.parametrize("pause_ms", [600, 2_000, 9_000, 60_000])
@pytest.mark.parametrize("reported", [False, True])
def test_sound_after_a_pause_in_which_its_timestamps_stood_still_is_where_it_came(
    pause_ms: int, reported: bool
) -> None:
    sender = Sender(OPUS, 48_000)
    made = sound(sender, 0, 2)
    made += sound(sender, 2_000 + pause_ms, 2, own_ms=2_000)
    if reported:
        # In the pause too, with timestamps that go on by the clock: of nothing that was taken.
        made += [report(sender, at_ms, at_ms) for at_ms in range(500, 2_000 + pause_ms, 1_000)]
        made += [report(sender, 2_500 + pause_ms, 2_500)]
    found = placed(made)
    assert len(found) == 200
    expected = [number * SOUND_MS + (0 if number < 100 else pause_ms) for number in range(200)]
    assert max(abs(at_ms - true_ms) for at_ms, true_ms in zip(found, expected, strict=True)) < 40


def test_a_pause_that_is_counted_changes_nothing() -> None:
    sender = Sender(OPUS, 48_000)
    made = [*sound(sender, 0, 1), *sound(sender, 5_000, 1), report(sender, 500, 500), report(sender, 5_500, 5_500)]
    expected = [*range(0, 1_000, SOUND_MS), *range(5_000, 6_000, SOUND_MS)]
    assert placed(made) == pytest.approx(expected, abs=2)


@pytest.mark.parametrize("late_ms", [PAUSE_MS - 50, PAUSE_MS + 200])
def test_packets_that_a_path_held_up_stay_where_they_were_taken(late_ms: float) -> None:
    sender = Sender(OPUS, 48_000)
    made = [report(sender, at_ms, at_ms) for at_ms in range(500, 6_000, 1_000)]
    made += sound(sender, 0, 2)
    held = sound(sender, 2_000, 1)
    # All of them at once, when the path is free again.
    made += [(3_000 + late_ms + number / 100, again(each, 3_000 + late_ms)) for number, (_, each) in enumerate(held)]
    made += sound(sender, 4_000, 2)
    found = placed(made)
    assert len(found) == 250
    on_time = [*range(0, 2_000, SOUND_MS), *range(4_000, 6_000, SOUND_MS)]
    assert [*found[:100], *found[150:]] == pytest.approx(on_time, abs=20)
    # Each frame is in its order, and those that were held up lie between.
    assert found == sorted(found)


@pytest.mark.parametrize("reports_ms", [(), (500,), (500, 4_000)])
def test_sound_goes_on_later_after_a_machine_was_too_busy_to_listen(reports_ms: tuple[int, ...]) -> None:
    busy_ms = 380
    sender = Sender(OPUS, 48_000)
    made = sound(sender, 0, 2) + sound(sender, 2_000 + busy_ms, 3, own_ms=2_000)
    made += [report(sender, at_ms, at_ms if at_ms < 2_000 else at_ms - busy_ms) for at_ms in reports_ms]
    expected = [*range(0, 2_000, SOUND_MS), *range(2_000 + busy_ms, 5_000 + busy_ms, SOUND_MS)]
    assert placed(made) == pytest.approx(expected, abs=2)


@pytest.mark.parametrize("reports_ms", [(), (500,)])
def test_sound_that_a_path_held_up_again_and_again_stays_where_it_was_taken(reports_ms: tuple[int, ...]) -> None:
    sender = Sender(OPUS, 48_000)
    made = sound(sender, 0, 1)
    for begins_ms in (1_000, 2_000):
        for number, (came_ms, each) in enumerate(sound(sender, begins_ms, 1)):
            # Five packets at once, 120 ms after the last; but the last ones of the three seconds come on time.
            late_ms = (5 - number % 5) * SOUND_MS + 20 + number % 5 / 100 if (begins_ms, number) < (2_000, 45) else 0.0
            made.append((came_ms + late_ms, again(each, came_ms + late_ms)))
    made += [report(sender, at_ms, at_ms) for at_ms in reports_ms]
    assert placed(made) == pytest.approx([*range(0, 3_000, SOUND_MS)], abs=2)


def test_a_packet_that_came_by_itself_stays_where_it_was_taken() -> None:
    sender = Sender(OPUS, 48_000)
    made = sound(sender, 0, 1)
    for number, (came_ms, each) in enumerate(sound(sender, 1_000, 1)):
        # The first waits for 130 ms, the next for as long again, and those after it until the path has caught up.
        came_ms = max(came_ms, 1_150.0 if number == 0 else 1_281 + number / 100)
        made.append((came_ms, again(each, came_ms)))
    assert placed(made) == pytest.approx([*range(0, 2_000, SOUND_MS)], abs=2)


def test_a_report_made_late_is_mended_by_when_packets_came() -> None:
    sender = Sender(OPUS, 48_000)
    # The only one of the sound: the packet that it is of was encoded 60 ms late, and the clock stood so much further on.
    made = [*sound(sender, 0, 2), report(sender, 1_060, 1_000)]
    eyes = Sender(VP8, 90_000)
    made += [(at_ms, record(Kind.RTP, 1, at_ms, next(eyes.packets([b"\0"], at_ms)))) for at_ms in range(0, 2_000, 40)]
    for at_ms in (400, 1_400):
        made.append((at_ms, record(Kind.SENDER_REPORT, 1, at_ms, eyes.report(at_ms, CLOCK_MS + at_ms))))
    assert placed(made) == pytest.approx([*range(0, 2_000, SOUND_MS)], abs=2)


def again(made: bytes, came_ms: float) -> bytes:
    """The same record, come at another time."""
    (one,) = records(made)
    return record(Kind(one.kind), one.leg, round(came_ms), bytes(one.body))


def test_a_report_of_a_source_that_has_been_silent_is_not_believed() -> None:
    timeline, sender = Timeline(), Sender(OPUS, 48_000)
    key = 1, sender.ssrc, 0
    for at_ms in range(0, 1_000, SOUND_MS):
        timeline.packet(key, CODINGS[OPUS], sender.timestamp(at_ms), at_ms + SOUND_MS)
    for at_ms in (500, 980 + int(IDLE_MS) + 1, 5_000):
        # The first is true. The others put the same moment elsewhere.
        wrong_ms = 0 if at_ms == 500 else 700
        for each in records(report(sender, at_ms, at_ms - wrong_ms)[1]):
            timeline.report(each)
    assert timeline.at_ms(key, sender.timestamp(900)) == pytest.approx(900, abs=2)
