"""Splits a byte stream into lines, sans-io.

Owns the line framing of stdio: `\\n` ends a message, a last line without one counts at the end of the stream, a line
over the limit is discarded up to its end. Does not own reading, nor what a line means.
"""

from codex_trio.transport.base import MessageTooLong


class LineSplitter:
    """Feed it bytes as they come, take lines as they are complete. Linear in the input, also for one huge line."""

    def __init__(self, *, limit: int) -> None:
        self._limit = limit
        self._buffer = bytearray()
        self._searched = 0
        self._discarding = False
        self._ended = False

    @property
    def buffered_bytes(self) -> int:
        """Bytes fed and not yet taken: never much more than the limit and one read."""
        return len(self._buffer)

    def feed(self, data: bytes) -> None:
        """Add what was read. Empty data is the end of the stream."""
        if not data:
            self._ended = True
        self._buffer += data

    def next_line(self) -> bytes | None:
        """Return the next complete line without its line end, or None when more input is needed (or none is left).

        Raises:
            MessageTooLong: a line is over the limit; the lines after it can be taken as usual.
        """
        while True:
            end = self._buffer.find(b"\n", self._searched)
            if end < 0:
                return self._unfinished_line()
            line = None if self._discarding else self._buffer[:end]
            del self._buffer[: end + 1]
            self._searched = 0
            self._discarding = False
            if line is None:
                continue
            if end > self._limit:
                raise MessageTooLong(self._limit)
            return bytes(line)

    def _unfinished_line(self) -> bytes | None:
        if self._discarding:
            self._buffer.clear()
        elif len(self._buffer) > self._limit:
            # What is here is dropped at once, so that memory stays bounded however long the line goes on.
            self._buffer.clear()
            self._searched = 0
            self._discarding = True
            raise MessageTooLong(self._limit)
        self._searched = len(self._buffer)
        if not self._ended or not self._buffer:
            return None
        line = bytes(self._buffer)
        self._buffer.clear()
        self._searched = 0
        return line
