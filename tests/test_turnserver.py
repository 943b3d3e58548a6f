"""`turnserver.conf.example`, the very file, with Debian's coturn: who gets in, whom it sends to, and how much one may take."""

from __future__ import annotations

import os
import re
import socket
import ssl
import struct
import time
from collections.abc import Callable, Iterator
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from pathlib import Path
from secrets import token_hex

import pytest
from OpenSSL import SSL

from signaling.turn import turn_credentials
from tests.services import Coturn, coturn
from tests.turn_client import (
    ALLOCATE,
    BINDING,
    COOKIE,
    LIFETIME,
    SOFTWARE,
    TRANSPORT,
    Refused,
    TurnClient,
)

Address = IPv4Address | IPv6Address
FILE = (Path(__file__).parent.parent / "turnserver.conf.example").read_text(encoding="utf-8")
EVERYBODY = (
    "denied-peer-ip=0.0.0.0-255.255.255.255\n",
    "denied-peer-ip=::-ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff\n",
)
"""The two lines that leave the media node alone as a peer. Without them it is seen that each network has a line of its own."""

SPECIAL = (
    # IANA's IPv4 Special-Purpose Address Registry; of the single addresses in it, all lie in one of these networks.
    *("0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24"),
    *("192.0.2.0/24", "192.31.196.0/24", "192.52.193.0/24", "192.88.99.0/24", "192.168.0.0/16", "192.175.48.0/24"),
    *("198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "240.0.0.0/4", "255.255.255.255/32"),
    # IANA's IPv4 Multicast Address Space Registry.
    "224.0.0.0/4",
    # IANA's IPv6 Special-Purpose Address Registry.
    *("::1/128", "::/128", "::ffff:0:0/96", "64:ff9b::/96", "64:ff9b:1::/48", "100::/64", "100:0:0:1::/64"),
    *("2001::/23", "2001::/32", "2001:2::/48", "2001:3::/32", "2001:4:112::/48", "2001:10::/28", "2001:20::/28"),
    *("2001:30::/28", "2001:db8::/32", "2002::/16", "2620:4f:8000::/48", "3fff::/20", "5f00::/16", "fc00::/7"),
    "fe80::/10",
    # RFC 4291 and RFC 3879: deprecated, and multicast.
    *("::/96", "fec0::/10", "ff00::/8"),
)

PUBLIC = ("8.8.8.8", "126.255.255.255", "223.255.255.255", "2606:4700::1", "2a00::", "2620:4f:7fff:ffff::1")
"""Addresses that are nobody special's, some of them beside networks that are."""


def ranges() -> list[tuple[Address, Address]]:
    """Every denied-peer-ip of the file but the two for everybody."""
    text = FILE
    for line in EVERYBODY:
        text = text.replace(line, "")
    found = re.findall(r"^denied-peer-ip=(\S+)$", text, flags=re.MULTILINE)
    return [(ip_address(each.split("-")[0]), ip_address(each.split("-")[-1])) for each in found]


def some_of(first: Address, last: Address) -> list[str]:
    """The first address, the last, and some between, which differ from the first or the last in a single bit: coturn
    compares IPv6 addresses byte by byte, so a range may have holes."""
    span = int(last) - int(first)
    bits = [1 << bit for bit in range(0, 128, 4) if 1 << bit <= span]
    between = (int(first) + span // 3, *(int(first) + bit for bit in bits), *(int(last) - bit for bit in bits))
    found = dict.fromkeys([int(first), *between, int(last)])
    return [str(IPv4Address(each) if first.version == 4 else IPv6Address(each)) for each in found]


def some_of_network(network: IPv4Network | IPv6Network) -> list[str]:
    return some_of(network[0], network[-1])


@pytest.fixture(scope="module")
def server() -> Iterator[Coturn]:
    """coturn with the file as it is."""
    with coturn(FILE) as running:
        yield running


@pytest.fixture(scope="module")
def open_server() -> Iterator[Coturn]:
    """coturn with the file without the two lines that refuse everybody."""
    text = FILE
    for line in EVERYBODY:
        assert line in text
        text = text.replace(line, "")
    with coturn(text) as running:
        yield running


def client(server: Coturn, name: str | None = None, *, lifetime_s: int = 600) -> TurnClient:
    """A client with fresh credentials, by a name of its own."""
    made = turn_credentials(server.secret, name or token_hex(8), now_s=time.time(), lifetime_s=lifetime_s)
    return TurnClient(server.port, made.username, made.password)


@pytest.fixture(scope="module")
def relays(server: Coturn, open_server: Coturn) -> Iterator[dict[tuple[str, int], TurnClient]]:
    """Clients with an allocation: by which server, and for peers of which IP version."""
    clients = {}
    for name, each in (("as it is", server), ("open", open_server)):
        for version in (4, 6):
            clients[name, version] = client(each)
            clients[name, version].allocate(version)
    yield clients
    for each_client in clients.values():
        each_client.__exit__(None, None, None)


def forbidden(relay: TurnClient, peer: str) -> bool:
    """Whether the server refuses to send to the peer, and for that it is forbidden."""
    code = code_of(lambda: relay.permit(peer))
    assert code in (None, 403)
    return code == 403


def code_of(request: Callable[[], object]) -> int | None:
    """What the request is refused with; None when it is not."""
    try:
        request()
    except Refused as refused:
        return refused.code
    return None


# Who gets in.


def test_a_fresh_credential_is_taken(server: Coturn) -> None:
    with client(server) as relay:
        (host, port), _ = relay.allocate()
        assert host == "127.0.0.1"
        assert 49152 <= port <= 65535
        assert relay.refresh(0) == 0


def test_anonymous_expired_and_forged_credentials_are_refused(server: Coturn) -> None:
    now = time.time()
    good = turn_credentials(server.secret, "a", now_s=now, lifetime_s=600)
    old = turn_credentials(server.secret, "a", now_s=now - 601, lifetime_s=600)
    foreign = turn_credentials("another secret", "a", now_s=now, lifetime_s=600)
    for username, password in (
        (None, ""),
        (old.username, old.password),
        (foreign.username, foreign.password),
        (good.username, old.password),  # the time moved on in the name alone
        (good.username + "b", good.password),
        ("a", good.password),
        (good.username, ""),
    ):
        with TurnClient(server.port, username, password) as stranger, pytest.raises(Refused) as refused:
            stranger.allocate()
        assert refused.value.code == 401


def test_a_file_without_a_secret_lets_nobody_in() -> None:
    with coturn(FILE, has_secret=False) as unset:
        for secret in ("", unset.secret):
            made = turn_credentials(secret, "a", now_s=time.time(), lifetime_s=600)
            username, password = made.username, made.password
            with TurnClient(unset.port, username, password) as stranger, pytest.raises(Refused) as refused:
                stranger.allocate()
            assert refused.value.code == 401


def test_a_call_outlives_its_credentials(server: Coturn) -> None:
    with client(server, lifetime_s=1) as relay, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as node:
        node.bind(("127.0.0.1", 0))
        node.settimeout(5)
        relay.allocate()
        relay.permit("127.0.0.1")
        deadline = time.monotonic() + 60
        expires_at_s = int(str(relay.username).partition(":")[0])
        code = None
        while code is None:  # until those of the same age are refused to somebody new
            assert time.monotonic() < deadline
            time.sleep(0.1)
            as_old = turn_credentials(server.secret, token_hex(8), now_s=expires_at_s, lifetime_s=0)
            with TurnClient(server.port, as_old.username, as_old.password) as late:
                code = code_of(late.allocate)
        assert code == 401
        assert relay.refresh() == 600
        relay.permit("127.0.0.1")
        relay.send(node.getsockname(), b"still here")
        assert node.recv(100) == b"still here"


def test_plain_stun_and_dtls_get_no_answer(server: Coturn) -> None:
    """A request after them on the same socket is answered, so they had their turn."""
    hello = SSL.Connection(SSL.Context(SSL.DTLS_METHOD), None)
    hello.set_connect_state()
    with pytest.raises(SSL.WantReadError):
        hello.do_handshake()
    with client(server) as asking:
        asking.say(struct.pack("!HHI", BINDING, 0, COOKIE) + os.urandom(12))
        asking.say(hello.bio_read(2000))
        asking.allocate()
        assert asking.unasked == []


def test_the_server_says_no_version(server: Coturn) -> None:
    with client(server) as relay:
        _, said = relay.allocate()
        assert LIFETIME in said
        assert SOFTWARE not in said


def test_there_is_no_control_port() -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        cli_port: int = probe.getsockname()[1]
    with coturn(FILE, f"--cli-port={cli_port}"), pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", cli_port), timeout=1)


@pytest.mark.parametrize(
    ("newest", "is_taken"),
    [
        (ssl.TLSVersion.TLSv1, False),
        (ssl.TLSVersion.TLSv1_1, False),
        (ssl.TLSVersion.TLSv1_2, True),
    ],
)
@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # the old versions are named to see them refused
def test_only_tls_as_it_should_be(server: Coturn, newest: ssl.TLSVersion, is_taken: bool) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.set_ciphers("ALL:@SECLEVEL=0")  # or this end would refuse the old versions itself
    context.minimum_version = context.maximum_version = newest
    with socket.create_connection(("127.0.0.1", server.tls_port), timeout=1) as plain:
        if is_taken:
            plain.settimeout(5)
            with context.wrap_socket(plain) as secured:
                cipher, _, _ = secured.cipher() or ("none", "", 0)
                assert "GCM" in cipher or "CHACHA20" in cipher
        else:
            # coturn says nothing to a version that it does not speak.
            with pytest.raises(OSError, match=r"alert|reset|EOF|timed out"):
                context.wrap_socket(plain)


# How much one may take.


def test_one_user_name_has_its_quota(server: Coturn) -> None:
    (quota,) = map(int, re.findall(r"^user-quota=(\d+)$", FILE, re.MULTILINE))
    clients = [client(server, "greedy") for _ in range(quota + 1)]
    for each in clients[:-1]:
        each.allocate()
    with pytest.raises(Refused) as refused:
        clients[-1].allocate()
    assert refused.value.code == 486
    with client(server, "modest") as other:
        other.allocate()
    for each in clients:
        each.__exit__(None, None, None)


def test_an_allocation_lasts_ten_minutes_at_most(server: Coturn) -> None:
    with client(server) as relay:
        _, said = relay.allocate(lifetime_s=86_400)
        assert struct.unpack("!I", said[LIFETIME])[0] <= 600
        assert relay.refresh(86_400) <= 600


def test_it_relays_no_tcp(server: Coturn) -> None:
    with client(server) as relay, pytest.raises(Refused) as refused:
        relay.ask(ALLOCATE, {TRANSPORT: bytes([6, 0, 0, 0])})
    assert refused.value.code == 442


# Whom it sends to.


def test_the_media_node_is_reached_both_ways(server: Coturn) -> None:
    with client(server) as relay, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as node:
        node.bind(("127.0.0.1", 0))
        node.settimeout(5)
        relayed, _ = relay.allocate()
        relay.permit("127.0.0.1")
        relay.send(node.getsockname(), b"there")
        data, sender = node.recvfrom(100)
        assert (data, sender) == (b"there", relayed)
        node.sendto(b"and back", sender)
        assert relay.receive() == b"and back"


@pytest.mark.parametrize("network", SPECIAL)
def test_every_special_purpose_network_is_denied(relays: dict[tuple[str, int], TurnClient], network: str) -> None:
    """On the file as it is and, but for the very node that is allowed, by lines of their own."""
    parsed = ip_network(network)
    for name in ("as it is", "open"):
        peers = [peer for peer in some_of_network(parsed) if peer != "127.0.0.1"]
        assert peers
        let_through = [peer for peer in peers if not forbidden(relays[name, parsed.version], peer)]
        assert let_through == [], name


@pytest.mark.parametrize("first_last", ranges(), ids=lambda first_last: f"{first_last[0]}-{first_last[1]}")
def test_every_line_of_the_file_denies(
    relays: dict[tuple[str, int], TurnClient], first_last: tuple[Address, Address]
) -> None:
    relay = relays["open", first_last[0].version]
    assert [peer for peer in some_of(*first_last) if peer != "127.0.0.1" and not forbidden(relay, peer)] == []


@pytest.mark.parametrize("peer", PUBLIC)
def test_everybody_else_is_denied_by_two_lines(relays: dict[tuple[str, int], TurnClient], peer: str) -> None:
    version = ip_address(peer).version
    assert forbidden(relays["as it is", version], peer)
    assert not forbidden(relays["open", version], peer)


def test_a_node_in_a_private_network_is_reached_when_it_is_named() -> None:
    """What is allowed comes before what is denied, or no installation inside a hospital could work."""
    with coturn(FILE, "--allowed-peer-ip=10.1.2.3", "--allowed-peer-ip=fd00::7") as running, client(running) as relay:
        relay.allocate()
        assert not forbidden(relay, "10.1.2.3")
        assert forbidden(relay, "10.1.2.4")
        with client(running) as relay_6:
            relay_6.allocate(6)
            assert not forbidden(relay_6, "fd00::7")
            assert forbidden(relay_6, "fd00::8")
