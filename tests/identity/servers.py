"""Starts the two foreign identity providers on free ports of 127.0.0.1, each for as long as a test needs it."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from tests.services import free_port

READY_WITHIN_S = 60.0
HERE = Path(__file__).parent
NODE = HERE.parent.parent / "tools" / "with-node"

People = Mapping[str, Mapping[str, Any]]
"""The claims of each person, by the subject that they log in as."""


@contextlib.contextmanager
def mock_provider(people: People) -> Iterator[str]:
    """PyPI's oidc-provider-mock: it takes any client; yields its issuer."""
    port = free_port()
    arguments = ["--port", str(port), "--require-nonce", "true"]
    for subject, claims in people.items():
        arguments += ["--user-claims", json.dumps({"sub": subject, **claims})]
    with _running([sys.executable, "-m", "oidc_provider_mock", *arguments], f"http://127.0.0.1:{port}") as issuer:
        yield issuer


@contextlib.contextmanager
def node_provider(people: People, client: Mapping[str, Any]) -> Iterator[str]:
    """npm's oidc-provider with one registered client; yields its issuer."""
    port = free_port()
    known = json.dumps({"port": port, "client": dict(client), "people": {key: dict(of) for key, of in people.items()}})
    with _running([str(NODE), "node", str(HERE / "server.mjs"), known], f"http://127.0.0.1:{port}") as issuer:
        yield issuer


@contextlib.contextmanager
def _running(command: list[str], issuer: str) -> Iterator[str]:
    with tempfile.TemporaryFile() as output:
        process = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT, env=os.environ | {"NO_COLOR": "1"})
        try:
            deadline = time.monotonic() + READY_WITHIN_S
            while not _answers(issuer):
                if process.poll() is not None or time.monotonic() > deadline:
                    output.seek(0)
                    raise TimeoutError(f"The provider does not answer: {output.read()[-2000:]!r}")
                with contextlib.suppress(subprocess.TimeoutExpired):
                    process.wait(0.05)
            yield issuer
        finally:
            process.terminate()
            process.wait(60)


def _answers(issuer: str) -> bool:
    try:
        with urllib.request.urlopen(f"{issuer}/.well-known/openid-configuration", timeout=10) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False
