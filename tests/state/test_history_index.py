"""What the index of a file tells is what decoding every line of it tells."""

import os
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import history_oracle
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rollout_lab import (
    SAMPLES,
    SOME_THREAD,
    agent_message,
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
from codex_trio.state.history.rollout_history import RolloutHistory
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
    StoredLine,
    TurnContext,
    encode_line,
)

# Each draw of a number below is a choice; these are few, so that lines often mean the same turn, item or call.
TURN_IDS = ("t1", "t2", "t3")
ITEM_IDS = ("i1", "i2", "i3", "i4")
CALL_IDS = ("c1", "c2")

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
    st.just(OtherPayload.of("world_state", {"full": True})),
    st.just(OtherPayload.of("hologram", [1])),
)
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
        line = encode_line(StoredLine(payload, "2026-11-22T12:00:00.000Z", ordinal))
        if number in torn:
            # The same ordinal twice, as a server that goes on after a failed write leaves it.
            lines.append(line[: len(line) * 2 // 3] + b"\n")
        lines.append(line)
        ordinal = None if ordinal is None else ordinal + 1
    return lines


def assert_same(history: RolloutHistory, path: Path, **options: Any) -> None:
    plain = history_oracle.load(path, with_model_history=True, **options)
    assert plain.model is not None
    assert everything(history) == plain.history
    assert history.model_history() == plain.model.items()


@pytest.mark.parametrize("path", sorted(SAMPLES.glob("*/rollout-*.jsonl")), ids=lambda path: path.parent.name)
def test_every_sample_reads_the_same(path: Path) -> None:
    def locate(thread_id: str, seen: frozenset[Path]) -> Path | None:
        return next((other for other in path.parent.glob(f"*{thread_id}*") if other not in seen), None)

    history = RolloutHistory.load(FileLines(path), locate_base=locator_of(locate))
    assert_same(history, path, locate_base=locate)
    for until in range(1, history.facts.next_ordinal, 9):
        part = RolloutHistory.load(FileLines(path), locate_base=locator_of(locate), until=until)
        assert_same(part, path, locate_base=locate, until=until)


@pytest.mark.parametrize("history_mode", ["paginated", None])
@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_any_lines_read_the_same_whenever_they_are_indexed(history_mode: str | None, data: st.DataObject) -> None:
    kinds = common if history_mode else common | older
    payloads = data.draw(st.lists(kinds, max_size=25))
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
    for number, (payload, line) in enumerate(zip([made.facts.meta, *payloads], [first, *rest], strict=True)):
        assert payload is not None
        made.append(payload, offset=offset, length=len(line), ordinal=number if paginated else None)
        offset += len(line)
    made.interrupted_before = history.interrupted_before
    return made


@settings(max_examples=40, deadline=None)
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
            assert_same(history, path, locate_base=locate)
            again = RolloutHistory.open(FileLines(path), locate_base=locator_of(locate))
            if restore(again, stored(history)):
                while not again.advance():
                    pass
                assert everything(again) == everything(history)
            end = data.draw(st.integers(1, len(own)))
            ordinal += end
            offset = len(encode(own[:end], first_ordinal=ordinal - end)) if data.draw(st.booleans()) else None
            base = HistoryBase(thread_id=thread_id, end_ordinal_exclusive=ordinal, end_byte_offset=offset)


def test_what_a_scan_passes_over_is_not_decoded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "rollout.jsonl"
    path.write_bytes(encode([meta(SOME_THREAD), *turn("x", "t", "hello", command("c", output="out"))], first_ordinal=0))
    seen: list[object] = []
    apply = SpanIndex.apply

    def spy(index: SpanIndex, payload: Any, *args: Any) -> None:
        seen.append(payload)
        apply(index, payload, *args)

    monkeypatch.setattr(SpanIndex, "apply", spy)
    history = RolloutHistory.load(FileLines(path))
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
