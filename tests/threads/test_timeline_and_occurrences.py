"""Pages along a thread's timeline and of places with some words, also where items came late or turns never ended."""

from pathlib import Path

import pytest

from codex_trio.domain import items
from codex_trio.state.history.rollout_history import RolloutHistory
from codex_trio.state.rollout.events import ItemCompletedLine, TaskComplete, TaskStarted
from codex_trio.state.rollout.file_lines import FileLines
from codex_trio.state.rollout.lines import Payload, SessionMeta, StoredLine, encode_line
from codex_trio.threads.occurrences import page_occurrences
from codex_trio.threads.timeline import END, ITEM, START, page_timeline


def said(turn_id: str, item_id: str, text: str) -> ItemCompletedLine:
    return ItemCompletedLine(
        thread_id="x", turn_id=turn_id, item=items.AgentMessage(id=item_id, content=[items.AgentText(text=text)])
    )


# Turn `a` says something more after `b` has begun; `c` never ends.
LINES: list[Payload] = [
    SessionMeta(id="01a204c5-d161-79fc-8181-56ca2af0a7a1", history_mode="paginated"),
    TaskStarted(turn_id="a"),
    said("a", "a1", "needle"),
    TaskComplete(turn_id="a", last_agent_message=None),
    TaskStarted(turn_id="b"),
    said("b", "b1", "Needle needle"),
    said("a", "a2", "a late needle"),
    said("b", "b2", "none"),
    TaskComplete(turn_id="b", last_agent_message=None),
    TaskStarted(turn_id="c"),
    said("c", "c1", "the last NEEDLE"),
]


@pytest.fixture
def history(tmp_path: Path) -> RolloutHistory:
    path = tmp_path / "rollout.jsonl"
    path.write_bytes(b"".join(encode_line(StoredLine(made, "t", place)) for place, made in enumerate(LINES)))
    history = RolloutHistory.load(FileLines(path))
    history.interrupted_before = history.facts.next_ordinal
    return history


@pytest.mark.parametrize("limit", [1, 2, 3, 5, 100])
async def test_timeline_pages_add_up_in_the_order_of_the_lines(history: RolloutHistory, limit: int) -> None:
    places: list[tuple[int, int, str]] = []
    cursor: str | None = None
    while True:
        page = await page_timeline(history, thread_id="x", cursor=cursor, limit=limit)
        assert len(page.entries) <= limit
        places[:0] = [
            (entry.position, entry.kind, entry.turn.id if entry.item is None else entry.item.item.id)
            for entry in page.entries
        ]
        cursor = page.next_cursor
        if cursor is None:
            break
    assert places == [
        (1, START, "a"),
        (2, ITEM, "a1"),
        (3, END, "a"),
        (4, START, "b"),
        (5, ITEM, "b1"),
        (6, ITEM, "a2"),
        (7, ITEM, "b2"),
        (8, END, "b"),
        (9, START, "c"),
        (10, ITEM, "c1"),
        (10, END, "c"),
    ]


async def test_a_turn_that_was_cut_short_ends_as_interrupted(history: RolloutHistory) -> None:
    page = await page_timeline(history, thread_id="x", cursor=None, limit=1)
    [entry] = page.entries
    assert (entry.kind, entry.turn.id, entry.turn.status) == (END, "c", "interrupted")


@pytest.mark.parametrize("limit", [1, 2, 3, 100])
async def test_pages_of_places_add_up_in_the_order_of_the_turns(history: RolloutHistory, limit: int) -> None:
    places: list[tuple[str, str]] = []
    cursor: str | None = None
    while True:
        page = await page_occurrences(history, thread_id="x", term="needle", cursor=cursor, limit=limit)
        assert len(page.occurrences) <= limit
        places += [(place.item_id, place.snippet[place.start : place.end]) for place in page.occurrences]
        cursor = page.next_cursor
        if cursor is None:
            break
    assert places == [
        ("a1", "needle"),
        ("a2", "needle"),
        ("b1", "Needle"),
        ("b1", "needle"),
        ("c1", "NEEDLE"),
    ]
