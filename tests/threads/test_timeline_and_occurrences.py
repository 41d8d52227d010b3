"""Pages along a thread's timeline and of places with some words, also where items came late or turns never ended."""

from pathlib import Path

import pytest

from codex_trio.domain import items
from codex_trio.domain.realtime import LINE_TYPE, Spoken, to_payload
from codex_trio.state.history.rollout_history import RolloutHistory
from codex_trio.state.rollout.events import ItemCompletedLine, TaskComplete, TaskStarted
from codex_trio.state.rollout.file_lines import FileLines
from codex_trio.state.rollout.lines import OtherPayload, Payload, SessionMeta, StoredLine, encode_line
from codex_trio.threads.occurrences import page_occurrences
from codex_trio.threads.timeline import END, ITEM, START, VOICE, TimelineEntry, page_timeline


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


def spoken(item_id: str) -> OtherPayload:
    item = Spoken(id=item_id, session_id="s", observed_at_ms=1, role="user", text="needle")
    return OtherPayload.of(LINE_TYPE, to_payload(item))


def load(path: Path, lines: list[Payload]) -> RolloutHistory:
    path.write_bytes(b"".join(encode_line(StoredLine(made, "t", place)) for place, made in enumerate(lines)))
    history = RolloutHistory.load(FileLines(path))
    history.interrupted_before = history.facts.next_ordinal
    return history


@pytest.fixture
def history(tmp_path: Path) -> RolloutHistory:
    return load(tmp_path / "rollout.jsonl", LINES)


async def all_places(history: RolloutHistory, limit: int) -> list[tuple[int, int, str]]:
    places: list[tuple[int, int, str]] = []
    cursor: str | None = None
    while True:
        page = await page_timeline(history, thread_id="x", cursor=cursor, limit=limit)
        assert len(page.entries) <= limit
        places[:0] = [(entry.position, entry.kind, shown(entry)) for entry in page.entries]
        cursor = page.next_cursor
        if cursor is None:
            return places


def shown(entry: TimelineEntry) -> str:
    if entry.voice is not None:
        return entry.voice.id
    assert entry.turn is not None
    return entry.turn.id if entry.item is None else entry.item.item.id


@pytest.mark.parametrize("limit", [1, 2, 3, 5, 100])
async def test_timeline_pages_add_up_in_the_order_of_the_lines(history: RolloutHistory, limit: int) -> None:
    assert await all_places(history, limit) == [
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


@pytest.mark.parametrize("limit", [1, 2, 3, 5, 100])
@pytest.mark.parametrize("turns", [True, False])
async def test_what_was_said_by_voice_is_at_its_place(tmp_path: Path, limit: int, *, turns: bool) -> None:
    lines = list(LINES) if turns else LINES[:1]
    for place in (12, 10, 9, 6, 4, 4, 1):
        lines.insert(place, spoken(f"v{place}"))
    history = load(tmp_path / "voice.jsonl", lines)
    places = await all_places(history, limit)
    said_at = [place for place, line in enumerate(lines) if isinstance(line, OtherPayload)]
    assert [place for place, kind, _ in places if kind == VOICE] == said_at
    assert places == sorted(places, key=lambda place: place[:2])
    everything = await all_places(history, 100)
    assert (places, len(said_at)) == (everything, 7)


async def test_a_turn_that_was_cut_short_ends_as_interrupted(history: RolloutHistory) -> None:
    page = await page_timeline(history, thread_id="x", cursor=None, limit=1)
    [entry] = page.entries
    assert entry.turn is not None
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
