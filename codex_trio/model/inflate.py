"""Answers that were compressed.

Owns: undoing zstd and gzip, which are asked for, and deflate, which is not; piece by piece and within bounds. Pure and
synchronous.
Does not own: other encodings, which are refused by name.
"""

from __future__ import annotations

import zlib
from typing import Protocol

from codex_trio.util.zstd import zstd_library

ACCEPTED = "zstd,gzip"
"""What providers are asked for."""

_PIECE = 256 * 1024
_HEADER = 2
_GZIP_OR_ZLIB = 32 + zlib.MAX_WBITS
_BARE_DEFLATE = -zlib.MAX_WBITS
_ZSTD_WINDOW_LOG = 23
"""Bodies may look 8 MB back, as HTTP allows at most (RFC 9659): so much is kept in memory."""


class InflateError(Exception):
    """An answer is compressed in a way that cannot be undone."""


class Inflater(Protocol):
    """Undoes the compression of one body."""

    def feed(self, data: bytes) -> None:
        """Take the next bytes as they came."""
        ...

    def take(self) -> bytes:
        """Return the next piece of what was compressed; empty when more bytes are needed. Raises InflateError."""
        ...


class _ZlibInflater:
    """Undoes gzip or deflate."""

    def __init__(self, encoding: str) -> None:
        self._encoding = encoding
        self._zlib = zlib.decompressobj(_GZIP_OR_ZLIB)
        self._waiting = b""
        self._has_more = False
        self._has_begun = False

    def feed(self, data: bytes) -> None:
        self._waiting += data

    def take(self) -> bytes:
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


class _ZstdInflater:
    """Undoes zstd."""

    def __init__(self) -> None:
        self._library = zstd_library()
        self._frame = self._new_frame()
        self._waiting = b""
        self._has_more = False

    def feed(self, data: bytes) -> None:
        self._waiting += data

    def take(self) -> bytes:
        while self._waiting or self._has_more:
            if self._frame.eof:
                # Bodies may consist of several compressed parts.
                self._frame = self._new_frame()
            try:
                piece = self._frame.decompress(self._waiting, _PIECE)
            except self._library.ZstdError as error:
                raise InflateError(f"the body is no zstd: {error}") from error
            self._waiting = self._frame.unused_data if self._frame.eof else b""
            self._has_more = not self._frame.eof and not self._frame.needs_input
            if piece:
                return piece
        return b""

    def _new_frame(self):
        options = {self._library.DecompressionParameter.window_log_max.value: _ZSTD_WINDOW_LOG}
        return self._library.ZstdDecompressor(options=options)


class _Refuser:
    """A body that cannot be read: it says so as soon as it is asked."""

    def __init__(self, encoding: str) -> None:
        self._encoding = encoding

    def feed(self, data: bytes) -> None:
        """Ignore the data."""

    def take(self) -> bytes:
        """Refuse."""
        raise InflateError(f"the answer is compressed with {self._encoding}, which was not asked for")


def inflater_for(encoding: str) -> Inflater | None:
    """Return what undoes a `content-encoding`; None when there is nothing to undo."""
    name = encoding.strip().lower()
    if name in ("", "identity"):
        return None
    if name == "zstd":
        return _ZstdInflater()
    return _ZlibInflater(name.removeprefix("x-")) if name in ("gzip", "x-gzip", "deflate") else _Refuser(name)
