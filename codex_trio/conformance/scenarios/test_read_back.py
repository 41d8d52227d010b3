"""What was streamed is what is read back, whatever kind of item it is and however its turn ended."""

import base64
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest

from codex_trio.conformance.lab import Lab
from codex_trio.conformance.probe import FinishedTurn, Message, Probe
from codex_trio.testing.model_script import (
    Answer,
    Gate,
    answer,
    custom_tool_call,
    failed,
    function_call,
    message,
    message_of,
    reasoning,
)

PIXEL = base64.b64decode("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGNoAAAAggCBd81ytgAAAABJRU5ErkJggg==")
DONE = answer(message("Done.", item_id="m9"))


@dataclass(frozen=True)
class Case:
    """A turn and what is to be seen of it."""

    answers: tuple[Answer, ...]
    kinds: list[str]
    """The types of its items."""
    status: str = "completed"
    thread: dict[str, Any] = field(default_factory=dict[str, Any])
    reply: Callable[[Message], Any] | None = None
    """How the client answers questions."""


def command(script: str, *, call_id: str = "c1", **more: Any) -> Any:
    return function_call("exec_command", {"cmd": script, **more}, call_id=call_id)


def patch(text: str, *, call_id: str = "p1") -> Any:
    return custom_tool_call("apply_patch", f"*** Begin Patch\n{text}\n*** End Patch", call_id=call_id)


def decline(_request: Message) -> dict[str, str]:
    return {"decision": "decline"}


CASES = {
    "messages": Case(
        (
            answer(
                message("Let me see.", item_id="m1", phase="commentary"),
                message("It is so.", item_id="m2", phase="final_answer"),
            ),
        ),
        ["userMessage", "agentMessage", "agentMessage"],
    ),
    "reasoning": Case(
        (answer(reasoning(["**One**", "**Two**"], raw="Hm, hm.", item_id="r1"), message("So.", item_id="m1")),),
        ["userMessage", "reasoning", "agentMessage"],
    ),
    "commands": Case(
        (
            answer(
                command("sleep 0.2; echo out; echo err >&2; exit 3"),
                command("sleep 0.2; true", call_id="c2"),
                command("sleep 0.2; seq 3000", call_id="c3"),
            ),
            DONE,
        ),
        ["userMessage", *["commandExecution"] * 3, "agentMessage"],
    ),
    "patches": Case(
        (
            answer(patch("*** Add File: a.txt\n+one\n+two")),
            answer(patch("*** Update File: a.txt\n@@\n-one\n+1", call_id="p2")),
            answer(patch("*** Update File: a.txt\n*** Move to: b.txt\n@@\n-1\n+eins", call_id="p3")),
            answer(patch("*** Delete File: b.txt", call_id="p4")),
            DONE,
        ),
        ["userMessage", *["fileChange"] * 4, "agentMessage"],
    ),
    "images": Case(
        (answer(function_call("view_image", {"path": "pixel.png"}, call_id="v1")), DONE),
        ["userMessage", "imageView", "agentMessage"],
    ),
    "failed": Case(
        (answer(message("I was", item_id="m1"), command("sleep 0.2; true")), answer(failed("invalid_prompt", "No."))),
        ["userMessage", "agentMessage", "commandExecution"],
        status="failed",
    ),
    "declined command": Case(
        (
            answer(command("touch x", sandbox_permissions="require_escalated", justification="May I?")),
            DONE,
        ),
        ["userMessage", "commandExecution", "agentMessage"],
        thread={"approvalPolicy": "on-request", "sandbox": "read-only"},
        reply=decline,
    ),
    "declined patch": Case(
        (answer(patch("*** Add File: ../outside.txt\n+one")), DONE),
        ["userMessage", "fileChange", "agentMessage"],
        thread={"approvalPolicy": "on-request", "sandbox": "workspace-write"},
        reply=decline,
    ),
}


async def read_back(probe: Probe, thread_id: str, *, loaded: bool) -> list[dict[str, Any]]:
    """Return the only turn of a thread in every way that it can be read."""
    read = await probe.request("thread/read", {"threadId": thread_id, "includeTurns": True})
    page = await probe.request("thread/turns/list", {"threadId": thread_id, "itemsView": "full"})
    entries = (await probe.request("thread/items/list", {"threadId": thread_id}))["data"]
    [turn] = read["thread"]["turns"]
    turns = [turn, *page["data"], {**turn, "items": [entry["item"] for entry in entries]}]
    if not loaded:
        resumed = await probe.request("thread/resume", {"threadId": thread_id})
        turns += resumed["thread"]["turns"]
    return turns


def essence(turn: dict[str, Any]) -> dict[str, Any]:
    """Return a turn but for how much of it is shown."""
    return {key: value for key, value in turn.items() if key != "itemsView"}


def as_streamed(turn: FinishedTurn) -> dict[str, Any]:
    """Return a turn as its end told it, with its items as their ends told them."""
    return essence({**turn.final, "items": turn.items()})


async def assert_reads_back(probe: Probe, thread_id: str, streamed: dict[str, Any], *, loaded: bool) -> None:
    """Every way to read a thread gives its turn as it was streamed."""
    for turn in await read_back(probe, thread_id, loaded=loaded):
        assert essence(turn) == streamed


@pytest.mark.parametrize("name", CASES)
async def test_a_turn_reads_back_as_it_was_streamed(lab: Lab, name: str) -> None:
    case = CASES[name]
    (lab.cwd / "pixel.png").write_bytes(PIXEL)
    lab.script(*case.answers)
    async with lab.run() as probe:
        thread_id = (await probe.start_thread(cwd=str(lab.cwd), **case.thread))["id"]
        turn = await probe.run_turn(thread_id, answer=case.reply)
        assert (turn.status, [item["type"] for item in turn.items()]) == (case.status, case.kinds)
        await assert_reads_back(probe, thread_id, as_streamed(turn), loaded=True)
    async with lab.run() as probe:
        await assert_reads_back(probe, thread_id, as_streamed(turn), loaded=False)


async def test_an_interrupted_turn_reads_back_as_it_was_streamed(lab: Lab) -> None:
    lab.script(
        answer(message("First.", item_id="m1"), command("sleep 0.2; echo one")),
        answer(message_of(["Never ", Gate(), "ending."], item_id="m2")),
    )
    async with lab.run() as probe:
        thread_id = (await probe.start_thread(cwd=str(lab.cwd)))["id"]
        turn_id = await probe.start_turn(thread_id)
        await probe.until("item/agentMessage/delta", where=lambda params: params["itemId"] == "m2")
        await probe.request("turn/interrupt", {"threadId": thread_id, "turnId": turn_id})
        turn = await probe.finish_turn(turn_id)
        assert turn.status == "interrupted"
        assert [item["type"] for item in turn.items()] == ["userMessage", "agentMessage", "commandExecution"]
        await assert_reads_back(probe, thread_id, as_streamed(turn), loaded=True)
    async with lab.run() as probe:
        await assert_reads_back(probe, thread_id, as_streamed(turn), loaded=False)
