"""What is said in a thread while there is no room for it, and afterwards."""

import json
import sys
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import pytest

from codex_trio.conformance.lab import Lab, ServerUnderTest
from codex_trio.conformance.probe import Probe
from codex_trio.testing.full_disk import full_disk
from codex_trio.testing.model_script import answer, function_call, message
from codex_trio.testing.model_server import open_model_server

SERVER = ServerUnderTest((sys.executable, "-m", "codex_trio.testing.command", "app-server"), "codex-trio", {})


@pytest.fixture
async def lab(tmp_path: Path) -> AsyncGenerator[Lab]:
    async with open_model_server() as model:
        lab = Lab(tmp_path, SERVER, model)
        lab.configure(approval_policy="never", sandbox_mode="danger-full-access")
        yield lab


def said(item: dict[str, Any]) -> tuple[Any, ...]:
    """Return what of an item is the same however it is told."""
    return (item["id"], item["type"], item.get("text"), item.get("content"), item.get("aggregatedOutput"))


async def turns_of(probe: Probe, thread_id: str) -> list[dict[str, Any]]:
    turns: list[dict[str, Any]] = (await probe.request("thread/read", {"threadId": thread_id, "includeTurns": True}))[
        "thread"
    ]["turns"]
    return turns


def ordinals(path: Path) -> list[int]:
    """Return the ordinals of the file's lines; every line must be whole."""
    return [json.loads(line)["ordinal"] for line in path.read_bytes().splitlines()]


# No room at all, in the middle of the first line of the turn, and in the middle of the second request's items.
@pytest.mark.parametrize("room", [0, 100, 4000])
async def test_a_turn_without_room_fails_with_the_reason_and_the_thread_goes_on(lab: Lab, room: int) -> None:
    lab.script(answer(message("one", item_id="m1")))
    async with lab.run() as probe:
        thread_id = (await probe.start_thread())["id"]
        first = await probe.run_turn(thread_id, "first")
        [path] = lab.rollouts()
        call = function_call("exec_command", {"cmd": "head -c 3000 /dev/zero | tr '\\0' x"}, call_id="c1")
        # What a turn that fails early leaves unused is the third one's.
        lab.script(answer(message("so far", item_id="m2"), call), answer(message("two", item_id="m3")))
        with full_disk(probe.server.process.pid, path, room=room):
            second = await probe.run_turn(thread_id, "second")
        assert second.status == "failed"
        assert "the thread cannot be stored" in second.error["message"]
        assert "File too large" in second.error["message"]

        lab.script(answer(message("three", item_id="m4")), answer(message("three", item_id="m5")))
        third = await probe.run_turn(thread_id, "third")
        assert third.status == "completed"
        running = await turns_of(probe, thread_id)
    async with lab.run() as probe:
        again = await turns_of(probe, thread_id)
        await probe.request("thread/resume", {"threadId": thread_id})
        lab.script(answer(message("four", item_id="m6")))
        assert (await probe.run_turn(thread_id, "fourth")).status == "completed"

    assert ordinals(path) == list(range(len(ordinals(path))))
    read_back = [said(item) for turn in again for item in turn["items"]]
    for turn in (first, second, third):
        for item in turn.items():
            assert read_back.count(said(item)) == 1
    assert [turn["items"] for turn in again] == [turn["items"] for turn in running]
    assert again[0]["status"] == again[-1]["status"] == "completed"
