"""The machines that threads can work in: which a client may add, what it is told of them, and what happens there."""

import json
import os
import shlex
import signal
import sys

import trio

from codex_trio.conformance.lab import Lab
from codex_trio.conformance.probe import Probe
from codex_trio.testing.model_script import answer, custom_tool_call, function_call, message

NOBODY = "ws://127.0.0.1:1"
"""Where no exec-server listens."""

PATCH = "*** Begin Patch\n*** Add File: made.txt\n+made\n*** End Patch\n"


async def test_this_machine_is_an_environment_and_what_nobody_knows_is_none(probe: Probe) -> None:
    status = await probe.request("environment/status", {"environmentId": "local"})
    assert status == {"status": "ready"}
    info = await probe.request("environment/info", {"environmentId": "local"})
    assert info["shell"]["path"].endswith(f"/{info['shell']['name']}")
    assert info["cwd"].startswith("file:///")
    status = await probe.request("environment/status", {"environmentId": "x"})
    assert status == {"status": "unknown", "error": "unknown environment id `x`"}
    refused = await probe.refusal("environment/info", {"environmentId": "x"})
    assert (refused.code, refused.message) == (-32600, "unknown environment id `x`")


async def test_what_is_no_exec_server_cannot_be_added(probe: Probe) -> None:
    for environment_id, url, more in (
        ("", NOBODY, {}),
        ("x", "", {}),
        ("x", "none", {}),
        ("local", NOBODY, {}),
        ("x", "ws://far.example:1", {"authBearerToken": "t"}),
        ("x", NOBODY, {"authBearerToken": "a\nb"}),
    ):
        params = {"environmentId": environment_id, "execServerUrl": url, **more}
        refused = await probe.refusal("environment/add", params)
        assert refused.code == -32600
        assert refused.message.startswith("exec-server protocol error: ")
    assert (await probe.request("environment/status", {"environmentId": "x"}))["status"] == "unknown"


async def test_a_limit_of_time_that_is_no_number_of_milliseconds_is_refused(probe: Probe) -> None:
    for limit in (-1, 1e30, 10**30, 1.5, "5", True):
        params = {"environmentId": "x", "execServerUrl": NOBODY, "connectTimeoutMs": limit}
        assert (await probe.refusal("environment/add", params)).code == -32600
    assert (await probe.request("environment/status", {"environmentId": "x"}))["status"] == "unknown"


async def test_a_thread_works_where_its_client_says_also_after_a_restart(lab: Lab) -> None:
    lab.script(answer(message("Hi.")))
    far = [{"environmentId": "far", "cwd": str(lab.cwd)}]
    async with lab.run() as probe:
        await probe.request("environment/add", {"environmentId": "far", "execServerUrl": NOBODY})
        usual = await probe.start_thread(cwd=str(lab.cwd))
        assert [one["environmentId"] for one in usual["environments"]] == ["local", "far"]
        thread = await probe.start_thread(environments=far)
        assert [one["environmentId"] for one in thread["environments"]] == ["far"]
        await probe.run_turn(thread["id"])
    async with lab.run() as probe:
        refused = await probe.refusal("thread/resume", {"threadId": thread["id"]})
        assert refused.message.startswith("unknown turn environment id `far`")
        await probe.request("environment/add", {"environmentId": "far", "execServerUrl": NOBODY})
        resumed = await probe.request("thread/resume", {"threadId": thread["id"]})
        assert [one["environmentId"] for one in resumed["thread"]["environments"]] == ["far"]


async def test_what_cannot_be_reached_is_told_to_the_client_and_the_model(lab: Lab, probe: Probe) -> None:
    lab.script(answer(function_call("exec_command", {"cmd": "touch made"}, call_id="c1")), answer(message("Well.")))
    await probe.request("environment/add", {"environmentId": "far", "execServerUrl": NOBODY})
    refused = await probe.refusal("environment/info", {"environmentId": "far"})
    assert refused.code == -32603
    assert refused.message.startswith("failed to get info for environment `far`: ")
    status = await probe.request("environment/status", {"environmentId": "far"})
    assert (status["status"], bool(status["error"])) == ("disconnected", True)
    thread = await probe.start_thread(environments=[{"environmentId": "far", "cwd": str(lab.cwd)}])
    turn = await probe.run_turn(thread["id"])
    assert (turn.status, turn.text) == ("completed", "Well.")
    said = lab.model.requests[1].output_of("c1")
    assert "exec-server" in said or "execution environment" in said
    assert not (lab.cwd / "made").exists()


async def test_whether_an_environment_can_be_reached_is_found_out_before_anybody_works_there(probe: Probe) -> None:
    await probe.request("environment/add", {"environmentId": "far", "execServerUrl": NOBODY})
    with trio.fail_after(30):
        while await reach(probe) == ("pending", False):  # noqa: ASYNC110  # the server finds it out
            await trio.sleep(0.01)
    assert await reach(probe) == ("disconnected", True)


async def reach(probe: Probe) -> tuple[str, bool]:
    """Return whether environment `far` can be reached, and whether it is told why not."""
    status = await probe.request("environment/status", {"environmentId": "far"})
    return status["status"], bool(status.get("error"))


def offer_program(lab: Lab, script: str, **variables: str) -> None:
    """Have a shell script be the exec-server of the default environment `box`."""
    lab.codex_home.mkdir(exist_ok=True)
    entry = {"id": "box", "program": "/bin/sh", "args": ["-c", script]}
    lines = [f"{name} = {json.dumps(value)}" for name, value in entry.items()]
    variables = {"PYTHONPATH": ":".join(sys.path), **variables}
    lines += ["[environments.env]", *(f"{name} = {json.dumps(value)}" for name, value in variables.items())]
    (lab.codex_home / "environments.toml").write_text('default = "box"\n[[environments]]\n' + "\n".join(lines))


EXEC_SERVER = f"exec {shlex.quote(sys.executable)} -m codex_trio.testing.command exec-server --listen stdio"


async def test_followers_of_a_thread_are_told_when_its_environment_is_gone(lab: Lab) -> None:
    pid = lab.codex_home / "pid"
    offer_program(lab, f"echo $$ > {shlex.quote(str(pid))}; {EXEC_SERVER}")
    lab.script(answer(function_call("exec_command", {"cmd": "echo hi"}, call_id="c1")), answer(message("Done.")))
    async with lab.run() as probe:
        thread = await probe.start_thread(cwd=str(lab.cwd), sandbox="danger-full-access")
        await probe.run_turn(thread["id"])
        os.kill(int(pid.read_text()), signal.SIGKILL)
        gone = await probe.until("thread/environment/disconnected")
        assert gone["params"] == {"threadId": thread["id"], "environmentId": "box"}
    assert "hi\n" in lab.model.requests[-1].output_of("c1")


async def test_commands_patches_and_instructions_are_those_of_the_exec_server(lab: Lab) -> None:
    # Told from this machine by a variable that it alone has.
    offer_program(lab, EXEC_SERVER, PLACE="the box")
    (lab.cwd / "AGENTS.md").write_text("Mind the gap.")
    lab.script(
        answer(function_call("exec_command", {"cmd": "echo in $PLACE; exit 4"}, call_id="c1")),
        answer(custom_tool_call("apply_patch", PATCH, call_id="c2")),
        answer(function_call("exec_command", {"cmd": "echo at $PLACE.", "environment_id": "local"}, call_id="c3")),
        answer(message("Done.")),
    )
    async with lab.run() as probe:
        thread = await probe.start_thread(cwd=str(lab.cwd), sandbox="danger-full-access")
        assert [one["environmentId"] for one in thread["environments"]] == ["box", "local"]
        turn = await probe.run_turn(thread["id"])
    assert turn.status == "completed"
    told = lab.model.requests[-1]
    assert "in the box\n" in told.output_of("c1")
    assert "Process exited with code 4" in told.output_of("c1")
    assert "at .\n" in told.output_of("c3")
    assert (lab.cwd / "made.txt").read_text() == "made\n"
    assert any("Mind the gap." in text for text in told.texts("user"))
    commands = turn.items("commandExecution")
    assert [(item["aggregatedOutput"], item["exitCode"]) for item in commands] == [("in the box\n", 4), ("at .\n", 0)]
