"""A workspace, an outside world, and sandboxed commands that try things."""

import os
import sys
from collections.abc import Sequence
from pathlib import Path

import msgspec
import trio

from codex_trio.execution.completion import Channel, read_to_completion
from codex_trio.execution.launch import SpawnRequest
from codex_trio.execution.spawner import ProcessSpawner
from codex_trio.sandbox.command import wrap
from codex_trio.sandbox.policy import SandboxPolicy
from codex_trio.sandbox.probe import SandboxProbe
from codex_trio.sandbox.roots import GuardedPaths, RootAnchors

PATIENCE = 30.0


class Outcome(msgspec.Struct):
    exit_code: int
    output: str


class SandboxLab:
    """`workspace` is the policy's working directory, `outside` a sibling of it; neither lies below a writable root."""

    def __init__(self, folder: Path, spawner: ProcessSpawner, probe: SandboxProbe) -> None:
        self.workspace = folder / "workspace"
        self.outside = folder / "outside"
        self.tmpdir = folder / "tmpdir"
        for path in (self.workspace, self.outside, self.tmpdir):
            path.mkdir()
        (self.outside / "secret").write_text("readable\n")
        self.spawner = spawner
        self.probe = probe
        self.anchors = RootAnchors()
        self.env = {"PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": str(folder), "TMPDIR": str(self.tmpdir)}

    def request(
        self,
        policy: SandboxPolicy,
        *argv: str,
        cwd: Path | None = None,
        tty: bool = False,
        processes: int | None = None,
    ) -> SpawnRequest:
        wrapped = wrap(
            argv,
            policy,
            cwd=str(self.workspace),
            tmpdir=str(self.tmpdir),
            probe=self.probe,
            anchors=self.anchors,
            tty=tty,
            processes=processes,
        )
        return SpawnRequest(
            argv=wrapped.argv,
            cwd=str(cwd or self.workspace),
            env={**self.env, **wrapped.env},
            tty=tty,
            inherited=wrapped.inherited,
            placeholders=wrapped.placeholders,
            absent=wrapped.absent,
            keepers=wrapped.keepers,
            counts_processes=wrapped.counts_processes,
        )

    def guard(self, *read_only: Path, hidden: Sequence[Path] = ()) -> None:
        """Have these paths be the server's own."""
        guarded = GuardedPaths(read_only=tuple(map(str, read_only)), hidden=tuple(map(str, hidden)))
        self.anchors = RootAnchors(guarded)

    async def run(self, request: SpawnRequest, *, patience: float = PATIENCE) -> Outcome:
        chunks: list[bytes] = []

        async def sink(_channel: Channel, data: bytes) -> None:
            chunks.append(data)

        with trio.fail_after(patience):
            async with self.spawner.start(request) as process:
                done = await read_to_completion(process, sink)
        return Outcome(done.exit_code, b"".join(chunks).decode())

    async def shell(self, policy: SandboxPolicy, script: str, cwd: Path | None = None) -> Outcome:
        return await self.run(self.request(policy, "/bin/sh", "-c", script, cwd=cwd))

    async def python(self, policy: SandboxPolicy, script: str) -> Outcome:
        return await self.run(self.request(policy, sys.executable, "-I", "-S", "-c", script))

    async def what_works(self, policy: SandboxPolicy, *scripts: str) -> list[str]:
        """Return those of the scripts that succeed in one sandbox, tried one after the other."""
        attempts = "\n".join(
            f"if ({script}) >/dev/null 2>&1; then echo {number}; fi" for number, script in enumerate(scripts)
        )
        return [scripts[int(number)] for number in (await self.shell(policy, attempts)).output.split()]

    async def can(self, policy: SandboxPolicy, script: str) -> bool:
        return await self.what_works(policy, script) == [script]


def processes_with(word: str) -> list[int]:
    """Return the living processes that have `word` in their command line."""
    found: list[int] = []
    for name in os.listdir("/proc"):
        if name.isdigit():
            try:
                if word.encode() in Path(f"/proc/{name}/cmdline").read_bytes():
                    found.append(int(name))
            except OSError:
                continue
    return found


async def wait_for_processes(word: str, *, exist: bool) -> None:
    with trio.fail_after(PATIENCE):
        while True:
            if bool(processes_with(word)) is exist:
                return
            await trio.sleep(0.02)


async def wait_for_empty(folder: Path) -> None:
    with trio.fail_after(PATIENCE):
        while True:
            if not os.listdir(folder):
                return
            await trio.sleep(0.02)
