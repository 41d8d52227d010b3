"""Hooks that an administrator requires run, whatever users say of hooks."""

from __future__ import annotations

import json
import os
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import trio

from codex_trio.client.connection import AppServerClient
from codex_trio.client.errors import AppServerError
from codex_trio.in_process import open_in_process_server
from codex_trio.server.app import AppSettings

PATIENCE = 60.0
REQUIRED = """
[hooks]
managed_dir = "/srv/hooks"
[[hooks.UserPromptSubmit]]
[[hooks.UserPromptSubmit.hooks]]
type = "command"
command = '''{command}'''
timeout = 30
"""


class Office:
    """A machine with an administrator's files, and a user with a hook of their own."""

    def __init__(self, base: Path) -> None:
        self.base = base
        self.etc = base / "etc"
        self.etc.mkdir()
        own = {"type": "command", "command": "true"}
        (base / "hooks.json").write_text(json.dumps({"hooks": {"Stop": [{"hooks": [own]}]}}))

    def require(self, text: str) -> None:
        (self.etc / "requirements.toml").write_text(text)

    @asynccontextmanager
    async def client(self) -> AsyncGenerator[AppServerClient]:
        folder = str(self.base)
        environ = {"HOME": folder, "CODEX_HOME": folder, "TMPDIR": folder, "PATH": os.defpath}
        settings = AppSettings(codex_home=self.base, environ=environ, cwd=self.base, system_dir=self.etc)
        with trio.fail_after(PATIENCE):
            async with open_in_process_server(settings) as server, server.connect() as client:
                await client.initialize("test", "1.0", experimental=True)
                yield client

    def noted(self) -> str:
        return (self.base / "noted").read_text()


@pytest.fixture
def office(tmp_path: Path) -> Office:
    return Office(tmp_path)


async def listed(client: AppServerClient) -> list[dict[str, Any]]:
    (entry,) = (await client.request("hooks/list", {}))["data"]
    assert (entry["warnings"], entry["errors"]) == ([], [])
    return entry["hooks"]


@pytest.mark.parametrize("settings", ["", "[features]\nhooks = false\n"])
async def test_a_required_hook_runs_even_for_a_user_who_has_switched_hooks_off(office: Office, settings: str) -> None:
    (office.base / "config.toml").write_text(settings)
    # It ends the turn, so that no model is asked.
    office.require(REQUIRED.format(command='cat > noted; echo "{\\"continue\\": false}"'))
    said = {"type": "text", "text": "Hello"}
    async with office.client() as client:
        thread_id = (await client.request("thread/start", {}))["thread"]["id"]
        with client.subscribe() as messages:
            await client.request("turn/start", {"threadId": thread_id, "input": [said]})
            async for message in messages:
                if message.method == "turn/completed":
                    break
    given = json.loads(office.noted())
    assert (given["hook_event_name"], given["prompt"]) == ("UserPromptSubmit", "Hello")


async def test_clients_are_told_which_hooks_are_required(office: Office) -> None:
    office.require(REQUIRED.format(command="true"))
    key = "/srv/hooks:user_prompt_submit:0:0"
    (office.base / "config.toml").write_text(f'[hooks.state."{key}"]\nenabled = false\n')
    async with office.client() as client:
        required, own = await listed(client)
        assert [required[name] for name in ("key", "sourcePath", "source")] == [key, "/srv/hooks", "system"]
        assert [required[name] for name in ("enabled", "isManaged", "trustStatus")] == [True, True, "managed"]
        assert (own["displayOrder"], own["isManaged"]) == (1, False)
        shown = (await client.request("configRequirements/read"))["requirements"]["hooks"]
        (group,) = shown["UserPromptSubmit"]
        (handler,) = group["hooks"]
        assert (handler["command"], handler["timeoutSec"], handler["async"]) == ("true", 30, False)
        assert (shown["managedDir"], shown["Stop"]) == ("/srv/hooks", [])


async def test_where_only_managed_hooks_are_allowed_there_are_no_others(office: Office) -> None:
    group = [{"hooks": [{"type": "command", "command": "true"}]}]
    (office.etc / "hooks.json").write_text(json.dumps({"hooks": {"Stop": group}}))
    (office.etc / "config.toml").write_text("")
    async with office.client() as client:
        assert [hook["source"] for hook in await listed(client)] == ["system", "user"]
        office.require("allow_managed_hooks_only = true\n" + REQUIRED.format(command="true"))
        hooks = await listed(client)
        assert [(hook["eventName"], hook["isManaged"]) for hook in hooks] == [
            ("userPromptSubmit", True),
            ("stop", True),
        ]
        office.require("allow_managed_hooks_only = true\n[features]\nhooks = false\n" + REQUIRED.format(command="true"))
        assert await listed(client) == []


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ('[[hooks.Stop]]\n[[hooks.Stop.hooks]]\ntype = "command"\ncommand = 5\n', "hooks.Stop"),
        ("[[hooks.Stop]]\nmatcher = 5\n", "hooks.Stop"),
        ('[[hooks.Stop]]\n[[hooks.Stop.hooks]]\ntype = "other"\n', "`other`"),
        ('[[hooks.Stop]]\n[[hooks.Stop.hooks]]\ntype = "prompt"\n', 'type = "prompt"` in `hooks.Stop` is required'),
        ('[[hooks.Stop]]\n[[hooks.Stop.hooks]]\ntype = "agent"\n', 'type = "agent"` in `hooks.Stop` is required'),
    ],
)
async def test_nothing_starts_beside_a_required_hook_that_cannot_run(office: Office, text: str, problem: str) -> None:
    async with office.client() as client:
        office.require(text)
        with pytest.raises(AppServerError) as raised:
            await client.request("thread/start", {})
        assert str(office.etc) in str(raised.value)
        assert problem in str(raised.value)
