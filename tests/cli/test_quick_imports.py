"""The command line starts as before when the scripts of attrs are kept, missing, damaged or cannot be kept."""

import json
import os
import subprocess
import sys

import pytest


@pytest.fixture
def start(tmp_path):
    """Start the program far enough to import all of the subcommand, with bytecode below `tmp_path`."""

    def start(**environment):
        home = str(tmp_path)
        environment = {"HOME": home, "CODEX_HOME": home, "TMPDIR": home, "PATH": os.defpath, **environment}
        arguments = [sys.executable, "-m", "codex_trio", "app-server", "--listen", "off", "--unknown"]
        done = subprocess.run(
            arguments, env=environment, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False
        )
        assert "--unknown" in done.stderr
        assert "Traceback" not in done.stderr

    return start


def scripts(folder):
    return list(folder.rglob("*.attrs"))


def test_scripts_are_kept_once(tmp_path, start):
    start(PYTHONPYCACHEPREFIX=str(tmp_path / "bytecode"))
    [kept] = scripts(tmp_path)
    content = kept.read_bytes()
    assert len(content) > 10_000
    written = kept.stat().st_mtime_ns
    start(PYTHONPYCACHEPREFIX=str(tmp_path / "bytecode"))
    assert scripts(tmp_path) == [kept]
    assert (kept.read_bytes(), kept.stat().st_mtime_ns) == (content, written)


@pytest.mark.parametrize("damage", [b"", b"no bytecode", b"\xe9\x01\x00\x00\x00"])
def test_a_damaged_file_is_replaced(tmp_path, start, damage):
    start(PYTHONPYCACHEPREFIX=str(tmp_path / "bytecode"))
    [kept] = scripts(tmp_path)
    kept.write_bytes(damage)
    start(PYTHONPYCACHEPREFIX=str(tmp_path / "bytecode"))
    assert kept.stat().st_size > 10_000


def test_nothing_is_kept_where_bytecode_is_not(tmp_path, start):
    start(PYTHONPYCACHEPREFIX=str(tmp_path / "bytecode"), PYTHONDONTWRITEBYTECODE="1")
    assert scripts(tmp_path) == []


NOT_NEEDED_YET = (
    "asyncio",
    "ctypes.util",
    "dataclasses",
    "email",
    "hashlib",
    "hmac",
    "http",
    "idna",
    "ssl",
    "tempfile",
    "typing_extensions",
)

STARTED = """
import os, sys

class WhenMoreIsLoaded:
    def find_spec(self, name, path=None, target=None):
        if name == "codex_trio.server.core":
            print(*sys.modules, file=sys.stderr, flush=True)
            os._exit(0)

sys.meta_path.insert(0, WhenMoreIsLoaded())
sys.argv[1:] = ["app-server"]

from codex_trio.cli.main import main

main()
"""


def test_the_command_answers_before_it_loads_what_the_answer_does_not_need(tmp_path):
    home = str(tmp_path)
    environment = {"HOME": home, "CODEX_HOME": home, "TMPDIR": home, "PATH": os.defpath}
    params = {"clientInfo": {"name": "test", "version": "0"}}
    ran = subprocess.run(
        [sys.executable, "-c", STARTED],
        input=json.dumps({"id": 1, "method": "initialize", "params": params}) + "\n",
        env=environment,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    reply, modules = ran.stdout.splitlines()[0], ran.stderr.split()
    assert json.loads(reply)["result"]["codexHome"] == home
    assert "trio" in modules
    assert [name for name in NOT_NEEDED_YET if name in modules] == []
