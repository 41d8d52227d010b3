"""Which files there are below some folders, as ripgrep lists them: with hidden ones, without what git ignores.

Owns the program and its options. Links are followed. What cannot be read is left out.
"""

from __future__ import annotations

import os
import subprocess
import sysconfig
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager

import trio

_SYSTEM_FOLDERS = ("/usr/bin", "/bin", "/usr/local/bin")
_OPTIONS = ("--no-config", "--files", "--hidden", "--follow", "--null", "--no-messages", "--color=never")
_PIECE_BYTES = 256 * 1024
_END_SECONDS = 5.0


class NoRipgrep(Exception):
    """The program is not there."""


def find_ripgrep() -> str:
    """Return the program: the one that was installed with this package, or else the system's. Raises NoRipgrep."""
    for folder in (sysconfig.get_path("scripts"), *_SYSTEM_FOLDERS):
        program = os.path.join(folder, "rg")
        if os.access(program, os.X_OK):
            return program
    raise NoRipgrep("searching for files needs ripgrep (`rg`), which is not installed; see the package `ripgrep`")


@asynccontextmanager
async def walked(folders: Sequence[str]) -> AsyncGenerator[AsyncGenerator[list[bytes]]]:
    """Provide the paths of all files below absolute paths of folders, some thousand at a time, as they are found.

    At the end of the block the program has ended. Raises NoRipgrep and OSError.
    """
    command = [await trio.to_thread.run_sync(find_ripgrep), *_OPTIONS, "--", *folders]
    process = await trio.lowlevel.open_process(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, cwd="/"
    )
    try:
        yield _read(process)
    finally:
        process.kill()
        with trio.CancelScope(shield=True, deadline=trio.current_time() + _END_SECONDS):
            assert process.stdout is not None
            await process.stdout.aclose()
            await process.wait()


async def _read(process: trio.Process) -> AsyncGenerator[list[bytes]]:
    assert process.stdout is not None
    rest = b""
    while data := await process.stdout.receive_some(_PIECE_BYTES):
        *paths, rest = (rest + data).split(b"\0")
        yield paths
