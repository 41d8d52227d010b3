"""An editor's user waits for `initialize`: nothing is loaded for it that the first reply does not need."""

import os
import subprocess
import sys

SCRIPT = """
import os, sys, json
from pathlib import Path
import trio
from codex_trio.server.app import AppSettings, open_app
from codex_trio.transport.memory import memory_transport_pair

class WhenTheCoreIsLoaded:
    def find_spec(self, name, path=None, target=None):
        if name == "codex_trio.server.core":
            print("\\n".join(sys.modules))

sys.meta_path.insert(0, WhenTheCoreIsLoaded())

async def main():
    home = Path(os.environ["CODEX_HOME"])
    settings = AppSettings(codex_home=home, environ=dict(os.environ), cwd=home)
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
        await client.send(json.dumps({"id": 2, "method": "thread/loaded/list", "params": {}}).encode())
        reply = json.loads(await client.receive())
        assert reply["result"] == {"data": [], "nextCursor": None}, reply
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

MOST_MODULES_OF_OURS = 79


def test_the_first_reply_loads_only_what_it_needs(tmp_path):
    environment = {
        "HOME": str(tmp_path),
        "CODEX_HOME": str(tmp_path),
        "TMPDIR": str(tmp_path),
        "PATH": os.defpath,
    }
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT], env=environment, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    modules = done.stdout.split()
    assert modules, "the core was not loaded at all"
    loaded = [name for name in NOT_NEEDED_YET if name in modules]
    assert loaded == []
    ours = [name for name in modules if name.split(".")[0] in ("codex_trio", "codex_trio_protocol")]
    assert len(ours) <= MOST_MODULES_OF_OURS, ours
