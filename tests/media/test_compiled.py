"""The relay is compiled from its own source where a compiler is, and does the same from the source as it is."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import media.relay

PROJECT = Path(__file__).parents[2]


def run(*arguments: str) -> str:
    done = subprocess.run([sys.executable, *arguments], cwd=PROJECT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.skipif(shutil.which("cc") is None, reason="there is no C compiler to compile it with")
def test_it_is_compiled_where_a_compiler_is() -> None:
    assert not media.relay.__file__.endswith(".py")


def test_calls_and_repairs_go_the_same_way_from_the_source() -> None:
    said = run(
        "-c", "import tests.interpreted, media.relay, media.batch; print(media.relay.__file__, media.batch.__file__)"
    )
    assert [Path(each).suffix for each in said.split()] == [".py", ".py"]
    said = run("-m", "pytest", "-q", "-p", "tests.interpreted", "-p", "no:cacheprovider", "tests/media/test_relay.py")
    assert " passed" in said
    assert "skipped" not in said
