"""One thread's agent: what it remembers, what it runs with, and the turn that runs.

Owns the settings, the model's history, the journal and token use of a thread. Does not own subscribers or status
(threads/live.py), the loop of a turn (engine/tasks/turn.py), or the services it is given.
"""

from __future__ import annotations

import datetime
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, NoReturn, Protocol

import msgspec
import trio

from codex_trio.config.settings import EffectiveConfig
from codex_trio.domain.ids import uuid7
from codex_trio.engine import additional_context, events
from codex_trio.engine.context import ContextParts, Surroundings, context_items, context_texts
from codex_trio.engine.history import ModelHistory
from codex_trio.engine.item_log import TurnLog, now_ms
from codex_trio.engine.project_docs import ProjectDocs
from codex_trio.engine.refusals import without_refused
from codex_trio.engine.response_items import ResponseItem, clean_all
from codex_trio.engine.said import Said
from codex_trio.engine.settings import ThreadSettings, TurnOverrides
from codex_trio.engine.tasks.turn import Turn
from codex_trio.engine.turn_gate import TurnGate
from codex_trio.engine.turn_request import ContextPiece, TurnInput, TurnRequest
from codex_trio.execpolicy.decision import CommandPolicy
from codex_trio.execution.sessions import ExecSessions
from codex_trio.execution.shells import Shells
from codex_trio.identity.user_agent import Identity
from codex_trio.model.catalog import ModelInfo, unknown_model_warning
from codex_trio.model.client import ResponsesClient
from codex_trio.model.errors import ModelError
from codex_trio.model.usage import TokenUsage as ResponseUsage
from codex_trio.sandbox.probe import SandboxProbe
from codex_trio.sandbox.roots import GuardedPaths, RootAnchors
from codex_trio.state.history.recorder import ThreadRecorder
from codex_trio.state.rollout.events import InputAccepted, TokenCount, TokenUsage, TokenUsageInfo
from codex_trio.state.rollout.lines import Compacted, Payload, token_usage_record
from codex_trio.state.rollout.lines import ResponseItem as ResponseLine
from codex_trio.tools.context import CommandSettings, ToolContext
from codex_trio.tools.pictures import ModelPictures, Pictures
from codex_trio.tools.registry import ToolRegistry, default_tools
from codex_trio.tools.review import Approver, SessionApprovals
from codex_trio.tools.running import RunningCommands
from codex_trio.util import decoding

REFUSED_IS_LEFT_OUT = "The provider refused a part of this conversation. The thread goes on without it."


class TurnInProgress(Exception):
    """A turn runs already."""


class EngineServices(msgspec.Struct, frozen=True, kw_only=True):
    """What every session shares. `tmpdir` is the `$TMPDIR` that commands see, `timezone` an IANA name."""

    identity: Identity
    installation_id: str
    shells: Shells
    timezone: str
    tmpdir: str | None
    guarded: GuardedPaths
    """What is the server's own, and out of the reach of commands and patches."""
    probe: Callable[[], Awaitable[SandboxProbe]]
    """What can confine a command here; found out on the first call."""
    client: Callable[[EffectiveConfig, str], ResponsesClient]
    """The client of a provider id. Raises ModelError when it cannot be used."""
    model: Callable[[EffectiveConfig, str], ModelInfo]
    """The facts on a model slug, with the user's limits applied."""
    gate: TurnGate
    """What turns begin and end through."""
    pictures: Pictures


class ThreadServices(msgspec.Struct, frozen=True, kw_only=True):
    """What one thread has of its own."""

    recorder: ThreadRecorder
    sessions: ExecSessions
    policy: CommandPolicy
    approver: Approver
    nursery: trio.Nursery
    """The thread's: what outlives a turn runs in it."""
    environment: Callable[[str], Mapping[str, str]]
    """A command's environment, by call id."""
    project_docs: Callable[[ThreadSettings], Awaitable[ProjectDocs]]
    config: EffectiveConfig


class Listener(Protocol):
    """Who hears what a session does."""

    def emit(self, event: events.Event) -> None:
        """Takes an event; never waits."""
        ...

    async def ready(self) -> None:
        """Waits while those who listen are far behind."""
        ...


class Session:
    """See the module. Turns run one at a time, in the thread's nursery."""

    def __init__(
        self,
        *,
        thread_id: str,
        settings: ThreadSettings,
        usage: TokenUsageInfo | None,
        services: EngineServices,
        thread: ThreadServices,
        listener: Listener,
        raw_items: bool,
    ) -> None:
        self.thread_id = thread_id
        self.settings = settings
        self.services = services
        self.history = ModelHistory()
        """What the model has seen; complete once `recall` has returned."""
        self.running = RunningCommands(thread.sessions)
        self.usage = usage
        self._used: list[Payload] = []
        self.emit = listener.emit
        self._listener = listener
        self.raw_items = raw_items
        self.active: Turn | None = None
        self._thread = thread
        self._approvals = SessionApprovals()
        self._anchors = RootAnchors(services.guarded)
        self._note_roots()
        self._docs: tuple[object, ProjectDocs] | None = None
        self._warned: set[str] = set()
        self._additional_context: Mapping[str, ContextPiece] = {}
        self._stored_settings: ThreadSettings | None = None
        self._recalling = trio.Lock()
        self._remembering = trio.Lock()
        self._has_recalled = False

    # --- turns ---

    def begin(self, request: TurnRequest, overrides: TurnOverrides) -> Turn:
        """A new turn, not yet running; the overrides hold from now on. Raises TurnInProgress, ShuttingDown."""
        self.services.gate.check()
        if self.active is not None:
            raise TurnInProgress
        self.change(overrides)
        self.active = Turn(self, request)
        return self.active

    def change(self, overrides: TurnOverrides) -> None:
        """Changes the settings of later turns; one that runs goes on as it began."""
        self.settings = overrides.apply(self.settings)
        self._note_roots()

    def _note_roots(self) -> None:
        """Remember the folders that commands may write, before any command can put others in their place."""
        self._anchors.note(self.settings.confinement, cwd=str(self.settings.cwd), tmpdir=self.services.tmpdir)

    def launch(self, turn: Turn) -> None:
        """Runs a turn in the thread's nursery."""
        self._thread.nursery.start_soon(self._run, turn)
        self.services.gate.enter()

    async def _run(self, turn: Turn) -> None:
        try:
            await turn.run()
        finally:
            self.services.gate.leave()

    def turn_over(self, turn: Turn) -> None:
        """A turn has ended: the next one may begin."""
        if self.active is turn:
            self.active = None

    async def wait_for_turn(self) -> None:
        """Returns when the running turn, if there is one, has ended."""
        if self.active is not None:
            await self.active.ended.wait()

    def add_input(self, given: TurnInput, answered: trio.Event) -> Said | None:
        """Says more to the running turn; None when no turn takes input.

        It is taken up once `answered` is set; before that, `store_input`.
        """
        if self.active is None or not self.active.accepts_input:
            return None
        return self.active.add_input(given, answered)

    async def store_input(self, said: Said) -> None:
        """Stores what a turn has yet to take up, so that it outlives the process whatever the turn is doing.

        Raises RolloutWriteError.
        """
        item, message = await said.words()
        if item is not None:
            context = additional_context.context_items({}, said.given.context)
            history = context if message is None else [*context, message]
            await self.record(
                [InputAccepted(turn_id=said.turn_id, item=item, history=history, accepted_at_ms=now_ms())]
            )

    # --- what a turn needs ---

    @property
    def turn_settings(self) -> ThreadSettings:
        """What the running turn runs with, whatever was changed for later ones meanwhile."""
        return self.settings if self.active is None else self.active.settings

    @property
    def policy(self) -> CommandPolicy:
        """The thread's rules for commands."""
        return self._thread.policy

    @property
    def config(self) -> EffectiveConfig:
        """The configuration that the thread was loaded with."""
        return self._thread.config

    @property
    def model(self) -> ModelInfo:
        """The facts on the thread's model."""
        return self.services.model(self._thread.config, self.turn_settings.model)

    @property
    def pictures(self) -> ModelPictures:
        """What makes pictures fit for the thread's model."""
        return self.services.pictures.for_model(self.model)

    @property
    def verbosity(self) -> str | None:
        """How wordy the model is to be: as configured, else its default."""
        return self._thread.config.model_verbosity or self.model.default_verbosity

    def client(self) -> ResponsesClient:
        """The client of the thread's provider. Raises ModelError when it cannot be used."""
        return self.services.client(self._thread.config, self.turn_settings.provider_id)

    def tools(self) -> ToolRegistry:
        """The tools that a turn offers."""
        local = self.turn_settings.provider_id in ("ollama", "lmstudio")
        return default_tools(self.model, custom_tools=not local, feature=self._thread.config.feature)

    def tool_context(self, log: TurnLog, stop_turn: Callable[[], Awaitable[NoReturn]]) -> ToolContext:
        """What the tools of a turn may use."""
        return ToolContext(
            thread_id=self.thread_id,
            turn_id=log.turn_id,
            cwd=self.turn_settings.cwd,
            commands=CommandSettings(
                shells=self.services.shells,
                allow_login=self.config.allow_login_shell,
                max_poll_ms=self.config.background_terminal_max_timeout_ms,
            ),
            tmpdir=self.services.tmpdir,
            approval_policy=self.turn_settings.approval_policy,
            sandbox_policy=self.turn_settings.confinement,
            anchors=self._anchors,
            has_environment=self.turn_settings.has_environment,
            model=self.model,
            pictures=self.pictures,
            log=log,
            approver=self._thread.approver,
            approvals=self._approvals,
            sessions=self._thread.sessions,
            probe=self.services.probe,
            warn_once=self.warn_once,
            command_policy=self._thread.policy,
            diff=log.diff,
            environment=self._thread.environment,
            stop_turn=stop_turn,
            run_in_background=self._thread.nursery.start_soon,
            running=self.running,
        )

    async def context_items(self) -> list[ResponseItem]:
        """The context messages that this turn adds."""
        await self.recall()
        docs = await self._project_docs()
        surroundings = Surroundings(
            shell=self.services.shells.default,
            timezone=self.services.timezone,
            tmpdir=self.services.tmpdir,
            project_docs=docs.text,
        )
        config = self._thread.config
        included = ContextParts(
            permissions=config.include_permissions_instructions,
            mode=config.include_collaboration_mode_instructions,
            environment=config.include_environment_context,
            time=config.include_environment_context_time,
        )
        today = datetime.datetime.now().astimezone().date()
        texts = context_texts(self.turn_settings, surroundings, today, included)
        return context_items(texts, self.history.items)

    def new_context(self, pieces: Mapping[str, ContextPiece]) -> list[ResponseItem]:
        """What of the context that comes with an input the model does not know yet; it does from now on."""
        items = additional_context.context_items(self._additional_context, pieces)
        self._additional_context = pieces
        return items

    async def _project_docs(self) -> ProjectDocs:
        """The project's instructions, read again only when the working directory changed."""
        if self._docs is None or self._docs[0] != self.turn_settings.cwd:
            docs = await self._thread.project_docs(self.turn_settings)
            self._docs = (self.turn_settings.cwd, docs)
            for warning in docs.warnings:
                self.emit(events.ThreadWarning(message=warning))
        return self._docs[1]

    def warn_about_model(self) -> None:
        """Tells the user, once for each model, that nothing is known of the one in use."""
        if not self.model.known:
            self.warn_once(unknown_model_warning(self.turn_settings.model))

    def warn_once(self, message: str) -> None:
        """Tells the user something that holds for the whole thread."""
        if message not in self._warned:
            self._warned.add(message)
            self.emit(events.ThreadWarning(message=message))

    async def ready(self) -> None:
        """Waits while those who listen are far behind."""
        await self._listener.ready()

    # --- memory ---

    async def recall(self) -> None:
        """Reads what the model has seen so far, on the first call. Raises RolloutReadError, RolloutWriteError.

        What was accepted before the process ended that accepted it belongs to it, and is stored as heard.
        """
        if self._has_recalled:
            return
        async with self._recalling:
            if not self._has_recalled:
                await self._thread.recorder.take_up_inputs()
                stored = await self._thread.recorder.model_history()
                # Off the loop, since it may be long.
                known = await trio.to_thread.run_sync(clean_all, stored)
                checked = await self.pictures.checked(known)
                await trio.to_thread.run_sync(self.history.extend, checked)
                self._has_recalled = True

    async def record(self, payloads: Sequence[Payload]) -> None:
        """Appends lines to the rollout. Raises RolloutWriteError when they cannot be stored."""
        await self._thread.recorder.append(payloads)

    async def remember(self, items: Sequence[ResponseItem], payloads: Sequence[Payload] = ()) -> None:
        """Adds items to the model's history, stored in one write with the lines that come before them."""
        await self.store([*payloads, *items])

    async def store(self, entries: Sequence[Payload | ResponseItem]) -> None:
        """Stores lines in one write; those that are items are added to the model's history."""
        await self.recall()
        items = [entry for entry in entries if isinstance(entry, dict)]
        async with self._remembering:
            if entries:
                await self.record([ResponseLine.of(one) if isinstance(one, dict) else one for one in entries])
            self.history.extend(items)

    async def leave_out_refused(self, error: ModelError) -> None:
        """Takes out of the history what the provider refused, if that is a part that can be done without.

        Later turns, also after a restart, go on without it.
        """
        async with self._remembering:
            items = without_refused(self.history.items, self.history.answered, error)
            if items is None:
                return
            await self.record([Compacted(message="", replacement_history=items)])
            self.history.replace(items)
        self.emit(events.ThreadWarning(message=REFUSED_IS_LEFT_OUT))

    def settings_lines(self, turn_id: str, *, root_turn_id: str) -> list[Payload]:
        """The lines that say what a turn, and all later ones, run with."""
        lines: list[Payload] = [self.turn_settings.to_turn_context(turn_id, root_turn_id=root_turn_id)]
        if self.turn_settings != self._stored_settings:
            self._stored_settings = self.turn_settings
            lines.append(self.turn_settings.to_settings_applied(self.thread_id))
        return lines

    async def store_settings(self) -> None:
        """Stores what later turns run with, so that it outlives a restart before there is one of them.

        Raises RolloutWriteError. A thread that is not stored yet tells its settings with its first turn.
        """
        if self._thread.recorder.is_materialized and self.settings != self._stored_settings:
            await self.record([self.settings.to_settings_applied(self.thread_id)])
            self._stored_settings = self.settings

    async def inject(self, items: Sequence[ResponseItem]) -> None:
        """Adds items of a client to the model's history, after the context that belongs before them."""
        added = [*await self.context_items(), *await self.pictures.checked(items)]
        await self.remember(added)
        if self.raw_items:
            # They belong to no turn unless one runs.
            turn_id = uuid7() if self.active is None else self.active.id
            for item in added:
                self.emit(events.RawItem(turn_id=turn_id, item=item))

    # --- token use ---

    def add_usage(self, usage: ResponseUsage, turn: Turn, response_id: str) -> None:
        """Counts the tokens of a response."""
        last = decoding.convert(usage, TokenUsage, from_attributes=True)
        total = last if self.usage is None else _sum(self.usage.total_token_usage, last)
        self._set_usage(total, last)
        turn.used = _sum(turn.used, last)
        self._used.append(
            token_usage_record(
                thread_id=self.thread_id,
                turn_id=turn.id,
                root_turn_id=turn.request.root_id,
                response_id=response_id,
                usage=last,
                turn_token_usage=turn.used,
                thread_token_usage=total,
            )
        )

    def context_is_full(self) -> None:
        """The provider refused the history as too long: the thread counts as using the whole window."""
        window = self.model.effective_context_window
        total = self.usage.total_token_usage if self.usage is not None else TokenUsage()
        self._set_usage(msgspec.structs.replace(total, total_tokens=window), TokenUsage(total_tokens=window))

    def _set_usage(self, total: TokenUsage, last: TokenUsage) -> None:
        self.usage = TokenUsageInfo(
            total_token_usage=total,
            last_token_usage=last,
            model_context_window=self.model.effective_context_window,
        )

    async def store_usage(self, log: TurnLog) -> None:
        """Stores token use and limits after a response."""
        await self.record(self.usage_lines(log))

    def usage_lines(self, log: TurnLog) -> list[Payload]:
        """The lines that say what has been used since the last ones, and up to now."""
        limits = log.rate_limits.to_rollout() if log.rate_limits is not None else None
        used, self._used = self._used, []
        return [*used, TokenCount(info=self.usage, rate_limits=limits)]

    def tell_usage(self, turn_id: str, log: TurnLog) -> None:
        """Tells token use and limits, if any response reported its use."""
        if self.usage is not None:
            self.emit(events.TokensUsed(turn_id=turn_id, usage=self.usage))
            self.emit(events.RateLimitsChanged(turn_id=turn_id, limits=log.rate_limits))


def _sum(left: TokenUsage, right: TokenUsage) -> TokenUsage:
    fields: dict[str, Any] = {name: getattr(left, name) + getattr(right, name) for name in TokenUsage.__struct_fields__}
    return TokenUsage(**fields)
