"""One scenario's surroundings: fresh folders, a scripted model, and the server under test.

Owns the folders' layout and the server's environment, so that nothing of the machine leaks in.
"""

import contextlib
from collections.abc import AsyncGenerator, Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import trio

from codex_trio.client.process import SpawnedServer, open_stdio_client
from codex_trio.conformance.probe import Log, Probe
from codex_trio.testing.model_script import Reply
from codex_trio.testing.model_server import ModelServer

if TYPE_CHECKING:
    from codex_trio.conformance.in_memory import ServerInMemory
    from codex_trio.conformance.listening import Listening

MODEL = "gpt-5.5"

WEBSOCKET = "ws://127.0.0.1:0"
"""A websocket to listen on, at any free port."""

CONFIG = """
model = "{model}"
model_provider = "scripted"
approval_policy = "{approval_policy}"
sandbox_mode = "{sandbox_mode}"
{extra}

[model_providers.scripted]
name = "Scripted"
base_url = "{base_url}"
wire_api = "responses"
request_max_retries = {request_max_retries}
stream_max_retries = {stream_max_retries}
{provider}

[sandbox_workspace_write]
# The scenario's folders may lie under the system's temporary folder: "outside the workspace" has to mean something.
exclude_slash_tmp = true

{tables}
"""


Transport = Literal["stdio", "websocket", "unix", "memory"]


@dataclass(frozen=True)
class ServerUnderTest:
    """Which server the scenarios judge."""

    command: tuple[str, ...]
    """The argument vector that serves the protocol on stdio, and elsewhere when `--listen URL` is added."""
    kind: str
    """Whose list of differences applies: `codex-trio`, `reference`, or any other name."""
    extra_env: Mapping[str, str]
    """What the command itself needs of the environment."""
    transport: Transport = "stdio"
    """How scenarios that leave it open talk to the server."""


class Lab:
    """Folders, model and server of one scenario."""

    def __init__(self, base: Path, server: ServerUnderTest, model: ModelServer) -> None:
        self.base = base
        self.server = server
        self.model = model
        self.home = base / "home"
        self.codex_home = base / "codex"
        self.cwd = base / "work"
        # Its own folder, and no parent of the server's home: some servers set up less when their home is temporary.
        self.tmp = base / "tmp"
        for folder in (self.home, self.codex_home, self.cwd, self.tmp):
            folder.mkdir()
        # Where the project starts: nothing above the scenario's folders may count as part of it.
        (self.cwd / ".git").mkdir()
        (self.cwd / ".git" / "HEAD").write_text("ref: refs/heads/main\n")

    def script(self, *replies: Reply) -> None:
        """Add answers to the model's script."""
        self.model.add(*replies)

    def configure(
        self,
        *,
        extra: str = "",
        tables: str = "",
        provider: str = "",
        approval_policy: str = "never",
        sandbox_mode: str = "danger-full-access",
        request_max_retries: int = 0,
        stream_max_retries: int = 0,
    ) -> None:
        """Write the server's `config.toml`: the scripted model, and what the scenario adds."""
        self.write_config(
            CONFIG.format(
                model=MODEL,
                base_url=self.model.base_url,
                extra=extra,
                tables=tables,
                provider=provider,
                approval_policy=approval_policy,
                sandbox_mode=sandbox_mode,
                request_max_retries=request_max_retries,
                stream_max_retries=stream_max_retries,
            )
        )

    def write_config(self, text: str) -> None:
        """Write the server's `config.toml`, whatever it says."""
        (self.codex_home / "config.toml").write_text(text)

    @contextlib.asynccontextmanager
    async def run(
        self,
        *,
        initialize: bool = True,
        experimental: bool = True,
        opt_out: Collection[str] = (),
        env: Mapping[str, str] | None = None,
    ) -> AsyncGenerator[Probe]:
        """Run the server until the block ends; with the default configuration unless one was written."""
        if self.server.transport in ("stdio", "memory"):
            running = self._run_alone(initialize=initialize, experimental=experimental, opt_out=opt_out, env=env)
        else:
            running = self._run_listening(initialize=initialize, experimental=experimental, opt_out=opt_out, env=env)
        async with running as probe:
            yield probe

    @contextlib.asynccontextmanager
    async def listen(
        self, address: str | None = None, *options: str, env: Mapping[str, str] | None = None
    ) -> AsyncGenerator["Listening"]:
        """Run the server for several clients until the block ends; by default on a websocket.

        `options` are more of the command line's.
        """
        # Few scenarios need the library for websockets.
        from codex_trio.conformance.listening import open_listening

        self._configure_by_default()
        if address is None:
            address = self.unix_socket if self.server.transport == "unix" else WEBSOCKET
        async with open_listening(
            (*self.server.command, *options), address, env=self.environment(env or {}), cwd=self.cwd
        ) as server:
            yield server

    @contextlib.asynccontextmanager
    async def _run_alone(
        self, *, initialize: bool, experimental: bool, opt_out: Collection[str], env: Mapping[str, str] | None
    ) -> AsyncGenerator[Probe]:
        self._configure_by_default()
        log = Log()
        async with trio.open_nursery() as nursery, self._open_server(log, self.environment(env or {})) as server:
            nursery.start_soon(log.watch_end, server.client.closed)
            probe = Probe(server, log)
            if initialize:
                await probe.initialize("scenario", experimental=experimental, opt_out=opt_out)
            yield probe
            nursery.cancel_scope.cancel()

    def _open_server(
        self, log: Log, env: Mapping[str, str]
    ) -> contextlib.AbstractAsyncContextManager["SpawnedServer | ServerInMemory"]:
        if self.server.transport == "stdio":
            return open_stdio_client(
                self.server.command, env=env, cwd=self.cwd, observer=log.observe, refuse_unhandled=False
            )
        # Only the package's own server can be had so: whoever judges another one has no need of it.
        from codex_trio.conformance.in_memory import open_server_in_memory

        return open_server_in_memory(env=env, cwd=self.cwd, observer=log.observe)

    @contextlib.asynccontextmanager
    async def _run_listening(
        self, *, initialize: bool, experimental: bool, opt_out: Collection[str], env: Mapping[str, str] | None
    ) -> AsyncGenerator[Probe]:
        async with (
            self.listen(env=env) as server,
            server.connect(initialize=initialize, experimental=experimental, opt_out=opt_out) as visitor,
        ):
            yield visitor

    def _configure_by_default(self) -> None:
        if not (self.codex_home / "config.toml").exists():
            self.configure()

    @property
    def unix_socket(self) -> str:
        """A unix socket to listen on."""
        return f"unix://{self.tmp}/control/server.sock"

    def environment(self, extra: Mapping[str, str]) -> dict[str, str]:
        """Return the server's whole environment."""
        return {
            "HOME": str(self.home),
            "CODEX_HOME": str(self.codex_home),
            "TMPDIR": str(self.tmp),
            "PATH": "/usr/bin:/bin",
            **self.server.extra_env,
            **extra,
        }

    def rollouts(self) -> list[Path]:
        """Return the rollout files written so far, oldest first."""
        return sorted((self.codex_home / "sessions").glob("*/*/*/rollout-*.jsonl"))
