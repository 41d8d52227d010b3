"""What the front has that everything behind it is built from."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from codex_trio.config.service import ConfigService
from codex_trio.engine.turn_gate import TurnGate
from codex_trio.identity.user_agent import Identity
from codex_trio.rpc.outgoing import OutgoingMessages
from codex_trio.rpc.scheduler import RequestScheduler
from codex_trio.server.idle import Idle

if TYPE_CHECKING:
    from codex_trio.environments.providers import EnvironmentProvider


class CoreParts(msgspec.Struct, frozen=True, kw_only=True):
    """`environ` is the server's own environment."""

    codex_home: Path
    environ: Mapping[str, str]
    source: str
    """Where threads of this server say they come from: `vscode` behind an app-server client, `exec`."""
    installation_id: str
    identity: Identity
    config: ConfigService
    outgoing: OutgoingMessages
    gate: TurnGate
    idle: Idle
    scheduler: RequestScheduler
    warnings: list[str]
    """What every client is to know, those that are still to come included."""
    environments: EnvironmentProvider | None
    """What says which environments there are; None where nothing does."""
    startup_tasks: bool
    """Whether the server does things by itself after it began."""
    own_sockets: tuple[Path, ...]
    """Where in the file system clients reach this server: absolute, and out of the reach of commands."""
