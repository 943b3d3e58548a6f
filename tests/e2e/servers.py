"""`venterum serve` as a process of its own, on free ports of 127.0.0.1, ended by the test."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from tests.services import free_port

READY_WITHIN_S = 120.0


@dataclass
class Server:
    """A running server: where it is, its process, and what it wrote."""

    url: str
    process: subprocess.Popen[bytes]
    log: Path
    codecs: Path

    def get(self, path: str) -> tuple[int, str]:
        """Status and body of a GET."""
        try:
            with urllib.request.urlopen(self.url + path, timeout=60) as response:
                return response.status, response.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()

    def metric(self, line: str) -> float:
        """The value of a line of /metrics, named with its labels."""
        for found in self.get("/metrics")[1].splitlines():
            name, _, value = found.rpartition(" ")
            if name == line:
                return float(value)
        raise KeyError(line)


@contextlib.contextmanager
def serving(
    home: Path, name: str = "server", *, port: int | None = None, settings: Mapping[str, str] = MappingProxyType({})
) -> Iterator[Server]:
    """Start a demonstration server that keeps its state in `home`; `settings` are VENTERUM_ variables without the prefix."""
    port = port or free_port()
    log, codecs = home / f"{name}.log", home / f"{name}.codecs"
    environment = environment_of(
        {
            "demo": "true",
            "http_port": str(port),
            "database_url": f"sqlite+aiosqlite:///{home / 'venterum.sqlite3'}",
            "key_file": str(home / "venterum.key"),
            "recordings_directory": str(home / "recordings"),
        }
        | dict(settings)
    )
    with log.open("ab") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.e2e.watched", str(codecs), "serve"],
            env=environment,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    server = Server(f"http://127.0.0.1:{port}", process, log, codecs)
    try:
        _wait_until_ready(server)
        yield server
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
        try:
            process.wait(60)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            raise


@contextlib.contextmanager
def media_node(home: Path, name: str, settings: Mapping[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    """Start `venterum media` as a process of its own; it is ended on leaving."""
    with (home / f"{name}.log").open("ab") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.e2e.watched", str(home / f"{name}.codecs"), "media"],
            env=environment_of(settings),
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        yield process
    finally:
        process.terminate()
        process.wait(60)


def environment_of(settings: Mapping[str, str]) -> dict[str, str]:
    """The environment of a server: whatever the caller's says of Venterum is left out."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("VENTERUM_")}
    return kept | {f"VENTERUM_{name.upper()}": value for name, value in settings.items()}


def _wait_until_ready(server: Server) -> None:
    deadline = time.monotonic() + READY_WITHIN_S
    while True:
        if server.process.poll() is not None:
            raise RuntimeError(f"the server ended with {server.process.returncode}: {server.log.read_text()}")
        with contextlib.suppress(OSError):
            if server.get("/readyz")[0] == 200:
                return
        if time.monotonic() > deadline:
            raise TimeoutError(server.log.read_text())
        time.sleep(0.05)
