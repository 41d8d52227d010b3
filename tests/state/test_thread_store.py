"""What every store of threads promises of lists, single threads and changes, whether it keeps files or nothing."""

import json
import os
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import pytest
import trio

from codex_trio.state.db.connection import StateDb
from codex_trio.state.db.initializer import open_state_db
from codex_trio.state.db.migrations import migrate
from codex_trio.state.ids import uuid7
from codex_trio.state.index.index import RolloutIndex
from codex_trio.state.index.search import ThreadTextIndex
from codex_trio.state.names import ThreadNames
from codex_trio.state.rollout.lines import GitInfo, SessionMeta, TurnContext, format_timestamp
from codex_trio.state.rollout.paths import RolloutPaths
from codex_trio.state.store.graph import LocalAgentGraph
from codex_trio.state.store.interface import (
    InvalidCursor,
    MetadataPatch,
    ThreadPage,
    ThreadQuery,
    ThreadStoreError,
)
from codex_trio.state.store.local import LocalThreadStore
from codex_trio.state.store.memory import memory_home
from codex_trio.state.store.writers import ThreadWriters

NOW_MS = 1_795_350_000_500
SAMPLES = Path(__file__).parent.parent / "data" / "rollouts"


class Home:
    """A CODEX_HOME with threads, and lists of them."""

    def __init__(self, path: Path, database: StateDb) -> None:
        self.path = path
        self.paths = RolloutPaths(path)
        self.names = ThreadNames(path)
        index = RolloutIndex(database, codex_home=path, paths=self.paths, names=self.names)
        text = ThreadTextIndex(index, database)
        self.store = LocalThreadStore(
            index,
            text,
            database,
            paths=self.paths,
            names=self.names,
            graph=LocalAgentGraph(database),
            writers=ThreadWriters(path),
        )

    def add(self, text: str | None, *, at: int = 0, updated: int | None = None, **changes: Any) -> str:
        """A thread created `at` milliseconds; its id."""
        thread_id = changes.pop("id", None) or uuid7()
        meta: dict[str, Any] = {
            "id": thread_id,
            "timestamp": format_timestamp(NOW_MS + at),
            "cwd": "/work",
            "source": "vscode",
            "model_provider": "scripted",
            "history_mode": "paginated",
            **changes,
        }
        lines: list[Any] = [{"timestamp": "t", "ordinal": 0, "type": "session_meta", "payload": meta}]
        if text is not None:
            item = {"type": "UserMessage", "id": "u", "content": [{"type": "text", "text": text}]}
            event = {"type": "item_completed", "thread_id": thread_id, "turn_id": "t", "item": item}
            lines.append({"timestamp": "t", "ordinal": 1, "type": "event_msg", "payload": event})
        path = self.paths.new_path(thread_id, created_ms=NOW_MS + at)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("".join(json.dumps(line) + "\n" for line in lines))
        self.touch(thread_id, NOW_MS + (at if updated is None else updated))
        return thread_id

    def touch(self, thread_id: str, unix_ms: int) -> None:
        found = self.paths.find(thread_id)
        assert found is not None
        os.utime(found.path, ns=(unix_ms * 1_000_000, unix_ms * 1_000_000))

    async def page(self, **query: Any) -> ThreadPage:
        with trio.fail_after(10):
            return await self.store.list(ThreadQuery(**query))

    async def ids(self, **query: Any) -> list[str]:
        return [row.thread_id for row in (await self.page(**query)).threads]

    async def walk(self, **query: Any) -> list[list[str]]:
        """Every page, to the last."""
        pages: list[list[str]] = []
        cursor = None
        while True:
            page = await self.page(cursor=cursor, **query)
            pages.append([row.thread_id for row in page.threads])
            cursor = page.next_cursor
            if cursor is None:
                return pages


@pytest.fixture(params=["files", "memory"])
async def home(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncGenerator[Home]:
    database = await open_state_db(tmp_path / "index.sqlite")
    if request.param == "files":
        yield Home(tmp_path, database)
    else:
        await database.retreat(migrate)
        async with memory_home() as folder:
            yield Home(folder, database)
    await database.aclose()


async def test_the_newest_threads_come_first_page_by_page(home: Home) -> None:
    made = [home.add(f"thread {number}", at=number * 700) for number in range(5)]
    newest_first = made[::-1]
    assert await home.walk(limit=2) == [newest_first[:2], newest_first[2:4], newest_first[4:]]
    assert await home.walk(limit=2, descending=False) == [made[:2], made[2:4], made[4:]]
    assert await home.walk(limit=0) == [[one] for one in newest_first]
    assert (await home.page()).next_cursor is None


async def test_threads_of_the_same_moment_are_neither_lost_nor_shown_twice(home: Home) -> None:
    made = sorted(home.add("same", at=7) for _ in range(5))
    assert await home.walk(limit=2) == [made[:2:-1], made[2:0:-1], made[:1]]


async def test_a_page_can_be_walked_back_to_newer_threads(home: Home) -> None:
    made = [home.add("x", at=number * 10) for number in range(4)]
    first = await home.page(limit=2)
    assert first.next_cursor is not None
    second = await home.page(limit=2, cursor=first.next_cursor)
    # The way back includes the row that it starts from.
    assert await home.ids(cursor=second.backwards_cursor, descending=False) == made[1:]
    made.append(home.add("new", at=50))
    assert await home.ids(cursor=first.backwards_cursor, descending=False) == made[3:]
    assert (await home.page(search_term="nothing")).backwards_cursor is None


async def test_threads_can_be_ordered_by_when_they_were_last_used(home: Home) -> None:
    first = home.add("first", at=0, updated=9000)
    second = home.add("second", at=1000)
    assert await home.ids() == [second, first]
    assert await home.walk(sort_key="updated_at", limit=1) == [[first], [second]]
    home.touch(second, NOW_MS + 20_000)
    assert await home.ids(sort_key="recency_at") == [second, first]


async def test_cursors_of_older_servers_and_bad_ones(home: Home) -> None:
    made = [home.add("x", at=number * 1000) for number in range(3)]
    assert await home.ids(cursor=format_timestamp(NOW_MS + 1000)) == made[:1]
    assert await home.ids(cursor="2026-11-22T12:20:01Z") == made[:1]
    for cursor in ("", "zzz", "2026-11-22T12:20:01", "2026-11-22T12:20:01Z|zz", "2026-11-22T12:20:01Z|"):
        with pytest.raises(InvalidCursor) as caught:
            await home.page(cursor=cursor)
        assert str(caught.value) == f"invalid cursor: {cursor}"


async def test_only_what_was_asked_for_is_listed(home: Home) -> None:
    plain = home.add("find the Bug")
    other = home.add("else", at=1, model_provider="other", cwd="/elsewhere")
    script = home.add("script", at=2, source="exec")
    review = home.add("review", at=3, source={"subagent": "review"}, parent_thread_id=plain)
    spawned = {"thread_spawn": {"parent_thread_id": review, "depth": 1}}
    child = home.add("child", at=4, source={"subagent": spawned})
    home.add(None, at=5)
    home.names.set(other, "The Bug hunt")

    assert await home.ids() == [other, plain]
    assert await home.ids(model_providers=frozenset({"scripted"})) == [plain]
    assert await home.ids(cwds=frozenset({"/elsewhere", "/nowhere"})) == [other]
    assert await home.ids(search_term="Bug") == [other, plain]
    assert await home.ids(search_term="bug") == []
    assert await home.ids(excluded_thread_ids=frozenset({other})) == [plain]
    assert await home.ids(source_kinds=frozenset({"exec"})) == [script]
    assert await home.ids(source_kinds=frozenset({"subAgent"})) == [child, review]
    assert await home.ids(source_kinds=frozenset({"subAgentReview", "unknown"})) == [review]
    assert await home.ids(parent_thread_id=review) == [child]
    assert await home.ids(ancestor_thread_id=plain) == [child, review]
    assert await home.ids(archived=True) == []
    home.paths.archive(plain)
    assert await home.ids(archived=True) == [plain]
    assert await home.ids() == [other]


async def test_a_row_tells_what_the_thread_is_and_how_it_stands_now(home: Home) -> None:
    thread_id = uuid7()
    meta = SessionMeta(
        id=thread_id,
        timestamp=format_timestamp(NOW_MS),
        cwd="/work",
        source="vscode",
        history_mode="paginated",
        model_provider="scripted",
        git=GitInfo(branch="main"),
    )
    recorder = home.store.create(meta)
    home.add("seed")  # The folder exists before the thread does.
    await recorder.append([TurnContext(cwd="/work", model="first-model")])
    assert await home.store.read(thread_id) is not None
    assert thread_id not in await home.ids()

    filler = TurnContext(cwd="/" + "x" * 70_000, model="later-model", effort="high")
    await recorder.append([filler, *([filler] * 8)])
    await recorder.update_meta(SessionMeta(id=thread_id, timestamp=meta.timestamp, git=GitInfo(branch="topic")))
    home.names.set(thread_id, "A name")
    row = await home.store.read(thread_id)
    assert row is not None
    assert (row.git, row.model, row.reasoning_effort, row.name) == (
        GitInfo(branch="topic"),
        "later-model",
        "high",
        "A name",
    )
    assert (row.created_at_ms, row.path, row.is_archived) == (NOW_MS, recorder.path, False)
    assert await home.store.read(uuid7()) is None


async def test_threads_of_other_servers_are_listed(home: Home) -> None:
    for sample in ("0.131.0-tools", "0.169.0-tools", "0.169.0-fork"):
        for path in (SAMPLES / sample).glob("rollout-*.jsonl"):
            folder = home.paths.sessions / "2026/11/22"
            folder.mkdir(parents=True, exist_ok=True)
            (folder / path.name).write_bytes(path.read_bytes())
    page = await home.page()
    assert [(row.preview, row.meta.cli_version, row.model) for row in page.threads] == [
        ("t1", "0.169.0", "gpt-5.5"),
        ("t1", "0.169.0", "gpt-5.5"),
        ("hello", "0.131.0", "gpt-5.5"),
        ("hello", "0.169.0", "gpt-5.5"),
    ]
    assert page.threads[2].git == GitInfo(branch="b1")


async def test_a_thread_that_was_cut_back_is_listed_once(home: Home) -> None:
    thread_id = home.add("first")
    base = {"thread_id": thread_id, "end_ordinal_exclusive": 2}
    name = home.paths.new_path(thread_id, created_ms=NOW_MS + 90_000, segment_id=uuid7())
    meta = {"id": thread_id, "timestamp": "2026-11-22T12:30:00Z", "source": "cli", "history_mode": "paginated"}
    line = {"timestamp": "t", "ordinal": 2, "type": "session_meta", "payload": {**meta, "history_base": base}}
    name.write_text(json.dumps(line) + "\n")
    [row] = (await home.page()).threads
    assert (row.path, row.preview) == (name, "first")


async def test_files_that_hold_no_thread_are_passed_over(home: Home) -> None:
    kept = home.add("kept")
    folder = home.paths.new_path(kept, created_ms=NOW_MS).parent
    (folder / f"rollout-2026-11-22T12-00-00-{uuid7()}.jsonl").write_text("")
    (folder / f"rollout-2026-11-22T12-00-00-{uuid7()}.jsonl").write_bytes(b"\xff\xfe not json\n" * 300)
    (folder / f"rollout-2026-11-22T12-00-00-{uuid7()}.jsonl").mkdir()
    os.symlink("/nowhere", folder / f"rollout-2026-11-22T12-00-00-{uuid7()}.jsonl")
    stolen = home.add("under another id", at=1)
    found = home.paths.find(stolen)
    assert found is not None
    found.path.rename(folder / f"rollout-2026-11-22T12-00-00-{uuid7()}.jsonl")
    # A name tells where to look; what a file holds is what it says itself.
    assert await home.ids() == [stolen, kept]


async def test_a_deleted_thread_is_gone_from_the_next_list_and_a_new_one_is_there(home: Home) -> None:
    gone, stays = home.add("gone"), home.add("stays", at=1)
    assert await home.ids() == [stays, gone]
    found = home.paths.find(gone)
    assert found is not None
    found.path.unlink()
    new = home.add("new", at=2)
    assert await home.ids() == [new, stays]


async def test_many_threads_are_listed_without_reading_them_again(home: Home) -> None:
    made = [home.add(f"thread {number}", at=number) for number in range(300)]
    assert await home.ids(limit=3) == made[:-4:-1]
    # Unreadable from now on, yet unchanged: what is known of them still holds.
    for file in home.paths.scan(archived=False):
        status = file.path.stat()
        file.path.write_bytes(b"x" * status.st_size)
        os.utime(file.path, ns=(status.st_mtime_ns, status.st_mtime_ns))
    assert await home.ids(limit=3) == made[:-4:-1]


async def test_no_thread_is_in_a_section_or_attached_to_another(home: Home) -> None:
    made = home.add("x")
    assert await home.ids(section_id="s") == []
    assert await home.ids(attached_to_thread_id=made) == []
    with pytest.raises(InvalidCursor):
        await home.page(section_id="s", cursor="zzz")


async def test_a_folder_is_the_same_by_any_path_to_it(home: Home) -> None:
    folder = home.path / "folder"
    folder.mkdir()
    (home.path / "link").symlink_to(folder)
    made = home.add("x", cwd=str(folder))
    through_link = home.add("y", at=10, cwd=f"{home.path}/link")
    for path in (str(folder), f"{home.path}/link", f"{folder}/../folder/"):
        assert await home.ids(cwds=frozenset([path])) == [through_link, made]
    assert await home.ids(cwds=frozenset([str(home.path)])) == []
    assert await home.ids(cwds=frozenset()) == []


def spawned_by(parent: str) -> dict[str, Any]:
    return {"subagent": {"thread_spawn": {"parent_thread_id": parent, "depth": 1}}}


async def test_what_a_threads_agents_spawned_goes_with_it_into_the_archive_and_back(home: Home) -> None:
    parent = home.add("parent")
    child = home.add("child", at=1, source=spawned_by(parent))
    grandchild = home.add("grandchild", at=2, source=spawned_by(child))
    fork = home.add("fork", at=3, forked_from_id=parent)
    every = {"source_kinds": frozenset({"vscode", "subAgent"})}
    assert [*await home.store.archive(parent)] == [parent, child, grandchild]
    assert await home.ids(**every) == [fork]
    assert await home.ids(archived=True, **every) == [grandchild, child, parent]
    assert [*await home.store.unarchive(parent)] == [parent, child, grandchild]
    assert await home.ids(**every) == [fork, grandchild, child, parent]
    for call, text in ((home.store.unarchive, "no archived rollout"), (home.store.archive, "no rollout")):
        with pytest.raises(ThreadStoreError, match=f"{text} found for thread id") as caught:
            await call(uuid7() if call == home.store.archive else parent)
        assert caught.value.kind == "not_found"


async def test_a_deleted_thread_leaves_nothing(home: Home) -> None:
    parent, other = home.add("parent"), home.add("other", at=1)
    child = home.add("child", at=2, source=spawned_by(parent))
    home.names.set(parent, "Secret plan")
    home.names.set(other, "Kept")
    assert [*await home.store.delete(parent)] == [parent, child]
    assert [file.name.thread_id for file in home.paths.scan(archived=False)] == [other]
    assert await home.store.read(parent) is None
    assert "Secret" not in (home.path / "session_index.jsonl").read_text()
    assert await home.store.name(other) == "Kept"
    with pytest.raises(ThreadStoreError, match="no rollout found"):
        await home.store.delete(parent)


async def test_metadata_of_a_thread_that_is_not_loaded_can_be_changed(home: Home) -> None:
    made = home.add("x", git={"branch": "main", "commit_hash": "abc"})
    changed = await home.store.update_metadata(made, MetadataPatch(branch="topic", commit_hash=None))
    assert changed.git == GitInfo(branch="topic")
    assert (await home.page()).threads[0].git == GitInfo(branch="topic")
    with pytest.raises(ThreadStoreError, match="no rollout found"):
        await home.store.update_metadata(uuid7(), MetadataPatch(branch="x"))


async def test_a_thread_is_found_by_what_its_file_says_wherever_the_file_is(home: Home) -> None:
    made, copied = home.add("moved"), home.add("copied", at=1)
    assert await home.ids() == [copied, made]
    found = home.paths.find(made)
    assert found is not None
    elsewhere = home.paths.sessions / "2020/01/01" / f"rollout-2020-01-01T00-00-00-{uuid7()}.jsonl"
    move(found.path, elsewhere)
    stored = await home.store.locate(made)
    assert stored is not None
    assert (stored.path, stored.thread_id) == (elsewhere, made)
    # A copy that came under another name does not stand before the thread's own file.
    original = home.paths.find(copied)
    assert original is not None
    copy(original.path, original.path.with_name(f"rollout-2030-01-01T00-00-00-{uuid7()}.jsonl"))
    assert await home.ids() == [copied, made]
    stored = await home.store.locate(copied)
    assert stored is not None
    assert stored.path == original.path
    outside = home.path / "outside.jsonl"
    copy(original.path, outside)
    stored = await home.store.locate_path(outside)
    assert stored is not None
    assert stored.thread_id == copied
    assert await home.store.locate_path(home.path / "missing.jsonl") is None


def move(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True)
    source.rename(target)


def copy(source: Path, target: Path) -> None:
    target.write_bytes(source.read_bytes())
