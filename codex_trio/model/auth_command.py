"""Keys of providers that a command gives: when it is run, for how long its key is good, and what goes wrong.

Owns the keys that are known, and that a provider's command runs once at a time. Does not own the process
(short_command.py) or sending keys (endpoint.py).
"""

from __future__ import annotations

from collections.abc import Mapping
from math import inf
from pathlib import Path

import trio

from codex_trio.config.providers import AuthCommand
from codex_trio.model.errors import ErrorInfo, ModelError
from codex_trio.model.short_command import MAX_OUTPUT, run_short, why_not_run


class _NoKey(Exception):
    """A command gave no key; the text says what it did."""


class AuthCommands:
    """The keys of all providers whose keys come from commands.

    `environ` is what the commands see, `folder` where those run that name no folder of their own.
    """

    def __init__(self, environ: Mapping[str, str], *, folder: Path) -> None:
        self._environ = dict(environ)
        self._folder = folder
        self._keys: dict[AuthCommand, CommandKey] = {}

    def key_of(self, command: AuthCommand) -> CommandKey:
        """Return the key that this command gives, the same one whenever asked for."""
        return self._keys.setdefault(command, CommandKey(command, self._environ, self._folder))


class CommandKey:
    """The key that one command gives."""

    def __init__(self, command: AuthCommand, environ: Mapping[str, str], folder: Path) -> None:
        self._command = command
        self._environ = environ
        self._folder = folder
        self._running = trio.Lock()
        self._known: tuple[str, float] | None = None
        self._failures = 0
        self._why = ""
        """What went wrong last."""

    async def current(self) -> str:
        """Return the key, from the command where it is not known or was known for too long. Raises ModelError."""
        return await self._known_unless(None)

    async def after_refusal(self, refused: str) -> str:
        """Return a key other than the refused one, if the command has another. Raises ModelError."""
        return await self._known_unless(refused)

    async def _known_unless(self, refused: str | None) -> str:
        failures = self._failures
        async with self._running:
            if self._failures != failures:
                # It failed while this waited: it would fail again, and those behind would wait once more each.
                raise self._failure(self._why)
            if self._known is not None:
                key, since = self._known
                # Turns of other threads may have had it changed already.
                if key != refused and trio.current_time() - since < (self._command.refresh_interval_ms / 1000 or inf):
                    return key
                self._known = None
            try:
                key = await self._run()
            except _NoKey as problem:
                self._failures, self._why = self._failures + 1, str(problem)
                raise self._failure(self._why) from problem
            self._known = (key, trio.current_time())
            return key

    async def _run(self) -> str:
        command = self._command
        try:
            outcome = await run_short(
                [command.command, *command.args],
                cwd=self._folder if command.cwd is None else command.cwd,
                environ=self._environ,
                seconds=command.timeout_ms / 1000,
            )
        except (OSError, ValueError) as error:
            raise _NoKey(f"could not be run: {why_not_run(error)}") from error
        if outcome.status is None:
            raise _NoKey(f"gave no key within {command.timeout_ms} ms")
        if outcome.problem is not None:
            raise _NoKey(outcome.problem)
        if outcome.is_cut:
            raise _NoKey(f"printed more than {MAX_OUTPUT >> 10} KiB")
        key = outcome.output.decode(errors="replace").strip()
        if not key or not key.isascii() or not key.isprintable():
            raise _NoKey("printed nothing that can be a key" if key else "printed no key")
        return key

    def _failure(self, what: str) -> ModelError:
        return ModelError(
            f"The command that gives the key of a model provider, `{self._command.command}`, {what}. "
            f"It is set as `auth` of the provider in {self._command.set_in}.",
            info=ErrorInfo("unauthorized"),
        )
