"""The conversation with a reviewing model: a session that no client sees, which can only read.

Owns what it runs with (the reviewed thread's model and places, its denied paths, no network, no rule that lets a
command out of the sandbox, nobody to ask), and one question at a time. Does not own what is asked (engine/guardian), or
what becomes of an answer (reviewer.py).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from functools import partial

import msgspec
import trio

from codex_trio.config.layers import lookup
from codex_trio.config.settings import EffectiveConfig
from codex_trio.domain.ids import uuid7
from codex_trio.domain.items import AgentMessage
from codex_trio.engine import events
from codex_trio.engine.guardian import policy, verdict
from codex_trio.engine.lineage import GUARDIAN_REVIEW, GUARDIAN_SOURCE
from codex_trio.engine.session.services import EngineServices
from codex_trio.engine.session.session import Session
from codex_trio.engine.settings import ThreadSettings, TurnOverrides
from codex_trio.engine.tasks.turn import Turn
from codex_trio.engine.turn_gate import TurnGate
from codex_trio.engine.turn_request import TurnRequest, UserInput
from codex_trio.environments.manager import EnvironmentManager
from codex_trio.execpolicy.decision import CommandPolicy
from codex_trio.model.request import OutputSchema
from codex_trio.sandbox.policy import ReadOnly, SandboxLimits, SandboxPolicy, WorkspaceWrite, limits_of
from codex_trio.state.history.recorder import ThreadRecorder
from codex_trio.state.rollout.lines import SessionMeta, format_timestamp
from codex_trio.threads.unattended import open_unattended
from codex_trio.tools.builtin import BuiltinTools
from codex_trio.tools.registry import Tool, ToolOffer, plain_tools
from codex_trio.util.clock import now_ms

EFFORT = "low"
TOOLS = ("exec_command", "write_stdin", "view_image")

_STOP_SECONDS = 5.0
_SCHEMA = OutputSchema(schema=verdict.SCHEMA, strict=False)


class ConversationFailed(Exception):
    """The reviewing model gave no answer; the text says why."""


class ConversationParts(msgspec.Struct, frozen=True, kw_only=True):
    """What a conversation is made of; the thread is the one that is reviewed."""

    meta: SessionMeta
    """The thread's."""
    config: EffectiveConfig
    policy: CommandPolicy
    engine: EngineServices
    environments: EnvironmentManager
    new_recorder: Callable[[SessionMeta], ThreadRecorder]
    writing: Callable[[str], AbstractAsyncContextManager[None]]
    """Keeps other processes from writing to a thread."""
    nursery: trio.Nursery
    """The thread's."""


class Conversation:
    """Begins with the first question, and ends with the thread."""

    def __init__(self, parts: ConversationParts) -> None:
        self._parts = parts
        # Reviews of a turn that may go on to its end are no new work to be refused.
        self._engine = msgspec.structs.replace(parts.engine, gate=TurnGate())
        self._heard = _Heard()
        self._session: Session | None = None

    async def ask(self, content: Sequence[str], settings: ThreadSettings, *, on_behalf_of: str | None) -> str:
        """Return the model's last words. Who no longer waits for them ends the model's turn.

        `settings` are what the thread works with now, and `on_behalf_of` is its turn. Raises ConversationFailed.
        """
        reader = self._reader(settings)
        session = self._session
        if session is None:
            session = self._session = await self._begin(reader)
        request = TurnRequest(
            turn_id=uuid7(),
            input=UserInput(content=[{"type": "text", "text": text, "text_elements": []} for text in content]),
            output_schema=_SCHEMA,
            trigger=GUARDIAN_REVIEW,
            parent_turn_id=on_behalf_of,
            root_turn_id=on_behalf_of,
        )
        turn = session.begin(partial(Turn, request=request), _overrides(reader))
        session.launch(turn)
        try:
            await turn.ended.wait()
        finally:
            with trio.CancelScope(shield=True, deadline=trio.current_time() + _STOP_SECONDS):
                await _end(session, turn)
        return self._heard.last_words(turn.id)

    async def _begin(self, settings: ThreadSettings) -> Session:
        return await self._parts.nursery.start(self._run, settings)

    async def _run(self, settings: ThreadSettings, *, task_status: trio.TaskStatus[Session]) -> None:
        parts = self._parts
        recorder = parts.new_recorder(_meta(parts.meta, settings))
        try:
            async with (
                parts.writing(recorder.meta.id),
                open_unattended(
                    recorder,
                    settings,
                    engine=self._engine,
                    environments=parts.environments,
                    config=parts.config,
                    policy=parts.policy,
                    tools=partial(plain_tools, [_ReadingTools()]),
                    listener=self._heard,
                    declines_because="a reviewer can only read",
                ) as session,
            ):
                task_status.started(session)
                await trio.sleep_forever()
        finally:
            with trio.CancelScope(shield=True):
                await recorder.aclose()

    def _reader(self, settings: ThreadSettings) -> ThreadSettings:
        """Return the settings of the reviewer of a thread with these."""
        config = self._parts.config
        model = self._parts.engine.model(config, settings.model)
        knows_effort = not model.known or any(option.effort == EFFORT for option in model.efforts)
        return msgspec.structs.replace(
            settings,
            approval_policy="never",
            approvals_reviewer="user",
            sandbox_policy=reading_only(settings.sandbox_policy),
            active_profile=None,
            effort=EFFORT if knows_effort else None,
            personality=None,
            developer_instructions=None,
            base_instructions=instructions_of(config),
            collaboration_mode=None,
        )


def reading_only(allowed: SandboxPolicy) -> SandboxPolicy:
    """Return the policy of who may read what the other one lets be read, and do nothing else."""
    limits = limits_of(allowed)
    if limits is None or (not limits.denied and limits.readable is None):
        return ReadOnly()
    readable = limits.readable
    if readable is not None:
        readable = msgspec.structs.replace(readable, paths=(*readable.paths, *_written_by(allowed)))
    kept = SandboxLimits(denied=limits.denied, scan_depth=limits.scan_depth, roots=limits.roots, readable=readable)
    return ReadOnly(limits=kept)


def _written_by(policy: SandboxPolicy) -> tuple[str, ...]:
    """Return what may be read since it may be written; temporary folders hold nothing to judge by."""
    if not isinstance(policy, WorkspaceWrite):
        return ()
    opens_workspace = policy.limits is None or policy.limits.opens_workspace
    workspace = (".",) if policy.workspace_roots is None else policy.workspace_roots
    return (*(workspace if opens_workspace else ()), *policy.writable_roots)


def instructions_of(config: EffectiveConfig) -> str:
    """Return what a reviewer is told: by the policy of an administrator, else of the user, else by the usual one."""
    required = config.requirements
    own = lookup(config.merged, ["auto_review", "policy"])
    return policy.instructions(
        required.review_policy or (own if isinstance(own, str) else None), required.extra_review_policy
    )


async def _end(session: Session, turn: Turn) -> None:
    """Have nothing of a turn go on."""
    if not turn.ended.is_set():
        answered = trio.Event()
        answered.set()
        await turn.interrupt(answered)
        await turn.ended.wait()
    await session.running.stop_turn(turn.id, because="the review is over")


def _overrides(reader: ThreadSettings) -> TurnOverrides:
    return TurnOverrides(
        model=reader.model,
        cwd=reader.cwd,
        sandbox_policy=reader.sandbox_policy,
        workspace_roots=reader.workspace_roots,
        environments=reader.environments,
        effort=reader.effort,
        service_tier=reader.service_tier,
    )


def _meta(reviewed: SessionMeta, settings: ThreadSettings) -> SessionMeta:
    return SessionMeta(
        session_id=reviewed.session_id or reviewed.id,
        id=uuid7(),
        parent_thread_id=reviewed.id,
        timestamp=format_timestamp(now_ms()),
        cwd=str(settings.cwd),
        originator=reviewed.originator,
        cli_version=reviewed.cli_version,
        source=GUARDIAN_SOURCE,
        thread_source=GUARDIAN_REVIEW,
        model_provider=settings.provider_id,
        history_mode="paginated",
        memory_mode="disabled",
    )


class _Heard:
    """How turns of the conversation ended; nobody else hears of them."""

    def __init__(self) -> None:
        self._ends: dict[str, events.TurnEnded] = {}

    def emit(self, event: events.Event) -> None:
        if isinstance(event, events.TurnEnded):
            self._ends[event.turn_id] = event

    async def ready(self) -> None:
        await trio.lowlevel.checkpoint()

    def last_words(self, turn_id: str) -> str:
        """Return what a turn that has ended came to. Raises ConversationFailed."""
        end = self._ends.pop(turn_id, None)
        if end is None or end.status != "completed":
            failure = None if end is None else end.failure
            raise ConversationFailed("the review was interrupted" if failure is None else failure.message)
        return end.last_message.text if isinstance(end.last_message, AgentMessage) else ""


class _ReadingTools:
    """Those of the tools that every thread has which a reviewer is offered."""

    namespace = None

    def tools(self, offer: ToolOffer) -> Sequence[Tool]:
        return [tool for tool in BuiltinTools().tools(offer) if tool.spec.get("name") in TOOLS]
