"""Whoever runs a command on this machine: it sees the variables that the settings let through, and has their limits."""

from __future__ import annotations

import os
import socket
import sys
from pathlib import Path
from typing import Any

import trio

from codex_trio.client.connection import AppServerClient
from codex_trio.client.errors import AppServerError
from codex_trio.in_process import open_in_process_server
from codex_trio.server.app import AppSettings

PATIENCE = 60.0
SETTINGS = """
approval_policy = "never"
sandbox_mode = "danger-full-access"
[command_limits]
max_open_files = 123
max_file_bytes = 1048576
max_core_bytes = 0
[shell_environment_policy]
ignore_default_excludes = false
filters = { "PRIVATE*" = "exclude" }
set = { GIVEN = "given" }
"""
MANAGED_HOOK = """
[[hooks.UserPromptSubmit]]
[[hooks.UserPromptSubmit.hooks]]
type = "command"
command = '''sh look > noted; echo "{\\"continue\\": false}"'''
"""
LOOK = 'echo "$GIVEN ${PRIVATE_WORD-unset} ${MY_TOKEN-unset} $PLAIN $(ulimit -n) $(ulimit -Hf) $(ulimit -c)"\n'
SEEN = "given unset unset plain 123 2048 0\n"
"""Sizes of files are told in blocks of 512 bytes."""


async def until(messages: Any, method: str) -> dict[str, Any]:
    """Return the params of the first such message."""
    async for message in messages:
        if message.method == method:
            return message.params
    raise AssertionError(f"no {method}")


async def completed_command(messages: Any) -> str:
    """Return the output of the next command that ends."""
    while True:
        item = (await until(messages, "item/completed"))["item"]
        if item["type"] == "commandExecution":
            return item["aggregatedOutput"]


async def seen_in_turns(client: AppServerClient, folder: Path) -> dict[str, str]:
    """Return what a thread's own command and a hook of its turn see."""
    thread_id = (await client.request("thread/start", {}))["thread"]["id"]
    with client.subscribe() as messages:
        await client.request("thread/shellCommand", {"threadId": thread_id, "command": "sh look"})
        seen = {"thread": await completed_command(messages)}
        await until(messages, "turn/completed")
        said = [{"type": "text", "text": "Hello"}]
        await client.request("turn/start", {"threadId": thread_id, "input": said})
        await until(messages, "turn/completed")
    return {**seen, "hook": await trio.Path(folder / "noted").read_text()}


async def seen_by_clients(client: AppServerClient, folder: Path) -> dict[str, str]:
    """Return what the processes of clients see, confined and not."""
    command = ["sh", "look"]
    free = await client.request("command/exec", {"command": command})
    confined = await client.request("command/exec", {"command": command, "sandboxPolicy": {"type": "readOnly"}})
    with client.subscribe() as messages:
        await client.request("process/spawn", {"command": command, "cwd": str(folder), "processHandle": "p"})
        spawned = (await until(messages, "process/exited"))["stdout"]
    return {"free": free["stdout"], "confined": confined["stdout"], "spawned": spawned}


async def test_every_runner_gives_commands_the_configured_variables_and_limits(tmp_path: Path) -> None:
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc" / "requirements.toml").write_text(MANAGED_HOOK)
    (tmp_path / "config.toml").write_text(SETTINGS)
    (tmp_path / "look").write_text(LOOK)
    environ = {
        **{name: str(tmp_path) for name in ("HOME", "CODEX_HOME", "TMPDIR")},
        "PATH": os.defpath,
        "SHELL": "/bin/sh",
        "PRIVATE_WORD": "x",
        "MY_TOKEN": "x",
        "PLAIN": "plain",
    }
    settings = AppSettings(codex_home=tmp_path, environ=environ, cwd=tmp_path, system_dir=tmp_path / "etc")
    with trio.fail_after(PATIENCE):
        async with open_in_process_server(settings) as server, server.connect() as client:
            await client.initialize("test", "1.0", experimental=True)
            seen = {**await seen_by_clients(client, tmp_path), **await seen_in_turns(client, tmp_path)}
            limits = {limit["name"]: limit for limit in (await client.request("server/diagnostics", {}))["limits"]}
    assert seen == dict.fromkeys(("free", "confined", "spawned", "thread", "hook"), SEEN)
    assert (limits["openFiles"]["value"], limits["openFiles"]["heldBy"]) == (123, "RLIMIT_NOFILE")
    assert limits["memoryBytes"]["value"] is None
    assert "max_memory_bytes" in limits["memoryBytes"]["note"]


LIMITED = """
default_permissions = "web"
[permissions.web.filesystem]
":root" = "read"
[permissions.web.network]
enabled = true
[permissions.web.network.domains]
"closed.test" = "deny"
"""
ASK = """
import os, socket
proxy = os.environ["http_proxy"].removeprefix("http://").split(":")
for host in ("closed.test", "other.test"):
    with socket.create_connection((proxy[0], int(proxy[1])), timeout=30) as way:
        way.sendall(f"GET http://{host}/ HTTP/1.1\\r\\nHost: {host}\\r\\n\\r\\n".encode())
        print(way.recv(99).split()[1].decode())
try:
    socket.create_connection(("127.0.0.1", PORT), timeout=30)
except OSError as error:
    print(type(error).__name__)
"""


async def test_commands_of_clients_reach_no_host_that_their_profile_does_not_list(tmp_path: Path) -> None:
    (tmp_path / "etc").mkdir()
    (tmp_path / "config.toml").write_text(LIMITED)
    environ = {**{name: str(tmp_path) for name in ("HOME", "CODEX_HOME", "TMPDIR")}, "PATH": os.defpath}
    settings = AppSettings(codex_home=tmp_path, environ=environ, cwd=tmp_path, system_dir=tmp_path / "etc")
    with trio.fail_after(PATIENCE), socket.create_server(("127.0.0.1", 0)) as service:
        text = ASK.replace("PORT", str(service.getsockname()[1]))
        async with open_in_process_server(settings) as server, server.connect() as client:
            await client.initialize("test", "1.0", experimental=True)
            try:
                ended = await client.request("command/exec", {"command": [sys.executable, "-c", text]})
            except AppServerError as refused:
                if "Landlock cannot" not in str(refused):
                    raise
                return  # Nothing else works here, and it says so.
    assert ended["stdout"].split() == ["403", "403", "ConnectionRefusedError"], ended["stderr"]
