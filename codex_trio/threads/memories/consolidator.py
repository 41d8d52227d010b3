"""The agent that brings memories together: a session that no client sees, in a folder of its own.

Owns what it runs with: it may write in that folder and nowhere else, has no network, asks nobody, has no agents, no
MCP servers and no memories, and leaves no thread behind. Does not own when it runs (maker.py), nor its words.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
import trio

from codex_trio.config.providers import LOCAL_PROVIDERS
from codex_trio.config.settings import EffectiveConfig
from codex_trio.domain.ids import uuid7
from codex_trio.engine import events
from codex_trio.engine.lineage import MEMORIES
from codex_trio.engine.session.services import EngineServices
from codex_trio.engine.settings import ThreadSettings, TurnOverrides
from codex_trio.engine.tasks.turn import Turn
from codex_trio.engine.turn_gate import TurnGate
from codex_trio.engine.turn_request import TurnRequest, UserInput
from codex_trio.environments.manager import EnvironmentManager
from codex_trio.sandbox.policy import WorkspaceWrite
from codex_trio.state.history.recorder import EphemeralRecorder
from codex_trio.state.rollout.lines import SessionMeta, format_timestamp
from codex_trio.threads.loading import ThreadLoader
from codex_trio.threads.memories.settings import memory_settings
from codex_trio.threads.unattended import open_unattended
from codex_trio.tools.builtin import BuiltinTools
from codex_trio.tools.code_mode.cells import ScriptEngine
from codex_trio.tools.code_mode.thread import ThreadTools
from codex_trio.util.clock import now_ms
from codex_trio.version import PROTOCOL_RELEASE

DEFAULT_MODEL = "gpt-6.1-terra"
"""The model of 0.171.0."""

CONFINEMENT = WorkspaceWrite(network_access=False, exclude_tmpdir_env_var=True, exclude_slash_tmp=True)


class ConsolidationFailed(Exception):
    """The agent did not come to an end that counts; the text says why."""


class MemoryAgent:
    """Runs it, one at a time."""

    def __init__(
        self,
        *,
        engine: EngineServices,
        environments: EnvironmentManager,
        loader: ThreadLoader,
        start_script: Callable[[], ScriptEngine],
    ) -> None:
        # Nobody waits for it when the server ends.
        self._engine = msgspec.structs.replace(engine, gate=TurnGate())
        self._environments = environments
        self._loader = loader
        self._start_script = start_script

    async def run(self, config: EffectiveConfig, folder: Path, prompt: str, *, fallback_model: str) -> None:
        """Run one turn in that folder to its end. Raises ConsolidationFailed, RulesError."""
        settings = _settings(config, folder, fallback_model=fallback_model)
        recorder = EphemeralRecorder(_meta(settings))
        policy = await self._loader.command_policy(config)
        heard = _Heard()
        async with open_unattended(
            recorder,
            settings,
            engine=self._engine,
            environments=self._environments,
            config=config,
            policy=policy,
            tools=ThreadTools(lambda: [BuiltinTools()], self._start_script).offer,
            listener=heard,
            declines_because="there is nobody to ask",
        ) as session:
            content: list[dict[str, Any]] = [{"type": "text", "text": prompt, "text_elements": []}]
            request = TurnRequest(turn_id=uuid7(), input=UserInput(content=content), trigger=MEMORIES)
            session.launch(session.begin(partial(Turn, request=request), TurnOverrides()))
            await session.wait_for_turn()
        heard.check()


def _settings(config: EffectiveConfig, folder: Path, *, fallback_model: str) -> ThreadSettings:
    wanted = memory_settings(config)
    default = fallback_model if config.model_provider_id in LOCAL_PROVIDERS else DEFAULT_MODEL
    return ThreadSettings(
        model=wanted.consolidation_model or default,
        provider_id=config.model_provider_id,
        cwd=folder,
        approval_policy="never",
        approvals_reviewer="user",
        sandbox_policy=CONFINEMENT,
        service_tier=wanted.consolidation_tier,
        effort="medium",
    )


def _meta(settings: ThreadSettings) -> SessionMeta:
    thread_id = uuid7()
    return SessionMeta(
        session_id=thread_id,
        id=thread_id,
        timestamp=format_timestamp(now_ms()),
        cwd=str(settings.cwd),
        cli_version=PROTOCOL_RELEASE,
        source={"subagent": MEMORIES},
        thread_source=MEMORIES,
        model_provider=settings.provider_id,
        history_mode="paginated",
    )


class _Heard:
    """What became of the turn; nobody else hears of it."""

    def __init__(self) -> None:
        self._end: events.TurnEnded | None = None

    def emit(self, event: events.Event) -> None:
        if isinstance(event, events.TurnEnded):
            self._end = event

    async def ready(self) -> None:
        await trio.lowlevel.checkpoint()

    def check(self) -> None:
        """Raise ConsolidationFailed unless the turn was completed."""
        if self._end is None or self._end.status != "completed":
            failure = None if self._end is None else self._end.failure
            raise ConsolidationFailed("the turn was interrupted" if failure is None else failure.message)
