"""The program in README works as it is pasted."""

import os
import re
import subprocess
import sys
from pathlib import Path

import trio

from codex_trio.testing.model_script import answer, message
from codex_trio.testing.model_server import open_model_server

README = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")


async def test_the_program_runs_as_it_stands_there(tmp_path: Path) -> None:
    [program] = re.findall(r"^```python\n(.*?)^```$", README, re.DOTALL | re.MULTILINE)
    home, work = tmp_path / "home", tmp_path / "work"
    (home / ".codex").mkdir(parents=True)
    (work / ".venv").mkdir(parents=True)
    (work / ".venv" / "bin").symlink_to(Path(sys.executable).parent)
    async with open_model_server([answer(message("Nothing but a program."))]) as model:
        provider = f'name = "Scripted"\nbase_url = "{model.base_url}"\n'
        config = f'model = "gpt-5.5"\nmodel_provider = "mine"\n[model_providers.mine]\n{provider}'
        (home / ".codex" / "config.toml").write_text(config, encoding="utf-8")
        environ = {"HOME": str(home), "TMPDIR": str(tmp_path), "PATH": os.defpath}
        with trio.fail_after(60):
            done = await trio.run_process(
                [sys.executable, "-c", program],
                cwd=work,
                env=environ,
                capture_stdout=True,
                capture_stderr=True,
                stdin=subprocess.DEVNULL,
                check=False,
            )
        assert (done.stdout.decode(), done.stderr.decode()) == ("Nothing but a program.\n", "")
        assert model.requests[0].texts("user")[-1] == "What is in this folder?"


def test_the_files_that_it_names_are_there() -> None:
    named = re.findall(r"`((?:[a-z_]+/)*[A-Za-z_]+\.(?:md|py|txt|toml))`", README)
    root = Path(__file__).parents[2]
    assert [name for name in named if "/" in name and not (root / name).exists()] == []
    assert (root / "LICENSE").read_text(encoding="utf-8").lstrip().startswith("Apache License")
