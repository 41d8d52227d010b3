"""Real processes for the execution tests: requests with a controlled environment, and waits that are bounded."""

from pathlib import Path
from typing import Any

import msgspec
import trio

from codex_trio.execution.completion import Channel, read_to_completion
from codex_trio.execution.launch import SpawnRequest
from codex_trio.execution.spawner import ProcessSpawner

PATIENCE = 30.0
"""Seconds after which something that should have happened has not."""


class Outcome(msgspec.Struct, kw_only=True):
    exit_code: int
    stdout: bytes
    stderr: bytes
    drain_timed_out: bool


class ProcessLab:
    """Makes requests that run in `folder` and see nothing of the developer's environment."""

    def __init__(self, folder: Path, spawner: ProcessSpawner) -> None:
        self.folder = folder
        self.spawner = spawner
        self.env = {"PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": str(folder), "TMPDIR": str(folder)}

    def request(self, *argv: str, **settings: Any) -> SpawnRequest:
        given: dict[str, Any] = {"cwd": str(self.folder), "env": self.env, **settings}
        return SpawnRequest(argv=argv, **given)

    def shell(self, script: str, **settings: Any) -> SpawnRequest:
        return self.request("/bin/sh", "-c", script, **settings)

    async def run(self, request: SpawnRequest, **settings: Any) -> Outcome:
        chunks: dict[Channel, list[bytes]] = {"stdout": [], "stderr": []}

        async def sink(channel: Channel, data: bytes) -> None:
            chunks[channel].append(data)

        with trio.fail_after(PATIENCE):
            async with self.spawner.start(request) as process:
                done = await read_to_completion(process, sink, **settings)
        return Outcome(
            exit_code=done.exit_code,
            stdout=b"".join(chunks["stdout"]),
            stderr=b"".join(chunks["stderr"]),
            drain_timed_out=done.drain_timed_out,
        )

    async def read_pid(self, name: str) -> int:
        """Return the number that a process writes into the file `name` of the folder."""
        path = trio.Path(self.folder / name)
        with trio.fail_after(PATIENCE):
            while True:
                if await path.exists() and (text := await path.read_text()).endswith("\n"):
                    return int(text)
                await trio.sleep(0.005)


async def wait_removed(path: Path, *, seconds: float = PATIENCE) -> None:
    """Fail when the path stays."""
    with trio.fail_after(seconds):
        while True:
            if not await trio.Path(path).exists():
                return
            await trio.sleep(0.005)
