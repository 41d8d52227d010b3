"""A message that waits is taken up once, at whatever step of that the server dies."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import dying_server
import pytest
import trio

from codex_trio.client.errors import ServerGone
from codex_trio.conformance.lab import Lab, ServerUnderTest
from codex_trio.conformance.probe import Probe
from codex_trio.testing.model_script import Gate, answer, message
from codex_trio.testing.model_server import open_model_server
from codex_trio.testing.warm_start import running

DYING = "dying words"
PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR4nGNgYGBgAAAABQABpfZFQAAAAABJRU5ErkJggg=="

STEPS = [(step, False) for step in dying_server.STEPS] + [
    # With a picture, the turn is stored before it is decoded.
    (step, True)
    for step in ("when its turn is stored", "before it is stored", "when it is stored")
]


def mortal(server: ServerUnderTest) -> ServerUnderTest:
    """Return the server that dies at the step that `DIE_AT` names."""
    return replace(server, command=running(Path(dying_server.__file__), server.command))


def as_input(words: str, *, picture: bool) -> list[dict[str, Any]]:
    shown = [{"type": "image", "url": f"data:image/png;base64,{PIXEL}"}] if picture else []
    return [{"type": "text", "text": words}, *shown]


async def add(probe: Probe, thread_id: str, words: str, *, picture: bool = False) -> None:
    given = as_input(words, picture=picture)
    params = {"threadId": thread_id, "input": given, "clientUserMessageId": words}
    await probe.client.request("thread/queue/add", params)


async def said_in(probe: Probe, thread_id: str) -> list[str]:
    page = await probe.request("thread/turns/list", {"threadId": thread_id, "sortDirection": "asc"})
    items = [item for turn in page["data"] for item in turn["items"] if item["type"] == "userMessage"]
    return [item["content"][0]["text"] for item in items]


async def waiting(probe: Probe, thread_id: str) -> list[str]:
    page = await probe.request("thread/queue/list", {"threadId": thread_id})
    return [queued["input"][0]["text"] for queued in page["data"]]


async def queue_and_die(lab: Lab, step: str, *, picture: bool) -> str:
    """Have a server die while it takes up a message; the thread's id."""
    gate = Gate()
    lab.script(answer(gate, message("Busy no more.")).matching("be busy"))
    async with lab.run(env={"DIE_AT": step}) as probe:
        thread_id = (await probe.start_thread(cwd=str(lab.cwd)))["id"]
        await probe.start_turn(thread_id, "be busy")
        await gate.reached.wait()
        try:
            await add(probe, thread_id, DYING, picture=picture)
            gate.open()
        except ServerGone:
            # It died before it answered.
            pass
        await probe.client.closed.wait()
    return thread_id


@pytest.mark.parametrize(("step", "picture"), STEPS)
async def test_a_message_that_waits_is_taken_up_once(
    tmp_path: Path, own_server: ServerUnderTest, step: str, *, picture: bool
) -> None:
    with trio.fail_after(60):
        async with open_model_server() as model:
            lab = Lab(tmp_path, mortal(own_server), model)
            thread_id = await queue_and_die(lab, step, picture=picture)
            lab.server = own_server
            lab.script(answer(message("Well.")).repeated())
            async with lab.run() as probe:
                # Neither twice nor not at all, before the thread is loaded too.
                there = [*await said_in(probe, thread_id), *await waiting(probe, thread_id)]
                assert there == ["be busy", DYING]
                await add(probe, thread_id, "last words")
                await probe.request("thread/resume", {"threadId": thread_id})
                last = await probe.until("item/completed", where=lambda params: "last words" in str(params["item"]))
                await probe.finish_turn(last["params"]["turnId"])
                assert await said_in(probe, thread_id) == ["be busy", DYING, "last words"]
                assert await waiting(probe, thread_id) == []
                heard = [text for text in model.requests[-1].texts("user") if text in (DYING, "last words")]
                assert heard == [DYING, "last words"]
