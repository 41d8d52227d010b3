"""Following threads: resuming them, stored or running, and leaving them.

Protocol source: `thread/resume|unsubscribe`, release 0.169.0.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from codex_trio_protocol import decoding
from codex_trio_protocol.v2 import thread as wire
from codex_trio_protocol.v2 import thread_list as wire_list
from codex_trio_protocol.v2 import thread_start as wire_start
from codex_trio_protocol.v2.common import CollaborationMode

from codex_trio.processors.notices import Notices
from codex_trio.processors.services import WorkServices
from codex_trio.processors.thread.client_items import checked
from codex_trio.processors.thread.ids import parse_thread_id
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
from codex_trio.state.history.model_history import first_words
from codex_trio.state.history.rollout_history import RolloutHistory
from codex_trio.threads import errors
from codex_trio.threads.history_pages import latest_item_cursor, latest_turn_cursor, page_turns
from codex_trio.threads.live import LiveThread
from codex_trio.threads.options import ThreadOptions
from codex_trio.wire.threads import all_turns, project_thread, project_turns_page, put_turns

MAX_READS = 20
"""How often a growing thread is looked at again for a client that resumes it."""


def handlers(services: WorkServices) -> dict[str, Handler]:
    """Return the handlers of this module."""
    processor = ThreadFollowProcessor(services)
    return {"thread/resume": processor.resume, "thread/unsubscribe": processor.unsubscribe}


class ThreadFollowProcessor:
    def __init__(self, services: WorkServices) -> None:
        self._threads = services.threads
        self._outgoing = services.outgoing
        self._gate = services.gate
        self._loading = ThreadLoading(services)
        self._notices = Notices(services.outgoing)

    async def resume(
        self, params: wire_start.ThreadResumeParams, context: RequestContext
    ) -> wire_start.ThreadResumeResponse:
        """Return a stored or running thread, followed by the caller. Refused for unknown and archived threads."""
        loaded_before = self._threads.loaded.ids
        options, origin = _resume_options(params), self._loading.origin(context)
        loaded = partial(self._advise, params, context)
        given = None if params.history is None else checked(params.history, "history")
        if given is None:
            target = await self._loading.target(params)
            with self._notices.of_rules(context):
                live = await self._threads.manager.load(target, options, origin, loaded)
        else:
            self._gate.check()
            if not params.history:
                raise invalid_request("history must not be empty")
            with self._notices.of_rules(context):
                live = await self._threads.manager.begin_with(given, options, origin, loaded, named=params.thread_id)
        history = live.history
        if history is None:
            raise errors.no_rollout(live.id)
        turns, page = await _read_turns(history, live, params)
        tell_goal = await self._threads.goals.told(live)
        # From here on nothing waits: the client hears of all that the turns above do not tell yet, and of nothing else.
        family = self._threads.host.family(live)
        for member in family:
            member.subscribe(context.connection.id)
        # As observed in 0.169.0: not without the turns, unless the thread was only loaded for this.
        if not params.exclude_turns or live.id not in loaded_before:
            context.after_response(lambda: self._loading.tell_usage(live, context))
        context.after_response(tell_goal)
        context.when_answered(lambda: self._threads.queues.wake(live.id))
        for member in family:
            context.after_response(partial(self._outgoing.replay, member.id, context.connection.id))
        context.after_response(lambda: self._threads.mcp.announce(live.id))
        thread = project_thread(await self._threads.organisation.placed(live.facts))
        if given is not None:
            thread.preview = first_words(given)
        put_turns(thread, turns)
        return wire_start.ThreadResumeResponse(
            thread=thread,
            initial_turns_page=page,
            turns_backwards_cursor=latest_turn_cursor(history, live.id),
            items_backwards_cursor=latest_item_cursor(history, live.id),
            collaboration_mode=decoding.convert(live.settings.mode, CollaborationMode),
            **settings_of(live),
        )

    def _advise(self, params: wire_start.ThreadResumeParams, context: RequestContext, live: LiveThread) -> None:
        """Tell who asks for all turns of a thread that there are pages of them, if there are."""
        if not params.exclude_turns and live.is_paginated:
            self._notices.full_history("excludeTurns: true", context)

    async def unsubscribe(
        self, params: wire.ThreadUnsubscribeParams, context: RequestContext
    ) -> wire.ThreadUnsubscribeResponse:
        """Let the caller follow the thread no longer; its turn goes on."""
        live = self._threads.loaded.find(parse_thread_id(params.thread_id))
        if live is None:
            return wire.ThreadUnsubscribeResponse(status="notLoaded")
        was_subscribed = live.unsubscribe(context.connection.id)
        for agent in self._threads.host.family(live):
            agent.unsubscribe(context.connection.id)
        return wire.ThreadUnsubscribeResponse(status="unsubscribed" if was_subscribed else "notSubscribed")


def _resume_options(params: wire_start.ThreadResumeParams) -> ThreadOptions:
    return ThreadOptions(
        cwd=path_of(params.cwd),
        workspace_roots=roots_of(params),
        overrides=overrides_of(params),
        typed=typed_of(params),
        personality=params.personality,
    )


async def _read_turns(
    history: RolloutHistory, live: LiveThread, params: wire_start.ThreadResumeParams
) -> tuple[Sequence[memoryview], wire_list.TurnsPage | None]:
    """Return the turns and the page of turns that a resume asks for.

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
