"""Errors around a server in the same process reach the program as they were raised."""

import os
from pathlib import Path

import pytest
import trio

from codex_trio.client.errors import AppServerError
from codex_trio.config.errors import StartupRefused
from codex_trio.in_process import open_in_process_server
from codex_trio.server.app import AppSettings

PATIENCE = 60.0


def settings(folder: Path) -> AppSettings:
    environ = {"HOME": str(folder), "CODEX_HOME": str(folder), "TMPDIR": str(folder), "PATH": os.defpath}
    machine = folder / "machine"
    return AppSettings(codex_home=folder, environ=environ, cwd=folder, strict_config=True, system_dir=machine)


async def test_an_error_of_the_block_is_caught_by_its_type(tmp_path: Path) -> None:
    async def ask() -> None:
        async with open_in_process_server(settings(tmp_path)) as server, server.connect() as client:
            await client.initialize("test", "1.0")
            await client.request("thread/read", {"threadId": "no id"})

    with trio.fail_after(PATIENCE), pytest.raises(AppServerError, match="thread id"):
        await ask()


async def test_a_configuration_that_is_refused_is_caught_by_its_type(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text("modle = 'x'\n", encoding="utf-8")

    async def start() -> None:
        async with open_in_process_server(settings(tmp_path)) as server, server.connect() as client:
            await client.initialize("test", "1.0")
            await client.request("thread/loaded/list", {})

    with trio.fail_after(PATIENCE), pytest.raises(StartupRefused):
        await start()
