"""Starting threads, and forking them.

Protocol source: `thread/start|fork`, release 0.169.0.
"""

from __future__ import annotations

from typing import Any

import msgspec
from codex_trio_protocol.v2 import thread_start as wire

from codex_trio.processors.notices import Notices
from codex_trio.processors.services import WorkServices
from codex_trio.processors.thread.load_requests import (
    ThreadLoading,
    overrides_of,
    path_of,
    roots_of,
    settings_of,
    typed_of,
)
from codex_trio.rpc.context import Handler, RequestContext
from codex_trio.rpc.errors import invalid_request
from codex_trio.threads.loading import ForkSource
from codex_trio.threads.options import ThreadOptions
from codex_trio.tools.builtin import BUILTIN_NAMES
from codex_trio.tools.dynamic_specs import InvalidDynamicTool, checked
from codex_trio.wire.environments import environments_from_wire
from codex_trio.wire.threads import all_turns, project_thread, put_turns


def handlers(services: WorkServices) -> dict[str, Handler]:
    """Return the handlers of this module."""
    processor = ThreadStartProcessor(services)
    return {"thread/start": processor.start, "thread/fork": processor.fork}


class ThreadStartProcessor:
    def __init__(self, services: WorkServices) -> None:
        self._threads = services.threads
        self._gate = services.gate
        self._loading = ThreadLoading(services)
        self._notices = Notices(services.outgoing)

    async def start(self, params: wire.ThreadStartParams, context: RequestContext) -> wire.ThreadStartResponse:
        """Return a new thread, followed by the caller. Refused when its configuration cannot be loaded."""
        self._gate.check()
        if params.model == "":
            raise invalid_request("model must not be empty")
        dynamic_tools = _dynamic_tools(params)
        choice = None
        if params.environments is not None:
            choice = self._threads.environments.choose(environments_from_wire(params.environments))
        options = ThreadOptions(
            cwd=path_of(params.cwd if choice is None else choice.cwd or params.cwd),
            workspace_roots=roots_of(params) or (None if choice is None else choice.workspace_roots),
            environments=None if choice is None else choice.environments,
            overrides=overrides_of(params),
            typed=typed_of(params),
            personality=params.personality,
            thread_source=params.thread_source,
            daybreak_enabled=params.daybreak_enabled,
            project_id=params.project_id,
            ephemeral=bool(params.ephemeral),
            raw_items=params.experimental_raw_events,
            dynamic_tools=dynamic_tools,
        )
        with self._notices.of_rules(context):
            live = await self._threads.manager.start(options, self._loading.origin(context))
        thread = project_thread(live.facts)
        thread.project_id = params.project_id
        context.after_response(lambda: self._loading.announce(thread, live, context))
        return wire.ThreadStartResponse(thread=thread, **settings_of(live))

    async def fork(self, params: wire.ThreadForkParams, context: RequestContext) -> wire.ThreadForkResponse:
        """Return a new thread that goes on from another's history, followed by the caller."""
        self._gate.check()
        if params.last_turn_id is not None and params.before_turn_id is not None:
            raise invalid_request("`lastTurnId` cannot be combined with `beforeTurnId`")
        target = await self._loading.target(params)
        source = ForkSource(
            thread_id=target.thread_id,
            stored=target.stored,
            last_turn_id=params.last_turn_id,
            before_turn_id=params.before_turn_id,
            brings_goal=params.defer_goal_continuation,
        )
        options = ThreadOptions(
            cwd=path_of(params.cwd),
            workspace_roots=roots_of(params),
            overrides=overrides_of(params),
            typed=typed_of(params),
            thread_source=params.thread_source,
            ephemeral=params.ephemeral,
        )
        with self._notices.of_rules(context):
            fork = await self._threads.manager.fork(source, options, self._loading.origin(context))
        if not (params.exclude_turns or fork.is_of_legacy):
            self._notices.full_history("excludeTurns: true", context)
        live = fork.live
        facts = await self._threads.organisation.placed(live.facts)
        announced = project_thread(facts)
        if not params.exclude_turns:
            context.after_response(lambda: self._loading.tell_usage(live, context))
        context.after_response(lambda: self._loading.announce(announced, live, context))
        thread = project_thread(facts)
        if not params.exclude_turns:
            put_turns(thread, await all_turns(fork.history).read())
        return wire.ThreadForkResponse(thread=thread, **settings_of(live))


def _dynamic_tools(params: wire.ThreadStartParams) -> list[dict[str, Any]]:
    """Return what the client brings along for the model, as it is stored. Refused when no model could be offered it."""
    try:
        return checked(msgspec.to_builtins(params.dynamic_tools or []), taken=BUILTIN_NAMES)
    except InvalidDynamicTool as error:
        raise invalid_request(str(error)) from error
