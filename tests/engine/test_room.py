"""Making room by itself: when a history is summed up, by whom, and that nothing is lost whatever happens meanwhile."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
import trio
from session_lab import (
    MODEL,
    Bench,
    Pause,
    Response,
    ScriptedTool,
    ScriptedTools,
    SlowLines,
    call,
    completed,
    message,
    open_session,
    says,
    texts,
    told,
    user_input,
)
from trio.testing import MockClock

from codex_trio.domain.items import ContextCompaction
from codex_trio.engine import compaction, events
from codex_trio.engine.history import message_item
from codex_trio.engine.settings import TurnOverrides
from codex_trio.model.errors import ErrorInfo, ModelError

PLAN = {"plan": [{"step": "look", "status": "in_progress"}]}
LIMIT = 20_000
FULL = completed(LIMIT + 1)


@pytest.fixture
def clock() -> MockClock:
    """Runs like any other."""
    return MockClock(rate=1.0)


def asks_for_a_plan(number: object, end: Any) -> Response:
    return [call("update_plan", f"call_{number}", PLAN), end]


def kinds(bench: Bench) -> list[str]:
    """Return which requests were for summaries."""
    return [
        "summary" if '"request_kind":"compaction"' in (request.headers.turn_metadata or "") else "turn"
        for request in bench.client.requests
    ]


def seen(bench: Bench) -> list[str]:
    """Return the kinds of the items that were completed."""
    return [type(event.item).__name__ for event in bench.heard.of(events.ItemCompleted)]


# --- when ---


@pytest.mark.parametrize(
    ("output", "made"), [("short", ["turn", "turn"]), ("long " * 100, ["turn", "summary", "turn"])]
)
async def test_what_tools_add_counts_before_a_provider_has_counted_it(
    tmp_path: Path, clock: MockClock, output: str, made: list[str]
) -> None:
    tool = ScriptedTool("look")
    script = [[call("look", "c1", {}), completed(LIMIT - 100)], says("in short"), says("ok")]
    async with open_session(tmp_path, clock, responses=script, limit=LIMIT, tools=[ScriptedTools(tool)]) as bench:
        turn = bench.begin("one")
        await tool.answer("c1", output)
        assert (await bench.end_of(turn)).status == "completed"
    assert kinds(bench) == made


async def test_a_history_that_is_a_summary_already_is_not_summed_up_again(tmp_path: Path, clock: MockClock) -> None:
    script = [[message("a"), FULL], says("in short"), says("ok"), says("more")]
    async with open_session(tmp_path, clock, responses=script, limit=1) as bench:
        for text in ("one", "two"):
            assert (await bench.run(text)).status == "completed"
    assert kinds(bench) == ["turn", "summary", "turn"]


async def test_another_model_that_cannot_take_it_all_has_the_old_one_sum_up(tmp_path: Path, clock: MockClock) -> None:
    script = [[message("a"), completed(300_000)], says("in short"), says("ok")]
    async with open_session(tmp_path, clock, responses=script) as bench:
        await bench.run("one", TurnOverrides(model="gpt-6.2-sol"))
        await bench.run("two", TurnOverrides(model="gpt-6-sol"))
    assert kinds(bench) == ["turn", "summary", "turn"]
    assert [request.model for request in bench.client.requests] == ["gpt-6.2-sol", "gpt-6.2-sol", "gpt-6-sol"]


async def test_a_model_that_is_gone_is_asked_once_and_then_the_new_one(tmp_path: Path, clock: MockClock) -> None:
    gone = ModelError("no such model", info=ErrorInfo("modelNotFound"))
    script: list[Response] = [[message("a"), completed(100)], gone, says("in short"), says("ok")]
    async with open_session(tmp_path, clock, responses=script) as bench:
        await bench.run("one", TurnOverrides(model="gpt-6-sol"))
        assert (await bench.run("two", TurnOverrides(model=MODEL))).status == "completed"
        assert [request.model for request in bench.client.requests] == ["gpt-6-sol", "gpt-6-sol", MODEL, MODEL]
        warnings = [event.message for event in bench.heard.of(events.ThreadWarning)]
        assert warnings == ["gpt-6-sol could not sum up the conversation: no such model"]
        started = [one for one in bench.heard.of(events.ItemStarted) if isinstance(one.item, ContextCompaction)]
    assert len(started) == 1


async def test_a_thread_that_is_loaded_again_knows_which_model_has_read_it(tmp_path: Path, clock: MockClock) -> None:
    async with open_session(tmp_path, clock, responses=[[message("a"), completed(300_000)]]) as bench:
        await bench.run("one", TurnOverrides(model="gpt-6.2-sol"))
    responses = [says("in short"), says("ok")]
    async with open_session(tmp_path, clock, responses=responses, lines=bench.lines) as bench:
        await bench.run("two", TurnOverrides(model="gpt-6-sol"))
    assert [request.model for request in bench.client.requests] == ["gpt-6.2-sol", "gpt-6-sol"]


@pytest.mark.parametrize(("percent", "made"), [(50, ["turn", "summary", "turn"]), (52, ["turn", "turn"])])
async def test_room_may_be_made_at_the_end_of_a_turn(
    tmp_path: Path, clock: MockClock, percent: int, made: list[str]
) -> None:
    async with open_session(tmp_path, clock, responses=[], post_turn_percent=percent) as bench:
        script = [[message("a"), completed(bench.window * 51 // 100)]]
        bench.client.go_on([*script, *([says("in short")] if "summary" in made else []), says("ok")])
        assert (await bench.run("one")).status == "completed"
        assert len(bench.client.requests) == len(made) - 1
        assert (await bench.run("two")).status == "completed"
    assert kinds(bench) == made
    if "summary" in made:
        assert '"phase":"post_turn"' in (bench.client.requests[1].headers.turn_metadata or "")
        assert texts(bench.client.requests[-1])[-2:] == ["</conversation_summary>", "two"]


async def test_a_turn_that_cannot_be_summed_up_at_its_end_is_completed(tmp_path: Path, clock: MockClock) -> None:
    no = ModelError("no", info=ErrorInfo("unauthorized"))
    script: list[Response] = [[message("a"), completed(200_000)], no, [message("ok"), completed(100)]]
    async with open_session(tmp_path, clock, responses=script, post_turn_percent=50) as bench:
        assert (await bench.run("one")).status == "completed"
        assert "stays as it is: no" in bench.heard.of(events.ThreadWarning)[-1].message
        assert (await bench.run("two")).status == "completed"
        assert texts(bench.client.requests[2])[-3:] == ["one", "a", "two"]


async def test_a_turn_of_ten_hours_keeps_what_it_remembers_and_writes_bounded(tmp_path: Path, clock: MockClock) -> None:
    compactions, hours = 200, 10
    half = compactions // 2
    asked: list[int] = []
    objects: list[int] = []
    written: list[int] = []

    def answers() -> Iterator[Response]:
        for number in range(compactions):
            clock.jump(hours * 3600 / compactions)
            yield asks_for_a_plan(number, FULL)
            asked.append(len(msgspec.json.encode(bench.client.requests[-1].input)))
            bench.client.requests.clear()
            bench.heard.events.clear()
            if number in (0, half, compactions - 1):
                written.append(len(bench.lines.text))
                gc.collect()
                objects.append(len(gc.get_objects()))
            yield says(f"in short, {number}")
        yield says("done")

    async with open_session(tmp_path, clock, responses=[], limit=LIMIT) as bench:
        bench.client.go_on(answers())
        turn = bench.begin("one")
        with trio.fail_after((hours + 1) * 3600):
            await turn.ended.wait()
        assert [end.status for end in bench.heard.of(events.TurnEnded)] == ["completed"]
    assert len(asked) == compactions
    assert max(asked[1:]) <= min(asked[1:]) + 100
    # What is kept of each for pages of the history, a few numbers, is all that there is more of.
    assert objects[2] - objects[1] < 10 * half
    # Each compaction costs the rollout the same, however many there were.
    assert written[2] - written[1] <= (written[1] - written[0]) * 1.05


# --- nothing is lost ---


async def test_what_was_said_before_and_meanwhile_comes_after_the_summary(tmp_path: Path, clock: MockClock) -> None:
    pause = Pause()
    script = [[message("a"), FULL], [pause, *says("in short")], says("ok")]
    async with open_session(tmp_path, clock, responses=script, limit=LIMIT) as bench:
        await bench.run("one")
        turn = bench.begin("two")
        await pause.reached.wait()
        turn.add_input(user_input("three"), told())
        pause.go.set()
        assert (await bench.end_of(turn)).status == "completed"
        assert texts(bench.client.requests[-1])[-3:] == ["</conversation_summary>", "two", "three"]
    assert seen(bench)[2:] == ["ContextCompaction", "UserMessage", "UserMessage", "AgentMessage"]


async def test_who_stops_it_keeps_the_history_and_what_the_turn_began_with(tmp_path: Path, clock: MockClock) -> None:
    pause = Pause()
    script = [[message("a"), FULL], [pause], says("in short"), says("ok")]
    async with open_session(tmp_path, clock, responses=script, limit=LIMIT) as bench:
        await bench.run("one")
        turn = bench.begin("two")
        await pause.reached.wait()
        turn.add_input(user_input("three"), told())
        await turn.interrupt(told())
        assert (await bench.end_of(turn)).status == "interrupted"
        await bench.run("four")
        asked = texts(bench.client.requests[-2])
    assert asked[asked.index("one") : -2] == ["one", "a", "two"]
    assert bench.stored("compacted")[0]["window_number"] == 1


async def test_a_failure_keeps_the_history_and_what_was_said(tmp_path: Path, clock: MockClock) -> None:
    refused = ModelError("no summaries here")
    script: list[Response] = [asks_for_a_plan(1, FULL), refused, refused, says("in short"), says("ok")]
    async with open_session(tmp_path, clock, responses=script, limit=LIMIT) as bench:
        mid, before = await bench.run("one"), await bench.run("two")
        assert [mid.status, before.status] == ["failed", "failed"]
        assert before.failure is not None
        assert before.failure.message == (
            "The conversation could not be summed up to make room, and stays as it is: no summaries here"
        )
        assert seen(bench) == ["UserMessage", "UserMessage"]
        assert (await bench.run("three")).status == "completed"
        said = texts(bench.client.requests[-1])
    assert [text for text in said if text in ("one", "two", "three")] == ["one", "two", "three"]


async def test_a_summary_that_cannot_be_stored_changes_nothing(tmp_path: Path, clock: MockClock) -> None:
    script = [[message("a"), FULL], says("in short"), says("in short"), says("ok")]
    async with open_session(tmp_path, clock, responses=script, limit=LIMIT) as bench:
        await bench.run("one")
        bench.disk.delay = lambda data: 1e9 if b'"compacted"' in data else 0.0
        assert (await bench.run("two")).status == "failed"
        bench.disk.delay = lambda _: 0.0
    assert bench.stored("compacted") == []


async def test_killed_in_the_middle_it_begins_anew(tmp_path: Path, clock: MockClock) -> None:
    pause = Pause()
    script = [[message("a"), FULL], [pause]]
    async with open_session(tmp_path, clock, responses=script, limit=LIMIT) as bench:
        await bench.run("one")
        bench.begin("two")
        await pause.reached.wait()
        # All that a process that is killed now leaves behind.
        left = SlowLines(bench.session.thread_id, bench.disk)
        left.append(bench.lines.text.encode())
    script = [says("in short"), says("ok")]
    async with open_session(tmp_path, clock, responses=script, lines=left, limit=LIMIT) as bench:
        assert (await bench.run("three")).status == "completed"
        summary, after = bench.client.requests
    asked = texts(summary)
    assert asked[asked.index("one") : -1] == ["one", "a", "two"]
    assert [text for text in texts(after) if text in ("one", "two", "three")] == ["one", "two", "three"]


async def test_a_summary_without_end_leaves_room_to_go_on(tmp_path: Path, clock: MockClock) -> None:
    script = [[message("a"), FULL], says("beginning " + "ü" * 2_000_000 + " end"), says("ok"), says("fine")]
    async with open_session(tmp_path, clock, responses=script, limit=LIMIT) as bench:
        await bench.run("one")
        assert (await bench.run("two")).status == "completed"
        kept = len(str(bench.stored("compacted")[0]["replacement_history"]).encode())
        assert bench.window < kept < bench.window * 4 // 2 + 10_000
        said = bench.stored("compacted")[0]["message"]
    assert said.startswith("beginning ü")
    assert said.endswith("ü end")


@pytest.mark.parametrize(
    "reply",
    [[], says("  "), ModelError("cut", info=ErrorInfo("responseStreamDisconnected"))],
    ids=["silence", "blank", "cut"],
)
async def test_a_summary_that_is_none_changes_nothing(tmp_path: Path, clock: MockClock, reply: Response) -> None:
    script: list[Response] = [[message("a"), FULL], reply, says("in short"), says("ok")]
    async with open_session(tmp_path, clock, responses=script, limit=LIMIT) as bench:
        await bench.run("one")
        assert (await bench.run("two")).status == "failed"
        assert bench.stored("compacted") == []
        assert (await bench.run("three")).status == "completed"
    assert [one["message"] for one in bench.stored("compacted")] == ["in short"]


# --- a long turn ---


def long_turn(windows: int) -> Iterator[Response]:
    """Yield what a model says that fills its window so many times."""
    for number in range(windows):
        yield asks_for_a_plan(f"{number}_a", completed(100))
        yield asks_for_a_plan(f"{number}_b", FULL)
        yield says("in short")
    yield says("done")


async def test_a_turn_of_200_windows_keeps_its_memory_and_its_rollout_bounded(tmp_path: Path, clock: MockClock) -> None:
    tracked: list[int] = []
    async with open_session(tmp_path, clock, responses=long_turn(200), limit=LIMIT) as bench:

        def forget(event: events.Event) -> None:
            """Keep nothing of what was told and asked, as a server does not; look now and then at what is kept."""
            bench.heard.events = [one for one in bench.heard.events if isinstance(one, events.TurnEnded)]
            del bench.client.requests[:-1]
            if isinstance(event, events.ItemCompleted) and isinstance(event.item, ContextCompaction):
                tracked.append(_tracked() if len(tracked) % 50 == 49 else 0)

        bench.heard.react = forget
        assert (await bench.run("work " * 1000)).status == "completed"
        assert len(bench.client.requests[-1].input) < 10
    summed_up = bench.stored("compacted")
    assert [one["window_number"] for one in summed_up] == list(range(1, 201))
    sizes = {len(str(one)) for one in summed_up[9:99]}, {len(str(one)) for one in summed_up[99:]}
    assert max(sizes[1]) <= max(sizes[0]) + 10
    # Each window has two calls, their outputs and a summary: over ten objects, of which the index keeps one or two.
    assert tracked[199] - tracked[49] < 150 * 4


def _tracked() -> int:
    gc.collect()
    return len(gc.get_objects())


def test_a_picture_is_kept_the_first_time_alone() -> None:
    picture = {"type": "input_image", "image_url": "data:image/png;base64,AAAA"}
    asked = message_item("user", ["look"], item_id="1")
    items: list[Any] = [{**asked, "content": [*asked["content"], picture]}]
    once = compaction.new_history(items, context=[], summary=compaction.summary_item("first"), room=10_000)
    again = compaction.new_history(once, context=[], summary=compaction.summary_item("second"), room=10_000)
    assert [len(history) for history in (once, again)] == [2, 2]
    assert once[0] == items[0]
    assert [part["type"] for part in again[0]["content"]] == ["input_text", "input_text"]
