"""What the index of a file tells is what decoding every line of it tells."""

import os
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import history_oracle
import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rollout_lab import (
    SAMPLES,
    SOME_THREAD,
    agent_message,
    as_json,
    command,
    completed,
    encode,
    everything,
    meta,
    model_message,
    turn,
    user_message,
)

from codex_trio.domain import items
from codex_trio.state.history.marks import Mark
from codex_trio.state.history.rollout_history import RolloutHistory
from codex_trio.state.history.span_values import LineSpan
from codex_trio.state.history.spans import SpanIndex
from codex_trio.state.history.stored_index import restore, stored
from codex_trio.state.rollout import events
from codex_trio.state.rollout.file_lines import FileLines, locator_of
from codex_trio.state.rollout.lines import (
    Compacted,
    HistoryBase,
    OtherPayload,
    Payload,
    ResponseItem,
    SessionMeta,
    StoredLine,
    TurnContext,
    encode_line,
)

# Each draw of a number below is a choice; these are few, so that lines often mean the same turn, item or call.
TURN_IDS = ("t1", "t2")
ITEM_IDS = ("i1", "i2", "i3")
CALL_IDS = ("c1", "c2")

OTHER_THREAD = SOME_THREAD[:-1] + "f"

REPLACEMENT = [{"type": "message", "role": "user", "content": [{"type": "input_text", "text": "summary"}]}]
USAGE = events.TokenUsage(total_tokens=5)
USAGE_INFO = events.TokenUsageInfo(total_token_usage=USAGE, last_token_usage=USAGE)


def call(call_id: str, name: str, arguments: str) -> ResponseItem:
    return ResponseItem.of({"type": "function_call", "name": name, "call_id": call_id, "arguments": arguments})


def output(call_id: str, value: Any) -> ResponseItem:
    return ResponseItem.of({"type": "function_call_output", "call_id": call_id, "output": value})


def shell(code: int) -> ResponseItem:
    text = (
        f"<user_shell_command>\n<command>\nls\n</command>\n<result>\nExit code: {code}\nDuration: 0.5 seconds\n"
        "Output:\nout\n</result>\n</user_shell_command>"
    )
    return model_message("user", text)


def restated(thread_id: str, cwd: str) -> SessionMeta:
    """Return a later line on what a thread is, which may be another one."""
    return meta(thread_id, history_mode="paginated", cwd=cwd, memory_mode="disabled", forked_from_id=OTHER_THREAD)


def told_more(turn_id: str, item_id: str) -> events.InputAccepted:
    said = msgspec.structs.replace(user_message("more"), id=item_id)
    return events.InputAccepted(turn_id=turn_id, item=said, history=[], accepted_at_ms=3)


def ended_command(call_id: str, turn_id: str, code: int) -> events.ExecCommandEndEvent:
    return events.ExecCommandEndEvent(
        call_id=call_id, turn_id=turn_id, command=["ls"], cwd="/a", aggregated_output="out", exit_code=code
    )


turn_ids = st.sampled_from(TURN_IDS)
call_ids = st.sampled_from(CALL_IDS)
texts = st.sampled_from(["", "a", "b"])
stored_items = st.one_of(
    st.builds(command, st.sampled_from(ITEM_IDS + CALL_IDS), output=texts),
    st.builds(items.Reasoning, id=st.sampled_from(ITEM_IDS), summary_text=st.lists(texts, max_size=2)),
    st.builds(user_message, texts),
    st.builds(agent_message, texts),
    st.builds(lambda item_id: items.Other(raw={"type": "Hologram", "id": item_id}), st.sampled_from(ITEM_IDS)),
)
common = st.one_of(
    st.builds(lambda turn_id: events.TaskStarted(turn_id=turn_id, started_at=1), turn_ids),
    st.builds(
        lambda turn_id, error: events.TaskComplete(turn_id=turn_id, last_agent_message=None, error=error),
        turn_ids,
        st.none() | st.just(events.TurnError(message="boom")),
    ),
    st.builds(lambda turn_id: events.TurnAborted(turn_id=turn_id), st.none() | turn_ids),
    st.builds(lambda turn_id, item: completed("x", turn_id, item), turn_ids, stored_items),
    st.builds(lambda number: events.ThreadRolledBack(num_turns=number), st.integers(0, 3)),
    st.builds(lambda info: events.TokenCount(info=info), st.none() | st.just(USAGE_INFO)),
    st.builds(lambda cwd: TurnContext(cwd=cwd), st.sampled_from(["/a", "/b"])),
    st.builds(lambda both: Compacted(message="m", replacement_history=both), st.none() | st.just(REPLACEMENT)),
    st.builds(model_message, st.sampled_from(["user", "assistant"]), texts),
    st.builds(restated, st.sampled_from([SOME_THREAD, OTHER_THREAD]), st.sampled_from(["/home/dev/work", "/c"])),
    st.builds(lambda model: events.ThreadSettingsApplied(thread_id="x", thread_settings={"model": model}), texts),
    st.builds(lambda goal: events.ThreadGoalUpdated(goal=goal), st.none() | st.just({"objective": "ship"})),
    st.builds(lambda used: events.TokenCount(rate_limits={"primary": {"used_percent": used}}), st.integers(0, 9)),
    st.just(OtherPayload.of("world_state", {"full": True})),
    st.just(OtherPayload.of("hologram", [1])),
)
steering = st.builds(told_more, turn_ids, st.sampled_from(ITEM_IDS))
older = st.one_of(
    st.builds(lambda text: events.UserMessageEvent(message=text), texts),
    st.builds(lambda text: events.AgentMessageEvent(message=text), texts),
    st.builds(lambda text: events.AgentReasoningEvent(text=text), texts),
    st.builds(lambda text: events.AgentReasoningRawEvent(text=text), texts),
    st.builds(lambda text: events.AgentMessageEvent(message=text, item_id="i1"), texts),
    st.builds(
        lambda call_id, turn_id: events.PatchApplyEndEvent(call_id=call_id, turn_id=turn_id, success=True),
        call_ids,
        turn_ids | st.just(""),
    ),
    st.builds(events.ContextCompactedEvent),
    st.builds(lambda call_id: events.WebSearchEndEvent(call_id=call_id, query="q"), call_ids),
    st.builds(lambda: events.EnteredReviewModeEvent(target={"type": "custom"}, user_facing_hint="all")),
    st.builds(lambda output: events.ExitedReviewModeEvent(review_output=output), st.none() | st.just({"findings": []})),
    st.builds(ended_command, call_ids, turn_ids | st.just(""), st.integers(0, 1)),
    st.builds(lambda: events.ErrorEvent(message="boom")),
    st.builds(call, call_ids, st.just("exec_command"), st.sampled_from(['{"cmd":"ls"}', '{"cmd":"x","workdir":"w"}'])),
    st.builds(call, call_ids, st.just("write_stdin"), st.just('{"session_id":7}')),
    st.builds(call, call_ids, st.just("view_image"), st.just('{"path":"p.png"}')),
    st.builds(call, call_ids, st.just("mine"), st.just("{}")),
    st.builds(
        output,
        call_ids,
        st.sampled_from(
            [
                "Process running with session ID 7\nOutput:\nx",
                "Process exited with code 1\nOutput:\ny",
                "exec_command failed",
                [{"type": "input_image", "image_url": "data:x"}],
            ]
        ),
    ),
    st.builds(shell, st.integers(0, 1)),
)


def lines_of(history_mode: str | None, payloads: Sequence[Payload], torn: Sequence[int]) -> list[bytes]:
    """Return the lines of a file, some of them with what a failed write left in front of them."""
    ordinal = 0 if history_mode else None
    lines: list[bytes] = []
    tools = None if history_mode else [{"name": "mine"}]
    for number, payload in enumerate([meta(SOME_THREAD, history_mode=history_mode, dynamic_tools=tools), *payloads]):
        has_place = ordinal is not None and not isinstance(payload, events.InputAccepted)
        line = encode_line(StoredLine(payload, "2026-11-22T12:00:00.000Z", ordinal if has_place else None))
        if number in torn:
            # The same ordinal twice, as a server that goes on after a failed write leaves it.
            lines.append(line[: len(line) * 2 // 3] + b"\n")
        lines.append(line)
        ordinal = None if ordinal is None else ordinal + has_place
    return lines


META = (
    *("id", "session_id", "parent_thread_id", "forked_from_id", "forked_from_ordinal_exclusive", "timestamp", "cwd"),
    *("source", "model_provider", "dynamic_tools", "memory_mode", "history_mode", "history_base", "git"),
)
CONTEXT = ("turn_id", "root_turn_id", "cwd", "approval_policy", "sandbox_policy", "model", "effort", "personality")
COUNTS = ("input_tokens", "cached_input_tokens", "output_tokens", "reasoning_output_tokens", "total_tokens")


def assert_same(
    history: RolloutHistory, path: Path, locate: history_oracle.Locate | None = None, **options: Any
) -> None:
    shown, told = as_json(history), history_oracle.read_thread(path, locate, **options)
    for one in (shown, told):
        one["facts"] |= known_facts(one["facts"])
    assert shown == told


def known_facts(facts: dict[str, Any]) -> dict[str, Any]:
    """Return those facts of which a file holds more than anybody here asks for, without the rest."""
    usage = facts.get("token_usage") or {}
    sums = [usage.get(key, {}) for key in ("total_token_usage", "last_token_usage")]
    return {
        "meta": chosen(facts["meta"], META),
        "turn_context": chosen(facts.get("turn_context", {}), CONTEXT),
        "token_usage": [chosen(one, COUNTS) for one in sums] + [usage.get("model_context_window")],
        "preview": facts.get("preview", ""),
    }


def chosen(value: dict[str, Any], keys: Sequence[str]) -> dict[str, Any]:
    return {key: value[key] for key in keys if key in value}


@pytest.mark.parametrize("path", sorted(SAMPLES.glob("*/rollout-*.jsonl")), ids=lambda path: path.parent.name)
def test_every_sample_reads_the_same(path: Path) -> None:
    def locate(thread_id: str, seen: frozenset[Path]) -> Path | None:
        return next((other for other in path.parent.glob(f"*{thread_id}*") if other not in seen), None)

    history = RolloutHistory.load(FileLines(path), locate_base=locator_of(locate))
    assert_same(history, path, locate)
    for until in range(1, history.facts.next_ordinal, 9):
        part = RolloutHistory.load(FileLines(path), locate_base=locator_of(locate), until=until)
        assert_same(part, path, locate, until=until)


@pytest.mark.parametrize("history_mode", ["paginated", None])
@settings(max_examples=100, derandomize=True, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_any_lines_read_the_same_whenever_they_are_indexed(history_mode: str | None, data: st.DataObject) -> None:
    kinds = common | steering if history_mode else common | steering | older
    # Lists of any size up to that, not mostly of short ones.
    size = data.draw(st.integers(0, 40))
    payloads = data.draw(st.lists(kinds, min_size=size, max_size=size))
    torn = data.draw(st.lists(st.integers(1, max(len(payloads), 1)), max_size=2))
    lines = lines_of(history_mode, payloads, torn)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(lines)), max_size=3)))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "rollout.jsonl"
        path.write_bytes(b"".join(lines[: max(cuts[0], 1)] if cuts else lines))
        history = RolloutHistory.load(FileLines(path))
        for cut in [*cuts[1:], len(lines)] if cuts else []:
            # The file grows, with half a line at its end for a while.
            path.write_bytes(b"".join(lines[: max(cut, 1)]) + (lines[cut][:40] if cut < len(lines) else b""))
            if data.draw(st.booleans()):
                # Another process takes it up from here.
                kept = stored(history)
                history = RolloutHistory.open(FileLines(path))
                assert restore(history, kept)
            while not history.advance(max_bytes=300):
                pass
        assert_same(history, path)
        # As the recorder has it, which applies what it writes.
        if not torn:
            assert everything(applied(history, payloads, path)) == everything(history)


def applied(history: RolloutHistory, payloads: Sequence[Payload], path: Path) -> RolloutHistory:
    first, *rest = path.read_bytes().splitlines(keepends=True)
    made = RolloutHistory.new(FileLines(path), history.facts.meta or meta(SOME_THREAD))
    offset = 0
    paginated = made.index.takes_marks
    ordinal = 0
    for payload, line in zip([made.facts.meta, *payloads], [first, *rest], strict=True):
        assert payload is not None
        has_place = paginated and not isinstance(payload, events.InputAccepted)
        made.append(payload, offset=offset, length=len(line), ordinal=ordinal if has_place else None)
        offset += len(line)
        ordinal += has_place
    made.interrupted_before = history.interrupted_before
    return made


@settings(max_examples=40, derandomize=True, deadline=None)
@given(data=st.data())
def test_forks_of_forks_read_the_same(data: st.DataObject) -> None:
    with tempfile.TemporaryDirectory() as folder:
        paths: dict[str, Path] = {}

        def locate(thread_id: str, seen: frozenset[Path]) -> Path | None:
            path = paths.get(thread_id)
            return None if path in seen else path

        base = None
        ordinal = 0
        for number in range(3):
            thread_id = SOME_THREAD[:-1] + f"{number:x}"
            payloads = data.draw(st.lists(common, max_size=8))
            own = [meta(thread_id, history_base=base), *payloads]
            path = paths[thread_id] = Path(folder) / f"{thread_id}.jsonl"
            path.write_bytes(encode(own, first_ordinal=ordinal))
            history = RolloutHistory.load(FileLines(path), locate_base=locator_of(locate))
            assert_same(history, path, locate)
            again = RolloutHistory.open(FileLines(path), locate_base=locator_of(locate))
            if restore(again, stored(history)):
                while not again.advance():
                    pass
                assert everything(again) == everything(history)
            end = data.draw(st.integers(1, len(own)))
            ordinal += end
            offset = len(encode(own[:end], first_ordinal=ordinal - end)) if data.draw(st.booleans()) else None
            base = HistoryBase(thread_id=thread_id, end_ordinal_exclusive=ordinal, end_byte_offset=offset)


RUNS_ON = [
    call("c1", "exec_command", '{"cmd":"make"}'),
    output("c1", "Process running with session ID 7\nOutput:\nx"),
]
ENDS = [call("c2", "write_stdin", '{"session_id":7}'), output("c2", "Process exited with code 1\nOutput:\ny")]
BEGINS, GOES_ON = (events.TaskStarted(turn_id=turn_id, started_at=1) for turn_id in TURN_IDS[:2])


@pytest.mark.parametrize(
    "lines",
    [
        [BEGINS, *RUNS_ON, events.ThreadRolledBack(num_turns=1), GOES_ON, *ENDS],
        [*RUNS_ON, GOES_ON, *ENDS],
        [BEGINS, completed("x", "t1", command("c1")), *RUNS_ON, GOES_ON, *ENDS],
    ],
    ids=["rolled back", "outside of turns", "stored as an item"],
)
def test_the_end_of_a_command_that_is_not_shown_is_no_item(lines: Sequence[Payload], tmp_path: Path) -> None:
    path = tmp_path / "rollout.jsonl"
    path.write_bytes(b"".join(lines_of(None, lines, ())))
    history = RolloutHistory.load(FileLines(path))
    assert_same(history, path)
    assert history.index.snapshot(history.index.turns[-1]).items() == []


ROLLED_BACK = events.ThreadRolledBack(num_turns=1)
ENDED = events.TaskComplete(turn_id="t1", last_agent_message=None)
THOUGHT = events.AgentReasoningEvent(text="a")


@pytest.mark.parametrize(
    "lines",
    [
        [BEGINS, ROLLED_BACK, GOES_ON, ENDED],
        [BEGINS, ROLLED_BACK, completed("x", "t1", command("i1")), BEGINS, completed("x", "t1", command("i2"))],
        [BEGINS, told_more("t1", "i1"), told_more("t1", "i2"), completed("x", "t1", command("i1"))],
        [BEGINS, THOUGHT, *RUNS_ON, THOUGHT],
        [completed("x", "t1", command("i1")), GOES_ON, BEGINS, ENDED],
    ],
    ids=["ends after a rollback", "begins again", "takes up one input", "thinks on", "begins after its item"],
)
def test_what_seldom_meets_reads_the_same(lines: Sequence[Payload], tmp_path: Path) -> None:
    path = tmp_path / "rollout.jsonl"
    path.write_bytes(b"".join(lines_of(None, lines, ())))
    assert_same(RolloutHistory.load(FileLines(path)), path)


def test_what_a_scan_passes_over_is_not_decoded(tmp_path: Path) -> None:
    path = tmp_path / "rollout.jsonl"
    path.write_bytes(encode([meta(SOME_THREAD), *turn("x", "t", "hello", command("c", output="out"))], first_ordinal=0))
    seen: list[object] = []

    class Noting(SpanIndex):
        def apply(self, payload: Payload | Mark, line: LineSpan, ordinal: int | None) -> None:
            seen.append(payload)
            super().apply(payload, line, ordinal)

    history = RolloutHistory.open(FileLines(path))
    history.take_up(Noting(), bad_lines=0)
    while not history.advance():
        pass
    # The model's items are not even looked at.
    assert len(seen) == history.facts.next_ordinal - 2
    # Only the first message of the user is read in full, for the preview.
    assert sum(isinstance(payload, events.ItemCompletedLine) for payload in seen) == 1


def test_lines_longer_than_what_is_read_at_once_are_found_and_read(tmp_path: Path) -> None:
    path = tmp_path / "rollout.jsonl"
    big = "x" * 3_000_000
    lines = [
        meta(SOME_THREAD),
        *turn("x", "t", "hello", command("c", output=big), command("d")),
        model_message("user", big),
    ]
    path.write_bytes(encode(lines, first_ordinal=0))
    history = RolloutHistory.load(FileLines(path))
    assert_same(history, path)


def test_a_file_that_moves_meanwhile_is_found_again(tmp_path: Path) -> None:
    path, moved = tmp_path / "rollout.jsonl", tmp_path / "moved.jsonl"
    path.write_bytes(encode([meta(SOME_THREAD), *turn("x", "t", "hello")], first_ordinal=0))
    locate = locator_of(lambda _id, seen: next(iter({path, moved} - seen - {path}), None))
    history = RolloutHistory.load(FileLines(path), locate_base=locate)
    os.rename(path, moved)
    assert [item.item.id for item in everything(history).turns[0].items]
