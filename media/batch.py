"""Datagrams in and out of one UDP socket, many to a system call, in memory made once (Linux: recvmmsg(2), sendmmsg(2)).

A datagram lies in a slot of `view` from its arrival until the next `receive`; whoever forwards it works on it there and queues
the slot, or what is left of it, for sending. Nothing is copied on the way and no object is made for a packet.
"""

from __future__ import annotations

import errno
import socket
import sys
from time import monotonic
from typing import Any

import cffi

SLOTS = 16
"""Datagrams to a system call. More would cost a little less, but what came first would wait for what came last."""

SPARE_SLOTS = 64
"""What is made here and sent with the rest; past it, what is queued is sent first."""

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

Key = int | bytes
"""Whom a datagram came from, to be looked up."""

_NAME_BYTES = {socket.AF_INET: 16, socket.AF_INET6: 28}
_NAME_ROOM = 32
_ADDRESS_OF_IPV6 = slice(2, 24)
"""Where port, flow label and address stand in a sockaddr_in6. Those of a sockaddr_in are its first eight bytes: one integer."""

_SO_TIMESTAMPNS = 35
_CONTROL_BYTES = 32
"""Room for exactly one timestamp (struct cmsghdr, struct timespec): the kernel then leaves the length as it found it."""


class Destination:
    """A remote address as the kernel takes it, made once for each peer."""

    __slots__ = ("_name", "name")

    def __init__(self, family: int, address: tuple[str, int]) -> None:
        host, port = socket.inet_pton(family, address[0]), address[1].to_bytes(2, "big")
        head = int(family).to_bytes(2, sys.byteorder) + port
        packed = head + host + bytes(8) if family == socket.AF_INET else head + bytes(4) + host + bytes(4)
        self._name = _ffi.new("char[]", packed)
        self.name = int(_ffi.cast("uintptr_t", self._name))
        """Where it stands in memory, for as long as this is kept."""

    def packed(self) -> bytes:
        """The address as the kernel takes it (struct sockaddr)."""
        return bytes(_ffi.buffer(self._name))[:-1]


class DatagramBatch:
    """The receiving and the sending slots of one non-blocking socket.

    Attributes:
        view: all receiving slots, one after the other, `SLOT_BYTES` each.
        pointers, addresses: where each of them begins, for libsrtp and for `queue`.
        receiving: whether what is in the slots is being worked on, and what is queued is sent when that is done.
        now_ms: the monotonic clock when the slots were filled: near enough for everything that is done with them.
        unsent: datagrams that the kernel did not take.
    """

    def __init__(self, udp: socket.socket) -> None:
        self._fd = udp.fileno()
        self.family = udp.family
        udp.setsockopt(socket.SOL_SOCKET, _SO_TIMESTAMPNS, 1)
        name_bytes = _NAME_BYTES[udp.family]
        arena = _ffi.new("char[]", SLOTS * SLOT_BYTES)
        spare = _ffi.new("char[]", SPARE_SLOTS * SLOT_BYTES)
        names = _ffi.new("char[]", SLOTS * _NAME_ROOM)
        controls = _ffi.new("uint64_t[]", SLOTS * _CONTROL_BYTES // 8)
        self._incoming = _ffi.new("struct mmsghdr[]", SLOTS)
        self._outgoing = _ffi.new("struct mmsghdr[]", SLOTS)
        incoming_vectors = _ffi.new("struct iovec[]", SLOTS)
        outgoing_vectors = _ffi.new("struct iovec[]", SLOTS)
        self.view = memoryview(_ffi.buffer(arena)).cast("B")
        self._names = memoryview(_ffi.buffer(names)).cast("B")
        self._keys = self._names.cast("Q") if udp.family == socket.AF_INET else None
        self._stamps = memoryview(_ffi.buffer(controls)).cast("B").cast("q")
        self._sizes = memoryview(_ffi.buffer(self._incoming)).cast("B").cast("I")
        self._size_step = _ffi.sizeof("struct mmsghdr") // 4
        self._size_at = _ffi.offsetof("struct mmsghdr", "msg_len") // 4
        self.pointers = [arena + slot * SLOT_BYTES for slot in range(SLOTS)]
        for slot in range(SLOTS):
            incoming_vectors[slot].iov_base = self.pointers[slot]
            incoming_vectors[slot].iov_len = SLOT_BYTES
            header = self._incoming[slot].msg_hdr
            header.msg_name = names + slot * _NAME_ROOM
            header.msg_namelen = name_bytes
            header.msg_iov = incoming_vectors + slot
            header.msg_iovlen = 1
            header.msg_control = controls + slot * _CONTROL_BYTES // 8
            header.msg_controllen = _CONTROL_BYTES
            header = self._outgoing[slot].msg_hdr
            header.msg_namelen = name_bytes
            header.msg_iov = outgoing_vectors + slot
            header.msg_iovlen = 1
        # Pointers and lengths of what is to be sent, as the integers that they are; each takes eight bytes.
        self._headers = memoryview(_ffi.buffer(self._outgoing)).cast("B").cast("Q")
        self._vectors = memoryview(_ffi.buffer(outgoing_vectors)).cast("B").cast("Q")
        self._header_step = _ffi.sizeof("struct mmsghdr") // 8
        self.addresses = [int(_ffi.cast("uintptr_t", pointer)) for pointer in self.pointers]
        self._queued = 0
        spares = [spare + slot * SLOT_BYTES for slot in range(SPARE_SLOTS)]
        self._spares = [(pointer, int(_ffi.cast("uintptr_t", pointer))) for pointer in spares]
        self._spare = memoryview(_ffi.buffer(spare)).cast("B")
        self._spared = 0
        self.receiving = False
        self._memory = (arena, spare, names, controls, incoming_vectors, outgoing_vectors)
        self.now_ms = 0.0
        self.unsent = 0

    def receive(self) -> int:
        """Fill the slots with what has arrived; how many were filled."""
        count: int = _libc.recvmmsg(self._fd, self._incoming, SLOTS, socket.MSG_DONTWAIT, _ffi.NULL)
        self.now_ms = monotonic() * 1000
        return max(count, 0)

    def size(self, slot: int) -> int:
        """The length of the datagram in a slot, in bytes."""
        length: int = self._sizes[slot * self._size_step + self._size_at]
        return length

    def arrival_ns(self, slot: int) -> int:
        """When the kernel got the datagram in a slot, by its real-time clock: however long it waited for us since."""
        at = 4 * slot
        at_ns: int = self._stamps[at + 2] * 1_000_000_000 + self._stamps[at + 3]
        return at_ns

    def key(self, slot: int) -> Key:
        """Whom the datagram in a slot came from, as `key_of` has it."""
        if self._keys is not None:
            key: int = self._keys[4 * slot]
            return key
        begin = slot * _NAME_ROOM
        return self._names[begin : begin + _NAME_ROOM][_ADDRESS_OF_IPV6].tobytes()

    def key_of(self, address: tuple[str, int]) -> Key:
        """What `key` gives for a datagram from this address."""
        name = Destination(self.family, address).packed()
        return int.from_bytes(name[:8], sys.byteorder) if self._keys is not None else name[_ADDRESS_OF_IPV6]

    def address(self, slot: int) -> tuple[str, int]:
        """The same for people and for aioice: host and port."""
        begin = slot * _NAME_ROOM
        name = self._names[begin : begin + _NAME_ROOM].tobytes()
        host = name[4:8] if self.family == socket.AF_INET else name[8:24]
        return socket.inet_ntop(self.family, host), int.from_bytes(name[2:4], "big")

    def data(self, slot: int) -> bytes:
        """A copy of the datagram in a slot."""
        begin = slot * SLOT_BYTES
        return self.view[begin : begin + self.size(slot)].tobytes()

    def queue(self, address: int, size: int, destination: Destination) -> None:
        """Send `size` bytes from an address in memory at the next `flush`; they must stand there until then."""
        at = self._queued
        vectors = self._vectors
        vectors[2 * at] = address
        vectors[2 * at + 1] = size
        self._headers[at * self._header_step] = destination.name
        self._queued = at + 1
        if self._queued == SLOTS:
            self.flush()

    def spare(self, data: bytes) -> tuple[Any, int]:
        """A place of its own for what is made here, as pointer and address; good until the next `flush`."""
        if self._spared == SPARE_SLOTS:
            self.flush()
        at, self._spared = self._spared, self._spared + 1
        self._spare[at * SLOT_BYTES : at * SLOT_BYTES + len(data)] = data
        return self._spares[at]

    def flush(self) -> None:
        """Hand everything queued to the kernel. What it does not take is dropped and counted: a packet late is a packet lost."""
        queued, self._queued, self._spared, begin = self._queued, 0, 0, 0
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
