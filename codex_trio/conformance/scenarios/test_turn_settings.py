"""What a client asks for with a thread or a turn holds: who is asked, what may run, where, and at what price."""

from typing import Any

import pytest

from codex_trio.conformance.lab import MODEL, Lab
from codex_trio.conformance.probe import Probe
from codex_trio.testing.model_script import Gate, answer, custom_tool_call, function_call, message, message_of

PATCH = "*** Begin Patch\n*** Add File: made.txt\n+made\n*** End Patch\n"


def run(script: str, **more: Any) -> Any:
    """Return a model's answer that runs a command as call `c1`."""
    return answer(function_call("exec_command", {"cmd": script, **more}, call_id="c1"))


async def test_a_permission_profile_holds_for_its_turn_and_later_ones(lab: Lab, probe: Probe) -> None:
    lab.script(run("touch one"), answer(message("1")), run("touch two"), answer(message("2")))
    thread_id = (await probe.start_thread(cwd=str(lab.cwd), sandbox="danger-full-access"))["id"]
    await probe.run_turn(thread_id, permissions=":read-only")
    await probe.run_turn(thread_id)
    assert not (lab.cwd / "one").exists()
    assert not (lab.cwd / "two").exists()


async def test_what_is_asked_for_while_a_turn_runs_holds_for_later_ones(lab: Lab, probe: Probe) -> None:
    endless = Gate()
    lab.script(answer(message_of(["One", endless], item_id="m1")), answer(message("Joined.")))
    lab.script(run("touch made.txt"), answer(message("Done.")))
    thread_id = (await probe.start_thread(cwd=str(lab.cwd), sandbox="danger-full-access"))["id"]
    turn_id = await probe.start_turn(thread_id)
    await probe.until("item/agentMessage/delta")
    joined = await probe.start_turn(thread_id, "more", permissions=":read-only")
    assert joined == turn_id
    changed = await probe.until("thread/settings/updated")
    assert changed["params"]["threadSettings"]["sandboxPolicy"]["type"] == "readOnly"
    await probe.finish_turn(turn_id)
    await probe.run_turn(thread_id)
    assert not (lab.cwd / "made.txt").exists()


async def test_workspace_roots_outlive_a_restart_and_end_with_another_environment(lab: Lab) -> None:
    roots = [lab.base / name for name in ("first", "second")]
    for root in roots:
        root.mkdir()
    lab.script(answer(message("Hi.")), run(f"touch {roots[0]}/x {roots[1]}/x"), answer(message("1")))
    lab.script(run(f"touch {roots[0]}/y {roots[1]}/y"), answer(message("2")))
    async with lab.run() as probe:
        thread = await probe.start_thread(
            cwd=str(lab.cwd), sandbox="workspace-write", runtimeWorkspaceRoots=[str(roots[0])]
        )
        await probe.run_turn(thread["id"])
    async with lab.run() as probe:
        await probe.request("thread/resume", {"threadId": thread["id"]})
        await probe.run_turn(thread["id"])
        elsewhere = [{"environmentId": "local", "cwd": str(roots[1])}]
        await probe.run_turn(thread["id"], environments=elsewhere)
    assert [sorted(path.name for path in root.iterdir()) for root in roots] == [["x"], ["y"]]


async def test_an_unknown_permission_profile_is_refused(lab: Lab, probe: Probe) -> None:
    thread_id = (await probe.start_thread(cwd=str(lab.cwd)))["id"]
    words = {"threadId": thread_id, "input": [{"type": "text", "text": "go"}]}
    error = await probe.refusal("turn/start", {**words, "permissions": ":none-such"})
    assert error.code == -32600
    assert error.message.endswith("refers to unknown built-in profile `:none-such`")


@pytest.mark.parametrize(
    "call",
    [
        function_call("exec_command", {"cmd": "touch made.txt"}, call_id="c1"),
        custom_tool_call("apply_patch", PATCH, call_id="c1"),
    ],
    ids=["command", "patch"],
)
async def test_without_an_environment_nothing_runs(lab: Lab, probe: Probe, call: Any) -> None:
    lab.script(answer(call), answer(message("So be it.")))
    thread = await probe.start_thread(cwd=str(lab.cwd), sandbox="danger-full-access", environments=[])
    assert thread["environments"] == []
    turn = await probe.run_turn(thread["id"])
    assert turn.status == "completed"
    assert "environment" in lab.model.requests[1].output_of("c1")
    assert list(lab.cwd.glob("*.txt")) == []


async def test_an_environment_that_does_not_exist_is_refused(lab: Lab, probe: Probe) -> None:
    elsewhere = [{"environmentId": "elsewhere", "cwd": str(lab.cwd)}]
    error = await probe.refusal("thread/start", {"environments": elsewhere})
    assert (error.code, error.message) == (-32600, "unknown turn environment id `elsewhere`")
    thread_id = (await probe.start_thread())["id"]
    words = {"threadId": thread_id, "input": [{"type": "text", "text": "go"}]}
    error = await probe.refusal("turn/start", {**words, "environments": elsewhere})
    assert (error.code, error.message) == (-32600, "unknown turn environment id `elsewhere`")


async def test_commands_write_where_the_workspace_roots_are_and_not_elsewhere(lab: Lab, probe: Probe) -> None:
    root = lab.base / "root"
    root.mkdir()
    lab.script(run(f"touch here; touch {root}/there"), answer(message("Done.")))
    started = await probe.request(
        "thread/start", {"cwd": str(lab.cwd), "sandbox": "workspace-write", "runtimeWorkspaceRoots": [str(root)]}
    )
    assert started["runtimeWorkspaceRoots"] == [str(root)]
    await probe.run_turn(started["thread"]["id"])
    assert (root / "there").exists()
    assert not (lab.cwd / "here").exists()


async def test_output_of_a_clients_own_tool_reaches_the_model_and_reads_back(lab: Lab, probe: Probe) -> None:
    lab.script(answer(message("I see.")), answer(message("Still there.")))
    thread_id = (await probe.start_thread(cwd=str(lab.cwd)))["id"]
    turn = await probe.run_turn(thread_id, [], toolOutput={"name": "lookup", "namespace": "mine", "output": "42"})
    [item] = turn.items("functionCallOutput")
    assert (item["name"], item["namespace"], item["output"]) == ("lookup", "mine", "42")
    await probe.run_turn(thread_id)
    outputs = [item for item in lab.model.requests[1].input if item["type"] == "function_call_output"]
    assert [(item["name"], item["namespace"], item["output"]) for item in outputs] == [("lookup", "mine", "42")]
    read = await probe.request("thread/read", {"threadId": thread_id, "includeTurns": True})
    assert read["thread"]["turns"][0]["items"][0] == item


async def test_output_of_a_clients_own_tool_cannot_come_with_words(lab: Lab, probe: Probe) -> None:
    thread_id = (await probe.start_thread(cwd=str(lab.cwd)))["id"]
    both = {"input": [{"type": "text", "text": "go"}], "toolOutput": {"name": "lookup", "output": "42"}}
    error = await probe.refusal("turn/start", {"threadId": thread_id, **both})
    assert (error.code, error.message) == (-32600, "`toolOutput` cannot be combined with nonempty `input`")


async def test_a_tier_reaches_the_model_under_its_own_name_until_null_takes_it_back(lab: Lab, probe: Probe) -> None:
    tiers: list[Any] = ["fast", "flex", "none-such", "fast", None]
    lab.script(*(answer(message("Hi.")) for _ in tiers))
    thread_id = (await probe.start_thread(cwd=str(lab.cwd)))["id"]
    for tier in tiers:
        await probe.run_turn(thread_id, serviceTier=tier)
    asked = [request.body.get("service_tier") for request in lab.model.requests]
    assert asked == ["priority", "flex", None, "priority", None]


async def test_a_thread_keeps_its_tier_and_its_reviewer_when_the_server_starts_anew(lab: Lab) -> None:
    lab.script(answer(message("Hi.")))
    async with lab.run() as probe:
        thread_id = (await probe.start_thread(cwd=str(lab.cwd)))["id"]
        await probe.run_turn(thread_id, serviceTier="fast", approvalsReviewer="auto_review")
    async with lab.run() as probe:
        resumed = await probe.request("thread/resume", {"threadId": thread_id})
        assert (resumed["serviceTier"], resumed["approvalsReviewer"]) == ("priority", "auto_review")


async def test_a_fork_keeps_the_name_and_the_policies_and_takes_the_configured_model(lab: Lab, probe: Probe) -> None:
    lab.script(answer(message("Hi.")))
    thread_id = (await probe.start_thread(cwd=str(lab.cwd)))["id"]
    await probe.run_turn(thread_id, model="gpt-5.6-sol", effort="low", approvalPolicy="on-request")
    await probe.request("thread/name/set", {"threadId": thread_id, "name": "Mine"})
    forked = await probe.request("thread/fork", {"threadId": thread_id})
    assert (forked["thread"]["name"], forked["approvalPolicy"]) == ("Mine", "on-request")
    assert (forked["model"], forked["reasoningEffort"]) == (MODEL, None)


async def test_modes_that_are_offered_are_told_to_the_model_and_others_are_refused(lab: Lab, probe: Probe) -> None:
    offered = {mode["mode"] for mode in (await probe.request("collaborationMode/list", {}))["data"]}
    assert offered == {"default", "plan"}
    lab.script(answer(message("Hello.", item_id="m1")))
    thread_id = (await probe.start_thread(cwd=str(lab.cwd)))["id"]
    settings = {"model": "gpt-5.5", "reasoning_effort": None, "developer_instructions": None}
    plan = {"mode": "plan", "settings": settings}
    await probe.run_turn(thread_id, "plan it", collaborationMode=plan)
    assert any("<collaboration_mode>" in text for text in lab.model.requests[-1].texts("developer"))
    for method, params in (("turn/start", {"input": [{"type": "text", "text": "x"}]}), ("thread/settings/update", {})):
        error = await probe.refusal(
            method, {"threadId": thread_id, "collaborationMode": {**plan, "mode": "none such"}, **params}
        )
        assert error.code == -32600
        assert "`none such`" in error.message


@pytest.mark.parametrize(
    "text", ['approval_policy = "untrusted"', 'sandbox_mode = "loose"', 'model_provider = "none"', "[broken", "= ="]
)
async def test_a_file_that_is_broken_meanwhile_keeps_no_thread_from_working(lab: Lab, text: str) -> None:
    lab.script(answer(message("Before.")), answer(message("After.")))
    async with lab.run() as probe:
        thread_id = (await probe.start_thread())["id"]
        assert (await probe.run_turn(thread_id)).text == "Before."
        lab.write_config(text)
        assert (await probe.run_turn(thread_id)).text == "After."
        refused = await probe.refusal("thread/start", {"cwd": str(lab.cwd)})
        assert (refused.code, refused.message[:28]) == (-32600, "failed to load configuration")
