"""A model that looks after its own context window: how much is left of it, and beginning another one."""

import json
import re

from codex_trio.conformance.lab import Lab
from codex_trio.conformance.probe import Probe
from codex_trio.testing.model_script import Request, Usage, answer, function_call, message

SWITCH = "[features]\ntoken_budget = true\n"
TOOLS = {"get_context_remaining", "new_context"}
LEFT = re.compile(r"You have (\d+) tokens left in this context window\.")


def window_ids(request: Request) -> list[str]:
    """Return the ids in the last message on the window: the first one, this one, and the one before."""
    told = "".join(request.texts("developer")).rpartition("<context_window>")[2]
    assert "Agent name: /root" in told
    return re.findall(r"context window id: (\S+)", told)


async def items_of(probe: Probe, thread_id: str) -> list[str]:
    """Return the types of a thread's items."""
    entries = (await probe.request("thread/items/list", {"threadId": thread_id}))["data"]
    return [entry["item"]["type"] for entry in entries]


async def test_the_tools_are_there_for_those_who_switch_them_on(lab: Lab, probe: Probe) -> None:
    lab.script(answer(function_call("new_context", {}, call_id="c1")), answer(message("Well.")))
    turn = await probe.run_turn((await probe.start_thread())["id"])
    assert not TOOLS & set(lab.model.requests[0].tool_names)
    assert lab.model.requests[1].output_of("c1") == "unsupported call: new_context"
    assert turn.items("contextCompaction") == []


async def test_a_model_asks_how_much_is_left(lab: Lab) -> None:
    lab.configure(tables=SWITCH)
    looks, asks = (function_call(name, {}, call_id=name) for name in ("look", "get_context_remaining"))
    used = Usage(44_000, 0, 800)
    lab.script(answer(looks, usage=used), answer(asks, usage=used), answer(message("Plenty.")))
    async with lab.run() as probe:
        await probe.run_turn((await probe.start_thread())["id"])
    assert set(lab.model.requests[0].tool_names) >= TOOLS
    found = LEFT.fullmatch(lab.model.requests[2].output_of("get_context_remaining"))
    assert found is not None
    # Nine tenths of 272,000, less what the last response took.
    assert 199_000 < int(found[1]) <= 200_000


async def test_a_model_begins_a_new_context(lab: Lab) -> None:
    lab.configure(tables=SWITCH)
    lab.script(
        answer(message("Hello.", item_id="m1")),
        answer(message("I note it.", item_id="m2"), function_call("new_context", {}, call_id="c1")),
        answer(message("Afresh.", item_id="m3")),
        answer(message("And on.", item_id="m4")),
    )
    async with lab.run() as probe:
        thread_id = (await probe.start_thread())["id"]
        await probe.run_turn(thread_id, "Hi")
        turn = await probe.run_turn(thread_id, "Build it")
        assert (turn.status, turn.text) == ("completed", "Afresh.")
        assert [item["type"] for item in turn.items()] == [
            "userMessage",
            "agentMessage",
            "contextCompaction",
            "agentMessage",
        ]
    _, before, after = lab.model.requests
    assert after.texts("assistant") == []
    assert [item["type"] for item in after.input if item["type"] != "message"] == []
    [first], [same, new, former] = window_ids(before)[:1], window_ids(after)
    assert (same, former) == (first, first)
    assert new != first
    metadata = json.loads(after.headers["x-codex-turn-metadata"])
    assert (metadata["window_number"], metadata["context_window_id"]) == (1, new)
    async with lab.run() as probe:
        await probe.request("thread/resume", {"threadId": thread_id})
        await probe.run_turn(thread_id, "Go on")
        assert (await items_of(probe, thread_id)).count("contextCompaction") == 1
    last = lab.model.requests[-1]
    assert last.texts("assistant") == ["Afresh."]
    assert window_ids(last) == [first, new, first]
    assert last.headers["x-codex-window-id"] == f"{thread_id}:1"


async def test_what_the_user_said_outlives_a_new_context(lab: Lab) -> None:
    lab.configure(tables=SWITCH)
    lab.script(answer(function_call("new_context", {}, call_id="c1")), answer(message("Afresh.")))
    async with lab.run() as probe:
        await probe.run_turn((await probe.start_thread())["id"], "Build it")
    assert lab.model.requests[-1].texts("user")[-1] == "Build it"
