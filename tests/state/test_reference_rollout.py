"""The established app-server opens and resumes what we record, and we what it records.

Runs only with CODEX_REFERENCE set to a 0.169.0 binary; CODEX_REFERENCE_0_131 adds one of 0.131.0.
"""

import os
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import pytest
from rollout_lab import (
    SAMPLES,
    accepted,
    as_read,
    asked,
    command,
    completed,
    everything,
    file_lines,
    file_of,
    patch,
    reopen,
    told,
    turn,
    user_message,
)
from rollout_lab import read as read_file

from codex_trio.conformance.lab import Lab, ServerUnderTest
from codex_trio.domain import items
from codex_trio.domain.ids import created_ms, uuid7
from codex_trio.state.history import forks
from codex_trio.state.history.recorder import RolloutRecorder
from codex_trio.state.rollout.events import TaskComplete, TaskStarted, TurnAborted, TurnError
from codex_trio.state.rollout.file_lines import FileLines, locator_of
from codex_trio.state.rollout.lines import ResponseItem, SessionMeta, TurnContext, format_timestamp
from codex_trio.state.rollout.paths import RolloutPaths
from codex_trio.testing.model_script import answer, function_call, message, reasoning
from codex_trio.testing.model_server import open_model_server

REFERENCE = os.environ.get("CODEX_REFERENCE")
OLDER_REFERENCE = os.environ.get("CODEX_REFERENCE_0_131")

pytestmark = [
    pytest.mark.skipif(not REFERENCE, reason="CODEX_REFERENCE is not set"),
    pytest.mark.slow,
]


@pytest.fixture
async def lab(tmp_path: Path) -> AsyncGenerator[Lab]:
    async with open_model_server() as model:
        yield Lab(tmp_path, ServerUnderTest((str(REFERENCE), "app-server"), "reference", {}), model)


def new_meta(lab: Lab, **changes: Any) -> SessionMeta:
    thread_id = uuid7()
    made = created_ms(thread_id)
    assert made is not None
    fields: dict[str, Any] = {
        "session_id": thread_id,
        "id": thread_id,
        "timestamp": format_timestamp(made),
        "cwd": str(lab.cwd),
        "originator": "test",
        "cli_version": "0.169.0",
        "source": "vscode",
        "model_provider": "scripted",
        "history_mode": "paginated",
        **changes,
    }
    return SessionMeta(**fields)


def path_for(lab: Lab, meta: SessionMeta) -> Path:
    made = created_ms(meta.id)
    assert made is not None
    return RolloutPaths(lab.codex_home).new_path(meta.id, created_ms=made)


async def reopened(lab: Lab, path: Path) -> RolloutRecorder:
    return await reopen(path, locate_base=locator_of(RolloutPaths(lab.codex_home).locate_base))


async def record(lab: Lab) -> RolloutRecorder:
    """Return a thread with a bit of everything, whose last turn was cut short with the process."""
    meta = new_meta(lab)
    recorder = RolloutRecorder.create(FileLines(path_for(lab, meta)), meta)
    first = uuid7()
    context = TurnContext(
        turn_id=first,
        cwd=str(lab.cwd),
        approval_policy="never",
        sandbox_policy={"type": "danger-full-access"},
        model="gpt-5.5",
        summary="none",
    )
    declined = items.CommandExecution(
        id="c0",
        command=["/bin/bash", "-lc", "rm -rf /"],
        cwd="file:///home/dev/work",
        parsed_cmd=[items.UnknownCommand(cmd="rm -rf /")],
        source="agent",
        status="declined",
    )
    parsed = [
        items.ReadCommand(cmd="cat a", name="a", path="a"),
        items.ListFilesCommand(cmd="ls"),
        items.SearchCommand(cmd="rg x", query="x"),
    ]
    failed = command("c2", exit_code=3, output="")
    failed = items.CommandExecution(
        id="c2",
        command=failed.command,
        cwd=failed.cwd,
        parsed_cmd=parsed,
        source="user_shell",
        status="failed",
        exit_code=3,
    )
    call = {"type": "function_call", "name": "exec_command", "arguments": '{"cmd":"echo hi"}', "call_id": "c1"}
    await recorder.append([context])
    await recorder.append(
        turn(
            meta.id,
            first,
            "first question",
            items.Reasoning(id="rs", summary_text=["**Thinking**", "more"], raw_content=["raw"]),
            declined,
            command("c1"),
            failed,
            patch("c3"),
            items.ImageView(id="c4", path="file:///home/dev/work/p.png"),
            items.WebSearch(id="ws", query="trio", action={"type": "search", "query": "trio"}),
            items.DynamicToolCall(
                id="d", tool="t", arguments={"a": 1}, status="completed", content_items=[], success=True
            ),
            items.ContextCompaction(id="cc"),
            answered="first answer",
        )
    )
    await recorder.append([ResponseItem.of(call)])
    await recorder.append([ResponseItem.of({"type": "function_call_output", "call_id": "c1", "output": "hi"})])
    second, third, fourth = uuid7(), uuid7(), uuid7()
    error = TurnError(message="boom", codex_error_info="other")
    await recorder.append(
        [
            TaskStarted.root(second, started_at=20, model_context_window=1000),
            completed(meta.id, second, user_message("fails")),
            TaskComplete(turn_id=second, last_agent_message=None, error=error, started_at=20, completed_at=21),
            TaskStarted.root(third, started_at=30, model_context_window=1000),
            completed(meta.id, third, user_message("stopped")),
            TurnAborted(turn_id=third, started_at=30, completed_at=31, duration_ms=9),
            TaskStarted.root(fourth, started_at=40, model_context_window=1000),
            completed(meta.id, fourth, user_message("cut short")),
        ]
    )
    await recorder.aclose()
    return recorder


async def test_what_we_record_opens_and_goes_on_there(lab: Lab) -> None:
    recorder = await record(lab)
    thread_id = recorder.meta.id
    with file_of(recorder).open("ab") as file:
        file.write(b'{"timestamp":"2026-11-22T13:00:00.000Z","ord')
    before = read_file(file_of(recorder))
    lab.script(answer(message("later answer", item_id="m9", phase="final_answer")))

    async with lab.run() as probe:
        listed = (await probe.request("thread/list", {}))["data"]
        assert [(row["id"], row["preview"]) for row in listed] == [(thread_id, "first question")]
        resumed = await probe.request("thread/resume", {"threadId": thread_id})
        assert as_read(resumed["thread"]["turns"]) == told(before.turns)
        later = await probe.run_turn(thread_id, "later question")
        assert later.status == "completed"
        read = (await probe.request("thread/read", {"threadId": thread_id, "includeTurns": True}))["thread"]

    texts = lab.model.requests[0].texts("user") + lab.model.requests[0].texts("assistant")
    assert {"first question", "first answer", "later question"} <= set(texts)
    assert lab.model.requests[0].output_of("c1") == "hi"
    # And back here, with its turn.
    after = await reopened(lab, file_of(recorder))
    assert asked(everything(after.history).turns) == [*asked(before.turns), "later question"]
    assert told(everything(after.history).turns)[-1] == as_read(read["turns"])[-1]
    assert after.history.bad_lines == 1
    ordinals = [line["ordinal"] for line in file_lines(file_of(recorder))]
    assert ordinals == list(range(len(ordinals)))


async def test_what_we_have_accepted_and_not_taken_up_is_passed_over_there_and_still_known_here(lab: Lab) -> None:
    meta = new_meta(lab)
    recorder = RolloutRecorder.create(FileLines(path_for(lab, meta)), meta)
    await recorder.append(turn(meta.id, "whole", "first question"))
    started = TaskStarted.root("cut", started_at=20, model_context_window=1000)
    await recorder.append([started, completed(meta.id, "cut", user_message("second question"))])
    await recorder.append([accepted("cut", "and another")])
    await recorder.append([completed(meta.id, "cut", user_message("third question"))])
    await recorder.aclose()
    lab.script(answer(message("later answer")))

    async with lab.run() as probe:
        resumed = (await probe.request("thread/resume", {"threadId": meta.id}))["thread"]["turns"]
        assert [len(turn["items"]) for turn in resumed] == [2, 2]
        assert (await probe.run_turn(meta.id, "later question")).status == "completed"
        read = (await probe.request("thread/read", {"threadId": meta.id, "includeTurns": True}))["thread"]["turns"]
        assert [len(turn["items"]) for turn in read] == [2, 2, 2]

    ordinals = [line["ordinal"] for line in file_lines(file_of(recorder)) if "ordinal" in line]
    assert ordinals == list(range(len(ordinals)))
    ours = ["first question", "second question", "third question", "and another", "later question"]
    assert asked(read_file(file_of(recorder)).turns) == ours
    again = await reopened(lab, file_of(recorder))
    await again.take_up_inputs()
    await again.aclose()
    assert asked(read_file(file_of(recorder)).turns) == ours
    async with lab.run() as probe:
        await probe.request("thread/resume", {"threadId": meta.id})
        read = (await probe.request("thread/read", {"threadId": meta.id, "includeTurns": True}))["thread"]["turns"]
        assert [len(turn["items"]) for turn in read] == [2, 3, 2]


async def test_a_fork_that_we_make_goes_on_there(lab: Lab) -> None:
    source = await record(lab)
    meta = new_meta(lab, forked_from_id=source.meta.id)
    end = forks.after(source.history, source.history.index.turns[0].id)
    path = path_for(lab, meta)
    await FileLines(path).begin(forks.beginning(end, meta, paginated=True, timestamp=meta.timestamp))
    lab.script(answer(message("in the fork")))

    async with lab.run() as probe:
        # What the source showed counts there once it has been opened.
        await probe.request("thread/resume", {"threadId": source.meta.id})
        resumed = await probe.request("thread/resume", {"threadId": meta.id})
        assert resumed["thread"]["forkedFromId"] == source.meta.id
        await probe.run_turn(meta.id, "in the fork?")
        read = (await probe.request("thread/read", {"threadId": meta.id, "includeTurns": True}))["thread"]

    assert lab.model.requests[0].contains("first answer")
    assert not lab.model.requests[0].contains("stopped")
    ours = await reopened(lab, path)
    assert asked(everything(ours.history).turns) == ["first question", "in the fork?"]
    assert as_read(read["turns"]) == told(everything(ours.history).turns)


async def test_an_older_thread_that_we_continue_shows_our_turn_there(lab: Lab) -> None:
    [sample] = (SAMPLES / "0.131.0-tools").glob("rollout-*.jsonl")
    path = lab.codex_home / "sessions/2026/11/22" / sample.name
    path.parent.mkdir(parents=True)
    path.write_bytes(sample.read_bytes())
    opened = await reopen(path)
    thread_id = opened.meta.id
    new = [items.Reasoning(id="rs", summary_text=["A"], raw_content=[]), command("c20"), patch("c21")]
    await opened.append(turn(thread_id, uuid7(), "continued", *new))
    await opened.aclose()
    references = [str(REFERENCE), *([OLDER_REFERENCE] if OLDER_REFERENCE else [])]
    for reference in references:
        lab.server = ServerUnderTest((reference, "app-server"), "reference", {})
        async with lab.run() as probe:
            read = (await probe.request("thread/read", {"threadId": thread_id, "includeTurns": True}))["thread"]
        shown = as_read(read["turns"])[-1]
        assert shown["status"] == "completed"
        # The commands of such threads it does not show, its own neither.
        assert [item[1] for item in shown["items"]] == ["userMessage", "reasoning", "fileChange", "agentMessage"]
        assert shown["items"][2] == told(everything(opened.history).turns)[-1]["items"][3]


@pytest.mark.parametrize(
    "older", [False, pytest.param(True, marks=pytest.mark.skipif(not OLDER_REFERENCE, reason="no 0.131"))]
)
async def test_what_it_records_opens_here(lab: Lab, older: bool) -> None:  # noqa: FBT001  # a parameter of the test
    if older:
        lab.server = ServerUnderTest((str(OLDER_REFERENCE), "app-server"), "reference", {})
    lab.script(
        answer(reasoning("**Hmm**"), function_call("exec_command", {"cmd": "echo out; exit 4"}, call_id="c1")),
        answer(message("done")),
    )
    async with lab.run() as probe:
        thread_id = (await probe.start_thread())["id"]
        await probe.run_turn(thread_id, "go")
        read = (await probe.request("thread/read", {"threadId": thread_id, "includeTurns": True}))["thread"]
    found = RolloutPaths(lab.codex_home).find(thread_id)
    assert found is not None
    ours = told(read_file(found.path).turns)
    ran = [item for item in ours[0]["items"] if item[1] == "commandExecution"]
    assert [(item[0], item[2], item[3], item[4], item[5]) for item in ran] == [
        ("c1", "echo out; exit 4", "failed", "out\n", 4)
    ]
    theirs = as_read(read["turns"])
    if older:
        ours[0]["items"].remove(ran[0])
    assert ours == theirs
