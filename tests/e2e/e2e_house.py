"""A whole server in this process, a scripted model behind it, and as many clients as a test wants."""

import contextlib
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from pathlib import Path

from codex_trio.client.connection import AppServerClient
from codex_trio.conformance.lab import CONFIG, MODEL
from codex_trio.in_process import InProcessServer, open_in_process_server
from codex_trio.server.app import AppSettings
from codex_trio.testing.model_server import ModelServer, open_model_server


@dataclass(frozen=True)
class House:
    """A server with its folders and its model."""

    server: InProcessServer
    model: ModelServer
    cwd: Path

    @contextlib.asynccontextmanager
    async def visitor(self, name: str = "visitor") -> AsyncGenerator[AppServerClient]:
        """Provide an initialized client."""
        async with self.server.connect() as client:
            await client.initialize(name, "1.0", experimental=True)
            yield client


@contextlib.asynccontextmanager
async def open_house(tmp_path: Path) -> AsyncGenerator[House]:
    """Provide a server that asks before it leaves its sandbox."""
    folders = {name: tmp_path / name for name in ("home", "codex", "work", "tmp")}
    for folder in folders.values():
        folder.mkdir()
    async with open_model_server() as model:
        config = CONFIG.format(
            model=MODEL,
            base_url=model.base_url,
            approval_policy="on-request",
            sandbox_mode="workspace-write",
            extra="",
            tables="",
            provider="",
            request_max_retries=0,
            stream_max_retries=0,
        )
        (folders["codex"] / "config.toml").write_text(config)
        environ = {"HOME": str(folders["home"]), "TMPDIR": str(folders["tmp"]), "PATH": "/usr/bin:/bin"}
        settings = AppSettings(
            codex_home=folders["codex"], cwd=folders["work"], environ=environ, system_dir=folders["codex"] / "machine"
        )
        async with open_in_process_server(settings) as server:
            yield House(server, model, folders["work"])
