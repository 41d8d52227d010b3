"""Running turns through a client, against a server that the test plays over an in-memory channel."""

import contextlib
import json
from collections.abc import AsyncGenerator, Sequence
from typing import Any, cast

import msgspec
import pytest
import trio
import trio.testing
from codex_trio_protocol.v2.item import AgentMessageThreadItem
from codex_trio_protocol.v2.permissions import WorkspaceWriteSandboxPolicy
from codex_trio_protocol.v2.thread_start import ThreadResumeParams, ThreadStartParams
from codex_trio_protocol.v2.turn import TurnStartParams

from codex_trio.client.channel import LineChannel
from codex_trio.client.connection import AppServerClient, open_client
from codex_trio.client.errors import InvalidMessage, TurnFailed
from codex_trio.client.options import ThreadResumeOptions, ThreadStartOptions, TurnStartOptions
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
    with trio.fail_after(30):
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


@pytest.mark.parametrize(
    ("params", "hint"),
    [
        ({"sanbox": "read-only"}, "there is no `sanbox`; did you mean `sandbox`?"),
        ({"approval_policy": "never"}, "did you mean `approvalPolicy`?"),
        ({"sandbox": "readOnly"}, '"danger-full-access" | "read-only" | "workspace-write"'),
        ({"ephemeral": "yes"}, "at `$.ephemeral`"),
        ({"selectedCapabilityRoots": [{"id": "a", "location": {"type": "environment", "pth": "/"}}]}, "environmentId"),
    ],
)
async def test_a_slip_in_the_params_is_refused_and_nothing_is_sent(params: Any, hint: str) -> None:
    async with served() as (client, server):
        with pytest.raises(InvalidMessage) as started:
            await start_thread(client, **params)
        with pytest.raises(InvalidMessage) as resumed:
            await resume_thread(client, "t1", **cast("Any", {"excludeTurns": True, "sanbox": "read-only"}))
        assert hint in str(started.value)
        assert "did you mean `sandbox`?" in str(resumed.value)
        assert server.received == []


@pytest.mark.parametrize(
    ("overrides", "hint"),
    [
        ({"sandbox": "read-only"}, "did you mean `sandboxPolicy`?"),
        ({"sandboxPolicy": {"type": "workspaceWrite", "excludeSlashTemp": True}}, "did you mean `excludeSlashTmp`?"),
        (
            {"additionalContext": {"k": {"value": "v", "kind": "untrusted", "nmae": "x"}}},
            "`nmae` in `additionalContext.k`",
        ),
        ({"user_input": [{"type": "text", "text": "go", "text_element": []}]}, "`text_element` in `input[0]`"),
    ],
)
async def test_a_slip_in_a_turns_params_is_refused_however_deep_it_lies(overrides: Any, hint: str) -> None:
    async with served() as (client, server):
        thread = await start_thread(client)
        with pytest.raises(InvalidMessage) as caught:
            await thread.run(**cast("dict[str, Any]", {"user_input": "go", **overrides}))
        assert hint in str(caught.value)
        assert [request["method"] for request in server.received] == ["thread/start"]


async def test_structs_and_free_objects_are_params_too() -> None:
    async with served(completed("completed")) as (client, server):
        thread = await start_thread(client, config={"any.key": {"at": "all"}}, ephemeral=False)
        policy = WorkspaceWriteSandboxPolicy(exclude_slash_tmp=True)
        await thread.run("go", sandboxPolicy=policy, outputSchema={"type": "object", "x": 1})
        assert server.received[0]["params"] == {"config": {"any.key": {"at": "all"}}, "ephemeral": False}
        assert server.received[1]["params"]["sandboxPolicy"]["excludeSlashTmp"] is True


@pytest.mark.parametrize(
    ("options", "params", "given_otherwise"),
    [
        (ThreadStartOptions, ThreadStartParams, set[str]()),
        (ThreadResumeOptions, ThreadResumeParams, {"threadId"}),
        (TurnStartOptions, TurnStartParams, {"threadId", "input"}),
    ],
)
def test_the_options_of_type_checkers_are_the_protocols(options: Any, params: Any, given_otherwise: set[str]) -> None:
    without_effect = {"mockExperimentalField", "persistExtendedHistory"}
    names = {field.encode_name for field in msgspec.structs.fields(params)}
    assert set(options.__annotations__) == names - given_otherwise - without_effect


async def test_items_are_had_as_structs_too() -> None:
    later = {"type": "ofTomorrow", "id": "x"}
    where = {"threadId": "t1", "turnId": "u1"}
    async with served(("item/completed", {"item": later, **where}), completed("completed")) as (client, _):
        result = await (await start_thread(client)).run("go")
        early, unknown = result.typed_items
        assert isinstance(early, AgentMessageThreadItem)
        assert (early.text, unknown) == ("early", later)


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
