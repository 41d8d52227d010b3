"""Pages of a thread's turns and items."""

import os
from pathlib import Path
from typing import Any

import pytest

from codex_trio.domain import items
from codex_trio.state.history.rollout_history import RolloutHistory
from codex_trio.state.history.stored_index import HistoryReader
from codex_trio.state.rollout.events import ItemCompletedLine, TaskComplete, TaskStarted
from codex_trio.state.rollout.file_lines import FileLines, locator_of
from codex_trio.state.rollout.lines import Payload, SessionMeta, StoredLine, encode_line
from codex_trio.state.rollout.paths import RolloutPaths
from codex_trio.state.store.histories import StoredHistories
from codex_trio.state.store.interface import InvalidCursor
from codex_trio.threads.history_pages import (
    ItemAnchor,
    TurnPage,
    latest_item_cursor,
    latest_turn_cursor,
    page_items,
    page_turns,
)

SAMPLES = Path(__file__).parent.parent / "data" / "rollouts"


def item(turn_id: str, made: items.TurnItem) -> ItemCompletedLine:
    return ItemCompletedLine(thread_id="x", turn_id=turn_id, item=made)


def lines_of_turn(number: int) -> list[Payload]:
    turn_id = f"t{number}"
    text = [items.AgentText(text="answer")]
    return [
        TaskStarted(turn_id=turn_id),
        item(turn_id, items.UserMessage(id=f"u{number}", content=[])),
        item(turn_id, items.AgentMessage(id=f"n{number}", content=text)),
        item(turn_id, items.Plan(id=f"p{number}", text="plan")),
        item(turn_id, items.AgentMessage(id=f"a{number}", content=text)),
        TaskComplete(turn_id=turn_id, last_agent_message="answer"),
    ]


class Histories:
    """Histories of files in a folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._made = 0

    def __call__(self, turns: int, *more: Payload) -> RolloutHistory:
        """Return that of so many turns, and more lines."""
        meta = SessionMeta(id="01a204c5-d161-79fc-8181-56ca2af0a7a1", history_mode="paginated")
        payloads = [meta, *(line for number in range(turns) for line in lines_of_turn(number)), *more]
        self._made += 1
        path = self._folder / f"{self._made}.jsonl"
        path.write_bytes(b"".join(encode_line(StoredLine(made, "t", place)) for place, made in enumerate(payloads)))
        return RolloutHistory.load(FileLines(path))


@pytest.fixture
def history_of(tmp_path: Path) -> Histories:
    return Histories(tmp_path)


async def turns_page(history: RolloutHistory, **page: Any) -> TurnPage:
    return await page_turns(history, **{"thread_id": "x", "cursor": None, "limit": None, "view": "full", **page})


async def walk_turns(history: RolloutHistory, **page: Any) -> list[list[str]]:
    pages: list[list[str]] = []
    cursor = None
    while True:
        found = await turns_page(history, cursor=cursor, **page)
        pages.append([turn.id for turn in found.turns])
        cursor = found.next_cursor
        if cursor is None:
            return pages


async def walk_items(history: RolloutHistory, **page: Any) -> list[list[str]]:
    pages: list[list[str]] = []
    cursor = None
    while True:
        found = await page_items(history, thread_id="x", cursor=cursor, **page)
        pages.append([row.item.item.id for row in found.items])
        cursor = found.next_cursor
        if cursor is None:
            return pages


async def test_the_latest_turns_come_first_page_by_page(history_of: Histories) -> None:
    history = history_of(5)
    assert await walk_turns(history, limit=2) == [["t4", "t3"], ["t2", "t1"], ["t0"]]
    assert await walk_turns(history, limit=3, descending=False) == [["t0", "t1", "t2"], ["t3", "t4"]]
    assert (await walk_turns(history, limit=0))[0] == ["t4"]
    assert await walk_turns(history_of(0), limit=None) == [[]]


async def test_pages_have_a_usual_and_a_largest_size(history_of: Histories) -> None:
    history = history_of(130)
    assert [len(page) for page in await walk_turns(history, limit=None)] == [25] * 5 + [5]
    assert [len(page) for page in await walk_turns(history, limit=10_000)] == [100, 30]
    assert len((await walk_items(history, limit=None))[0]) == 25


async def test_the_first_row_of_a_page_can_be_gone_back_to(history_of: Histories) -> None:
    history = history_of(4)
    first = await turns_page(history, cursor=None, limit=2)
    second = await turns_page(history, cursor=first.next_cursor, limit=2)
    back = await turns_page(history, cursor=second.backwards_cursor, limit=9, descending=False)
    # It comes again, with whatever has happened to it since, and then what is newer.
    assert [turn.id for turn in back.turns] == ["t1", "t2", "t3"]


async def test_a_cursor_stays_good_while_the_thread_grows(history_of: Histories) -> None:
    first = await turns_page(history_of(3), cursor=None, limit=1)
    later = await turns_page(history_of(6), cursor=first.next_cursor, limit=9)
    assert [turn.id for turn in later.turns] == ["t1", "t0"]
    newer = await turns_page(history_of(6), cursor=first.backwards_cursor, limit=9, descending=False)
    assert [turn.id for turn in newer.turns] == ["t2", "t3", "t4", "t5"]


async def test_items_are_paged_over_the_whole_thread_in_the_order_they_came(history_of: Histories) -> None:
    late = item("t0", items.ContextCompaction(id="late"))
    history = history_of(2, late)
    assert await walk_items(history, limit=4) == [["u0", "n0", "p0", "a0"], ["u1", "n1", "p1", "a1"], ["late"]]
    assert (await walk_items(history, limit=3, descending=True))[0] == ["late", "a1", "p1"]
    assert await walk_items(history, limit=9, turn_id="t0") == [["u0", "n0", "p0", "a0", "late"]]
    assert await walk_items(history, limit=9, turn_id="nope") == [[]]


async def test_items_can_be_paged_from_one_that_is_known(history_of: Histories) -> None:
    history = history_of(2)
    anchor = ItemAnchor("t1", "n1")
    after = await page_items(history, thread_id="x", turn_id="t1", cursor=anchor, limit=9)
    before = await page_items(history, thread_id="x", turn_id="t1", cursor=anchor, limit=9, descending=True)
    assert [row.item.item.id for row in after.items] == ["p1", "a1"]
    assert [row.item.item.id for row in before.items] == ["u1"]
    with pytest.raises(InvalidCursor):
        await page_items(history, thread_id="x", turn_id="t1", cursor=ItemAnchor("t1", "u0"), limit=9)


async def test_a_cursor_of_another_thread_or_list_is_refused(history_of: Histories) -> None:
    history = history_of(3)
    turns = (await turns_page(history, limit=1)).next_cursor
    assert turns is not None
    with pytest.raises(InvalidCursor):
        await turns_page(history, thread_id="y", cursor=turns, limit=1)
    with pytest.raises(InvalidCursor):
        await page_items(history, thread_id="x", cursor=turns, limit=1)
    for bad in ("", "zz", "{}", '{"requestedThreadId":"x"}'):
        with pytest.raises(InvalidCursor) as caught:
            await turns_page(history, cursor=bad, limit=1)
        assert str(caught.value) == f"invalid cursor: {bad}"


async def test_a_summary_is_the_first_question_and_the_last_answer(history_of: Histories) -> None:
    history = history_of(1)
    [turn] = (await turns_page(history, view="summary")).turns
    assert [stored.item.id for stored in turn.items] == ["u0", "a0"]
    [turn] = (await turns_page(history, view="notLoaded")).turns
    assert turn.items == []


async def test_a_stored_thread_is_read_again_only_when_its_file_has_changed(tmp_path: Path) -> None:
    [sample] = (SAMPLES / "0.169.0-tools").glob("rollout-*.jsonl")
    path = tmp_path / sample.name
    path.write_bytes(sample.read_bytes())
    histories = StoredHistories(HistoryReader(locator_of(RolloutPaths(tmp_path).locate_base)))
    first = await histories.read(FileLines(path))
    assert await histories.read(FileLines(path)) is first
    assert len(first.index.turns) == 8
    # The same thread, cut back.
    path.write_bytes(b"".join(sample.read_bytes().splitlines(keepends=True)[:60]))
    os.utime(path, ns=(1, 1))
    second = await histories.read(FileLines(path))
    assert len(second.index.turns) == 3


async def test_the_latest_turn_and_item_can_be_gone_back_from(history_of: Histories) -> None:
    history = history_of(2)
    turns = await turns_page(history, cursor=latest_turn_cursor(history, "x"), limit=None)
    assert [turn.id for turn in turns.turns] == ["t1", "t0"]
    cursor = latest_item_cursor(history, "x")
    back = await page_items(history, thread_id="x", cursor=cursor, limit=2, descending=True)
    assert [row.item.item.id for row in back.items] == ["a1", "p1"]
    forward = await page_items(history, thread_id="x", cursor=cursor, limit=None)
    assert [row.item.item.id for row in forward.items] == ["a1"]
    empty = history_of(0)
    assert (latest_turn_cursor(empty, "x"), latest_item_cursor(empty, "x")) == (None, None)
