"""Answers that were compressed although nobody asked for it.

Owns: undoing gzip and deflate, piece by piece and within bounds. Pure and synchronous.
Does not own: other encodings, which are refused by name.
"""

from __future__ import annotations

import zlib

_PIECE = 256 * 1024
_HEADER = 2
_GZIP_OR_ZLIB = 32 + zlib.MAX_WBITS
_BARE_DEFLATE = -zlib.MAX_WBITS


class InflateError(Exception):
    """An answer is compressed in a way that cannot be undone."""


class Inflater:
    """Undoes the compression of one body."""

    def __init__(self, encoding: str) -> None:
        self._encoding = encoding
        self._zlib = zlib.decompressobj(_GZIP_OR_ZLIB)
        self._waiting = b""
        self._has_more = False
        self._has_begun = False

    def feed(self, data: bytes) -> None:
        """Takes the next bytes as they came."""
        self._waiting += data

    def take(self) -> bytes:
        """The next piece of what was compressed; empty when more bytes are needed. Raises InflateError."""
        if not self._has_begun and len(self._waiting) < _HEADER:
            return b""
        while self._waiting or self._has_more:
            if self._zlib.eof:
                # Bodies may consist of several compressed parts.
                self._zlib = zlib.decompressobj(_GZIP_OR_ZLIB)
            piece = self._decompress(self._waiting)
            self._waiting = self._zlib.unused_data if self._zlib.eof else self._zlib.unconsumed_tail
            self._has_more = len(piece) == _PIECE and not self._zlib.eof
            if piece:
                return piece
        return b""

    def _decompress(self, data: bytes) -> bytes:
        try:
            piece = self._zlib.decompress(data, _PIECE)
        except zlib.error as error:
            if self._encoding != "deflate" or self._has_begun:
                raise InflateError(f"the body is no {self._encoding}: {error}") from error
            # Some servers send deflate without the header that it should have.
            self._zlib = zlib.decompressobj(_BARE_DEFLATE)
            self._has_begun = True
            return self._decompress(data)
        self._has_begun = True
        return piece


class _Refuser(Inflater):
    """A body that cannot be read: it says so as soon as it is asked."""

    def take(self) -> bytes:
        """Refuses."""
        raise InflateError(f"the answer is compressed with {self._encoding}, which was not asked for")


def inflater_for(encoding: str) -> Inflater | None:
    """What undoes a `content-encoding`; None when there is nothing to undo."""
    name = encoding.strip().lower()
    if name in ("", "identity"):
        return None
    return Inflater(name.removeprefix("x-")) if name in ("gzip", "x-gzip", "deflate") else _Refuser(name)
