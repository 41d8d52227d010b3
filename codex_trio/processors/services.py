"""Every collaborator that processors are built from.

Owns nothing: `app.py` fills it once. A processor takes from it what its command prefix needs and no more.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from codex_trio.config.service import ConfigService
from codex_trio.engine.turn_gate import TurnGate
from codex_trio.identity.auth_store import AuthStore
from codex_trio.identity.user_agent import Identity
from codex_trio.rpc.outgoing import OutgoingMessages
from codex_trio.util.on_first_use import OnFirstUse

if TYPE_CHECKING:
    from codex_trio.model.catalog import ModelCatalog
    from codex_trio.threads.runtime import ThreadRuntime


class Services(msgspec.Struct, frozen=True, kw_only=True):
    """See the module. What is behind a callable is loaded when it is first needed, to keep the start fast."""

    codex_home: Path
    source: str
    """Where threads of this server say they come from: `vscode` behind an app-server client, `exec`."""
    installation_id: str
    identity: Identity
    config: ConfigService
    outgoing: OutgoingMessages
    auth: AuthStore
    gate: TurnGate
    """Asked before anything that would lead to a turn: a draining server takes on none."""
    catalog: Callable[[], ModelCatalog]
    threads: OnFirstUse[ThreadRuntime]
    prepare: Callable[[], None]
    """Begins to load, in the background, what most clients need next."""
    warnings: Sequence[str]
    """What every client is to know, as found so far."""
