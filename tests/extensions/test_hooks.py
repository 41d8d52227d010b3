"""Running hooks that behave badly, and what their answers mean."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec
import pytest
import trio

from codex_trio.config.layers import ConfigLayer, LayerSource, LayerStack
from codex_trio.domain.shell_environment import ShellEnvironmentPolicy
from codex_trio.execution.spawner import open_process_spawner
from codex_trio.extensions.hooks.answers import HookAnswer, answer_of
from codex_trio.extensions.hooks.hook import CommandHandler, Hook, McpToolHandler, Run
from codex_trio.extensions.hooks.placeholders import UnknownPlaceholder, filled
from codex_trio.extensions.hooks.runner import MAX_OUTPUT_BYTES, HookRunner, ToolUnusable
from codex_trio.extensions.hooks.settings import MAX_WARNINGS, load_hooks


def hook(command: str, *, event: str = "Stop", seconds: int = 30, order: int = 0) -> Hook:
    """Return a hook that may run."""
    return Hook(
        key=f"k{order}",
        event=event,
        matcher=None,
        handler=CommandHandler(command),
        seconds=seconds,
        source_path="/hooks.json",
        source="user",
        order=order,
        is_enabled=True,
        current_hash="",
        trust="trusted",
    )


async def call_tool(server: str, tool: str, arguments: Mapping[str, Any]) -> str:
    """Stand for the thread's servers: the tool says what it is given, or does what its name says."""
    await trio.lowlevel.checkpoint()
    if tool == "hang":
        await trio.sleep_forever()
    if tool == "flood":
        return "x" * (MAX_OUTPUT_BYTES + 1)
    if server != "known":
        raise ToolUnusable(f"unknown MCP server '{server}'")
    return json.dumps(arguments) if tool == "tell" else str(arguments["text"])


def tool_hook(tool: str, given: Mapping[str, Any], *, event: str = "PreToolUse", server: str = "known") -> Hook:
    """Return a hook that calls a tool, for a second at most."""
    return msgspec.structs.replace(
        hook("", event=event, seconds=1), handler=McpToolHandler(server=server, tool=tool, input=given)
    )


async def run(folder: Path, *hooks: Hook, told: list[Run] | None = None) -> list[HookAnswer]:
    """Return what hooks come to."""
    with trio.fail_after(60):
        async with open_process_spawner() as spawner:
            runner = HookRunner(
                spawner.start,
                call_tool,
                environ={"PATH": "/usr/bin:/bin", "MY_SECRET": "x", "KEPT": "y"},
                variables=ShellEnvironmentPolicy(ignore_default_excludes=False),
                shell="/bin/sh",
            )
            tell = [].append if told is None else told.append
            done = await runner.run(hooks, {"a": 1}, cwd=str(folder), call_id=None, tell=tell)
    return [answer for _, answer in done]


async def test_hooks_run_side_by_side_and_answer_in_their_order(tmp_path: Path) -> None:
    told: list[Run] = []
    # Each waits for what the other one does.
    first = hook("mkfifo pipe 2>/dev/null; cat pipe >&2; exit 2")
    second = hook('until [ -p pipe ]; do sleep 0.01; done; echo "$KEPT$MY_SECRET" > pipe', order=1)
    answers = await run(tmp_path, first, second, told=told)
    assert [answer.block for answer in answers] == ["y", None]
    assert [(one.status, one.hook.order) for one in told[:2]] == [("running", 0), ("running", 1)]
    assert {one.status for one in told[2:]} == {"blocked", "completed"}


async def test_a_hook_that_hangs_ends_with_all_that_it_started(tmp_path: Path) -> None:
    command = "sleep 300 & echo $! > child; wait"
    (answer,) = await run(tmp_path, hook(command, seconds=1))
    assert answer.entries == (("error", "hook timed out after 1s"),)
    assert is_gone(tmp_path / "child")


async def test_what_a_hook_leaves_running_ends_with_it(tmp_path: Path) -> None:
    (answer,) = await run(tmp_path, hook("setsid sleep 300 >/dev/null 2>&1 & echo $! > child"))
    assert answer.status == "completed"
    assert is_gone(tmp_path / "child")


async def test_a_hook_that_floods_is_cut_off(tmp_path: Path) -> None:
    (answer,) = await run(tmp_path, hook("yes"))
    assert answer.entries == (("error", f"hook wrote more than {MAX_OUTPUT_BYTES} bytes"),)


async def test_a_hook_that_cannot_be_started_says_why(tmp_path: Path) -> None:
    (answer,) = await run(tmp_path / "gone", hook("true"))
    assert answer.status == "failed"
    assert "could not be started" in answer.entries[0][1]


async def test_what_a_tool_says_counts_as_what_a_command_would_have_printed(tmp_path: Path) -> None:
    denied = {"permissionDecision": "deny", "permissionDecisionReason": "${a} is no good"}
    said = json.dumps({"hookSpecificOutput": {"hookEventName": "PreToolUse", **denied}})
    answers = await run(
        tmp_path,
        tool_hook("say", {"text": said}),
        tool_hook("say", {"text": "plain"}, event="UserPromptSubmit"),
        tool_hook("say", {"text": "${missing}"}),
        tool_hook("say", {}, server="other"),
        tool_hook("flood", {}),
        tool_hook("hang", {}),
    )
    assert (answers[0].block, answers[1].context) == ("1 is no good", "plain")
    assert [answer.entries[0][1] for answer in answers[2:]] == [
        "hook input placeholder `${missing}` was not found",
        "unknown MCP server 'other'",
        f"hook wrote more than {MAX_OUTPUT_BYTES} bytes",
        "hook timed out after 1s",
    ]


def test_placeholders_stand_for_values_alone_and_for_texts_among_others() -> None:
    payload = {"tool_input": {"command": "ls", "deep": {"n": [1, None]}}, "active": False, "name": "Bash"}
    given = {
        "whole": "${tool_input}",
        "deep": ["${tool_input.deep.n}", 1.5, {"${name}": "${name}: ${tool_input.command} $${active} ${"}],
        "plain": "$name {name}",
    }
    assert filled(given, payload) == {
        "whole": payload["tool_input"],
        "deep": [[1, None], 1.5, {"${name}": "Bash: ls $false ${"}],
        "plain": "$name {name}",
    }
    for unknown in ("${}", "${ name }", "${name.x}", "${tool_input.deep.n.0}"):
        with pytest.raises(UnknownPlaceholder):
            filled(["x", unknown], payload)


def is_gone(note: Path) -> bool:
    """Return whether the process whose number was noted runs no more."""
    try:
        state = Path(f"/proc/{note.read_text().strip()}/stat").read_text()
    except FileNotFoundError:
        return True
    return state.rpartition(")")[2].split()[0] == "Z"


@pytest.mark.parametrize(
    ("event", "said", "expected"),
    [
        ("Stop", "text", "failed"),
        ("PreToolUse", "text", "completed"),
        ("Stop", "[" * 100_000, "failed"),
        ("PreToolUse", '{"a":' * 5_000, "failed"),
        ("PreToolUse", '{"hookSpecificOutput": []}', "failed"),
        ("PreToolUse", '{"hookSpecificOutput": {"hookEventName": "Stop"}}', "failed"),
        ("PreToolUse", '{"decision": "block"}', "failed"),
        ("PreToolUse", '{"decision": 5}', "failed"),
        ("PostToolUse", '{"continue": false}', "stopped"),
        ("PermissionRequest", '{"hookSpecificOutput": {"decision": {"behavior": "maybe"}}}', "failed"),
        ("PermissionRequest", '{"hookSpecificOutput": {"decision": "allow"}}', "failed"),
        ("PreCompact", '{"decision": "block", "reason": "x"}', "failed"),
        ("PreModelRequest", '{"decision": "block", "reason": "x"}', "completed"),
        ("SessionEnd", '{"continue": false}', "completed"),
        ("Interrupt", '{"systemMessage": "x"}', "completed"),
        ("Interrupt", '{"continue": false}', "failed"),
        ("Interrupt", "text", "failed"),
        ("Interrupt", '{"systemMessage": 1}', "failed"),
        ("Interrupt", "{", "failed"),
    ],
)
def test_an_answer_counts_only_where_it_means_something(event: str, said: str, expected: str) -> None:
    answer = answer_of(event, code=0, stdout=said, stderr="")
    assert answer.status == expected
    assert not answer.allows


def stack(folder: Path, kind: Any, hooks: object) -> LayerStack:
    """Return a configuration with one file of hooks."""
    folder.mkdir(exist_ok=True)
    (folder / "hooks.json").write_text(hooks if isinstance(hooks, str) else json.dumps({"hooks": hooks}))
    return LayerStack((ConfigLayer(source=LayerSource(kind, folder / "config.toml"), table={}),))


def test_what_is_no_hook_is_said_and_left_out(tmp_path: Path) -> None:
    good = {"type": "command", "command": "true", "timeout": 0}
    found = load_hooks(
        stack(
            tmp_path,
            "user",
            {
                "Stop": [{"hooks": [good, {"type": "prompt"}, {"type": "command"}, "x"]}, "x"],
                "PreToolUse": [{"matcher": "(", "hooks": [good]}, {"matcher": 5, "hooks": [good]}],
                "Nothing": [{"hooks": [good]}],
            },
        )
    )
    assert [(one.event, one.seconds, one.trust) for one in found.hooks] == [("Stop", 1, "untrusted")]
    assert len(found.warnings) == 7
    for broken in ("[", "[]", '{"hooks": 5}', "[" * 200_000):
        found = load_hooks(stack(tmp_path, "user", broken))
        assert (found.hooks, len(found.errors)) == ((), 1)


@pytest.mark.parametrize(
    "matcher", ["a{1,99999999999999}", "(" * 1000, "[z-a]", "(?P<a>x)(?P<a>y)", "x" * 1025, "(?=Bash)", ["Bash"]]
)
def test_a_matcher_that_cannot_be_used_costs_its_own_hooks_alone(tmp_path: Path, matcher: object) -> None:
    good = {"type": "command", "command": "true"}
    groups = [{"matcher": matcher, "hooks": [good]}, {"matcher": "Bash", "hooks": [good]}]
    found = load_hooks(stack(tmp_path, "user", {"PreToolUse": groups}))
    assert [one.matcher for one in found.hooks] == ["Bash"]
    (warning,) = found.warnings
    assert warning.startswith(f"invalid matcher {matcher!r} in {tmp_path}/hooks.json: ")


@pytest.mark.parametrize(("name", "fits"), [("a" * 64, True), ("a" * 64 + "!", False)])
def test_a_matcher_of_repetitions_in_repetitions_holds_nobody_up(name: str, *, fits: bool) -> None:
    one = msgspec.structs.replace(hook("true", event="PreToolUse"), matcher="^(a+)+$")
    assert one.fits("PreToolUse", (name,)) is fits


GOOD = {"type": "command", "command": "true"}
LIST = "expected a list of objects"


@pytest.mark.parametrize(
    ("hooks", "key", "reason"),
    [
        ({"PreToolUse": {}}, "hooks.PreToolUse", LIST),
        ({"PreToolUse": 5}, "hooks.PreToolUse", LIST),
        ({"PreToolUse": [None]}, "hooks.PreToolUse[0]", "expected an object"),
        ({"PreToolUse": [{"matcher": "Bash"}]}, "hooks.PreToolUse[0].hooks", LIST),
        ({"PreToolUse": [{"hooks": GOOD}]}, "hooks.PreToolUse[0].hooks", LIST),
        ({"PreToolUse": [{"hooks": ["true"]}]}, "hooks.PreToolUse[0].hooks[0]", "expected an object"),
        ({"PreToolUse": [{"hooks": [{}]}]}, "hooks.PreToolUse[0].hooks[0]", "it has no `type`"),
        ({"PreToolUse": [{"hooks": [{"type": "command"}]}]}, "hooks.PreToolUse[0].hooks[0]", "its `command` is empty"),
        ({"preToolUse": [{"hooks": [GOOD]}]}, "hooks.preToolUse", "there is no such event; there are PreModelRequest,"),
    ],
)
def test_hooks_of_another_form_are_named_with_their_file(tmp_path: Path, hooks: Any, key: str, reason: str) -> None:
    hooks = {**hooks, "Stop": [{"hooks": [GOOD]}]}
    in_config = ConfigLayer(source=LayerSource("user", tmp_path / "config.toml"), table={"hooks": hooks})
    beside = stack(tmp_path / "beside", "user", hooks)
    for layers, file in ((LayerStack((in_config,)), "config.toml"), (beside, "beside/hooks.json")):
        found = load_hooks(layers)
        assert [one.event for one in found.hooks] == ["Stop"]
        (warning,) = found.warnings
        assert warning.startswith(f"ignoring `{key}` in {tmp_path}/{file}: {reason}")


@pytest.mark.parametrize(
    ("kind", "told"),
    [
        ("prompt", "prompt hooks are not supported yet"),
        ("mcptool", "mcptool hooks are not supported yet. Did you mean `mcp_tool`?"),
    ],
)
def test_hooks_of_kinds_that_do_not_run_are_told(tmp_path: Path, kind: str, told: str) -> None:
    found = load_hooks(stack(tmp_path, "user", {"Stop": [{"hooks": [{**GOOD, "type": kind}]}]}))
    assert not found.hooks
    assert found.warnings == (f"skipping {kind} hook in {tmp_path}/hooks.json: {told}",)


@pytest.mark.parametrize(
    ("state", "key"),
    [
        (5, "hooks.state"),
        ({"x": 5}, 'hooks.state."x"'),
        ({"x": {"enabled": "no"}}, 'hooks.state."x".enabled'),
        ({"x": {"trusted_hash": 5}}, 'hooks.state."x".trusted_hash'),
    ],
)
def test_what_is_said_of_hooks_in_another_form_is_named(tmp_path: Path, state: Any, key: str) -> None:
    layer = ConfigLayer(source=LayerSource("user", tmp_path / "config.toml"), table={"hooks": {"state": state}})
    (warning,) = load_hooks(LayerStack((layer,))).warnings
    assert warning.startswith(f"ignoring `{key}` in {tmp_path}/config.toml: expected ")


def test_there_are_only_so_many_warnings(tmp_path: Path) -> None:
    found = load_hooks(stack(tmp_path, "user", {"Stop": [None] * 1000}))
    assert len(found.warnings) == MAX_WARNINGS + 1
    assert found.warnings[-1] == f"there are {1000 - MAX_WARNINGS} more warnings about hooks"


def test_what_an_administrator_set_runs_untrusted_and_cannot_be_switched_off(tmp_path: Path) -> None:
    hooks = {"Stop": [{"hooks": [{"type": "command", "command": "true"}]}]}
    layers = stack(tmp_path / "etc", "system", hooks).layers
    key = f"{tmp_path}/etc/hooks.json:stop:0:0"
    off = ConfigLayer(
        source=LayerSource("user", tmp_path / "config.toml"), table={"hooks": {"state": {key: {"enabled": False}}}}
    )
    (found,) = load_hooks(LayerStack((*layers, off))).hooks
    assert (found.trust, found.may_run) == ("managed", True)


def test_the_digest_of_a_hook_is_that_of_the_reference(tmp_path: Path) -> None:
    # As 0.171.0 lists them.
    silent = {"type": "mcp_tool", "server": "s", "tool": "echo", "timeout": 5, "statusMessage": "hm"}
    told = {"type": "mcp_tool", "server": "s", "tool": "echo", "input": {"message": "${tool_input}!"}}
    found = load_hooks(stack(tmp_path / "a", "user", {"PreToolUse": [{"hooks": [silent, told]}]}))
    assert [one.current_hash.removeprefix("sha256:") for one in found.hooks] == [
        "ea33604daf324c2d1fd620615c3ff5f260603f6aa1b1505a1336304a88186168",
        "190fc06e4f302017534563e826b2f4391f2c8379d5227eb472a46ad105cf2452",
    ]


def test_moments_that_somebody_waits_for_are_brief(tmp_path: Path) -> None:
    given = [{"type": "command", "command": "true"}, {"type": "command", "command": "true", "timeout": 30}]
    found = load_hooks(stack(tmp_path / "a", "user", {name: [{"hooks": given}] for name in ("Stop", "SessionEnd")}))
    assert [one.seconds for one in found.hooks] == [1, 3, 600, 30]
    assert found.warnings == (f"clamping SessionEnd hook timeout to 3s in {tmp_path / 'a' / 'hooks.json'}",)


@pytest.mark.parametrize("written", [float("inf"), float("-inf"), float("nan"), "30", True])
def test_a_time_that_is_none_is_said_and_the_usual_one_holds(tmp_path: Path, written: object) -> None:
    file = tmp_path / "config.toml"
    hooks = {"Stop": [{"hooks": [{**GOOD, "timeout": written}, {**GOOD, "timeout": 30}]}]}
    found = load_hooks(LayerStack((ConfigLayer(source=LayerSource("user", file), table={"hooks": hooks}),)))
    assert [one.seconds for one in found.hooks] == [600, 30]
    assert found.warnings == (f"ignoring `hooks.Stop[0].hooks[0].timeout` in {file}: expected a number of seconds",)


@pytest.mark.parametrize("wrong", [{"server": ""}, {"tool": 5}, {"input": []}, {"input": {"a": [None]}}])
def test_a_tool_that_cannot_be_called_is_said_and_left_out(tmp_path: Path, wrong: dict[str, Any]) -> None:
    handler = {"type": "mcp_tool", "server": "s", "tool": "t", **wrong}
    found = load_hooks(stack(tmp_path / "a", "user", {"Stop": [{"hooks": [handler]}]}))
    assert not found.hooks
    assert f"its `{next(iter(wrong))}` is " in found.warnings[0]
