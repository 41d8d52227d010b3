"""The main job on real input, without a key: a coding agent mends a failing test.

Copies a small project with a failing test, starts the server as a child process on stdio, and runs one turn. The model
is the only thing that is not real: a server on loopback that speaks the Responses API and answers from
`fix_failing_test.json`. Commands and patch really run, in the sandbox. Run it with `make run`, or:

    python -m examples.fix_failing_test
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import trio

from codex_trio.client.messages import ServerRequest
from codex_trio.client.process import open_stdio_client
from codex_trio.client.render import BOLD, DIM, TurnPrinter
from codex_trio.client.turns import start_thread
from codex_trio.testing.model_script import load_script
from codex_trio.testing.model_server import open_model_server

HERE = Path(__file__).parent
PROMPT = "The tests fail. Find out why, mend the code, show that the tests pass, and commit."

# Without an approval nothing commits: `.git` is read-only in the sandbox, and `exec` has nobody to ask.
WITHOUT_APPROVAL = "The tests fail. Find out why, mend the code, and show that the tests pass."

WITH_A_REAL_MODEL = """
The same with a real model:

  OpenAI             export OPENAI_API_KEY=...
                     .venv/bin/codex-trio exec -s workspace-write "{prompt}"
  any Responses API  in $CODEX_HOME/config.toml (default ~/.codex/config.toml):
                       model = "your-model"
                       model_provider = "mine"
                       [model_providers.mine]
                       name = "Mine"
                       base_url = "https://models.example/v1"
                       env_key = "MY_API_KEY"
  a local model      .venv/bin/codex-trio exec --oss --local-provider ollama -s workspace-write "{prompt}"
                     (or lmstudio)
"""


def copy_project(target: Path) -> None:
    """The example project as a git repository of its own."""
    shutil.copytree(HERE / "failing_pytest", target, ignore=shutil.ignore_patterns("__pycache__"))
    git = ["git", "-c", "user.name=example", "-c", "user.email=example@example.invalid"]
    for command in (["init", "-q", "-b", "main"], ["add", "."], ["commit", "-qm", "Durations as people write them"]):
        subprocess.run([*git, *command], cwd=target, check=True)


def write_config(home: Path, base_url: str) -> None:
    """A configuration that names the scripted model as its provider, and a profile that puts our Python on PATH."""
    home.mkdir()
    # Commands run in a login shell, which sets PATH anew: what the user's profile adds is what they see.
    (home.parent / ".profile").write_text(f'PATH="{Path(sys.executable).parent}:$PATH"\n', encoding="utf-8")
    (home / "config.toml").write_text(
        f"""\
model = "gpt-5.5"
model_provider = "scripted"
approval_policy = "on-request"
sandbox_mode = "workspace-write"

[model_providers.scripted]
name = "Scripted model"
base_url = "{base_url}"
""",
        encoding="utf-8",
    )


async def mend(folder: Path, printer: TurnPrinter) -> int:
    """Run the turn in a copy of the project; 0 when its tests pass afterwards."""
    project = folder / "durations"
    copy_project(project)
    async with open_model_server(load_script(HERE / "fix_failing_test.json")) as model:
        write_config(folder / "codex-home", model.base_url)
        environment = {
            "HOME": str(folder),
            "CODEX_HOME": str(folder / "codex-home"),
            "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)]),
            "TMPDIR": tempfile.gettempdir(),
            "PYTHONDONTWRITEBYTECODE": "1",
        }
        command = [sys.executable, "-m", "codex_trio", "app-server"]
        async with open_stdio_client(command, env=environment, cwd=project) as server:
            client = server.client

            async def approve(request: ServerRequest) -> dict[str, Any]:
                question = request.params.get("reason") or "May this run?"
                printer.line(f"approval: {question}", BOLD)
                printer.line(f"  {request.params['command']}", DIM)
                printer.line("  answered: accept", DIM)
                return {"decision": "accept"}

            client.handle("item/commandExecution/requestApproval", approve)
            hello = await client.initialize("fix_failing_test", "1")
            printer.line(f"server: {hello['userAgent']}", DIM)
            thread = await start_thread(client, cwd=str(project))
            printer.line(f"thread: {thread.id}, model {thread.settings['model']}, in {project}", DIM)
            printer.line(f"user\n{PROMPT}", BOLD)
            async with thread.stream(PROMPT) as turn:
                async for message in turn:
                    printer.show(message)
            result = turn.result
    printer.line(f"turn {result.status}", BOLD)
    printer.diff(result.diff or "")
    if result.token_usage is not None:
        printer.usage(result.token_usage)
    check = await trio.run_process(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"], cwd=project, capture_stdout=True, check=False
    )
    printer.line(f"tests of the project now: {check.stdout.decode().strip().splitlines()[-1]}", BOLD)
    return 0 if result.status == "completed" and check.returncode == 0 else 1


def main() -> int:
    """Run the example in a folder that is removed afterwards."""

    def write(text: str) -> None:
        sys.stdout.write(text)
        sys.stdout.flush()

    # Not below the temporary folder: commands in the sandbox may write there, and the server's home is none of theirs.
    with tempfile.TemporaryDirectory(prefix=".codex-trio-example-", dir=Path.home()) as folder:
        code = trio.run(mend, Path(folder), TurnPrinter(write, color=sys.stdout.isatty()))
    print(WITH_A_REAL_MODEL.format(prompt=WITHOUT_APPROVAL))
    return code


if __name__ == "__main__":
    code = 130
    try:
        code = main()
    except* KeyboardInterrupt:
        pass
    sys.exit(code)
