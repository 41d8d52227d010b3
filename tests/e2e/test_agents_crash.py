"""What agents have done outlives the server, and so does whose they are."""

import json
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import pytest

from codex_trio.client.process import SpawnedServer
from codex_trio.conformance.lab import Lab, ServerUnderTest
from codex_trio.conformance.probe import Probe
from codex_trio.testing.model_script import Answer, Gate, Request, answer, function_call, message, message_of
from codex_trio.testing.model_server import open_model_server

ITEM = "collabAgentToolCall"


@pytest.fixture
async def lab(tmp_path: Path, own_server: ServerUnderTest) -> AsyncGenerator[Lab]:
    async with open_model_server() as model:
        yield Lab(tmp_path, own_server, model)


def by_agent(request: Request) -> bool:
    return "x-openai-subagent" in request.headers


def call(name: str, arguments: dict[str, Any], call_id: str) -> Answer:
    return answer(function_call(name, arguments, call_id=call_id, namespace="multi_agent_v1"))


def waits_for(call_id: str) -> Any:
    def reply(request: Request) -> Answer:
        agent = json.loads(request.output_of(call_id))["agent_id"]
        return call("wait_agent", {"targets": [agent]}, f"wait_{call_id}")

    return reply


def timeless(item: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in item.items() if key not in ("startedAtMs", "completedAtMs")}


async def test_a_family_is_whole_after_its_server_was_killed_in_the_middle(lab: Lab) -> None:
    never = Gate()
    lab.script(
        call("spawn_agent", {"message": "Look"}, "first"),
        waits_for("first"),
        call("spawn_agent", {"message": "Go on looking"}, "second"),
        waits_for("second"),
        answer(message("found", item_id="of_first")).matching(by_agent),
        answer(message_of(["fou", never], item_id="of_second")).matching(by_agent),
    )
    async with lab.run() as probe:
        thread_id = (await probe.start_thread(cwd=str(lab.cwd), model="somebody-else"))["id"]
        await probe.start_turn(thread_id)
        under_way: set[str] = set()
        while not under_way >= {"wait_second", "of_second"}:
            under_way.add((await probe.until("item/started"))["params"]["item"]["id"])
        told = [one["params"]["item"] for one in probe.log.from_server if one.get("method") == "item/completed"]
        assert isinstance(probe.server, SpawnedServer)
        probe.server.kill()
        await probe.client.closed.wait()
    streamed = [timeless(item) for item in told if item["type"] == ITEM]
    agents = [item["receiverThreadIds"][0] for item in streamed if item["tool"] == "spawnAgent"]
    assert len(agents) == 2
    async with lab.run() as probe:
        await probe.request("thread/resume", {"threadId": thread_id})
        [turn] = await turns_of(probe, thread_id)
        assert turn["status"] == "interrupted"
        assert [timeless(item) for item in turn["items"] if item["type"] == ITEM] == streamed
        statuses = {agent: (await turns_of(probe, agent))[0]["status"] for agent in agents}
        assert statuses == {agents[0]: "completed", agents[1]: "interrupted"}
        await probe.request("thread/archive", {"threadId": thread_id})
        archived = {(await probe.until("thread/archived"))["params"]["threadId"] for _ in range(3)}
        assert archived == {thread_id, *agents}


async def turns_of(probe: Probe, thread_id: str) -> list[dict[str, Any]]:
    return (await probe.request("thread/turns/list", {"threadId": thread_id, "itemsView": "full"}))["data"]
