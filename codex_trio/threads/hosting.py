"""The tasks of loaded threads: what each of them runs with, and how it ends.

Owns the nursery that threads and their turns live in, so that no disconnect ends a turn. Does not own what a thread is
loaded from (`manager`, `loading`), nor one thread's doings (`live`). A service: `run` it once.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, ExitStack, nullcontext
from functools import partial

import msgspec
import trio

from codex_trio.config.settings import EffectiveConfig
from codex_trio.config.web_search import web_search_settings
from codex_trio.engine.events import Event
from codex_trio.engine.hook_outputs import HookOutputs
from codex_trio.engine.hooks import HookedThread, ThreadHooks
from codex_trio.engine.lineage import Beginning, lineage_of
from codex_trio.engine.prewarm import prewarm
from codex_trio.engine.session.companion import Companions
from codex_trio.engine.session.services import EngineServices, Listener, ThreadServices
from codex_trio.engine.session.session import Session
from codex_trio.engine.settings import ThreadSettings
from codex_trio.environments.environment import ThreadUse
from codex_trio.environments.manager import EnvironmentManager
from codex_trio.environments.news import ConnectionChange
from codex_trio.environments.thread import open_thread_environments
from codex_trio.execpolicy.decision import CommandPolicy
from codex_trio.extensions.hooks.runner import CallTool, HookRunner
from codex_trio.state.history.recorder import EphemeralRecorder, ThreadRecorder
from codex_trio.state.rollout.errors import RolloutWriteError
from codex_trio.state.store.interface import ThreadStore
from codex_trio.state.store.read_states import ReadStates, StoredReadState
from codex_trio.threads.agents.control import AgentControl
from codex_trio.threads.agents.stopping import StopsAgents
from codex_trio.threads.agents.team import Member
from codex_trio.threads.agents.teams import AgentTeams
from codex_trio.threads.allowed import held_to
from codex_trio.threads.client_tools import client_tools
from codex_trio.threads.clients import ClientId, ThreadClients
from codex_trio.threads.elicitation import Elicitations
from codex_trio.threads.errors import ThreadError
from codex_trio.threads.facts import NOT_LOADED
from codex_trio.threads.goals import FEATURE as GOALS
from codex_trio.threads.goals import ThreadGoals
from codex_trio.threads.guardian.conversation import Conversation, ConversationParts
from codex_trio.threads.guardian.reviewer import AutomaticReviewer
from codex_trio.threads.listeners import Listeners
from codex_trio.threads.live import LiveThread, wait_for_end
from codex_trio.threads.loaded import LoadedThreads
from codex_trio.threads.loading import ThreadLoader
from codex_trio.threads.mcp import McpServers
from codex_trio.threads.notify import TurnNotices
from codex_trio.threads.queue import ThreadQueues
from codex_trio.threads.read_state import ReadState
from codex_trio.threads.realtime.worker import ThreadVoices
from codex_trio.threads.user_input import user_input_tools
from codex_trio.tools.agents.v1 import AgentToolsV1
from codex_trio.tools.agents.v2 import AgentToolsV2
from codex_trio.tools.builtin import BuiltinTools
from codex_trio.tools.clock import ClockTools
from codex_trio.tools.code_mode.cells import ScriptEngine
from codex_trio.tools.code_mode.thread import ThreadTools
from codex_trio.tools.context_window import ContextWindowTools
from codex_trio.tools.hooked import HookedApprover, hooked
from codex_trio.tools.to_user import ToUserTools
from codex_trio.tools.web_search import WebSearchTools

_log = logging.getLogger(__name__)

UNLOAD_SECONDS = 30 * 60
"""A thread that nobody follows and that does nothing is unloaded after this time (0.169.0)."""


_LAST_HOOKS_SECONDS = 5.0
"""How long the hooks of a thread's end may keep it: they have three seconds each."""


class Launch(msgspec.Struct, frozen=True, kw_only=True):
    """What a thread is to run with."""

    recorder: ThreadRecorder
    settings: ThreadSettings
    config: EffectiveConfig
    policy: CommandPolicy
    raw_items: bool
    beginning: Beginning = "cold_resume"
    is_new: bool = False
    """Whether the thread begins now, so that the state of its repository is to be noted."""


def _unshared(_thread_id: str) -> AbstractAsyncContextManager[None]:
    """Return what keeps nobody from writing to a thread that nobody else can find."""
    return nullcontext()


def _allowed(launch: Launch) -> Launch:
    """Return the same with what an administrator allows, whatever was recorded or asked for."""
    held = held_to(launch.settings, launch.config.requirements)
    told = (*launch.config.thread_warnings, *held.warnings)
    config = msgspec.structs.replace(launch.config, thread_warnings=told)
    return msgspec.structs.replace(launch, settings=held.settings, config=config)


def _may_be_known(launch: Launch) -> bool:
    """Return whether anything may be kept about a thread beside its rollout: its id may be older than its task."""
    return not launch.is_new or launch.recorder.meta.forked_from_id is not None


def _path_of(recorder: ThreadRecorder) -> str | None:
    return None if recorder.path is None else str(recorder.path)


async def _end_with(hooks: ThreadHooks, live: LiveThread) -> None:
    """Run the hooks of a thread's end; whatever they do, it ends."""
    try:
        with trio.CancelScope(shield=True, deadline=trio.current_time() + _LAST_HOOKS_SECONDS):
            await hooks.ended(live.settings)
    except Exception:
        _log.exception("the hooks of the end of thread %s could not be run", live.id)


class ThreadHost:
    """Runs one task for each loaded thread."""

    def __init__(
        self,
        *,
        loaded: LoadedThreads,
        store: ThreadStore,
        read_states: ReadStates,
        queues: ThreadQueues,
        goals: ThreadGoals,
        clients: ThreadClients,
        environments: EnvironmentManager,
        engine: EngineServices,
        loader: ThreadLoader,
        elicitations: Elicitations,
        agents: AgentTeams,
        start_script: Callable[[], ScriptEngine],
        heard: Callable[[Event], None],
        voices: ThreadVoices,
        mcp: McpServers,
        new_hook_runner: Callable[[EffectiveConfig, CallTool], HookRunner] | None = None,
        new_notices: Callable[[EffectiveConfig, LiveThread, trio.Nursery], TurnNotices] | None = None,
    ) -> None:
        self._threads = loaded
        self._store = store
        self._read_states = read_states
        self._queues = queues
        self._goals = goals
        self._clients = clients
        self._environments = environments
        self._engine = engine
        self._loader = loader
        self._elicitations = elicitations
        self._agents = agents
        self._start_script = start_script
        self._heard = heard
        self._voices = voices
        self._mcp = mcp
        self._new_hook_runner = new_hook_runner
        self._new_notices = new_notices
        self._nursery: trio.Nursery | None = None

    async def run(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Host threads until cancelled; what they run is ended, and their rollouts say so."""
        async with trio.open_nursery() as nursery:
            self._nursery = nursery
            nursery.start_soon(self._engine.gate.pace.run)
            task_status.started()

    async def host(self, launch: Launch, *, follower: ClientId) -> LiveThread:
        """Start a thread's task, followed by the client that asked for it; on return the thread is loaded."""
        launch = _allowed(launch)
        made = await self._make(launch)
        # Another request may have loaded it while this one read the file.
        already = self._threads.find(made.id)
        live = made if already is None else already
        live.subscribe(follower)
        if already is not None:
            await launch.recorder.aclose()
            return already
        await self._start(live, launch)
        await self._check_required(live)
        return live

    async def _check_required(self, live: LiveThread) -> None:
        """Raise ThreadError, and end the thread, when MCP servers failed without which it must not run."""
        failures = await self._mcp.required_failures(live.id)
        if failures:
            await self.unload(live)
            raise ThreadError(f"required MCP servers failed to initialize: {'; '.join(failures)}")

    async def host_agent(
        self, recorder: ThreadRecorder, settings: ThreadSettings, parent: Member, beginning: Beginning
    ) -> LiveThread:
        """Start the task of a thread that works for another one, followed by whoever follows that one."""
        session = parent.live.session
        launch = Launch(
            recorder=recorder,
            settings=settings,
            config=session.config,
            policy=session.policy,
            raw_items=session.raw_items,
            beginning=beginning,
        )
        launch = _allowed(launch)
        live = await self._make(launch)
        for follower in self._clients.connected(parent.live.subscribers):
            live.subscribe(follower)
        await self._start(live, launch)
        self._mcp.announce(live.id)
        return live

    def family(self, live: LiveThread) -> list[LiveThread]:
        """Return a thread and its loaded agents: who follows it follows them."""
        return [live, *self._agents.below(live)]

    async def replace(self, live: LiveThread, recorder: ThreadRecorder) -> LiveThread:
        """Return the thread with another history: its task ends, and a new one goes on with its settings and followers.

        Raises ThreadError if the old task does not end.
        """
        session = live.session
        await self.unload(live)
        launch = Launch(
            recorder=recorder,
            settings=session.settings,
            config=session.config,
            policy=session.policy,
            raw_items=session.raw_items,
        )
        launch = _allowed(launch)
        replacement = await self._make(launch)
        for subscriber in self._clients.connected(live.subscribers):
            replacement.subscribe(subscriber)
        await self._start(replacement, launch)
        self._mcp.announce(replacement.id)
        replacement.tell_status()
        return replacement

    async def unload(self, live: LiveThread) -> None:
        """End a thread's task, its turn, its commands and its agents, and wait for that.

        Raises ThreadError if it does not end.
        """
        family = self.family(live)
        live.scope.cancel()
        await wait_for_end(live.closed, f"thread {live.id} was told to end and has not ended yet")
        for ended in family:
            self._clients.tell_status(ended.id, NOT_LOADED)

    async def _make(self, launch: Launch) -> LiveThread:
        meta = launch.recorder.meta
        docs = await self._loader.project_docs(launch.config, launch.settings)
        name, stored = await self._kept_of(meta.id) if _may_be_known(launch) else (None, None)
        return LiveThread(
            thread_id=meta.id,
            recorder=launch.recorder,
            clients=self._clients,
            changed=partial(self._store.changed, meta.id),
            read_state=ReadState(meta.id, stored, partial(self._read_states.put, meta.id)),
            name=name,
            created_at=self._loader.created_at(meta),
            instruction_sources=[str(source) for source in docs.sources],
            held=self._loader.held,
        )

    async def _kept_of(self, thread_id: str) -> tuple[str | None, StoredReadState | None]:
        """Return a thread's name, and what of it was read."""
        name = await self._store.name(thread_id)
        return name, (await self._read_states.get([thread_id])).get(thread_id)

    async def _start(self, live: LiveThread, launch: Launch) -> None:
        """Run a thread's task: an agent's in the nursery of the thread that it works for, so that it ends with it."""
        assert self._nursery is not None
        parent = self._agents.parent_of(launch.recorder.meta)
        nursery = self._nursery if parent is None else parent.nursery
        await nursery.start(self._write, live, launch)

    async def _write(self, live: LiveThread, launch: Launch, *, task_status: trio.TaskStatus[None]) -> None:
        """Run a thread's task, while no other process writes to the thread."""
        if live.is_ephemeral:
            await self._live(live, launch, task_status=task_status)
            return
        async with self._store.writing(live.id):
            await self._live(live, launch, task_status=task_status)

    async def _live(self, live: LiveThread, launch: Launch, *, task_status: trio.TaskStatus[None]) -> None:
        """Run a thread's task: all that it starts ends with it, when nobody has wanted it for long at the latest."""
        delay = launch.config.thread_unload_delay_seconds
        servers = await self._mcp.of(launch.config)
        unwanted: list[LiveThread] = []
        member: Member | None = None
        hooks: ThreadHooks | None = None
        try:
            with (
                ExitStack() as on_end,
                live.scope,
                self._goals.running(live, is_on=launch.config.feature(GOALS)) as goal,
                self._queues.running(live, otherwise=goal.go_on) as queue,
                self._elicitations.running(live.id) as clock,
                self._voices.running(live) as voice,
            ):
                # Commands end first: what waits for the end of a command is then still there to store it.
                async with (
                    trio.open_nursery() as nursery,
                    open_thread_environments(
                        self._environments,
                        ThreadUse(thread_id=live.id, variables=launch.config.shell_environment_policy, clock=clock),
                    ) as environments,
                ):
                    mcp = on_end.enter_context(self._mcp.running(live, launch.config, servers, nursery))
                    member = await self._agents.make(live, nursery, launch.config)
                    control = AgentControl(self._agents, member, self)
                    lasting = [
                        BuiltinTools(),
                        ToUserTools(),
                        ClockTools(),
                        ContextWindowTools(),
                        WebSearchTools(web_search_settings(launch.config.merged)),
                        user_input_tools(live, launch.config),
                        *goal.tools,
                        *client_tools(live, self._clients, clock),
                        AgentToolsV1(control),
                        AgentToolsV2(control),
                    ]
                    listener = Listeners(
                        live, queue.heard, member.heard, self._heard, voice.heard, *self._notices(live, launch)
                    )
                    hooks = self._hooks(launch, listener, nursery, mcp.call_for_hook)
                    live.session = Session(
                        thread_id=live.id,
                        settings=launch.settings,
                        usage=live.recorder.facts.token_usage,
                        services=self._engine,
                        thread=ThreadServices(
                            recorder=live.recorder,
                            environments=environments,
                            policy=launch.policy,
                            approver=live.approver if hooks is None else HookedApprover(live.approver, hooks),
                            hooks=hooks,
                            tools=ThreadTools(
                                lambda: hooked([*lasting, *mcp.providers()], hooks), self._start_script
                            ).offer,
                            tools_settled=mcp.settled,
                            companions=Companions([goal.companions, StopsAgents(self._agents, member)]),
                            nursery=nursery,
                            project_docs=partial(self._loader.project_docs, launch.config),
                            extensions=partial(self._loader.extensions, launch.config),
                            memories=partial(self._loader.memories, launch.config),
                            config=launch.config,
                            beginning=launch.beginning,
                            clock=clock,
                        ),
                        listener=listener,
                        raw_items=launch.raw_items,
                    )
                    live.approver.automatic = self._reviewer(live, launch, nursery, listener)
                    on_end.enter_context(self._environments.news.heard(partial(self._tell_connection, live)))
                    if launch.is_new and not live.is_ephemeral:
                        nursery.start_soon(self._note_git_info, live)
                    nursery.start_soon(queue.run)
                    nursery.start_soon(voice.run)
                    self._agents.join(member)
                    nursery.start_soon(goal.run)
                    if self._agents.parent_of(launch.recorder.meta) is None:
                        nursery.start_soon(prewarm, live.session)
                    self._threads.add(live)
                    self._store.attach(live.id, live.summary)
                    task_status.started()
                    await self._left_alone(member, UNLOAD_SECONDS if delay is None else delay)
                    unwanted = self.family(live)
                    live.scope.cancel()
        except Exception:
            # One broken thread must not take the others with it; it can be resumed.
            _log.exception("thread %s broke and is unloaded", live.id)
        finally:
            if hooks is not None:
                await _end_with(hooks, live)
            if member is not None:
                self._agents.leave(member)
            if self._threads.remove(live):
                self._store.detach(live.id)
            await live.recorder.aclose()
            live.closed.set()
        for ended in unwanted:
            self._clients.tell_status(ended.id, NOT_LOADED)
            self._clients.tell_unloaded(ended.id)

    def _tell_connection(self, live: LiveThread, change: ConnectionChange) -> None:
        if any(chosen.id == change.environment_id for chosen in live.settings.environments):
            self._clients.tell_connection(live.id, change, live.subscribers)

    def _reviewer(
        self, live: LiveThread, launch: Launch, nursery: trio.Nursery, listener: Listener
    ) -> AutomaticReviewer:
        """Return what reviews by itself what a thread asks approvals for, where its user wants that."""
        ephemeral = live.is_ephemeral
        conversation = Conversation(
            ConversationParts(
                meta=launch.recorder.meta,
                config=launch.config,
                policy=launch.policy,
                engine=self._engine,
                environments=self._environments,
                new_recorder=EphemeralRecorder if ephemeral else self._store.create,
                writing=_unshared if ephemeral else self._store.writing,
                nursery=nursery,
            )
        )
        return AutomaticReviewer(live, conversation, listener.emit)

    def _notices(self, live: LiveThread, launch: Launch) -> list[Callable[[Event], None]]:
        """Return what tells the user's program of ends of turns: it may outlast the thread, not the server."""
        assert self._nursery is not None
        return [] if self._new_notices is None else [self._new_notices(launch.config, live, self._nursery).heard]

    def _hooks(self, launch: Launch, listener: Listener, nursery: trio.Nursery, call: CallTool) -> ThreadHooks | None:
        """Return what runs the user's hooks in a thread."""
        if self._new_hook_runner is None:
            return None
        meta = launch.recorder.meta
        lineage = lineage_of(meta)
        parent = self._agents.parent_of(meta)
        thread = HookedThread(
            thread_id=meta.id,
            session_id=lineage.session_id,
            transcript_path=_path_of(launch.recorder),
            parent_transcript_path=None if parent is None else _path_of(parent.live.recorder),
            source="startup" if launch.is_new else "resume",
            agent_type=None if lineage.parent_thread_id is None else meta.agent_role or "default",
        )
        return ThreadHooks(
            thread,
            self._new_hook_runner(launch.config, call),
            find=partial(self._loader.hooks, launch.config),
            emit=listener.emit,
            outputs=HookOutputs(launch.config.codex_home, meta.id),
            nursery=nursery,
        )

    async def _left_alone(self, member: Member, seconds: float) -> None:
        """Return once nobody has wanted a thread for so many seconds, and none of its agents works."""
        while True:
            await member.live.left_alone(seconds)
            if not any(agent.runs_turn for agent in self._agents.below(member.live)):
                return
            await self._agents.idle(member)

    async def _note_git_info(self, live: LiveThread) -> None:
        """Complete what a new thread says of itself: in its first line, or in a later one when a turn was quicker."""
        git = await self._loader.git_info(live.settings)
        # A client may have said more meanwhile.
        if git is None or live.recorder.meta.git is not None:
            return
        try:
            await live.recorder.update_meta(msgspec.structs.replace(live.recorder.meta, git=git))
        except RolloutWriteError as error:
            _log.warning("thread %s: the state of its repository could not be stored: %s", live.id, error)
        self._store.changed(live.id)
