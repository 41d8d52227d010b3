"""What every store of threads promises, whether it keeps files or nothing."""

from collections.abc import AsyncGenerator, Collection
from pathlib import Path
from typing import Any

import msgspec
import pytest
import trio
from rollout_lab import agent_message, asked, command, completed, everything, turn
from store_lab import NOW_MS, FilesHome, Home, MemoryHome

from codex_trio.domain.ids import uuid7
from codex_trio.state.db.initializer import open_state_db
from codex_trio.state.history import forks
from codex_trio.state.history.forks import ForkPoint
from codex_trio.state.history.recorder import ThreadRecorder
from codex_trio.state.rollout.errors import RolloutWriteError
from codex_trio.state.rollout.events import ItemCompletedLine
from codex_trio.state.rollout.lines import GitInfo, SessionMeta, TurnContext, format_timestamp
from codex_trio.state.store.interface import InvalidCursor, MetadataPatch, SearchQuery, ThreadStoreError
from codex_trio.threads.history_pages import page_items, page_turns


@pytest.fixture(params=["files", "memory"])
async def home(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncGenerator[Home]:
    if request.param == "memory":
        yield MemoryHome(tmp_path)
        return
    database = await open_state_db(tmp_path / "index.sqlite")
    yield FilesHome(tmp_path, database)
    await database.aclose()


# --- recording -------------------------------------------------------------------------------------------------------


async def test_what_was_recorded_is_read_back_while_a_thread_runs_and_afterwards(home: Home) -> None:
    recorder = home.create()
    thread_id = recorder.meta.id
    assert (recorder.is_ephemeral, recorder.is_materialized) == (False, False)
    assert await home.store.locate(thread_id) is None
    await recorder.append(turn(thread_id, "t1", "one", command("c1")))
    assert recorder.is_materialized
    running = await home.turns(thread_id)
    assert (asked(running), [item.item.id for item in running[0].items][1]) == (["one"], "c1")
    await recorder.append(turn(thread_id, "t2", "two"))
    await recorder.aclose()
    with pytest.raises(RolloutWriteError):
        await recorder.append(turn(thread_id, "t3", "three"))
    assert asked(await home.turns(thread_id)) == ["one", "two"]
    assert recorder.history is not None
    assert await home.turns(thread_id) == everything(recorder.history).turns
    assert (await home.stored(thread_id.upper())).thread_id == thread_id


async def test_a_stored_thread_goes_on_where_it_ended(home: Home) -> None:
    recorder = home.create()
    thread_id = recorder.meta.id
    await recorder.append(turn(thread_id, "t1", "one"))
    await recorder.append(turn(thread_id, "t2", "cut short")[:3])
    await recorder.aclose()

    again = await home.store.open(await home.stored(thread_id))
    assert again.meta == recorder.meta
    await again.append(turn(thread_id, "t3", "three"))
    found = await home.turns(thread_id)
    assert [(turn.id, turn.status) for turn in found] == [
        ("t1", "completed"),
        ("t2", "interrupted"),
        ("t3", "completed"),
    ]
    said = [item["content"][0]["text"] for item in (await again.model_past()).items]
    assert said == ["one", "done", "cut short", "three", "done"]
    await again.aclose()
    assert await home.ids() == [thread_id]


async def test_a_stored_thread_is_read_page_by_page(home: Home) -> None:
    recorder = home.create()
    thread_id = recorder.meta.id
    for number in range(5):
        await recorder.append(turn(thread_id, f"t{number}", f"question {number}"))
    await recorder.aclose()
    history = await home.store.history(await home.stored(thread_id))
    page = {"thread_id": thread_id, "limit": 2}
    last = await page_turns(history, cursor=None, view="full", **page)
    before = await page_turns(history, cursor=last.next_cursor, view="full", **page)
    assert asked([*last.turns, *before.turns]) == [f"question {number}" for number in (4, 3, 2, 1)]
    items = await page_items(history, cursor=None, descending=True, **page)
    assert [row.turn_id for row in items.items] == ["t4", "t4"]


async def test_a_fork_has_the_turns_up_to_where_it_was_made_and_its_own(home: Home) -> None:
    source = home.create()
    for text in ("one", "two", "three"):
        await source.append(turn(source.meta.id, text, text))
    assert source.history is not None
    inherited = source.history

    async def fork(end: ForkPoint, **meta: Any) -> ThreadRecorder:
        made = msgspec.structs.replace(source.meta, id=uuid7(), forked_from_id=source.meta.id, **meta)
        return await home.store.fork(inherited, end, made)

    whole = await fork(forks.whole(inherited))
    some = await fork(forks.after(inherited, "two"))
    none = await fork(forks.before(inherited, "one"))
    partial = await home.store.history_until(inherited, forks.after(inherited, "one"))
    await source.append(turn(source.meta.id, "t4", "only in the source"))
    await whole.append(turn(whole.meta.id, "t5", "only in the fork"))
    assert asked(await home.turns(whole.meta.id)) == ["one", "two", "three", "only in the fork"]
    assert asked(await home.turns(some.meta.id)) == ["one", "two"]
    assert asked(everything(partial).turns) == ["one"]
    # A fork is there at once, and is listed by what was asked first, once something was.
    assert [row.preview for row in (await home.page()).threads] == ["one"] * 3
    assert await home.turns(none.meta.id) == []
    assert [item["content"][0]["text"] for item in (await some.model_past()).items] == ["one", "done", "two", "done"]

    with pytest.raises(ThreadStoreError, match="forked history still references it") as caught:
        await home.store.delete(source.meta.id)
    assert caught.value.kind == "conflict"
    await home.store.archive(source.meta.id)
    assert asked(await home.turns(whole.meta.id)) == ["one", "two", "three", "only in the fork"]


async def test_a_thread_can_lose_its_latest_turns_and_go_on(home: Home) -> None:
    recorder = home.create()
    thread_id = recorder.meta.id
    for text in ("one", "two", "three"):
        await recorder.append(turn(thread_id, text, text))
    with pytest.raises(forks.TurnNotFound):
        await home.store.cut(recorder, before_turn_id="four")
    shorter = await home.store.cut(recorder, before_turn_id="two")
    await recorder.aclose()
    await shorter.append(turn(thread_id, "t", "instead"))
    await shorter.aclose()
    assert asked(await home.turns(thread_id)) == ["one", "instead"]
    [row] = (await home.page()).threads
    assert (row.thread_id, row.preview) == (thread_id, "one")
    again = await home.store.open(await home.stored(thread_id))
    assert again.facts.preview == "one"
    await again.aclose()
    assert [*await home.store.delete(thread_id)] == [thread_id]


async def test_a_loaded_thread_tells_of_itself(home: Home) -> None:
    thread_id = await home.add("hello")
    told = await home.store.read(thread_id)
    assert told is not None
    home.store.attach(thread_id, lambda: told)
    assert (await home.page()).threads[0].model is None
    told = msgspec.structs.replace(told, model="another-model", git=GitInfo(branch="topic"))
    home.store.changed(thread_id)
    [row] = (await home.page()).threads
    assert (row.model, row.git, row.preview) == ("another-model", GitInfo(branch="topic"), "hello")
    home.store.detach(thread_id)
    home.store.changed(thread_id)


async def test_one_process_may_say_more_than_once_that_it_writes_to_a_thread(home: Home) -> None:
    thread_id = await home.add("hello")
    async with home.store.writing(thread_id), home.store.writing(thread_id.upper()):
        assert await home.ids() == [thread_id]


# --- lists -----------------------------------------------------------------------------------------------------------


async def test_the_newest_threads_come_first_page_by_page(home: Home) -> None:
    made = [await home.add(f"thread {number}", at=number * 700) for number in range(5)]
    newest_first = made[::-1]
    assert await home.walk(limit=2) == [newest_first[:2], newest_first[2:4], newest_first[4:]]
    assert await home.walk(limit=2, descending=False) == [made[:2], made[2:4], made[4:]]
    assert await home.walk(limit=0) == [[one] for one in newest_first]
    assert (await home.page()).next_cursor is None


async def test_threads_of_the_same_moment_are_neither_lost_nor_shown_twice(home: Home) -> None:
    made = sorted([await home.add("same", at=7) for _ in range(5)])
    assert await home.walk(limit=2) == [made[:2:-1], made[2:0:-1], made[:1]]


async def test_a_page_can_be_walked_back_to_newer_threads(home: Home) -> None:
    made = [await home.add("x", at=number * 10) for number in range(4)]
    first = await home.page(limit=2)
    assert first.next_cursor is not None
    second = await home.page(limit=2, cursor=first.next_cursor)
    # The way back includes the row that it starts from.
    assert await home.ids(cursor=second.backwards_cursor, descending=False) == made[1:]
    made.append(await home.add("new", at=50))
    assert await home.ids(cursor=first.backwards_cursor, descending=False) == made[3:]
    assert (await home.page(search_term="nothing")).backwards_cursor is None


async def test_threads_can_be_ordered_by_when_they_were_last_used(home: Home) -> None:
    first = await home.add("first", at=0, updated=9000)
    second = await home.add("second", at=1000)
    assert await home.ids() == [second, first]
    assert await home.walk(sort_key="updated_at", limit=1) == [[first], [second]]
    await home.at_time(second, NOW_MS + 20_000)
    assert await home.ids(sort_key="recency_at") == [second, first]


async def test_cursors_of_older_servers_and_bad_ones(home: Home) -> None:
    made = [await home.add("x", at=number * 1000) for number in range(3)]
    assert await home.ids(cursor=format_timestamp(NOW_MS + 1000)) == made[:1]
    assert await home.ids(cursor="2026-11-22T12:20:01Z") == made[:1]
    for cursor in ("", "zzz", "2026-11-22T12:20:01", "2026-11-22T12:20:01Z|zz", "2026-11-22T12:20:01Z|"):
        with pytest.raises(InvalidCursor) as caught:
            await home.page(cursor=cursor)
        assert str(caught.value) == f"invalid cursor: {cursor}"


async def test_only_what_was_asked_for_is_listed(home: Home) -> None:
    plain = await home.add("find the Bug")
    other = await home.add("else", at=1, model_provider="other", cwd="/elsewhere")
    script = await home.add("script", at=2, source="exec")
    review = await home.add("review", at=3, source={"subagent": "review"}, parent_thread_id=plain)
    spawned = {"thread_spawn": {"parent_thread_id": review, "depth": 1}}
    child = await home.add("child", at=4, source={"subagent": spawned})
    await home.add(None, at=5)
    await home.store.set_name(other, "The Bug hunt")

    assert await home.ids() == [other, plain]
    assert await home.ids(model_providers=frozenset({"scripted"})) == [plain]
    assert await home.ids(cwds=frozenset({"/elsewhere", "/nowhere"})) == [other]
    assert await home.ids(search_term="Bug") == [other, plain]
    assert await home.ids(search_term="bug") == []
    assert await home.ids(excluded_thread_ids=frozenset({other})) == [plain]
    assert await home.ids(included_thread_ids=frozenset({other, script})) == [other]
    assert await home.ids(included_thread_ids=frozenset({other, plain}), excluded_thread_ids=frozenset({other})) == [
        plain
    ]
    assert await home.ids(included_thread_ids=frozenset()) == []
    assert await home.ids(source_kinds=frozenset({"exec"})) == [script]
    assert await home.ids(source_kinds=frozenset({"subAgent"})) == [child, review]
    assert await home.ids(source_kinds=frozenset({"subAgentReview", "unknown"})) == [review]
    assert await home.ids(parent_thread_id=review) == [child]
    assert await home.ids(ancestor_thread_id=plain) == [child, review]
    assert await home.ids(archived=True) == []
    await home.store.archive(plain)
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
    await home.add("seed")  # The folder exists before the thread does.
    await recorder.append([TurnContext(cwd="/work", model="first-model")])
    assert await home.store.read(thread_id) is not None
    assert thread_id not in await home.ids()

    filler = TurnContext(cwd="/" + "x" * 70_000, model="later-model", effort="high")
    await recorder.append([filler, *([filler] * 8)])
    await recorder.update_meta(SessionMeta(id=thread_id, timestamp=meta.timestamp, git=GitInfo(branch="topic")))
    await home.store.set_name(thread_id, "A name")
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


async def test_no_thread_is_in_a_section_or_attached_to_another(home: Home) -> None:
    made = await home.add("x")
    assert await home.ids(section_id="s") == []
    assert await home.ids(attached_to_thread_id=made) == []
    with pytest.raises(InvalidCursor):
        await home.page(section_id="s", cursor="zzz")


async def test_a_folder_is_the_same_by_any_path_to_it(home: Home) -> None:
    folder = home.path / "folder"
    folder.mkdir()
    (home.path / "link").symlink_to(folder)
    made = await home.add("x", cwd=str(folder))
    through_link = await home.add("y", at=10, cwd=f"{home.path}/link")
    for path in (str(folder), f"{home.path}/link", f"{folder}/../folder/"):
        assert await home.ids(cwds=frozenset([path])) == [through_link, made]
    assert await home.ids(cwds=frozenset([str(home.path)])) == []
    assert await home.ids(cwds=frozenset()) == []


def spawned_by(parent: str) -> dict[str, Any]:
    return {"subagent": {"thread_spawn": {"parent_thread_id": parent, "depth": 1}}}


async def test_what_a_threads_agents_spawned_goes_with_it_into_the_archive_and_back(home: Home) -> None:
    parent = await home.add("parent")
    child = await home.add("child", at=1, source=spawned_by(parent))
    grandchild = await home.add("grandchild", at=2, source=spawned_by(child))
    fork = await home.add("fork", at=3, forked_from_id=parent)
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
    parent, other = await home.add("parent"), await home.add("other", at=1)
    child = await home.add("child", at=2, source=spawned_by(parent))
    await home.store.set_name(parent, "Secret plan")
    await home.store.set_name(other, "Kept")
    assert [*await home.store.delete(parent)] == [parent, child]
    assert await home.ids(source_kinds=frozenset({"vscode", "subAgent"})) == [other]
    assert [*await home.graph.descendants(parent)] == []
    assert await home.store.name(parent) is None
    assert await home.store.read(parent) is None
    assert await home.store.name(other) == "Kept"
    with pytest.raises(ThreadStoreError, match="no rollout found"):
        await home.store.delete(parent)


async def test_metadata_of_a_thread_that_is_not_loaded_can_be_changed(home: Home) -> None:
    made = await home.add("x", git={"branch": "main", "commit_hash": "abc"})
    changed = await home.store.update_metadata(made, MetadataPatch(branch="topic", commit_hash=None))
    assert changed.git == GitInfo(branch="topic")
    assert (await home.page()).threads[0].git == GitInfo(branch="topic")
    with pytest.raises(ThreadStoreError, match="no rollout found"):
        await home.store.update_metadata(uuid7(), MetadataPatch(branch="x"))


async def test_an_archived_thread_can_still_be_read_and_named(home: Home) -> None:
    thread_id = await home.add("hello")
    await home.store.archive(thread_id)
    assert (await home.stored(thread_id)).is_archived
    assert await home.store.locate(thread_id, archived=False) is None
    assert await home.store.locate(thread_id, archived=True) == await home.stored(thread_id)
    await home.store.set_name(thread_id, "A name")
    row = await home.store.read(thread_id.upper())
    assert row is not None
    assert (row.is_archived, row.name, row.preview) == (True, "A name", "hello")
    assert asked(await home.turns(thread_id)) == ["hello"]


async def test_pages_by_last_use_can_be_walked_both_ways(home: Home) -> None:
    made = [await home.add("x", at=-number, updated=number * 1000) for number in range(5)]
    pages = await home.walk(sort_key="updated_at", limit=2)
    assert pages == [[made[4], made[3]], [made[2], made[1]], [made[0]]]
    assert await home.walk(sort_key="updated_at", limit=2, descending=False) == [made[:2], made[2:4], made[4:]]
    first = await home.page(sort_key="updated_at", limit=2)
    second = await home.page(sort_key="updated_at", limit=2, cursor=first.next_cursor)
    back = await home.ids(sort_key="updated_at", cursor=second.backwards_cursor, descending=False)
    assert back == made[2:]


# --- search ----------------------------------------------------------------------------------------------------------


def said(text: str) -> ItemCompletedLine:
    return completed("x", "t", agent_message(text))


async def test_words_of_users_models_and_commands_are_found_in_any_case(home: Home) -> None:
    talk = await home.add("Where is the Needle?", said("In the haystack."))
    run = completed("x", "t", command("c", output="src/barn.py: hay\n" + "x" * 5000 + " the end"))
    work = await home.add("look for the needle", run, at=1)
    for term, found in {
        "needle": [work, talk],
        "HAYSTACK": [talk],
        "barn.py": [work],
        "echo hi": [work],
        "bash": [],
        "the end": [],
        "needle? in": [],
        "nowhere": [],
    }.items():
        assert (term, await home.found(term)) == (term, found)


async def test_a_term_is_found_as_it_stands_wherever_words_begin(home: Home) -> None:
    made = await home.add('Is 100% of foo_bar* "quoted"\n  in the (text)? Ünïcode ÜBER 日本語 go')
    for term in ("100%", "foo_bar*", 'quoted" in', "the (text)?", "oo_ba", "über", "本語", "日", "go", "o", "  go "):
        assert (term, await home.found(term)) == (term, [made])
    for term in ("bar foo", "foo*", "foo-bar", "gone", "zz", "z"):
        assert (term, await home.found(term)) == (term, [])


async def test_a_snippet_shows_what_is_around_the_first_match(home: Home) -> None:
    await home.add("before " * 40 + "the Needle " + "after " * 40, said("another needle"))
    await home.add("short:\n\n  this is   it", at=1)
    [hit] = (await home.search("needle")).hits
    assert hit.snippet == "... " + ("before " * 40)[-45:] + "the Needle " + ("after " * 16).rstrip()[:95] + " ..."
    assert [hit.snippet for hit in (await home.search("this is it")).hits] == ["short: this is it"]


async def test_hits_come_page_by_page_in_either_order_and_only_of_the_kinds_asked_for(home: Home) -> None:
    made = [await home.add(f"needle {number}", at=number * 1000) for number in range(5)]
    await home.add("hay", at=10)
    script = await home.add("needle", at=9000, source="exec")
    first = await home.search("needle", limit=2)
    second = await home.search("needle", limit=2, cursor=first.next_cursor)
    last = await home.search("needle", limit=2, cursor=second.next_cursor)
    found = [[hit.thread.thread_id for hit in page.hits] for page in (first, second, last)]
    assert (found, last.next_cursor) == ([[made[4], made[3]], [made[2], made[1]], [made[0]]], None)
    assert await home.found("needle", cursor=second.backwards_cursor, descending=False) == made[2:]
    assert await home.found("needle", source_kinds=frozenset({"exec"})) == [script]
    with pytest.raises(InvalidCursor):
        await home.search("needle", cursor="zzz")


async def test_what_is_said_later_is_found_and_what_is_put_away_only_there(home: Home) -> None:
    away, gone, kept = [await home.add("a needle", at=number) for number in range(3)]
    assert await home.found("pin") == []
    recorder = await home.store.open(await home.stored(kept))
    await recorder.append([said("a pin as well")])
    await recorder.aclose()
    assert await home.found("pin") == [kept]
    await home.store.archive(away)
    await home.store.delete(gone)
    assert await home.found("needle") == [kept]
    assert await home.found("needle", archived=True) == [away]


async def glanced(home: Home, term: str, *, known: Collection[str] = (), **query: Any) -> dict[str, str]:
    """Return the threads that a look for the first ones gives, and the words around the match."""
    with trio.fail_after(10):
        hits = await home.store.glance(SearchQuery(term=term, **query), known=known)
    assert len({hit.thread.thread_id for hit in hits}) == len(hits)
    return {hit.thread.thread_id: hit.snippet for hit in hits}


async def test_a_few_threads_are_found_without_waiting_for_the_page(home: Home) -> None:
    made = [await home.add(f"needle number {number}", at=number) for number in range(12)]
    other = await home.add("hay")
    script = await home.add("a needle", source="exec")
    await home.found("needle")
    for term in ("Needle", "n", "ne"):
        some = await glanced(home, term)
        assert len(some) == 8
        rest = await glanced(home, term, known=[*some])
        assert some.keys() | rest.keys() == {*made}
        assert all("needle number" in snippet for snippet in [*some.values(), *rest.values()])
    # What nobody has searched yet may not be indexed.
    assert await home.found("needle", source_kinds=frozenset({"exec"})) == [script]
    assert await glanced(home, "a needle", source_kinds=frozenset({"exec"})) == {script: "a needle"}
    assert await glanced(home, "hay", known=[other]) == {}
    assert await glanced(home, "nowhere") == {}
    await home.store.archive(other)
    assert await glanced(home, "hay") == {}
    assert await glanced(home, "hay", archived=True) == {other: "hay"}


async def test_a_long_term_is_found_where_all_of_it_is(home: Home) -> None:
    begin = "the same words at first " * 20
    made, other = await home.add(f"{begin} and a needle at the end"), await home.add(f"{begin} and hay", at=1)
    assert await home.found(f"{begin} and a needle") == [made]
    assert await home.found(f"{begin} AND hay") == [other]
    assert await home.found(begin) == [other, made]
    assert await home.found(f"{begin} and nothing") == []
    assert [*await glanced(home, f"{begin} and a needle")] == [made]
    assert [*await glanced(home, f"{begin} and nothing")] == []
