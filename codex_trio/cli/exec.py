"""`codex-trio exec`: runs one turn without interaction, on a server of its own in the same process.

Owns the run from command line to exit code: streams, signals, and what comes where. The turn is spoken over the
protocol only (`exec_run`): what this command can do, any client can.
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
from collections.abc import AsyncIterator, Mapping
from functools import partial
from pathlib import Path
from typing import TextIO

import trio

from codex_trio.cli import exec_arguments
from codex_trio.cli.answer_schema import misfit
from codex_trio.cli.exec_human import HumanPresenter
from codex_trio.cli.exec_json import JsonPresenter
from codex_trio.cli.exec_request import ExecRefused, ExecRequest, make_request
from codex_trio.cli.exec_review import check_target
from codex_trio.cli.exec_run import ExecRun, Presenter, TurnNotRun
from codex_trio.cli.exec_streams import TextStream
from codex_trio.cli.options import UsageError, config_overrides
from codex_trio.cli.parser import Parser
from codex_trio.cli.piped_input import PipedInput
from codex_trio.cli.surroundings import codex_home, complain, first_of
from codex_trio.client.errors import AppServerError, BufferOverflow, ServerGone
from codex_trio.client.render import visible
from codex_trio.client.turns import TurnResult
from codex_trio.config.errors import StartupRefused
from codex_trio.in_process import open_in_process_server
from codex_trio.server.app import AppSettings
from codex_trio.telemetry import logs
from codex_trio.util.regular_file import write_given

STDOUT, STDERR = 1, 2

FLUSH_SECONDS = 5.0
"""How long whoever reads the output may take for the last of it."""


def configure(parser: Parser) -> None:
    """Add the options of this subcommand."""
    exec_arguments.configure(parser)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace, environ: Mapping[str, str]) -> int:
    """Run the turn. 0 when it completed, 1 when it did not, 128 and the signal's number when a signal ended it.

    Raises UsageError.
    """
    home, overrides = codex_home(environ), config_overrides(options)
    if sys.stdout is None and not options.output_last_message:
        raise UsageError("standard output is closed, so the answer would be lost; give it a place, or name one by -o")
    try:
        request = make_request(options, _piped(sys.stdin), complain)
    except ExecRefused as refused:
        complain(str(refused))
        return 1
    if request.review is not None:
        check_target(request.review, request.workdir, environ)
    _empty(options.output_last_message)
    settings = AppSettings(
        codex_home=home,
        environ=environ,
        cwd=request.workdir,
        overrides=overrides,
        strict_config=getattr(options, "strict_config", False),
        system_dir=options.system_dir,
        profile=getattr(options, "profile", None),
        without_user_config=options.ignore_user_config,
        without_rules=options.ignore_rules,
        source="exec",
    )
    # What goes wrong in a turn is told by the turn; only errors of the server itself belong between its lines.
    end_logs = logs.configure({"RUST_LOG": "error", **environ}, sys.stderr)
    try:
        return trio.run(_Run(options, environ).main, request, settings)
    finally:
        end_logs()


def _piped(stdin: TextIO | None) -> PipedInput | None:
    return None if stdin is None or stdin.isatty() else PipedInput(stdin.buffer)


def _empty(message_file: Path | None) -> None:
    """Empty the file: the last message of an earlier run must not be taken for that of a run that fails."""
    if message_file is not None and message_file.is_file():
        try:
            os.truncate(message_file, 0)
        except OSError as error:
            raise UsageError(f'Failed to open last message file "{message_file}": {error.strerror}') from error


class _Run:
    """The streams of a run, and why it should stop."""

    def __init__(self, options: argparse.Namespace, environ: Mapping[str, str]) -> None:
        self._json: bool = options.json
        self._color = wants_color(options.color, environ)
        self._message_file: Path | None = options.output_last_message
        self._stop = trio.Event()
        self._stop_code = 0

    async def main(self, request: ExecRequest, settings: AppSettings) -> int:
        # Before anything else: from here on a signal ends the turn properly.
        with trio.open_signal_receiver(signal.SIGINT, signal.SIGTERM) as signals:
            async with trio.open_nursery() as nursery:
                # Without progress a person can still wait for the result; without events nobody needs it.
                stdout = TextStream(STDOUT, on_lost=partial(self._end, 1))
                stderr = TextStream(STDERR, on_lost=lambda: None)
                nursery.start_soon(stdout.run)
                nursery.start_soon(stderr.run)
                code = 1
                with trio.CancelScope() as turn_scope:
                    nursery.start_soon(self._watch, signals, turn_scope)
                    code = await self._turn(request, settings, stdout, stderr)
                with trio.move_on_after(FLUSH_SECONDS):
                    await stdout.drained()
                    await stderr.drained()
                nursery.cancel_scope.cancel()
        return self._stop_code or code

    async def _watch(self, signals: AsyncIterator[int], turn_scope: trio.CancelScope) -> None:
        async for number in signals:
            if self._stop.is_set():
                turn_scope.cancel()
            self._end(128 + number)

    def _end(self, code: int) -> None:
        self._stop_code = self._stop_code or code
        self._stop.set()

    async def _turn(self, request: ExecRequest, settings: AppSettings, stdout: TextStream, stderr: TextStream) -> int:
        presenter: Presenter = (
            JsonPresenter(stdout.write)
            if self._json
            else HumanPresenter(stderr.write, color=self._color, live=sys.stderr.isatty())
        )
        result: TurnResult | None = None
        try:
            async with open_in_process_server(settings) as server, server.connect() as client:
                run = ExecRun(
                    client,
                    request,
                    presenter,
                    environ=settings.environ,
                    tell=lambda line: stderr.write(f"{visible(line)}\n"),
                )
                result = await run.run(self._stop)
        except* (TurnNotRun, AppServerError, ServerGone, BufferOverflow, StartupRefused, OSError) as group:
            stderr.write(f"Error: {visible(_text_of(first_of(group)))}\n")
        if result is None or result.status != "completed":
            return 1
        message = final_message(result)
        if not self._json and not (_is_terminal(sys.stdout) and sys.stderr.isatty()):
            # On a terminal that has shown it already, it would stand there twice.
            shown = visible(message) if _is_terminal(sys.stdout) else message
            stdout.write(f"{shown}\n" if shown else "")
        code = self._keep(message, stderr)
        if request.output_schema is not None and (problem := misfit(message, request.output_schema)) is not None:
            stderr.write(f"Error: the answer does not fit the output schema: {problem}\n")
            return 1
        return code

    def _keep(self, message: str, stderr: TextStream) -> int:
        """Write the file of the last message, where one is wanted."""
        path = self._message_file
        if path is None:
            return 0
        if not message:
            stderr.write(f"Warning: no last agent message; wrote empty content to {path}\n")
        try:
            write_given(path, message.encode())
        except OSError as error:
            stderr.write(f'Error: Failed to write last message file "{path}": {error.strerror}\n')
            return 1
        return 0


def wants_color(choice: str, environ: Mapping[str, str]) -> bool:
    """Return whether progress is coloured: as asked, or when a terminal that can do it shows it."""
    if choice != "auto":
        return choice == "always"
    return sys.stderr.isatty() and not environ.get("NO_COLOR") and environ.get("TERM") != "dumb"


def _is_terminal(stream: TextIO | None) -> bool:
    return stream is not None and stream.isatty()


def final_message(result: TurnResult) -> str:
    """Return the answer; in a turn without one, the last thing that the agent said."""
    messages = [item["text"] for item in result.items if item["type"] == "agentMessage"]
    return result.text or (messages[-1] if messages else "")


def _text_of(error: Exception) -> str:
    return error.message if isinstance(error, AppServerError | StartupRefused) else str(error)
