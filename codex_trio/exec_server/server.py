"""An exec-server: its sessions, and what it says of its machine.

Owns that sessions end with it. Does not own listening (`cli/exec_server.py`) or one session (session.py).
"""

from __future__ import annotations

import logging
import os
import pwd
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

import trio

from codex_trio.config.errors import ConfigLoadError
from codex_trio.config.service import ConfigService
from codex_trio.environments.exec_protocol import Capabilities, EnvironmentFacts, ShellInfo
from codex_trio.environments.local.environment import LocalParts, find_local_parts
from codex_trio.exec_server.config_read import SYSTEM_FOLDER, SettingsPlaces
from codex_trio.exec_server.connection import MAX_AT_ONCE, ServedConnection
from codex_trio.exec_server.session import AWAY_SECONDS, ServedSession
from codex_trio.execution.bounds import CommandBounds, bounds_of
from codex_trio.execution.spawner import open_process_spawner
from codex_trio.files.watches import FileWatches
from codex_trio.model.http import HttpTransport, open_transport
from codex_trio.network.proxies import open_command_proxies
from codex_trio.sandbox.look import SandboxLook
from codex_trio.sandbox.roots import GuardedPaths
from codex_trio.transport.base import MessageTransport
from codex_trio.version import PROTOCOL_RELEASE

_log = logging.getLogger(__name__)


class ExecServer:
    """Made by `open_exec_server`."""

    def __init__(
        self,
        parts: LocalParts,
        nursery: trio.Nursery,
        *,
        home: Path,
        system_dir: Path,
        watches: FileWatches,
        http: HttpTransport,
        away_seconds: float,
        max_at_once: int,
    ) -> None:
        self.watches = watches
        self.http = http
        self.environ = parts.environ
        self._parts = parts
        self._nursery = nursery
        self._away_seconds = away_seconds
        self._max_at_once = max_at_once
        self._sessions: dict[str, ServedSession] = {}
        self.facts = _facts(parts)
        self.settings = SettingsPlaces(home=home, user_home=self.facts.user_home_dir, system=system_dir)

    async def open_session(self, *, acknowledges: bool) -> ServedSession:
        """Return a new session."""
        self._sessions = {known: session for known, session in self._sessions.items() if not session.is_over}
        session = ServedSession(self._parts, acknowledges=acknowledges, away_seconds=self._away_seconds)
        await self._nursery.start(session.run)
        self._sessions[session.id] = session
        return session

    def find_session(self, session_id: str) -> ServedSession | None:
        """Return a session that its client may come back to."""
        session = self._sessions.get(session_id)
        return None if session is None or session.is_over else session

    async def serve(self, transport: MessageTransport) -> None:
        """Serve one connection until it ends; its session goes on, for when the client connects anew."""
        try:
            await ServedConnection(transport, self, max_at_once=self._max_at_once).run()
        finally:
            with trio.CancelScope(shield=True):
                await transport.aclose()


def _facts(parts: LocalParts) -> EnvironmentFacts:
    shell = parts.shells.default
    home = parts.environ.get("HOME", "")
    return EnvironmentFacts(
        shell=ShellInfo(name=os.path.basename(shell), path=shell),
        cwd=Path(parts.cwd).as_uri(),
        user_home_dir=Path(home).as_uri() if os.path.isabs(home) else _account_home(),
        temp_dir=Path(parts.tmpdir or "/tmp").absolute().as_uri(),
        platform_os="linux",
        executor_version=PROTOCOL_RELEASE,
        capabilities=Capabilities(
            output_acknowledgement=True,
            fs_watch_missing=True,
            environment_config_read=True,
            http_header_env_vars=True,
            file_write_streaming=True,
            sandboxed_file_streaming=True,
            network_proxy_launch=True,
        ),
    )


def _account_home() -> str | None:
    try:
        return Path(pwd.getpwuid(os.getuid()).pw_dir).as_uri()
    except (KeyError, ValueError):
        return None


def _bounds(home: Path, environ: Mapping[str, str]) -> CommandBounds:
    """Return what this machine's user lets commands take of it; the usual where that cannot be read."""
    try:
        return bounds_of(ConfigService(home, environ=environ).load().merged)
    except ConfigLoadError as error:
        _log.warning("the usual limits hold for commands, as the settings cannot be read: %s", error.message)
        return CommandBounds()


@asynccontextmanager
async def open_exec_server(
    environ: Mapping[str, str],
    *,
    cwd: Path,
    home: Path,
    guarded: GuardedPaths,
    system_dir: Path = SYSTEM_FOLDER,
    away_seconds: float = AWAY_SECONDS,
    max_at_once: int | None = None,
) -> AsyncGenerator[ExecServer]:
    """Provide a server; when the block ends, nothing that it has started is left.

    Args:
        environ: the variables that processes may inherit.
        cwd: the folder that clients are told as the one to begin in.
        home: where the user's settings are.
        system_dir: where those of the machine's administrator are.
        guarded: what is the server's own.
        away_seconds: how long a client may be away before its processes are killed.
        max_at_once: how many requests of a connection are under way; None for the usual number.
    """
    async with (
        open_process_spawner(bounds=_bounds(home, environ)) as spawner,
        open_transport(environ) as http,
        open_command_proxies() as proxies,
        trio.open_nursery() as nursery,
    ):
        sandbox = SandboxLook(environ, tell=_log.warning)
        parts = find_local_parts(
            environ,
            spawner=spawner,
            writes=None,
            guarded=guarded,
            probe=sandbox,
            cwd=str(cwd),
            proxies=proxies,
        )
        watches = FileWatches()
        nursery.start_soon(watches.run)
        nursery.start_soon(spawner.watch)
        yield ExecServer(
            parts,
            nursery,
            home=home,
            system_dir=system_dir,
            watches=watches,
            http=http,
            away_seconds=away_seconds,
            max_at_once=max_at_once or MAX_AT_ONCE,
        )
        nursery.cancel_scope.cancel()
