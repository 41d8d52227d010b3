"""A process whose system calls on files a test decides about: let through, refused with an error, or never finished.

Owns the filter and the answers. The kernel itself refuses: the process, its libraries included, meets what it would
meet on a disk that breaks. Whoever watches sees the path of the file that each call is about, so that one file can fail
while others, and the pipes to the client, go on. Needs no privileges, but Linux 5.9.

    async with watched_calls(socket, ("pwrite64",)) as watch:
        watch.decide = lambda call: errno.EIO if call.path.endswith(".sqlite") else None
        async with open_stdio_client(watch.command(["codex-trio", "app-server"])) as server: ...

A program as well, which installs the filter and becomes the command:
`python -P system_calls.py SOCKET CALL,CALL... COMMAND...`.
"""

from __future__ import annotations

import array
import contextlib
import ctypes
import fcntl
import os
import select
import socket
import struct
import sys
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

import trio

from codex_trio.sandbox import kernel
from codex_trio.sandbox.seccomp import notifying_filter
from codex_trio.testing.becoming import become
from codex_trio.testing.warm_start import in_front

NUMBERS = {
    "x86_64": {
        "read": 0,
        "write": 1,
        "pread64": 17,
        "pwrite64": 18,
        "fsync": 74,
        "fdatasync": 75,
        "ftruncate": 77,
    },
    "aarch64": {
        "read": 63,
        "write": 64,
        "pread64": 67,
        "pwrite64": 68,
        "fsync": 82,
        "fdatasync": 83,
        "ftruncate": 46,
    },
}
"""The calls that can be watched, by machine: all of them have a file descriptor as their first argument."""

_SYS_SECCOMP = {"x86_64": 317, "aarch64": 277}
_SET_MODE_FILTER = 1
_NEW_LISTENER = 1 << 3
_RECEIVE, _SEND = 0xC0502100, 0xC0182101
_GO_ON = 1
# struct seccomp_notif: id, pid, flags, then nr, arch, instruction_pointer and args[6] of the call.
_NOTIFICATION = struct.Struct("=QII iIQ 6Q")
# struct seccomp_notif_resp: id, val, error, flags
_ANSWER = struct.Struct("=Qqi I")

_WAIT_SECONDS = 20.0


class CannotWatch(Exception):
    """This machine does not let system calls be watched; the text says why."""


@dataclass(frozen=True)
class Call:
    """A system call that is about to happen."""

    name: str
    path: str
    """The file that it is about, as the kernel names it: `/the/file`, `pipe:[123]`, ..."""


class NeverDone(Exception):
    """Raised by who decides about a call that is to stay unfinished, because its process has just been killed."""


Decision = Callable[[Call], int | None]
"""The number of the error that the call gets; None to let it happen. May raise NeverDone."""


class CallWatch:
    """The calls of all processes started by its commands."""

    def __init__(self, socket_path: Path, names: Sequence[str]) -> None:
        self.decide: Decision = lambda _call: None
        self._socket_path = socket_path
        self._names = {NUMBERS[os.uname().machine][name]: name for name in names}

    def command(self, argv: Sequence[str]) -> tuple[str, ...]:
        """Return the command that runs `argv` as a process that is watched, and with it all that it starts."""
        names = ",".join(self._names.values())
        return in_front(Path(__file__), (str(self._socket_path), names), argv)

    async def accept(self, listener: trio.socket.SocketType) -> None:
        """Take processes as they come, until cancelled."""
        async with trio.open_nursery() as nursery:
            while True:
                connection, _ = await listener.accept()
                with connection:
                    with contextlib.suppress(trio.WouldBlock):
                        await trio.lowlevel.wait_readable(connection)
                    descriptor = _receive_descriptor(connection.fileno())
                if descriptor is not None:
                    nursery.start_soon(self._answer_calls, descriptor)

    async def _answer_calls(self, descriptor: int) -> None:
        try:
            while await _has_calls(descriptor):
                buffer = bytearray(_NOTIFICATION.size)
                try:
                    fcntl.ioctl(descriptor, _RECEIVE, buffer)
                    self._answer(descriptor, *_NOTIFICATION.unpack(buffer))
                except (FileNotFoundError, NeverDone):
                    # The process is gone, or the thread was called away and will try again.
                    continue
        finally:
            os.close(descriptor)

    def _answer(self, descriptor: int, identifier: int, thread: int, _flags: int, number: int, *rest: int) -> None:
        path = os.readlink(f"/proc/{thread}/fd/{rest[2]}")
        error = self.decide(Call(self._names[number], path))
        flags = _GO_ON if error is None else 0
        fcntl.ioctl(descriptor, _SEND, _ANSWER.pack(identifier, 0, -(error or 0), flags))


@asynccontextmanager
async def watched_calls(socket_path: Path, names: Sequence[str]) -> AsyncGenerator[CallWatch]:
    """Watch calls of these names (see NUMBERS). `socket_path` does not exist yet, and do not any more afterwards.

    Processes that are watched must have ended when the block ends. Raises CannotWatch.
    """
    if os.uname().machine not in NUMBERS:
        raise CannotWatch(f"the numbers of system calls are not known for {os.uname().machine}")
    watch = CallWatch(socket_path, names)
    with trio.socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener:
        await listener.bind(str(socket_path))
        try:
            listener.listen()
            async with trio.open_nursery() as nursery:
                nursery.start_soon(watch.accept, listener)
                problem = await _try(watch)
                if problem is None:
                    yield watch
                nursery.cancel_scope.cancel()
            if problem is not None:
                # Not raised above: out of a nursery, an exception comes in a group.
                raise CannotWatch(problem)
        finally:
            os.unlink(socket_path)


async def _try(watch: CallWatch) -> str | None:
    """Return why a program that does nothing cannot be watched; None when it can."""
    with trio.fail_after(_WAIT_SECONDS):
        outcome = await trio.run_process(
            watch.command(["/bin/true"]), check=False, capture_stderr=True, env={"PATH": os.environ["PATH"]}
        )
    return outcome.stderr.decode(errors="replace").strip() if outcome.returncode else None


async def _has_calls(descriptor: int) -> bool:
    """Wait for calls to decide about; False when no process is left that could make any.

    A call is withdrawn when its thread is killed or called away, which can be between the two looks at it: that is
    neither. Who stopped answering then would have every later call of the others refused with ENOSYS.
    """
    poll = select.poll()
    poll.register(descriptor, select.POLLIN)
    events = 0
    while not events:
        await trio.lowlevel.wait_readable(descriptor)
        # Taking a call when there is none would block.
        events = dict(poll.poll(0)).get(descriptor, 0)
    return bool(events & select.POLLIN)


def _receive_descriptor(connection: int) -> int | None:
    with socket.socket(fileno=os.dup(connection)) as plain:
        _, ancillary, _, _ = plain.recvmsg(1, socket.CMSG_SPACE(4))
    for _level, _kind, data in ancillary:
        return array.array("i", data)[0]
    return None


def _watch_me_and_run(socket_path: str, names: Sequence[str], command: list[str]) -> NoReturn:
    machine = os.uname().machine
    program = notifying_filter(machine, [NUMBERS[machine][name] for name in names])
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        connection.connect(socket_path)
        kernel.forbid_new_privileges()
        descriptor = _load(program, _SYS_SECCOMP[machine])
        socket.send_fds(connection, [b"."], [descriptor])
    os.close(descriptor)
    become(command)


class _FilterProgram(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("steps", ctypes.c_char_p))


def _load(program: bytes, number: int) -> int:
    """Load a filter, and give the descriptor that its questions are asked on."""
    libc = ctypes.CDLL(None, use_errno=True)
    described = _FilterProgram(len(program) // 8, program)
    descriptor: Any = libc.syscall(
        ctypes.c_long(number), ctypes.c_uint(_SET_MODE_FILTER), ctypes.c_uint(_NEW_LISTENER), ctypes.byref(described)
    )
    if descriptor < 0:
        error = ctypes.get_errno()
        raise OSError(error, f"seccomp: {os.strerror(error)}")
    return int(descriptor)


def main(arguments: Sequence[str]) -> NoReturn:
    socket_path, names, *command = arguments
    try:
        _watch_me_and_run(socket_path, names.split(","), command)
    except OSError as error:
        sys.exit(f"system calls cannot be watched: {error.strerror or error}")


if __name__ == "__main__":
    main(sys.argv[1:])
