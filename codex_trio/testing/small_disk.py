"""A folder with very little room: a small tmpfs that only the processes of one test see, to be filled to the last byte.

Owns the mount, which lives in a user and mount namespace of its own, kept by a helper process; when that ends, the
kernel takes both away with all that is in them. Needs no privileges where the kernel lets users make namespaces.

A program as well, for the helper and for what runs inside: `python -P small_disk.py hold FOLDER BYTES` and
`... join PID COMMAND...`.
"""

from __future__ import annotations

import ctypes
import os
import shutil
import subprocess
import sys
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

import trio

from codex_trio.sandbox import kernel
from codex_trio.testing.becoming import become
from codex_trio.testing.warm_start import in_front

_READY = b"ready\n"
_WAIT_SECONDS = 20.0
_CHUNK = bytes(4096)


class NoSmallDisk(Exception):
    """This machine lets nobody mount one; the text says why."""


@dataclass(frozen=True)
class SmallDisk:
    """A mounted one. `folder` is where processes inside see it, `content` where everybody else does."""

    folder: Path
    content: Path
    keeper: int
    """The process that keeps it."""

    def command(self, argv: Sequence[str]) -> tuple[str, ...]:
        """Return the command that runs `argv` as a process that sees the disk: it keeps its process id, and its exit
        code.
        """
        return in_front(Path(__file__), ("join", str(self.keeper)), argv)

    def fill(self) -> Path:
        """Take all the room that is left, to the last block; remove the file that is returned to make room again."""
        ballast = self.content / "ballast"
        with ballast.open("ab", buffering=0) as file:
            try:
                while True:
                    file.write(_CHUNK)
            except OSError:
                return ballast


@asynccontextmanager
async def small_disk(folder: Path, *, size: int) -> AsyncGenerator[SmallDisk]:
    """Provide a disk of so many bytes at an existing folder, with what that holds so far. Raises NoSmallDisk.

    Processes that use it must have ended when the block ends.
    """
    process = await trio.lowlevel.open_process(
        [sys.executable, "-P", __file__, "hold", str(folder), str(size)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env={"PATH": os.environ["PATH"], "HOME": str(folder), "TMPDIR": str(folder)},
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        async with process.stdin, process.stdout:
            said = b""
            with trio.fail_after(_WAIT_SECONDS):
                async for data in process.stdout:
                    said += data
                    if said.endswith(_READY):
                        break
                else:
                    raise NoSmallDisk(said.decode(errors="replace").strip())
            yield SmallDisk(folder, Path(f"/proc/{process.pid}/root{folder}"), process.pid)
    finally:
        process.kill()
        with trio.CancelScope(shield=True):
            await process.wait()


def _hold(folder: str, size: int) -> None:
    uid, gid = os.getuid(), os.getgid()
    kernel.unshare(kernel.CLONE_NEWUSER | kernel.CLONE_NEWNS)
    Path("/proc/self/setgroups").write_text("deny")
    Path("/proc/self/uid_map").write_text(f"{uid} {uid} 1")
    Path("/proc/self/gid_map").write_text(f"{gid} {gid} 1")
    kernel.mount(None, "/", None, kernel.MS_REC | kernel.MS_PRIVATE)
    covered = os.open(folder, os.O_PATH | os.O_DIRECTORY)
    kernel.mount("tmpfs", folder, "tmpfs", kernel.MS_NOSUID, f"size={size},mode=0700")
    shutil.copytree(f"/proc/self/fd/{covered}", folder, dirs_exist_ok=True)
    os.close(covered)
    sys.stdout.buffer.write(_READY)
    sys.stdout.buffer.flush()
    # Until whoever asked for the disk lets go of it, or dies.
    sys.stdin.buffer.read()


def _join(keeper: int, command: list[str]) -> NoReturn:
    libc = ctypes.CDLL(None, use_errno=True)
    cwd = os.getcwd()
    for kind in ("user", "mnt"):
        descriptor = os.open(f"/proc/{keeper}/ns/{kind}", os.O_RDONLY | os.O_CLOEXEC)
        # os.setns is younger than the oldest Python that this runs on.
        if libc.setns(descriptor, 0) < 0:
            number = ctypes.get_errno()
            raise OSError(number, f"setns {kind}: {os.strerror(number)}")
    os.chdir(cwd)
    become(command)


def main(arguments: Sequence[str]) -> None:
    match arguments:
        case ["hold", folder, size]:
            try:
                _hold(folder, int(size))
            except OSError as error:
                sys.exit(f"no disk can be mounted: {error.strerror or error}")
        case ["join", keeper, *command]:
            _join(int(keeper), command)
        case _:
            sys.exit("see the module for what to say")


if __name__ == "__main__":
    main(sys.argv[1:])
