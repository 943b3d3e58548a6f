"""Debian's Firefox, driven by WebDriver BiDi (W3C) over its WebSocket: just enough to load a page and run scripts in it."""

from __future__ import annotations

import asyncio
import json
import re
import shutil
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp

BOUND_S = 60.0

PREFERENCES = {
    "media.navigator.permission.disabled": True,
    "media.navigator.streams.fake": True,
    "media.peerconnection.ice.loopback": True,
    "media.peerconnection.ice.obfuscate_host_addresses": False,
    "media.autoplay.default": 0,
    "browser.shell.checkDefaultBrowser": False,
    "datareporting.policy.dataSubmissionEnabled": False,
    "app.update.disabledForTesting": True,
    "intl.accept_languages": "da-DK",
}


class Firefox:
    """One browser with one page."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self._socket = socket
        self._next = 0
        self._context = ""

    async def begin(self) -> None:
        await self._command("session.new", {"capabilities": {}})
        tree = await self._command("browsingContext.getTree", {})
        self._context = tree["contexts"][0]["context"]

    async def goto(self, url: str) -> None:
        await self._command("browsingContext.navigate", {"context": self._context, "url": url, "wait": "complete"})

    async def evaluate(self, expression: str) -> Any:
        """The value of an expression, awaited when it is a promise; by JSON, so plain values alone."""
        answer = await self._command(
            "script.evaluate",
            {
                "expression": f"(async () => JSON.stringify((await ({expression})) ?? null))()",
                "target": {"context": self._context},
                "awaitPromise": True,
                "userActivation": True,
            },
        )
        if answer["type"] != "success":
            raise AssertionError(answer["exceptionDetails"]["text"])
        return json.loads(answer["result"]["value"])

    async def click(self, role: str, name: str) -> None:
        """Click what has this role (button or link) and a text with `name` in it, once it is there."""
        tag = {"button": "button", "link": "a"}[role]
        script = (
            f"[...document.querySelectorAll('{tag}')].filter(e => e.textContent.includes({json.dumps(name)}) && !e.disabled)"
            ".map(e => (e.click(), true))[0] ?? false"
        )
        await self.until(script)

    async def until(self, expression: str) -> Any:
        """Wait until an expression is true; its value. Fails after `BOUND_S`, with what the page says."""
        try:
            async with asyncio.timeout(BOUND_S):
                while True:
                    try:
                        value = await self.evaluate(expression)
                    except AssertionError:
                        value = None  # the page is on its way to another
                    if value:
                        return value
                    await asyncio.sleep(0.1)
        except TimeoutError:
            raise AssertionError(
                f"{expression} never held on: {await self.evaluate('document.body.innerText')}"
            ) from None

    async def _command(self, method: str, parameters: dict[str, Any]) -> dict[str, Any]:
        self._next += 1
        await self._socket.send_json({"id": self._next, "method": method, "params": parameters})
        async for message in self._socket:
            answer = json.loads(message.data)
            if answer.get("id") == self._next:
                if answer["type"] == "error":
                    raise AssertionError(f"{method}: {answer['message']}")
                result: dict[str, Any] = answer["result"]
                return result
        raise ConnectionError("Firefox is gone")


@asynccontextmanager
async def firefox(home: Path) -> AsyncIterator[Firefox]:
    """Start Firefox without a window and with fake devices, on a profile of its own; it is ended on leaving."""
    program = shutil.which("firefox-esr")
    if program is None:
        raise RuntimeError("firefox-esr is missing: 'make test' installs it (apt-get install firefox-esr).")
    profile = home / "firefox"
    profile.mkdir()
    lines = [f"user_pref({json.dumps(name)}, {json.dumps(value)});" for name, value in PREFERENCES.items()]
    (profile / "user.js").write_text("\n".join(lines))
    process = subprocess.Popen(  # noqa: ASYNC220  (starting it is not waiting for it)
        [
            program,
            "--headless",
            "--no-remote",
            "--profile",
            str(profile),
            "--remote-debugging-port",
            "0",
            "about:blank",
        ],
        stderr=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        text=True,
    )
    try:
        url = await asyncio.wait_for(asyncio.to_thread(_address, process), BOUND_S)
        async with aiohttp.ClientSession() as session, session.ws_connect(f"{url}/session", max_msg_size=0) as socket:
            driven = Firefox(socket)
            await driven.begin()
            yield driven
    finally:
        process.terminate()
        process.wait(60)


def _address(process: subprocess.Popen[str]) -> str:
    assert process.stderr is not None
    for line in process.stderr:
        found = re.search(r"WebDriver BiDi listening on (ws://\S+)", line)
        if found:
            return found.group(1)
    raise RuntimeError("Firefox ended before it listened")
