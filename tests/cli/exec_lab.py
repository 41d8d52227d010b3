"""Runs of `codex-trio exec` in processes of their own: fresh folders, a scripted model, bounded waits."""

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import trio

from codex_trio.testing.model_script import Answer
from codex_trio.testing.model_server import ModelServer

PATIENCE = 30.0
"""Seconds after which a run that should have ended has not. A loaded machine takes a few for a start alone."""

CONFIG = """
model = "gpt-5.5"
model_provider = "scripted"
{extra}
[model_providers.scripted]
name = "Scripted"
base_url = "{base_url}"
wire_api = "responses"
request_max_retries = 0
stream_max_retries = 0
"""

_LACKING = "not by the bubblewrap of the system"


@dataclass(frozen=True)
class Finished:
    """A run that is over."""

    code: int
    stdout: str
    stderr: str

    @property
    def events(self) -> list[dict[str, Any]]:
        """What `--json` printed, but for what a machine without bubblewrap has to say."""
        events = [msgspec.json.decode(line) for line in self.stdout.splitlines()]
        return [event for event in events if _LACKING not in event.get("item", {}).get("message", "")]

    @property
    def thread_id(self) -> str:
        """The thread of a run with `--json`."""
        return self.events[0]["thread_id"]


class ExecLab:
    """Folders, model and environment of a test. The work folder is the root of a git repository.

    `program` is what starts `codex-trio`.
    """

    def __init__(self, base: Path, model: ModelServer, program: Sequence[str]) -> None:
        self.model = model
        self._command = (*program, "exec")
        self.home, self.codex_home, self.work, self.tmp = (base / name for name in ("home", "codex", "work", "tmp"))
        for folder in (self.home, self.codex_home, self.work / ".git", self.tmp):
            folder.mkdir(parents=True)
        (self.work / ".git" / "HEAD").write_text("ref: refs/heads/main\n")
        self.configure()
        self.env = {
            "HOME": str(self.home),
            "CODEX_HOME": str(self.codex_home),
            "TMPDIR": str(self.tmp),
            "PATH": "/usr/local/bin:/usr/bin:/bin",
            "PYTHONPATH": os.pathsep.join(sys.path),
        }

    def configure(self, extra: str = "") -> None:
        """Write `config.toml`; `extra` goes before its tables."""
        text = CONFIG.format(base_url=self.model.base_url, extra=extra)
        (self.codex_home / "config.toml").write_text(text)

    async def run(
        self,
        *arguments: str,
        model: Answer | Sequence[Answer] = (),
        stdin: bytes | None = None,
        cwd: Path | None = None,
        env: Mapping[str, str] | None = None,
    ) -> Finished:
        """Run to the end, with nothing on stdin unless given. `model` is what the model answers."""
        self.model.add(*([model] if isinstance(model, Answer) else model))
        with trio.fail_after(PATIENCE):
            done = await trio.run_process(
                [*self._command, *arguments],
                stdin=subprocess.DEVNULL if stdin is None else stdin,
                capture_stdout=True,
                capture_stderr=True,
                check=False,
                cwd=cwd or self.work,
                env={**self.env, **(env or {})},
            )
        return Finished(done.returncode, done.stdout.decode(), done.stderr.decode())

    async def start(self, *arguments: str) -> trio.Process:
        """Start a run whose stdout can be read."""
        return await trio.lowlevel.open_process(
            [*self._command, *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            cwd=self.work,
            env=self.env,
        )
