"""A client follows its threads until it is gone: then a thread that nobody else follows may begin anew."""

import os
from pathlib import Path
from typing import Any

import trio

from codex_trio.client.connection import AppServerClient
from codex_trio.in_process import open_in_process_server
from codex_trio.server.app import AppSettings

PATIENCE = 60.0


async def start(client: AppServerClient) -> str:
    """Return a stored thread that the client follows."""
    await client.initialize("test", "1.0", experimental=True)
    answer: Any = await client.request("thread/start", {})
    thread_id = answer["thread"]["id"]
    message = {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "Hello"}]}
    await client.request("thread/inject_items", {"threadId": thread_id, "items": [message]})
    return thread_id


async def resume(client: AppServerClient, thread_id: str) -> str:
    """Return what the thread may do, once it was asked to do less."""
    await client.initialize("test", "1.0", experimental=True)
    answer: Any = await client.request("thread/resume", {"threadId": thread_id, "sandbox": "read-only"})
    return answer["sandbox"]["type"]


async def test_a_client_that_is_gone_follows_no_thread(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text('sandbox_mode = "workspace-write"\n', encoding="utf-8")
    environ = {"HOME": str(tmp_path), "CODEX_HOME": str(tmp_path), "TMPDIR": str(tmp_path), "PATH": os.defpath}
    settings = AppSettings(codex_home=tmp_path, environ=environ, cwd=tmp_path, system_dir=tmp_path / "machine")
    with trio.fail_after(PATIENCE):
        async with open_in_process_server(settings) as server:
            async with server.connect() as first:
                thread_id = await start(first)
                async with server.connect() as second:
                    assert await resume(second, thread_id) == "workspaceWrite"
            async with server.connect() as third:
                assert await resume(third, thread_id) == "readOnly"
