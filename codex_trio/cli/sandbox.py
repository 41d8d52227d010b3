"""`codex-trio sandbox`: runs a command of the user's as commands of the agent are run, to see what it may do there.

Owns the command line and the streams. Does not own the sandbox: a server in this process is asked for `command/exec`,
so that one decision about launchers and permissions serves all.
"""

from __future__ import annotations

import argparse
import base64
import os
import signal
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import trio

from codex_trio.cli.options import UsageError, config_overrides
from codex_trio.cli.parser import Parser, refuse_options
from codex_trio.cli.surroundings import codex_home, complain, current_folder, first_of, nameable
from codex_trio.client.connection import AppServerClient
from codex_trio.client.errors import AppServerError, ServerGone
from codex_trio.client.messages import Notification
from codex_trio.client.render import visible
from codex_trio.config.errors import StartupRefused
from codex_trio.in_process import open_in_process_server
from codex_trio.server.app import AppSettings
from codex_trio.telemetry import logs
from codex_trio.transport.descriptors import Sink, open_sink, open_source
from codex_trio.version import __version__

_NOT_TAKEN = {
    "--sandbox-state-json": "name a permission profile with -P",
    "--sandbox-state-readable-root": "add it to a permission profile, and name that with -P",
    "--sandbox-state-disable-network": "close it by -c sandbox_workspace_write.network_access=false, or in a profile",
    "--transparent-tcp": "hosts are reached through the proxies that HTTPS_PROXY and ALL_PROXY name",
}
_METHOD, _ID = "command/exec", "command"


def configure(parser: Parser) -> None:
    """Add the options of this subcommand."""
    parser.usage = "%(prog)s [OPTIONS] [--] COMMAND..."
    parser.epilog = (
        "The first word that is no option begins the command. Its exit code is passed on; it has no terminal of its "
        "own. Command rules and questions do not apply: it is you who runs it."
    )
    parser.add_argument(
        "-P",
        "--permission-profile",
        metavar="NAME",
        help="permissions to run it with: :read-only, :workspace, or one of config.toml; else those configured there",
    )
    parser.add_argument("-C", "--cd", metavar="DIR", type=Path, help="where it runs, and whose settings count")
    parser.add_argument(
        "--include-managed-config",
        action="store_true",
        help="has no effect: what an administrator requires holds anyhow",
    )
    refuse_options(parser, _NOT_TAKEN)
    parser.ends_in_command = True
    parser.set_defaults(run=run)


def run(options: argparse.Namespace, environ: Mapping[str, str]) -> int:
    """Run the command and return its exit code. Raises UsageError."""
    folder = current_folder() if options.cd is None else _folder(options.cd)
    settings = AppSettings(
        codex_home=codex_home(environ),
        environ=environ,
        cwd=folder,
        overrides=config_overrides(options),
        strict_config=getattr(options, "strict_config", False),
        system_dir=options.system_dir,
    )
    end_logs = logs.configure({"RUST_LOG": "error", **environ}, sys.stderr)
    try:
        return trio.run(_ask, settings, options.command, options.permission_profile)
    finally:
        end_logs()


def _folder(given: Path) -> Path:
    try:
        folder = given.resolve(strict=True)
    except OSError as error:
        raise UsageError(f"--cd {given}: {error.strerror}") from error
    if not folder.is_dir():
        raise UsageError(f"--cd {given}: it is no folder")
    return nameable(folder)


async def _ask(settings: AppSettings, command: list[str], profile: str | None) -> int:
    run = _Run()
    try:
        async with open_in_process_server(settings) as server, server.connect(observer=run.observe) as client:
            await client.initialize("codex-trio-sandbox", __version__, experimental=True)
            await run.to_its_end(client, command, profile)
    except* (AppServerError, ServerGone, StartupRefused) as group:
        error = first_of(group)
        raise UsageError(visible(error.message if isinstance(error, AppServerError) else str(error))) from None
    return run.code


class _Run:
    """One command, and the streams of this process."""

    def __init__(self) -> None:
        self.code = os.EX_OK
        self._is_asked_for = trio.Event()
        self._sinks: dict[str, Sink] = {}
        self._scope = trio.CancelScope()

    def observe(self, _sender: str, message: Any) -> None:
        """Take note of what is sent: what is for a command comes behind the request that starts it."""
        if message.get("method") == _METHOD:
            self._is_asked_for.set()

    async def to_its_end(self, client: AppServerClient, command: list[str], profile: str | None) -> None:
        """Run it; leave its exit code, or that of the signal that ended this process, in `code`."""
        self._sinks = {"stdout": open_sink(os.dup(1)), "stderr": open_sink(os.dup(2))}
        client.take(f"{_METHOD}/outputDelta", self._write)
        client.take("configWarning", _warn)
        params: dict[str, Any] = {
            "command": command,
            "processId": _ID,
            "streamStdin": True,
            "streamStdoutStderr": True,
            "disableTimeout": True,
            "disableOutputCap": True,
            "permissionProfile": profile,
        }
        try:
            with self._scope:
                async with trio.open_nursery() as nursery:
                    nursery.start_soon(self._end_on_signal)
                    nursery.start_soon(self._feed, client)
                    self.code = (await client.request(_METHOD, params))["exitCode"]
                    nursery.cancel_scope.cancel()
        finally:
            for sink in self._sinks.values():
                sink.close()

    async def _end_on_signal(self) -> None:
        with trio.open_signal_receiver(signal.SIGINT, signal.SIGTERM, signal.SIGHUP) as signals:
            async for number in signals:
                self._end(number)

    def _end(self, number: int) -> None:
        self.code = 128 + number
        self._scope.cancel()

    async def _feed(self, client: AppServerClient) -> None:
        """Hand on what comes in, until it ends or the command has ended."""
        await self._is_asked_for.wait()
        source = open_source(os.dup(0))
        try:
            while data := await source.read():
                delta = base64.b64encode(data).decode()
                await client.request(f"{_METHOD}/write", {"processId": _ID, "deltaBase64": delta})
            await client.request(f"{_METHOD}/write", {"processId": _ID, "closeStdin": True})
        except AppServerError:
            pass  # It does not want to hear more.
        finally:
            source.close()

    async def _write(self, delta: Notification) -> None:
        sink = self._sinks[delta.params["stream"]]
        rest = memoryview(base64.b64decode(delta.params["deltaBase64"]))
        try:
            while rest:
                rest = rest[await sink.write(rest) :]
        except BrokenPipeError:
            self._end(signal.SIGPIPE)


async def _warn(warning: Notification) -> None:
    parts = (warning.params["summary"], warning.params.get("details"))
    complain(f"Warning: {visible(': '.join(filter(None, parts)))}")
    await trio.lowlevel.checkpoint()
