"""Garbage is looked for while a process serves, and what it was started with is passed over."""

from __future__ import annotations

import subprocess
import sys

PROGRAM = """
import gc
from web import collector
collector.rest()
import web.serve
assert not gc.isenabled()
known = len(gc.get_objects())
collector.begin()
assert gc.isenabled()
print(known, len(gc.get_objects()))
"""


def test_what_a_process_starts_with_is_never_gone_through_again() -> None:
    said = subprocess.run([sys.executable, "-c", PROGRAM], check=True, capture_output=True, text=True).stdout
    before, after = map(int, said.split())
    assert before > 100_000
    assert after < 1_000
