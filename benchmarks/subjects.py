"""What is measured: each subject is a process of its own on the first core, with its calls connected, two legs to a call."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import aiohttp
import pylibsrtp

from media.control import NodeClient

from .legs import AUDIO, CIPHERS, VIDEO, Leg, Schedule, schedule

HERE = Path(__file__).parent
SUBJECT_CORE, LOAD_CORE = 0, 1
JANUS_ADDRESS = "10.99.0.1"
"""Janus offers no loopback address: in the benchmark's own network namespace this one is on a dummy interface, which the
kernel serves through loopback all the same."""


class LoadLeg(Protocol):
    """What the load needs of a connected leg."""

    @property
    def remote_address(self) -> tuple[str, int]: ...
    def take_socket(self) -> socket.socket: ...
    def prepare(self, seconds: float, phase: float) -> Schedule: ...


@dataclass(frozen=True)
class Subject:
    """A running subject: legs 2i and 2i+1 are one call."""

    pid: int
    legs: list[LoadLeg]


class Missing(Exception):
    """A peer is not on this machine; says which package brings it."""


def cpu_seconds(pid: int) -> float:
    """User and system time of a process and all its threads so far."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def memory_bytes(pid: int) -> int:
    """Resident memory of a process."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


@contextlib.contextmanager
def process(
    command: list[str], *, stdout: int = subprocess.PIPE, stderr: int | None = None, env: Mapping[str, str] = os.environ
) -> Iterator[subprocess.Popen[bytes]]:
    """Run a subject on its core; it is ended on leaving."""
    running = subprocess.Popen(
        command, stdout=stdout, stderr=stderr, env=env, preexec_fn=lambda: os.sched_setaffinity(0, {SUBJECT_CORE})
    )
    try:
        yield running
    finally:
        running.terminate()
        try:
            running.wait(5)
        except subprocess.TimeoutExpired:
            running.kill()
            running.wait()


def said(running: subprocess.Popen[bytes]) -> str:
    assert running.stdout is not None
    line = running.stdout.readline().decode().strip()
    if not line:
        raise RuntimeError("the subject ended before it began")
    return line


@dataclass(frozen=True)
class Node(Subject):
    """The media node; its calls are `call0`, `call1` and so on."""

    client: NodeClient
    url: str

    @property
    def recorder_pid(self) -> int:
        """The process that records its calls, which is the node's only child."""
        (child,) = Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text().split()
        return int(child)


@asynccontextmanager
async def relay(calls: int, cipher: str, recordings: str = "") -> AsyncIterator[Node]:
    """Venterum's media node, driven as its workers drive it; `recordings` is the directory that it records to."""
    secret = secrets.token_hex(16)
    environment = os.environ | {"SECRET": secret, "RECORDINGS": recordings}
    with process([sys.executable, "-m", "benchmarks.relay_process"], env=environment) as running:
        url = said(running)
        async with aiohttp.ClientSession() as session, AsyncExitStack() as closing:
            client = NodeClient(session, secret)
            legs: list[LoadLeg] = []
            for number in range(2 * calls):
                leg = Leg(cipher)
                answer = (await client.join(url, f"call{number // 2}", f"p{number % 2}", await leg.describe())).answer
                await leg.connect(answer)
                closing.push_async_callback(leg.close)
                legs.append(leg)
            yield Node(running.pid, legs, client, url)


class StaticLeg:
    """A leg of the floor: a socket and a key, nothing to connect."""

    def __init__(self, cipher: str, key: bytes) -> None:
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 0))
        profile = CIPHERS[cipher].libsrtp_profile
        policy = pylibsrtp.Policy(key=key, ssrc_type=pylibsrtp.Policy.SSRC_ANY_OUTBOUND, srtp_profile=profile)
        self._protect = pylibsrtp.Session(policy).protect
        self._ssrcs = {AUDIO: secrets.randbits(31), VIDEO: secrets.randbits(31)}
        self._sequences = {AUDIO: 1000, VIDEO: 1000}
        self.port: int = self._socket.getsockname()[1]
        self.remote_address = ("127.0.0.1", 0)

    def take_socket(self) -> socket.socket:
        return self._socket.dup()

    def prepare(self, seconds: float, phase: float) -> Schedule:
        return schedule(self._protect, self._ssrcs, self._sequences, seconds, phase)

    def close(self) -> None:
        self._socket.close()


@asynccontextmanager
async def floor(calls: int, cipher: str) -> AsyncIterator[Subject]:
    """The C forwarder, compiled when there is a compiler and libsrtp's headers."""
    if shutil.which("cc") is None or not Path("/usr/include/srtp2/srtp.h").exists():
        raise Missing("a C compiler and libsrtp2-dev")
    with tempfile.TemporaryDirectory() as home:
        program = f"{home}/floor"
        subprocess.run(["cc", "-O2", "-o", program, HERE / "floor.c", "-lsrtp2"], check=True)
        profile = CIPHERS[cipher]
        key = secrets.token_bytes(profile.key_length + profile.salt_length)
        legs = [StaticLeg(cipher, key) for _ in range(2 * calls)]
        with process([program, cipher, key.hex(), *(str(leg.port) for leg in legs)]) as running:
            port = int(said(running))
            for leg in legs:
                leg.remote_address = ("127.0.0.1", port)
            yield Subject(running.pid, list(legs))
        for leg in legs:
            leg.close()


JANUS = """
general: {{ configs_folder = "{home}"  plugins_folder = "{lib}/plugins"  transports_folder = "{lib}/transports"
  events_folder = "{lib}/events"  loggers_folder = "{lib}/loggers"  debug_level = 2  log_to_stdout = true  server_name = "peer" }}
media: {{ ipv6 = false  no_media_timer = 3600 }}
nat: {{ ice_enforce_list = "{address}"  full_trickle = false }}
plugins: {{ disable = "{plugins}" }}
transports: {{ disable = "{transports}" }}
events: {{ broadcast = false }}
"""


@asynccontextmanager
async def janus(calls: int, cipher: str) -> AsyncIterator[Subject]:
    """Debian's Janus with its videocall plugin: the same two legs to a call."""
    if shutil.which("janus") is None:
        raise Missing("janus")
    if JANUS_ADDRESS not in subprocess.run(["ip", "-4", "addr"], capture_output=True, text=True, check=True).stdout:
        raise Missing("the right to make a network namespace")
    (lib,) = [p for p in Path("/usr/lib").glob("*/janus")]
    with tempfile.TemporaryDirectory() as home:
        port = _free_tcp_port()
        disabled = [p.name for p in (lib / "plugins").glob("*.so") if "videocall" not in p.name]
        other = [p.name for p in (lib / "transports").glob("*.so") if "http" not in p.name]
        (Path(home) / "janus.jcfg").write_text(
            JANUS.format(
                home=home, lib=lib, address=JANUS_ADDRESS, plugins=",".join(disabled), transports=",".join(other)
            )
        )
        (Path(home) / "janus.transport.http.jcfg").write_text(
            f'general: {{ base_path = "/janus"  http = true  port = {port}  ip = "127.0.0.1"  https = false }}\n'
            "admin: { admin_http = false }\n"
        )
        with process(["janus", "-F", home], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as running:
            async with aiohttp.ClientSession() as session, AsyncExitStack() as closing:
                url = f"http://127.0.0.1:{port}/janus"
                await _until_janus_answers(session, url)
                legs: list[LoadLeg] = []
                for number in range(calls):
                    caller, callee = (_JanusUser(session, url, f"u{number}{end}") for end in "ab")
                    legs += await _janus_call(caller, callee, cipher, closing)
                yield Subject(running.pid, legs)


async def _janus_call(caller: _JanusUser, callee: _JanusUser, cipher: str, closing: AsyncExitStack) -> list[Leg]:
    first, second = Leg(cipher, JANUS_ADDRESS), Leg(cipher, JANUS_ADDRESS, controlling=False)
    for user in (caller, callee):
        await user.attach()
        closing.push_async_callback(user.close)
    for leg in (first, second):
        closing.push_async_callback(leg.close)
    await caller.say({"request": "call", "username": callee.name}, {"type": "offer", "sdp": await first.describe()})
    incoming = await callee.event("incomingcall")
    answer = await second.describe(setup="active")
    await callee.say({"request": "accept"}, {"type": "answer", "sdp": answer})
    accepted = await caller.event("accepted")
    await asyncio.gather(first.connect(accepted["sdp"]), second.connect(incoming["sdp"], role="client"))
    return [first, second]


class _JanusUser:
    """One user of the videocall plugin, by Janus' HTTP interface."""

    def __init__(self, session: aiohttp.ClientSession, url: str, name: str) -> None:
        self.name = name
        self._session = session
        self._url = url
        self._events: asyncio.Queue[tuple[str, dict[str, Any]]] = asyncio.Queue()

    async def attach(self) -> None:
        made = await self._post(self._url, {"janus": "create"})
        self._url = f"{self._url}/{made['data']['id']}"
        self._polling = asyncio.create_task(self._poll(self._url))
        made = await self._post(self._url, {"janus": "attach", "plugin": "janus.plugin.videocall"})
        self._handle = f"{self._url}/{made['data']['id']}"
        await self.say({"request": "register", "username": self.name})
        await self.event("registered")

    async def say(self, body: dict[str, Any], jsep: dict[str, Any] | None = None) -> None:
        await self._post(self._handle, {"janus": "message", "body": body} | ({"jsep": jsep} if jsep else {}))

    async def event(self, name: str) -> dict[str, Any]:
        """The description that comes with an event, waiting for it."""
        async with asyncio.timeout(10):
            while True:
                found, jsep = await self._events.get()
                if found == name:
                    return jsep

    async def close(self) -> None:
        self._polling.cancel()
        await asyncio.gather(self._polling, return_exceptions=True)

    async def _poll(self, url: str) -> None:
        while True:
            async with self._session.get(url, params={"maxev": 1}) as response:
                message = json.loads(await response.text())
            result = message.get("plugindata", {}).get("data", {}).get("result", {})
            if "event" in result:
                self._events.put_nowait((result["event"], message.get("jsep", {})))

    async def _post(self, url: str, body: dict[str, Any]) -> dict[str, Any]:
        async with self._session.post(url, json=body | {"transaction": secrets.token_hex(6)}) as response:
            said: dict[str, Any] = json.loads(await response.text())
        if said["janus"] == "error":
            raise RuntimeError(said["error"]["reason"])
        return said


async def _until_janus_answers(session: aiohttp.ClientSession, url: str) -> None:
    async with asyncio.timeout(10):
        while True:
            with contextlib.suppress(aiohttp.ClientError):
                async with session.get(url + "/info"):
                    return
            await asyncio.sleep(0.05)


def _free_tcp_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
