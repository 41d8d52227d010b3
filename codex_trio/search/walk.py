"""Which files there are below some folders, as ripgrep lists them: with hidden ones, without what git ignores.

Owns the program, its options, and the bounds of a walk: links may lead anywhere, round and round. Links are followed.
What cannot be read is left out, and so is what the kernel shows of itself (`/proc`).
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
import select
import subprocess
import sysconfig
import time
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import asynccontextmanager

import msgspec
import trio

_SYSTEM_FOLDERS = ("/usr/bin", "/bin", "/usr/local/bin")
_OPTIONS = ("--no-config", "--files", "--hidden", "--follow", "--null", "--no-messages", "--color=never")
_PIECE_BYTES = 256 * 1024
_PIPE_BYTES = 1024 * 1024
_PACE_SECONDS = 0.003
"""Between two reads: ripgrep writes 8 KiB at a time, and each wake-up takes longer than going through that much."""

_END_SECONDS = 5.0
_MOST_THREADS = 12
"""Further ones wait for one another."""

_MOUNTS = "/proc/self/mountinfo"
_OF_THE_KERNEL = frozenset(
    (
        *("proc", "sysfs", "cgroup", "cgroup2", "debugfs", "tracefs", "securityfs", "configfs", "bpf", "devpts"),
        *("pstore", "efivarfs", "binfmt_misc", "selinuxfs", "mqueue", "fusectl", "nsfs", "rpc_pipefs"),
    )
)
"""File systems without files of anybody, and often without an end."""


class NoRipgrep(Exception):
    """The program is not there."""


class WalkLimits(msgspec.Struct, frozen=True, kw_only=True):
    """How far a walk goes."""

    files: int = 1_000_000
    """More than the biggest work trees have, and some hundred megabytes of memory."""
    seconds: float = 15.0
    """Longer than all but the slowest disks take, and as long as anybody waits for a file name."""


def find_ripgrep() -> str:
    """Return the program: the one that was installed with this package, or else the system's. Raises NoRipgrep."""
    for folder in (sysconfig.get_path("scripts"), *_SYSTEM_FOLDERS):
        program = os.path.join(folder, "rg")
        if os.access(program, os.X_OK):
            return program
    raise NoRipgrep("searching for files needs ripgrep (`rg`), which is not installed; see the package `ripgrep`")


def kernel_mounts() -> dict[str, bool]:
    """Return where something is mounted, with whether it is the kernel's own. Blocking."""
    try:
        with open(_MOUNTS, encoding="utf-8", errors="surrogateescape") as file:
            lines = file.read().splitlines()
    except OSError:
        return {}
    mounts: dict[str, bool] = {}
    for line in lines:
        before, _, after = line.partition(" - ")
        path = re.sub(r"\\([0-7]{3})", lambda found: chr(int(found[1], 8)), before.split(" ")[4])
        # Of several mounts at one place the last one is seen.
        mounts[path] = after.partition(" ")[0] in _OF_THE_KERNEL
    return mounts


class Walk:
    """A walk under way. Made by `walking`."""

    def __init__(self, pipe: int | None, limits: WalkLimits) -> None:
        self._pipe = pipe
        self._limits = limits
        self.is_cut = False
        """Whether it ended at one of its limits."""

    async def read(self, take: Callable[[str], object], *, end: Callable[[], object]) -> None:
        """Have `take` called with the paths of all files, some thousand at a time and a NUL between two, then `end`:
        both in a thread of their own.

        What is no text in them is U+FFFD.
        """
        pipe = None if self._pipe is None else os.dup(self._pipe)
        limiter = trio.CapacityLimiter(1)
        await trio.to_thread.run_sync(self._read, pipe, take, end, abandon_on_cancel=True, limiter=limiter)

    def _read(self, pipe: int | None, take: Callable[[str], object], end: Callable[[], object]) -> None:
        if pipe is not None:
            # The descriptor is this thread's: it may be left behind.
            try:
                self._read_pipe(pipe, take)
            finally:
                os.close(pipe)
        end()

    def _read_pipe(self, pipe: int, take: Callable[[str], object]) -> None:
        deadline = time.monotonic() + self._limits.seconds
        poll = select.poll()
        poll.register(pipe, select.POLLIN)
        rest, left = b"", self._limits.files
        while not self.is_cut and poll.poll(max(deadline - time.monotonic(), 0) * 1000):
            data = os.read(pipe, _PIECE_BYTES)
            if not data:
                return
            whole, separator, rest = (rest + data).rpartition(b"\0")
            if separator:
                count = whole.count(b"\0") + 1
                self.is_cut = count > left
                if self.is_cut:
                    whole = b"\0".join(whole.split(b"\0")[:left])
                if left:
                    take(whole.decode("utf-8", "replace"))
                left -= count
            if len(data) < _PIECE_BYTES:
                time.sleep(_PACE_SECONDS)
        self.is_cut = True


class WalkPlan(msgspec.Struct, frozen=True, kw_only=True):
    """Where a walk goes: absolute paths of folders, and those below them that are to be left out."""

    folders: Sequence[str]
    leave_out: Sequence[str] = ()


@asynccontextmanager
async def walking(plan: Callable[[], WalkPlan], *, limits: WalkLimits) -> AsyncGenerator[Walk]:
    """Provide a walk to where `plan` says, which is asked in a thread. At the end of the block the program has ended.

    Raises NoRipgrep and OSError.
    """
    # In one go: on a machine that is busy each change of threads takes as long as many files.
    process, pipe = await trio.to_thread.run_sync(lambda: _start(plan()))
    try:
        yield Walk(pipe, limits)
    finally:
        if pipe is not None:
            os.close(pipe)
        if process is not None:
            process.kill()
            with trio.CancelScope(shield=True, deadline=trio.current_time() + _END_SECONDS):
                await trio.to_thread.run_sync(process.wait, abandon_on_cancel=True)


def _start(plan: WalkPlan) -> tuple[subprocess.Popen[bytes] | None, int | None]:
    """Start the program; return it and what its output is read from. Blocking."""
    if not plan.folders:
        return None, None
    command = [find_ripgrep(), *_OPTIONS, f"--threads={_threads()}"]
    command += [f"--glob=!{_glob(path)}" for path in plan.leave_out]
    reading, writing = os.pipe()
    try:
        # Where a user has too many big pipes it stays as it is.
        with contextlib.suppress(OSError):
            fcntl.fcntl(writing, fcntl.F_SETPIPE_SZ, _PIPE_BYTES)
        process = subprocess.Popen(
            [*command, "--", *plan.folders],
            stdin=subprocess.DEVNULL,
            stdout=writing,
            stderr=subprocess.DEVNULL,
            cwd="/",
        )
    except BaseException:
        os.close(reading)
        raise
    finally:
        os.close(writing)
    return process, reading


def _threads() -> int:
    """Return how many threads walk: they often wait for the one that writes, so that there may be more than run."""
    return min(2 * len(os.sched_getaffinity(0)), _MOST_THREADS)


def _glob(path: str) -> str:
    """Return the pattern that means this path alone."""
    return re.sub(r"([][*?{}\\!])", r"\\\1", path)
