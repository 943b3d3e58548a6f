"""Transport-wide feedback: what is written is read back, whatever was lost, late, doubled or far apart."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from media.transport_wide import MAX_STATUSES, TICK_NS, Arrivals, read_feedback


def read(packet: bytes) -> dict[int, float | None]:
    assert len(packet) % 4 == 0
    assert int.from_bytes(packet[2:4], "big") == len(packet) // 4 - 1
    assert (packet[0], packet[1]) == (0x8F, 205)
    feedback = read_feedback(packet[12:])
    return {(feedback.base + place) & 0xFFFF: at_ms for place, at_ms in enumerate(feedback.arrivals_ms)}


def reported(arrivals: Arrivals, seen: list[tuple[int, int]]) -> dict[int, float | None]:
    for number, at_ns in seen:
        arrivals.note(number, at_ns, 100)
    found: dict[int, float | None] = {}
    for packet in arrivals.reports(1, 2):
        found |= read(packet)
    return found


@given(
    st.integers(0, 0xFFFF),
    st.lists(st.tuples(st.integers(1, 12), st.integers(0, 20_000)), min_size=1, max_size=60),
)
def test_what_is_written_is_read_back(first: int, steps: list[tuple[int, int]]) -> None:
    number, at_ticks, seen = first, 400_000, []
    for ahead, ticks in steps:
        number, at_ticks = (number + ahead) & 0xFFFF, at_ticks + ticks
        seen.append((number, at_ticks * TICK_NS))
    found = reported(Arrivals(), seen)
    assert {n: at_ms for n, at_ms in found.items() if at_ms is not None} == {n: at_ns / 1e6 for n, at_ns in seen}
    assert len(found) == (seen[-1][0] - seen[0][0]) % 0x10000 + 1


def test_reports_follow_each_other_without_a_gap_and_tell_of_what_was_lost_between() -> None:
    arrivals = Arrivals()
    assert reported(arrivals, [(65_534, 10**9), (65_535, 10**9)]).keys() == {65_534, 65_535}
    assert reported(arrivals, []) == {}
    found = reported(arrivals, [(3, 11 * 10**8)])
    assert list(found) == [0, 1, 2, 3]
    assert [found[n] for n in (0, 1, 2)] == [None, None, None]
    assert (arrivals.came, arrivals.came_bytes, arrivals.lost) == (1, 100, 3)


def test_a_late_packet_is_reported_by_itself_and_a_doubled_one_as_of_the_first() -> None:
    arrivals = Arrivals()
    reported(arrivals, [(10, 10**9), (12, 10**9)])
    found = reported(arrivals, [(11, 2 * 10**9), (13, 2 * 10**9), (13, 3 * 10**9)])
    assert found == {11: 2000.0, 13: 2000.0}


def test_overtaking_packets_have_negative_deltas() -> None:
    assert reported(Arrivals(), [(1, 10**9), (3, 1100 * 10**6), (2, 1200 * 10**6)]) == {1: 1000.0, 2: 1200.0, 3: 1100.0}


def test_a_long_silence_and_many_packets_take_several_reports() -> None:
    arrivals = Arrivals()
    arrivals.note(1, 0, 100)
    arrivals.note(2, 60 * 10**9, 100)
    assert len(list(arrivals.reports(1, 2))) == 2
    for n in range(2 * MAX_STATUSES):
        arrivals.note(3 + n, 61 * 10**9 + n * 10**6, 100)
    packets = list(arrivals.reports(1, 2))
    assert [len(p) < 1200 for p in packets] == [True, True]
    assert len({n for p in packets for n in read(p)}) == 2 * MAX_STATUSES


def test_a_leap_in_the_numbers_is_a_new_beginning() -> None:
    found = reported(Arrivals(), [(1, 10**9), (20_000, 10**9)])
    assert found.keys() == {1, 20_000}


def test_chunks_that_others_write_are_read() -> None:
    # A vector of one-bit symbols, then a run of lost ones: 14 symbols, of which the first and the last arrived.
    body = struct.pack("!HHIHH", 5, 16, 2 << 8, 0xA001, 2) + bytes([4, 8])
    feedback = read_feedback(body)
    assert feedback.base == 5
    assert feedback.arrivals_ms[0] == 129.0
    assert feedback.arrivals_ms[13] == 131.0
    assert [at_ms for at_ms in feedback.arrivals_ms if at_ms is not None] == [129.0, 131.0]
    assert len(feedback.arrivals_ms) == 16


@given(st.binary(max_size=64))
def test_noise_is_refused_or_read_but_never_breaks(body: bytes) -> None:
    try:
        feedback = read_feedback(body)
    except (ValueError, IndexError, struct.error):
        return
    assert len(feedback.arrivals_ms) <= 0xFFFF


def test_an_empty_run_is_refused() -> None:
    with pytest.raises(ValueError, match="empty run"):
        read_feedback(struct.pack("!HHIHHH", 5, 9, 0, 0, 0, 0))
