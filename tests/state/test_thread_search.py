"""Searching what was said and run in threads whose files others write. What every search does: test_thread_store.py."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import trio
from store_lab import NOW_MS, FilesHome

from codex_trio.domain.ids import uuid7
from codex_trio.state.db.initializer import open_state_db, state_db_path
from codex_trio.state.db.state_db import READERS, StateDb
from codex_trio.state.local.index.index import Condition, RolloutIndex
from codex_trio.state.local.index.search import ThreadTextIndex
from codex_trio.state.local.names import ThreadNames
from codex_trio.state.rollout.lines import format_timestamp
from codex_trio.state.rollout.paths import RolloutPaths
from codex_trio.state.store.interface import SearchQuery, ThreadPage, ThreadQuery


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
    """Put another file in the place of one."""
    aside = path.with_suffix(".new")
    aside.write_text(path.read_text().replace(old, new))
    aside.replace(path)


class Home(FilesHome):
    """A CODEX_HOME whose files others write, and searches in them."""

    def __init__(self, path: Path, database: StateDb, *, index_of: Callable[..., RolloutIndex] = RolloutIndex) -> None:
        super().__init__(path, database, index_of=index_of)
        self.files: dict[str, Path] = {}

    def write(self, *items: dict[str, Any], at: int = 0, **changes: Any) -> str:
        """Return a thread created `at` milliseconds, in which these items came; its id."""
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

    async def snippet(self, term: str) -> str:
        [hit] = (await self.search(term)).hits
        return hit.snippet


@pytest.fixture
async def home(tmp_path: Path):
    database = await open_state_db(state_db_path(tmp_path))
    yield Home(tmp_path, database)
    await database.aclose()


async def test_a_term_is_not_found_across_two_messages(home: Home) -> None:
    home.write(user("the end"), agent("of the line"))
    assert await home.found("end of") == []
    assert await home.found("endof") == []


async def test_what_is_said_later_is_found_as_well_and_half_a_line_when_it_is_whole(home: Home) -> None:
    made = home.write(user("hello"))
    assert await home.found("later") == []
    home.say(made, agent("said later"))
    assert await home.found("later") == [made]
    home.say(made, agent("torn away"), end="")
    assert await home.found("torn away") == []
    append(home.files[made], "\n")
    assert await home.found("torn away") == [made]


async def test_a_file_that_was_replaced_is_read_anew(home: Home) -> None:
    made = home.write(user("old words"))
    assert await home.found("old words") == [made]
    replace(home.files[made], "old words", "new words and more")
    assert await home.found("old words") == []
    assert await home.found("new words") == [made]


async def test_long_threads_are_searched_to_their_end(home: Home) -> None:
    made = home.write(user("start"))
    home.say(made, *(agent(f"message {number:04} " + "words " * 60) for number in range(600)))
    home.say(made, command("cat big", "x" * 400_000), agent("the very end"))
    for term in ("message 0000 words", "message 0299", "message 0599", "the very end"):
        assert (term, await home.found(term)) == (term, [made])
        assert term in await home.snippet(term)


@pytest.mark.parametrize("characters", [1, 20_000, 10_000_000])
async def test_words_are_indexed_in_steps_of_any_size(home: Home, characters: int) -> None:
    made = [home.write(user(f"start {number}"), at=number) for number in range(3)]
    for thread_id in made:
        home.say(thread_id, *(agent(f"message {number:04} " + "words " * 60) for number in range(150)))
        home.say(thread_id, command("cat big", "x" * 400_000), agent("the very end"))
    names = ThreadNames(home.path)
    index = RolloutIndex(home.database, codex_home=home.path, paths=RolloutPaths(home.path), names=names)
    text = ThreadTextIndex(index, home.database)
    await index.read_all()
    steps = 0
    while await text.catch_up(characters):
        steps += 1
    assert (steps > 12) == (characters == 1)
    assert (steps == 1) == (characters > 1_000_000)
    for term in ("message 0000 words", "message 0149", "the very end"):
        assert sorted(await home.found(term)) == sorted(made)
    # What follows is merged little by little, however much came at once.
    assert await home.database.read(lambda tx: tx.row("SELECT v FROM text_index_config WHERE k = 'automerge'")) in (
        None,
        (4,),
    )
    home.say(made[0], agent("and one more thing"))
    assert await home.found("one more thing") == [made[0]]


async def test_archived_and_deleted_threads_are_where_they_belong(home: Home) -> None:
    away, gone, kept = [home.write(user("a needle"), at=number) for number in range(3)]
    assert await home.found("needle") == [kept, gone, away]
    await home.store.archive(away)
    await home.store.delete(gone)
    assert await home.found("needle") == [kept]
    assert await home.found("needle", archived=True) == [away]
    spans = await home.database.read(lambda tx: tx.row("SELECT count(*) FROM text_spans"))
    assert spans == (2,)


async def test_messages_of_older_releases_are_found(home: Home) -> None:
    made = home.write(user("x"))
    for kind, text in (("user_message", "older question"), ("agent_message", "older answer")):
        line = {"timestamp": "t", "type": "event_msg", "payload": {"type": kind, "message": text}}
        append(home.files[made], json.dumps(line) + "\n")
    assert await home.found("older question") == [made]
    assert await home.found("older answer") == [made]


async def test_what_another_server_indexes_during_a_search_is_found(
    home: Home,
) -> None:
    made = home.write(user("the quokka"))

    class Disturbed(RolloutIndex):
        """While it finds a page, the other server indexes all there is."""

        async def page(
            self, query: ThreadQuery, *, is_loaded: Callable[[str], bool], extra: Condition | None = None
        ) -> ThreadPage:
            found = await super().page(query, is_loaded=is_loaded, extra=extra)
            while await home.text.catch_up():
                pass
            return found

    assert await Home(home.path, home.database, index_of=Disturbed).found("quokka") == [made]


async def test_the_background_indexes_everything_and_is_then_done(home: Home) -> None:
    made = [home.write(user(f"word{number}")) for number in range(100)]
    assert await home.found("nothing like it", limit=1) == []
    made.append(home.write(user("word100"), at=5))
    assert await home.found("word100", limit=1) == made[-1:]
    for _ in range(100):
        if not await home.text.catch_up():
            break
    behind = await home.database.read(lambda tx: tx.row("SELECT count(*) FROM rollouts WHERE text_size <> size"))
    assert behind == (0,)


async def test_a_look_for_the_first_threads_shows_only_what_is_still_so(home: Home) -> None:
    changed, gone, kept = home.write(user("needle one")), home.write(user("needle two")), home.write(user("needle 3"))
    assert len(await home.found("needle")) == 3
    replace(home.files[changed], "needle one", "hay of old")
    home.files[gone].unlink()
    assert [hit.thread.thread_id for hit in await home.store.glance(SearchQuery(term="needle"))] == [kept]


async def test_a_search_that_is_given_up_lets_others_read_at_once(home: Home) -> None:
    home.write(user("needle"))
    assert len(await home.found("needle")) == 1
    endless = "WITH RECURSIVE n (x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT count(*) FROM n"
    for _ in range(3 * READERS):
        with trio.move_on_after(0.01) as given_up:
            await home.database.read(lambda transaction: transaction.row(endless))
        assert given_up.cancelled_caught
    with trio.fail_after(20):
        assert len(await home.found("needle")) == 1
