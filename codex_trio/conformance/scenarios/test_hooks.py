"""Hooks: what clients see of them, when they run, and what their answers do."""

import contextlib
import json
import sys
from collections.abc import AsyncGenerator, Sequence
from pathlib import Path
from typing import Any

import pytest

from codex_trio.conformance.lab import Lab
from codex_trio.conformance.probe import Probe
from codex_trio.conformance.scenarios.test_agents import MODEL, about, agent_says, call
from codex_trio.testing.model_script import answer, function_call, message

EVENTS = ("PreToolUse", "PermissionRequest", "PostToolUse", "PreCompact", "PostCompact")
MORE = ("SessionStart", "UserPromptSubmit", "Stop")

HOOK = """
import json, sys
given = json.load(sys.stdin)
name = given["hook_event_name"]
with open({log!r}, "a") as log:
    log.write(json.dumps(given) + "\\n")
said = None if given.get("stop_hook_active") else {said!r}.get(name)
if said is not None:
    status, out, err = said
    sys.stdout.write(out)
    sys.stderr.write(err)
    sys.exit(status)
"""


class UserHooks:
    """UserHooks of the user, which note what they are given and say what they are told to."""

    def __init__(self, lab: Lab, *, folder: Path | None = None) -> None:
        self._lab = lab
        self._program = lab.base / "hook.py"
        self._log = lab.base / "hooks.log"
        self.file = (folder or lab.codex_home) / "hooks.json"

    def write(
        self, said: dict[str, tuple[int, str, str]], events: Sequence[str], *, matcher: str | None = None
    ) -> None:
        """Write hooks for these moments. `said`: exit status, standard output and error, by moment."""
        self._program.write_text(HOOK.format(log=str(self._log), said=said))
        handler = {"type": "command", "command": f"{sys.executable} -S {self._program}", "timeout": 30}
        group = {"hooks": [handler]} if matcher is None else {"matcher": matcher, "hooks": [handler]}
        self.file.parent.mkdir(exist_ok=True)
        self.file.write_text(json.dumps({"hooks": {event: [group] for event in events}}))

    async def trust(self, probe: Probe) -> None:
        """Trust all that there are."""
        (entry,) = (await probe.request("hooks/list", {"cwds": [str(self._lab.cwd)]}))["data"]
        state = {hook["key"]: {"trusted_hash": hook["currentHash"]} for hook in entry["hooks"]}
        edit = {"keyPath": "hooks.state", "value": state, "mergeStrategy": "upsert"}
        await probe.request("config/batchWrite", {"edits": [edit], "reloadUserConfig": True})

    def given(self, *names: str) -> list[dict[str, Any]]:
        """Return what the hooks were given, of these moments alone if any are named."""
        lines = self._log.read_text().splitlines() if self._log.exists() else []
        records = [json.loads(line) for line in lines]
        return [record for record in records if not names or record["hook_event_name"] in names]


@contextlib.asynccontextmanager
async def hooked(
    lab: Lab, said: dict[str, tuple[int, str, str]], events: Sequence[str] = EVENTS + MORE, **settings: Any
) -> AsyncGenerator[tuple[Probe, str, UserHooks]]:
    """Provide a client with a thread whose hooks are trusted."""
    hooks = UserHooks(lab)
    hooks.write(said, events)
    lab.configure(**settings)
    async with lab.run() as probe:
        await hooks.trust(probe)
        yield probe, (await probe.start_thread())["id"], hooks


def run_of(turn: Any, event: str) -> dict[str, Any]:
    """Return the run of a hook that has ended."""
    (run,) = (params["run"] for params in turn.of("hook/completed") if params["run"]["eventName"] == event)
    return run


def echo(call_id: str = "call_1") -> Any:
    """Return a response that runs a command."""
    return answer(function_call("exec_command", {"cmd": "echo hi"}, call_id=call_id))


async def test_hooks_are_listed_and_run_once_they_are_trusted(lab: Lab) -> None:
    hooks = UserHooks(lab)
    hooks.write({}, ["PreToolUse"], matcher="Bash")
    lab.configure()
    lab.script(echo(), answer(message("ok")), echo("call_2"), answer(message("ok")))
    async with lab.run() as probe:
        (entry,) = (await probe.request("hooks/list", {"cwds": [str(lab.cwd)]}))["data"]
        (hook,) = entry["hooks"]
        assert hook == {
            "key": f"{hooks.file}:pre_tool_use:0:0",
            "eventName": "preToolUse",
            "handlerType": "command",
            "command": hook["command"],
            "async": False,
            "matcher": "Bash",
            "timeoutSec": 30,
            "statusMessage": None,
            "additionalContextLimit": None,
            "sourcePath": str(hooks.file),
            "source": "user",
            "pluginId": None,
            "environmentId": None,
            "displayOrder": 0,
            "enabled": True,
            "isManaged": False,
            "currentHash": hook["currentHash"],
            "trustStatus": "untrusted",
        }
        assert (entry["warnings"], entry["errors"]) == ([], [])
        thread_id = (await probe.start_thread())["id"]
        await probe.run_turn(thread_id)
        assert hooks.given() == []
        await hooks.trust(probe)
        (entry,) = (await probe.request("hooks/list", {"cwds": [str(lab.cwd)]}))["data"]
        assert entry["hooks"][0]["trustStatus"] == "trusted"
        turn = await probe.run_turn(thread_id)
    assert len(hooks.given()) == 1
    assert run_of(turn, "preToolUse")["id"] == f"pre-tool-use:0:{hooks.file}:call_2"


async def test_a_hook_that_was_changed_is_not_trusted_any_more(lab: Lab) -> None:
    async with hooked(lab, {}, ["PreToolUse"]) as (probe, _, hooks):
        hooks.write({}, ["PreToolUse"], matcher="changed")
        (entry,) = (await probe.request("hooks/list", {"cwds": [str(lab.cwd)]}))["data"]
    assert entry["hooks"][0]["trustStatus"] == "modified"


async def test_each_moment_is_told_of_with_what_it_is_about(lab: Lab) -> None:
    lab.script(echo(), answer(message("ok")))
    async with hooked(lab, {}) as (probe, thread_id, hooks):
        turn = await probe.run_turn(thread_id, "hello")
    given = {record["hook_event_name"]: record for record in hooks.given()}
    assert [record["hook_event_name"] for record in hooks.given()] == [
        "SessionStart",
        "UserPromptSubmit",
        "PreToolUse",
        "PostToolUse",
        "Stop",
    ]
    for name, record in given.items():
        assert record["session_id"] == thread_id
        assert record["cwd"] == str(lab.cwd)
        assert record["permission_mode"] == "bypassPermissions"
        assert record.get("turn_id") == (None if name == "SessionStart" else turn.id)
    assert given["SessionStart"]["source"] == "startup"
    assert given["UserPromptSubmit"]["prompt"] == "hello"
    about = {"tool_name": "Bash", "tool_input": {"command": "echo hi"}, "tool_use_id": "call_1"}
    assert {key: given["PreToolUse"][key] for key in about} == about
    assert {key: given["PostToolUse"][key] for key in about} == about
    assert "hi" in given["PostToolUse"]["tool_response"]
    assert (given["Stop"]["stop_hook_active"], given["Stop"]["last_assistant_message"]) == (False, "ok")
    run = run_of(turn, "sessionStart")
    assert (run["scope"], run["status"], run["entries"]) == ("thread", "completed", [])
    assert run_of(turn, "stop")["scope"] == "turn"


BLOCK = json.dumps({"decision": "block", "reason": "because"})


@pytest.mark.parametrize("said", [(0, BLOCK, ""), (2, "", "because")])
async def test_a_call_is_blocked(lab: Lab, said: tuple[int, str, str]) -> None:
    lab.script(echo(), answer(message("ok")))
    async with hooked(lab, {"PreToolUse": said}, ["PreToolUse"]) as (probe, thread_id, _):
        turn = await probe.run_turn(thread_id)
    assert turn.items("commandExecution") == []
    assert lab.model.requests[1].output_of("call_1") == "Command blocked by PreToolUse hook: because. Command: echo hi"
    run = run_of(turn, "preToolUse")
    assert (run["status"], run["entries"]) == ("blocked", [{"kind": "feedback", "text": "because"}])


@pytest.mark.parametrize(
    ("said", "problem"),
    [
        ((1, "", "x"), "hook exited with code 1"),
        ((0, "{nonsense", ""), "hook returned invalid pre-tool-use JSON output"),
        ((0, '{"unknown": 1}', ""), "hook returned invalid pre-tool-use JSON output"),
        ((0, '{"continue": false}', ""), "PreToolUse hook returned unsupported continue:false"),
    ],
)
async def test_a_call_goes_on_when_a_hook_fails(lab: Lab, said: tuple[int, str, str], problem: str) -> None:
    lab.script(echo(), answer(message("ok")))
    async with hooked(lab, {"PreToolUse": said}, ["PreToolUse"]) as (probe, thread_id, _):
        turn = await probe.run_turn(thread_id)
    assert lab.model.requests[1].output_of("call_1").endswith("hi\n")
    run = run_of(turn, "preToolUse")
    assert (run["status"], run["entries"]) == ("failed", [{"kind": "error", "text": problem}])


async def test_a_call_is_given_other_input(lab: Lab) -> None:
    specific = {
        "hookEventName": "PreToolUse",
        "permissionDecision": "allow",
        "updatedInput": {"command": "echo rewritten"},
    }
    lab.script(echo(), answer(message("ok")))
    said = {"PreToolUse": (0, json.dumps({"hookSpecificOutput": specific}), "")}
    async with hooked(lab, said, ["PreToolUse"]) as (probe, thread_id, _):
        await probe.run_turn(thread_id)
    assert lab.model.requests[1].output_of("call_1").endswith("rewritten\n")


async def test_what_a_command_said_is_replaced(lab: Lab) -> None:
    lab.script(echo(), answer(message("ok")))
    async with hooked(lab, {"PostToolUse": (2, "", "not good")}, ["PostToolUse"]) as (probe, thread_id, _):
        turn = await probe.run_turn(thread_id)
    assert lab.model.requests[1].output_of("call_1") == "not good"
    assert run_of(turn, "postToolUse")["status"] == "blocked"


async def test_a_prompt_brings_context_along(lab: Lab) -> None:
    lab.script(answer(message("ok")))
    said = {"SessionStart": (0, "of the thread", ""), "UserPromptSubmit": (0, "of the prompt", "")}
    async with hooked(lab, said, ["SessionStart", "UserPromptSubmit"]) as (probe, thread_id, _):
        await probe.run_turn(thread_id, "hello")
    (request,) = lab.model.requests
    assert {"of the thread", "of the prompt"} <= set(request.texts("developer"))
    assert request.texts("user")[-1] == "hello"


@pytest.mark.parametrize("event", ["SessionStart", "UserPromptSubmit"])
async def test_a_turn_ends_before_the_model_is_asked(lab: Lab, event: str) -> None:
    stop = (0, json.dumps({"continue": False, "stopReason": "not now"}), "")
    async with hooked(lab, {event: stop}, [event]) as (probe, thread_id, _):
        turn = await probe.run_turn(thread_id, "hello")
    assert turn.status == "completed"
    assert turn.items() == []
    assert lab.model.requests == []


async def test_a_turn_goes_on_where_it_would_have_ended(lab: Lab) -> None:
    lab.script(answer(message("one")), answer(message("two")))
    async with hooked(lab, {"Stop": (2, "", "not <yet>")}, ["Stop"]) as (probe, thread_id, hooks):
        turn = await probe.run_turn(thread_id, "hello")
    assert turn.status == "completed"
    prompt = f'<hook_prompt hook_run_id="stop:0:{hooks.file}">not &lt;yet&gt;</hook_prompt>'
    assert lab.model.requests[1].texts("user")[-1] == prompt
    (item,) = (item for item in turn.items() if item["type"] == "hookPrompt")
    assert item["id"] == lab.model.requests[1].body["input"][-1]["id"]
    assert item["fragments"] == [{"text": "not <yet>", "hookRunId": f"stop:0:{hooks.file}"}]
    assert [record["stop_hook_active"] for record in hooks.given()] == [False, True]
    assert [record["last_assistant_message"] for record in hooks.given()] == ["one", "two"]


async def test_permissions_are_given_and_refused_by_hooks(lab: Lab) -> None:
    asks = {"cmd": "touch new", "sandbox_permissions": "require_escalated", "justification": "needed"}
    lab.script(answer(function_call("exec_command", asks, call_id="call_1")), answer(message("ok")))
    decision = {"hookEventName": "PermissionRequest", "decision": {"behavior": "deny", "message": "no"}}
    said = {"PermissionRequest": (0, json.dumps({"hookSpecificOutput": decision}), "")}
    settings = {"approval_policy": "on-request", "sandbox_mode": "workspace-write"}
    async with hooked(lab, said, ["PermissionRequest"], **settings) as (probe, thread_id, hooks):
        turn = await probe.run_turn(thread_id)
    assert "no" in str(lab.model.requests[1].output_of("call_1"))
    assert not (lab.cwd / "new").exists()
    (given,) = hooks.given()
    assert (given["tool_name"], given["tool_input"]) == ("Bash", {"command": "touch new", "description": "needed"})
    assert turn.of("item/commandExecution/requestApproval") == []


async def test_summing_up_is_told_before_and_after(lab: Lab) -> None:
    lab.script(answer(message("ok")), answer(message("summary")))
    async with hooked(lab, {}, ["PreCompact", "PostCompact"]) as (probe, thread_id, hooks):
        await probe.run_turn(thread_id)
        await probe.request("thread/compact/start", {"threadId": thread_id})
        await probe.until("turn/completed", thread_id=thread_id)
    assert [(record["hook_event_name"], record["trigger"]) for record in hooks.given()] == [
        ("PreCompact", "manual"),
        ("PostCompact", "manual"),
    ]


async def test_nothing_of_an_untrusted_project_runs(lab: Lab) -> None:
    hooks = UserHooks(lab, folder=lab.cwd / ".codex")
    hooks.write({}, ["Stop"])
    lab.script(answer(message("ok")))
    lab.configure(tables=f'[projects."{lab.cwd}"]\ntrust_level = "untrusted"\n')
    async with lab.run() as probe:
        await hooks.trust(probe)
        (entry,) = (await probe.request("hooks/list", {"cwds": [str(lab.cwd)]}))["data"]
        assert entry["hooks"] == []
        await probe.run_turn((await probe.start_thread())["id"])
    assert hooks.given() == []


async def test_agents_of_a_thread_have_moments_of_their_own(lab: Lab) -> None:
    lab.script(
        call("spawn_agent", {"message": "go"}, "spawn"),
        agent_says("done"),
        about("wait_agent", "targets", "wait"),
        answer(message("ok")),
    )
    events = ["SessionStart", "SubagentStart", "UserPromptSubmit", "SubagentStop", "Stop"]
    async with hooked(lab, {}, events) as (probe, _, hooks):
        thread_id = (await probe.start_thread(model=MODEL))["id"]
        await probe.run_turn(thread_id)
    given = hooks.given()
    assert {record["session_id"] for record in given} == {thread_id}
    agents = [record for record in given if "agent_id" in record]
    assert [record["hook_event_name"] for record in agents] == ["SubagentStart", "UserPromptSubmit", "SubagentStop"]
    assert {record["agent_type"] for record in agents} == {"default"}
    assert len({record["agent_id"] for record in agents} - {thread_id}) == 1
    own = [record["hook_event_name"] for record in given if "agent_id" not in record]
    assert own == ["SessionStart", "UserPromptSubmit", "Stop"]
