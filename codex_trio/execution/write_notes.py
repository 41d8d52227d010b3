"""Noting when sandboxed processes can write: around each of them, from before its start to after its end.

Owns: when it is noted. Does not own: the notes (`codex_trio.config.command_writes`).
"""

import errno

import trio

from codex_trio.config.command_writes import CommandWrites
from codex_trio.execution.errors import SpawnError
from codex_trio.execution.launch import SpawnRequest


async def note_begin(writes: CommandWrites | None, request: SpawnRequest) -> None:
    """Note that a process is about to be started. Raises `SpawnError` when that cannot be noted."""
    if writes is not None and request.writable:
        try:
            await trio.to_thread.run_sync(writes.begin, request.writable)
        except OSError as error:
            raise SpawnError(error.errno or errno.EIO) from error


async def note_end(writes: CommandWrites | None, request: SpawnRequest) -> None:
    """Note that it is gone, or was not started after all. Not interrupted by cancellation."""
    if writes is not None and request.writable:
        with trio.CancelScope(shield=True):
            await trio.to_thread.run_sync(writes.finish, request.writable)
