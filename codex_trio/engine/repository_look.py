"""A look at the repository that a turn works in, which its requests tell the provider of.

Owns when git is asked, and how long a turn waits for that: its first request only for a moment. What is known later
goes with later requests. Does not own asking it (`environments`).
"""

from __future__ import annotations

import logging
import math
from collections.abc import Mapping
from typing import Any

import trio

from codex_trio.environments.turn import TurnEnvironment

_log = logging.getLogger(__name__)

PATIENCE_SECONDS = 0.1
"""How long after the beginning of a turn its requests wait for git."""


class RepositoryLook:
    """One look, from the beginning of a turn."""

    def __init__(self) -> None:
        self.workspaces: Mapping[str, Any] = {}
        """What is known, by the root of the work tree."""
        self._wait_until = -math.inf
        self._scope = trio.CancelScope()
        self._ended = trio.Event()

    def begin(self, nursery: trio.Nursery, environment: TurnEnvironment) -> None:
        """Have git asked. The turn goes on meanwhile."""
        self._wait_until = trio.current_time() + PATIENCE_SECONDS
        nursery.start_soon(self._look, environment)

    async def wait(self) -> None:
        """Wait until it is known, but not for long after the beginning of the turn."""
        with trio.CancelScope(deadline=self._wait_until):
            await self._ended.wait()

    def end(self) -> None:
        """Stop asking: nothing more is told in this turn."""
        self._scope.cancel()

    async def _look(self, environment: TurnEnvironment) -> None:
        try:
            with self._scope:
                state = await environment.workspace()
                self.workspaces = {} if state is None else state.to_metadata()
        except Exception:
            # Turns go on without it.
            _log.warning("how the work tree of %s stands is not known", environment.cwd, exc_info=True)
        self._ended.set()
