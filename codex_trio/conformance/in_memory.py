"""This package's own server in the process of the scenarios: quick, and seen by what measures coverage.

Owns its settings and the shape that `probe` wants of a server. Only the package's own server can be judged so: what
the command line and the process do (options, signals, exit codes, standard error) is left out.
"""

import contextlib
from collections.abc import AsyncGenerator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from codex_trio.client.connection import AppServerClient, Observer
from codex_trio.in_process import open_in_process_server
from codex_trio.server.app import AppSettings


@dataclass(frozen=True)
class ServerInMemory:
    """A connection to a server in this process, in place of a `SpawnedServer`."""

    client: AppServerClient
    stderr: str = ""

    @property
    def process(self) -> NoReturn:
        """Fail: there is none."""
        raise AssertionError("a server in this process has none of its own: mark the scenario with `only_over`")

    def kill(self) -> NoReturn:
        """Fail: there is nothing to kill."""
        raise AssertionError("a server in this process cannot be killed: mark the scenario with `only_over`")


@contextlib.asynccontextmanager
async def open_server_in_memory(
    *, env: Mapping[str, str], cwd: Path, observer: Observer
) -> AsyncGenerator[ServerInMemory]:
    """Run the server and connect to it, until the block ends."""
    home = Path(env["CODEX_HOME"])
    settings = AppSettings(codex_home=home, environ=env, cwd=cwd, system_dir=home / "machine")
    async with (
        open_in_process_server(settings) as server,
        server.connect(observer=observer, refuse_unhandled=False) as client,
    ):
        yield ServerInMemory(client)
