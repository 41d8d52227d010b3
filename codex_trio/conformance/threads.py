"""Threads that scenarios begin with, and what they ask of them again and again."""

from typing import Any

from codex_trio.conformance.lab import Lab
from codex_trio.conformance.probe import Probe
from codex_trio.testing.model_script import answer, message

UNKNOWN_THREAD = "00000000-0000-7000-8000-000000000000"


async def thread_with_turns(lab: Lab, probe: Probe, count: int = 3) -> tuple[str, list[str]]:
    """Return a thread with so many finished turns, `question 0` and its answer `Answer 0.` first; its id and theirs."""
    thread_id = (await probe.start_thread(cwd=str(lab.cwd)))["id"]
    turns: list[str] = []
    for number in range(count):
        lab.script(answer(message(f"Answer {number}.", item_id=f"m{number}")))
        turns.append((await probe.run_turn(thread_id, f"question {number}")).id)
    return thread_id, turns


async def turn_ids(probe: Probe, thread_id: str) -> list[str]:
    """Return the ids of a thread's turns, oldest first."""
    params = {"threadId": thread_id, "sortDirection": "asc", "itemsView": "notLoaded"}
    return [turn["id"] for turn in (await probe.request("thread/turns/list", params))["data"]]


async def said(lab: Lab, probe: Probe, thread_id: str) -> tuple[list[str], list[str]]:
    """Return what the model is told of the user's and of its own words when the user says `and now?`."""
    lab.script(answer(message("Well.", item_id="m9")))
    await probe.run_turn(thread_id, "and now?")
    request = lab.model.requests[-1]
    context = ("<environment_context>", "# AGENTS.md")
    return [text for text in request.texts("user") if not text.startswith(context)], request.texts("assistant")


async def heard(probe: Probe, method: str, params: Any) -> tuple[Any, list[tuple[str, Any]]]:
    """Return a request's result, and what the server told before it answered: methods and params."""
    before = len(probe.log.from_server)
    result = await probe.request(method, params)
    told = probe.log.from_server[before:]
    reply = next(index for index, sent in enumerate(told) if "method" not in sent)
    return result, [(sent["method"], sent["params"]) for sent in told[:reply]]


async def next_told(probe: Probe, method: str) -> Any:
    """Return the params of the next notification of a method."""
    return (await probe.until(method))["params"]
