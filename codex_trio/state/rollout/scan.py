"""Where the lines of a rollout begin and end.

Owns splitting a stretch of its bytes into lines without keeping more of it than a chunk: of a very long line only the
beginning is held. Does not own what lines say (marks.py, lines.py). Synchronous: callers run it in a worker thread.
"""

from __future__ import annotations

import errno
from collections.abc import Iterator

import msgspec

from codex_trio.state.rollout.sources import LineReader

CHUNK_BYTES = 1 << 20

MAX_LINE_BYTES = 256 << 20
"""Four times what a client's longest message can be. A file with a longer line holds no thread."""


class RawLine(msgspec.Struct, frozen=True, gc=False):
    """One line: `length` bytes from `start`, newline included.

    `buffer[begin:end]` is the line without its newline, or, when `is_cut`, only its first part. A last line that lacks
    its newline is not `is_terminated`.
    """

    start: int
    length: int
    buffer: bytes
    begin: int
    end: int
    is_cut: bool = False
    is_terminated: bool = True

    def whole(self, reader: LineReader) -> bytes:
        """Return the line without its newline; read again when it was cut."""
        if not self.is_cut:
            return self.buffer[self.begin : self.end]
        return reader.read(self.length - self.is_terminated, self.start)

    @property
    def can_be_json(self) -> bool:
        """Whether the line begins as one with an object does."""
        return not self.is_cut or self.buffer[self.begin : self.end].lstrip()[:1] == b"{"


def scan(reader: LineReader, start: int, stop: int) -> Iterator[RawLine]:
    """Yield the lines between two offsets, of which `start` is the beginning of a line. Raises OSError."""
    while start < stop:
        chunk = reader.read(min(CHUNK_BYTES, stop - start), start)
        if not chunk:
            return
        begin = 0
        while (end := chunk.find(b"\n", begin)) >= 0:
            yield RawLine(start + begin, end + 1 - begin, chunk, begin, end)
            begin = end + 1
        if begin == 0:
            line = _longer_than(reader, chunk, start, stop)
            yield line
            begin = line.length
        # What is left of the chunk is the beginning of a line: the next chunk starts with it.
        start += begin


def _longer_than(reader: LineReader, head: bytes, start: int, stop: int) -> RawLine:
    """Return the line that begins with `head`, which holds no newline."""
    length = len(head)
    while start + length < stop:
        chunk = reader.read(min(CHUNK_BYTES, stop - start - length), start + length)
        if not chunk:
            break
        end = chunk.find(b"\n")
        if end >= 0:
            return RawLine(start, length + end + 1, head, 0, len(head), is_cut=True)
        length += len(chunk)
        if length > MAX_LINE_BYTES:
            raise OSError(errno.EFBIG, f"has a line of more than {MAX_LINE_BYTES >> 20} MiB")
    return RawLine(start, length, head, 0, len(head), is_cut=length > len(head), is_terminated=False)
