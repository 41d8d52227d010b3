"""Which threads are loaded, and from what: a start, what is stored, another thread's history.

Owns what every request about a loaded thread goes through first. Does not own the tasks of threads (`hosting`), one
thread's doings (`live`), stored ones (the thread store) or request params (processors).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import msgspec

from codex_trio.config.service import ConfigService
from codex_trio.config.settings import EffectiveConfig
from codex_trio.domain.ids import uuid7
from codex_trio.engine.lineage import Beginning
from codex_trio.engine.settings import ThreadSettings
from codex_trio.engine.turn_gate import TurnGate
from codex_trio.execpolicy.decision import CommandPolicy
from codex_trio.state.history.recorder import EphemeralRecorder, ThreadRecorder
from codex_trio.state.history.rollout_history import RolloutHistory
from codex_trio.state.history.values import HistoryFacts
from codex_trio.state.rollout.lines import ResponseItem, SessionMeta, format_timestamp
from codex_trio.state.store.interface import StoredThread, ThreadStore
from codex_trio.threads import errors
from codex_trio.threads.clients import ClientId
from codex_trio.threads.errors import ThreadError
from codex_trio.threads.goals import ThreadGoals
from codex_trio.threads.hosting import Launch, ThreadHost
from codex_trio.threads.live import LiveThread, wait_for_end
from codex_trio.threads.loaded import LoadedThreads
from codex_trio.threads.loading import ForkSource, ThreadLoader, answering, end_of_fork
from codex_trio.threads.memories.settings import new_memory_mode
from codex_trio.threads.options import (
    ThreadOptions,
    settings_from_history,
    settings_of_fork,
)
from codex_trio.threads.organisation import ThreadOrganisation
from codex_trio.threads.recorded_settings import recorded_settings
from codex_trio.util.clock import now_ms
from codex_trio.version import PROTOCOL_RELEASE


class ThreadOrigin(msgspec.Struct, frozen=True, kw_only=True):
    """Who asked for a thread, and what the thread says of that."""

    subscriber: ClientId
    originator: str
    source: Any


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
    """Has threads be loaded: new ones, stored ones, and forks of others."""

    def __init__(
        self,
        *,
        config: ConfigService,
        loaded: LoadedThreads,
        store: ThreadStore,
        loader: ThreadLoader,
        organisation: ThreadOrganisation,
        host: ThreadHost,
        goals: ThreadGoals,
        gate: TurnGate,
        started: Callable[[LiveThread], None],
    ) -> None:
        """`started` is told of each thread that begins or is loaded by a client."""
        self._config = config
        self._threads = loaded
        self._store = store
        self._loader = loader
        self._organisation = organisation
        self._host = host
        self._goals = goals
        self._gate = gate
        self._started = started

    async def start(
        self, options: ThreadOptions, origin: ThreadOrigin, *, items: Sequence[dict[str, Any]] = ()
    ) -> LiveThread:
        """Return a new thread; where its model is to remember response items, they are stored at once.

        Raises ConfigLoadError, RolloutWriteError, RulesError, ThreadError.
        """
        await self._config.ask_loader(self._config.resolve_cwd(options.cwd))
        config = await answering(self._config.load_for_new_thread, options.cwd, options)
        policy = await self._loader.command_policy(config)
        settings = self._loader.configured(config, options)
        meta = self._new_meta(settings, config, options, origin)
        before_stored = None
        if options.project_id is not None:
            await self._organisation.check_beginning(options.project_id)
            before_stored = partial(self._organisation.begin_in, meta.id, options.project_id)
        recorder = (
            EphemeralRecorder(meta) if options.ephemeral else self._store.create(meta, before_stored=before_stored)
        )
        if items:
            await recorder.append([*map(ResponseItem.of, items), settings.to_settings_applied(meta.id)])
        beginning = "supplied_history" if items else "new"
        return await self._launch(recorder, settings, config, policy, options, origin, beginning)

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
            self._gate.check()
        if live is not None and not live.is_stored:
            raise errors.no_rollout(target.thread_id)
        if live is not None and live.is_left_alone and options != ThreadOptions():
            # Nobody counts on it being as it was: it begins anew as it is asked for, perhaps with fewer rights.
            await self._host.unload(live)
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
        settings, config, warnings = await self._recorded_settings(recorder.facts, options, settings_from_history)
        policy = await self._loader.command_policy(config)
        live = await self._launch(recorder, settings, config, policy, options, origin, "cold_resume")
        loaded(live)
        live.warn_of_config()
        for warning in warnings:
            live.warn(warning)
        context = recorder.facts.turn_context
        if context is not None and context.model is not None and context.model != settings.model:
            live.warn(self._loader.model_changed(context.model, settings.model))
        live.tell_status()
        return live

    async def fork(self, source: ForkSource, options: ThreadOptions, origin: ThreadOrigin) -> Fork:
        """Return a new thread that goes on from another's history, up to a turn or whole.

        Raises ConfigLoadError, RolloutReadError, RolloutWriteError, RulesError, ThreadError.
        """
        source_live = self._threads.find(source.thread_id)
        history = await self._loader.fork_source(source, source_live)
        async with history.lock:
            end = end_of_fork(history, source)
        settings, config, warnings = await self._recorded_settings(history.facts, options, settings_of_fork)
        policy = await self._loader.command_policy(config)
        name = await self._store.name(source.thread_id)
        meta = self._new_meta(settings, config, options, origin)
        source_meta = history.facts.meta
        assert source_meta is not None
        meta = msgspec.structs.replace(meta, forked_from_id=source_meta.id, dynamic_tools=source_meta.dynamic_tools)
        recorder: ThreadRecorder
        if options.ephemeral:
            inherited = await self._store.history_until(history, end)
            recorder = EphemeralRecorder(meta, inherited=inherited)
        else:
            # First what nobody sees without the thread: whatever ends this process, a fork has what belongs to it.
            await self._organisation.inherit(source.thread_id, meta.id)
            if source.brings_goal:
                await self._goals.inherit(source.thread_id, meta.id)
            if name is not None:
                await self._store.set_name(meta.id, name)
            recorder = await self._store.fork(history, end, meta)
            assert recorder.history is not None
            inherited = recorder.history
        beginning = "cold_fork" if source_live is None else "warm_fork"
        live = await self._launch(recorder, settings, config, policy, options, origin, beginning)
        live.name = name
        for warning in warnings:
            live.warn(warning)
        return Fork(live=live, history=inherited, is_of_legacy=not source_meta.is_paginated)

    async def _recorded_settings(
        self,
        facts: HistoryFacts,
        options: ThreadOptions,
        derive: Callable[[HistoryFacts, ThreadSettings, ThreadOptions], ThreadSettings],
    ) -> tuple[ThreadSettings, EffectiveConfig, list[str]]:
        """Return the settings that a stored thread goes on with, and what the user should know of them.

        Raises ConfigLoadError, ThreadError, UnusableEnvironment.
        """
        recorded_cwd = recorded_settings(facts).cwd
        cwd = options.cwd or (None if recorded_cwd is None else Path(recorded_cwd))
        # Reading on is no decision to trust a project: only starting a thread in it is.
        await self._config.ask_loader(self._config.resolve_cwd(cwd))
        config = await answering(self._config.load, cwd, options)
        configured = self._loader.configured(config, options)
        settings = derive(facts, configured, options)
        self._loader.check_provider(settings, config)
        there, warnings = self._loader.where_it_worked(settings)
        return there, config, warnings

    def _new_meta(
        self, settings: ThreadSettings, config: EffectiveConfig, options: ThreadOptions, origin: ThreadOrigin
    ) -> SessionMeta:
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
            memory_mode=new_memory_mode(config),
            dynamic_tools=options.dynamic_tools or None,
        )

    async def _launch(
        self,
        recorder: ThreadRecorder,
        settings: ThreadSettings,
        config: EffectiveConfig,
        policy: CommandPolicy,
        options: ThreadOptions,
        origin: ThreadOrigin,
        beginning: Beginning,
    ) -> LiveThread:
        launch = Launch(
            recorder=recorder,
            settings=settings,
            config=config,
            policy=policy,
            raw_items=options.raw_items,
            beginning=beginning,
            is_new=beginning != "cold_resume",
        )
        live = await self._host.host(launch, follower=origin.subscriber)
        self._started(live)
        return live

    def drop_subscriber(self, client: ClientId) -> None:
        """Have a client follow no thread any more."""
        for live in self._threads.all():
            live.unsubscribe(client)
