"""Reading and writing an inherited file descriptor of any kind without ever blocking the loop.

Owns the choice of method per kind of file. No descriptor is switched to non-blocking mode: that flag belongs to the
open file, which a terminal or a `2>&1` shares with other programs and with our own stderr, and which a killed process
cannot put back. Does not own lines or messages.
"""

import errno
import fcntl
import os
import select
import socket
import stat
from contextlib import suppress
from typing import Protocol

import trio

_READ_SIZE = 64 * 1024

_WRITE_BURST = 1024 * 1024
"""Bytes written before other tasks get a turn: well under a millisecond of copying into the kernel."""

_BIG_PIPE = 1024 * 1024
"""What a pipe is made to hold for the first answer that is bigger than it: else each 64 KiB wait for the reader."""

_NOT_SUPPORTED = (errno.EOPNOTSUPP, errno.EINVAL, errno.ENOSYS, errno.ESPIPE)


class Source(Protocol):
    """A descriptor to read from, owned by whoever opened it here."""

    async def read(self) -> bytes:
        """Return some bytes, at least one; nothing means the end of the input.

        Raises OSError, trio.ClosedResourceError.
        """
        ...

    def close(self) -> None:
        """Close the descriptor and end a read under way."""
        ...


class Sink(Protocol):
    """A descriptor to write to, owned by whoever opened it here."""

    async def write(self, data: memoryview) -> int:
        """Write some of the data, at least one byte; say how much. Raises OSError, trio.ClosedResourceError."""
        ...

    def write_now(self, data: bytes) -> bool:
        """Write all of the data if it takes no waiting, else nothing. Raises OSError, trio.ClosedResourceError."""
        ...

    def close(self) -> None:
        """Close the descriptor and end a write under way."""
        ...


def open_source(descriptor: int) -> Source:
    """Take a descriptor over for reading."""
    mode = os.fstat(descriptor).st_mode
    pollable = stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode) or os.isatty(descriptor)
    return _PolledSource(descriptor) if pollable else _ThreadedSource(descriptor)


def open_sink(descriptor: int) -> Sink:
    """Take a descriptor over for writing."""
    mode = os.fstat(descriptor).st_mode
    if stat.S_ISFIFO(mode):
        return _PipeSink(descriptor)
    if stat.S_ISSOCK(mode):
        return _SocketSink(descriptor)
    return _ThreadedSink(descriptor)


class _Owned:
    """A descriptor that is closed once, and not used after that."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor: int | None = descriptor

    @property
    def _open_descriptor(self) -> int:
        if self._descriptor is None:
            raise trio.ClosedResourceError("the descriptor is closed")
        return self._descriptor

    def close(self) -> None:
        if self._descriptor is not None:
            trio.lowlevel.notify_closing(self._descriptor)
            with suppress(OSError):
                os.close(self._descriptor)
            self._descriptor = None


class _PolledSource(_Owned):
    """Pipes, sockets and terminals: a read that follows readiness returns at once, as nobody else reads them."""

    async def read(self) -> bytes:
        while True:
            await trio.lowlevel.wait_readable(self._open_descriptor)
            with suppress(BlockingIOError):
                return os.read(self._open_descriptor, _READ_SIZE)


class _PipeSink(_Owned):
    """A pipe that polls as writable takes PIPE_BUF bytes without blocking, whatever mode it is in: POSIX says so.

    Linux can also be asked to write without waiting, once and however much.
    """

    def __init__(self, descriptor: int) -> None:
        super().__init__(descriptor)
        self._poll = select.poll()
        self._poll.register(descriptor, select.POLLOUT)
        self._is_grown = False
        self._can_refuse = hasattr(os, "RWF_NOWAIT")

    async def write(self, data: memoryview) -> int:
        if len(data) > _READ_SIZE and not self._is_grown:
            self._grow()
        while True:
            written = self._write_ready(data)
            if written:
                return written
            await trio.lowlevel.wait_writable(self._open_descriptor)

    def write_now(self, data: bytes) -> bool:
        if len(data) > select.PIPE_BUF or not self._poll.poll(0):
            return False
        return os.write(self._open_descriptor, data) == len(data)

    def _grow(self) -> None:
        self._is_grown = True
        # Where there is no such call, or the user has too many big pipes, it stays as it is.
        with suppress(OSError, AttributeError):
            if fcntl.fcntl(self._open_descriptor, fcntl.F_GETPIPE_SZ) < _BIG_PIPE:
                fcntl.fcntl(self._open_descriptor, fcntl.F_SETPIPE_SZ, _BIG_PIPE)

    def _write_ready(self, data: memoryview) -> int:
        burst = data[:_WRITE_BURST]
        if self._can_refuse:
            try:
                return os.pwritev(self._open_descriptor, [burst], -1, os.RWF_NOWAIT)
            except BlockingIOError:
                return 0
            except OSError as error:
                if error.errno not in _NOT_SUPPORTED:
                    raise
                self._can_refuse = False
        return self._write_pieces(burst)

    def _write_pieces(self, data: memoryview) -> int:
        written = 0
        with suppress(BlockingIOError):
            while written < len(data) and self._poll.poll(0):
                written += os.write(self._open_descriptor, data[written : written + select.PIPE_BUF])
        return written


class _SocketSink(_Owned):
    """Sockets can be asked for one non-blocking send. Node gives its children socket pairs for stdio."""

    def __init__(self, descriptor: int) -> None:
        super().__init__(descriptor)
        # A second descriptor of the same socket, because a socket object closes the one that it wraps.
        self._socket = socket.socket(fileno=os.dup(descriptor))

    async def write(self, data: memoryview) -> int:
        while True:
            descriptor = self._open_descriptor
            with suppress(BlockingIOError):
                return self._socket.send(data[:_WRITE_BURST], socket.MSG_DONTWAIT)
            await trio.lowlevel.wait_writable(descriptor)

    def write_now(self, data: bytes) -> bool:
        # Nothing says that a stream socket takes all or nothing.
        return False

    def close(self) -> None:
        super().close()
        self._socket.close()


class _ThreadedSource(_Owned):
    """Regular files and devices, which cannot be polled."""

    async def read(self) -> bytes:
        return await trio.to_thread.run_sync(os.read, self._open_descriptor, _READ_SIZE, abandon_on_cancel=True)


class _ThreadedSink(_Owned):
    """Regular files, devices, and terminals: those can take less than they poll for, and stop at Ctrl-S."""

    async def write(self, data: memoryview) -> int:
        # The bytes are copied: an abandoned thread may outlive the caller's view of them.
        chunk = bytes(data[:_WRITE_BURST])
        return await trio.to_thread.run_sync(os.write, self._open_descriptor, chunk, abandon_on_cancel=True)

    def write_now(self, data: bytes) -> bool:
        return False
