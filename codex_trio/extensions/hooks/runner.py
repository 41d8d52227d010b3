"""Running hooks: side by side, each within its time, with all that it started.

Owns what a hook's process is given and how much of its output is read. Does not own how processes are started and
killed (`execution`), or what an answer means (`answers`).
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any

import msgspec
import trio

from codex_trio.domain.shell_environment import ShellEnvironmentPolicy
from codex_trio.execution.env import apply_policy
from codex_trio.execution.errors import SpawnError, StdinClosed
from codex_trio.execution.launch import SpawnRequest
from codex_trio.execution.processes import ManagedProcess
from codex_trio.extensions.hooks.answers import HookAnswer, answer_of, failed
from codex_trio.extensions.hooks.hook import CommandHandler, Hook, McpToolHandler, Payload, Run
from codex_trio.extensions.hooks.placeholders import UnknownPlaceholder, filled

MAX_OUTPUT_BYTES = 1 << 20
"""How much a hook may say."""

MOST_AT_ONCE = 16

Tell = Callable[[Run], None]
CallTool = Callable[[str, str, Mapping[str, Any]], Awaitable[str]]
"""Calls a tool of a server by their names with arguments; returns the text of its result. Raises ToolUnusable."""


class ToolUnusable(Exception):
    """The tool could not be called, or failed; the text says why."""


class HookRunner:
    """Runs hooks for one thread.

    Args:
        start: starts a process that is killed, with all that it started, when it is closed.
        call: calls a tool of the thread's MCP servers.
        environ: the server's own variables, of which `variables` lets some through.
        shell: what reads the commands.
    """

    def __init__(
        self,
        start: Callable[[SpawnRequest], ManagedProcess],
        call: CallTool,
        *,
        environ: Mapping[str, str],
        variables: ShellEnvironmentPolicy,
        shell: str,
    ) -> None:
        self._start = start
        self._call = call
        self._env = apply_policy(environ, variables)
        self._shell = shell

    async def run(
        self, hooks: Sequence[Hook], payload: Payload, *, cwd: str, call_id: str | None, tell: Tell
    ) -> list[tuple[Run, HookAnswer]]:
        """Return what these hooks come to, in their order; `tell` hears when each begins and ends."""
        begun = [Run(id=hook.run_id(call_id), hook=hook, started_at=int(time.time())) for hook in hooks]
        for run in begun:
            tell(run)
        ended: dict[int, tuple[Run, HookAnswer]] = {}
        room = trio.CapacityLimiter(MOST_AT_ONCE)

        async def run_one(place: int, run: Run) -> None:
            async with room:
                started = time.monotonic()
                answer = await self._answer(run.hook, payload, cwd)
            done = msgspec.structs.replace(
                run,
                status=answer.status,
                completed_at=int(time.time()),
                duration_ms=int((time.monotonic() - started) * 1000),
                entries=answer.entries,
            )
            tell(done)
            ended[place] = (done, answer)

        async with trio.open_nursery() as nursery:
            for place, run in enumerate(begun):
                nursery.start_soon(run_one, place, run)
        return [ended[place] for place in range(len(begun))]

    async def _answer(self, hook: Hook, payload: Payload, cwd: str) -> HookAnswer:
        with trio.move_on_after(hook.seconds):
            match hook.handler:
                case CommandHandler(command):
                    return await self._answer_of_command(hook, command, payload, cwd)
                case McpToolHandler(server, tool, given):
                    return await self._answer_of_tool(hook, server, tool, given, payload)
        return failed(f"hook timed out after {hook.seconds}s")

    async def _answer_of_command(self, hook: Hook, command: str, payload: Payload, cwd: str) -> HookAnswer:
        request = SpawnRequest(
            argv=(self._shell, "-c", command),
            cwd=cwd,
            env={**self._env, **hook.variables},
            open_stdin=True,
            merge_output=False,
        )
        try:
            process = self._start(request)
        except SpawnError as error:
            return failed(f"hook could not be started: {error}")
        try:
            outcome = await _outcome(process, msgspec.json.encode(payload) + b"\n")
        finally:
            # What it has left running ends with it.
            await process.aclose(kill=True)
        if outcome is None:
            return _too_much()
        code, stdout, stderr = outcome
        return answer_of(hook.event, code=code, stdout=stdout, stderr=stderr)

    async def _answer_of_tool(
        self, hook: Hook, server: str, tool: str, given: Mapping[str, Any], payload: Payload
    ) -> HookAnswer:
        """Have a tool called; what it says counts as what a command would have printed."""
        try:
            said = await self._call(server, tool, filled(given, payload))
        except (UnknownPlaceholder, ToolUnusable) as error:
            return failed(str(error))
        if len(said.encode("utf-8", "replace")) > MAX_OUTPUT_BYTES:
            return _too_much()
        return answer_of(hook.event, code=0, stdout=said, stderr="")


def _too_much() -> HookAnswer:
    return failed(f"hook wrote more than {MAX_OUTPUT_BYTES} bytes")


async def _outcome(process: ManagedProcess, given: bytes) -> tuple[int, str, str] | None:
    """Return a process's status and output once it has ended; None when it says too much."""
    outputs = [bytearray(), bytearray()]
    too_much = False

    async def read(stream: Any, into: bytearray) -> None:
        nonlocal too_much
        while data := await stream.receive():
            into += data
            if len(into) > MAX_OUTPUT_BYTES:
                too_much = True
                scope.cancel()
                return

    async def write() -> None:
        # It need not read what it is given.
        with suppress(StdinClosed, trio.BrokenResourceError, trio.ClosedResourceError):
            await process.write(given)
        with suppress(trio.ClosedResourceError):
            await process.close_stdin()

    with trio.CancelScope() as scope:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(write)
            nursery.start_soon(read, process.stdout, outputs[0])
            nursery.start_soon(read, process.stderr, outputs[1])
            code = await process.wait()
            # What it left running may hold the pipes open: it has a moment to end.
            nursery.cancel_scope.deadline = trio.current_time() + 1.0
        stdout, stderr = (bytes(output).decode("utf-8", "replace") for output in outputs)
        return None if too_much else (code, stdout, stderr)
    return None
