"""Running turns through a client, against a server that the test plays over an in-memory channel."""

import contextlib
import json
from collections.abc import AsyncGenerator, Sequence
from typing import Any

import pytest
import trio
import trio.testing

from codex_trio.client.channel import LineChannel
from codex_trio.client.connection import AppServerClient, open_client
from codex_trio.client.errors import TurnFailed
from codex_trio.client.turns import resume_thread, start_thread

THREAD: dict[str, Any] = {"id": "t1", "turns": []}


class FakeServer:
    """Answers each request with `{}`-like results and, after turn/start, with the given notifications."""

    def __init__(self, channel: LineChannel, events: Sequence[tuple[str, Any]]) -> None:
        self.channel = channel
        self.events = events
        self.received: list[Any] = []

    async def run(self) -> None:
        while (line := await self.channel.receive()) is not None:
            request = json.loads(line)
            self.received.append(request)
            turn = {"id": "u1", "status": "inProgress", "error": None}
            if request["method"] == "turn/start":  # an event may overtake the answer
                await self.notify("item/completed", {"item": message("early"), "threadId": "t1", "turnId": "u1"})
            await self.send({"id": request["id"], "result": {"thread": THREAD, "turn": turn}})
            if request["method"] == "turn/start":
                for method, params in self.events:
                    await self.notify(method, params)

    async def notify(self, method: str, params: Any) -> None:
        await self.send({"method": method, "params": params})

    async def send(self, message: object) -> None:
        await self.channel.send(json.dumps(message).encode())


def message(text: str, phase: str | None = None) -> dict[str, Any]:
    return {"type": "agentMessage", "id": text, "text": text, "phase": phase}


def completed(status: str, error: Any = None) -> tuple[str, Any]:
    return "turn/completed", {"threadId": "t1", "turn": {"id": "u1", "status": status, "error": error}}


@contextlib.asynccontextmanager
async def served(*events: tuple[str, Any]) -> AsyncGenerator[tuple[AppServerClient, FakeServer]]:
    ours, theirs = trio.testing.memory_stream_pair()
    server = FakeServer(LineChannel(theirs, theirs), events)
    with trio.fail_after(5):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(server.run)
            async with open_client(LineChannel(ours, ours)) as client:
                yield client, server


async def test_a_turn_is_run_to_its_end_and_gathered() -> None:
    where = {"threadId": "t1", "turnId": "u1"}
    events = [
        ("item/completed", {"item": message("looking", "commentary"), **where}),
        ("item/completed", {"item": message("not mine"), "threadId": "t1", "turnId": "u0"}),
        ("thread/tokenUsage/updated", {"tokenUsage": {"total": 3}, **where}),
        ("turn/diff/updated", {"diff": "+x", **where}),
        ("item/completed", {"item": message("done", "final_answer"), **where}),
        completed("completed"),
    ]
    async with served(*events) as (client, server):
        thread = await start_thread(client, cwd="/work")
        result = await thread.run("go", effort="low")
        assert [item["text"] for item in result.items] == ["early", "looking", "done"]
        assert (result.text, result.status, result.diff) == ("done", "completed", "+x")
        assert result.token_usage == {"total": 3}
        assert [request["params"] for request in server.received] == [
            {"cwd": "/work"},
            {"threadId": "t1", "input": [{"type": "text", "text": "go"}], "effort": "low"},
        ]


async def test_a_failed_turn_raises_the_turns_error() -> None:
    async with served(completed("failed", {"message": "no key"})) as (client, _):
        thread = await resume_thread(client, "t1")
        with pytest.raises(TurnFailed, match="no key") as caught:
            await thread.run("go")
        assert caught.value.error == {"message": "no key"}


async def test_cancelling_the_caller_interrupts_the_turn() -> None:
    async with served() as (client, server):
        thread = await start_thread(client)
        with trio.move_on_after(0.05):
            await thread.run("go")
        assert server.received[-1]["method"] == "turn/interrupt"
        assert server.received[-1]["params"] == {"threadId": "t1", "turnId": "u1"}


async def test_a_running_turn_can_be_steered_while_it_is_followed() -> None:
    async with served(completed("interrupted")) as (client, server):
        thread = await start_thread(client)
        async with thread.stream([{"type": "text", "text": "go"}]) as running:
            await running.steer("left")
            methods = [event.method async for event in running]
        assert methods == ["item/completed", "turn/completed"]
        assert server.received[-1]["params"]["expectedTurnId"] == "u1"
        assert running.result.status == "interrupted"
        assert await thread.read() == THREAD
