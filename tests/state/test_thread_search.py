"""Searching what was said and run in threads."""

import json
from pathlib import Path
from typing import Any

import pytest
import trio

from codex_trio.state.db.connection import StateDb
from codex_trio.state.db.initializer import open_state_db, state_db_path
from codex_trio.state.ids import uuid7
from codex_trio.state.index.index import RolloutIndex
from codex_trio.state.index.search import ThreadTextIndex
from codex_trio.state.names import ThreadNames
from codex_trio.state.rollout.lines import format_timestamp
from codex_trio.state.rollout.paths import RolloutPaths
from codex_trio.state.store.graph import LocalAgentGraph
from codex_trio.state.store.interface import InvalidCursor, SearchPage, SearchQuery, ThreadPage
from codex_trio.state.store.local import LocalThreadStore
from codex_trio.state.store.writers import ThreadWriters

NOW_MS = 1_795_350_000_500


def user(text: str) -> dict[str, Any]:
    return {"type": "UserMessage", "id": uuid7(), "content": [{"type": "text", "text": text}]}


def agent(text: str) -> dict[str, Any]:
    return {"type": "AgentMessage", "id": uuid7(), "content": [{"type": "Text", "text": text}]}


def command(script: str, output: str) -> dict[str, Any]:
    return {
        "type": "CommandExecution",
        "id": uuid7(),
        "command": ["/bin/bash", "-lc", script],
        "cwd": "file:///work",
        "parsed_cmd": [],
        "source": "agent",
        "status": "completed",
        "aggregated_output": output,
    }


def append(path: Path, text: str) -> None:
    with path.open("a") as file:
        file.write(text)


def replace(path: Path, old: str, new: str) -> None:
    """Puts another file in the place of one."""
    aside = path.with_suffix(".new")
    aside.write_text(path.read_text().replace(old, new))
    aside.replace(path)


class Home:
    """A CODEX_HOME with threads, and searches in them."""

    def __init__(self, path: Path, database: StateDb) -> None:
        self.path = path
        self.database = database
        self.paths = RolloutPaths(path)
        names = ThreadNames(path)
        index = RolloutIndex(database, codex_home=path, paths=self.paths, names=names)
        self.text = ThreadTextIndex(index, database)
        graph = LocalAgentGraph(database)
        self.store = LocalThreadStore(
            index, self.text, database, paths=self.paths, names=names, graph=graph, writers=ThreadWriters(path)
        )
        self.files: dict[str, Path] = {}

    def add(self, *items: dict[str, Any], at: int = 0, **changes: Any) -> str:
        """A thread created `at` milliseconds, in which these items came; its id."""
        thread_id = uuid7()
        meta = {
            "id": thread_id,
            "timestamp": format_timestamp(NOW_MS + at),
            "cwd": "/work",
            "source": "vscode",
            **changes,
        }
        path = self.paths.new_path(thread_id, created_ms=NOW_MS + at)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps({"timestamp": "t", "ordinal": 0, "type": "session_meta", "payload": meta}) + "\n")
        self.files[thread_id] = path
        self.say(thread_id, *items)
        return thread_id

    def say(self, thread_id: str, *items: dict[str, Any], end: str = "\n") -> None:
        with self.files[thread_id].open("a") as file:
            for item in items:
                event = {"type": "item_completed", "thread_id": thread_id, "turn_id": "t", "item": item}
                file.write(json.dumps({"timestamp": "t", "ordinal": 1, "type": "event_msg", "payload": event}) + end)

    async def search(self, term: str, **query: Any) -> SearchPage:
        with trio.fail_after(20):
            return await self.store.search(SearchQuery(term=term, **query))

    async def found(self, term: str, **query: Any) -> list[str]:
        return [hit.thread.thread_id for hit in (await self.search(term, **query)).hits]

    async def snippet(self, term: str) -> str:
        [hit] = (await self.search(term)).hits
        return hit.snippet


@pytest.fixture
async def home(tmp_path: Path):
    database = await open_state_db(state_db_path(tmp_path))
    yield Home(tmp_path, database)
    await database.aclose()


async def test_words_of_users_models_and_commands_are_found_in_any_case(home: Home) -> None:
    said = home.add(user("Where is the Needle?"), agent("In the haystack."))
    run = home.add(user("look"), command("grep -rn needle src", "src/barn.py: hay\n"), at=1)
    assert await home.found("needle") == [run, said]
    assert await home.found("HAYSTACK") == [said]
    assert await home.found("barn.py") == [run]
    assert await home.found("bash") == []
    assert await home.found("nowhere") == []


async def test_a_term_is_found_as_it_stands_wherever_words_begin(home: Home) -> None:
    made = home.add(user('Is 100% of foo_bar* "quoted"\n  in the (text)? Ünïcode ÜBER 日本語 go'))
    for term in (
        "100%",
        "foo_bar*",
        '"quoted"',
        'quoted" in',
        "the (text)?",
        "oo_ba",
        "über",
        "本語",
        "日",
        "go",
        "o",
        "  go ",
    ):
        assert (term, await home.found(term)) == (term, [made])
    for term in ("bar foo", "foo*", "foo-bar", "gone", "zz", "z"):
        assert (term, await home.found(term)) == (term, [])


async def test_a_term_is_not_found_across_two_messages(home: Home) -> None:
    home.add(user("the end"), agent("of the line"))
    assert await home.found("end of") == []
    assert await home.found("endof") == []


async def test_of_outputs_only_the_head_is_searched(home: Home) -> None:
    made = home.add(user("run"), command("make", "first words " + "x" * 5000 + " last words"))
    assert await home.found("first words") == [made]
    assert await home.found("last words") == []


async def test_a_snippet_shows_what_is_around_the_first_match(home: Home) -> None:
    home.add(user("before " * 40 + "the Needle " + "after " * 40), agent("another needle"))
    assert (
        await home.snippet("needle")
        == "... " + ("before " * 40)[-45:] + "the Needle " + ("after " * 16).rstrip()[:95] + " ..."
    )
    short = home.add(user("short:\n\n  this is   it"))
    assert [hit.snippet for hit in (await home.search("this is it")).hits] == ["short: this is it"]
    assert await home.found("this is it") == [short]


async def test_what_is_said_later_is_found_as_well_and_half_a_line_when_it_is_whole(home: Home) -> None:
    made = home.add(user("hello"))
    assert await home.found("later") == []
    home.say(made, agent("said later"))
    assert await home.found("later") == [made]
    home.say(made, agent("torn away"), end="")
    assert await home.found("torn away") == []
    append(home.files[made], "\n")
    assert await home.found("torn away") == [made]


async def test_a_file_that_was_replaced_is_read_anew(home: Home) -> None:
    made = home.add(user("old words"))
    assert await home.found("old words") == [made]
    replace(home.files[made], "old words", "new words and more")
    assert await home.found("old words") == []
    assert await home.found("new words") == [made]


async def test_long_threads_are_searched_to_their_end(home: Home) -> None:
    made = home.add(user("start"))
    home.say(made, *(agent(f"message {number:04} " + "words " * 60) for number in range(600)))
    home.say(made, command("cat big", "x" * 400_000), agent("the very end"))
    for term in ("message 0000 words", "message 0299", "message 0599", "the very end"):
        assert (term, await home.found(term)) == (term, [made])
        assert term in await home.snippet(term)


async def test_hits_come_page_by_page_in_either_order_and_only_of_the_kinds_asked_for(home: Home) -> None:
    made = [home.add(user(f"needle {number}"), at=number * 1000) for number in range(5)]
    home.add(user("hay"), at=10)
    script = home.add(user("needle"), at=9000, source="exec")
    pages: list[list[str]] = []
    cursor = None
    while cursor is not None or not pages:
        page = await home.search("needle", limit=2, cursor=cursor)
        pages.append([hit.thread.thread_id for hit in page.hits])
        cursor = page.next_cursor
    assert pages == [[made[4], made[3]], [made[2], made[1]], [made[0]]]
    assert await home.found("needle", descending=False) == made
    assert await home.found("needle", source_kinds=frozenset({"exec"})) == [script]
    with pytest.raises(InvalidCursor):
        await home.search("needle", cursor="zzz")


async def test_archived_and_deleted_threads_are_where_they_belong(home: Home) -> None:
    away, gone, kept = [home.add(user("a needle"), at=number) for number in range(3)]
    assert await home.found("needle") == [kept, gone, away]
    await home.store.archive(away)
    await home.store.delete(gone)
    assert await home.found("needle") == [kept]
    assert await home.found("needle", archived=True) == [away]
    spans = await home.database.read(lambda tx: tx.row("SELECT count(*) FROM text_spans"))
    assert spans == (2,)


async def test_messages_of_older_releases_are_found(home: Home) -> None:
    made = home.add(user("x"))
    for kind, text in (("user_message", "older question"), ("agent_message", "older answer")):
        line = {"timestamp": "t", "type": "event_msg", "payload": {"type": kind, "message": text}}
        append(home.files[made], json.dumps(line) + "\n")
    assert await home.found("older question") == [made]
    assert await home.found("older answer") == [made]


async def test_what_another_server_indexes_during_a_search_is_found(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = home.add(user("the quokka"))
    other = Home(home.path, home.database)
    page = RolloutIndex.page

    async def page_while_the_other_is_busy(self: RolloutIndex, *args: Any, **kwargs: Any) -> ThreadPage:
        found = await page(self, *args, **kwargs)
        while await other.text.catch_up():
            pass
        return found

    monkeypatch.setattr(RolloutIndex, "page", page_while_the_other_is_busy)
    assert await home.found("quokka") == [made]


async def test_the_background_indexes_everything_and_is_then_done(home: Home) -> None:
    made = [home.add(user(f"word{number}")) for number in range(100)]
    assert await home.found("nothing like it", limit=1) == []
    made.append(home.add(user("word100"), at=5))
    assert await home.found("word100", limit=1) == made[-1:]
    for _ in range(100):
        if not await home.text.catch_up():
            break
    behind = await home.database.read(lambda tx: tx.row("SELECT count(*) FROM rollouts WHERE text_size <> size"))
    assert behind == (0,)
