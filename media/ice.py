"""One leg's ICE agent on the node's port: aioice's, with bounds; the one file that touches aioice's private parts.

It gathers nothing: the addresses to offer are configuration. Remote candidates are never added: the browser can always reach
the node, so its checks make the pairs (peer-reflexive, RFC 8445 section 7.3.1.3), and no offer can make this node send to an
address of its choice. To wherever else a signed check comes from goes a check and no more; media follows once that is answered
from there, each time anew. So a check that somebody caught and sends again from elsewhere moves nothing.
"""

from __future__ import annotations

import asyncio
import struct
from collections.abc import Callable, Sequence
from time import monotonic
from typing import Any

import aioice
from aioice.candidate import candidate_foundation, candidate_priority
from aioice.ice import CandidatePair, StunProtocol
from aioice.stun import Message, TransactionFailed, TransactionTimeout

from .allowance import Allowance
from .port import Address, MediaSocket

MAX_PAIRS = 16
"""Addresses that one leg may be checked at. Past that the oldest unproven one makes room."""

CHECKS_PER_SECOND, CHECKS_AT_ONCE = 50.0, 100.0
"""Signed requests taken from the nominated address, and as many from all others: browsers send at most 21 a second."""

MAX_HANDSHAKE_DATAGRAMS = 64
"""DTLS datagrams of one leg that wait to be read; past that they are dropped, and DTLS sends them again."""


class IceAgent(aioice.Connection):
    """aioice's agent, controlled (the browser nominates), on a port that it shares with all others.

    `on_nominated` is called with the remote address whenever another one is to be used.
    """

    def __init__(self, socket: MediaSocket, addresses: Sequence[Address], username: str) -> None:
        super().__init__(ice_controlling=False, local_username=username)
        self._socket = socket
        self._addresses = addresses
        self._address: Address | None = None
        self._from_nominated = Allowance(CHECKS_PER_SECOND, CHECKS_AT_ONCE)
        self._from_others = Allowance(CHECKS_PER_SECOND, CHECKS_AT_ONCE)
        self.password = self.local_password.encode()
        self.on_nominated: Callable[[Address], None] = lambda address: None

    async def gather_candidates(self) -> None:
        protocol = _Protocol(self, self._socket)
        protocol.connection_made(_Transport(self._socket, protocol))
        for preference, (host, port) in enumerate(self._addresses):
            self._local_candidates.append(
                aioice.Candidate(
                    foundation=candidate_foundation("host", "udp", host),
                    component=1,
                    transport="udp",
                    priority=candidate_priority(1, "host", local_pref=65535 - preference),
                    host=host,
                    port=port,
                    type="host",
                )
            )
        protocol.local_candidate = self._local_candidates[0]
        self._protocols.append(protocol)
        self._local_candidates_start = self._local_candidates_end = True
        self._socket.listen(self.local_username, self)

    def stun_received(self, datagram: bytes, address: Address) -> None:
        allowance = self._from_nominated if address == self._address else self._from_others
        if not self._protocols or not allowance.take(monotonic() * 1000):
            self._socket.counters.crowded += 1
            return
        try:
            self._protocols[0].datagram_received(datagram, address)
        except (ValueError, KeyError, struct.error):
            # aioice takes every attribute for what its type says; from the leg's own browser, or it would not be signed.
            self._socket.counters.unreadable += 1

    def check_incoming(self, message: Message, addr: Address, protocol: StunProtocol) -> None:
        pair = next((p for p in self._check_list if p.remote_addr == addr), None)
        if pair is None:
            self._make_room()
        elif pair.state == CandidatePair.State.SUCCEEDED and pair is not self._nominated.get(1, pair):
            # It was proven once, when the browser was there: is it still?
            pair.state = CandidatePair.State.WAITING
        super().check_incoming(message, addr, protocol)

    def switch_role(self, ice_controlling: bool) -> None:
        """The browser offers, so it is the browser that nominates (RFC 8445 section 6.1.1), whatever a check or an answer says:
        an agent in the other role nominates by itself whoever answers it."""

    def _make_room(self) -> None:
        if len(self._remote_candidates) < MAX_PAIRS:
            return
        proven = [p.remote_candidate for p in self._check_list if p.state == CandidatePair.State.SUCCEEDED]
        nominated = [p.remote_candidate for p in self._nominated.values()]
        kept = proven if len(proven) < MAX_PAIRS else nominated
        oldest = next(c for c in self._remote_candidates if c not in kept and c not in nominated)
        self._remote_candidates.remove(oldest)
        for pair in [p for p in self._check_list if p.remote_candidate is oldest]:
            self._check_list.remove(pair)
            if pair.task is not None:
                pair.task.cancel()

    def check_complete(self, pair: CandidatePair) -> None:
        super().check_complete(pair)
        nominated = self._nominated.get(1)
        if nominated is not None and nominated.remote_addr != self._address:
            self._address = nominated.remote_addr
            self.on_nominated(nominated.remote_addr)

    def data_received(self, data: bytes, component: int) -> None:
        """What aioice could not read as STUN: nothing else reaches it."""
        self._socket.counters.unreadable += 1

    def handshake_received(self, datagram: bytes) -> None:
        """A DTLS datagram from the nominated address."""
        if self._queue.qsize() < MAX_HANDSHAKE_DATAGRAMS:
            self._queue.put_nowait((datagram, 1))
        else:
            self._socket.counters.crowded += 1

    async def close(self) -> None:
        self._socket.unlisten(self.local_username)
        await super().close()
        self._check_list.clear()


class _Protocol(StunProtocol):
    """Registers each check at the port while its response is awaited."""

    def __init__(self, agent: IceAgent, socket: MediaSocket) -> None:
        super().__init__(agent)
        self._agent = agent
        self._socket = socket

    async def request(
        self,
        request: Message,
        addr: Address,
        integrity_key: bytes | None = None,
        retransmissions: int | None = None,
    ) -> tuple[Message, Address]:
        with self._socket.awaiting_response(request.transaction_id, self._agent, addr):
            try:
                return await super().request(request, addr, integrity_key, retransmissions)
            except TransactionFailed:
                # aioice begins anew at every 487 (role conflict), without end, and takes any other error to have a code.
                raise TransactionTimeout from None


class _Transport(asyncio.DatagramTransport):
    """What aioice takes for a socket of its own: sends on the node's."""

    def __init__(self, socket: MediaSocket, protocol: StunProtocol) -> None:
        super().__init__()
        self._socket = socket
        self._protocol: StunProtocol | None = protocol

    def sendto(self, data: Any, addr: Any = None) -> None:
        self._socket.send(data, addr)

    def close(self) -> None:
        if self._protocol is not None:
            asyncio.get_running_loop().call_soon(self._protocol.connection_lost, None)
            self._protocol = None

    def is_closing(self) -> bool:
        return self._protocol is None
