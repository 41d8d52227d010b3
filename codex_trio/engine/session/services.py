"""What a session is given: what all sessions share, what its thread has of its own, and who listens."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Protocol

import msgspec
import trio

from codex_trio.config.settings import EffectiveConfig
from codex_trio.engine import events
from codex_trio.engine.hooks import ThreadHooks
from codex_trio.engine.lineage import Beginning
from codex_trio.engine.project_docs import ProjectDocs
from codex_trio.engine.session.companion import Companions
from codex_trio.engine.settings import ThreadSettings
from codex_trio.engine.turn_gate import TurnGate
from codex_trio.environments.thread import ThreadEnvironments
from codex_trio.execpolicy.decision import CommandPolicy
from codex_trio.extensions.sets import ExtensionSet
from codex_trio.identity.user_agent import Identity
from codex_trio.model.catalog import ModelInfo
from codex_trio.model.client import ResponsesClient
from codex_trio.state.history.recorder import ThreadRecorder
from codex_trio.tools.pictures import Pictures
from codex_trio.tools.registry import OfferedTools, ToolOffer
from codex_trio.tools.review import Approver
from codex_trio.util.stoppable_clock import StoppableClock


class EngineServices(msgspec.Struct, frozen=True, kw_only=True):
    """What every session shares. `timezone` is an IANA name."""

    identity: Identity
    installation_id: str
    timezone: str
    client: Callable[[EffectiveConfig, str], ResponsesClient]
    """The client of a provider id. Raises ModelError when it cannot be used."""
    model: Callable[[EffectiveConfig, str], ModelInfo]
    """The facts on a model slug, with the user's limits applied."""
    gate: TurnGate
    """What turns begin and end through."""
    pictures: Pictures


async def no_extensions(_settings: ThreadSettings) -> ExtensionSet:
    """Return nothing: for threads that nothing is brought along for."""
    await trio.lowlevel.checkpoint()
    return ExtensionSet()


class ThreadServices(msgspec.Struct, frozen=True, kw_only=True):
    """What one thread has of its own."""

    recorder: ThreadRecorder
    environments: ThreadEnvironments
    policy: CommandPolicy
    approver: Approver
    nursery: trio.Nursery
    """The thread's: what outlives a turn runs in it."""
    tools: Callable[[ToolOffer], OfferedTools]
    """The tools of one of its turns."""
    tools_settled: Callable[[], Awaitable[None]]
    """Waits, for a limited time, for tools that are just coming."""
    companions: Companions
    """What goes along with its turns."""
    memories: Callable[[], Awaitable[str | None]]
    """Reads what the model is told of former threads, where it is to be told."""
    project_docs: Callable[[ThreadSettings], Awaitable[ProjectDocs]]
    extensions: Callable[[ThreadSettings], Awaitable[ExtensionSet]]
    """Finds what the folder that it works in brings along."""
    config: EffectiveConfig
    beginning: Beginning = "new"
    hooks: ThreadHooks | None = None
    """Runs what the user wants run at set moments; None where nothing is."""
    clock: StoppableClock
    """The clock that tool calls wait by; while it stands, the model is asked nothing more in a turn."""


class Listener(Protocol):
    """Who hears what a session does."""

    def emit(self, event: events.Event) -> None:
        """Take an event; never waits."""
        ...

    async def ready(self) -> None:
        """Wait while those who listen are far behind."""
        ...
