"""Messages as lines over a pair of file descriptors: how an editor that spawns the server talks to it.

Owns the descriptors it is given and, for the process's own stdin and stdout, moving them out of the way of stray
prints. Does not own the framing rules (transport.lines), how each kind of file is read and written
(transport.descriptors), nor what the lines say.
"""

import os
import sys
from collections.abc import AsyncGenerator, Generator, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress

import trio

from codex_trio.transport.base import (
    MAX_MESSAGE_BYTES,
    CloseReason,
    MessageInPieces,
    OutgoingMessage,
    TransportClosed,
    TransportKind,
)
from codex_trio.transport.descriptors import open_sink, open_source
from codex_trio.transport.lines import LineSplitter


class StdioTransport:
    """One JSON-RPC message a line. Takes over both descriptors, which must differ, and closes them.

    Args:
        read_fd: where the peer's lines come from: a pipe, socket, terminal, regular file or device.
        write_fd: where our lines go: any of the same.
        max_message_bytes: a longer line is discarded and reported once as `MessageTooLong`.
    """

    def __init__(self, read_fd: int, write_fd: int, *, max_message_bytes: int = MAX_MESSAGE_BYTES) -> None:
        self._source = open_source(read_fd)
        self._sink = open_sink(write_fd)
        self._lines = LineSplitter(limit=max_message_bytes)
        self._ended = False

    @property
    def kind(self) -> TransportKind:
        return "stdio"

    async def receive(self) -> bytes | None:
        """Return the next line; None at the end of the input.

        Raises:
            MessageTooLong: a line was discarded; receiving may go on.
            TransportClosed: the descriptor can no longer be read.
        """
        line = self._lines.next_line()
        while line is None and not self._ended:
            try:
                data = await self._source.read()
            except (OSError, trio.ClosedResourceError) as error:
                raise TransportClosed(f"cannot read: {error}") from None
            self._ended = not data
            self._lines.feed(data)
            line = self._lines.next_line()
        return line

    async def send(self, message: OutgoingMessage) -> None:
        """Write one line; return when the operating system has all of it."""
        await self.send_many([message])

    async def send_many(self, messages: Sequence[OutgoingMessage]) -> None:
        """Write several lines with as few system calls as the descriptor allows."""
        # Cancelled here nothing was written; further down the last line on the wire may be cut short.
        await trio.lowlevel.checkpoint_if_cancelled()
        lines: list[bytes] = []
        for message in messages:
            if isinstance(message, MessageInPieces):
                await self._write(b"".join(lines))
                for piece in message.take():
                    await self._write(piece)
                lines = [b"\n"]
            else:
                lines += (message, b"\n")
        await self._write(b"".join(lines))

    def send_now(self, message: bytes) -> bool:
        """Write the message, unless more input is at hand: the answers to it are better written together."""
        if self._lines.buffered_bytes:
            return False
        try:
            return self._sink.write_now(message + b"\n")
        except (OSError, trio.ClosedResourceError):
            return False

    async def aclose(self, reason: CloseReason | None = None) -> None:
        """Close both descriptors; a read or write under way ends with `TransportClosed`. No reason can be told."""
        self._source.close()
        self._sink.close()
        await trio.lowlevel.checkpoint()

    async def _write(self, data: bytes | memoryview) -> None:
        with memoryview(data) as view:
            offset = 0
            while offset < len(view):
                try:
                    offset += await self._sink.write(view[offset:])
                except (OSError, trio.ClosedResourceError) as error:
                    raise TransportClosed(f"cannot write: {error}") from None


@asynccontextmanager
async def open_process_stdio(*, max_message_bytes: int = MAX_MESSAGE_BYTES) -> AsyncGenerator[StdioTransport]:
    """Provide the transport over this process's own stdin and stdout.

    While it is open, descriptor 0 reads as empty and descriptor 1 goes to stderr, so that no library's print and no
    child process can write into the protocol stream or take input from it. Both are put back at the end.

    Raises:
        TransportClosed: the process was started without stdin or stdout.
    """
    with _moved_aside(0, os.O_RDONLY) as read_fd, _moved_aside(1, os.O_WRONLY) as write_fd:
        transport = StdioTransport(os.dup(read_fd), os.dup(write_fd), max_message_bytes=max_message_bytes)
        try:
            yield transport
        finally:
            await transport.aclose()


@contextmanager
def _moved_aside(descriptor: int, flags: int) -> Generator[int]:
    # Where the process was started without it, the number may by now belong to something else of ours.
    if (sys.__stdin__ if descriptor == 0 else sys.__stdout__) is None:
        raise TransportClosed(f"the process was started without descriptor {descriptor}")
    original = os.dup(descriptor)
    try:
        _flush_prints()
        _redirect(descriptor, flags)
        yield original
        _flush_prints()
    finally:
        os.dup2(original, descriptor)
        os.close(original)


def _redirect(descriptor: int, flags: int) -> None:
    if descriptor == 1:
        with suppress(OSError):
            os.dup2(2, descriptor)
            return
    nothing = os.open(os.devnull, flags | os.O_CLOEXEC)
    os.dup2(nothing, descriptor)
    os.close(nothing)


def _flush_prints() -> None:
    # Where stdout is closed or replaced there is nothing of ours to flush.
    with suppress(OSError, ValueError, AttributeError):
        sys.stdout.flush()
