"""The threads that are loaded, from start or resume to unloading.

Owns the nursery that threads and their turns live in, so that no disconnect ends a turn, and what every request about a
loaded thread goes through first. Does not own one thread's doings (threads/live.py), stored ones (the thread store)
or request params (processors). A service: `run` it once.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
import trio

from codex_trio.config.service import ConfigService
from codex_trio.config.settings import EffectiveConfig
from codex_trio.domain.ids import uuid7
from codex_trio.engine.session.services import EngineServices, ThreadServices
from codex_trio.engine.session.session import Session
from codex_trio.engine.settings import ThreadSettings
from codex_trio.environments.environment import ThreadUse
from codex_trio.environments.manager import EnvironmentManager
from codex_trio.environments.thread import open_thread_environments
from codex_trio.execpolicy.decision import CommandPolicy
from codex_trio.state.history.forks import TurnNotFound
from codex_trio.state.history.recorder import EphemeralRecorder, ThreadRecorder
from codex_trio.state.history.rollout_history import RolloutHistory
from codex_trio.state.history.values import HistoryFacts
from codex_trio.state.rollout.errors import RolloutWriteError
from codex_trio.state.rollout.lines import ResponseItem, SessionMeta, format_timestamp
from codex_trio.state.store.interface import StoredThread, ThreadStore
from codex_trio.state.store.read_states import ReadStates
from codex_trio.threads import errors
from codex_trio.threads.clients import ClientId, ThreadClients
from codex_trio.threads.elicitation import Elicitations
from codex_trio.threads.errors import ThreadError
from codex_trio.threads.facts import NOT_LOADED
from codex_trio.threads.listeners import Listeners
from codex_trio.threads.live import LiveThread, wait_for_end
from codex_trio.threads.loaded import LoadedThreads
from codex_trio.threads.loading import ForkSource, ThreadLoader, answering, end_of_fork
from codex_trio.threads.options import (
    ThreadOptions,
    inherited_variables,
    settings_from_config,
    settings_from_history,
    settings_of_fork,
)
from codex_trio.threads.organisation import ThreadOrganisation
from codex_trio.threads.queue import ThreadQueues
from codex_trio.threads.read_state import ReadState
from codex_trio.threads.recorded_settings import recorded_settings
from codex_trio.tools.builtin import BuiltinTools
from codex_trio.util.clock import now_ms
from codex_trio.version import PROTOCOL_RELEASE

_log = logging.getLogger(__name__)

UNLOAD_SECONDS = 30 * 60
"""A thread that nobody follows and that does nothing is unloaded after this time (0.169.0)."""


class _Launch(msgspec.Struct, kw_only=True):
    """What a thread's task needs to begin."""

    live: LiveThread
    settings: ThreadSettings
    config: EffectiveConfig
    policy: CommandPolicy
    raw_items: bool
    is_new: bool
    """Whether the thread begins now, so that the state of its repository is to be noted."""


class ThreadOrigin(msgspec.Struct, frozen=True, kw_only=True):
    """Who asked for a thread, and what the thread says of that."""

    subscriber: ClientId
    originator: str
    source: str


class ResumeTarget(msgspec.Struct, frozen=True, kw_only=True):
    """The thread to go on with; `stored` is what was found of it at `path`, where it was named by that."""

    thread_id: str
    path: str | None = None
    stored: StoredThread | None = None


class Fork(msgspec.Struct, frozen=True, kw_only=True):
    """A thread that was forked, and the history that it begins with."""

    live: LiveThread
    history: RolloutHistory
    is_of_legacy: bool
    """Whether the source is kept in the form of older releases."""


class ThreadManager:
    def __init__(
        self,
        *,
        config: ConfigService,
        loaded: LoadedThreads,
        store: ThreadStore,
        read_states: ReadStates,
        queues: ThreadQueues,
        clients: ThreadClients,
        environments: EnvironmentManager,
        engine: EngineServices,
        loader: ThreadLoader,
        organisation: ThreadOrganisation,
        elicitations: Elicitations,
    ) -> None:
        self._config = config
        self._store = store
        self._read_states = read_states
        self._queues = queues
        self._clients = clients
        self._environments = environments
        self._engine = engine
        self._loader = loader
        self._organisation = organisation
        self._elicitations = elicitations
        self._threads = loaded
        self._nursery: trio.Nursery | None = None

    async def run(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Host the threads until cancelled; what they run is ended, and their rollouts say so."""
        async with trio.open_nursery() as nursery:
            self._nursery = nursery
            nursery.start_soon(self._engine.gate.pace.run)
            task_status.started()

    # --- loading ---

    async def start(
        self, options: ThreadOptions, origin: ThreadOrigin, *, items: Sequence[dict[str, Any]] = ()
    ) -> LiveThread:
        """Return a new thread; where its model is to remember response items, they are stored at once.

        Raises ConfigLoadError, RolloutWriteError, RulesError, ThreadError.
        """
        config = await answering(self._config.load_for_new_thread, options.cwd, options)
        policy = await self._loader.command_policy(config)
        settings = settings_from_config(config, options, default_model=self._loader.default_model)
        meta = self._new_meta(settings, options, origin)
        before_stored = None
        if options.project_id is not None:
            await self._organisation.check_beginning(options.project_id)
            before_stored = partial(self._organisation.begin_in, meta.id, options.project_id)
        recorder = (
            EphemeralRecorder(meta) if options.ephemeral else self._store.create(meta, before_stored=before_stored)
        )
        if items:
            await recorder.append([*map(ResponseItem.of, items), settings.to_settings_applied(meta.id)])
        return await self._host(recorder, settings, config, policy, options, origin, is_new=True)

    async def begin_with(
        self,
        items: Sequence[dict[str, Any]],
        options: ThreadOptions,
        origin: ThreadOrigin,
        loaded: Callable[[LiveThread], None],
        *,
        named: str,
    ) -> LiveThread:
        """Return a new thread whose model remembers those items; the thread that is named only must not be loaded.

        Raises as `start`.
        """
        already = self._threads.find(named)
        if already is not None:
            raise ThreadError(f"cannot resume thread {already.id} with history while it is already running")
        live = await self.start(options, origin, items=items)
        loaded(live)
        live.tell_status()
        return live

    async def load(
        self, target: ResumeTarget, options: ThreadOptions, origin: ThreadOrigin, loaded: Callable[[LiveThread], None]
    ) -> LiveThread:
        """Return a stored thread, loaded unless it is so already; `loaded` is called before anybody is told so.

        Raises ShuttingDown, and as `resume`.
        """
        live = self._threads.find(target.thread_id)
        if live is not None and live.scope.cancel_called:
            # Nobody wanted it, and it is just ending.
            await wait_for_end(live.closed, f"thread {live.id} was to be unloaded and has not ended yet")
            live = None
        if live is None or not live.runs_turn:
            # A draining server lets clients join a running turn: somebody may have to answer its questions.
            self._engine.gate.check()
        if live is not None and not live.is_stored:
            raise errors.no_rollout(target.thread_id)
        if live is not None and live.is_left_alone and options != ThreadOptions():
            # Nobody counts on it being as it was: it begins anew as it is asked for, perhaps with fewer rights.
            await self.unload(live)
            live = None
        if live is None:
            return await self.resume(target.thread_id, options, origin, loaded)
        if target.stored is not None and target.stored.path != live.path:
            raise ThreadError(
                f"cannot resume running thread {live.id} with stale path: requested `{target.path}`, "
                f"active `{live.path}`"
            )
        loaded(live)
        return live

    async def resume(
        self, thread_id: str, options: ThreadOptions, origin: ThreadOrigin, loaded: Callable[[LiveThread], None]
    ) -> LiveThread:
        """Return a stored thread, loaded; `loaded` is called before anybody is told so.

        Raises ConfigLoadError, RolloutReadError, RulesError, ThreadError, ThreadStoreError.
        """
        # From before the file is read: nobody else may write on in between.
        async with self._store.writing(thread_id):
            return await self._resume(thread_id, options, origin, loaded)

    async def _resume(
        self, thread_id: str, options: ThreadOptions, origin: ThreadOrigin, loaded: Callable[[LiveThread], None]
    ) -> LiveThread:
        recorder = await self._loader.open(thread_id)
        settings, config = await self._recorded_settings(recorder.facts, options, settings_from_history)
        policy = await self._loader.command_policy(config)
        live = await self._host(recorder, settings, config, policy, options, origin)
        loaded(live)
        live.warn_of_config()
        context = recorder.facts.turn_context
        if context is not None and context.model is not None and context.model != settings.model:
            live.warn(self._loader.model_changed(context.model, settings.model))
        live.tell_status()
        return live

    async def fork(self, source: ForkSource, options: ThreadOptions, origin: ThreadOrigin) -> Fork:
        """Return a new thread that goes on from another's history, up to a turn or whole.

        Raises ConfigLoadError, RolloutReadError, RolloutWriteError, RulesError, ThreadError.
        """
        history = await self._loader.fork_source(source, self._threads.find(source.thread_id))
        async with history.lock:
            end = end_of_fork(history, source)
        settings, config = await self._recorded_settings(history.facts, options, settings_of_fork)
        policy = await self._loader.command_policy(config)
        name = await self._store.name(source.thread_id)
        meta = self._new_meta(settings, options, origin)
        source_meta = history.facts.meta
        assert source_meta is not None
        meta = msgspec.structs.replace(meta, forked_from_id=source_meta.id)
        recorder: ThreadRecorder
        if options.ephemeral:
            inherited = await self._store.history_until(history, end)
            recorder = EphemeralRecorder(meta, inherited=inherited)
        else:
            # First what nobody sees without the thread: whatever ends this process, a fork has what belongs to it.
            await self._organisation.inherit(source.thread_id, meta.id)
            if name is not None:
                await self._store.set_name(meta.id, name)
            recorder = await self._store.fork(history, end, meta)
            assert recorder.history is not None
            inherited = recorder.history
        live = await self._host(recorder, settings, config, policy, options, origin, is_new=True)
        live.name = name
        return Fork(live=live, history=inherited, is_of_legacy=not source_meta.is_paginated)

    async def _recorded_settings(
        self,
        facts: HistoryFacts,
        options: ThreadOptions,
        derive: Callable[[HistoryFacts, ThreadSettings, ThreadOptions], ThreadSettings],
    ) -> tuple[ThreadSettings, EffectiveConfig]:
        """Return the settings that a stored thread goes on with. Raises ConfigLoadError, ThreadError."""
        recorded_cwd = recorded_settings(facts).cwd
        cwd = options.cwd or (None if recorded_cwd is None else Path(recorded_cwd))
        # Reading on is no decision to trust a project: only starting a thread in it is.
        config = await answering(self._config.load, cwd, options)
        configured = settings_from_config(config, options, default_model=self._loader.default_model)
        settings = derive(facts, configured, options)
        self._loader.check_provider(settings, config)
        return settings, config

    def _new_meta(self, settings: ThreadSettings, options: ThreadOptions, origin: ThreadOrigin) -> SessionMeta:
        """Return what a new thread is."""
        thread_id = uuid7()
        return SessionMeta(
            session_id=thread_id,
            id=thread_id,
            timestamp=format_timestamp(now_ms()),
            cwd=str(settings.cwd),
            runtime_workspace_roots=settings.roots,
            originator=origin.originator,
            cli_version=PROTOCOL_RELEASE,
            source=origin.source,
            thread_source=options.thread_source,
            daybreak_enabled=options.daybreak_enabled,
            model_provider=settings.provider_id,
            base_instructions={"text": self._loader.base_instructions(settings)},
            history_mode="paginated",
            multi_agent_version="v1",
        )

    async def _host(
        self,
        recorder: ThreadRecorder,
        settings: ThreadSettings,
        config: EffectiveConfig,
        policy: CommandPolicy,
        options: ThreadOptions,
        origin: ThreadOrigin,
        *,
        is_new: bool = False,
    ) -> LiveThread:
        """Start a thread's task, followed by the client that asked for it; on return the thread is loaded."""
        launch = await self._prepare(recorder, settings, config, policy, raw_items=options.raw_items, is_new=is_new)
        # Another request may have loaded it while this one read the file.
        already = self._threads.find(recorder.meta.id)
        live = launch.live if already is None else already
        live.subscribe(origin.subscriber)
        if already is not None:
            await recorder.aclose()
            return already
        assert self._nursery is not None
        await self._nursery.start(self._write, launch)
        return live

    async def _prepare(
        self,
        recorder: ThreadRecorder,
        settings: ThreadSettings,
        config: EffectiveConfig,
        policy: CommandPolicy,
        *,
        raw_items: bool,
        is_new: bool = False,
    ) -> _Launch:
        meta = recorder.meta
        docs = await self._loader.project_docs(config, settings)
        name = await self._store.name(meta.id)
        stored = await self._read_states.get([meta.id])
        live = LiveThread(
            thread_id=meta.id,
            recorder=recorder,
            clients=self._clients,
            changed=partial(self._store.changed, meta.id),
            read_state=ReadState(meta.id, stored.get(meta.id), partial(self._read_states.put, meta.id)),
            name=name,
            created_at=self._loader.created_at(meta),
            instruction_sources=[str(source) for source in docs.sources],
        )
        return _Launch(live=live, settings=settings, config=config, policy=policy, raw_items=raw_items, is_new=is_new)

    async def _write(self, launch: _Launch, *, task_status: trio.TaskStatus[None]) -> None:
        """Run a thread's task, while no other process writes to the thread."""
        if launch.live.is_ephemeral:
            await self._live(launch, task_status=task_status)
            return
        async with self._store.writing(launch.live.id):
            await self._live(launch, task_status=task_status)

    async def _live(self, launch: _Launch, *, task_status: trio.TaskStatus[None]) -> None:
        """Run a thread's task: all that it starts ends with it, when nobody has wanted it for long at the latest."""
        live = launch.live
        delay = launch.config.thread_unload_delay_seconds
        is_unwanted = False
        try:
            with live.scope, self._queues.running(live) as queue, self._elicitations.running(live.id) as clock:
                # Commands end first: what waits for the end of a command is then still there to store it.
                async with (
                    trio.open_nursery() as nursery,
                    open_thread_environments(
                        self._environments,
                        ThreadUse(thread_id=live.id, variables=inherited_variables(launch.config), clock=clock),
                    ) as environments,
                ):
                    live.session = Session(
                        thread_id=live.id,
                        settings=launch.settings,
                        usage=live.recorder.facts.token_usage,
                        services=self._engine,
                        thread=ThreadServices(
                            recorder=live.recorder,
                            environments=environments,
                            policy=launch.policy,
                            approver=live.approver,
                            tools=[BuiltinTools()],
                            nursery=nursery,
                            project_docs=partial(self._loader.project_docs, launch.config),
                            config=launch.config,
                            clock=clock,
                        ),
                        listener=Listeners(live, queue.heard),
                        raw_items=launch.raw_items,
                    )
                    if launch.is_new and not live.is_ephemeral:
                        nursery.start_soon(self._note_git_info, live)
                    nursery.start_soon(queue.run)
                    self._threads.add(live)
                    self._store.attach(live.id, live.summary)
                    task_status.started()
                    await live.left_alone(UNLOAD_SECONDS if delay is None else delay)
                    is_unwanted = True
                    live.scope.cancel()
        except Exception:
            # One broken thread must not take the others with it; it can be resumed.
            _log.exception("thread %s broke and is unloaded", live.id)
        finally:
            if self._threads.remove(live):
                self._store.detach(live.id)
            await live.recorder.aclose()
            live.closed.set()
        if is_unwanted:
            self._clients.tell_status(live.id, NOT_LOADED)
            self._clients.tell_unloaded(live.id)

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

    async def cut(self, live: LiveThread, *, before_turn_id: str) -> LiveThread:
        """Return the thread without that turn and all later ones, loaded anew; files that the turns changed stay as
        they are.

        No turn may run in it. Raises ThreadError for a turn that is not there; RolloutReadError, RolloutWriteError.
        """
        # Nobody else may write on in between.
        async with self._store.writing(live.id):
            try:
                recorder = await self._store.cut(live.recorder, before_turn_id=before_turn_id)
            except TurnNotFound as error:
                raise ThreadError(str(error)) from error
            return await self._replace(live, recorder)

    async def _replace(self, live: LiveThread, recorder: ThreadRecorder) -> LiveThread:
        """Return the thread with another history: its task ends, and a new one goes on with its
        settings and followers.
        """
        session = live.session
        await self.unload(live)
        launch = await self._prepare(
            recorder, session.settings, session.config, session.policy, raw_items=session.raw_items
        )
        for subscriber in self._clients.connected(live.subscribers):
            launch.live.subscribe(subscriber)
        assert self._nursery is not None
        await self._nursery.start(self._write, launch)
        launch.live.tell_status()
        return launch.live

    # --- unloading ---

    async def unload(self, live: LiveThread) -> None:
        """End a thread's task, its turn and its commands, and wait for that. Raises ThreadError if it does not end."""
        live.scope.cancel()
        await wait_for_end(live.closed, f"thread {live.id} was told to end and has not ended yet")
        self._clients.tell_status(live.id, NOT_LOADED)

    def drop_subscriber(self, client: ClientId) -> None:
        """Have a client follow no thread any more."""
        for live in self._threads.all():
            live.unsubscribe(client)
