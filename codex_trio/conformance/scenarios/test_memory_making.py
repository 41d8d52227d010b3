"""What is remembered of threads: taken from old ones when another starts, and brought together by an agent."""

import os
import re
import shlex
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import msgspec
import trio

from codex_trio.conformance.lab import Lab
from codex_trio.conformance.probe import Probe
from codex_trio.testing.model_script import Request, answer, custom_tool_call, message

EXTRACTS = "gpt-6-luna"
CONSOLIDATES = "gpt-6.1-terra"
TABLES = "[features]\nmemories = true\n[memories]\nmin_rollout_idle_hours = 1\n"
SUMMARY = """\
v1

## User Profile

Somebody.

## User preferences

- Tabs.

## General Tips

- None.

## What's in Memory

"""
TWO_DAYS = 2 * 24 * 3600


def model_is(name: str) -> Callable[[Request], bool]:
    return lambda request: request.body["model"] == name


def asked(lab: Lab, model: str) -> list[Request]:
    return [request for request in lab.model.requests if request.body["model"] == model]


async def leave_threads(lab: Lab, *texts: str, tables: str = "") -> list[str]:
    """Have threads in which something was said; their ids."""
    lab.configure(tables=tables)
    lab.script(*(answer(message("Noted.")) for _ in texts))
    ids: list[str] = []
    async with lab.run() as probe:
        for text in texts:
            thread_id = (await probe.start_thread(cwd=str(lab.cwd)))["id"]
            await probe.run_turn(thread_id, text)
            ids.append(thread_id)
    return ids


def make_old(lab: Lab) -> None:
    """Have nobody have gone on with the threads for two days, whatever index says otherwise."""
    old = time.time() - TWO_DAYS
    for rollout in lab.rollouts():
        os.utime(rollout, (old, old))
    for index in lab.codex_home.glob("state_*.sqlite*"):
        index.unlink()


def script_memories(lab: Lab, *commands: str, extracted: Any = None) -> None:
    """Have one model give the same for every thread, and the other run commands when it is to write the summary."""
    said = {"rollout_summary": "The user wants tabs.", "rollout_slug": "wants tabs"} if extracted is None else extracted
    lab.script(answer(message(msgspec.json.encode(said).decode())).matching(model_is(EXTRACTS)).repeated())
    for number, command in enumerate(commands):
        script = f"text(JSON.stringify(await tools.exec_command({{cmd: {msgspec.json.encode(command).decode()}}})))"
        lab.script(answer(custom_tool_call("exec", script, call_id=f"c{number}")).matching(model_is(CONSOLIDATES)))
    lab.script(answer(message("Written.")).matching(model_is(CONSOLIDATES)).repeated())
    lab.script(answer(message("Hello.")).repeated())


def writes(text: str) -> str:
    return f"printf %s {shlex.quote(text)} > memory_summary.md"


async def start_until_remembered(lab: Lab, probe: Probe, *, threads: int) -> str:
    """Start a thread, and wait until so many others are remembered; its id."""
    thread_id = (await probe.start_thread(cwd=str(lab.cwd)))["id"]
    await probe.run_turn(thread_id)
    with trio.fail_after(20):
        while True:
            if (await probe.request("memory/status"))["v2ConsolidatedThreads"] >= threads:
                return thread_id
            await trio.sleep(0.05)


def summary_file(lab: Lab) -> Path:
    return lab.codex_home / "memories_v2" / "memory_summary.md"


async def test_threads_that_nobody_went_on_with_are_remembered_and_known_to_later_ones(lab: Lab) -> None:
    ids = await leave_threads(lab, "I like tabs", "I like them a lot")
    make_old(lab)
    lab.configure(tables=TABLES)
    script_memories(lab, f"{writes(SUMMARY)}; cat rollout_summaries/*")
    async with lab.run() as probe:
        thread_id = await start_until_remembered(lab, probe, threads=2)
        assert await probe.request("memory/status") == {"v2ConsolidatedThreads": 2, "v2Ready": True}
        # Whoever makes memories is nobody's thread.
        assert (await probe.request("thread/loaded/list"))["data"] == [thread_id]
        listed = (await probe.request("thread/list", {"sourceKinds": ["vscode", "subAgent", "subAgentOther"]}))["data"]
        assert {thread["id"] for thread in listed} == {*ids, thread_id}
        later = (await probe.start_thread(cwd=str(lab.cwd)))["id"]
        assert (await probe.request("thread/memory/read", {"threadId": later}))["summary"].strip() == SUMMARY.strip()
        await probe.run_turn(later, "what do I like")
    [request] = [each for each in lab.model.requests if each.texts("user")[-1] == "what do I like"]
    assert "- Tabs." in "\n".join(request.texts("developer"))
    assert {
        thread["params"]["threadId"] for thread in probe.log.from_server if "turn/" in thread.get("method", "")
    } == {
        thread_id,
        later,
    }
    notes = [path.read_text() for path in summary_file(lab).parent.glob("rollout_summaries/*.md")]
    assert sorted(re.findall(r"^thread_id: (.*)$", "\n".join(notes), re.MULTILINE)) == sorted(ids)
    assert all("The user wants tabs." in note for note in notes)
    check_requests(lab, by=thread_id, about=ids)


def check_requests(lab: Lab, *, by: str, about: Sequence[str]) -> None:
    """Check what was asked of the models, by a thread's start, about others."""
    questions = {text for request in asked(lab, EXTRACTS) for text in request.texts("user")}
    assert all(any(thread_id in question for question in questions) for thread_id in about)
    assert any("I like tabs" in question and "Noted." in question for question in questions)
    for request in asked(lab, EXTRACTS):
        schema = request.body["text"]["format"]
        assert (schema["strict"], sorted(schema["schema"]["required"])) == (True, ["rollout_slug", "rollout_summary"])
        assert request.body["reasoning"]["effort"] == "low"
        assert "tools" not in request.body
        assert request.headers["thread-id"] == by
        metadata = msgspec.json.decode(request.headers["x-codex-turn-metadata"])
        assert (metadata["request_kind"], metadata["thread_source"]) == ("memory", "memory_consolidation")
    for request in asked(lab, CONSOLIDATES):
        assert request.headers["x-openai-subagent"] == "memory_consolidation"
        assert request.headers["x-openai-memgen-request"] == "true"
        assert request.headers["thread-id"] not in (by, *about)
        assert any(str(lab.codex_home / "memories_v2") in text for text in request.texts("user"))


async def test_nothing_is_made_anew_by_a_second_server_and_everything_is_forgotten_on_request(lab: Lab) -> None:
    await leave_threads(lab, "I like tabs")
    make_old(lab)
    lab.configure(tables=TABLES)
    script_memories(lab, writes(SUMMARY))
    for _ in range(2):
        async with lab.run() as probe:
            thread_id = await start_until_remembered(lab, probe, threads=1)
            if len(lab.rollouts()) == 3:
                assert await probe.request("memory/reset") == {}
                assert (await probe.request("memory/status"))["v2ConsolidatedThreads"] == 0
                assert await probe.request("thread/memory/read", {"threadId": thread_id}) == {"summary": None}
    assert (len(asked(lab, EXTRACTS)), len(asked(lab, CONSOLIDATES))) == (1, 2)
    assert not summary_file(lab).exists()


async def test_of_threads_that_began_while_nothing_was_to_be_remembered_no_model_is_ever_told(lab: Lab) -> None:
    [remembered] = await leave_threads(lab, "I like tabs")
    [private] = await leave_threads(lab, "I like secrets", tables="[memories]\ngenerate_memories = false")
    make_old(lab)
    lab.configure(tables=TABLES)
    script_memories(lab, writes(SUMMARY))
    async with lab.run() as probe:
        await start_until_remembered(lab, probe, threads=1)
    [extraction] = asked(lab, EXTRACTS)
    assert extraction.contains(remembered)
    assert not extraction.contains(private)


async def test_the_agent_that_writes_the_summary_can_write_nowhere_else(lab: Lab) -> None:
    await leave_threads(lab, "I like tabs")
    make_old(lab)
    lab.configure(tables=TABLES)
    rules = lab.codex_home / "rules" / "default.rules"
    rules.parent.mkdir()
    rules.write_text('prefix_rule(pattern = ["touch"], decision = "allow")\n')
    elsewhere = [lab.cwd / "escaped", lab.tmp / "escaped", lab.codex_home / "escaped", lab.home / "escaped"]
    by_rule = f"touch {shlex.join(map(str, elsewhere))}"
    script_memories(lab, by_rule, "; ".join([writes(SUMMARY), *(f"echo x > {path}" for path in elsewhere)]))
    async with lab.run() as probe:
        await start_until_remembered(lab, probe, threads=1)
    assert [path for path in elsewhere if path.exists()] == []
