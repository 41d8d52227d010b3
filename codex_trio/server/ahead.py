"""What other requests than lists and reads need, imported piece by piece while clients ask for nothing.

One import of all of it would hold the loop for as long as a first list takes. So a request that comes meanwhile waits
for one piece, and the next piece waits until clients are quiet again. A request that needs the rest imports it.
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module

import trio

from codex_trio.server.idle import Idle
from codex_trio.util.importing import without_collections

PIECES = (
    "codex_trio.processors.config",
    "codex_trio.processors.plugins",
    "codex_trio.processors.skills",
    "codex_trio.processors.hooks",
    "yaml",
    "codex_trio.search.listing",
    "codex_trio.execution.spawner",
    "codex_trio.execpolicy.decision",
    "codex_trio.model.client",
    "codex_trio.sandbox.view",
    "codex_trio.wire.clients",
    "codex_trio.engine.session.session",
    "codex_trio.tools.exec_command",
    "codex_trio.threads.runtime",
    "codex_trio.processors.work",
)
"""In this order each brings about as much as the others."""

_PAUSE_SECONDS = 0.001
"""In which the loop finds out whether somebody asks for something."""


async def import_ahead(idle: Idle, *, quiet_seconds: float, names: Sequence[str] = PIECES) -> None:
    """Import these modules, each when no request has been under way for so many seconds."""
    for name in names:
        await trio.sleep(_PAUSE_SECONDS)
        await idle.quiet(quiet_seconds)
        with without_collections():
            import_module(name)
