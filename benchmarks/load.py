"""Sends the schedules of many legs and receives what comes back, in one thread on one core, and tells what it cost in time.

Arrivals are stamped by the kernel (SO_TIMESTAMPNS), so that what the load does meanwhile is not counted as transit.
"""

from __future__ import annotations

import gc
import select
import socket
import struct
import time
from dataclasses import dataclass
from operator import itemgetter

from .legs import Schedule

SO_TIMESTAMPNS = 35
_ANCILLARY_BYTES = socket.CMSG_SPACE(16)
_DRAIN_SECONDS = 0.5


@dataclass(frozen=True)
class Wire:
    """One leg's socket, where it sends to, and which leg receives what it sends."""

    socket: socket.socket
    to: tuple[str, int]
    receiver: int


@dataclass(frozen=True)
class Outcome:
    """Packets sent and received, and the transit of each received one in milliseconds, sorted."""

    sent: int
    received: int
    seconds: float
    transits_ms: list[float]
    late_ms: float
    """How far behind its schedule the load ever was: beyond a few milliseconds the figures are the load's own."""

    @property
    def lost(self) -> float:
        return 1 - self.received / self.sent if self.sent else 0.0

    def transit_ms(self, share: float) -> float:
        """The transit that a share of the packets stays within, for instance 0.99."""
        if not self.transits_ms:
            return float("nan")
        return self.transits_ms[min(int(share * len(self.transits_ms)), len(self.transits_ms) - 1)]


def run(wires: list[Wire], schedules: list[Schedule]) -> Outcome:
    """Send everything when it is due; returns half a second after the last packet."""
    due = sorted(
        ((at, leg, packet, kind, number) for leg, made in enumerate(schedules) for at, packet, kind, number in made),
        key=itemgetter(0),
    )
    sent_at: dict[tuple[int, int, int], int] = {}
    first_sent: dict[tuple[int, int], int] = {}
    first_received: dict[tuple[int, int], int] = {}
    arrivals: list[tuple[int, int, int, int]] = []
    poller = select.epoll()
    by_descriptor = {}
    for leg, wire in enumerate(wires):
        wire.socket.setblocking(False)
        wire.socket.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
        wire.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
        poller.register(wire.socket, select.EPOLLIN)
        by_descriptor[wire.socket.fileno()] = leg
    gc.collect()
    gc.disable()
    began, position, late = time.perf_counter(), 0, 0.0
    while True:
        now = time.perf_counter() - began
        while position < len(due) and due[position][0] <= now:
            at, leg, packet, payload_type, number = due[position]
            wire = wires[leg]
            if payload_type >= 0:
                sent_at[leg, payload_type, number] = time.time_ns()
                first_sent.setdefault((leg, payload_type), number)
            wire.socket.sendto(packet, wire.to)
            late = max(late, now - at)
            position += 1
        end = due[position][0] if position < len(due) else due[-1][0] + _DRAIN_SECONDS
        wait = end - (time.perf_counter() - began)
        if position == len(due) and wait <= 0:
            break
        ready = poller.poll(max(wait, 0))
        for descriptor, _ in ready:
            leg = by_descriptor[descriptor]
            while True:
                try:
                    data, ancillary, _, _ = wires[leg].socket.recvmsg(2048, _ANCILLARY_BYTES)
                except BlockingIOError:
                    break
                if len(data) > 12 and 127 < data[0] < 192 and not 192 <= data[1] <= 223:
                    seconds, nanoseconds = struct.unpack("qq", ancillary[0][2])
                    arrivals.append((leg, data[1] & 0x7F, data[2] << 8 | data[3], seconds * 10**9 + nanoseconds))
    took = time.perf_counter() - began - _DRAIN_SECONDS
    gc.enable()
    poller.close()
    sender_of = {wire.receiver: leg for leg, wire in enumerate(wires)}
    transits = []
    for leg, payload_type, number, at in arrivals:
        sender = sender_of[leg]
        # Numbers may be shifted by the relay, by the same amount for a whole stream; nothing is reordered on loopback.
        first = first_received.setdefault((leg, payload_type), number)
        original = (number - first + first_sent[sender, payload_type]) & 0xFFFF
        if (sender, payload_type, original) in sent_at:
            transits.append((at - sent_at[sender, payload_type, original]) / 1e6)
    return Outcome(len(sent_at), len(arrivals), took, sorted(transits), late * 1000)
