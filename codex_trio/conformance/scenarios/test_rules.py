"""Command rules of the user: what they forbid or want to be asked about, in whatever form the model writes it."""

from collections.abc import Sequence
from typing import Any

import pytest

from codex_trio.conformance.lab import Lab
from codex_trio.conformance.probe import FinishedTurn
from codex_trio.conformance.shapes import text_with
from codex_trio.testing.model_script import answer, function_call, message

COMMAND = "item/commandExecution/requestApproval"

RULES = """
prefix_rule(pattern=["touch", "forbidden"], decision="forbidden", justification="not here")
prefix_rule(pattern=["touch", "asked"], decision="prompt")
"""


@pytest.fixture
def ruled(lab: Lab) -> Lab:
    """A server whose user has rules about `touch`."""
    lab.configure(approval_policy="on-request", sandbox_mode="workspace-write")
    write_rules(lab, RULES)
    return lab


def write_rules(lab: Lab, text: str) -> None:
    """Write the user's rules."""
    folder = lab.codex_home / "rules"
    folder.mkdir(exist_ok=True)
    (folder / "default.rules").write_text(text)


async def run(lab: Lab, scripts: Sequence[str], *, workdir: str = "") -> FinishedTurn:
    """Return a turn in which the model runs scripts, the last of them in `workdir`, all questions declined."""
    arguments: list[dict[str, Any]] = [{"cmd": cmd} for cmd in scripts]
    if workdir:
        arguments[-1]["workdir"] = workdir
    calls = [function_call("exec_command", given, call_id=f"c{i}") for i, given in enumerate(arguments)]
    lab.script(*map(answer, calls), answer(message("Done.")))
    async with lab.run() as probe:
        thread_id = (await probe.start_thread(cwd=str(lab.cwd)))["id"]
        return await probe.run_turn(thread_id, answer=lambda _: {"decision": "decline"})


async def test_a_plain_command_that_a_rule_forbids_does_not_run(ruled: Lab) -> None:
    turn = await run(ruled, ["ls && touch forbidden"])
    told = ruled.model.requests[1].output_of("c0")
    assert told is not None
    assert "touch forbidden'` rejected: not here" in told
    assert turn.items("commandExecution") == []
    assert not (ruled.cwd / "forbidden").exists()


async def test_a_forbidden_command_does_not_run_however_the_script_around_it_is_written(ruled: Lab) -> None:
    await run(
        ruled,
        [
            "touch forbidden 2>&1",
            "X=1 touch forbidden > out",
            "echo $(touch forbidden)",
            "if true; then (touch forbidden); fi",
            "bash -c 'touch forbidden'",
            "env touch forbidden # really",
            "cat <<E\nx\nE\ntouch forbidden",
        ],
    )
    assert not (ruled.cwd / "forbidden").exists()
    assert not (ruled.cwd / "out").exists()


async def test_a_command_is_asked_about_however_the_script_around_it_is_written(ruled: Lab) -> None:
    turn = await run(ruled, ["touch asked", "touch asked > out", "(X=1 touch asked)", "sh -c 'touch asked'"])
    assert len(turn.of(COMMAND)) == 4
    assert not (ruled.cwd / "asked").exists()


async def test_commands_that_a_script_hides_are_asked_about(ruled: Lab) -> None:
    scripts = [
        "echo dG91Y2ggYXNrZWQ= | base64 -d | sh",
        "BASH_ENV=<(echo touch asked) bash -c true",
        "mapfile -c 1 -C 'touch asked; :' lines <<< line",
        "ln -s /usr/bin/touch other; ./other asked",
        "echo touch asked > script; sh script",
    ]
    turn = await run(ruled, scripts)
    assert [request["itemId"] for request in turn.of(COMMAND)] == ["c0", "c1", "c2", "c3", "c4"]
    assert [path.name for path in ruled.cwd.iterdir()] == [".git"]


# Names that only look known

ALLOWED = 'prefix_rule(pattern=["git", "status"], decision="allow")\n'


async def test_an_untrusted_threads_own_programs_are_asked_about_whatever_they_are_called(lab: Lab) -> None:
    lab.configure(approval_policy="on-request", sandbox_mode="workspace-write")
    program = lab.cwd / "bin" / "cat"
    program.parent.mkdir()
    program.write_text("#!/bin/sh\necho ran >> ran\n")
    program.chmod(0o755)
    scripts = ["bin/cat x", "./bin/cat", f"{program} x", "ls | bin/cat"]
    calls = [function_call("exec_command", {"cmd": cmd}, call_id=f"c{i}") for i, cmd in enumerate(scripts)]
    lab.script(*map(answer, calls), answer(message("Done.")))
    async with lab.run() as probe:
        thread = await probe.start_thread(cwd=str(lab.cwd), approvalPolicy="untrusted")
        turn = await probe.run_turn(thread["id"], answer=lambda _: {"decision": "decline"})
    assert [request["itemId"] for request in turn.of(COMMAND)] == ["c0", "c1", "c2", "c3"]
    assert not (lab.cwd / "ran").exists()


async def test_a_rule_does_not_let_a_program_of_the_workspace_leave_the_sandbox(ruled: Lab) -> None:
    write_rules(ruled, ALLOWED)
    program = ruled.cwd / "git"
    program.write_text(f"#!/bin/sh\ntouch {ruled.base}/escaped\n")
    program.chmod(0o755)
    await run(ruled, [f"{program} status"])
    assert not (ruled.base / "escaped").exists()


async def test_a_rule_does_not_let_a_repository_made_by_a_command_leave_the_sandbox(ruled: Lab) -> None:
    write_rules(ruled, ALLOWED)
    hook = f"git -C sub config core.fsmonitor 'touch {ruled.base}/escaped; false'"
    await run(ruled, [f"git init -q sub && {hook}", "git status"], workdir="sub")
    assert (ruled.cwd / "sub" / ".git").exists()
    assert not (ruled.base / "escaped").exists()


# Files that cannot be used

BROKEN = 'x = 1\nprefix_rule(pattern=["touch"], decision="forbiden")\n'


async def test_no_thread_is_loaded_without_the_rules_of_a_broken_file(lab: Lab) -> None:
    lab.script(answer(message("Hi.")))
    async with lab.run() as probe:
        thread = await probe.start_thread(cwd=str(lab.cwd))
        await probe.run_turn(thread["id"])
    write_rules(lab, BROKEN)
    path = lab.codex_home / "rules" / "default.rules"
    async with lab.run() as probe:
        for method, params in (
            ("thread/start", {"cwd": str(lab.cwd)}),
            ("thread/resume", {"threadId": thread["id"]}),
            ("thread/fork", {"threadId": thread["id"]}),
        ):
            refused = await probe.refusal(method, params)
            assert refused.code == -32600
            assert f"{path}:2:1" in refused.message
            assert "invalid decision: forbiden" in refused.message
            warning = (await probe.until("configWarning"))["params"]
            assert (warning["path"], warning["range"]["start"]) == (str(path), {"line": 2, "column": 1})
        assert await probe.request("thread/loaded/list") == {"data": [], "nextCursor": None}
        write_rules(lab, RULES)
        assert (await probe.request("thread/resume", {"threadId": thread["id"]}))["thread"]["id"] == thread["id"]


async def test_a_turn_is_refused_while_a_rules_file_is_broken_and_begins_when_it_is_mended(ruled: Lab) -> None:
    ruled.script(answer(function_call("exec_command", {"cmd": "touch new"}, call_id="c1")), answer(message("Done.")))
    async with ruled.run() as probe:
        thread_id = (await probe.start_thread(cwd=str(ruled.cwd)))["id"]
        write_rules(ruled, BROKEN)
        turn = {"threadId": thread_id, "input": [{"type": "text", "text": "go"}]}
        refused = await probe.refusal("turn/start", turn)
        assert f"{ruled.codex_home}/rules/default.rules:2:1" in refused.message
        write_rules(ruled, 'prefix_rule(pattern=["touch", "new"], decision="forbidden", justification="changed")')
        await probe.run_turn(thread_id)
    assert ruled.model.requests[1].output_of("c1") == text_with("rejected: changed")
    assert not (ruled.cwd / "new").exists()


async def test_the_place_of_a_bracket_that_stays_open_is_the_end_of_the_file(lab: Lab) -> None:
    write_rules(lab, '# mine\nprefix_rule(pattern=["touch"], decision="forbidden"\n')
    async with lab.run() as probe:
        refused = await probe.refusal("thread/start", {"cwd": str(lab.cwd)})
        assert "default.rules:2:52" in refused.message
