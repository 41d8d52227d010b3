"""Tools that the client brings along: offered, searched for, called, and kept with the thread."""

from typing import Any

import pytest

from codex_trio.conformance.lab import Lab
from codex_trio.conformance.probe import Message, Probe
from codex_trio.testing.model_script import answer, function_call, item_done, message

SCHEMA = {"type": "object", "properties": {"key": {"type": "string"}}, "required": ["key"]}


def tool(name: str, **more: Any) -> dict[str, Any]:
    """Return a tool of the client's."""
    return {"type": "function", "name": name, "description": f"The {name}.", "inputSchema": SCHEMA, **more}


DESK = {
    "type": "namespace",
    "name": "desk",
    "description": "The tickets of the help desk",
    "tools": [tool("newest"), tool("close_ticket", deferLoading=True)],
}
OPEN_DESK = {**DESK, "tools": [tool("newest")]}


def named_call(namespace: str, name: str, call_id: str) -> dict[str, Any]:
    """Return a call of a tool in a namespace."""
    item = {"type": "function_call", "id": f"fc_{call_id}", "call_id": call_id, "name": name, "namespace": namespace}
    return item_done({**item, "arguments": '{"key": "k"}'})


def search(call_id: str, query: str) -> dict[str, Any]:
    """Return a search for tools."""
    item = {"type": "tool_search_call", "id": f"tsc_{call_id}", "call_id": call_id, "execution": "client"}
    return item_done({**item, "status": "completed", "arguments": {"query": query}})


def says(text: str, *, success: bool = True) -> dict[str, Any]:
    """Return an answer of the client's tool."""
    return {"contentItems": [{"type": "inputText", "text": text}], "success": success}


async def test_the_client_runs_the_tool_that_it_brought_along(lab: Lab, probe: Probe) -> None:
    lab.script(answer(function_call("lookup", {"key": "a"}, call_id="c1")), answer(message("Found.")))
    thread_id = (await probe.start_thread(dynamicTools=[tool("lookup")]))["id"]
    asked: list[Message] = []

    def run(request: Message) -> Any:
        asked.append(request)
        return says("value of a")

    turn = await probe.run_turn(thread_id, answer=run)
    (request,) = asked
    assert request["method"] == "item/tool/call"
    assert request["params"] == {
        "threadId": thread_id,
        "turnId": turn.id,
        "callId": "c1",
        "namespace": None,
        "tool": "lookup",
        "arguments": {"key": "a"},
    }
    (started,), (item,) = turn.started("dynamicToolCall"), turn.items("dynamicToolCall")
    assert (started["status"], started["contentItems"], started["success"]) == ("inProgress", None, None)
    assert (item["status"], item["success"], item["id"]) == ("completed", True, "c1")
    assert item["contentItems"] == [{"type": "inputText", "text": "value of a"}]
    offered = {one.get("name"): one for one in lab.model.requests[0].body["tools"]}["lookup"]
    assert (offered["type"], offered["description"], offered["parameters"]) == ("function", "The lookup.", SCHEMA)
    assert lab.model.requests[1].output_of("c1") == "value of a"


async def test_the_tools_and_their_calls_outlive_a_restart_and_a_fork(lab: Lab) -> None:
    call = named_call("desk", "newest", "c1")
    lab.script(answer(call), answer(message("One.")), answer(message("Two.")), answer(message("Three.")))
    async with lab.run() as probe:
        thread_id = (await probe.start_thread(dynamicTools=[tool("lookup"), OPEN_DESK]))["id"]
        turn = await probe.run_turn(thread_id, answer=lambda _: says("ticket 7"))
    async with lab.run() as probe:
        thread = (await probe.request("thread/resume", {"threadId": thread_id}))["thread"]
        stored = [item for item in thread["turns"][0]["items"] if item["type"] == "dynamicToolCall"]
        assert stored == turn.items("dynamicToolCall")
        await probe.run_turn(thread_id)
        fork = (await probe.request("thread/fork", {"threadId": thread_id}))["thread"]
        await probe.run_turn(fork["id"])
    for request in lab.model.requests:
        tools = {one.get("name"): one for one in request.body["tools"]}
        assert "lookup" in tools
        assert [one["name"] for one in tools["desk"]["tools"]] == ["newest"]


async def test_a_deferred_tool_is_found_before_it_is_called(lab: Lab, probe: Probe) -> None:
    lab.script(
        answer(search("s1", "close a ticket"), search("s2", "weather")),
        answer(named_call("desk", "close_ticket", "c1"), function_call("close_ticket", {"key": "k"}, call_id="c2")),
        answer(message("Closed.")),
    )
    thread_id = (await probe.start_thread(dynamicTools=[DESK]))["id"]
    turn = await probe.run_turn(thread_id, answer=lambda _: says("done"))
    first, second, last = lab.model.requests
    tools = {one.get("name", one["type"]): one for one in first.body["tools"]}
    assert [one["name"] for one in tools["desk"]["tools"]] == ["newest"]
    assert (tools["tool_search"]["type"], tools["tool_search"]["execution"]) == ("tool_search", "client")
    assert any("- desk: The tickets of the help desk" in text for text in first.texts("developer"))
    outputs = {item["call_id"]: item for item in second.input if item["type"] == "tool_search_output"}
    (found,) = (group for group in outputs["s1"]["tools"] if group["name"] == "desk")
    assert (found["type"], found["description"]) == ("namespace", DESK["description"])
    (spec,) = found["tools"]
    assert (spec["name"], spec["defer_loading"], spec["parameters"]) == ("close_ticket", True, SCHEMA)
    assert outputs["s2"]["tools"] == []
    assert last.output_of("c1") == "done"
    assert last.output_of("c2") == "unsupported call: close_ticket"
    assert [item["namespace"] for item in turn.items("dynamicToolCall")] == ["desk"]


@pytest.mark.parametrize(
    ("reply", "told"),
    [
        (None, "dynamic tool request failed"),
        ({"nonsense": 1}, "dynamic tool response was invalid"),
        (says("no such key", success=False), "no such key"),
        (
            {"contentItems": [{"type": "inputImage", "imageUrl": "https://pictures.example/a.png"}], "success": True},
            "remote image URLs are not supported; use an inline data URL instead",
        ),
    ],
    ids=["error", "nonsense", "failure", "remote image"],
)
async def test_the_turn_goes_on_when_the_clients_tool_fails(lab: Lab, probe: Probe, reply: Any, told: str) -> None:
    lab.script(answer(function_call("lookup", {"key": "a"}, call_id="c1")), answer(message("Well.")))
    thread_id = (await probe.start_thread(dynamicTools=[tool("lookup")]))["id"]
    turn_id = await probe.start_turn(thread_id)
    request = await probe.until("item/tool/call")
    if reply is None:
        await probe.refuse(request, "the tool broke")
    else:
        await probe.respond(request, reply)
    turn = await probe.finish_turn(turn_id)
    (item,) = turn.items("dynamicToolCall")
    assert (item["status"], item["success"]) == ("failed", False)
    output = lab.model.requests[1].output_of("c1")
    assert item["contentItems"] == [{"type": "inputText", "text": output}]
    assert output.startswith(told)
    assert (turn.status, turn.text) == ("completed", "Well.")


async def test_calls_of_one_response_wait_for_the_client_side_by_side(lab: Lab, probe: Probe) -> None:
    calls = [function_call("lookup", {"key": name}, call_id=name) for name in ("a", "b")]
    lab.script(answer(*calls), answer(message("Both.")))
    thread_id = (await probe.start_thread(dynamicTools=[tool("lookup")]))["id"]
    turn_id = await probe.start_turn(thread_id)
    requests = [await probe.until("item/tool/call") for _ in calls]
    for request in reversed(requests):
        await probe.respond(request, says(request["params"]["arguments"]["key"]))
    await probe.finish_turn(turn_id)
    assert [lab.model.requests[1].output_of(name) for name in ("a", "b")] == ["a", "b"]


async def test_a_call_that_waits_ends_with_its_turn(lab: Lab, probe: Probe) -> None:
    lab.script(answer(function_call("lookup", {"key": "a"}, call_id="c1")), answer(message("Again.")))
    thread_id = (await probe.start_thread(dynamicTools=[tool("lookup")]))["id"]
    turn_id = await probe.start_turn(thread_id)
    await probe.until("item/tool/call")
    await probe.request("turn/interrupt", {"threadId": thread_id, "turnId": turn_id})
    turn = await probe.finish_turn(turn_id)
    (item,) = turn.items("dynamicToolCall")
    assert (turn.status, item["status"], item["success"]) == ("interrupted", "failed", False)
    thread = (await probe.request("thread/read", {"threadId": thread_id, "includeTurns": True}))["thread"]
    assert thread["turns"][0]["items"][-1] == item
    assert (await probe.run_turn(thread_id)).text == "Again."


async def test_arguments_that_are_no_json_are_told_to_the_model_alone(lab: Lab, probe: Probe) -> None:
    item = {"type": "function_call", "id": "fc_1", "call_id": "c1", "name": "lookup", "arguments": "{nope"}
    lab.script(answer(item_done(item)), answer(message("Well.")))
    thread_id = (await probe.start_thread(dynamicTools=[tool("lookup")]))["id"]
    turn = await probe.run_turn(thread_id)
    assert lab.model.requests[1].output_of("c1").startswith("failed to parse function arguments: ")
    assert (turn.items("dynamicToolCall"), turn.text) == ([], "Well.")


async def test_tools_that_no_model_could_be_offered_are_refused(lab: Lab, probe: Probe) -> None:
    refused = await probe.refusal("thread/start", {"dynamicTools": [tool("a"), tool("a")]})
    assert (refused.code, refused.message) == (-32600, "duplicate dynamic tool name: a")
    assert (await probe.request("thread/loaded/list"))["data"] == []
