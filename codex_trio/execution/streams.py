"""The server's ends of a process's pipes and terminal.

Owns: non-blocking reads and writes on one descriptor. Does not own: decoding, bounds, who reads when.
"""

import errno
import fcntl
import os
import select
from contextlib import suppress

import trio

from codex_trio.execution.errors import StdinClosed

READ_SIZE = 65536

BIG_PIPE_BYTES = 256 * 1024
"""What the pipe of a process that writes much is made to hold: else it and the server wait for each other at each
64 KiB, on a busy machine for longer than that takes to be passed on. Less than `completion` reads after the end."""


class OutputStream:
    """What a process writes. One task reads at a time.

    A terminal gives few bytes at once, however many there are: `in_small_pieces` says so.
    """

    def __init__(self, descriptor: int, *, in_small_pieces: bool = False) -> None:
        os.set_blocking(descriptor, False)
        self._descriptor = descriptor
        self._in_small_pieces = in_small_pieces
        self._is_grown = in_small_pieces

    async def receive(self) -> bytes:
        """Return the next bytes, at most `READ_SIZE`; empty at the end.

        A terminal ends when no process has it open any more (the kernel's EIO), a pipe at its end of file.
        """
        while True:
            await trio.lowlevel.checkpoint_if_cancelled()
            data = self._try_read(READ_SIZE)
            if data is not None:
                if data and self._in_small_pieces:
                    data = self._with_what_follows(data)
                if len(data) == READ_SIZE and not self._is_grown:
                    self._grow()
                await trio.lowlevel.cancel_shielded_checkpoint()
                return data
            await trio.lowlevel.wait_readable(self._descriptor)

    def has_data(self) -> bool:
        """Return whether `receive` would return at once."""
        poll = select.poll()
        poll.register(self._descriptor, select.POLLIN)
        return bool(poll.poll(0))

    def _with_what_follows(self, data: bytes) -> bytes:
        pieces, room = [data], READ_SIZE - len(data)
        while room and (more := self._try_read(room)):
            pieces.append(more)
            room -= len(more)
        return b"".join(pieces)

    def _grow(self) -> None:
        self._is_grown = True
        # Where the user has too many big pipes it stays as it is.
        with suppress(OSError):
            fcntl.fcntl(self._descriptor, fcntl.F_SETPIPE_SZ, BIG_PIPE_BYTES)

    def _try_read(self, size: int) -> bytes | None:
        if self._descriptor < 0:
            return b""
        try:
            return os.read(self._descriptor, size)
        except BlockingIOError:
            return None
        except OSError as error:
            if error.errno == errno.EIO:
                return b""
            raise

    def close(self) -> None:
        """Close our end; a task that is reading gets `trio.ClosedResourceError`. May be called again."""
        self._descriptor = _close(self._descriptor)


class InputStream:
    """What a process reads. Writers wait for one another."""

    def __init__(self, descriptor: int) -> None:
        os.set_blocking(descriptor, False)
        self._descriptor = descriptor
        self._lock = trio.Lock()

    async def send_all(self, data: bytes) -> None:
        """Write everything, waiting while the process does not read.

        Raises `StdinClosed` when nobody can read it.
        """
        remaining = memoryview(data)
        async with self._lock:
            while remaining:
                if self._descriptor < 0:
                    raise StdinClosed
                try:
                    remaining = remaining[os.write(self._descriptor, remaining) :]
                except BlockingIOError:
                    try:
                        await trio.lowlevel.wait_writable(self._descriptor)
                    except trio.ClosedResourceError:
                        raise StdinClosed from None
                except OSError as error:
                    if error.errno in (errno.EPIPE, errno.EIO):
                        raise StdinClosed from None
                    raise

    def close(self) -> None:
        """Close our end. May be called again."""
        self._descriptor = _close(self._descriptor)


def _close(descriptor: int) -> int:
    if descriptor >= 0:
        trio.lowlevel.notify_closing(descriptor)
        os.close(descriptor)
    return -1
