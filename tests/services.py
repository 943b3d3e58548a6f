"""Throw-away PostgreSQL, Redis, coturn and nginx for tests: each starts by itself, waits until it answers, stops at exit."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import os
import pwd
import re
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from cryptography.x509.oid import NameOID

MEMORY_BYTES = 2 << 30
"""As much has to be free of the memory's file system for PostgreSQL to be put there."""

READY_WITHIN_S = 60.0
"""How long a server may take before it answers, in seconds; past it the test fails."""
_STOPPED_WITHIN_S = 30.0
_POLL_S = 0.02


class ServiceMissing(Exception):
    """A server that the tests need is not on this machine."""


@contextlib.contextmanager
def postgres() -> Iterator[str]:
    """A PostgreSQL cluster of its own, on a Unix socket alone; yields the URL of an empty database.

    Raises:
        ServiceMissing: Debian's PostgreSQL is not installed.
        TimeoutError: it did not answer in time.
    """
    binaries = _postgres_binaries()
    account = _account()
    # In memory where there is some: a database for each test is much to write. (Nor may a Unix socket's path be long.)
    memory = Path("/dev/shm")
    roomy = memory.is_dir() and shutil.disk_usage(memory).free > MEMORY_BYTES
    home = Path(tempfile.mkdtemp(prefix="venterum-pg-", dir=memory if roomy else None))
    try:
        if account is not None:
            os.chown(home, account.pw_uid, account.pw_gid)
        data = home / "data"
        become = _become(account)
        initdb = [*become, f"{binaries}/initdb", "-D", f"{data}", "-U", "postgres", "-A", "trust"]
        subprocess.run([*initdb, "-E", "UTF8", "--locale=C", "--no-sync"], check=True, capture_output=True, cwd=home)
        server = [*become, f"{binaries}/postgres", "-D", f"{data}", "-k", f"{home}", "-c", "listen_addresses="]
        # Nothing here outlives the test, so nothing is flushed to the disk.
        with _running([*server, "-c", "fsync=off", "-c", "full_page_writes=off"], home) as process:
            _wait_until(lambda: _postgres_answers(binaries, home), process, home)
            yield f"postgresql+asyncpg://postgres@/postgres?host={home}"
    finally:
        shutil.rmtree(home, ignore_errors=True)


@contextlib.contextmanager
def redis_server(port: int | None = None) -> Iterator[str]:
    """A Redis that keeps nothing, on 127.0.0.1 and a free port where none is given; yields its URL.

    Raises:
        ServiceMissing: redis-server is not installed.
        TimeoutError: it did not answer in time.
    """
    binary = shutil.which("redis-server")
    if binary is None:
        raise ServiceMissing("redis-server is missing: 'make test' installs it (apt-get install redis-server).")
    home = Path(tempfile.mkdtemp(prefix="venterum-redis-"))
    port = port or free_port()
    try:
        arguments = ["--port", str(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]
        with _running([binary, *arguments, "--dir", str(home)], home) as process:
            _wait_until(lambda: _redis_answers(port), process, home)
            yield f"redis://127.0.0.1:{port}/0"
    finally:
        shutil.rmtree(home, ignore_errors=True)


@dataclass(frozen=True, slots=True)
class Coturn:
    """A running coturn on 127.0.0.1 and ::1. `port` takes UDP and TCP, `tls_port` TLS."""

    port: int
    tls_port: int
    secret: str = field(repr=False)
    key_hash: str
    """Base64 of SHA-256 of the certificate's public key, by which a browser can be told to trust it."""


@contextlib.contextmanager
def coturn(configuration: str, *options: str, has_secret: bool = True) -> Iterator[Coturn]:
    """coturn with a configuration of which only what is an installation's own is set here.

    That is: ports, certificate, secret, and the test's media node at 127.0.0.1 as the peer that is allowed, for which
    loopback has to be asked for too. It keeps no database but an empty one of its own.

    Args:
        configuration: the text of `turnserver.conf.example`.
        options: more for the command line.
        has_secret: without, the file's secret stays unset.

    Raises:
        ServiceMissing: coturn is not installed.
        TimeoutError: it did not answer in time.
    """
    binary = shutil.which("turnserver")
    if binary is None:
        raise ServiceMissing("coturn is missing: 'make test' installs it (apt-get install coturn).")
    home = Path(tempfile.mkdtemp(prefix="venterum-coturn-"))
    port, tls_port = free_port(), free_port()
    made = Coturn(port, tls_port, secrets.token_hex(32), self_signed(home / "cert.pem", home / "key.pem"))
    own = {"static-auth-secret": made.secret} if has_secret else {}
    own |= {
        "allowed-peer-ip": "127.0.0.1",
        "cert": str(home / "cert.pem"),
        "pkey": str(home / "key.pem"),
        "listening-port": str(port),
        "tls-listening-port": str(tls_port),
    }
    try:
        file = home / "turnserver.conf"
        file.write_text(_with_own(configuration, own), encoding="utf-8")
        addresses = [f"--{what}-ip={ip}" for what in ("listening", "relay") for ip in ("127.0.0.1", "::1")]
        places = [f"--pidfile={home / 'pid'}", f"--userdb={home / 'turndb'}"]
        command = [binary, "-c", str(file), "--allow-loopback-peers", *addresses, *places, *options]
        with _running(command, home) as process:
            _wait_until(lambda: _relays(port) and _listens(port) and _listens(tls_port), process, home)
            yield made
    finally:
        shutil.rmtree(home, ignore_errors=True)


@dataclass(frozen=True, slots=True)
class Nginx:
    """A running nginx on 127.0.0.1 and ::1, that takes TLS."""

    url: str
    key_hash: str
    """As with coturn."""
    access_log: Path


@contextlib.contextmanager
def nginx(configuration: str, port: int, upstream: int) -> Iterator[Nginx]:
    """nginx as a reverse proxy, with a configuration of which only what is an installation's own is set here.

    Args:
        configuration: the text of `nginx.conf.example`.
        port: where it listens.
        upstream: the port of 127.0.0.1 at which Venterum serves, now or later.

    Raises:
        ServiceMissing: nginx is not installed.
        TimeoutError: it did not answer in time.
    """
    binary = shutil.which("nginx", path=f"{os.environ.get('PATH', os.defpath)}:/usr/sbin")
    if binary is None:
        raise ServiceMissing("nginx is missing: 'make test' installs it (apt-get install nginx-light).")
    home = Path(tempfile.mkdtemp(prefix="venterum-nginx-"))
    made = Nginx(f"https://127.0.0.1:{port}", self_signed(home / "cert.pem", home / "key.pem"), home / "access.log")
    own = {
        "listen 443": f"listen 127.0.0.1:{port}",
        "listen [::]:443": f"listen [::1]:{port}",
        "ssl_certificate /etc/ssl/video.example.pem": f"ssl_certificate {home}/cert.pem",
        "ssl_certificate_key /etc/ssl/private/video.example.key": f"ssl_certificate_key {home}/key.pem",
        "proxy_pass http://127.0.0.1:8080": f"proxy_pass http://127.0.0.1:{upstream}",
        "access_log /var/log/nginx/venterum.log": f"access_log {made.access_log}",
    }
    try:
        for theirs, ours in own.items():
            if configuration.count(theirs) != 1:
                raise ValueError(f"{theirs} stands {configuration.count(theirs)} times in the configuration")
            configuration = configuration.replace(theirs, ours)
        (home / "venterum.conf").write_text(configuration, encoding="utf-8")
        temporary = "".join(
            f"    {kind}_temp_path {home}/{kind};\n" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
        )
        (home / "nginx.conf").write_text(
            f"daemon off;\npid {home}/pid;\nerror_log stderr;\nevents {{}}\n"
            f"http {{\n{temporary}    include {home}/venterum.conf;\n}}\n",
            encoding="utf-8",
        )
        home.chmod(0o755)  # root's nginx works as somebody else
        with _running([binary, "-e", "stderr", "-c", str(home / "nginx.conf")], home) as process:
            _wait_until(lambda: _listens(port), process, home)
            yield made
    finally:
        shutil.rmtree(home, ignore_errors=True)


def self_signed(certificate: Path, key: Path) -> str:
    """Make a certificate for 127.0.0.1 that nobody has signed; Base64 of SHA-256 of its public key (RFC 7469)."""
    private = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder(name, name, private.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .sign(private, SHA256())
    )
    certificate.write_bytes(made.public_bytes(Encoding.PEM))
    key.write_bytes(private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    public = private.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return base64.b64encode(hashlib.sha256(public).digest()).decode()


def _with_own(configuration: str, own: dict[str, str]) -> str:
    """The configuration with these options' values put in; each has to stand there once, commented out or not."""
    for name, value in own.items():
        configuration, found = re.subn(rf"^#?{name}=.*$", f"{name}={value}", configuration, flags=re.MULTILINE)
        if found != 1:
            raise ValueError(f"{name} stands {found} times in the configuration")
    return configuration


def _relays(port: int) -> bool:
    """Whether a TURN server answers by UDP: an Allocate request (RFC 8656) without credentials is refused, which will do."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe, contextlib.suppress(OSError):
        probe.settimeout(0.2)
        probe.connect(("127.0.0.1", port))
        probe.send(bytes.fromhex("000300002112a442") + secrets.token_bytes(12))
        return bool(probe.recv(2000))
    return False


def _listens(port: int) -> bool:
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
        return True
    return False


@contextlib.contextmanager
def _running(command: list[str], home: Path) -> Iterator[subprocess.Popen[bytes]]:
    """The process, with its output in `home/output`, ended at exit: asked first, then killed."""
    with (home / "output").open("wb") as output:
        process = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT, cwd=home)
    try:
        yield process
    finally:
        # PostgreSQL waits on SIGTERM for its clients to go; SIGINT sends them away. Redis takes either.
        process.send_signal(signal.SIGINT)
        try:
            process.wait(_STOPPED_WITHIN_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait_until(answers: Callable[[], bool], process: subprocess.Popen[bytes], home: Path) -> None:
    deadline = time.monotonic() + READY_WITHIN_S
    while not answers():
        died = process.poll() is not None
        if died or time.monotonic() > deadline:
            output = (home / "output").read_text(errors="replace")
            raise TimeoutError(f"The server {'ended' if died else 'does not answer'}: {output[-2000:]}")
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(_POLL_S)


def _postgres_binaries() -> Path:
    """Debian keeps one directory a version, and none of them on the PATH; the newest is taken."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"), key=lambda path: float(path.parts[-3]))
    if found:
        return found[-1].parent
    on_path = shutil.which("postgres")
    if on_path is None:
        raise ServiceMissing("PostgreSQL is missing: 'make test' installs it (apt-get install postgresql).")
    return Path(on_path).resolve().parent


def _postgres_answers(binaries: Path, home: Path) -> bool:
    command = [f"{binaries}/pg_isready", "-q", "-h", f"{home}", "-U", "postgres", "-d", "postgres"]
    return subprocess.run(command, check=False).returncode == 0


def _redis_answers(port: int) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=1) as connection:
            connection.sendall(b"PING\r\n")
            return connection.recv(7) == b"+PONG\r\n"
    except OSError:
        return False


def free_port() -> int:
    """A TCP port of 127.0.0.1 that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _account() -> pwd.struct_passwd | None:
    """Whom to run PostgreSQL as: it refuses root. None: as whoever runs the tests."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        with contextlib.suppress(KeyError):
            return pwd.getpwnam(name)
    raise ServiceMissing("PostgreSQL refuses to run as root, and there is no account 'postgres' or 'nobody'.")


def _become(account: pwd.struct_passwd | None) -> list[str]:
    """What to put before a command to run it as the account."""
    if account is None:
        return []
    # runuser would stand between us and the server's signals; setpriv becomes the server.
    return ["setpriv", f"--reuid={account.pw_uid}", f"--regid={account.pw_gid}", "--clear-groups"]
