"""Server-sent events: bytes in, whole events out.

Owns: the framing (line ends, fields, events cut anywhere by the network), and keeping what is no event stream at all.
Does not own: what the data means (`events`), or any input and output.

Protocol source: the event stream format of the HTML standard, read with more patience: stray bytes before a field's
name do not lose the field, and what follows the last blank line can be had with `finish`.
"""

from __future__ import annotations

import re

import msgspec

MAX_EVENT_BYTES = 256 * 1024 * 1024
"""An event larger than this is refused: no response is that large, and memory is."""

MAX_STRAY_BYTES = 4 * 1024 * 1024
"""What is no event stream is kept up to this size: an error page, or an answer that was not streamed."""

_LF = 0x0A
_BOM = b"\xef\xbb\xbf"
_STRAY_BEFORE_FIELD = re.compile(rb"[\x00-\x20\x7f-\xff]+(?=(?:data|event):)")
_FIELDS = (b"event", b"id", b"retry", b":")


class SseEvent(msgspec.Struct, frozen=True, gc=False):
    """One event: its data, and the lines of its block before the data."""

    data: bytes
    head: bytes = b""

    @property
    def name(self) -> str:
        """The event's name; empty without any."""
        name = b""
        for line in self.head.split(b"\n"):
            if line.startswith(b"event:"):
                name = line[6:].strip()
        return name.decode("utf-8", "replace")


class SseError(Exception):
    """The stream cannot be made sense of."""


class SseParser:
    """An incremental parser. Its cost is linear in the bytes fed, however they are cut."""

    def __init__(self, *, max_event_bytes: int = MAX_EVENT_BYTES, max_stray_bytes: int = MAX_STRAY_BYTES) -> None:
        self._max_event_bytes = max_event_bytes
        self._max_stray_bytes = max_stray_bytes
        self._rest: list[bytes] = []
        self._rest_size = 0
        self._after_cr = False
        self._at_start = True
        self._strays: list[bytes] = []
        self._strays_size = 0

    @property
    def strays(self) -> bytes:
        """Lines outside of events that are no fields: what was sent in place of an event stream."""
        return b"\n".join(self._strays)

    @property
    def pending_size(self) -> int:
        """How many bytes have come of an event that is not complete, or in place of one."""
        return self._rest_size + self._strays_size

    def feed(self, chunk: bytes) -> list[SseEvent]:
        """Take the next bytes; return the events that they complete, in order.

        Raises SseError when an event grows beyond `max_event_bytes`.
        """
        if self._at_start and chunk:
            chunk = self._without_mark(chunk)
        if self._after_cr or b"\r" in chunk:
            chunk = self._with_line_feeds(chunk)
        if not chunk:
            return []
        blocks = self._blocks(chunk)
        events: list[SseEvent] = []
        for block in blocks:
            start = block.find(b"data: ")
            if start >= 0 and (start == 0 or block[start - 1] == _LF) and block.find(b"\n", start) < 0:
                events.append(SseEvent(block[start + 6 :], block[:start]))
            else:
                self._read_block(block, events)
        return events

    def finish(self) -> list[SseEvent]:
        """Return the event that the stream ended in, if it did: some providers leave out the last blank line."""
        events: list[SseEvent] = []
        if self._rest:
            block = b"".join(self._rest)
            self._rest.clear()
            self._rest_size = 0
            self._read_block(block, events)
        return events

    def _read_block(self, block: bytes, events: list[SseEvent]) -> None:
        """Read a block of lines; the lines of its data are joined by line feeds."""
        if b"data" not in block:
            # No event: no more of it is looked at than is kept.
            self._keep_strays(block[: self._max_stray_bytes].split(b"\n"))
            return
        data: list[bytes] = []
        head: list[bytes] = []
        for raw in block.split(b"\n"):
            line = _STRAY_BEFORE_FIELD.sub(b"", raw, count=1) if raw[:1] not in (b"d", b"e") else raw
            if line.startswith(b"data:"):
                data.append(line[6:] if line[5:6] == b" " else line[5:])
            elif line == b"data":
                data.append(b"")
            else:
                head.append(line)
        if data:
            events.append(SseEvent(b"\n".join(data), b"\n".join(head)))
        else:
            self._keep_strays(head)

    def _keep_strays(self, lines: list[bytes]) -> None:
        for line in lines:
            if line and not line.startswith(_FIELDS) and self._strays_size < self._max_stray_bytes:
                self._strays.append(line)
                self._strays_size += len(line)

    def _blocks(self, chunk: bytes) -> list[bytes]:
        """Return the blocks that `chunk` ends.

        What follows the last blank line is kept, in pieces, for the next call.
        """
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
            if self._rest_size > self._max_event_bytes:
                raise SseError(f"an event exceeds {self._max_event_bytes} bytes")
        return blocks

    def _without_mark(self, chunk: bytes) -> bytes:
        """Drop a byte order mark at the very start, if the first chunk holds all of it."""
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
