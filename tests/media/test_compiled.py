"""The relay is compiled from its own source where a compiler is, and does the same from the source as it is."""

from __future__ import annotations

import asyncio
import shutil
import subprocess
import sys
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest
import uvloop

import media.relay
from media.port import MediaSocket

PROJECT = Path(__file__).parents[2]


def run(*arguments: str) -> str:
    done = subprocess.run([sys.executable, *arguments], cwd=PROJECT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_it_is_compiled_where_a_compiler_is_and_nowhere_else() -> None:
    assert media.relay.__file__.endswith(".so" if shutil.which("cc") else ".py")


@pytest.mark.parametrize("loop", [asyncio.run, uvloop.run])
def test_the_port_is_opened_and_let_go_on_either_loop(loop: Callable[[Coroutine[Any, Any, None]], None]) -> None:
    async def opened_and_closed() -> None:
        socket = MediaSocket("127.0.0.1", 0)
        socket.start()
        socket.close()
        socket.close()

    loop(opened_and_closed())


def test_calls_and_repairs_go_the_same_way_from_the_source() -> None:
    said = run(
        "-c", "import tests.interpreted, media.relay, media.batch; print(media.relay.__file__, media.batch.__file__)"
    )
    assert [Path(each).suffix for each in said.split()] == [".py", ".py"]
    said = run("-m", "pytest", "-q", "-p", "tests.interpreted", "-p", "no:cacheprovider", "tests/media/test_relay.py")
    assert " passed" in said
    assert "skipped" not in said
