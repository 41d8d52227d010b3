"""The loop of a turn: what the model is asked, what clients are told and what is stored, whatever comes in between."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import trio
from session_lab import (
    NO_OVERRIDES,
    Pause,
    Response,
    ScriptedTool,
    ScriptedTools,
    call,
    completed,
    items,
    message,
    open_session,
    outputs,
    says,
    texts,
    told,
    usage_of,
    user_input,
)
from trio.testing import MockClock, wait_all_tasks_blocked

from codex_trio.domain.ids import uuid7
from codex_trio.engine import events
from codex_trio.engine.session.session import TurnInProgress
from codex_trio.engine.settings import TurnOverrides
from codex_trio.engine.turn_gate import ShuttingDown
from codex_trio.engine.turn_request import ClientToolOutput, ContextPiece, MetadataChange, TurnRequest
from codex_trio.model.errors import ErrorInfo, ModelError
from codex_trio.model.events import ModelEvent, OversizedItem, TokensSpent, TurnState
from codex_trio.sandbox.policy import ReadOnly

ASKS = TurnOverrides(approval_policy="untrusted", sandbox_policy=ReadOnly())
PLAN = {"plan": [{"step": "look", "status": "in_progress"}]}


@pytest.fixture
def clock() -> MockClock:
    """Runs like any other."""
    return MockClock(rate=1.0)


def broken_off() -> ModelError:
    return ModelError(
        "the stream broke off", info=ErrorInfo("responseStreamDisconnected"), retryable=True, retry_after=0
    )


# --- sampling ---


async def test_a_turn_tells_and_stores_in_order(tmp_path: Path, clock: MockClock) -> None:
    async with open_session(tmp_path, clock, responses=[[message("hi"), completed(100)]]) as bench:
        assert (await bench.run("hello")).status == "completed"
    kinds = [type(event).__name__ for event in bench.heard.events]
    assert kinds == [
        "TurnStarted",
        *("ItemStarted", "ItemCompleted"),
        *("ItemStarted", "ItemCompleted"),
        "TokensUsed",
        "RateLimitsChanged",
        "TurnEnded",
    ]
    (started,), (ended,) = bench.stored("task_started"), bench.stored("task_complete")
    assert started["turn_id"] == ended["turn_id"]
    assert ended["last_agent_message"] == "hi"
    assert bench.lines.text.index('"task_started"') < bench.lines.text.index('"turn_context"')
    assert bench.lines.text.index('"turn_context"') < bench.lines.text.index('"UserMessage"')
    assert bench.lines.text.index('"token_count"') < bench.lines.text.index('"task_complete"')


async def test_the_model_reads_the_outputs_of_its_calls_in_the_order_of_the_calls(
    tmp_path: Path, clock: MockClock
) -> None:
    calls = [call("update_plan", "c1", PLAN), call("no_such", "c2", {}), call("update_plan", "c3", PLAN, namespace="n")]
    async with open_session(tmp_path, clock, responses=[[*calls, completed()], says("done")]) as bench:
        assert (await bench.run("plan it")).status == "completed"
    first, second = bench.client.requests
    assert items(second)[: len(first.input)] == items(first)
    assert outputs(second) == [
        ("c1", "Plan updated"),
        ("c2", "unsupported call: no_such"),
        ("c3", "unsupported call: update_plan"),
    ]
    assert len(bench.heard.of(events.PlanUpdated)) == 1


@pytest.mark.parametrize("end_turn", [None, False, True])
async def test_a_model_that_says_so_goes_on_without_a_call(
    tmp_path: Path, clock: MockClock, *, end_turn: bool | None
) -> None:
    responses: list[Response] = [[message("first"), completed(end_turn=end_turn)], says("second")]
    async with open_session(tmp_path, clock, responses=responses) as bench:
        await bench.run("go")
    assert len(bench.client.requests) == (2 if end_turn is False else 1)


@pytest.mark.parametrize("kind", ["function_call", "custom_tool_call"])
async def test_a_call_that_is_too_long_is_answered_with_that_and_the_turn_goes_on(
    tmp_path: Path, clock: MockClock, kind: str
) -> None:
    tool = ScriptedTool("long")
    texts = {"arguments": "{", "input": "*** Begin Patch"}
    item = {"type": kind, "id": "x_1", "call_id": "c1", "name": "long"} | texts
    responses: list[Response] = [[OversizedItem(item, 9_000_000), completed()], says("in parts, then"), says("next")]
    async with open_session(tmp_path, clock, responses=responses, tools=[ScriptedTools(tool)]) as bench:
        assert (await bench.run("go")).status == "completed"
        assert (await bench.run("again")).status == "completed"
        [warning] = bench.heard.of(events.ThreadWarning)
    [answer] = [item for item in items(bench.client.requests[1]) if item["type"] == f"{kind}_output"]
    assert answer["output"].startswith("The call was not run: it has more than")
    assert "9000000 of them were left out" in warning.message
    assert tool.calls == {}


async def test_what_a_model_reads_of_an_answer_has_a_bound_whoever_gives_it(tmp_path: Path, clock: MockClock) -> None:
    tool = ScriptedTool("ask")
    responses: list[Response] = [[call("ask", "c1", {}), completed()], says("ok"), says("ok")]
    pieces = {kind: ContextPiece(value="z" * 1_000_000, is_trusted=kind == "of us") for kind in ("of us", "of others")}
    given = ClientToolOutput(name="client", namespace=None, output="y" * 1_000_000, context=pieces)
    async with open_session(tmp_path, clock, responses=responses, tools=[ScriptedTools(tool)]) as bench:
        turn = bench.begin("go")
        await tool.answer("c1", "x" * 1_000_000)
        await bench.end_of(turn)
        turn = bench.make(TurnRequest(turn_id=uuid7(), input=given))
        bench.session.launch(turn)
        await bench.end_of(turn)
    found = [item["output"] for item in items(bench.client.requests[2]) if item["type"] == "function_call_output"]
    assert [len(output) // 1000 for output in found] == [48, 4, 48]
    assert all("tokens truncated" in output for output in found)
    [trusted] = [text for text in texts(bench.client.requests[2]) if text.startswith("<of us>")]
    assert (len(trusted) // 1000, "249000 tokens truncated" in trusted) == (4, True)
    stored = [item["output"] for item in bench.stored("response_item") if item["type"] == "function_call_output"]
    assert stored == found


async def test_a_later_turn_says_again_what_was_said_and_its_context_only_once(
    tmp_path: Path, clock: MockClock
) -> None:
    async with open_session(tmp_path, clock, responses=[says("one"), says("two")]) as bench:
        await bench.run("first")
        await bench.run("second")
    first, second = bench.client.requests
    assert items(second)[: len(first.input)] == items(first)
    assert texts(second)[-3:] == ["first", "one", "second"]
    assert len(second.input) == len(first.input) + 2
    assert second.prompt_cache_key == first.prompt_cache_key == bench.session.thread_id
    assert len(bench.stored("thread_settings_applied")) == 1


async def test_a_thread_that_is_loaded_again_remembers_all(tmp_path: Path, clock: MockClock) -> None:
    async with open_session(tmp_path, clock, responses=[[message("one"), completed(70)]]) as bench:
        await bench.run("first")
    async with open_session(tmp_path, clock, responses=[[message("two"), completed(30)]], lines=bench.lines) as again:
        await again.run("second")
    (before,), (after,) = bench.client.requests, again.client.requests
    assert items(after)[: len(before.input)] == items(before)
    assert texts(after)[-3:] == ["first", "one", "second"]
    (used,) = again.heard.of(events.TokensUsed)
    assert used.usage.total_token_usage.total_tokens == 100


# --- settings ---


async def test_overrides_hold_from_their_turn_on_and_what_changes_meanwhile_waits_for_the_next(
    tmp_path: Path, clock: MockClock
) -> None:
    pause = Pause()
    first: Response = [call("update_plan", "c1", PLAN), pause, completed()]
    async with open_session(tmp_path, clock, responses=[first, says("one"), says("two")]) as bench:
        turn = bench.begin("go", TurnOverrides(effort="low"))
        await pause.reached.wait()
        bench.session.change(TurnOverrides(effort="high"))
        assert bench.session.settings.effort == "high"
        pause.go.set()
        await bench.end_of(turn)
        await bench.run("go on")
    efforts = [request.reasoning and request.reasoning.effort for request in bench.client.requests]
    assert efforts == ["low", "low", "high"]
    assert [line["effort"] for line in bench.stored("turn_context")] == ["low", "high"]


async def test_a_turn_that_is_changed_asks_another_model_next_and_leaves_later_turns_alone(
    tmp_path: Path, clock: MockClock
) -> None:
    pause = Pause()
    calls = [call("update_plan", "c1", PLAN), pause, completed()]
    async with open_session(tmp_path, clock, responses=[calls, says("one"), says("two")]) as bench:
        turn = bench.begin("go", TurnOverrides(model="gpt-5.6-luna"))
        await pause.reached.wait()
        turn.change(TurnOverrides(model="gpt-5.6-sol", service_tier="priority"))
        pause.go.set()
        await bench.end_of(turn)
        await bench.run("again")
        asked = [(request.model, request.service_tier) for request in bench.client.requests]
        assert asked == [("gpt-5.6-luna", None), ("gpt-5.6-sol", "priority"), ("gpt-5.6-luna", None)]


async def test_changed_settings_are_stored_once_and_only_for_a_thread_that_is(tmp_path: Path, clock: MockClock) -> None:
    async with open_session(tmp_path, clock, responses=[says("one"), says("two")]) as bench:
        bench.session.change(TurnOverrides(effort="low"))
        await bench.session.store_settings()
        assert not bench.lines.size
        await bench.run("go")
        bench.session.change(TurnOverrides(effort="high"))
        await bench.session.store_settings()
        await bench.session.store_settings()
        await bench.run("go on")
    applied = [line["thread_settings"]["reasoning_effort"] for line in bench.stored("thread_settings_applied")]
    assert applied == ["low", "high"]


async def test_the_metadata_of_a_turn_reaches_the_provider(tmp_path: Path, clock: MockClock) -> None:
    async with open_session(tmp_path, clock, responses=[says("one")]) as bench:
        given = user_input("go", metadata=MetadataChange(patch={"ours": "yes", "turn_id": "no"}))
        turn = bench.make(TurnRequest(turn_id=uuid7(), input=given, parent_turn_id="p"), NO_OVERRIDES)
        bench.session.launch(turn)
        await bench.end_of(turn)
    (request,) = bench.client.requests
    assert request.client_metadata is not None
    metadata: dict[str, Any] = json.loads(request.client_metadata["x-codex-turn-metadata"])
    assert (metadata["ours"], metadata["turn_id"], metadata["parent_turn_id"]) == ("yes", turn.id, "p")
    assert metadata["window_id"] == request.headers.window_id == f"{bench.session.thread_id}:0"
    assert (metadata["window_number"], metadata["request_kind"]) == (0, "turn")


async def test_what_a_provider_wants_to_hear_again_is_told_in_that_turn_alone(tmp_path: Path, clock: MockClock) -> None:
    responses: list[Response] = [
        [TurnState("first"), call("update_plan", "c1", PLAN), completed()],
        [TurnState("second"), broken_off()],
        says("one"),
        says("two"),
    ]
    async with open_session(tmp_path, clock, responses=responses, retries=1) as bench:
        for text in ("go", "go on"):
            assert (await bench.run(text)).status == "completed"
    assert [request.headers.turn_state for request in bench.client.requests] == [None, "first", "first", None]


# --- one turn at a time ---


async def test_a_second_turn_waits_for_the_end_of_the_first(tmp_path: Path, clock: MockClock) -> None:
    pause = Pause()
    async with open_session(tmp_path, clock, responses=[[pause, *says("one")], says("two")]) as bench:
        turn = bench.begin("first")
        with pytest.raises(TurnInProgress):
            bench.make(TurnRequest(turn_id=uuid7(), input=user_input("second")), TurnOverrides(effort="low"))
        assert bench.session.settings.effort is None
        assert bench.gate.running == 1
        pause.go.set()
        await bench.session.wait_for_turn()
        assert turn.ended.is_set()
        await bench.run("second")
        await wait_all_tasks_blocked()
        assert bench.gate.running == 0


async def test_a_draining_server_begins_no_turn(tmp_path: Path, clock: MockClock) -> None:
    async with open_session(tmp_path, clock, responses=[]) as bench:
        bench.gate.close()
        with pytest.raises(ShuttingDown):
            bench.make(TurnRequest(turn_id=uuid7(), input=user_input("go")), NO_OVERRIDES)
        assert bench.session.active is None


# --- saying more to a running turn ---


async def test_what_is_said_meanwhile_cuts_the_response_and_is_read_next(tmp_path: Path, clock: MockClock) -> None:
    pause = Pause()
    responses: list[Response] = [[message("let me"), pause, message("never said")], says("yes")]
    async with open_session(tmp_path, clock, responses=responses) as bench:
        turn = bench.begin("go")
        await pause.reached.wait()
        said = bench.session.add_input(user_input("stop it"), told())
        assert said is not None
        await bench.session.store_input(said)
        assert (await bench.end_of(turn)).status == "completed"
    assert texts(bench.client.requests[1])[-3:] == ["go", "let me", "stop it"]
    assert "never said" not in bench.lines.text


async def test_what_is_said_with_the_last_words_of_the_model_makes_the_turn_go_on(
    tmp_path: Path, clock: MockClock
) -> None:
    async with open_session(tmp_path, clock, responses=[says("one"), says("two")]) as bench:

        def interject(event: events.Event) -> None:
            if isinstance(event, events.ItemCompleted) and len(bench.client.requests) == 1:
                bench.heard.react = lambda _: None
                bench.session.add_input(user_input("and this"), told())

        turn = bench.begin("go")
        bench.heard.react = interject
        await bench.end_of(turn)
        assert bench.session.add_input(user_input("too late"), told()) is None
    assert texts(bench.client.requests[1])[-3:] == ["go", "one", "and this"]


async def test_an_input_is_taken_up_once_its_client_has_its_answer_and_not_at_all_when_withdrawn(
    tmp_path: Path, clock: MockClock
) -> None:
    pause = Pause()
    async with open_session(tmp_path, clock, responses=[[pause], says("one")]) as bench:
        turn = bench.begin("go")
        await pause.reached.wait()
        withdrawn = bench.session.add_input(user_input("forget this"), told())
        assert withdrawn is not None
        withdrawn.withdraw()
        answered = trio.Event()
        bench.session.add_input(user_input("and this"), answered)
        await wait_all_tasks_blocked()
        assert len(bench.client.requests) == 1
        answered.set()
        await bench.end_of(turn)
    assert texts(bench.client.requests[1])[-2:] == ["go", "and this"]


async def test_context_that_comes_with_an_input_is_read_before_it_and_once(tmp_path: Path, clock: MockClock) -> None:
    context = {"editor": ContextPiece(value="open: f.py", is_trusted=True)}
    async with open_session(tmp_path, clock, responses=[says("one"), says("two")]) as bench:
        for text in ("first", "second"):
            request = TurnRequest(turn_id=uuid7(), input=user_input(text, context=context))
            turn = bench.make(request, NO_OVERRIDES)
            bench.session.launch(turn)
            await bench.end_of(turn)
    before, after = bench.client.requests
    assert "open: f.py" in texts(before)[-2]
    assert sum("open: f.py" in text for text in texts(after)) == 1


async def test_items_of_a_client_stand_behind_the_context(tmp_path: Path, clock: MockClock) -> None:
    item = {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "injected"}]}
    async with open_session(tmp_path, clock, responses=[says("one")]) as bench:
        await bench.session.inject([item])
        await bench.run("go")
    (request,) = bench.client.requests
    assert texts(request)[-2:] == ["injected", "go"]
    assert len(texts(request)) > 3


# --- stopping ---


async def test_a_stopped_turn_is_told_of_after_the_answer_and_the_next_one_knows(
    tmp_path: Path, clock: MockClock
) -> None:
    pause = Pause()
    responses: list[Response] = [[message("let me"), pause], says("again")]
    async with open_session(tmp_path, clock, responses=responses) as bench:
        turn = bench.begin("go")
        await pause.reached.wait()
        bench.session.add_input(user_input("never read"), trio.Event())
        answered = trio.Event()
        await turn.interrupt(answered)
        await wait_all_tasks_blocked()
        assert bench.heard.of(events.TurnEnded) == []
        answered.set()
        ended = await bench.end_of(turn)
        assert (ended.status, ended.failure, ended.last_message) == ("interrupted", None, None)
        assert bench.session.active is None
        await bench.run("go on")
    (aborted,) = bench.stored("turn_aborted")
    assert aborted["turn_id"] == turn.id
    assert "turn_aborted" in str(items(bench.client.requests[-1])[-2])
    assert texts(bench.client.requests[-1])[-1] == "go on"
    assert "never read" not in texts(bench.client.requests[-1])


async def test_calls_of_a_stopped_turn_are_answered(tmp_path: Path, clock: MockClock) -> None:
    patch = {"input": "*** Begin Patch\n*** Add File: f\n+x\n*** End Patch"}
    responses: list[Response] = [[call("apply_patch", "p1", patch), completed()], says("again")]
    async with open_session(tmp_path, clock, responses=responses) as bench:
        turn = bench.begin("go", ASKS)
        await bench.approver.asked.wait()
        await turn.interrupt(told())
        assert (await bench.end_of(turn)).status == "interrupted"
        await bench.run("go on")
    ((call_id, output),) = outputs(bench.client.requests[-1])
    assert (call_id, output.splitlines()[-1]) == ("p1", "aborted by user")


# --- failures ---


async def test_a_broken_stream_is_told_of_and_asked_for_again(tmp_path: Path, clock: MockClock) -> None:
    responses: list[Response] = [[call("update_plan", "c1", PLAN), broken_off()], broken_off(), says("done")]
    async with open_session(tmp_path, clock, responses=responses, retries=2) as bench:
        assert (await bench.run("go")).status == "completed"
    errors = [(event.failure.message, event.will_retry) for event in bench.heard.of(events.ErrorReported)]
    assert errors == [("Reconnecting... 1/2", True), ("Reconnecting... 2/2", True)]
    # What came before the stream broke off has happened.
    assert outputs(bench.client.requests[-1]) == [("c1", "Plan updated")]


@pytest.mark.parametrize("retryable", [True, False])
async def test_a_turn_fails_with_what_the_provider_said(tmp_path: Path, clock: MockClock, *, retryable: bool) -> None:
    error = ModelError("no more of this", info=ErrorInfo("serverOverloaded"), retryable=retryable)
    async with open_session(tmp_path, clock, responses=[error, error], retries=1) as bench:
        ended = await bench.run("go")
        assert ended.status == "failed"
        assert ended.failure is not None
        assert (ended.failure.message, ended.failure.info) == ("no more of this", ErrorInfo("serverOverloaded"))
        (line,) = bench.stored("task_complete")
        assert line["error"]["message"] == "no more of this"
        bench.client.go_on([says("well")])
        assert (await bench.run("again")).status == "completed"


# --- tokens ---


async def test_tokens_are_added_up_and_stored_after_each_response(tmp_path: Path, clock: MockClock) -> None:
    responses: list[Response] = [
        [call("update_plan", "c1", PLAN), completed(100)],
        [message("one"), completed(50)],
        [message("two"), completed(None)],
    ]
    async with open_session(tmp_path, clock, responses=responses) as bench:
        await bench.run("go")
        await bench.run("go on")
        window = bench.window
    totals = [event.usage.total_token_usage for event in bench.heard.of(events.TokensUsed)]
    assert [(total.input_tokens, total.output_tokens, total.total_tokens) for total in totals] == [
        (90, 10, 100),
        (135, 15, 150),
        (135, 15, 150),
    ]
    infos = [line["info"] for line in bench.stored("token_count")]
    assert [info["last_token_usage"]["total_tokens"] for info in infos] == [100, 50, 50]
    assert {info["model_context_window"] for info in infos} == {window}


async def test_tokens_of_a_response_that_was_stopped_count(tmp_path: Path, clock: MockClock) -> None:
    responses: list[Response] = [[TokensSpent(usage=usage_of(40)), broken_off()]]
    async with open_session(tmp_path, clock, responses=responses) as bench:
        assert (await bench.run("go")).status == "failed"
    (used,) = bench.heard.of(events.TokensUsed)
    assert used.usage.total_token_usage.total_tokens == 40


@pytest.mark.parametrize("end", [completed(40), TokensSpent(usage=usage_of(40))], ids=["completed", "not completed"])
async def test_tokens_count_as_soon_as_the_provider_has_told_of_them(
    tmp_path: Path, clock: MockClock, end: ModelEvent
) -> None:
    ended = Pause()
    async with open_session(tmp_path, clock, responses=[[message("one"), end, ended]]) as bench:
        turn = bench.begin("go")
        await ended.reached.wait()
        # The connection is not given back yet. Whoever joins now is told, and who stops the turn loses nothing.
        assert bench.session.usage is not None
        assert bench.session.usage.total_token_usage.total_tokens == 40
        await turn.interrupt(told())
        assert (await bench.end_of(turn)).status == "interrupted"
    assert [line["info"]["total_token_usage"]["total_tokens"] for line in bench.stored("token_count")] == [40]
    (used,) = bench.heard.of(events.TokensUsed)
    assert used.usage.total_token_usage.total_tokens == 40


async def test_a_full_context_counts_as_the_whole_window(tmp_path: Path, clock: MockClock) -> None:
    full = ModelError("too long", info=ErrorInfo("contextWindowExceeded"))
    async with open_session(tmp_path, clock, responses=[[message("one"), completed(100)], full]) as bench:
        await bench.run("go")
        assert (await bench.run("go on")).status == "failed"
        window = bench.window
    last = bench.heard.of(events.TokensUsed)[-1].usage
    assert (last.total_token_usage.total_tokens, last.last_token_usage.total_tokens) == (window, window)
    assert (last.total_token_usage.input_tokens, last.last_token_usage.input_tokens) == (90, 0)


# --- tools ---


async def test_calls_run_beside_one_another_and_are_answered_in_their_order(tmp_path: Path, clock: MockClock) -> None:
    tool = ScriptedTool("look")
    calls = [call("look", "c1", {}), call("look", "c2", {}), completed()]
    tools = [ScriptedTools(tool)]
    async with open_session(tmp_path, clock, responses=[calls, says("done")], tools=tools) as bench:
        turn = bench.begin("go")
        await tool.called("c1")
        await tool.called("c2")
        await tool.answer("c2", "second")
        await wait_all_tasks_blocked()
        assert len(bench.client.requests) == 1
        await tool.answer("c1", "first")
        await bench.end_of(turn)
    assert outputs(bench.client.requests[-1]) == [("c1", "first"), ("c2", "second")]


async def test_tools_of_one_name_in_two_namespaces_are_two(tmp_path: Path, clock: MockClock) -> None:
    plain, named = ScriptedTool("look"), ScriptedTool("look")
    tools = [ScriptedTools(plain), ScriptedTools(named, namespace="far"), ScriptedTools(namespace="none")]
    calls = [call("look", "c1", {}), call("look", "c2", {}, namespace="far"), call("look", "c3", {}, namespace="none")]
    async with open_session(tmp_path, clock, responses=[[*calls, completed()], says("done")], tools=tools) as bench:
        await plain.answer("c1", "near")
        await named.answer("c2", "far")
        await bench.run("go")
    assert (list(plain.calls), list(named.calls)) == (["c1"], ["c2"])
    first, second = bench.client.requests
    assert first.tools is not None
    assert first.tools[-2:] == [
        plain.spec,
        {"type": "namespace", "name": "far", "description": "For tests.", "tools": [named.spec]},
    ]
    assert outputs(second) == [("c1", "near"), ("c2", "far"), ("c3", "unsupported call: look")]
