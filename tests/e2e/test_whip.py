"""GStreamer's webrtcbin, which is neither a browser nor aiortc, in a call with Chromium by WHIP and a token, both ways.

libnice takes no part in a call over loopback, so this one is held in a network namespace of its own.
"""

from __future__ import annotations

from .namespace import ADDRESS, run_in_namespace


def test_gstreamer_publishes_by_whip_is_seen_in_chromium_and_sees_it() -> None:
    run_in_namespace("tests.e2e.whip_call", ADDRESS)
