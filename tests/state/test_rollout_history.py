"""What the lines of a thread add up to, whatever a file holds."""

import json
import tempfile
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rollout_lab import (
    SAMPLES,
    SOME_THREAD,
    ThreadHistory,
    asked,
    command,
    completed,
    encode,
    everything,
    history_of,
    meta,
    model_message,
    read,
    turn,
    user_message,
)

from codex_trio.domain import items
from codex_trio.state.history.model_history import ModelHistoryBuilder
from codex_trio.state.history.rollout_history import RolloutHistory
from codex_trio.state.rollout.events import (
    AgentMessageEvent,
    AgentReasoningEvent,
    ContextCompactedEvent,
    ErrorEvent,
    ExecCommandEndEvent,
    McpToolCallEndEvent,
    TaskComplete,
    TaskStarted,
    ThreadRolledBack,
    TokenCount,
    TokenUsage,
    TokenUsageInfo,
    TurnAborted,
    TurnError,
    UserMessageEvent,
)
from codex_trio.state.rollout.file_lines import FileLines
from codex_trio.state.rollout.lines import Compacted, Payload, ResponseItem, StoredLine, decode_line


def started(turn_id: str) -> TaskStarted:
    return TaskStarted(turn_id=turn_id, started_at=10)


def ended(turn_id: str, **changes: Any) -> TaskComplete:
    return TaskComplete(turn_id=turn_id, last_agent_message=None, completed_at=11, duration_ms=900, **changes)


def ids(history: ThreadHistory) -> list[tuple[str, list[str]]]:
    return [(turn.id, [stored.item.id for stored in turn.items]) for turn in history.turns]


def test_a_failed_turn_keeps_its_error() -> None:
    error = TurnError(message="boom", codex_error_info={"http_connection_failed": {"http_status_code": 500}})
    [turn] = history_of(started("t"), ended("t", error=error)).turns
    assert (turn.status, turn.error, turn.started_at, turn.completed_at, turn.duration_ms) == (
        "failed",
        error,
        10,
        11,
        900,
    )


def test_an_interrupted_turn_is_interrupted() -> None:
    [turn] = history_of(started("t"), TurnAborted(turn_id="t", completed_at=12, duration_ms=5)).turns
    assert (turn.status, turn.completed_at) == ("interrupted", 12)


def test_a_running_turn_shows_what_it_has_done_so_far() -> None:
    [turn] = history_of(started("t"), completed("x", "t", user_message("go"))).turns
    assert turn.status == "in_progress"
    assert asked([turn]) == ["go"]


def test_a_command_that_outlives_its_turn_is_shown_where_it_began() -> None:
    late = completed("x", "t1", command("c1"))
    history = history_of(
        started("t1"), ended("t1"), started("t2"), completed("x", "t2", command("c2")), late, ended("t2")
    )
    assert ids(history) == [("t1", ["c1"]), ("t2", ["c2"])]
    # Over the whole thread, items come in the order in which they ended.
    assert [item.item.id for _, item in history.items()] == ["c2", "c1"]


def test_an_item_told_twice_counts_as_it_was_last() -> None:
    history = history_of(
        started("t"),
        completed("x", "t", command("c1", output="first")),
        completed("x", "t", command("c2")),
        completed("x", "t", command("c1", output="second", exit_code=1)),
    )
    first, second = history.turns[0].items
    assert (first.item.id, second.item.id) == ("c1", "c2")
    assert isinstance(first.item, items.CommandExecution)
    assert (first.item.aggregated_output, first.item.status) == ("second", "failed")


def test_rolled_back_turns_are_gone_and_stay_gone() -> None:
    history = history_of(
        *turn("x", "t1", "one"),
        *turn("x", "t2", "two"),
        *turn("x", "t3", "three"),
        ThreadRolledBack(num_turns=2),
        completed("x", "t3", command("late")),
        *turn("x", "t4", "four"),
    )
    assert asked(history.turns) == ["one", "four"]
    assert history_of(*turn("x", "t1", "one"), ThreadRolledBack(num_turns=9)).turns == []


def test_the_preview_is_what_the_user_asked_first() -> None:
    def preview(*content: dict[str, Any]) -> str:
        return history_of(completed("x", "t", items.UserMessage(id="u", content=list(content)))).preview

    text = {"type": "text", "text_elements": []}
    image = {"type": "image", "image_url": "data:image/png;base64,AA=="}
    assert preview({**text, "text": " one "}, {**text, "text": "two"}) == "one two"
    assert preview(image) == "[Image]"
    assert preview(image, {**text, "text": "what is this"}) == "what is this"
    assert preview({**text, "text": "# Files\na.py\n## My request for Codex:\nfix it\n"}) == "fix it"
    assert history_of(*turn("x", "t1", "first"), *turn("x", "t2", "second")).preview == "first"


def test_token_usage_is_that_of_the_last_answer_and_its_turn() -> None:
    def info(total: int) -> TokenUsageInfo:
        usage = TokenUsage(total_tokens=total)
        return TokenUsageInfo(total_token_usage=usage, last_token_usage=usage, model_context_window=1000)

    history = history_of(
        started("t1"), TokenCount(info=info(5)), ended("t1"), started("t2"), TokenCount(info=info(9)), TokenCount()
    )
    assert history.token_usage == info(9)
    assert history.token_usage_turn_id == "t2"


def test_older_events_without_turns_open_a_turn_for_each_user_message() -> None:
    history = history_of(
        UserMessageEvent(message="one", images=["data:x"], local_images=["/a.png"]),
        AgentReasoningEvent(text="A"),
        AgentReasoningEvent(text="B"),
        AgentMessageEvent(message="answer"),
        AgentMessageEvent(message=""),
        UserMessageEvent(message="two"),
        ContextCompactedEvent(),
    )
    assert ids(history) == [("rollout-0", ["item-1", "item-2", "item-3"]), ("rollout-5", ["item-4", "item-5"])]
    assert [turn.status for turn in history.turns] == ["completed", "completed"]
    assert history.turns[0].items[0].item == items.UserMessage(
        id="item-1",
        content=[
            {"type": "text", "text": "one", "text_elements": []},
            {"type": "image", "image_url": "data:x"},
            {"type": "local_image", "path": "/a.png"},
        ],
    )
    assert history.turns[0].items[1].item == items.Reasoning(id="item-2", summary_text=["A", "B"], raw_content=[])


def test_events_of_extended_histories_show_commands_tools_and_errors() -> None:
    history = history_of(
        started("t"),
        ExecCommandEndEvent(
            call_id="c", turn_id="t", command=["ls", "/x y"], cwd="/x y", aggregated_output="out", exit_code=2
        ),
        McpToolCallEndEvent(
            call_id="m", invocation={"server": "s", "tool": "t", "arguments": {"q": 1}}, result={"Err": "no"}
        ),
        ErrorEvent(message="boom", codex_error_info="other"),
        ended("t"),
    )
    [turn] = history.turns
    assert (turn.status, turn.error) == ("failed", TurnError(message="boom", codex_error_info="other"))
    ran, called = (stored.item for stored in turn.items)
    assert isinstance(ran, items.CommandExecution)
    assert (ran.cwd, ran.status, ran.exit_code) == ("file:///x%20y", "failed", 2)
    assert isinstance(called, items.McpToolCall)
    assert (called.arguments, called.status, called.error) == ({"q": 1}, "failed", {"message": "no"})


def test_a_command_of_an_older_thread_that_ran_on_gets_its_later_output() -> None:
    def call(call_id: str, name: str, **arguments: Any) -> ResponseItem:
        return ResponseItem.of(
            {"type": "function_call", "name": name, "call_id": call_id, "arguments": json.dumps(arguments)}
        )

    def output(call_id: str, text: str) -> ResponseItem:
        return ResponseItem.of({"type": "function_call_output", "call_id": call_id, "output": text})

    history = history_of(
        meta(SOME_THREAD, history_mode=None),
        started("t1"),
        call("c1", "exec_command", cmd="make", workdir="sub", login=False),
        output("c1", "Chunk ID: 1\nWall time: 1.5000 seconds\nProcess running with session ID 77\nOutput:\nbuilding\n"),
        ended("t1"),
        started("t2"),
        call("c2", "write_stdin", session_id=77, chars=""),
        output("c2", "Chunk ID: 2\nWall time: 1.0000 seconds\nProcess exited with code 2\nOutput:\nfailed\n"),
        call("c3", "exec_command", cmd="nope", workdir="/missing"),
        output("c3", "exec_command failed for `nope`: No such file or directory"),
        ended("t2"),
    )
    assert ids(history) == [("t1", ["c1"]), ("t2", [])]
    assert history.turns[0].items[0].item == items.CommandExecution(
        id="c1",
        process_id="77",
        command=["/bin/bash", "-c", "make"],
        cwd="file:///home/dev/work/sub",
        parsed_cmd=[items.UnknownCommand(cmd="make")],
        source="unified_exec_startup",
        status="failed",
        aggregated_output="building\nfailed\n",
        exit_code=2,
        duration=items.Duration(secs=1, nanos=500_000_000),
    )


@pytest.mark.parametrize(
    ("output", "status", "exit_code", "shown"),
    [
        ("just what it wrote\n", "completed", None, "just what it wrote\n"),
        ('{"output":"fine\\n","metadata":{"exit_code":0,"duration_seconds":1.5}}', "completed", 0, "fine\n"),
        ('{"output":"bad\\n","metadata":{"exit_code":2,"duration_seconds":0.0}}', "failed", 2, "bad\n"),
        ('{"output":"no code","metadata":{}}', "completed", None, "no code"),
        ('{"a": "command that writes JSON"}', "completed", None, '{"a": "command that writes JSON"}'),
        ("Exit code: 1\nWall time: 2 seconds\nOutput:\nExit code: 0\n", "failed", 1, "Exit code: 0\n"),
        ("Wall time: 2 seconds\nOutput:\nExit code: 7\nrejected by user\n" + "x" * 3000, "completed", None, None),
        ("aborted by user after 1.0s", "failed", None, "aborted by user after 1.0s"),
        (f"Exit code: {'9' * 5000}\nWall time: ..1 seconds\nOutput:\nodd", "completed", None, None),
    ],
)
def test_how_an_older_command_ended_is_told_as_far_as_it_is_known(
    output: str, status: str, exit_code: int | None, shown: str | None
) -> None:
    arguments = json.dumps({"command": ["bash", "-lc", "x"]})
    history = history_of(
        meta(SOME_THREAD, history_mode=None),
        started("t1"),
        ResponseItem.of({"type": "function_call", "name": "shell", "call_id": "c", "arguments": arguments}),
        ResponseItem.of({"type": "function_call_output", "call_id": "c", "output": output}),
        ended("t1"),
    )
    ran = history.turns[0].items[0].item
    assert isinstance(ran, items.CommandExecution)
    assert (ran.status, ran.exit_code) == (status, exit_code)
    if shown is not None:
        assert ran.aggregated_output == shown


# --- the model's history ---------------------------------------------------------------------------------------------


def model_texts(*payloads: Payload) -> list[str]:
    model = ModelHistoryBuilder()
    for payload in payloads:
        model.apply(StoredLine(payload, "", None))
    return [item["content"][0]["text"] for item in model.items()]


def test_a_compaction_replaces_what_the_model_sees() -> None:
    replacement = [{"type": "message", "role": "user", "content": [{"type": "input_text", "text": "summary"}]}]
    before = [model_message("user", "one"), model_message("assistant", "answer")]
    after = model_message("user", "two")
    assert model_texts(*before, Compacted(message="m", replacement_history=replacement), after) == ["summary", "two"]
    # Old files name no replacement: the user's messages stay, with the summary.
    context = model_message("user", "<environment_context>...")
    assert model_texts(context, *before, Compacted(message="m"), after) == ["one", "m", "two"]


def test_a_rollback_takes_what_followed_the_users_message_from_the_model() -> None:
    context = model_message("user", "<environment_context>...")
    lines = [
        context,
        *(part for text in "abc" for part in (model_message("user", text), model_message("assistant", text * 2))),
    ]
    assert model_texts(*lines, ThreadRolledBack(num_turns=1))[1:] == ["a", "aa", "b", "bb"]
    assert model_texts(*lines, ThreadRolledBack(num_turns=2), model_message("user", "d"))[1:] == ["a", "aa", "d"]
    assert model_texts(*lines, ThreadRolledBack(num_turns=7)) == []


def test_a_rollback_over_a_summary_gives_the_model_back_what_was_summed_up(tmp_path: Path) -> None:
    summary = Compacted(message="m", replacement_history=[model_message("user", "short").item()])

    def said(turn_id: str, *payloads: Payload) -> list[Payload]:
        return [started(turn_id), *payloads, ended(turn_id)]

    lines = [
        *said("t1", model_message("user", "a"), model_message("assistant", "aa")),
        *said("t2", model_message("user", "b"), model_message("assistant", "bb")),
        # A turn of its own, in which the user said nothing.
        *said("t3", summary),
        *said("t4", model_message("user", "c"), model_message("user", "and c"), model_message("assistant", "cc")),
    ]
    after = said("t5", model_message("user", "d"))
    expected = {
        0: ["short", "c", "and c", "cc", "d"],
        1: ["short", "d"],
        2: ["a", "aa", "b", "bb", "d"],
        3: ["a", "aa", "d"],
        9: ["d"],
    }

    def known(*rollbacks: int) -> list[str]:
        path = tmp_path / f"rollout-2026-11-22T12-00-00-{SOME_THREAD}.jsonl"
        path.write_bytes(encode([*lines, *(ThreadRolledBack(num_turns=number) for number in rollbacks), *after]))
        return [item["content"][0]["text"] for item in RolloutHistory.load(FileLines(path)).model_history()]

    assert {number: known(number) for number in expected} == expected
    assert known(1, 2) == expected[3]


def test_items_that_no_model_takes_are_left_out() -> None:
    model = ModelHistoryBuilder()
    ghost = ResponseItem.of({"type": "ghost_snapshot", "ghost_commit": {}})
    broken = ResponseItem(raw=msgspec.Raw(b"[1]"))
    hidden = ResponseItem.of({"type": "reasoning", "internal_chat_message_metadata_passthrough": {"turn_id": "t"}})
    for payload in (ghost, broken, hidden):
        model.apply(StoredLine(payload, "", None))
    assert model.items() == [{"type": "reasoning"}]


# --- files that are not what they should be --------------------------------------------------------------------------

SAMPLE_LINES = [line for path in SAMPLES.glob("*/rollout-*.jsonl") for line in path.read_bytes().splitlines()]
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


@given(st.binary(max_size=200))
def test_no_bytes_make_reading_fail(raw: bytes) -> None:
    decode_line(raw)


@settings(max_examples=50, deadline=None)
@given(st.data())
def test_no_damage_to_a_line_makes_reading_fail(data: st.DataObject) -> None:
    lines: list[bytes] = []
    for _ in range(6):
        raw = bytearray(data.draw(st.sampled_from(SAMPLE_LINES)))
        cut = data.draw(st.integers(min_value=0, max_value=len(raw)))
        raw[cut : cut + data.draw(st.integers(min_value=0, max_value=30))] = data.draw(st.binary(max_size=4))
        lines.append(bytes(raw))
    read_damaged(lines)


@settings(max_examples=50, deadline=None)
@given(st.data())
def test_no_values_in_an_event_make_reading_fail(data: st.DataObject) -> None:
    lines: list[bytes] = []
    for _ in range(4):
        line = json.loads(data.draw(st.sampled_from(SAMPLE_LINES)))
        payload = line["payload"]
        key = data.draw(st.sampled_from(sorted(payload)))
        payload[key] = data.draw(json_values)
        lines.append(json.dumps(line).encode())
    read_damaged(lines)


def read_damaged(lines: list[bytes]) -> None:
    """Read all that a file with these lines and a good one tells."""
    good = encode([meta(SOME_THREAD)])
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "rollout.jsonl"
        path.write_bytes(good + b"\n".join(lines) + b"\n")
        history = RolloutHistory.load(FileLines(path))
        everything(history)
        history.model_history()


def test_lines_of_unknown_kinds_are_kept_and_bad_ones_counted(tmp_path: Path) -> None:
    thread = "01a20340-e350-7ad0-9360-81adfe7f6dc5"
    lines = [
        {
            "timestamp": "t",
            "ordinal": 0,
            "type": "session_meta",
            "payload": {"id": thread, "history_mode": "paginated"},
        },
        {"timestamp": "t", "ordinal": 1, "type": "hologram", "payload": [1]},
        {"timestamp": "t", "ordinal": 2, "type": "event_msg", "payload": {"type": "hologram_shown", "x": 1}},
        {
            "timestamp": "t",
            "ordinal": 3,
            "type": "event_msg",
            "payload": {"type": "item_completed", "turn_id": "t", "item": {"type": "Hologram", "id": "h", "x": 1}},
        },
        {"timestamp": "t", "type": "turn_context", "payload": "not an object"},
        {"no": "type"},
    ]
    path = tmp_path / f"rollout-2026-11-22T12-35-13-{thread}.jsonl"
    path.write_text("\n".join(json.dumps(line) for line in lines) + '\n\n  \nnot json\n{"timestamp":"t","ty')
    history = RolloutHistory.load(FileLines(path))
    assert (history.facts.next_ordinal, history.bad_lines, history.ends_in_newline) == (4, 4, False)
    assert everything(history).turns[0].items[0].item == items.Other(raw={"type": "Hologram", "id": "h", "x": 1})


def test_a_file_without_metadata_is_the_thread_that_its_name_says(tmp_path: Path) -> None:
    thread = "01a20340-e350-7ad0-9360-81adfe7f6dc5"
    path = tmp_path / f"rollout-2026-11-22T12-35-13-{thread}.jsonl"
    path.write_text('{"timestamp":"t","type":"event_msg","payload":{"type":"user_message","message":"hi"}}\n')
    history = read(path)
    assert history.meta is not None
    assert (history.meta.id, history.meta.source) == (thread, "vscode")
    assert asked(history.turns) == ["hi"]
