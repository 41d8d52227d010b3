"""Every collaborator that processors are built from. A processor takes what its command prefix needs and no more."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from codex_trio.config.service import ConfigService
from codex_trio.engine.turn_gate import TurnGate
from codex_trio.extensions.sets import ExtensionSets
from codex_trio.files.watches import FileWatches
from codex_trio.identity.auth_store import AuthStore
from codex_trio.identity.user_agent import Identity
from codex_trio.model.catalog import ModelCatalog
from codex_trio.rpc.outgoing import OutgoingMessages
from codex_trio.sandbox.look import SandboxLook
from codex_trio.search.search import FileSearch
from codex_trio.threads.stored import StoredThreads

if TYPE_CHECKING:
    from codex_trio.environments.local.client_processes import ClientProcesses
    from codex_trio.environments.local.git_diff import RemoteDiff
    from codex_trio.extensions.plugins.changes import PluginChanges
    from codex_trio.migration.service import Migration
    from codex_trio.threads.runtime import ThreadRuntime


class ServerLoad(msgspec.Struct, frozen=True, kw_only=True):
    """How much the server is at. Requests that wait for others of their scope are queued, all others in flight."""

    requests_in_flight: int
    requests_queued: int
    turns: int


class Services(msgspec.Struct, frozen=True, kw_only=True):
    codex_home: Path
    source: str
    """Where threads of this server say they come from: `vscode` behind an app-server client, `exec`."""
    config: ConfigService
    identity: Identity
    outgoing: OutgoingMessages
    auth: AuthStore
    catalog: ModelCatalog
    threads: StoredThreads
    load: Callable[[], ServerLoad]
    watches: FileWatches
    search: FileSearch
    extensions: ExtensionSets
    sandbox: SandboxLook


class WorkServices(Services, frozen=True, kw_only=True):
    """Those of processors that have threads loaded, or do something with loaded ones."""

    threads: ThreadRuntime
    gate: TurnGate
    """Asked before anything that would lead to a turn: a draining server takes on none."""
    new_client_processes: Callable[[], ClientProcesses]
    """Makes what a client has of processes that belong to no thread."""
    diff_to_remote: Callable[[Path], Awaitable[RemoteDiff]]
    """Says what a work tree of this machine differs in from its remote."""
    migration: Callable[[], Migration]
    """Takes over what other agents left; made when it is first asked for."""
    plugin_changes: PluginChanges
