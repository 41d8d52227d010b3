"""Keys of providers that a command gives: when it is run, for how long its key is good, and what goes wrong.

Owns the keys that are known, and the command while it runs: one at a time for each provider, stopped with all that it
started when it takes too long or nobody waits for it any more. Does not own sending keys (endpoint.py).
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
from collections.abc import Mapping

import trio

from codex_trio.config.providers import AuthCommand
from codex_trio.model.errors import ErrorInfo, ModelError

_MAX_OUTPUT = 64 << 10
_MAX_QUOTED = 300


class AuthCommands:
    """The keys of all providers whose keys come from commands. `environ` is what the commands see."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = dict(environ)
        self._keys: dict[AuthCommand, CommandKey] = {}

    def key_of(self, command: AuthCommand) -> CommandKey:
        """Return the key that this command gives, the same one whenever asked for."""
        return self._keys.setdefault(command, CommandKey(command, self._environ))


class CommandKey:
    """The key that one command gives."""

    def __init__(self, command: AuthCommand, environ: Mapping[str, str]) -> None:
        self._command = command
        self._environ = environ
        self._running = trio.Lock()
        self._known: tuple[str, float] | None = None

    async def current(self) -> str:
        """Return the key, from the command where it is not known or was known for too long. Raises ModelError."""
        return await self._known_unless(None)

    async def after_refusal(self, refused: str) -> str:
        """Return a key other than the refused one, if the command has another. Raises ModelError."""
        return await self._known_unless(refused)

    async def _known_unless(self, refused: str | None) -> str:
        async with self._running:
            if self._known is not None:
                key, since = self._known
                # Turns of other threads may have had it changed already.
                if key != refused and trio.current_time() - since < self._command.refresh_interval_ms / 1000:
                    return key
                self._known = None
            key = await self._run()
            self._known = (key, trio.current_time())
            return key

    async def _run(self) -> str:
        command = self._command
        status, output, complaint = await self._outcome()
        if status is None:
            raise self._failure(f"gave no key within {command.timeout_ms} ms")
        if status != 0:
            said = complaint.decode(errors="replace").strip()[:_MAX_QUOTED]
            raise self._failure(f"failed with status {status}{f': {said}' if said else ''}")
        key = output.decode(errors="replace").strip()
        if not key or not key.isascii() or not key.isprintable():
            raise self._failure("printed nothing that can be a key" if key else "printed no key")
        return key

    async def _outcome(self) -> tuple[int | None, bytes, bytes]:
        """Return the command's status (None when it took too long) and what it wrote."""
        command = self._command
        try:
            process = await trio.lowlevel.open_process(
                [command.command, *command.args],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                cwd=command.cwd,
                env=self._environ,
                start_new_session=True,
            )
        except (OSError, ValueError) as error:
            raise self._failure(f"could not be run: {error}") from error
        output, complaint = bytearray(), bytearray()
        assert process.stdout is not None
        assert process.stderr is not None
        try:
            with trio.move_on_after(command.timeout_ms / 1000):
                async with trio.open_nursery() as nursery:
                    nursery.start_soon(_collect, process.stdout, output)
                    nursery.start_soon(_collect, process.stderr, complaint)
                    status = await process.wait()
                    # What it left behind would hold the pipes open.
                    _kill_group(process.pid)
                return status, bytes(output), bytes(complaint)
            return None, b"", b""
        finally:
            _kill_group(process.pid)
            with trio.CancelScope(shield=True):
                await process.wait()
                await process.stdout.aclose()
                await process.stderr.aclose()

    def _failure(self, what: str) -> ModelError:
        return ModelError(
            f"The command that gives the key of a model provider, `{self._command.command}`, {what}. "
            f"It is set as `auth` of the provider in {self._command.set_in}.",
            info=ErrorInfo("unauthorized"),
        )


def _kill_group(group: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(group, signal.SIGKILL)


async def _collect(stream: trio.abc.ReceiveStream, into: bytearray) -> None:
    """Take in what is written to the end; nobody needs more than a little of it."""
    async for chunk in stream:
        into += chunk[: _MAX_OUTPUT - len(into)]
