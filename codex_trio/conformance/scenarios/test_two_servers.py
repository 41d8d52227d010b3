"""Two servers on one home: a thread that one has loaded can be read by the other, but not written to."""

import pytest

from codex_trio.conformance.lab import Lab
from codex_trio.testing.model_script import answer, message

# Two servers of one home would want the same unix socket.
pytestmark = pytest.mark.only_over("stdio", "websocket")

TWICE = [answer(message("Hello.")), answer(message("Hello."))]


@pytest.mark.parametrize("method", ["thread/resume", "thread/archive"])
async def test_a_thread_that_another_server_has_loaded_is_not_taken_over(lab: Lab, method: str) -> None:
    lab.script(*TWICE)
    async with lab.run() as first, lab.run() as second:
        thread = (await first.start_thread())["id"]
        await first.run_turn(thread)
        refusal = await second.refusal(method, {"threadId": thread})
        assert (refusal.code, refusal.message) == (-32600, f"thread {thread} already has an active writer")
        assert (await first.run_turn(thread)).status == "completed"


async def test_a_thread_that_another_server_has_loaded_can_be_read_and_named(lab: Lab) -> None:
    lab.script(*TWICE)
    async with lab.run() as first, lab.run() as second:
        thread = (await first.start_thread())["id"]
        await first.run_turn(thread)
        await second.request("thread/name/set", {"threadId": thread, "name": "Shared"})
        read = (await second.request("thread/read", {"threadId": thread}))["thread"]
        assert (read["id"], read["name"], read["status"]["type"]) == (thread, "Shared", "notLoaded")
        assert (await first.run_turn(thread)).status == "completed"


async def test_a_thread_is_free_again_when_its_server_has_ended(lab: Lab) -> None:
    lab.script(*TWICE)
    async with lab.run() as second:
        async with lab.run() as first:
            thread = (await first.start_thread())["id"]
            await first.run_turn(thread)
            await second.refusal("thread/resume", {"threadId": thread})
        resumed = await second.request("thread/resume", {"threadId": thread})
        assert len(resumed["thread"]["turns"]) == 1
        assert (await second.run_turn(thread)).status == "completed"
