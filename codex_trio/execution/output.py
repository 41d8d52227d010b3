"""Output in bounded memory, cut only between characters.

Owns: the decoding of bytes as they arrive and the buffer that keeps a beginning and an end. Does not own: where the
bytes come from (`completion`), what is shown to the model (the tools).
"""

import codecs
from collections import deque

CHUNK_BYTES = 8192
BUFFER_BYTES = 1024 * 1024

_CONTINUATION_MASK, _CONTINUATION = 0xC0, 0x80


class Utf8Chunker:
    """Turns bytes that were cut anywhere into pieces that are valid UTF-8, each of at most `CHUNK_BYTES`.

    A character that arrives in two reads is kept back until it is whole; invalid bytes become U+FFFD.
    """

    def __init__(self) -> None:
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")

    def feed(self, data: bytes) -> list[bytes]:
        """Return the pieces that are complete with `data`."""
        return _split(self._decoder.decode(data).encode())

    def finish(self) -> list[bytes]:
        """Return what is left at the end of the stream: U+FFFD for half a character."""
        return _split(self._decoder.decode(b"", final=True).encode())


class HeadTailBuffer:
    """Keeps all of a text up to `limit` bytes, and beyond that its first and its last half limit."""

    def __init__(self, limit: int = BUFFER_BYTES) -> None:
        self._head_room = limit // 2
        self._tail_limit = limit - limit // 2
        self._head: list[bytes] = []
        self._tail: deque[bytes] = deque()
        self._tail_bytes = 0
        self._total = 0
        self._omitted = 0

    @property
    def total_bytes(self) -> int:
        """How much was appended."""
        return self._total

    @property
    def omitted_bytes(self) -> int:
        """How much of that is lost, from the middle."""
        return self._omitted

    def append(self, piece: bytes) -> None:
        """Add valid UTF-8."""
        self._total += len(piece)
        if self._head_room:
            cut = _boundary(piece, self._head_room)
            if cut:
                self._head.append(piece[:cut])
            if cut == len(piece):
                self._head_room -= cut
                return
            self._head_room = 0
            piece = piece[cut:]
        self._tail.append(piece)
        self._tail_bytes += len(piece)
        self._trim_tail()

    def text(self) -> str:
        """Return what is kept, with a line in the middle that says how much is not."""
        head, tail = b"".join(self._head), b"".join(self._tail)
        gap = f"\n[... {self._omitted} bytes omitted ...]\n".encode() if self._omitted else b""
        return (head + gap + tail).decode(errors="replace")

    def _trim_tail(self) -> None:
        while self._tail_bytes > self._tail_limit:
            surplus = self._tail_bytes - self._tail_limit
            first = self._tail.popleft()
            kept = first[_next_boundary(first, surplus) :]
            if kept:
                self._tail.appendleft(kept)
            self._omitted += len(first) - len(kept)
            self._tail_bytes -= len(first) - len(kept)


def _split(text: bytes) -> list[bytes]:
    if len(text) <= CHUNK_BYTES:
        return [text] if text else []
    pieces: list[bytes] = []
    start = 0
    while start < len(text):
        end = start + _boundary(text[start : start + CHUNK_BYTES + 1], CHUNK_BYTES)
        pieces.append(text[start:end])
        start = end
    return pieces


def _boundary(text: bytes, limit: int) -> int:
    """Return the largest length up to `limit` that does not cut a character."""
    if len(text) <= limit:
        return len(text)
    while limit > 0 and text[limit] & _CONTINUATION_MASK == _CONTINUATION:
        limit -= 1
    return limit


def _next_boundary(text: bytes, position: int) -> int:
    """Return the first character's start at or after `position`."""
    while position < len(text) and text[position] & _CONTINUATION_MASK == _CONTINUATION:
        position += 1
    return position
