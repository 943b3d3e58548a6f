"""Where a request comes from, behind a reverse proxy too: as far as those that are trusted tell. Pure but for `of`."""

from __future__ import annotations

from collections.abc import Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

from aiohttp import web

Network = IPv4Network | IPv6Network
_Address = IPv4Address | IPv6Address

MOST_HOPS = 20
"""Addresses of X-Forwarded-For that are looked at, from the right: nobody has as many proxies of their own."""


class Addresses:
    """`trusted`: the networks of the proxies whose X-Forwarded-For is believed; nobody's, when empty."""

    def __init__(self, trusted: Sequence[Network]) -> None:
        self._trusted = tuple(trusted)

    def of(self, request: web.Request) -> str:
        """The address that a request comes from, as text; empty when it comes over no network."""
        return self.client(request.remote or "", request.headers.getall("X-Forwarded-For", ()))

    def client(self, peer: str, forwarded_for: Sequence[str]) -> str:
        """The right-most address that is no trusted proxy's.

        What stands to the left of it was written by somebody who may say anything. Where a proxy wrote something that is no
        address, it is the proxy itself that the request comes from.
        """
        nearest = _read(peer)
        if nearest is None:
            return peer
        named = [each for line in forwarded_for for each in line.split(",")]
        for text in reversed(named[-MOST_HOPS:]):
            if not any(nearest in network for network in self._trusted):
                break
            before = _read(text)
            if before is None:
                break
            nearest = before
        return str(nearest)


def _read(text: str) -> _Address | None:
    """An address as proxies write it: some add the port (1.2.3.4:5678, [::1]:5678)."""
    text = text.strip()
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        address = ip_address(text)
    except ValueError:
        return None
    # A socket of both families has IPv4 peers by their mapped addresses.
    return (address.ipv4_mapped or address) if isinstance(address, IPv6Address) else address
