"""An editor's user waits for `initialize`, and then for a list: nothing is loaded that these replies do not need."""

import os
import subprocess
import sys

import pytest

SCRIPT = """
import os, sys, json
from pathlib import Path
import trio
from codex_trio.server.app import AppSettings, open_app
from codex_trio.transport.memory import memory_transport_pair

class WhenMoreIsLoaded:
    def find_spec(self, name, path=None, target=None):
        if name in ("codex_trio.server.core", "codex_trio.server.thread_layer"):
            print(name, *sys.modules)

sys.meta_path.insert(0, WhenMoreIsLoaded())

async def main():
    home = Path(os.environ["CODEX_HOME"])
    settings = AppSettings(codex_home=home, environ=dict(os.environ), cwd=home, system_dir=home / "machine")
    async with open_app(settings) as app, trio.open_nursery() as nursery:
        server, client = memory_transport_pair()
        nursery.start_soon(lambda: app.serve(server, remote=False))
        info = {"name": "test", "version": "0"}
        await client.send(json.dumps({"id": 1, "method": "initialize", "params": {"clientInfo": info}}).encode())
        reply = json.loads(await client.receive())
        assert reply["result"]["codexHome"] == str(home), reply
        while "codex_trio.server.core" not in sys.modules:
            await trio.sleep(0.001)
        assert json.loads(await client.receive())["method"] == "remoteControl/status/changed"
        for method in ("thread/list", "thread/loaded/list"):
            await client.send(json.dumps({"id": 2, "method": method, "params": {}}).encode())
            reply = json.loads(await client.receive())
            assert reply["result"]["data"] == [], reply
        params = {"threadId": home.name, "input": []}
        await client.send(json.dumps({"id": 2, "method": "turn/start", "params": params}).encode())
        reply = json.loads(await client.receive())
        assert reply["error"]["code"] == -32600, reply
        nursery.cancel_scope.cancel()

trio.run(main)
"""

NOT_NEEDED_YET = (
    "httpcore2",
    "h11",
    "PIL",
    "tomlkit",
    "tree_sitter",
    "starlark",
    "apsw",
    "codex_trio.engine.session.session",
    "codex_trio.tools",
    "codex_trio.model",
    "codex_trio.execution",
    "codex_trio.threads",
    "codex_trio_protocol.v2.item",
    "codex_trio_protocol.export",
)

NOT_NEEDED_FOR_LISTS = (
    "asyncio",
    "concurrent.futures",
    "httpcore2",
    "h2",
    "codex_trio.engine.session",
    "codex_trio.tools",
    "codex_trio.execution",
    "codex_trio.sandbox.probe",
    "codex_trio.model.client",
    "codex_trio.threads.live",
    "codex_trio.processors.config",
    "codex_trio_protocol.v2.plugin",
)

MOST_MODULES_OF_OURS = 93


@pytest.fixture(scope="module")
def loaded(tmp_path_factory):
    """The modules that were there when the core, and then the thread layer, was about to be imported."""
    home = tmp_path_factory.mktemp("home")
    environment = {"HOME": str(home), "CODEX_HOME": str(home), "TMPDIR": str(home), "PATH": os.defpath}
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT], env=environment, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    lines = [line.split() for line in done.stdout.splitlines()]
    assert [line[0] for line in lines] == ["codex_trio.server.core", "codex_trio.server.thread_layer"]
    return [line[1:] for line in lines]


def test_the_first_reply_loads_only_what_it_needs(loaded):
    modules = loaded[0]
    assert [name for name in NOT_NEEDED_YET if name in modules] == []
    ours = [name for name in modules if name.split(".")[0] in ("codex_trio", "codex_trio_protocol")]
    assert len(ours) <= MOST_MODULES_OF_OURS, ours


def test_a_list_needs_nothing_that_runs_threads(loaded):
    assert "apsw" in loaded[1]
    assert [name for name in NOT_NEEDED_FOR_LISTS if name in loaded[1]] == []
