"""Summing up by a provider that seals what it sums up, so that only its own models can read it."""

from collections.abc import AsyncGenerator
from dataclasses import replace
from typing import Any

import msgspec
import pytest

from codex_trio.conformance.lab import Lab
from codex_trio.conformance.probe import FinishedTurn, Probe
from codex_trio.testing.model_script import (
    Answer,
    End,
    Event,
    Usage,
    answer,
    completed,
    function_call,
    http_error,
    item_done,
    message,
)

SEALED: Event = {"type": "compaction", "id": "cmp_1", "encrypted_content": "sealed"}
CONFIG = """
model = "gpt-5.5"
model_provider = "sealing"
approval_policy = "never"
sandbox_mode = "danger-full-access"
[model_providers.sealing]
name = "{name}"
base_url = "{url}"
request_max_retries = 0
stream_max_retries = 0
"""


@pytest.fixture
async def thread(lab: Lab, request: pytest.FixtureRequest) -> AsyncGenerator[tuple[Probe, str]]:
    """Return a thread with one finished turn, whose provider has that name."""
    lab.write_config(CONFIG.format(name=getattr(request, "param", "OpenAI"), url=lab.model.base_url))
    lab.script(answer(message("Hello.")))
    async with lab.run() as probe:
        thread_id = (await probe.start_thread(cwd=str(lab.cwd)))["id"]
        await probe.run_turn(thread_id, "Hi")
        yield probe, thread_id


async def compacted(probe: Probe, thread_id: str) -> FinishedTurn:
    probe.log.skip()
    await probe.request("thread/compact/start", {"threadId": thread_id})
    started = await probe.until("turn/started", thread_id=thread_id)
    return await probe.finish_turn(started["params"]["turn"]["id"])


def wanting(state: str, reply: Answer) -> Answer:
    """Return an answer of a provider that wants to be told this again in the same turn."""
    return replace(reply, headers=(*reply.headers, ("x-codex-turn-state", state)))


def items(request: Any) -> list[Any]:
    """Return what a request holds of the conversation."""
    return [
        item["type"] if item["type"] != "message" else item["content"][0]["text"]
        for item in request.input
        if item.get("role") != "developer" and not str(item.get("content")).count("<environment_context>")
    ]


@pytest.mark.parametrize("thread", ["OpenAI", "azure"], indirect=True)
async def test_the_provider_sums_up_and_the_thread_goes_on_from_what_it_sealed(
    lab: Lab, thread: tuple[Probe, str]
) -> None:
    probe, thread_id = thread
    lab.script(answer(item_done(SEALED)))
    turn = await compacted(probe, thread_id)
    assert (turn.status, [item["type"] for item in turn.items()]) == ("completed", ["contextCompaction"])
    fork_id = (await probe.request("thread/fork", {"threadId": thread_id}))["thread"]["id"]
    for one in (thread_id, fork_id):
        lab.script(answer(message("Again.")))
        await probe.run_turn(one, "Next")
    before, asked, after, of_fork = lab.model.requests
    assert (items(asked)[0], items(asked)[-1]) == ("Hi", "compaction_trigger")
    assert asked.tool_names == before.tool_names
    told = msgspec.json.decode(asked.headers["x-codex-turn-metadata"])
    assert told["compaction"]["implementation"] == "responses_compaction_v2"
    assert asked.headers["x-codex-beta-features"] == "remote_compaction_v2"
    for request in (after, of_fork):
        assert items(request) == ["Hi", "compaction", "Next"]
        assert [item for item in request.input if item["type"] == "compaction"] == [SEALED]


@pytest.mark.parametrize(
    "reply",
    [
        http_error(400, {"error": {"message": "no such item"}}),
        http_error(400, {"error": {"code": "context_length_exceeded", "message": "too long"}}),
        answer(message("What shall I do?")),
        answer(item_done(SEALED), item_done({**SEALED, "id": "cmp_2"})),
        answer(item_done({**SEALED, "encrypted_content": {"sealed": True}})),
        answer(item_done({**SEALED, "encrypted_content": "x" * 2_000_000})),
        answer(item_done(SEALED), end=End.CUT),
    ],
    ids=["refused", "too-long", "none", "two", "not-sealed", "fills-the-window", "cut"],
)
async def test_where_the_provider_cannot_the_model_writes_a_summary(
    lab: Lab, thread: tuple[Probe, str], reply: Answer
) -> None:
    probe, thread_id = thread
    lab.script(reply, answer(message("They said hello.")))
    turn = await compacted(probe, thread_id)
    assert turn.status == "completed"
    assert len(turn.of("warning")) == 1
    lab.script(answer(message("Again.")))
    await probe.run_turn(thread_id, "Next")
    said = items(lab.model.requests[-1])
    assert (said[0], said[-1], len(said)) == ("Hi", "Next", 3)
    assert "They said hello." in said[1]


async def test_summing_up_within_a_turn_tells_the_provider_what_it_wants_to_hear_again(lab: Lab) -> None:
    extra = "model_auto_compact_token_limit = 1000"
    lab.write_config(extra + CONFIG.format(name="azure", url=lab.model.base_url))
    full = completed(usage=Usage(input_tokens=5000))
    call = function_call("no_such_tool", {}, call_id="c1")
    lab.script(
        wanting("turn", answer(call, full)),
        wanting("later", answer(item_done(SEALED))),
        answer(message("One."), full),
        wanting("before", answer(item_done(SEALED))),
        answer(message("Two.")),
    )
    async with lab.run() as probe:
        thread_id = (await probe.start_thread(cwd=str(lab.cwd)))["id"]
        for text in ("Hi", "Next"):
            assert (await probe.run_turn(thread_id, text)).status == "completed"
    told = [request.headers.get("x-codex-turn-state") for request in lab.model.requests]
    assert told == [None, "turn", "turn", None, "before"]
