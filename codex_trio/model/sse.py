"""Server-sent events: bytes in, the data of whole events out.

Owns: the framing (line ends, fields, events cut anywhere by the network).
Does not own: what the data means (`events`), or any input and output.
Called by: `stream`.

Protocol source: the event stream format of the HTML standard. Only `data` is kept: the Responses API repeats the
event's name inside the JSON text. What follows the last blank line of a stream is not an event.
"""

from __future__ import annotations

MAX_EVENT_BYTES = 256 * 1024 * 1024
"""An event larger than this is refused: no response is that large, and memory is."""

_LF = 0x0A
_BOM = b"\xef\xbb\xbf"


class SseError(Exception):
    """The stream cannot be made sense of."""


class SseParser:
    """An incremental parser. Its cost is linear in the bytes fed, however they are cut."""

    def __init__(self) -> None:
        self._rest: list[bytes] = []
        self._rest_size = 0
        self._after_cr = False
        self._at_start = True

    def feed(self, chunk: bytes) -> list[bytes]:
        """Takes the next bytes; returns the data of the events that they complete, in order.

        Raises SseError when an event grows beyond `MAX_EVENT_BYTES`.
        """
        if self._at_start and chunk:
            chunk = self._without_mark(chunk)
        if self._after_cr or b"\r" in chunk:
            chunk = self._with_line_feeds(chunk)
        if not chunk:
            return []
        blocks = self._blocks(chunk)
        events: list[bytes] = []
        for block in blocks:
            start = block.find(b"data: ")
            if start >= 0 and (start == 0 or block[start - 1] == _LF) and block.find(b"\n", start) < 0:
                events.append(block[start + 6 :])
            else:
                data = _read_block(block)
                if data is not None:
                    events.append(data)
        return events

    def _blocks(self, chunk: bytes) -> list[bytes]:
        """The blocks that `chunk` ends. What follows the last blank line is kept, in pieces, for the next call."""
        if self._rest and self._rest[-1].endswith(b"\n") and chunk.startswith(b"\n"):
            # The blank line itself was cut in two.
            chunk = b"\n" + chunk
            self._rest[-1] = self._rest[-1][:-1]
        blocks = chunk.split(b"\n\n")
        if self._rest and len(blocks) > 1:
            self._rest.append(blocks[0])
            blocks[0] = b"".join(self._rest)
            self._rest.clear()
            self._rest_size = 0
        last = blocks.pop()
        if last:
            self._rest.append(last)
            self._rest_size += len(last)
            if self._rest_size > MAX_EVENT_BYTES:
                raise SseError(f"an event exceeds {MAX_EVENT_BYTES} bytes")
        return blocks

    def _without_mark(self, chunk: bytes) -> bytes:
        """Drops a byte order mark at the very start, if the first chunk holds all of it."""
        self._at_start = False
        return chunk.removeprefix(_BOM)

    def _with_line_feeds(self, chunk: bytes) -> bytes:
        """`chunk` with each line end as one line feed; a carriage return at its end may have its line feed to come."""
        if self._after_cr and chunk.startswith(b"\n"):
            chunk = chunk[1:]
            self._after_cr = False
        if chunk:
            self._after_cr = chunk.endswith(b"\r")
        return chunk.replace(b"\r\n", b"\n").replace(b"\r", b"\n")


def _read_block(block: bytes) -> bytes | None:
    """The data of a block of lines, its lines joined by line feeds; None without any."""
    lines: list[bytes] = []
    for line in block.split(b"\n"):
        if line.startswith(b"data:"):
            lines.append(line[6:] if line[5:6] == b" " else line[5:])
        elif line == b"data":
            lines.append(b"")
    return b"\n".join(lines) if lines else None
