"""The processes of MCP servers end with the server that started them, whatever happens to it."""

import json
import sys
from pathlib import Path

import codex_trio.testing.mcp_server
from codex_trio.conformance.lab import Lab, ServerUnderTest
from codex_trio.conformance.processes import wait_gone
from codex_trio.testing.model_server import open_model_server

SERVER = ServerUnderTest((sys.executable, "-m", "codex_trio.testing.command", "app-server"), "codex-trio", {})
TABLE = f"""
[mcp_servers.tiny]
command = "{sys.executable}"
args = ["-S", "{codex_trio.testing.mcp_server.__file__}"]
"""


async def test_ten_threads_share_a_process_and_a_killed_server_leaves_none(tmp_path: Path) -> None:
    async with open_model_server() as model:
        lab = Lab(tmp_path, SERVER, model)
        lab.configure(tables=TABLE)
        async with lab.run() as probe:
            pids: set[int] = set()
            for _ in range(10):
                thread_id = (await probe.start_thread())["id"]
                who = {"threadId": thread_id, "server": "tiny", "tool": "who"}
                result = await probe.request("mcpServer/tool/call", who)
                pids.add(json.loads(result["content"][0]["text"])["pid"])
            assert len(pids) == 1
            probe.server.kill()
        await wait_gone(*pids)
