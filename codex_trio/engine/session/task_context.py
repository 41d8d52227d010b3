"""What a task has of its session: the parts that it works on, seen with the settings that it began with.

Owns the choice of model, provider and tools by settings. Does not own the parts, nor what a task does.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial
from typing import Any, NoReturn

import msgspec
import trio

from codex_trio.config.layers import lookup
from codex_trio.config.providers import LOCAL_PROVIDERS
from codex_trio.engine import events, modes
from codex_trio.engine.history import message_item
from codex_trio.engine.hooks import ThreadHooks
from codex_trio.engine.instructions import base_instructions
from codex_trio.engine.item_log import TurnLog
from codex_trio.engine.lineage import Lineage, lineage_of
from codex_trio.engine.made_pictures import MadePictures
from codex_trio.engine.repository_look import RepositoryLook
from codex_trio.engine.request_hooks import RequestHooks, RequestKind
from codex_trio.engine.response_items import ResponseItem
from codex_trio.engine.session.memory import Memory
from codex_trio.engine.session.services import EngineServices, Listener, ThreadServices
from codex_trio.engine.session.side_memory import SideMemory
from codex_trio.engine.session.state import SessionState
from codex_trio.engine.session.surroundings import ModelSurroundings
from codex_trio.engine.session.task import TakesNoInput, Task
from codex_trio.engine.session.usage import HelperUsage, SessionUsage
from codex_trio.engine.session.warnings import ThreadWarnings
from codex_trio.engine.session.window import ModelWindow
from codex_trio.engine.settings import ThreadSettings, TurnOverrides
from codex_trio.engine.turn_request import ContextPiece, Remark
from codex_trio.environments.turn import TurnEnvironment
from codex_trio.model.catalog import ModelInfo, unknown_model_warning
from codex_trio.model.client import ResponsesClient
from codex_trio.sandbox.policy import DangerFullAccess
from codex_trio.state.rollout.lines import Payload
from codex_trio.tools.approval_flow import ApprovalFlow
from codex_trio.tools.builtin import BuiltinTools
from codex_trio.tools.context import CommandAccess, CommandSettings, ToolContext
from codex_trio.tools.hooked import hooked
from codex_trio.tools.pictures import ModelPictures
from codex_trio.tools.registry import OfferedTools, ToolOffer, plain_tools
from codex_trio.tools.review import SessionApprovals
from codex_trio.tools.running import RunningCommands
from codex_trio.util.bell import Bell

_INTERRUPT_SECONDS = 5.0
"""How long the hooks of a stopped turn may keep its end: they have three seconds each."""


class SessionParts(msgspec.Struct, frozen=True, kw_only=True):
    """What a session is made of."""

    thread_id: str
    raw_items: bool
    """Whether clients follow the model's own items."""
    services: EngineServices
    thread: ThreadServices
    listener: Listener
    state: SessionState
    memory: Memory
    usage: SessionUsage
    surroundings: ModelSurroundings
    warnings: ThreadWarnings
    running: RunningCommands
    approvals: SessionApprovals


class TaskContext:
    def __init__(self, parts: SessionParts, settings: ThreadSettings) -> None:
        self.settings = settings
        self.thread_id = parts.thread_id
        self.raw_items = parts.raw_items
        self.memory = parts.memory
        self.usage = parts.usage
        self.warnings = parts.warnings
        self.running = parts.running
        self.companions = parts.thread.companions
        self.identity = parts.services.identity
        self.installation_id = parts.services.installation_id
        self._parts = parts
        self._services = parts.services
        self._thread = parts.thread

    @property
    def lineage(self) -> Lineage:
        """Whose agent the thread is."""
        return lineage_of(self._thread.recorder.meta)

    @property
    def told_of_thread(self) -> dict[str, Any]:
        """What providers are told of the thread by its configuration and the way that it began."""
        merged = self._thread.config.merged
        return {
            **(lookup(merged, ["responses_api_metadata"]) or {}),
            "history_initialization": self._thread.beginning,
            "analytics_enabled": lookup(merged, ["analytics", "enabled"]) is not False,
        }

    def feature(self, name: str) -> bool:
        """Return whether the user has switched a feature on."""
        return self._thread.config.feature(name)

    @property
    def marks_interruptions(self) -> bool:
        """Whether the model is told that a turn was stopped: always, but for agents whose user does not want that."""
        wanted = lookup(self._thread.config.merged, ["agents", "interrupt_message"])
        return wanted is not False or self.lineage.parent_thread_id is None

    def emit(self, event: events.Event) -> None:
        """Tell what happens; never wait."""
        self._parts.listener.emit(event)

    async def ready(self) -> None:
        """Wait while those who listen are far behind."""
        await self._parts.listener.ready()

    def change(self, overrides: TurnOverrides) -> None:
        """Go on with other settings, for this task alone."""
        self.settings = overrides.apply(self.settings)
        self._parts.state.note_roots(self.settings)

    async def step(self) -> None:
        """Wait until this task may go on beside those of other threads."""
        await self._services.gate.pace.step()

    async def unpaused(self) -> None:
        """Wait while the thread's clock stands."""
        await self._thread.clock.until_running()

    async def remark(self, item: ResponseItem) -> None:
        """Have the model read something next: a turn that runs goes on for it. Raises RolloutWriteError."""
        active = self._parts.state.active
        if active is not None and active.accepts_input:
            answered = trio.Event()
            answered.set()
            try:
                active.add_input(Remark(item=item), answered)
                return
            except TakesNoInput:
                pass
        await self.memory.remember([item])

    def task_ended(self, task: Task) -> None:
        """Let the next task begin: this one has ended."""
        self._parts.state.task_ended(task)

    def of_helper(self, settings: ThreadSettings) -> TaskContext:
        """Return what somebody has who works for the thread with a memory of its own, and the tools that all have.

        What it uses counts as the thread's.
        """
        memory = SideMemory(
            self._thread.recorder,
            pictures=lambda: self.pictures,
            output_limit=lambda: self.model.tool_output_token_limit,
            warnings=self.warnings,
        )
        thread = msgspec.structs.replace(
            self._thread, tools=partial(plain_tools, hooked([BuiltinTools()], self._thread.hooks))
        )
        surroundings = ModelSurroundings(self._services, thread, memory=memory, warnings=self.warnings)
        parts = msgspec.structs.replace(
            self._parts,
            thread=thread,
            memory=memory,
            usage=HelperUsage(self.usage),
            surroundings=surroundings,
            raw_items=False,
        )
        return TaskContext(parts, settings)

    # --- the model ---

    @property
    def model(self) -> ModelInfo:
        """The facts on the model."""
        return self._services.model(self._thread.config, self.settings.model)

    def as_before(self) -> TaskContext:
        """Return the same with the model that the last turn ran with, where it is another one; else this."""
        last = self._thread.recorder.facts.turn_context
        if last is None or last.model is None or last.model == self.settings.model:
            return self
        return TaskContext(self._parts, msgspec.structs.replace(self.settings, model=last.model, effort=last.effort))

    @property
    def base_message(self) -> ResponseItem:
        """The message that every request begins with."""
        settings = self.settings
        own = settings.base_instructions or self.model.base_instructions
        text = own or base_instructions(settings.personality)
        return message_item("developer", [text], item_id=f"base_{self.thread_id}")

    @property
    def window(self) -> ModelWindow:
        """What the model reads the history through."""
        return ModelWindow(self.memory, self.usage, self.model, self.base_message)

    @property
    def pictures(self) -> ModelPictures:
        """What makes pictures fit for the model."""
        return self._services.pictures.for_model(self.model)

    @property
    def made_pictures(self) -> MadePictures:
        """Where pictures go that the model makes."""
        return MadePictures(self._thread.config.codex_home, self.thread_id)

    @property
    def verbosity(self) -> str | None:
        """How wordy the model is to be: as configured, else its default."""
        return self._thread.config.model_verbosity or self.model.default_verbosity

    @property
    def compact_prompt(self) -> str | None:
        """How the user wants a model to be asked for a summary; None leaves that to us."""
        return self._thread.config.compact_prompt

    @property
    def review_model(self) -> str:
        """The model that reviews: as configured, else the thread's."""
        return self._thread.config.review_model or self.settings.model

    @property
    def confines_users(self) -> bool:
        """Whether what the user runs by hand is confined too, because an administrator lets nothing be unconfined."""
        return not self._thread.config.requirements.allows_full_access

    def client(self) -> ResponsesClient:
        """Return the client of the provider. Raises ModelError when it cannot be used."""
        return self._services.client(self._thread.config, self.settings.provider_id)

    def warn_about_model(self) -> None:
        """Tell the user, once for each model, that nothing is known of the one in use."""
        if not self.model.known:
            self.warnings.once(unknown_model_warning(self.settings.model))

    # --- what the model is told ---

    async def context_items(self) -> list[ResponseItem]:
        """Return the context messages to be added. Raises RolloutReadError, RolloutWriteError."""
        return await self._parts.surroundings.items(self.settings, self.tools().hidden_namespaces)

    async def initial_context(self) -> list[ResponseItem]:
        """Return the context messages that a history begins with."""
        return await self._parts.surroundings.all_items(self.settings, self.tools().hidden_namespaces)

    def new_context(self, pieces: Mapping[str, ContextPiece]) -> list[ResponseItem]:
        """Return what of the context that comes with an input the model does not know; it does from now on."""
        return self._parts.surroundings.new_pieces(pieces)

    async def hooks(self, turn_id: str) -> ThreadHooks | None:
        """Return what runs the user's hooks, read for this turn."""
        hooks = self._thread.hooks
        if hooks is not None:
            await hooks.begin(turn_id, self.settings)
        return hooks

    def request_hooks(self, kind: RequestKind, turn_id: str) -> RequestHooks:
        """Return what has the user's hooks see a request to the model."""
        return RequestHooks(self._thread.hooks, kind, turn_id)

    async def hooks_settled(self) -> None:
        """Wait for the hooks that run beside a turn."""
        if self._thread.hooks is not None:
            await self._thread.hooks.settled()

    async def interrupted(self, turn_id: str) -> None:
        """Run the hooks of a turn that its user has stopped, and wait for those that run beside it."""
        hooks = self._thread.hooks
        if hooks is not None:
            with trio.move_on_after(_INTERRUPT_SECONDS):
                await hooks.interrupted(turn_id)
                await hooks.settled()

    async def named_items(self, content: Sequence[Mapping[str, Any]]) -> list[ResponseItem]:
        """Return what the model is to read of what an input names: skills."""
        return await self._parts.surroundings.named_items(self.settings, content)

    def settings_lines(self, turn_id: str, *, root_turn_id: str) -> list[Payload]:
        """Return the lines that say what a turn, and all later ones, run with."""
        return self._parts.state.opening_lines(self.settings, turn_id, root_turn_id=root_turn_id)

    def settings_news(self) -> list[Payload]:
        """Return the line that says what later turns run with, unless it is stored: for work without this model."""
        state = self._parts.state
        unstored = state.unstored()
        if unstored is None:
            return []
        settings, line = unstored
        state.note_stored(settings)
        return [line]

    def find_root(self) -> str:
        """Find the folder that changes are shown relative to. Blocking."""
        return self._thread.environments.root(self.settings.environments, self.settings.cwd)

    # --- what the model can do ---

    @property
    def commands(self) -> CommandAccess:
        """What runs commands, or reaches them, is made of."""
        config = self._thread.config
        return CommandAccess(
            settings=CommandSettings(
                allow_login=config.allow_login_shell,
                max_poll_ms=config.background_terminal_max_timeout_ms,
            ),
            policy=self._thread.policy,
            running=self.running,
            run_in_background=self._thread.nursery.start_soon,
        )

    def tools(self, said_more: Bell | None = None) -> OfferedTools:
        """Return the tools that the model is offered; `said_more` is rung when the user says more meanwhile."""
        config = self._thread.config
        offer = ToolOffer(
            model=self.model,
            custom_tools=self.settings.provider_id not in LOCAL_PROVIDERS,
            feature=config.feature,
            commands=self.commands,
            pictures=self.pictures,
            environments=[chosen.id for chosen in self.settings.environments],
            said_more=said_more or Bell(),
            unconfined=isinstance(self.settings.sandbox_policy, DangerFullAccess),
            plan_only=modes.kind_of(self.settings.mode) == modes.PLAN,
            window=self.window,
        )
        return self._thread.tools(offer)

    async def tools_settled(self) -> None:
        """Wait, for a limited time, for tools that are just coming."""
        await self._thread.tools_settled()

    def environments(self) -> list[TurnEnvironment]:
        """Return where it works; the first is meant unless something says otherwise."""
        environments = self._thread.environments
        return [environments.for_turn(*chosen) for chosen in self.settings.places()]

    def look_at_repository(self) -> RepositoryLook:
        """Have it asked how the work tree stands, where there is a place to work in."""
        look, places = RepositoryLook(), self.environments()
        if places:
            look.begin(self._thread.nursery, places[0])
        return look

    def log(self, turn_id: str, emit: Callable[[events.Event], None] | None = None) -> TurnLog:
        """Return what keeps what a turn does, and tells it, by `emit` if that is given."""
        return TurnLog(
            thread_id=self.thread_id,
            turn_id=turn_id,
            journal=self.memory,
            emit=emit or self.emit,
            ready=self.ready,
            find_root=self.find_root,
            raw_items=self.raw_items,
        )

    def turn_ended(self, turn_id: str) -> None:
        """Let no tool of a turn do any longer what was granted for that turn."""
        self._parts.approvals.granted.turn_ended(turn_id)

    def tool_context(self, log: TurnLog, stop_turn: Callable[[], Awaitable[NoReturn]]) -> ToolContext:
        """Return what its tools may use."""
        return ToolContext(
            turn_id=log.turn_id,
            environments=self.environments(),
            model=self.model,
            approval_policy=self.settings.approval_policy,
            log=log,
            diff=log.diff,
            approvals=ApprovalFlow(
                turn_id=log.turn_id,
                approver=self._thread.approver,
                accepted=self._parts.approvals,
                log=log,
                stop_turn=stop_turn,
            ),
        )
