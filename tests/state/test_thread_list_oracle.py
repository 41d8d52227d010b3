"""Lists against what anybody would make of the threads: any home, any filter, any page size, with files or without."""

import json
import os
import tempfile
from functools import partial
from pathlib import Path
from typing import Any, cast

import msgspec
import trio
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from store_lab import NOW_MS as MADE_MS
from store_lab import FilesHome, MemoryHome

from codex_trio.domain.ids import uuid7
from codex_trio.state.db.initializer import open_state_db, state_db_path
from codex_trio.state.local.names import ThreadNames
from codex_trio.state.rollout.lines import format_timestamp
from codex_trio.state.rollout.paths import RolloutPaths
from codex_trio.state.store.interface import ThreadQuery, ThreadStore

NOW_MS = 1_795_350_000_000
EVERY_CHECK = cast("list[HealthCheck]", list(HealthCheck))
HOUR_MS = 3_600_000
SOURCES = ["vscode", "cli", "exec", {"subagent": "review"}, {"custom": "x"}, {"odd": 1}, 5]
KINDS = {"vscode": "vscode", "cli": "cli", "exec": "exec"}


class Thread(msgspec.Struct, frozen=True):
    """A thread of a made-up home. Times are hours before now."""

    created: int
    updated: int
    source: Any
    provider: str
    cwd: str
    text: str
    name: str
    is_archived: bool

    @property
    def kind(self) -> str:
        if isinstance(self.source, str):
            return KINDS[self.source]
        if not isinstance(self.source, dict) or "odd" in self.source:
            return "odd"
        return "subAgentReview" if "subagent" in self.source else "unknown"


threads = st.builds(
    Thread,
    created=st.integers(0, 200) | st.integers(0, 3),
    updated=st.integers(0, 5),
    source=st.sampled_from(SOURCES) | st.just("vscode"),
    provider=st.sampled_from(["one", "two"]),
    cwd=st.sampled_from(["/work/a", "/work/b"]),
    text=st.sampled_from(["", "fix the bug", "Bug hunt", "words"]),
    name=st.sampled_from(["", "", "Bug", "named"]),
    is_archived=st.booleans(),
)
queries = st.fixed_dictionaries(
    {"limit": st.integers(1, 7), "descending": st.booleans(), "archived": st.booleans()},
    optional={
        "sort_key": st.sampled_from(["created_at", "updated_at", "recency_at"]),
        "model_providers": st.frozensets(st.sampled_from(["one", "two", "three"]), min_size=1),
        "source_kinds": st.frozensets(st.sampled_from(["cli", "exec", "subAgent", "unknown"]), min_size=1),
        "cwds": st.frozensets(st.sampled_from(["/work/a", "/work/./a", "/work/b", "/nowhere"])),
        "search_term": st.sampled_from(["Bug", "bug", "named", "x"]),
    },
)


def write(home: Path, thread: Thread) -> str:
    thread_id = uuid7()
    created = NOW_MS - thread.created * HOUR_MS
    meta = {
        "id": thread_id,
        "timestamp": format_timestamp(created),
        "cwd": thread.cwd,
        "source": thread.source,
        "model_provider": thread.provider,
        "history_mode": "paginated",
    }
    lines: list[Any] = [{"timestamp": "t", "ordinal": 0, "type": "session_meta", "payload": meta}]
    if thread.text:
        item = {"type": "UserMessage", "id": "u", "content": [{"type": "text", "text": thread.text}]}
        event = {"type": "item_completed", "thread_id": thread_id, "turn_id": "t", "item": item}
        lines.append({"timestamp": "t", "ordinal": 1, "type": "event_msg", "payload": event})
    paths = RolloutPaths(home)
    path = paths.new_path(thread_id, created_ms=created)
    if thread.is_archived:
        path = paths.archived_sessions / path.name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    os.utime(path, ns=(0, (NOW_MS - thread.updated * HOUR_MS) * 1_000_000))
    if thread.name:
        ThreadNames(home).set(thread_id, thread.name)
    return thread_id


def expected(home: dict[str, Thread], query: dict[str, Any]) -> list[str]:
    """Return the ids in order, told from the threads alone."""
    kinds = query.get("source_kinds", {"cli", "vscode", "odd"})
    kinds = kinds | {"odd"} if "unknown" in kinds else kinds
    kinds = kinds | {"subAgentReview"} if "subAgent" in kinds else kinds
    folders = {os.path.normpath(folder) for folder in query.get("cwds", ["/work/a", "/work/b"])}
    term = query.get("search_term", "")
    listed = {
        thread_id: thread
        for thread_id, thread in home.items()
        if (thread.text or thread.is_archived)
        and thread.is_archived == query["archived"]
        and thread.kind in kinds
        and thread.provider in query.get("model_providers", {"one", "two"})
        and thread.cwd in folders
        and (term in thread.text or term in thread.name)
    }
    by_created = query.get("sort_key", "created_at") == "created_at"

    def place(thread_id: str) -> tuple[int, str]:
        thread = listed[thread_id]
        return (-(thread.created if by_created else thread.updated), thread_id)

    return sorted(listed, key=place, reverse=query["descending"])


async def walk(store: ThreadStore, query: dict[str, Any]) -> list[str]:
    """Return the ids of all pages, in order; each page is as big as it may be."""
    found: list[str] = []
    cursor: str | None = None
    while True:
        page = await store.list(ThreadQuery(cursor=cursor, **query))
        ids = [thread.thread_id for thread in page.threads]
        found += ids
        if page.next_cursor is None:
            return found
        assert len(ids) == query["limit"]
        cursor = page.next_cursor


@settings(max_examples=40, deadline=None, suppress_health_check=EVERY_CHECK)
@given(
    home=st.lists(threads, max_size=25),
    later=st.lists(threads, max_size=4),
    asked=st.lists(queries, min_size=1, max_size=4),
)
def test_lists_tell_what_the_files_say(home: list[Thread], later: list[Thread], asked: list[dict[str, Any]]) -> None:
    async def check(folder: Path) -> None:
        made = {write(folder, thread): thread for thread in home}
        database = await open_state_db(state_db_path(folder))
        try:
            store = FilesHome(folder, database).store
            for query in asked:
                assert await walk(store, query) == expected(made, query)
            # Threads of another program come, and some go.
            for thread_id in list(made)[::5]:
                found = await store.locate(thread_id)
                assert found is not None
                assert found.path is not None
                os.unlink(found.path)
                del made[thread_id]
            made |= {write(folder, thread): thread for thread in later}
            again = FilesHome(folder, database).store
            for query in asked:
                assert await walk(store, query) == expected(made, query)
                assert await walk(again, query) == expected(made, query)
        finally:
            await database.aclose()

    with tempfile.TemporaryDirectory() as folder:
        trio.run(partial(check, Path(folder)))


async def put(home: MemoryHome, thread: Thread) -> str:
    thread_id = await home.add(
        thread.text or None,
        at=NOW_MS - MADE_MS - thread.created * HOUR_MS,
        updated=NOW_MS - MADE_MS - thread.updated * HOUR_MS,
        cwd=thread.cwd,
        source=thread.source,
        model_provider=thread.provider,
    )
    if thread.name:
        await home.store.set_name(thread_id, thread.name)
    if thread.is_archived:
        await home.store.archive(thread_id)
    return thread_id


@settings(max_examples=40, deadline=None, suppress_health_check=EVERY_CHECK)
@given(home=st.lists(threads, max_size=25), asked=st.lists(queries, min_size=1, max_size=4))
def test_lists_without_files_tell_what_the_threads_are(home: list[Thread], asked: list[dict[str, Any]]) -> None:
    async def check() -> None:
        store = MemoryHome(Path("/nowhere"))
        made = {await put(store, thread): thread for thread in home}
        for query in asked:
            assert await walk(store.store, query) == expected(made, query)
        for thread_id in list(made)[::5]:
            await store.store.delete(thread_id)
            del made[thread_id]
        for query in asked:
            assert await walk(store.store, query) == expected(made, query)

    trio.run(check)
