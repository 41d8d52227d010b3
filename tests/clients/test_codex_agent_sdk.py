"""A third-party client that was written for another server drives ours: PyPI `codex-python-sdk-unofficial`.

It knows the stable protocol alone (release 0.128) and validates what it gets with closed models: a missing field, a
wrong type or an unknown literal fails the call.
"""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Awaitable, Callable
from typing import Any, TypeVar

import codex_agent_sdk
import trio

from codex_trio.conformance.lab import Lab
from codex_trio.testing.model_script import answer, custom_tool_call, function_call, message, reasoning

sdk: Any = codex_agent_sdk  # its types say less than it does

T = TypeVar("T")
PATIENCE = 20.0
PATCH = "*** Begin Patch\n*** Add File: made.txt\n+by the SDK\n*** End Patch"


async def in_asyncio(work: Callable[[], Awaitable[T]]) -> T:
    """Run what the SDK does in an event loop of its own, while the scripted model goes on here."""

    async def bounded() -> T:
        return await asyncio.wait_for(work(), PATIENCE)

    with trio.fail_after(PATIENCE + 5):
        return await trio.to_thread.run_sync(asyncio.run, bounded(), abandon_on_cancel=True)


@contextlib.asynccontextmanager
async def client(lab: Lab) -> AsyncGenerator[Any]:
    """Provide the SDK's client of a new server, which has nothing of this process's environment."""
    binary = lab.base / "codex-binary"
    if not binary.exists():
        environment = " ".join(f"'{name}={value}'" for name, value in lab.environment({}).items())
        command = " ".join(f"'{word}'" for word in lab.server.command)
        # The SDK starts `BINARY app-server ...` and cannot be told otherwise.
        binary.write_text(f'#!/bin/sh\nshift\nexec env -i {environment} {command} "$@"\n')
        binary.chmod(0o755)
        lab.configure()
    async with sdk.CodexSDKClient(app_server=sdk.AppServerConfig(codex_bin=str(binary), cwd=str(lab.cwd))) as opened:
        yield opened


async def run(opened: Any, prompt: str) -> tuple[str, list[str]]:
    """Return a turn's status, and what the SDK made of each of its notifications."""
    turn = await opened.query(prompt)
    events = [event async for event in opened.receive_turn_events()]
    names = [getattr(event, "method", None) or type(event).__name__ for event in events]
    return (await turn.wait()).status, names


async def test_a_turn_with_every_kind_of_item_fits_the_clients_models(lab: Lab) -> None:
    lab.script(
        answer(reasoning(["**Look** first"]), function_call("exec_command", {"cmd": "echo seen"}, call_id="c1")),
        answer(custom_tool_call("apply_patch", PATCH, call_id="c2")),
        answer(message("It is done.", phase="final_answer")),
    )

    async def work() -> tuple[str, list[str]]:
        async with client(lab) as opened:
            await opened.start_thread(options=sdk.CodexOptions(cwd=str(lab.cwd)))
            return await run(opened, "Do it")

    status, names = await in_asyncio(work)
    assert status == "completed"
    assert (lab.cwd / "made.txt").read_text() == "by the SDK\n"
    # What it has no event for; any other raw name is a notification that did not fit.
    assert {name for name in names if "/" in name} == {"item/reasoning/summaryPartAdded", "turn/diff/updated"}


async def test_a_thread_is_forked_archived_and_goes_on_in_another_server(lab: Lab) -> None:
    lab.script(*(answer(message(text, phase="final_answer")) for text in ("One.", "Two.", "Three.")))

    async def first() -> tuple[str, str]:
        async with client(lab) as opened:
            thread_id = await opened.start_thread()
            await run(opened, "Remember this")
            fork_id = await opened.fork_thread()
            await run(opened, "Go on")
            return thread_id, fork_id

    async def second(thread_id: str, fork_id: str) -> tuple[list[str], str]:
        async with client(lab) as opened:
            await opened.resume_thread(thread_id)
            status, _ = await run(opened, "Again")
            low_level = await opened._get_client()
            await low_level.thread_archive(thread_id=fork_id)
            return [thread.id for thread in (await low_level.thread_list()).data], status

    thread_id, fork_id = await in_asyncio(first)
    assert await in_asyncio(lambda: second(thread_id, fork_id)) == ([thread_id], "completed")
    assert "One." in lab.model.requests[-1].texts("assistant")
