"""Compressed websocket messages: the extension `permessage-deflate` (RFC 7692). Sans-io.

Owns what is offered and agreed on, and the compression of single messages. Does not own frames
(util/websocket_frames.py), or how long a message may be.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator

import msgspec

OFFER = "permessage-deflate; client_max_window_bits"
"""What a client offers: everything, and a smaller window where the server wants one."""

HEADER = "sec-websocket-extensions"

_NAME = "permessage-deflate"
_TAIL = b"\x00\x00\xff\xff"
_PIECE = 256 * 1024
_READ = 64 * 1024
_LEVEL = 1
_MOST_BITS = 15
_LEAST_BITS = 9
"""zlib writes no smaller window, though the extension knows one."""

_BITS = re.compile(r"[89]|1[0-5]")
_FLAGS = ("server_no_context_takeover", "client_no_context_takeover")
_WINDOWS = ("server_max_window_bits", "client_max_window_bits")


class ExtensionProblem(ValueError):
    """A server agreed to what was not offered, or in a way that makes no sense."""


class Agreement(msgspec.Struct, frozen=True, kw_only=True):
    """How messages may be compressed, as a client sees it."""

    server_forgets: bool = False
    """Whether each message of the server stands for itself."""
    client_forgets: bool = False
    client_bits: int = _MOST_BITS


def agreement_of(header: str | None) -> Agreement | None:
    """Return what a server agreed to by its header; None where it wants no compression. Raises ExtensionProblem."""
    if not header or not header.strip():
        return None
    name, *given = (part.strip() for part in header.split(";"))
    if name.lower() != _NAME or "," in header:
        raise ExtensionProblem(f"the server uses an extension that was not asked for: {header[:200]}")
    values: dict[str, str] = {}
    for parameter in given:
        key, _, value = (word.strip() for word in parameter.partition("="))
        value = value.strip('"')
        is_known = not value if key in _FLAGS else key in _WINDOWS and _BITS.fullmatch(value) is not None
        if not is_known or key in values:
            raise ExtensionProblem(f"the server agreed to {_NAME} with a parameter of no sense: {parameter[:200]}")
        values[key] = value
    return Agreement(
        server_forgets="server_no_context_takeover" in values,
        client_forgets="client_no_context_takeover" in values,
        client_bits=int(values.get("client_max_window_bits", _MOST_BITS)),
    )


class MessageInflater:
    """Undoes the compression of the messages of one peer, in their order."""

    def __init__(self, *, forgets: bool) -> None:
        self._forgets = forgets
        self._zlib = zlib.decompressobj(-_MOST_BITS)

    def pieces(self, payload: bytes) -> Iterator[bytes]:
        """Yield a message in pieces of a bounded size. Raises zlib.error for what is none."""
        for at in range(0, len(payload), _READ):
            yield from self._inflated(payload[at : at + _READ])
        # One that was ended rather than flushed is whole without.
        if not self._zlib.eof:
            yield from self._inflated(_TAIL)
        if self._forgets:
            self._zlib = zlib.decompressobj(-_MOST_BITS)

    def _inflated(self, data: bytes) -> Iterator[bytes]:
        while data:
            if self._zlib.eof:
                self._zlib = zlib.decompressobj(-_MOST_BITS)
            piece = self._zlib.decompress(data, _PIECE)
            data = self._zlib.unused_data if self._zlib.eof else self._zlib.unconsumed_tail
            yield piece
            # What is left may be in there though all bytes were taken.
            while len(piece) == _PIECE and not data and not self._zlib.eof:
                piece = self._zlib.decompress(b"", _PIECE)
                yield piece


class MessageDeflater:
    """Compresses the messages of one side, in their order."""

    def __init__(self, *, forgets: bool, bits: int = _MOST_BITS) -> None:
        self._forgets = forgets
        self._bits = max(bits, _LEAST_BITS)
        self.is_possible = bits >= _LEAST_BITS
        """Whether anything can be compressed so that the peer can read it."""
        self._zlib = self._new()

    def deflated(self, message: bytes) -> bytes:
        """Return a message as it goes into frames."""
        data = self._zlib.compress(message) + self._zlib.flush(zlib.Z_SYNC_FLUSH)
        if self._forgets:
            self._zlib = self._new()
        return data.removesuffix(_TAIL)

    def _new(self):
        return zlib.compressobj(_LEVEL, wbits=-self._bits)
