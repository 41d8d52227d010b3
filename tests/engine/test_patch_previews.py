"""Patches that are shown while a model writes them: how often, how much, and which."""

from __future__ import annotations

from typing import Any

import pytest
import trio
from trio.testing import MockClock

from codex_trio.domain.items import AddChange, UpdateChange
from codex_trio.engine.events import Event, PatchPreviewed
from codex_trio.engine.item_ids import ItemIds
from codex_trio.engine.item_log import TurnLog
from codex_trio.engine.patch_previews import MOST_LINES, MOST_TEXT, PACE_SECONDS, PatchPreviews
from codex_trio.model.events import CustomToolCallInputDelta


class Shown:
    """What a response that writes patches has shown."""

    def __init__(self, *, taken: str | None = None) -> None:
        self.events: list[Event] = []
        ids = ItemIds()
        ids.note([] if taken is None else [{"type": "custom_tool_call", "call_id": taken}])
        log = TurnLog(
            thread_id="t",
            turn_id="u",
            journal=NoJournal(),
            emit=self.events.append,
            ready=trio.lowlevel.checkpoint,
            find_root=lambda: "/",
            raw_items=False,
        )
        self.previews = PatchPreviews(log, ids)

    def begin(self, call_id: str = "c", **more: Any) -> None:
        item = {"type": "custom_tool_call", "id": f"ctc_{call_id}", "call_id": call_id, "name": "apply_patch", **more}
        self.previews.added(item)

    def write(self, *pieces: str, call_id: str = "c") -> None:
        for piece in pieces:
            self.previews.more(CustomToolCallInputDelta(piece, f"ctc_{call_id}"))

    def end(self, call_id: str = "c") -> None:
        self.previews.done({"type": "custom_tool_call", "id": f"ctc_{call_id}", "call_id": call_id})

    @property
    def states(self) -> list[tuple[str, dict[str, Any]]]:
        return [(event.item_id, dict(event.changes)) for event in self.events if isinstance(event, PatchPreviewed)]


class NoJournal:
    """Stores nothing."""

    async def remember(self, items: Any, payloads: Any = ()) -> Any:
        raise AssertionError


def added(*lines: str) -> dict[str, AddChange]:
    return {"a": AddChange(content="".join(f"{line}\n" for line in lines))}


BEGIN = "*** Begin Patch\n*** Add File: a\n"


async def test_a_state_is_shown_for_a_while_and_the_last_one_at_once(autojump_clock: MockClock) -> None:
    shown = Shown()
    shown.begin()
    shown.write("*** Beg", "in Patch\n", "*** Add File: a\n+o", "ne\n+two\n", "+thr")
    assert shown.states == [("c", added())]
    await trio.sleep(PACE_SECONDS)
    shown.write("ee")
    assert shown.states[1:] == [("c", added("one", "two"))]
    shown.write("\n")
    await trio.sleep(PACE_SECONDS / 2)
    shown.write("+four\n")
    assert len(shown.states) == 2
    shown.end()
    shown.end()
    assert shown.states[2:] == [("c", added("one", "two", "three", "four"))]


async def test_two_patches_of_a_response_are_told_apart() -> None:
    shown = Shown()
    for call_id in ("c", "d"):
        shown.begin(call_id)
    shown.write(BEGIN, call_id="d")
    shown.write("*** Begin Patch\n*** Update File: a\n@@ f\n x\n-y\n", call_id="c")
    assert shown.states == [("d", added()), ("c", {"a": UpdateChange(unified_diff="@@ f\n x\n-y\n")})]


@pytest.mark.parametrize(
    ("item", "pieces"),
    [
        ({}, ["no patch\n", BEGIN]),
        ({}, ["*** Begin Patch\n*** Nonsense\n", "*** Add File: a\n"]),
        ({}, ["*** Begin Patch\n", "x" * MOST_TEXT, "\n*** Add File: a\n"]),
        ({}, [BEGIN + "+\n" * MOST_LINES, "+\n"]),
        ({"name": "other"}, [BEGIN]),
        ({"namespace": "mine"}, [BEGIN]),
        ({"type": "function_call"}, [BEGIN]),
        ({"call_id": None}, [BEGIN]),
        ({"call_id": "taken"}, [BEGIN]),
        ({"call_id": "x" * 65}, [BEGIN]),
    ],
)
async def test_what_is_no_patch_or_cannot_be_told_is_not_shown(item: dict[str, Any], pieces: list[str]) -> None:
    shown = Shown(taken="taken")
    shown.begin(**item)
    shown.write(*pieces)
    shown.end()
    assert shown.states == []


async def test_a_patch_that_breaks_off_or_goes_wrong_stays_as_it_was_last_shown() -> None:
    shown = Shown()
    shown.begin()
    shown.write(BEGIN, "+one\n", "*** Nonsense\n")
    shown.end()
    assert shown.states == [("c", added())]
