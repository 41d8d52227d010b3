"""What `codex-trio exec` prints, and what its exit code says."""

from pathlib import Path
from typing import Any

import msgspec
from exec_lab import ExecLab

from codex_trio.cli.exec_human import sandbox_text
from codex_trio.testing.model_script import (
    End,
    answer,
    custom_tool_call,
    function_call,
    http_error,
    message,
    reasoning,
)

ADD_A_FILE = "*** Begin Patch\n*** Add File: a.txt\n+x\n*** End Patch"
USAGE = {
    "input_tokens": 100,
    "cached_input_tokens": 10,
    "cache_write_input_tokens": 0,
    "output_tokens": 20,
    "reasoning_output_tokens": 5,
}


def plan(*steps: tuple[str, str], call_id: str) -> dict[str, Any]:
    listed = [{"step": step, "status": status} for step, status in steps]
    return function_call("update_plan", {"plan": listed}, call_id=call_id)


def work() -> list[Any]:
    return [
        answer(
            reasoning(["**Thinking** hard"]),
            message("I will look.", phase="commentary"),
            function_call("exec_command", {"cmd": "echo hi; exit 3"}, call_id="c1"),
        ),
        answer(plan(("look", "completed"), ("patch", "in_progress"), call_id="c2")),
        answer(custom_tool_call("apply_patch", ADD_A_FILE, call_id="c3")),
        answer(plan(("look", "completed"), ("patch", "completed"), call_id="c4")),
        answer(message("All done.", phase="final_answer")),
    ]


async def test_a_person_sees_progress_on_stderr_and_the_final_message_alone_on_stdout(lab: ExecLab) -> None:
    done = await lab.run("do it", "--dangerously-bypass-approvals-and-sandbox", model=work())
    assert (done.code, done.stdout) == (0, "All done.\n")
    assert "\033" not in done.stderr
    parts = [
        f"workdir: {lab.work}",
        "model: gpt-5.5",
        "provider: scripted",
        "approval: never",
        "sandbox: danger-full-access",
        "session id: ",
        "user\ndo it",
        "thinking\n**Thinking** hard",
        "codex\nI will look.",
        "$ /bin/bash -lc 'echo hi; exit 3'",
        "\n  hi\n",
        "exit code 3",
        "[x] look",
        f"patch: add {lab.work}/a.txt",
        "codex\nAll done.",
        "tokens used: 600",
    ]
    places = [done.stderr.find(part) for part in parts]
    assert -1 not in places, done.stderr
    assert places == sorted(places)


async def test_a_program_gets_every_step_as_an_event(lab: ExecLab) -> None:
    done = await lab.run("do it", "--json", "--dangerously-bypass-approvals-and-sandbox", model=work())
    assert done.code == 0
    command = {"type": "command_execution", "command": "/bin/bash -lc 'echo hi; exit 3'"}
    file_change = {"type": "file_change", "changes": [{"path": f"{lab.work}/a.txt", "kind": "add"}]}

    def todo(*completed: str) -> dict[str, Any]:
        items = [{"text": step, "completed": step in completed} for step in ("look", "patch")]
        return {"id": "item_3", "type": "todo_list", "items": items}

    assert done.events == [
        {"type": "thread.started", "thread_id": done.thread_id},
        {"type": "turn.started"},
        _completed("item_0", type="reasoning", text="**Thinking** hard"),
        _completed("item_1", type="agent_message", text="I will look."),
        _started("item_2", **command, aggregated_output="", exit_code=None, status="in_progress"),
        _completed("item_2", **command, aggregated_output="hi\n", exit_code=3, status="failed"),
        {"type": "item.started", "item": todo("look")},
        _started("item_4", **file_change, status="in_progress"),
        _completed("item_4", **file_change, status="completed"),
        {"type": "item.updated", "item": todo("look", "patch")},
        _completed("item_5", type="agent_message", text="All done."),
        {"type": "item.completed", "item": todo("look", "patch")},
        {"type": "turn.completed", "usage": {key: 5 * value for key, value in USAGE.items()}},
    ]


def _started(item_id: str, **fields: Any) -> dict[str, Any]:
    return {"type": "item.started", "item": {"id": item_id, **fields}}


def _completed(item_id: str, **fields: Any) -> dict[str, Any]:
    return {"type": "item.completed", "item": {"id": item_id, **fields}}


async def test_a_failed_turn_ends_with_code_1_and_empties_the_file_of_an_earlier_message(lab: ExecLab) -> None:
    kept = lab.work / "last.txt"
    kept.write_text("from before")
    done = await lab.run("do it", "--json", "-o", "last.txt", model=http_error(400, {"error": {"message": "bad"}}))
    text = '{"error":{"message":"bad"}}'
    assert done.code == 1
    assert done.events[2:] == [
        {"type": "error", "message": text},
        {"type": "turn.failed", "error": {"message": text}},
    ]
    assert kept.read_text() == ""


async def test_a_person_reads_once_why_a_turn_failed(lab: ExecLab) -> None:
    done = await lab.run("do it", "--color", "always", model=http_error(400, "bad"))
    assert (done.code, done.stdout) == (1, "")
    assert done.stderr.count("\033[31merror: bad\033[0m") == 1


async def test_a_broken_stream_is_told_and_tried_again(lab: ExecLab) -> None:
    retry = "model_providers.scripted = {stream_max_retries = 1}"
    broken = answer(message("Half"), end=End.EARLY)
    done = await lab.run("do it", "--json", "-c", retry, model=[broken, answer(message("Whole"))])
    assert done.code == 0
    assert [event["message"] for event in done.events if event["type"] == "error"] == [
        "Reconnecting... 1/1 (stream disconnected before completion: stream closed before response.completed)"
    ]
    texts = [event["item"]["text"] for event in done.events if event["type"] == "item.completed"]
    assert texts == ["Half", "Whole"]


async def test_the_last_message_is_also_written_to_a_file(lab: ExecLab, tmp_path: Path) -> None:
    kept = tmp_path / "last.txt"
    done = await lab.run("do it", "-o", str(kept), model=answer(message("Grüße")))
    assert (done.code, done.stdout, kept.read_text(encoding="utf-8")) == (0, "Grüße\n", "Grüße")

    silent = await lab.run("do it", "-o", str(kept), model=answer())
    assert (silent.code, silent.stdout, kept.read_text()) == (0, "", "")
    assert f"Warning: no last agent message; wrote empty content to {kept}" in silent.stderr


async def test_notices_of_the_server_are_errors_among_the_items(lab: ExecLab) -> None:
    lab.configure("speling = true")
    done = await lab.run("do it", "--json", model=answer(message("ok")))
    [notice] = [event["item"] for event in done.events if event.get("item", {}).get("type") == "error"]
    assert "`speling` is ignored" in notice["message"]
    assert notice["id"] == "item_0"


SCHEMA = {"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"], "additionalProperties": False}


async def test_an_answer_that_does_not_fit_the_schema_is_told_and_ends_with_code_1(lab: ExecLab) -> None:
    (lab.work / "schema.json").write_bytes(msgspec.json.encode(SCHEMA))
    for said, complaint in (
        ('{"a":"1"}', None),
        ('{"a":1}', "$.a: 1 is not of type 'string'"),
        ("Sure!", "it is not JSON"),
    ):
        done = await lab.run("do it", "--output-schema", "schema.json", model=answer(message(said)))
        assert (done.code, done.stdout) == (0 if complaint is None else 1, f"{said}\n")
        assert ("does not fit the output schema" in done.stderr) == (complaint is not None)
        assert complaint is None or complaint in done.stderr


async def test_what_is_no_schema_is_refused_before_the_model_is_asked(lab: ExecLab) -> None:
    (lab.work / "schema.json").write_text('{"type": "objct"}')
    done = await lab.run("do it", "--output-schema", "schema.json")
    assert (done.code, done.stdout) == (1, "")
    assert "schema.json is not a JSON Schema: $.type" in done.stderr
    assert lab.model.requests == []


async def test_calls_that_are_refused_are_shown_with_what_the_model_is_told(lab: ExecLab) -> None:
    escalated = {"cmd": "make install", "sandbox_permissions": "require_escalated", "justification": "May I?"}
    broken = "*** Begin Patch\n*** Update File: missing.txt\n@@\n-a\n+b\n*** End Patch"
    done = await lab.run(
        *("do it", "-s", "workspace-write"),
        model=[
            answer(function_call("exec_command", escalated, call_id="c1")),
            answer(custom_tool_call("apply_patch", broken, call_id="c2")),
            answer(message("No luck.")),
        ],
    )
    assert (done.code, done.stdout) == (0, "No luck.\n")
    assert "\nrefused: make install\n  " in done.stderr
    assert "\nrefused: apply_patch\n  " in done.stderr
    assert "missing.txt" in done.stderr


def test_a_profile_of_the_users_own_says_more_of_the_network_than_a_policy() -> None:
    policy = {"type": "readOnly", "networkAccess": True}
    assert sandbox_text(policy, None) == "read-only (network access enabled)"
    assert sandbox_text(policy, "web") == "read-only (network access as the profile web says)"
    assert sandbox_text({**policy, "networkAccess": False}, "web") == "read-only"
