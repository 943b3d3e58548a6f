"""Datagrams in and out of one UDP socket, many to a system call, in memory made once (Linux: recvmmsg(2), sendmmsg(2)).

A datagram lies in a slot of `view` from its arrival until the next `receive`; whoever forwards it works on it there and queues
the slot, or what is left of it, for sending. Nothing is copied on the way and no object is made for a packet.
"""

from __future__ import annotations

import errno
import socket
import sys
from typing import Any

import cffi

SLOTS = 64
"""Datagrams to a system call."""

SLOT_BYTES = 2048
"""Room for a datagram; one that fills it is longer than any packet of a call and is dropped."""

_ffi = cffi.FFI()
_ffi.cdef(
    """
    struct iovec { void *iov_base; size_t iov_len; };
    struct msghdr {
        void *msg_name; unsigned int msg_namelen; struct iovec *msg_iov; size_t msg_iovlen;
        void *msg_control; size_t msg_controllen; int msg_flags;
    };
    struct mmsghdr { struct msghdr msg_hdr; unsigned int msg_len; };
    int recvmmsg(int fd, struct mmsghdr *messages, unsigned int count, int flags, void *timeout);
    int sendmmsg(int fd, struct mmsghdr *messages, unsigned int count, int flags);
    """
)
_libc: Any = _ffi.dlopen(None)

_NAME_BYTES = {socket.AF_INET: 16, socket.AF_INET6: 28}
_KEY = {socket.AF_INET: slice(2, 8), socket.AF_INET6: slice(2, 24)}
"""Where port and address stand in a sockaddr_in and a sockaddr_in6; for the latter the flow label stands between them."""


class Destination:
    """A remote address as the kernel takes it, made once for each peer."""

    __slots__ = ("name",)

    def __init__(self, family: int, address: tuple[str, int]) -> None:
        host, port = socket.inet_pton(family, address[0]), address[1].to_bytes(2, "big")
        head = int(family).to_bytes(2, sys.byteorder) + port
        packed = head + host + bytes(8) if family == socket.AF_INET else head + bytes(4) + host + bytes(4)
        self.name = _ffi.new("char[]", packed)


class DatagramBatch:
    """The receiving and the sending slots of one non-blocking socket.

    Attributes:
        view: all receiving slots, one after the other, `SLOT_BYTES` each.
        pointers: where each of them begins, for libsrtp.
        unsent: datagrams that the kernel did not take.
    """

    def __init__(self, udp: socket.socket) -> None:
        self._fd = udp.fileno()
        self.family = udp.family
        self._key = _KEY[udp.family]
        self._name_bytes = _NAME_BYTES[udp.family]
        arena = _ffi.new("char[]", SLOTS * SLOT_BYTES)
        names = _ffi.new("char[]", SLOTS * self._name_bytes)
        self._incoming = _ffi.new("struct mmsghdr[]", SLOTS)
        self._outgoing = _ffi.new("struct mmsghdr[]", SLOTS)
        incoming_vectors = _ffi.new("struct iovec[]", SLOTS)
        outgoing_vectors = _ffi.new("struct iovec[]", SLOTS)
        self.view = memoryview(_ffi.buffer(arena)).cast("B")
        self._names = memoryview(_ffi.buffer(names)).cast("B")
        self.pointers = [arena + slot * SLOT_BYTES for slot in range(SLOTS)]
        for slot in range(SLOTS):
            incoming_vectors[slot].iov_base = self.pointers[slot]
            incoming_vectors[slot].iov_len = SLOT_BYTES
            header = self._incoming[slot].msg_hdr
            header.msg_name = names + slot * self._name_bytes
            header.msg_namelen = self._name_bytes
            header.msg_iov = incoming_vectors + slot
            header.msg_iovlen = 1
            header = self._outgoing[slot].msg_hdr
            header.msg_namelen = self._name_bytes
            header.msg_iov = outgoing_vectors + slot
            header.msg_iovlen = 1
        self._received = [self._incoming[slot] for slot in range(SLOTS)]
        self._headers = [self._outgoing[slot].msg_hdr for slot in range(SLOTS)]
        self._vectors = [outgoing_vectors[slot] for slot in range(SLOTS)]
        self._queued = 0
        self._memory = (arena, names, incoming_vectors, outgoing_vectors)
        self.unsent = 0

    def receive(self) -> int:
        """Fill the slots with what has arrived; how many were filled."""
        count: int = _libc.recvmmsg(self._fd, self._incoming, SLOTS, socket.MSG_DONTWAIT, _ffi.NULL)
        return max(count, 0)

    def size(self, slot: int) -> int:
        """The length of the datagram in a slot, in bytes."""
        length: int = self._received[slot].msg_len
        return length

    def key(self, slot: int) -> bytes:
        """Whom the datagram in a slot came from, as `key_of` has it."""
        begin = slot * self._name_bytes
        return self._names[begin : begin + self._name_bytes][self._key].tobytes()

    def key_of(self, address: tuple[str, int]) -> bytes:
        """What `key` gives for a datagram from this address."""
        return bytes(_ffi.buffer(Destination(self.family, address).name))[self._key]

    def address(self, slot: int) -> tuple[str, int]:
        """The same for people and for aioice: host and port."""
        key = self.key(slot)
        host = key[2:] if self.family == socket.AF_INET else key[6:]
        return socket.inet_ntop(self.family, host), int.from_bytes(key[:2], "big")

    def data(self, slot: int) -> bytes:
        """A copy of the datagram in a slot."""
        begin = slot * SLOT_BYTES
        return self.view[begin : begin + self.size(slot)].tobytes()

    def queue(self, pointer: Any, size: int, destination: Destination) -> None:
        """Send `size` bytes from `pointer` at the next `flush`; they must stand there until then."""
        at = self._queued
        vector = self._vectors[at]
        vector.iov_base = pointer
        vector.iov_len = size
        self._headers[at].msg_name = destination.name
        self._queued = at + 1
        if self._queued == SLOTS:
            self.flush()

    def flush(self) -> None:
        """Hand everything queued to the kernel. What it does not take is dropped and counted: a packet late is a packet lost."""
        queued, self._queued, begin = self._queued, 0, 0
        while begin < queued:
            sent: int = _libc.sendmmsg(self._fd, self._outgoing + begin, queued - begin, socket.MSG_DONTWAIT)
            if sent > 0:
                begin += sent
            elif _ffi.errno == errno.EAGAIN:
                self.unsent += queued - begin
                return
            else:
                # The first one cannot be sent, such as to an address without a route; the others may.
                self.unsent += 1
                begin += 1
