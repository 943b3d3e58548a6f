"""Datagrams in and out of one UDP socket, many to a system call, in memory made once (Linux: recvmmsg(2), sendmmsg(2)).

A datagram lies in a slot of `arena` from its arrival until the next `receive`; whoever forwards it works on it there and queues
the slot, or what is left of it, for sending. Nothing is copied on the way and no object is made for a packet.
"""

from __future__ import annotations

import errno
import socket
import sys
from time import monotonic
from typing import Any, Final

import cffi
from librt.vecs import vec
from mypy_extensions import i64, u8

SLOTS: Final = 16
"""Datagrams to a system call. More would cost a little less, but what came first would wait for what came last."""

SPARE_SLOTS: Final = 64
"""What is made here and sent with the rest; past it, what is queued is sent first."""

SLOT_BYTES: Final = 2048
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
_recvmmsg: Any = _libc.recvmmsg
_sendmmsg: Any = _libc.sendmmsg
_NOTHING: Any = _ffi.NULL

# All that the kernel reads and writes is made of words of eight bytes, which are read and written here as integers.
_MESSAGE: Final = 8
"""Words of a struct mmsghdr; the length received stands in the lower half of the last one."""
_VECTOR: Final = 2
"""Words of a struct iovec: address and length."""
_NAME: Final = 4
"""Words of room for a struct sockaddr."""
_CONTROL: Final = 4
"""Words of room for exactly one timestamp (struct cmsghdr, struct timespec): the kernel then leaves the length as it found it."""

if (_ffi.sizeof("struct mmsghdr"), _ffi.offsetof("struct mmsghdr", "msg_len"), sys.byteorder) != (64, 56, "little"):
    raise ImportError("a 64-bit little-endian Linux is needed")

Key = int | bytes
"""Whom a datagram came from, to be looked up: of a sockaddr_in the first eight bytes as one integer, with port and address; of a
sockaddr_in6 those with port, flow label and address."""

_NAME_BYTES = {socket.AF_INET: 16, socket.AF_INET6: 28}

_IPV4: Final = int(socket.AF_INET)
_DONT_WAIT: Final = int(socket.MSG_DONTWAIT)
_SO_TIMESTAMPNS = 35


def words(count: int) -> vec[i64]:
    """Zeroed memory that stays where it is."""
    return vec[i64]([0] * count)


def pointer_to(memory: vec[i64] | vec[u8], to: str) -> Any:
    """Where such memory is, for the kernel or libsrtp, as a pointer that keeps it alive.

    It is lent out as read-only memory, which keeps Python code from writing to it past its owner; those two do.
    """
    return _ffi.from_buffer(to, memory)


def read16(memory: vec[u8], at: i64) -> i64:
    """Two bytes in network order."""
    return i64(memory[at]) << 8 | i64(memory[at + 1])


def read32(memory: vec[u8], at: i64) -> i64:
    """Four bytes in network order."""
    return i64(memory[at]) << 24 | i64(memory[at + 1]) << 16 | i64(memory[at + 2]) << 8 | i64(memory[at + 3])


def write16(memory: vec[u8], at: i64, value: i64) -> None:
    """The lower two bytes, in network order."""
    memory[at] = u8(value >> 8 & 0xFF)
    memory[at + 1] = u8(value & 0xFF)


def write32(memory: vec[u8], at: i64, value: i64) -> None:
    """The lower four bytes, in network order."""
    memory[at] = u8(value >> 24 & 0xFF)
    memory[at + 1] = u8(value >> 16 & 0xFF)
    memory[at + 2] = u8(value >> 8 & 0xFF)
    memory[at + 3] = u8(value & 0xFF)


class Destination:
    """A remote address as the kernel takes it, made once for each peer."""

    def __init__(self, family: int, address: tuple[str, int]) -> None:
        host, port = socket.inet_pton(family, address[0]), address[1].to_bytes(2, "big")
        head = int(family).to_bytes(2, sys.byteorder) + port
        packed = head + host + bytes(8) if family == socket.AF_INET else head + bytes(4) + host + bytes(4)
        self._name: Any = _ffi.new("char[]", packed)
        self.name: i64 = int(_ffi.cast("intptr_t", self._name))
        """Where it stands in memory, for as long as this is kept."""

    def packed(self) -> bytes:
        """The address as the kernel takes it (struct sockaddr)."""
        return bytes(_ffi.buffer(self._name))[:-1]


class DatagramBatch:
    """The receiving and the sending slots of one non-blocking socket.

    Attributes:
        arena: all receiving slots, one after the other, `SLOT_BYTES` each.
        view: the same memory, for what is seldom done with a packet.
        pointers: where each of them begins, for libsrtp.
        length, length_pointer: one word, where libsrtp is told a packet's length and tells its new one.
        receiving: whether what is in the slots is being worked on, and what is queued is sent when that is done.
        now_ms: the monotonic clock when the slots were filled: near enough for everything that is done with them.
        unsent: datagrams that the kernel did not take.
    """

    def __init__(self, udp: socket.socket) -> None:
        self._fd: int = udp.fileno()
        self.family: int = udp.family
        udp.setsockopt(socket.SOL_SOCKET, _SO_TIMESTAMPNS, 1)
        name_bytes = _NAME_BYTES[udp.family]
        self.arena: vec[u8] = vec[u8]([0] * (SLOTS * SLOT_BYTES))
        arena = pointer_to(self.arena, "char[]")
        self._memory: list[Any] = [arena]
        self.view: memoryview = memoryview(_ffi.buffer(arena)).cast("B")
        self.pointers: list[Any] = [arena + slot * SLOT_BYTES for slot in range(SLOTS)]
        self._address: i64 = int(_ffi.cast("intptr_t", arena))
        self._names: vec[i64] = words(SLOTS * _NAME)
        self._stamps: vec[i64] = words(SLOTS * _CONTROL)
        self._arrived: vec[i64] = words(SLOTS * _MESSAGE)
        self._queue: vec[i64] = words(SLOTS * _MESSAGE)
        self._vectors: vec[i64] = words(SLOTS * _VECTOR)
        self.length: vec[i64] = words(1)
        self.length_pointer: Any = pointer_to(self.length, "int[]")
        self._names_view: memoryview = memoryview(self._names).cast("B")
        names, stamps = pointer_to(self._names, "char[]"), pointer_to(self._stamps, "char[]")
        into, of = _ffi.new("struct iovec[]", SLOTS), pointer_to(self._vectors, "struct iovec[]")
        self._incoming: Any = pointer_to(self._arrived, "struct mmsghdr[]")
        self._outgoing: Any = pointer_to(self._queue, "struct mmsghdr[]")
        self._memory += [names, stamps, into, of]
        for slot in range(SLOTS):
            into[slot].iov_base = self.pointers[slot]
            into[slot].iov_len = SLOT_BYTES
            header = self._incoming[slot].msg_hdr
            header.msg_name = names + slot * 8 * _NAME
            header.msg_namelen = name_bytes
            header.msg_iov = into + slot
            header.msg_iovlen = 1
            header.msg_control = stamps + slot * 8 * _CONTROL
            header.msg_controllen = 8 * _CONTROL
            header = self._outgoing[slot].msg_hdr
            header.msg_namelen = name_bytes
            header.msg_iov = of + slot
            header.msg_iovlen = 1
        self._queued: i64 = 0
        spare = _ffi.new("char[]", SPARE_SLOTS * SLOT_BYTES)
        spares = [spare + slot * SLOT_BYTES for slot in range(SPARE_SLOTS)]
        self._spares: list[tuple[Any, int]] = [(each, int(_ffi.cast("intptr_t", each))) for each in spares]
        self._spare: memoryview = memoryview(_ffi.buffer(spare)).cast("B")
        self._spared = 0
        self.receiving = False
        self.now_ms: float = 0.0
        self.unsent = 0

    def receive(self) -> i64:
        """Fill the slots with what has arrived; how many were filled."""
        count: int = _recvmmsg(self._fd, self._incoming, SLOTS, _DONT_WAIT, _NOTHING)
        self.now_ms = monotonic() * 1000
        return max(count, 0)

    def size(self, slot: i64) -> i64:
        """The length of the datagram in a slot, in bytes."""
        return self._arrived[slot * _MESSAGE + _MESSAGE - 1] & 0xFFFFFFFF

    def arrival_ns(self, slot: i64) -> i64:
        """When the kernel got the datagram in a slot, by its real-time clock: however long it waited for us since."""
        at = slot * _CONTROL
        return self._stamps[at + 2] * 1_000_000_000 + self._stamps[at + 3]

    def key(self, slot: i64) -> Key:
        """Whom the datagram in a slot came from, as `key_of` has it."""
        if self.family == _IPV4:
            return self._names[slot * _NAME]
        return self._name(slot)[2:24]

    def key_of(self, address: tuple[str, int]) -> Key:
        """What `key` gives for a datagram from this address."""
        name = Destination(self.family, address).packed()
        if self.family == _IPV4:
            return int.from_bytes(name[:8], "little", signed=True)
        return name[2:24]

    def _name(self, slot: int) -> bytes:
        return self._names_view[8 * _NAME * slot : 8 * _NAME * (slot + 1)].tobytes()

    def address(self, slot: int) -> tuple[str, int]:
        """The same for people and for aioice: host and port."""
        name = self._name(slot)
        host = name[4:8] if self.family == _IPV4 else name[8:24]
        return socket.inet_ntop(self.family, host), int.from_bytes(name[2:4], "big")

    def data(self, slot: int) -> bytes:
        """A copy of the datagram in a slot."""
        begin = slot * SLOT_BYTES
        return self.view[begin : begin + self.size(slot)].tobytes()

    def address_of(self, slot: i64) -> i64:
        """Where a slot begins, for `queue`."""
        return self._address + slot * SLOT_BYTES

    def queue(self, address: i64, size: i64, destination: Destination) -> None:
        """Send `size` bytes from an address in memory at the next `flush`; they must stand there until then."""
        at = self._queued
        vectors, messages = self._vectors, self._queue
        vectors[at * _VECTOR] = address
        vectors[at * _VECTOR + 1] = size
        messages[at * _MESSAGE] = destination.name
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
        queued, begin = int(self._queued), 0
        self._queued, self._spared = 0, 0
        while begin < queued:
            sent: int = _sendmmsg(self._fd, self._outgoing + begin, queued - begin, _DONT_WAIT)
            if sent > 0:
                begin += sent
            elif _ffi.errno == errno.EAGAIN:
                self.unsent += queued - begin
                return
            else:
                # The first one cannot be sent, such as to an address without a route; the others may.
                self.unsent += 1
                begin += 1
