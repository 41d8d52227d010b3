"""Keeping a copy, beside the state database, of what it holds that exists nowhere else.

Owns when that is done: while clients are quiet, or when they have not been for a while. A service.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable

import trio

from codex_trio.state.db.errors import StateDbError
from codex_trio.state.db.initializer import alone
from codex_trio.state.db.kept import copy_path, what_is_kept, write_copy
from codex_trio.state.db.state_db import StateDb

_log = logging.getLogger(__name__)

HEAD_START_SECONDS = 3.0
"""How long a client that has just arrived has the machine to itself."""

REST_SECONDS, REST_AFTER_TROUBLE_SECONDS = 1.0, 60.0
QUIET_SECONDS, LONGEST_WAIT_SECONDS = 0.2, 1.0
_LAST_COPY_SECONDS = 5.0


async def keep_copies(database: StateDb, *, quiet: Callable[[float], Awaitable[None]]) -> None:
    """Copy what changes until cancelled. `quiet` returns once clients have asked for nothing for so many seconds."""
    with trio.move_on_after(HEAD_START_SECONDS):
        await database.kept_changed.wait()
    while True:
        with trio.move_on_after(LONGEST_WAIT_SECONDS):
            await quiet(QUIET_SECONDS)
        if await copy_what_is_kept(database):
            await database.kept_changed.wait()
            await trio.sleep(REST_SECONDS)
        else:
            await trio.sleep(REST_AFTER_TROUBLE_SECONDS)


async def copy_at_the_end(database: StateDb) -> None:
    """Copy what has changed, before the process ends."""
    if database.is_behind:
        with trio.move_on_after(_LAST_COPY_SECONDS, shield=True):
            await copy_what_is_kept(database)


async def copy_what_is_kept(database: StateDb) -> bool:
    """Make a copy if there is anything new; False when that cannot be done now: what was copied before stays."""
    if not database.is_persistent:
        return False
    try:
        # Of two processes, neither puts an older copy in the place of the other's.
        async with alone(database.path):
            database.note_copying()
            kept = await database.read(what_is_kept)
            await trio.to_thread.run_sync(write_copy, copy_path(database.path), kept)
    except StateDbError as error:
        database.note_change()
        _log.warning("what only the state database has is not copied now: %s", error)
        return False
    return True
