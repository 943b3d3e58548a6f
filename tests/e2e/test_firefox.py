"""The patient in Debian's Firefox, the clinician in Chromium: two stacks that number everything differently, both ways.

Firefox takes no part in a call over loopback, so this one is held in a network namespace of its own.
"""

from __future__ import annotations

from pathlib import Path

from .namespace import ADDRESS, run_in_namespace


def test_a_patient_in_firefox_and_a_clinician_in_chromium(tmp_path: Path) -> None:
    run_in_namespace("tests.e2e.firefox_call", str(tmp_path), ADDRESS)
