"""What a thread records is in its file when append returns, and reads back as it was."""

import json
import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest
import trio
import trio.testing
from rollout_lab import (
    SAMPLES,
    asked,
    command,
    completed,
    everything,
    file_lines,
    file_of,
    meta,
    new_path,
    patch,
    read,
    reopen,
    told,
    turn,
    user_message,
)

from codex_trio.domain import items
from codex_trio.domain.ids import uuid7
from codex_trio.state.history.recorder import EphemeralRecorder, RolloutRecorder, ThreadRecorder
from codex_trio.state.history.rollout_history import RolloutHistory
from codex_trio.state.rollout.errors import RolloutReadError, RolloutWriteError
from codex_trio.state.rollout.events import (
    ErrorEvent,
    PatchApplyEndEvent,
    TaskComplete,
    TaskStarted,
    ThreadGoalUpdated,
    TurnAborted,
)
from codex_trio.state.rollout.file_lines import FileLines
from codex_trio.state.rollout.lines import (
    GitInfo,
    OtherPayload,
    Payload,
    SessionMeta,
    StoredLine,
    TurnContext,
    encode_line,
)
from codex_trio.util.clock import now_ms


def recorder_at(home: Path, **changes: Any) -> RolloutRecorder:
    thread_id = uuid7()
    return RolloutRecorder.create(FileLines(new_path(home, thread_id)), meta(thread_id, **changes))


async def test_others_go_on_while_very_many_lines_are_encoded(tmp_path: Path) -> None:
    thread_id, gone_on = uuid7(), threading.Event()
    source = FileLines(new_path(tmp_path / "home", thread_id))

    def encode_when_others_went_on(line: StoredLine) -> bytes:
        assert gone_on.wait(30)
        return encode_line(line)

    history = RolloutHistory.new(source, meta(thread_id))
    recorder = RolloutRecorder(history, source.writer(size=None), now_ms, encode=encode_when_others_went_on)
    said = [completed(thread_id, "t", user_message(f"word {number}")) for number in range(3000)]
    async with trio.open_nursery() as nursery:
        nursery.start_soon(recorder.append, said)
        await trio.testing.wait_all_tasks_blocked()
        nursery.start_soon(recorder.append, [completed(thread_id, "t", user_message("the last"))])
        await trio.testing.wait_all_tasks_blocked()
        gone_on.set()
    assert recorder.path is not None
    texts = [line for line in file_of(recorder).read_text().splitlines() if '"item_completed"' in line]
    assert len(texts) == 3001
    assert [line.count(f'"word {number}"') for number, line in enumerate(texts[:3000])] == [1] * 3000
    assert '"the last"' in texts[-1]
    await recorder.aclose()


async def test_others_run_between_long_lines_and_what_is_recorded_meanwhile_comes_after(tmp_path: Path) -> None:
    thread_id, order = uuid7(), list[str]()
    source = FileLines(new_path(tmp_path / "home", thread_id))

    def note(line: StoredLine) -> bytes:
        order.append("encoded")
        return encode_line(line)

    history = RolloutHistory.new(source, meta(thread_id))
    recorder = RolloutRecorder(history, source.writer(size=None), now_ms, encode=note)
    await recorder.materialize()
    order.clear()

    async def other() -> None:
        while not order:
            await trio.lowlevel.checkpoint()
        order.append("another ran")

    said = [completed(thread_id, "t", user_message(word * 2_000_000)) for word in "abc"]
    async with trio.open_nursery() as nursery:
        nursery.start_soon(other)
        nursery.start_soon(recorder.append, said)
        while "another ran" not in order:
            await trio.lowlevel.checkpoint()
        await recorder.append([completed(thread_id, "t", user_message("the last"))])
    assert order.index("another ran") < len(said)
    assert recorder.path is not None
    lines = [line for line in file_of(recorder).read_text().splitlines() if '"item_completed"' in line]
    assert [word * 2_000_000 in line for word, line in zip("abc", lines[:3], strict=True)] == [True] * 3
    assert '"the last"' in lines[3]
    await recorder.aclose()


async def test_a_thread_leaves_nothing_on_disk_before_its_first_turn(tmp_path: Path) -> None:
    recorder = recorder_at(tmp_path / "home")
    assert not (tmp_path / "home").exists()
    assert not recorder.is_materialized

    await recorder.append(turn(recorder.meta.id, uuid7(), "hello"))

    assert recorder.is_materialized
    assert file_of(recorder).parent == tmp_path / "home/sessions/2026/11/22"
    assert [line["type"] for line in file_lines(file_of(recorder))][:2] == ["session_meta", "event_msg"]
    assert file_of(recorder).stat().st_mode & 0o777 == 0o600
    assert {folder.stat().st_mode & 0o777 for folder in (tmp_path / "home").rglob("*") if folder.is_dir()} == {0o700}


async def test_what_was_streamed_is_what_reads_back(tmp_path: Path) -> None:
    recorder = recorder_at(tmp_path)
    thread_id, turn_id = recorder.meta.id, uuid7()
    all_kinds = [
        items.Reasoning(id="rs", summary_text=["**Thinking**"], raw_content=["raw"]),
        command("c1"),
        command("c2", exit_code=3),
        patch("c3"),
        items.ImageView(id="c4", path="file:///home/dev/work/a%20b.png"),
        items.Plan(id="p", text="1. do it"),
        items.WebSearch(id="w", query="trio", action={"type": "search", "query": "trio"}),
        items.DynamicToolCall(id="d", tool="t", arguments={"a": 1}, status="completed", success=True),
        items.ContextCompaction(id="x"),
        items.EnteredReviewMode(id="r1", target={"type": "custom", "instructions": "i"}, user_facing_hint="i"),
        items.ExitedReviewMode(id="r2", review_output={"overall_explanation": "fine"}),
        items.Other(raw={"type": "Hologram", "id": "h", "shape": [1, 2]}),
    ]
    await recorder.append([TurnContext(cwd="/home/dev/work", turn_id=turn_id, model="m", approval_policy="never")])
    await recorder.append(turn(thread_id, turn_id, "hello", *all_kinds))
    await recorder.append([ThreadGoalUpdated(thread_id=thread_id, goal={"objective": "o"})])
    await recorder.append([OtherPayload.of("world_state", {"full": True})])

    again = read(file_of(recorder))
    assert again.turns == everything(recorder.history).turns
    assert again.turn_context == recorder.facts.turn_context
    assert again.meta == recorder.meta
    assert (again.preview, again.goal, again.next_ordinal) == (
        "hello",
        {"objective": "o"},
        recorder.facts.next_ordinal,
    )
    assert [line["ordinal"] for line in file_lines(file_of(recorder))] == list(range(again.next_ordinal))


async def test_a_resumed_thread_goes_on_where_it_ended(tmp_path: Path) -> None:
    recorder = recorder_at(tmp_path)
    thread_id = recorder.meta.id
    await recorder.append(turn(thread_id, uuid7(), "one"))
    await recorder.append([TaskStarted(turn_id="cut-short"), completed(thread_id, "cut-short", user_message("two"))])
    await recorder.aclose()

    opened = await reopen(file_of(recorder))
    assert [turn.status for turn in everything(opened.history).turns] == ["completed", "interrupted"]
    assert [item["role"] for item in (await opened.model_past()).items] == ["user", "assistant"]
    await opened.append(turn(thread_id, uuid7(), "three"))

    assert asked(read(file_of(opened)).turns) == ["one", "two", "three"]
    ordinals = [line["ordinal"] for line in file_lines(file_of(recorder))]
    assert ordinals == list(range(len(ordinals)))


async def test_a_last_line_torn_anywhere_is_skipped_and_the_next_one_starts_afresh(tmp_path: Path) -> None:
    recorder = recorder_at(tmp_path)
    thread_id = recorder.meta.id
    await recorder.append(turn(thread_id, uuid7(), "one"))
    whole = file_of(recorder).read_bytes()
    await recorder.append([completed(thread_id, "t2", user_message("two"))])
    longer = file_of(recorder).read_bytes()

    for length in range(len(whole), len(longer), 7):
        file_of(recorder).write_bytes(longer[:length])
        opened = await reopen(file_of(recorder))
        assert opened.history.bad_lines == (0 if length == len(whole) else 1)
        assert asked(everything(opened.history).turns) == ["one"]
        await opened.append([completed(thread_id, "t3", user_message("three"))])
        await opened.aclose()
        assert asked(read(file_of(opened)).turns) == ["one", "three"]
        ordinals = [line["ordinal"] for line in file_lines(file_of(recorder))]
        assert ordinals == list(range(len(ordinals)))
        # Nothing that was there is changed.
        assert file_of(recorder).read_bytes().startswith(longer[:length])


async def test_a_line_that_another_process_leaves_torn_meanwhile_costs_no_later_one(tmp_path: Path) -> None:
    recorder = recorder_at(tmp_path)
    thread_id = recorder.meta.id
    await recorder.append([TaskStarted(turn_id="turn")])
    for text in ("one", "two"):
        with file_of(recorder).open("ab") as other:
            other.write(b'{"timestamp":"2026-01-01T00:00:00.000Z","type":"event_msg","pay')
        await recorder.append([completed(thread_id, "turn", user_message(text))])
    assert asked(everything(recorder.history).turns) == ["one", "two"]
    assert asked(read(file_of(recorder)).turns) == ["one", "two"]


async def test_a_last_line_without_its_newline_still_counts(tmp_path: Path) -> None:
    recorder = recorder_at(tmp_path)
    thread_id = recorder.meta.id
    await recorder.append(turn(thread_id, uuid7(), "one"))
    file_of(recorder).write_bytes(file_of(recorder).read_bytes().rstrip(b"\n"))

    opened = await reopen(file_of(recorder))
    assert everything(opened.history).turns[0].status == "completed"
    await opened.append(turn(thread_id, uuid7(), "two"))
    assert asked(read(file_of(opened)).turns) == ["one", "two"]


CHILD = """
import sys, trio
sys.path.insert(0, {tests!r})
from pathlib import Path
from rollout_lab import meta, command, completed, everything
from codex_trio.state.rollout.file_lines import FileLines
from codex_trio.state.history.recorder import RolloutRecorder

async def main():
    recorder = RolloutRecorder.create(FileLines(Path(sys.argv[1])), meta({thread_id!r}))
    number = 0
    while True:
        output = "x" * (number * 977 % 40_000)
        parts = [command(f"c{{number}}-{{part}}", output=output) for part in (0, 1)]
        await recorder.append([completed({thread_id!r}, "turn", part) for part in parts])
        print(number, flush=True)
        number += 1

trio.run(main)
"""


@pytest.mark.parametrize("acknowledged", [0, 5, 40])
def test_a_killed_server_loses_nothing_that_it_had_acknowledged(tmp_path: Path, acknowledged: int) -> None:
    thread_id = uuid7()
    path = new_path(tmp_path, thread_id)
    code = CHILD.format(tests=str(Path(__file__).parent), thread_id=thread_id)
    child = subprocess.Popen([sys.executable, "-c", code, str(path)], stdout=subprocess.PIPE, env=child_env(tmp_path))
    assert child.stdout is not None
    last = -1
    for line in child.stdout:
        last = int(line)
        if last >= acknowledged:
            child.kill()
            break
    # What it acknowledged before it died is still in the pipe.
    last = max([last, *(int(line) for line in child.stdout.read().split())])
    child.stdout.close()
    child.wait()

    history = RolloutHistory.load(FileLines(path))
    turns = everything(history).turns
    found = {stored.item.id for stored in turns[0].items}
    assert {f"c{number}-{part}" for number in range(last + 1) for part in (0, 1)} <= found
    assert history.bad_lines <= 1
    assert turns[0].status == "interrupted"


FULL_DISK = """
import resource, sys, trio
sys.path.insert(0, {tests!r})
from pathlib import Path
from rollout_lab import meta, command, completed, everything
from codex_trio.state.rollout.file_lines import FileLines
from codex_trio.state.history.recorder import RolloutRecorder
from codex_trio.state.rollout.errors import RolloutWriteError

def limit(size):
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))

async def main():
    path = Path(sys.argv[1])
    recorder = RolloutRecorder.create(FileLines(path), meta({thread_id!r}))

    async def append(item_id):
        try:
            await recorder.append([completed({thread_id!r}, "turn", command(item_id, output="x" * 500))])
        except RolloutWriteError as error:
            assert error.errno, error
            return "refused"
        return "stored"

    limit(100)
    assert await append("a") == "refused"
    assert not path.exists() and not recorder.is_materialized and not everything(recorder.history).turns
    limit(1_000_000)
    assert await append("b") == "stored"
    size = path.stat().st_size
    for room in (0, 1, 300):
        limit(size + room)
        assert await append("c") == "refused"
        assert path.stat().st_size == size
        assert [i.item.id for i in everything(recorder.history).turns[0].items] == ["b"]
    limit(1_000_000)
    assert await append("d") == "stored"
    print([i.item.id for i in everything(recorder.history).turns[0].items])

trio.run(main)
"""


def test_a_full_disk_refuses_the_lines_and_leaves_none_of_them_behind(tmp_path: Path) -> None:
    thread_id = uuid7()
    path = new_path(tmp_path, thread_id)
    code = FULL_DISK.format(tests=str(Path(__file__).parent), thread_id=thread_id)
    done = subprocess.run(
        [sys.executable, "-c", code, str(path)], capture_output=True, env=child_env(tmp_path), text=True, check=False
    )
    assert (done.stdout.strip(), done.stderr) == ("['b', 'd']", "")
    history = RolloutHistory.load(FileLines(path))
    turns = everything(history).turns
    assert [stored.item.id for stored in turns[0].items] == ["b", "d"]
    assert history.bad_lines == 0
    assert [line["ordinal"] for line in file_lines(path)] == [0, 1, 2]


def child_env(tmp_path: Path) -> dict[str, str]:
    root = Path(__file__).parent.parent.parent
    return {
        "HOME": str(tmp_path),
        "TMPDIR": str(tmp_path),
        "PATH": "/usr/bin:/bin",
        "PYTHONPATH": f"{root}:{root / 'protocol'}",
        "PYTHONDONTWRITEBYTECODE": "1",
    }


async def test_a_folder_that_cannot_be_made_is_a_write_error(tmp_path: Path) -> None:
    (tmp_path / "sessions").write_text("not a folder")
    recorder = recorder_at(tmp_path)
    with pytest.raises(RolloutWriteError, match="failed to write rollout") as caught:
        await recorder.append(turn(recorder.meta.id, uuid7(), "hello"))
    assert caught.value.errno
    assert not everything(recorder.history).turns


async def test_another_threads_file_is_never_appended_to(tmp_path: Path) -> None:
    recorder = recorder_at(tmp_path)
    file_of(recorder).parent.mkdir(parents=True)
    file_of(recorder).write_text("precious\n")
    with pytest.raises(RolloutWriteError, match="File exists"):
        await recorder.append(turn(recorder.meta.id, uuid7(), "hello"))
    assert file_of(recorder).read_text() == "precious\n"


async def test_lines_recorded_at_the_same_time_keep_whole_and_in_order(tmp_path: Path) -> None:
    recorder = recorder_at(tmp_path)
    thread_id = recorder.meta.id

    async def write(writer: int) -> None:
        for number in range(20):
            await recorder.append([completed(thread_id, f"t{writer}", command(f"c{number}"))])

    with trio.fail_after(10):
        async with trio.open_nursery() as nursery:
            for writer in range(4):
                nursery.start_soon(write, writer)
    again = read(file_of(recorder))
    assert [turn.items for turn in again.turns] == [turn.items for turn in everything(recorder.history).turns]
    expected = [f"c{number}" for number in range(20)]
    assert all([stored.item.id for stored in turn.items] == expected for turn in again.turns)


async def test_a_cancelled_append_stores_all_or_nothing(tmp_path: Path) -> None:
    recorder = recorder_at(tmp_path)
    thread_id = recorder.meta.id
    await recorder.append(turn(thread_id, uuid7(), "one"))
    with trio.CancelScope() as scope:
        scope.cancel()
        await recorder.append(turn(thread_id, uuid7(), "two"))
    assert scope.cancelled_caught
    assert asked(everything(recorder.history).turns) == ["one"]
    await recorder.append(turn(thread_id, uuid7(), "three"))
    assert asked(read(file_of(recorder)).turns) == ["one", "three"]


async def test_metadata_changed_before_the_first_turn_is_what_the_file_starts_with(tmp_path: Path) -> None:
    recorder = recorder_at(tmp_path)
    changed = meta(recorder.meta.id, git=GitInfo(branch="main"))
    await recorder.update_meta(changed)
    assert not file_of(recorder).exists()
    await recorder.materialize()
    await recorder.materialize()
    assert [line["payload"]["git"] for line in file_lines(file_of(recorder))] == [{"branch": "main"}]


async def test_metadata_changed_later_counts_from_then_on(tmp_path: Path) -> None:
    recorder = recorder_at(tmp_path)
    await recorder.append(turn(recorder.meta.id, uuid7(), "one"))
    await recorder.update_meta(meta(recorder.meta.id, memory_mode="disabled"))
    assert read(file_of(recorder)).meta == recorder.meta
    assert recorder.meta.memory_mode == "disabled"


async def test_a_closed_thread_takes_no_more_lines(tmp_path: Path) -> None:
    recorder = recorder_at(tmp_path)
    await recorder.append(turn(recorder.meta.id, uuid7(), "one"))
    await recorder.aclose()
    with pytest.raises(RolloutWriteError, match="the thread is closed"):
        await recorder.append([ErrorEvent(message="late")])


async def test_an_older_thread_goes_on_in_the_older_form_and_reads_back_once(tmp_path: Path) -> None:
    [sample] = (SAMPLES / "0.131.0-tools").glob("rollout-*.jsonl")
    path = tmp_path / sample.name
    path.write_bytes(sample.read_bytes())
    opened = await reopen(path)
    before = told(everything(opened.history).turns)
    thread_id, turn_id = opened.meta.id, uuid7()
    new_items = [
        items.Reasoning(id="rs", summary_text=["A", "B"], raw_content=["raw"]),
        command("c20"),
        patch("c21"),
        items.WebSearch(id="ws", query="q"),
        items.ContextCompaction(id="cc"),
    ]
    await opened.append(turn(thread_id, turn_id, "more", *new_items))

    added = file_lines(path)[88:]
    assert all("ordinal" not in line for line in added)
    # What releases see that know no whole items.
    older = [line["payload"]["type"] for line in added if line["type"] == "event_msg"]
    assert [kind for kind in older if kind != "item_completed"] == [
        "task_started",
        "user_message",
        "agent_reasoning",
        "agent_reasoning",
        "agent_reasoning_raw_content",
        "patch_apply_end",
        "web_search_end",
        "context_compacted",
        "agent_message",
        "task_complete",
    ]
    again = read(file_of(opened))
    assert told(again.turns[:-1]) == before
    assert [stored.item for stored in again.turns[-1].items][1:-1] == new_items
    assert again.turns == everything(opened.history).turns


async def test_an_ephemeral_thread_keeps_what_it_is_and_has_no_file() -> None:
    thread_id = uuid7()
    recorder: ThreadRecorder = EphemeralRecorder(meta(thread_id))
    await recorder.append(turn(thread_id, uuid7(), "hello", command("c1")))
    await recorder.append([TaskStarted(turn_id="t2"), TurnAborted(turn_id="t2")])
    await recorder.materialize()
    assert recorder.path is None
    assert not recorder.is_materialized
    assert recorder.facts.preview == "hello"
    assert recorder.history is None
    await recorder.aclose()
    with pytest.raises(RolloutWriteError):
        await recorder.append([])


async def test_a_file_that_holds_no_thread_says_so(tmp_path: Path) -> None:
    path = tmp_path / "rollout-x.jsonl"
    with pytest.raises(RolloutReadError, match="No such file"):
        await reopen(path)
    path.write_bytes(b"")
    with pytest.raises(RolloutReadError, match="is empty"):
        await reopen(path)
    path.write_bytes(b"what is this\n")
    with pytest.raises(RolloutReadError, match="holds no rollout line"):
        await reopen(path)


@pytest.mark.slow
def test_a_forty_megabyte_thread_reads_in_about_a_second(tmp_path: Path) -> None:
    async def write() -> Path:
        recorder = recorder_at(tmp_path)
        output = 'some "quoted" line of output\n' * 400
        for number in range(85):
            commands = [command(f"c{number}-{index}", output=output) for index in range(20)]
            await recorder.append(turn(recorder.meta.id, uuid7(), f"turn {number}", *commands, answered=output))
            await recorder.append([OtherPayload.of("world_state", {"state": output * 15})])
        return file_of(recorder)

    path = trio.run(write)
    assert path.stat().st_size > 35_000_000
    started = os.times().user
    history = RolloutHistory.load(FileLines(path))
    assert os.times().user - started < 1.5
    assert len(history.index.turns) == 85


@pytest.mark.parametrize(
    ("payload", "keys"),
    [
        (TurnAborted(turn_id="t"), {"type", "turn_id", "reason"}),
        (
            PatchApplyEndEvent(call_id="c", success=True),
            {"type", "call_id", "turn_id", "stdout", "stderr", "success", "changes"},
        ),
        (TaskComplete(turn_id="t", last_agent_message=None), {"type", "turn_id", "last_agent_message"}),
        (SessionMeta(id="x"), {"id", "timestamp", "cwd", "originator", "cli_version"}),
        (TurnContext(cwd="/"), {"cwd"}),
    ],
    ids=lambda value: type(value).__name__,
)
def test_keys_that_other_releases_insist_on_are_written_whatever_their_value(payload: Payload, keys: set[str]) -> None:
    written = json.loads(encode_line(StoredLine(payload, "2026-11-22T13:00:00.000Z", 0)))
    assert list(written) == ["timestamp", "ordinal", "type", "payload"]
    assert set(written["payload"]) == keys
