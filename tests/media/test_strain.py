"""When a node has enough."""

from __future__ import annotations

from media.strain import CALM, Limits, Strain


def test_too_many_packets_or_too_much_lag_and_calm_again_well_below() -> None:
    strain = Strain(Limits(packets_per_second=1000, lag_ms=50))
    strain.measure(packets=0, at_ms=0, lag_ms=1)
    strain.measure(packets=1000, at_ms=1000, lag_ms=1)
    assert (strain.packets_per_second, strain.overloaded) == (1000, False)
    strain.measure(packets=2001, at_ms=2000, lag_ms=1)
    assert strain.overloaded
    strain.measure(packets=2001 + int(1000 * CALM) + 1, at_ms=3000, lag_ms=1)
    assert strain.overloaded
    strain.measure(packets=3000, at_ms=4000, lag_ms=1)
    assert not strain.overloaded


def test_one_late_timer_is_a_hiccup_and_several_are_overload() -> None:
    strain = Strain(Limits(packets_per_second=1000, lag_ms=50))
    for at_ms, lag_ms, overloaded in (
        (0, 500, False),
        (1, 51, False),
        (2, 60, True),
        (3, 49, True),
        (4, 50 * CALM, False),
    ):
        strain.measure(packets=0, at_ms=at_ms, lag_ms=lag_ms)
        assert strain.overloaded == overloaded, at_ms


def test_a_clock_that_stands_still_is_no_rate() -> None:
    strain = Strain(Limits())
    strain.measure(packets=0, at_ms=5, lag_ms=0)
    strain.measure(packets=10, at_ms=5, lag_ms=0)
    assert strain.packets_per_second == 0
