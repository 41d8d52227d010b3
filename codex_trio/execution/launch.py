"""From a request to a running child and our ends of its streams.

Owns: pipes, terminals, inherited data and the child's descriptors. Synchronous.
Does not own: the C call (`posix_spawn`), the life of the process (`processes`).
"""

import errno
import fcntl
import os
import signal
import stat
import termios
from collections.abc import Mapping
from contextlib import ExitStack, suppress
from typing import Protocol

import msgspec

from codex_trio.execution import process_tree
from codex_trio.execution.bounds import limited
from codex_trio.execution.errors import SpawnError
from codex_trio.util.os_errors import explained, quoted

_TRY_LATER = "end some of what runs, or try again later"
_LOWEST_OWN_DESCRIPTOR = 32  # Above all numbers that a child is given, so that placing one never overwrites another.
_OF_THE_MACHINE = (errno.EAGAIN, errno.ENOMEM, errno.EMFILE, errno.ENFILE)


class TerminalSize(msgspec.Struct, frozen=True, kw_only=True):
    """In characters."""

    rows: int = 24
    cols: int = 80


class Door(Protocol):
    """The way out of a process that has none but the one that it makes itself; see `codex_trio.sandbox.loopback`."""

    def open(self) -> int:
        """Return a new descriptor, to be closed, through which the process hands over what it has made."""
        ...

    def close(self) -> None:
        """Let nothing through any more."""
        ...


DOOR_DESCRIPTOR = 3


class SpawnRequest(msgspec.Struct, frozen=True, kw_only=True):
    """A process to start. `env` is its whole environment; `cwd` is absolute."""

    argv: tuple[str, ...]
    cwd: str
    env: Mapping[str, str]
    tty: bool = False
    """Give it a terminal; open input and merged output then go without saying."""
    size: TerminalSize = TerminalSize()
    open_stdin: bool = False
    """Keep its input open for `ManagedProcess.write`; otherwise it reads an immediate end of file."""
    merge_output: bool = True
    """Stdout and stderr in one stream, in the order of arrival."""
    inherited: Mapping[int, bytes] = {}
    """Bytes that it can read from these descriptors: 3, 4 and so on without a gap."""
    door: Door | None = None
    """Opened as `DOOR_DESCRIPTOR` of the process, and closed at its end; then nothing else may be inherited."""
    placeholders: tuple[str, ...] = ()
    """Folders that must exist while it runs; see `codex_trio.sandbox.placeholders`."""
    absent: tuple[str, ...] = ()
    """Paths at which nothing may stand while it runs; see `codex_trio.sandbox.absent`."""
    keepers: int = 0
    """How many processes stand between it and the command itself that an interrupt must not reach."""
    counts_processes: bool = False
    """Whether a sandbox holds the command to the number of processes that it may have."""
    writable: tuple[str, ...] = ()
    """Folders that a sandboxed process may write; see `codex_trio.config.command_writes`."""


class LaunchedChild(msgspec.Struct, frozen=True, kw_only=True):
    """A child and the descriptors that its parent keeps. `terminal` is the same as `stdout`."""

    pid: int
    pidfd: int
    stdout: int
    stderr: int | None = None
    stdin: int | None = None
    terminal: int | None = None


def launch(
    request: SpawnRequest, env: Mapping[str, str], *, number: int | None = None, limits: str = ""
) -> LaunchedChild:
    """Start the child with `env` and, for `process_tree`, `number`. Raises `SpawnError`.

    `limits` are lines of a shell that come before; see `bounds`.
    """
    # Not imported with this module: ctypes is not needed before the first command.
    from codex_trio.execution import posix_spawn

    with ExitStack() as ours, ExitStack() as childs:
        try:
            program, argv = posix_spawn.find_program(request.argv[0], env), request.argv
            if limits:
                _check_program(os.path.join(request.cwd, program))
                argv = limited(argv, limits)
                program = argv[0]
            if request.tty:
                master, terminal = _open_terminal(request.size, ours, childs)
                # A copy, so that each direction is closed by itself.
                stdin, stdout, stderr = os.dup(master), master, None
                ours.callback(os.close, stdin)
                descriptors: dict[int, int] = {}
            else:
                master, terminal = None, None
                stdin, stdout, stderr, descriptors = _open_pipes(request, ours, childs)
            for number, data in request.inherited.items():
                descriptors[number] = _open_data(data, childs)
            if request.door is not None:
                handle = _raise_number(request.door.open())
                childs.callback(os.close, handle)
                descriptors[DOOR_DESCRIPTOR] = handle
            setup = posix_spawn.ChildSetup(cwd=request.cwd, descriptors=descriptors, terminal=terminal)
            with process_tree.numbered(number):
                pid = posix_spawn.spawn(program, argv, env, setup)
            pidfd = _open_pidfd(pid)
        except ValueError as error:
            raise SpawnError(errno.EINVAL, path=request.argv[0]) from error
        except OSError as error:
            raise _not_started(request, error.errno or errno.EINVAL) from error
        ours.pop_all()
        return LaunchedChild(pid=pid, pidfd=pidfd, stdin=stdin, stdout=stdout, stderr=stderr, terminal=master)


def _check_program(path: str) -> None:
    """Raise `OSError` for what cannot be run, of which the shell in front of it would tell in words of its own."""
    mode = os.stat(path).st_mode
    if stat.S_ISDIR(mode) or not os.access(path, os.X_OK):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), path)


def _not_started(request: SpawnRequest, number: int) -> SpawnError:
    """Return what is told of a process that the operating system did not start: what that is about, and the way out."""
    folder, program = request.cwd, request.argv[0]
    if number in _OF_THE_MACHINE:
        return SpawnError(number, text=explained(number, "no process could be started", advice=_TRY_LATER))
    problem = _folder_problem(folder)
    if problem is not None:
        about, advice = f"the working directory (cwd) {quoted(folder)}", None
        if problem in (errno.ENOENT, errno.ENOTDIR):
            advice = "make that folder, or give another one"
        return SpawnError(problem, folder, text=explained(problem, about, advice=advice))
    about, advice = f"the program {quoted(program)}", None
    if number == errno.E2BIG:
        about, advice = "the arguments and the variables of the command", "pass less, or pass it in a file or as input"
    elif number == errno.ENOENT and "/" not in program:
        advice = "it is in none of the folders of PATH"
    elif number == errno.EACCES:
        advice = "it is a folder, or may not be executed (`chmod +x` allows that)"
    return SpawnError(number, program, text=explained(number, about, advice=advice))


def _folder_problem(path: str) -> int | None:
    """Return the number of the error that says why a process cannot be in a folder."""
    try:
        if not stat.S_ISDIR(os.stat(path).st_mode):
            return errno.ENOTDIR
    except OSError as error:
        return error.errno
    except ValueError:
        return errno.EINVAL
    return None if os.access(path, os.X_OK) else errno.EACCES


def _open_pidfd(pid: int) -> int:
    try:
        return os.pidfd_open(pid)
    except OSError:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        raise


def _open_terminal(size: TerminalSize, ours: ExitStack, childs: ExitStack) -> tuple[int, str]:
    """Our end, and the path of the child's."""
    master, slave = os.openpty()
    ours.callback(os.close, master)
    childs.callback(os.close, slave)  # Open until the child has it open: a terminal without holders hangs up.
    termios.tcsetwinsize(slave, (size.rows, size.cols))
    return master, os.ttyname(slave)


def _open_pipes(
    request: SpawnRequest, ours: ExitStack, childs: ExitStack
) -> tuple[int | None, int, int | None, dict[int, int]]:
    """Our ends of stdin, stdout and stderr, and the child's descriptors."""
    if request.open_stdin:
        read_end, stdin = _open_pipe()
    else:
        read_end, stdin = _raise_number(os.open(os.devnull, os.O_RDONLY | os.O_CLOEXEC)), None
    childs.callback(os.close, read_end)
    if stdin is not None:
        ours.callback(os.close, stdin)
    stdout, write_end = _open_pipe()
    ours.callback(os.close, stdout)
    childs.callback(os.close, write_end)
    if request.merge_output:
        return stdin, stdout, None, {0: read_end, 1: write_end, 2: write_end}
    stderr, error_end = _open_pipe()
    ours.callback(os.close, stderr)
    childs.callback(os.close, error_end)
    return stdin, stdout, stderr, {0: read_end, 1: write_end, 2: error_end}


def _open_pipe() -> tuple[int, int]:
    read_end, write_end = os.pipe()
    return _raise_number(read_end), _raise_number(write_end)


def _open_data(data: bytes, childs: ExitStack) -> int:
    handle = _raise_number(os.memfd_create("inherited"))
    childs.callback(os.close, handle)
    os.write(handle, data)
    os.lseek(handle, 0, os.SEEK_SET)
    return handle


def _raise_number(descriptor: int) -> int:
    """Return the same file under a number that is no child's."""
    if descriptor >= _LOWEST_OWN_DESCRIPTOR:
        return descriptor
    try:
        return fcntl.fcntl(descriptor, fcntl.F_DUPFD_CLOEXEC, _LOWEST_OWN_DESCRIPTOR)
    finally:
        with suppress(OSError):
            os.close(descriptor)
