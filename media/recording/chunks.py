"""Encrypted files in chunks (AES-256-GCM) that cannot be reordered, cut short or swapped between files unnoticed. Pure.

A file is a header and chunks:

    header: magic (8) | salt (32) | name, padded with zeroes (136)
    chunk:  magic (4) | tag of the file (8) | number (8) | flags (1) | length (4) | ciphertext and its tag (length)

The key of a file is derived (HKDF-SHA-256) from the data key, the salt and the name, so a data key may serve several files and no
nonce is ever used twice under one key. A chunk's nonce is its number and whether it is the last one (the STREAM construction of
Hoang, Reyhanitabar, Rogaway and Vizár), and its header is authenticated with it. The file's tag tells a chunk of another file
from a damaged one; it decides nothing.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from struct import Struct, pack

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from .errors import ChunkDamaged, NotAChunkedFile

KEY_BYTES = 32
TAG_BYTES = 16
MAX_NAME_BYTES = 136
MAX_CHUNK_BYTES = 4 * 1024 * 1024
"""The most plain bytes in a chunk."""

_MAGIC = b"VENTREC1"
_FILE = Struct("!8s32s136s")
FILE_HEADER_BYTES = _FILE.size
CHUNK_MAGIC = b"CHNK"
_CHUNK = Struct("!4s8sQBI")
CHUNK_HEADER_BYTES = _CHUNK.size
OVERHEAD_BYTES = CHUNK_HEADER_BYTES + TAG_BYTES
LAST = 1


@dataclass(frozen=True, slots=True)
class FileHeader:
    """What a file begins with. `name` is the recording's id, and what of it the file holds."""

    salt: bytes
    name: str

    @classmethod
    def new(cls, name: str) -> FileHeader:
        """Raises ValueError when the name is too long."""
        if len(name.encode()) > MAX_NAME_BYTES:
            raise ValueError(f"a name has at most {MAX_NAME_BYTES} bytes")
        return cls(secrets.token_bytes(32), name)

    @classmethod
    def read(cls, data: bytes) -> FileHeader:
        """Raises NotAChunkedFile."""
        if len(data) < FILE_HEADER_BYTES or data[:8] != _MAGIC:
            raise NotAChunkedFile
        _, salt, name = _FILE.unpack_from(data)
        try:
            return cls(salt, name.rstrip(b"\0").decode())
        except UnicodeDecodeError:
            raise NotAChunkedFile from None

    def write(self) -> bytes:
        return _FILE.pack(_MAGIC, self.salt, self.name.encode())

    @property
    def tag(self) -> bytes:
        return self.salt[:8]


@dataclass(frozen=True, slots=True)
class ChunkHeader:
    """`length` is the ciphertext's, its tag included."""

    tag: bytes
    number: int
    last: bool
    length: int

    @classmethod
    def read(cls, data: bytes | memoryview) -> ChunkHeader | None:
        """None when it is not one, or not one that any writer makes."""
        if len(data) < CHUNK_HEADER_BYTES:
            return None
        magic, tag, number, flags, length = _CHUNK.unpack_from(data)
        if magic != CHUNK_MAGIC or flags & ~LAST or not TAG_BYTES <= length <= MAX_CHUNK_BYTES + TAG_BYTES:
            return None
        return cls(tag, number, bool(flags & LAST), length)

    def write(self) -> bytes:
        return _CHUNK.pack(CHUNK_MAGIC, self.tag, self.number, LAST if self.last else 0, self.length)


class ChunkCipher:
    """Seals and opens the chunks of one file. `key` is the data key, 32 bytes."""

    def __init__(self, key: bytes, header: FileHeader) -> None:
        self._header = header
        self._gcm = AESGCM(derive(key, header.salt, f"chunks {header.name}"))
        self._file = header.write()

    def seal(self, number: int, plain: bytes | bytearray | memoryview, *, last: bool = False) -> tuple[bytes, bytes]:
        """The chunk as it stands in the file, header and ciphertext."""
        head = ChunkHeader(self._header.tag, number, last, len(plain) + TAG_BYTES).write()
        return head, self._gcm.encrypt(_nonce(number, last), plain, self._file + head)

    def open(self, header: ChunkHeader, ciphertext: bytes | memoryview) -> bytes:
        """Raises ChunkDamaged."""
        try:
            plain: bytes = self._gcm.decrypt(
                _nonce(header.number, header.last), ciphertext, self._file + header.write()
            )
        except (InvalidTag, ValueError):
            raise ChunkDamaged(header.number) from None
        return plain


def _nonce(number: int, last: bool) -> bytes:
    return pack("!IQ", last, number)


def derive(key: bytes, salt: bytes, purpose: str) -> bytes:
    """32 bytes for one purpose, by HKDF-SHA-256 (RFC 5869). Raises ValueError when `key` is not a data key."""
    if len(key) != KEY_BYTES:
        raise ValueError(f"a data key is {KEY_BYTES} bytes")
    return HKDF(SHA256(), KEY_BYTES, salt, b"venterum recording " + purpose.encode()).derive(key)
