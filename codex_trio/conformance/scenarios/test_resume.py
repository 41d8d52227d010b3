"""What survives: resuming threads, warm and cold, with overrides, and after the server was killed."""

import signal
from typing import Any

import msgspec
import pytest
import trio

from codex_trio.conformance.lab import Lab
from codex_trio.conformance.probe import FinishedTurn, Message, Probe
from codex_trio.testing.model_script import (
    Gate,
    answer,
    custom_tool_call,
    function_call,
    message,
    message_of,
    reasoning,
)


async def thread_with_everything(lab: Lab, probe: Probe) -> tuple[str, FinishedTurn]:
    """Return a thread whose one turn has every common kind of item."""
    patch = "*** Begin Patch\n*** Add File: a.txt\n+hi\n*** End Patch"
    lab.script(
        answer(
            reasoning(["**Think**"], item_id="r1"),
            message("Looking.", item_id="m1", phase="commentary"),
            function_call("exec_command", {"cmd": "sleep 0.2; echo out; exit 2"}, call_id="c1"),
        ),
        answer(custom_tool_call("apply_patch", patch, call_id="p1")),
        answer(message("Done.", item_id="m2", phase="final_answer")),
    )
    thread_id = (await probe.start_thread(cwd=str(lab.cwd)))["id"]
    return thread_id, await probe.run_turn(thread_id, "do it")


def timeless(items: list[Message]) -> list[Message]:
    """Return items without the times of their start and end."""
    return [{key: value for key, value in item.items() if not key.endswith("AtMs")} for item in items]


async def items_of(probe: Probe, thread_id: str) -> list[list[Message]]:
    """Return the items of every turn of a thread, as read back."""
    read = await probe.request("thread/read", {"threadId": thread_id, "includeTurns": True})
    return [turn["items"] for turn in read["thread"]["turns"]]


async def test_every_kind_of_item_reads_back_as_it_was_streamed(lab: Lab, probe: Probe) -> None:
    thread_id, turn = await thread_with_everything(lab, probe)
    kinds = ["userMessage", "reasoning", "agentMessage", "commandExecution", "fileChange", "agentMessage"]
    assert [item["type"] for item in turn.items()] == kinds
    assert await items_of(probe, thread_id) == [turn.items()]


async def test_a_thread_reads_back_the_same_from_another_server(lab: Lab) -> None:
    async with lab.run() as probe:
        thread_id, turn = await thread_with_everything(lab, probe)
    async with lab.run() as probe:
        [row] = (await probe.request("thread/list", {}))["data"]
        assert (row["id"], row["status"], row["preview"]) == (thread_id, {"type": "notLoaded"}, "do it")
        assert timeless((await items_of(probe, thread_id))[0]) == timeless(turn.items())
        unloaded = await probe.refusal("turn/start", {"threadId": thread_id, "input": [{"type": "text", "text": "x"}]})
        assert unloaded.message == f"thread not found: {thread_id}"


async def test_a_resumed_thread_brings_its_turns_and_usage_and_goes_on(lab: Lab) -> None:
    async with lab.run() as probe:
        thread_id, turn = await thread_with_everything(lab, probe)
    lab.script(answer(message("Still here.", item_id="m3")))
    async with lab.run() as probe:
        resumed = await probe.request("thread/resume", {"threadId": thread_id})
        [stored] = resumed["thread"]["turns"]
        assert (stored["id"], stored["status"]) == (turn.id, "completed")
        assert timeless(stored["items"]) == timeless(turn.items())
        assert resumed["thread"]["status"] == {"type": "idle"}
        usage = await probe.until("thread/tokenUsage/updated")
        assert usage["params"]["turnId"] == turn.id
        assert usage["params"]["tokenUsage"]["total"]["totalTokens"] == 360
        assert "thread/started" not in probe.log.methods()
        next_turn = await probe.run_turn(thread_id, "and now?")
        assert next_turn.text == "Still here."
        assert next_turn.of("thread/tokenUsage/updated")[-1]["tokenUsage"]["total"]["totalTokens"] == 480
    before, after = lab.model.requests[-2].input, lab.model.requests[-1].input
    conversation = [item for item in before if item["type"] != "message" or item["role"] != "developer"]
    assert [item for item in after if item in conversation] == conversation
    assert lab.model.requests[-1].output_of("c1") == lab.model.requests[-2].output_of("c1")
    assert lab.model.requests[-1].texts("assistant")[-1] == "Done."


async def test_resuming_can_leave_the_turns_out(lab: Lab) -> None:
    async with lab.run() as probe:
        thread_id, _ = await thread_with_everything(lab, probe)
    async with lab.run() as probe:
        resumed = await probe.request("thread/resume", {"threadId": thread_id, "excludeTurns": True})
        assert resumed["thread"]["turns"] == []


async def test_token_use_comes_with_the_turns_or_when_the_thread_is_loaded(lab: Lab) -> None:
    async with lab.run() as probe:
        thread_id, _ = await thread_with_everything(lab, probe)
    told = "thread/tokenUsage/updated"
    params = {"threadId": thread_id, "excludeTurns": True}
    async with lab.run() as probe:
        await probe.request("thread/resume", params)
        await probe.until(told, thread_id=thread_id)
        for method in ("thread/resume", "thread/fork"):
            assert (await probe.request(method, params))["thread"]["turns"] == []
        await probe.request("thread/resume", {"threadId": thread_id})
        await probe.until(told, thread_id=thread_id)
        assert probe.log.methods().count(told) == 2


async def test_resuming_a_stored_thread_can_change_its_settings(lab: Lab) -> None:
    async with lab.run() as probe:
        thread_id, _ = await thread_with_everything(lab, probe)
    lab.script(answer(message("Elsewhere.")))
    (lab.cwd / "sub").mkdir()
    async with lab.run() as probe:
        params = {
            "threadId": thread_id,
            "cwd": f"{lab.cwd}/sub",
            "approvalPolicy": "on-request",
            "sandbox": "read-only",
        }
        resumed = await probe.request("thread/resume", params)
        assert (resumed["cwd"], resumed["approvalPolicy"]) == (f"{lab.cwd}/sub", "on-request")
        assert resumed["sandbox"] == {"type": "readOnly", "networkAccess": False}
        await probe.run_turn(thread_id, "where are we?")
    contexts = [text for text in lab.model.requests[-1].texts("user") if "<environment_context>" in text]
    assert f"<cwd>{lab.cwd}/sub</cwd>" in contexts[-1]


async def test_resuming_a_running_thread_keeps_its_settings(lab: Lab, probe: Probe) -> None:
    thread_id, _ = await thread_with_everything(lab, probe)
    params = {"threadId": thread_id, "approvalPolicy": "on-request", "cwd": "/elsewhere"}
    resumed = await probe.request("thread/resume", params)
    assert (resumed["cwd"], resumed["approvalPolicy"]) == (str(lab.cwd), "never")
    assert [turn["status"] for turn in resumed["thread"]["turns"]] == ["completed"]


@pytest.mark.only_over("stdio", "websocket", "unix")
async def test_what_a_client_was_told_survives_a_killed_server(lab: Lab) -> None:
    gate = Gate()
    async with lab.run() as probe:
        thread_id, turn = await thread_with_everything(lab, probe)
        lab.script(
            answer(
                message("Said.", item_id="m3"),
                function_call("exec_command", {"cmd": "sleep 0.2; echo kept"}, call_id="c2"),
            ),
            answer(message("Half", item_id="m4"), gate),
        )
        turn_id = await probe.start_turn(thread_id, "go on")
        await probe.until("item/completed", where=lambda params: params["item"]["id"] == "m4")
        acknowledged = [
            sent["params"]["item"]
            for sent in probe.log.from_server
            if sent.get("method") == "item/completed" and sent["params"]["turnId"] == turn_id
        ]
        probe.server.kill()
        with trio.fail_after(10):
            await probe.server.process.wait()
    assert probe.server.process.returncode == -signal.SIGKILL
    assert [item["id"] for item in acknowledged[1:]] == ["m3", "c2", "m4"]
    lab.script(answer(message("Back.", item_id="m5")))
    async with lab.run() as probe:
        read = await probe.request("thread/read", {"threadId": thread_id, "includeTurns": True})
        turns = read["thread"]["turns"]
        assert [(stored["id"], stored["status"]) for stored in turns] == [
            (turn.id, "completed"),
            (turn_id, "interrupted"),
        ]
        assert timeless(turns[1]["items"]) == timeless(acknowledged)
        await probe.request("thread/resume", {"threadId": thread_id})
        after = await probe.run_turn(thread_id, "still there?")
        assert (after.status, after.text) == ("completed", "Back.")
    last = lab.model.requests[-1]
    assert "Said." in last.texts("assistant")
    assert "kept" in last.output_of("c2")


@pytest.mark.only_over("stdio", "websocket", "unix")
async def test_what_a_running_turn_was_told_outlives_a_killed_server(lab: Lab) -> None:
    lab.script(answer(function_call("exec_command", {"cmd": "sleep 60"}, call_id="c1")))
    async with lab.run() as probe:
        thread_id = (await probe.start_thread(cwd=str(lab.cwd)))["id"]
        turn_id = await probe.start_turn(thread_id, "one")
        # As long as it runs the model cannot be told more.
        await probe.until("item/started", where=lambda params: params["item"]["id"] == "c1")
        more = {"threadId": thread_id, "expectedTurnId": turn_id, "input": [{"type": "text", "text": "two"}]}
        await probe.request("turn/steer", more)
        probe.server.kill()
        with trio.fail_after(10):
            await probe.server.process.wait()
    lab.script(answer(message("Back.", item_id="m1")))
    async with lab.run() as probe:
        for _ in range(2):
            said = [item["content"][0]["text"] for item in (await items_of(probe, thread_id))[0] if "content" in item]
            assert said == ["one", "two"]
            await probe.request("thread/resume", {"threadId": thread_id})
        await probe.run_turn(thread_id, "three")
        assert [len(items) for items in await items_of(probe, thread_id)] == [2, 2]
    assert lab.model.requests[-1].texts("user")[-3:] == ["one", "two", "three"]


async def test_a_torn_last_line_of_a_rollout_loses_nothing_else(lab: Lab) -> None:
    async with lab.run() as probe:
        thread_id, turn = await thread_with_everything(lab, probe)
    [rollout] = lab.rollouts()
    with rollout.open("a") as file:
        file.write('{"timestamp":"2026-01-01T00:00:00.000Z","type":"event_msg","payl')
    lab.script(answer(message("Whole.", item_id="m9")))
    async with lab.run() as probe:
        assert timeless((await items_of(probe, thread_id))[0]) == timeless(turn.items())
        await probe.request("thread/resume", {"threadId": thread_id})
        await probe.run_turn(thread_id, "and now?")
    async with lab.run() as probe:
        stored = await items_of(probe, thread_id)
        assert [item["type"] for item in stored[1]] == ["userMessage", "agentMessage"]


async def test_a_turn_under_way_reads_as_in_progress(lab: Lab, probe: Probe) -> None:
    gate = Gate()
    lab.script(answer(message("First.", item_id="m1"), message_of(["Sec", gate, "ond."], item_id="m2")))
    thread_id = (await probe.start_thread())["id"]
    turn_id = await probe.start_turn(thread_id)
    await probe.until("item/agentMessage/delta", where=lambda params: params["itemId"] == "m2")
    params: dict[str, Any] = {"threadId": thread_id, "includeTurns": True}
    [running] = (await probe.request("thread/read", params))["thread"]["turns"]
    assert (running["id"], running["status"], running["completedAt"]) == (turn_id, "inProgress", None)
    assert [item["type"] for item in running["items"]][:2] == ["userMessage", "agentMessage"]
    gate.open()
    await probe.finish_turn(turn_id)


# Forks and injected items


async def test_a_fork_has_the_turns_of_its_source_and_goes_its_own_way(lab: Lab, probe: Probe) -> None:
    thread_id, turn = await thread_with_everything(lab, probe)
    probe.log.skip()
    forked = (await probe.request("thread/fork", {"threadId": thread_id}))["thread"]
    assert (forked["forkedFromId"], forked["preview"]) == (thread_id, "do it")
    assert forked["id"] != thread_id
    assert [timeless(stored["items"]) for stored in forked["turns"]] == [timeless(turn.items())]
    usage = await probe.until("thread/tokenUsage/updated", thread_id=forked["id"])
    assert usage["params"]["tokenUsage"]["total"]["totalTokens"] == 360
    started = await probe.until("thread/started")
    assert (started["params"]["thread"]["id"], started["params"]["thread"]["turns"]) == (forked["id"], [])
    lab.script(answer(message("Aside.", item_id="m3")))
    await probe.run_turn(forked["id"], "on the side")
    assert "Done." in lab.model.requests[-1].texts("assistant")
    assert len(await items_of(probe, forked["id"])) == 2
    assert len(await items_of(probe, thread_id)) == 1


async def test_a_fork_can_end_at_or_before_a_turn(lab: Lab, probe: Probe) -> None:
    lab.script(answer(message("One.", item_id="m1")), answer(message("Two.", item_id="m2")))
    thread_id = (await probe.start_thread(cwd=str(lab.cwd)))["id"]
    turns = [(await probe.run_turn(thread_id, text)).id for text in ("first", "second")]

    async def forked(**params: Any) -> list[str]:
        result = await probe.request("thread/fork", {"threadId": thread_id, **params})
        return [turn["id"] for turn in result["thread"]["turns"]]

    assert await forked(lastTurnId=turns[0]) == turns[:1]
    assert await forked(beforeTurnId=turns[1]) == turns[:1]
    assert await forked(excludeTurns=True) == []
    unknown = await probe.refusal("thread/fork", {"threadId": thread_id, "lastTurnId": "zz"})
    assert (unknown.code, unknown.message) == (-32600, "turn not found: zz")


async def test_injected_items_reach_the_model_before_the_next_text(lab: Lab, probe: Probe) -> None:
    lab.script(answer(message("I see.")))
    thread_id = (await probe.start_thread())["id"]
    note = {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "a note"}]}
    assert await probe.request("thread/inject_items", {"threadId": thread_id, "items": [note]}) == {}
    turn = await probe.run_turn(thread_id, "hello")
    assert lab.model.requests[0].texts("user")[-2:] == ["a note", "hello"]
    assert [item["type"] for item in turn.items()] == ["userMessage", "agentMessage"]


async def test_a_thread_that_nobody_follows_is_opened_again_as_it_is_asked_for(lab: Lab, probe: Probe) -> None:
    thread_id = (
        await probe.start_thread(
            cwd=str(lab.cwd), sandbox="danger-full-access", approvalPolicy="never", model="gpt-5.5"
        )
    )["id"]
    lab.script(answer(message("Free.", item_id="m1")), answer(message("Confined.", item_id="m2")))
    await probe.run_turn(thread_id, "hello")
    fewer = {"threadId": thread_id, "sandbox": "read-only", "approvalPolicy": "on-request", "model": "gpt-5.4"}
    followed = await probe.request("thread/resume", fewer)
    assert (followed["sandbox"]["type"], followed["approvalPolicy"]) == ("dangerFullAccess", "never")

    await probe.request("thread/unsubscribe", {"threadId": thread_id})
    opened = await probe.request("thread/resume", fewer)
    assert (opened["sandbox"]["type"], opened["approvalPolicy"]) == ("readOnly", "on-request")
    assert opened["model"] == "gpt-5.4"
    turn = await probe.run_turn(thread_id, "and now?")
    assert turn.text == "Confined."
    assert lab.model.requests[-1].body["model"] == "gpt-5.4"


async def test_a_thread_that_nobody_follows_stays_as_it_is_when_nothing_else_is_asked_for(
    lab: Lab, probe: Probe
) -> None:
    thread_id = (await probe.start_thread(cwd=str(lab.cwd), sandbox="danger-full-access", approvalPolicy="never"))["id"]
    lab.script(answer(message("Hi.", item_id="m1")))
    await probe.run_turn(thread_id, "hello")
    await probe.request("thread/unsubscribe", {"threadId": thread_id})
    opened = await probe.request("thread/resume", {"threadId": thread_id})
    assert (opened["sandbox"]["type"], opened["approvalPolicy"]) == ("dangerFullAccess", "never")


async def test_what_each_response_used_is_in_the_rollout_for_who_sums_it_up(lab: Lab) -> None:
    run = function_call("exec_command", {"cmd": "true"}, call_id="c1")
    lab.script(answer(run), answer(message("One.")), answer(message("Two.")))
    async with lab.run() as probe:
        thread_id = (await probe.start_thread(cwd=str(lab.cwd)))["id"]
        first = await probe.run_turn(thread_id)
    async with lab.run() as probe:
        await probe.request("thread/resume", {"threadId": thread_id, "excludeTurns": True})
        second = await probe.run_turn(thread_id)
    lines = [msgspec.json.decode(line) for line in lab.rollouts()[0].read_bytes().splitlines()]
    records = [line["payload"] for line in lines if line["type"] == "token_usage_record"]
    sums = ("usage", "turn_token_usage", "thread_token_usage")
    assert [[record[name]["total_tokens"] for name in sums] for record in records] == [
        [120, 120, 120],
        [120, 240, 240],
        [120, 120, 360],
    ]
    assert [record["turn_id"] for record in records] == [first.id, first.id, second.id]
    assert {record["response_id"] for record in records} == {"resp_1"}
    for record in records:
        assert record["root_turn_id"] == record["turn_id"]
        assert (record["thread_id"], record["session_id"]) == (thread_id, thread_id)
        assert record["usage"] == {
            "input_tokens": 100,
            "cached_input_tokens": 10,
            "cache_write_input_tokens": 0,
            "output_tokens": 20,
            "reasoning_output_tokens": 5,
            "total_tokens": 120,
        }
