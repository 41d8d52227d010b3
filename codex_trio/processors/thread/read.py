"""Reading threads: one, a list of them, and pages of their turns and items. Nothing here loads a thread.

Protocol source: `thread/read|list|loaded/list|turns/list|items/list|readState/update`, release 0.171.0.
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from codex_trio_protocol.v2 import thread_list as wire

from codex_trio.processors.notices import Notices
from codex_trio.processors.services import Services
from codex_trio.processors.thread.ids import parse_thread_id, thread_id_param
from codex_trio.rpc.context import Handler, RequestContext
from codex_trio.rpc.errors import RpcError, invalid_params, invalid_request
from codex_trio.state.store.interface import SortKey, ThreadQuery
from codex_trio.threads import errors
from codex_trio.threads.history_pages import ItemAnchor, page_items, page_turns
from codex_trio.threads.stored import StoredThreads
from codex_trio.wire.read_states import read_state_to_wire
from codex_trio.wire.threads import (
    all_turns,
    project_item_entry,
    project_row,
    project_thread,
    project_turn,
    put_turns,
)

MAX_NAMED_THREADS = 100
"""Threads that a list is asked to leave out, or to choose from."""

MAX_PROVIDERS = 1000


def handlers(services: Services) -> dict[str, Handler]:
    """Return the handlers of this module."""
    processor = ThreadReadProcessor(services)
    return {
        "thread/read": processor.read,
        "thread/list": processor.list,
        "thread/loaded/list": processor.loaded,
        "thread/turns/list": processor.turns,
        "thread/items/list": processor.items,
        "thread/readState/update": processor.update_read_state,
    }


class ThreadReadProcessor:
    def __init__(self, services: Services) -> None:
        self._threads = services.threads
        self._outgoing = services.outgoing
        self._notices = Notices(services.outgoing)
        self._config = services.config

    async def read(self, params: wire.ThreadReadParams, context: RequestContext) -> wire.ThreadReadResponse:
        """Return a thread, loaded or stored, with its turns when they are asked for."""
        thread_id = parse_thread_id(params.thread_id)
        live = self._threads.loaded.find(thread_id)
        if params.include_turns:
            history = await self._threads.history(thread_id, feature="includeTurns")
        else:
            history = None
        if live is not None:
            facts, read_state = live.facts, live.read_state if live.is_stored else None
        else:
            summary = await self._threads.store.read(thread_id)
            if summary is None:
                raise errors.not_loaded(thread_id)
            facts, read_state = self._threads.facts(summary), await self._threads.read_state(thread_id)
        thread = project_thread(await self._threads.organisation.placed(facts))
        if history is not None:
            put_turns(thread, await all_turns(history).read())
            if history.facts.meta is not None and history.facts.meta.is_paginated:
                self._notices.full_history("includeTurns: false", context)
        return wire.ThreadReadResponse(
            thread=thread, read_state=None if read_state is None else read_state_to_wire(read_state)
        )

    async def list(self, params: wire.ThreadListParams, _context: RequestContext) -> wire.ThreadListResponse:
        """Return a page of stored threads, newest first unless asked otherwise."""
        page = await self._threads.store.list(await self._query(params))
        facts = await self._threads.organisation.placed_all([*map(self._threads.facts, page.threads)])
        rows = [*map(project_row, facts)]
        states = await self._threads.read_states_of([row.id for row in rows])
        return wire.ThreadListResponse(
            data=rows,
            read_states={thread_id: read_state_to_wire(state) for thread_id, state in states.items()},
            next_cursor=page.next_cursor,
            backwards_cursor=page.backwards_cursor,
        )

    def loaded(self, params: wire.ThreadLoadedListParams, _context: RequestContext) -> wire.ThreadLoadedListResponse:
        """Return ids of the loaded threads, ascending; the cursor is the last id of the page before."""
        return _loaded_page(self._threads, params)

    async def turns(self, params: wire.ThreadTurnsListParams, _context: RequestContext) -> wire.ThreadTurnsListResponse:
        """Return a page of turns, newest first unless asked otherwise."""
        thread_id = parse_thread_id(params.thread_id)
        history = await self._threads.history(thread_id, feature="thread/turns/list")
        view = params.items_view or "summary"
        page = await page_turns(
            history,
            thread_id=thread_id,
            cursor=params.cursor,
            limit=params.limit,
            view=view,
            descending=params.sort_direction != "asc",
        )
        return wire.ThreadTurnsListResponse(
            data=[project_turn(turn, view) for turn in page.turns],
            next_cursor=page.next_cursor,
            backwards_cursor=page.backwards_cursor,
        )

    async def items(self, params: wire.ThreadItemsListParams, _context: RequestContext) -> wire.ThreadItemsListResponse:
        """Return a page of items, of one turn or of all, oldest first unless asked otherwise."""
        thread_id = parse_thread_id(params.thread_id)
        history = await self._threads.history(thread_id, feature="thread/items/list")
        cursor: str | ItemAnchor | None
        if isinstance(params.cursor, wire.ItemThreadItemsListAnchor):
            if params.turn_id is None:
                raise invalid_request("an item anchor needs `turnId`")
            cursor = ItemAnchor(turn_id=params.turn_id, item_id=params.cursor.item_id)
        else:
            cursor = params.cursor
        page = await page_items(
            history,
            thread_id=thread_id,
            turn_id=params.turn_id,
            cursor=cursor,
            limit=params.limit,
            descending=params.sort_direction == "desc",
        )
        return wire.ThreadItemsListResponse(
            data=[project_item_entry(row, defer=params.defer_output) for row in page.items],
            next_cursor=page.next_cursor,
            backwards_cursor=page.backwards_cursor,
        )

    async def update_read_state(
        self, params: wire.ThreadReadStateUpdateParams, _context: RequestContext
    ) -> wire.ThreadReadStateUpdateResponse:
        """Mark a thread as read or unread, if the caller knows its latest revision."""
        thread_id = thread_id_param(params.thread_id)
        is_loaded = self._threads.loaded.find(thread_id) is not None
        read_state = await self._threads.mark(
            thread_id,
            as_read=isinstance(params.operation, wire.ReadThreadReadStateOperation),
            expected_revision=params.expected_revision,
        )
        if not is_loaded:
            notification = wire.ThreadReadStateChangedNotification(
                thread_id=thread_id, read_state=read_state_to_wire(read_state)
            )
            self._outgoing.notify("thread/readState/changed", notification)
        return wire.ThreadReadStateUpdateResponse(read_state=read_state_to_wire(read_state))

    async def _query(self, params: wire.ThreadListParams) -> ThreadQuery:
        included = None
        if params.included_thread_ids is not None:
            included = _ids_param(params.included_thread_ids, kind="included")
        excluded = _ids_param(params.excluded_thread_ids or [], kind="excluded")
        if params.originators:
            raise invalid_params("originator filtering is not supported by the local app-server")
        if isinstance(params.project_id, str):
            await self._check_project(params.project_id)
        if params.include_attached_threads and not (params.search_term or "").strip():
            raise invalid_request("includeAttachedThreads requires a non-empty searchTerm")
        parent, ancestor, attached = _relations(params)
        by_section = params.sort_key == "section_position"
        if by_section and not isinstance(params.section_id, str):
            raise invalid_request("section-position sorting requires a section filter")
        configured = self._config.startup_default().model_provider_id
        providers = [configured] if params.model_providers is None else params.model_providers
        if len(providers) > MAX_PROVIDERS:
            raise invalid_params(f"`modelProviders` has {len(providers)} entries; at most {MAX_PROVIDERS} are taken")
        if configured in providers:
            # Threads of old releases do not say: they go on with the one that is configured.
            providers = [*providers, ""]
        sort_key: SortKey = params.sort_key or "created_at"
        return ThreadQuery(
            archived=bool(params.archived),
            model_providers=frozenset(providers) or None,
            source_kinds=frozenset(params.source_kinds) if params.source_kinds else None,
            cwds=self._folders(params.cwd),
            search_term=params.search_term or "",
            parent_thread_id=parent,
            ancestor_thread_id=ancestor,
            attached_to_thread_id=attached,
            project_id=params.project_id,
            section_id=params.section_id,
            excluded_thread_ids=excluded,
            included_thread_ids=included,
            sort_key=sort_key,
            descending=(params.sort_direction or ("asc" if by_section else "desc")) == "desc",
            cursor=params.cursor,
            limit=params.limit,
        )

    async def _check_project(self, project_id: str) -> None:
        if not project_id:
            raise invalid_params("projectId must not be empty")
        await self._threads.organisation.projects.check(project_id)

    def _folders(self, cwds: str | list[str] | None) -> frozenset[str] | None:
        """Return the folders of a filter; relative ones count from the server's own."""
        if cwds is None:
            return None
        named = [cwds] if isinstance(cwds, str) else cwds
        return frozenset(str(self._config.resolve_cwd(Path(cwd))) for cwd in named)


def _loaded_page(runtime: StoredThreads, params: wire.ThreadLoadedListParams) -> wire.ThreadLoadedListResponse:
    ids = runtime.loaded.ids
    if params.cursor is not None:
        try:
            after = parse_thread_id(params.cursor)
        except RpcError as error:
            raise invalid_request(f"invalid cursor: {params.cursor}") from error
        ids = [thread_id for thread_id in ids if thread_id > after]
    page = ids if params.limit is None else ids[: max(1, params.limit)]
    return wire.ThreadLoadedListResponse(data=page, next_cursor=page[-1] if len(page) < len(ids) else None)


def _ids_param(ids: list[str], *, kind: Literal["excluded", "included"]) -> frozenset[str]:
    if len(ids) > MAX_NAMED_THREADS:
        raise invalid_params(f"{kind}ThreadIds accepts at most {MAX_NAMED_THREADS} entries")
    return frozenset(thread_id_param(thread_id, noun=f"{kind} thread") for thread_id in ids)


def _relations(params: wire.ThreadListParams) -> tuple[str | None, str | None, str | None]:
    """Return the parent, ancestor and owner that threads are asked to have; at most one of them."""
    parent, ancestor, attached = params.parent_thread_id, params.ancestor_thread_id, params.attached_to_thread_id
    if attached is not None and (parent is not None or ancestor is not None):
        raise invalid_request("attachedToThreadId cannot be combined with parentThreadId or ancestorThreadId")
    if parent is not None and ancestor is not None:
        raise invalid_request("parentThreadId and ancestorThreadId are mutually exclusive")
    return (
        None if parent is None else parse_thread_id(parent, noun="parent thread"),
        None if ancestor is None else parse_thread_id(ancestor, noun="ancestor thread"),
        None if attached is None else parse_thread_id(attached, noun="attached thread parent"),
    )
