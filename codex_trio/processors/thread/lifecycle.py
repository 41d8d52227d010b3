"""Starting, resuming and forking threads, and following them.

Protocol source: `thread/start|resume|fork|unsubscribe`, release 0.169.0.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, TypeAlias

from codex_trio_protocol import decoding
from codex_trio_protocol.v2 import thread as wire
from codex_trio_protocol.v2 import thread_list as wire_list
from codex_trio_protocol.v2 import thread_start as wire_start
from codex_trio_protocol.v2.common import CollaborationMode
from msgspec import UNSET

from codex_trio.config.settings import TypedOverrides
from codex_trio.processors.notices import Notices
from codex_trio.processors.services import WorkServices
from codex_trio.processors.thread.client_items import checked
from codex_trio.processors.thread.ids import parse_thread_id
from codex_trio.rpc.context import Handler, RequestContext
from codex_trio.rpc.errors import invalid_request
from codex_trio.state.history.model_history import first_words
from codex_trio.state.history.rollout_history import RolloutHistory
from codex_trio.state.store.interface import StoredThread
from codex_trio.threads import errors
from codex_trio.threads.environments import choose, workspace_roots
from codex_trio.threads.history import latest_item_cursor, latest_turn_cursor, page_turns
from codex_trio.threads.live import LiveThread
from codex_trio.threads.loading import ForkSource
from codex_trio.threads.manager import Birth
from codex_trio.threads.options import ThreadOptions
from codex_trio.threads.runtime import ThreadRuntime
from codex_trio.wire.policies import (
    approval_from_wire,
    approval_to_wire,
    reviewer_from_wire,
    sandbox_to_wire,
)
from codex_trio.wire.threads import all_turns, project_turns_page, put_turns

MAX_READS = 20
"""How often a growing thread is looked at again for a client that resumes it."""

_LoadParams: TypeAlias = wire_start.ThreadStartParams | wire_start.ThreadResumeParams | wire_start.ThreadForkParams


def handlers(services: WorkServices) -> dict[str, Handler]:
    """The handlers of this module."""
    processor = ThreadLifecycleProcessor(services)
    return {
        "thread/start": processor.start,
        "thread/resume": processor.resume,
        "thread/fork": processor.fork,
        "thread/unsubscribe": processor.unsubscribe,
    }


class ThreadLifecycleProcessor:
    """See the module."""

    def __init__(self, services: WorkServices) -> None:
        self._runtime = services.threads
        self._outgoing = services.outgoing
        self._identity = services.identity
        self._config = services.config
        self._gate = services.gate
        self._source = services.source
        self._notices = Notices(services.outgoing)

    async def start(
        self, params: wire_start.ThreadStartParams, context: RequestContext
    ) -> wire_start.ThreadStartResponse:
        """A new thread, followed by the caller. Refused when its configuration cannot be loaded."""
        self._gate.check()
        if params.model == "":
            raise invalid_request("model must not be empty")
        if params.dynamic_tools:
            raise invalid_request("dynamic tools are not supported by this server yet")
        runtime = self._runtime
        environment = None if params.environments is None else choose(params.environments)
        options = ThreadOptions(
            cwd=_path(params.cwd) if environment is None else environment.cwd or _path(params.cwd),
            workspace_roots=_roots(params) or (None if environment is None else environment.workspace_roots),
            has_environment=environment is None or environment.has_environment,
            overrides=_overrides(params),
            typed=_typed(params),
            personality=params.personality,
            thread_source=params.thread_source,
            daybreak_enabled=params.daybreak_enabled,
            ephemeral=bool(params.ephemeral),
            raw_items=params.experimental_raw_events,
        )
        with self._notices.of_rules(context):
            live = await runtime.manager.start(options, self._birth(context))
        thread = live.to_wire()
        context.after_response(lambda: self._announce(thread, live, context))
        return wire_start.ThreadStartResponse(thread=thread, **_settings(live))

    async def resume(
        self, params: wire_start.ThreadResumeParams, context: RequestContext
    ) -> wire_start.ThreadResumeResponse:
        """A stored or running thread, followed by the caller. Refused for unknown and archived threads."""
        runtime = self._runtime
        loaded_before = runtime.loaded.ids
        given = None if params.history is None else checked(params.history, "history")
        if given is None:
            live = await self._stored_or_running(params, runtime, context)
        else:
            live = await self._begin_with(given, params, runtime, context)
        history = live.recorder.history
        if history is None:
            raise errors.no_rollout(live.id)
        turns, page = await _read_turns(history, live, params)
        # From here on nothing waits: the client hears of all that the turns above do not tell yet, and of nothing else.
        live.subscribe(context.connection.id)
        # As observed in 0.169.0: not without the turns, unless the thread was only loaded for this.
        if not params.exclude_turns or live.id not in loaded_before:
            context.after_response(lambda: self._tell_usage(live, context))
        context.after_response(lambda: self._outgoing.replay(live.id, context.connection.id))
        thread = live.to_wire()
        if given is not None:
            thread.preview = first_words(given)
        put_turns(thread, turns)
        return wire_start.ThreadResumeResponse(
            thread=thread,
            initial_turns_page=page,
            turns_backwards_cursor=latest_turn_cursor(history, live.id),
            items_backwards_cursor=latest_item_cursor(history, live.id),
            collaboration_mode=decoding.convert(live.session.settings.mode, CollaborationMode),
            **_settings(live),
        )

    async def _stored_or_running(
        self, params: wire_start.ThreadResumeParams, runtime: ThreadRuntime, context: RequestContext
    ) -> LiveThread:
        """The thread that is named, loaded."""
        loaded = partial(self._advise, params, context)
        thread_id, stored = await self._named(params, runtime)
        live = runtime.loaded.find(thread_id)
        if live is None or live.session.active is None:
            # A draining server lets clients join a running turn: somebody may have to answer its questions.
            self._gate.check()
        if live is not None and not live.recorder.is_materialized:
            raise errors.no_rollout(thread_id)
        options = _resume_options(params)
        if live is not None and live.is_left_alone and options != ThreadOptions():
            # Nobody counts on it being as it was: it begins anew as it is asked for, perhaps with fewer rights.
            await runtime.manager.unload(live)
            live = None
        if live is None:
            with self._notices.of_rules(context):
                return await runtime.manager.resume(thread_id, options, self._birth(context), loaded)
        if stored is not None and stored.path != live.recorder.path:
            raise invalid_request(
                f"cannot resume running thread {live.id} with stale path: requested `{params.path}`, "
                f"active `{live.recorder.path}`"
            )
        loaded(live)
        return live

    def _advise(self, params: wire_start.ThreadResumeParams, context: RequestContext, live: LiveThread) -> None:
        """Tell who asks for all turns of a thread that there are pages of them, if there are."""
        if not params.exclude_turns and live.recorder.meta.is_paginated:
            self._notices.full_history("excludeTurns: true", context)

    async def _begin_with(
        self,
        items: Sequence[dict[str, Any]],
        params: wire_start.ThreadResumeParams,
        runtime: ThreadRuntime,
        context: RequestContext,
    ) -> LiveThread:
        """A new thread whose model remembers those items; the thread that is named only must not be loaded."""
        self._gate.check()
        if not params.history:
            raise invalid_request("history must not be empty")
        named = runtime.loaded.find(params.thread_id)
        if named is not None:
            raise invalid_request(f"cannot resume thread {named.id} with history while it is already running")
        with self._notices.of_rules(context):
            live = await runtime.manager.start(_resume_options(params), self._birth(context), items=items)
        self._advise(params, context, live)
        live.announce_status(live.status)
        return live

    async def fork(self, params: wire_start.ThreadForkParams, context: RequestContext) -> wire_start.ThreadForkResponse:
        """A new thread that goes on from another's history, followed by the caller."""
        self._gate.check()
        if params.last_turn_id is not None and params.before_turn_id is not None:
            raise invalid_request("`lastTurnId` cannot be combined with `beforeTurnId`")
        runtime = self._runtime
        thread_id, stored = await self._named(params, runtime)
        source = ForkSource(
            thread_id=thread_id,
            stored=stored,
            last_turn_id=params.last_turn_id,
            before_turn_id=params.before_turn_id,
        )
        options = ThreadOptions(
            cwd=_path(params.cwd),
            workspace_roots=_roots(params),
            overrides=_overrides(params),
            typed=_typed(params),
            thread_source=params.thread_source,
            ephemeral=params.ephemeral,
        )
        with self._notices.of_rules(context):
            fork = await runtime.manager.fork(source, options, self._birth(context))
        if not (params.exclude_turns or fork.is_of_legacy):
            self._notices.full_history("excludeTurns: true", context)
        live = fork.live
        announced = live.to_wire()
        if not params.exclude_turns:
            context.after_response(lambda: self._tell_usage(live, context))
        context.after_response(lambda: self._announce(announced, live, context))
        thread = live.to_wire()
        if not params.exclude_turns:
            put_turns(thread, await all_turns(fork.history).read())
        return wire_start.ThreadForkResponse(thread=thread, **_settings(live))

    async def unsubscribe(
        self, params: wire.ThreadUnsubscribeParams, context: RequestContext
    ) -> wire.ThreadUnsubscribeResponse:
        """The caller no longer follows the thread; its turn goes on."""
        runtime = self._runtime
        live = runtime.loaded.find(parse_thread_id(params.thread_id))
        if live is None:
            return wire.ThreadUnsubscribeResponse(status="notLoaded")
        was_subscribed = live.unsubscribe(context.connection.id)
        return wire.ThreadUnsubscribeResponse(status="unsubscribed" if was_subscribed else "notSubscribed")

    def _birth(self, context: RequestContext) -> Birth:
        return Birth(subscriber=context.connection.id, originator=self._identity.originator, source=self._source)

    async def _named(
        self, params: wire_start.ThreadResumeParams | wire_start.ThreadForkParams, runtime: ThreadRuntime
    ) -> tuple[str, StoredThread | None]:
        """The thread that a resume or fork names, and what is stored at its path, which counts more than its id."""
        if params.path is None:
            return parse_thread_id(params.thread_id, noun="session"), None
        found = await runtime.store.locate_path(Path(params.path))
        if found is None:
            raise invalid_request(
                f"failed to resolve rollout path `{params.path}`: it is no stored thread. Only files below CODEX_HOME "
                "are: to go on with one from elsewhere, copy it into a folder of `sessions` there"
            )
        return found.thread_id, found

    def _announce(self, thread: wire.Thread, live: LiveThread, context: RequestContext) -> None:
        self._outgoing.notify("thread/started", wire.ThreadStartedNotification(thread=thread))
        for warning in self._config.unannounced_warnings(live.session.config):
            self._notices.config_warning(warning, context)
        live.warn_of_config()

    def _tell_usage(self, live: LiveThread, context: RequestContext) -> None:
        """What the turns so far have used."""
        usage = live.usage_notification()
        if usage is not None:
            self._outgoing.notify("thread/tokenUsage/updated", usage, targets=[context.connection.id])


def _resume_options(params: wire_start.ThreadResumeParams) -> ThreadOptions:
    return ThreadOptions(
        cwd=_path(params.cwd),
        workspace_roots=_roots(params),
        overrides=_overrides(params),
        typed=_typed(params),
        personality=params.personality,
    )


def _path(text: str | None) -> Path | None:
    return Path(text) if text else None


def _roots(params: _LoadParams) -> tuple[str, ...] | None:
    return None if params.runtime_workspace_roots is None else tuple(params.runtime_workspace_roots)


def _overrides(params: _LoadParams) -> Mapping[str, Any] | None:
    """The request's own configuration; a permission profile is a setting like any other."""
    if params.permissions is None:
        return params.config
    if params.sandbox is not None:
        raise invalid_request("`permissions` cannot be combined with `sandbox`")
    return {**(params.config or {}), "default_permissions": params.permissions}


def _typed(params: _LoadParams) -> TypedOverrides:
    return TypedOverrides(
        model=params.model,
        model_provider=params.model_provider,
        approval_policy=None if params.approval_policy is None else approval_from_wire(params.approval_policy),
        approvals_reviewer=reviewer_from_wire(params.approvals_reviewer),
        sandbox_mode=params.sandbox,
        base_instructions=params.base_instructions,
        developer_instructions=params.developer_instructions,
        service_tier=None if params.service_tier is UNSET else params.service_tier,
    )


async def _read_turns(
    history: RolloutHistory, live: LiveThread, params: wire_start.ThreadResumeParams
) -> tuple[Sequence[memoryview], wire_list.TurnsPage | None]:
    """The turns and the page of turns that a resume asks for.

    What is recorded while they are read is read too, so that they tell all that the thread's followers have been told.
    """
    everything = None if params.exclude_turns else all_turns(history)
    asked = params.initial_turns_page
    turns: Sequence[memoryview] = ()
    page: wire_list.TurnsPage | None = None
    for _ in range(MAX_READS):
        seen = history.facts.next_ordinal
        if everything is not None:
            turns = await everything.read()
        if asked is not None:
            page = await _turns_page(history, live, asked)
        if history.facts.next_ordinal == seen:
            break
    return turns, page


async def _turns_page(
    history: RolloutHistory, live: LiveThread, asked: wire_start.ThreadResumeInitialTurnsPageParams
) -> wire_list.TurnsPage:
    view = asked.items_view or "summary"
    page = await page_turns(
        history,
        thread_id=live.id,
        cursor=None,
        limit=asked.limit,
        view=view,
        descending=asked.sort_direction != "asc",
    )
    return project_turns_page(page, view)


def _settings(live: LiveThread) -> dict[str, Any]:
    """What start and resume say of a thread's settings."""
    settings = live.session.settings
    return {
        "model": settings.model,
        "model_provider": settings.provider_id,
        "service_tier": settings.service_tier,
        "cwd": str(settings.cwd),
        "runtime_workspace_roots": workspace_roots(settings),
        "instruction_sources": live.instruction_sources,
        "approval_policy": approval_to_wire(settings.approval_policy),
        "approvals_reviewer": settings.approvals_reviewer,
        "sandbox": sandbox_to_wire(settings.confinement),
        "reasoning_effort": settings.effort,
    }
