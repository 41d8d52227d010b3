"""What a process has said and how it ended, numbered, until its client has seen it.

Owns the numbers, what is kept for a client that comes back, and that memory for it is bounded: a process whose client
is away, or says what it has seen, waits in its next write once too much is unseen; of one whose client never says so
the oldest is let go while that client is there. Does not own reading from the process or telling the client.
"""

from __future__ import annotations

import base64
from collections import deque

import msgspec

from codex_trio.environments.exec_protocol import RETAINED_BYTES, OutputChunk, ProcessReadResult, StreamName
from codex_trio.util.bell import Bell

_MAX_READ_BYTES = 1024 * 1024
"""What one answer holds at most, unless a single piece is longer."""

_LET_GO_BYTES = 4 * RETAINED_BYTES
"""What is kept for a client that never says what it has seen."""


class Piece(msgspec.Struct, frozen=True):
    """Some output, under its number."""

    seq: int
    stream: StreamName
    data: bytes

    def to_chunk(self) -> OutputChunk:
        """Return the form that messages have."""
        return OutputChunk(seq=self.seq, stream=self.stream, chunk=base64.b64encode(self.data).decode("ascii"))


class OutputLog:
    def __init__(self, *, acknowledged: bool) -> None:
        self.exit_code: int | None = None
        self.exit_seq = 0
        self.closed_seq = 0
        self._acknowledged = acknowledged
        self._is_attached = True
        self._pieces: deque[Piece] = deque()
        self._bytes = 0
        self._next = 1
        self._news = Bell()
        self._room = Bell()

    async def append(self, stream: StreamName, data: bytes) -> Piece:
        """Add output; returns when there is room for it."""
        while not self._has_room():
            await self._room.wait()
        piece = Piece(self._take_number(), stream, data)
        self._pieces.append(piece)
        self._bytes += len(data)
        if self._is_attached and not self._acknowledged:
            while self._bytes > _LET_GO_BYTES:
                self._drop_oldest()
        self._news.ring()
        return piece

    def end(self, exit_code: int) -> int:
        """Note how the process ended; returns the number of that."""
        self.exit_code = exit_code
        self.exit_seq = self._take_number()
        self._news.ring()
        return self.exit_seq

    def close(self) -> int:
        """Note that nothing more comes; returns the number of that."""
        self.closed_seq = self._take_number()
        self._news.ring()
        return self.closed_seq

    def acknowledge(self, seq: int) -> None:
        """Let go of what the client has seen."""
        while self._pieces and self._pieces[0].seq <= seq:
            self._drop_oldest()
        self._room.ring()

    def set_attached(self, *, attached: bool) -> None:
        """Note whether a client is there to be told."""
        self._is_attached = attached
        self._room.ring()

    async def wait_for_news(self, after: int) -> None:
        """Wait until there is more than that number, and return at once when there is, or never will be."""
        while self._next - 1 <= after and not self.closed_seq:
            await self._news.wait()

    def read(self, after: int, *, max_bytes: int | None) -> ProcessReadResult:
        """Return what came after that number: some of it, if it is much."""
        limit = _MAX_READ_BYTES if max_bytes is None else min(max_bytes, _MAX_READ_BYTES)
        chunks: list[OutputChunk] = []
        size, is_all = 0, True
        for piece in self._pieces:
            if piece.seq <= after:
                continue
            if chunks and size + len(piece.data) > limit:
                is_all = False
                break
            size += len(piece.data)
            chunks.append(piece.to_chunk())
        return ProcessReadResult(
            chunks=chunks,
            next_seq=self._next if is_all else chunks[-1].seq + 1,
            exited=self.exit_code is not None,
            exit_code=self.exit_code,
            closed=is_all and self.closed_seq > 0,
        )

    def _has_room(self) -> bool:
        if self._acknowledged:
            return self._bytes < RETAINED_BYTES
        return self._is_attached or self._bytes < _LET_GO_BYTES

    def _drop_oldest(self) -> None:
        self._bytes -= len(self._pieces.popleft().data)

    def _take_number(self) -> int:
        number = self._next
        self._next += 1
        return number
