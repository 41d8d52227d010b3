"""What one command may take of the machine: processes, memory, file sizes, open files.

Owns: the limits of `[command_limits]`, and how a process gets them. Does not own: the limits that only hold inside of a
sandbox (`sandbox`), control groups (`control_groups`), or who counts the processes where the kernel does not
(`process_watch`).

A shell that then becomes the command puts them on: posix_spawn(3) can set none, the server cannot lower its own for as
long without its own work failing, and from outside they would come too late for what a process does first.
"""

import os
import resource
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

MOST_PROCESSES = 4096
"""Threads among them. Builds on large machines have hundreds."""

_OOM_SCORE = 300
_SMALL_FILE = 4096


class CommandBounds(msgspec.Struct, frozen=True, kw_only=True):
    """The limits of each command; None is none. `memory_bytes` is what one process may have for itself.

    In a control group it is what all of a command's processes may have together.
    """

    processes: int | None = MOST_PROCESSES
    memory_bytes: int | None = None
    file_bytes: int | None = None
    open_files: int | None = None
    core_bytes: int | None = None
    uses_control_groups: bool = True

    def script(self, *, counts_itself: bool) -> str:
        """Return the lines of a shell that put the limits on itself; nothing when there are none to put on.

        `counts_itself` says that a sandbox holds its command to the number of processes.
        """
        wanted = [
            ("d", resource.RLIMIT_DATA, self.memory_bytes, 1024),
            ("f", resource.RLIMIT_FSIZE, self.file_bytes, 512),
            ("n", resource.RLIMIT_NOFILE, self.open_files, 1),
            ("c", resource.RLIMIT_CORE, self.core_bytes, 512),
        ]
        if self.processes is not None and counts_processes() and not counts_itself:
            # All of the user's count, so that there has to be room for these. The letter depends on the shell.
            most = tasks_of_machine() + self.processes
            wanted += [("u", resource.RLIMIT_NPROC, most, 1), ("p", resource.RLIMIT_NPROC, most, 1)]
        return "".join(_lines(letter, kind, value, unit) for letter, kind, value, unit in wanted if value is not None)


def limited(argv: Sequence[str], script: str) -> tuple[str, ...]:
    """Return what runs `argv` within the limits of `script`: the shell that it is for becomes the command."""
    return ("/bin/sh", "-c", f'{script}exec "$0" "$@"', *argv)


def bounds_of(merged: Mapping[str, Any]) -> CommandBounds:
    """Return what a configuration says; `max_processes = 0` is no limit."""
    table: Mapping[str, Any] = merged.get("command_limits") or {}
    return CommandBounds(
        processes=table.get("max_processes", MOST_PROCESSES) or None,
        memory_bytes=table.get("max_memory_bytes"),
        file_bytes=table.get("max_file_bytes"),
        open_files=table.get("max_open_files"),
        core_bytes=table.get("max_core_bytes"),
        uses_control_groups=table.get("control_groups", True),
    )


def counts_processes() -> bool:
    """Return whether the kernel holds us to RLIMIT_NPROC: root it does not, in user namespaces neither."""
    return os.getuid() != 0


def tasks_of_machine() -> int:
    """Return how many processes and threads there are, whoever's; 0 where nobody tells."""
    try:
        # "0.20 0.18 0.12 1/80 11206": running ones and all, before the last number.
        return int(_read("/proc/loadavg").split()[3].partition(b"/")[2])
    except (OSError, ValueError, IndexError):
        return 0


def prefer_for_killing(pid: int) -> None:
    """Have the kernel end a process that was just started before the server when there is no memory left."""
    found = [pid]
    while found:
        one = found.pop()
        if _raise_score(one):
            # What it starts from now on has it already.
            found += _children(one)


def _raise_score(pid: int) -> bool:
    """Return whether that was needed and could be done."""
    path = f"/proc/{pid}/oom_score_adj"
    try:
        if int(_read(path)) >= _OOM_SCORE:
            return False
        handle = os.open(path, os.O_WRONLY)
        try:
            os.write(handle, b"%d" % _OOM_SCORE)
        finally:
            os.close(handle)
    except (OSError, ValueError):
        return False
    return True


def _children(pid: int) -> list[int]:
    """Return what the first thread of a process has started and not waited for yet."""
    try:
        return [int(child) for child in _read(f"/proc/{pid}/task/{pid}/children").split()]
    except OSError:
        return []


def _lines(letter: str, kind: int, value: int, unit: int) -> str:
    """Return the lines for one limit, rounded up to the shell's unit. A lower limit that holds already is kept."""
    lines = ""
    for flag, now in zip("SH", resource.getrlimit(kind), strict=True):
        most = -(-value // unit)
        if now == resource.RLIM_INFINITY or most * unit < now:
            lines += f"ulimit -{flag}{letter} {most} 2>/dev/null\n"
    return lines


def _read(path: str) -> bytes:
    handle = os.open(path, os.O_RDONLY)
    try:
        return os.read(handle, _SMALL_FILE)
    finally:
        os.close(handle)
