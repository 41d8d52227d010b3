"""A program around the server decides what counts for each thread."""

import os
from collections.abc import Sequence
from pathlib import Path

import pytest
import trio

from codex_trio.client.errors import AppServerError
from codex_trio.config.thread_config import SessionThreadConfig, ThreadConfigError, ThreadConfigSource
from codex_trio.in_process import open_in_process_server
from codex_trio.server.app import AppSettings

PROVIDER = {"name": "Theirs", "base_url": "http://127.0.0.1:9/v1", "wire_api": "responses"}


class ByFolder:
    """Knows one folder only."""

    def __init__(self, known: Path) -> None:
        self._known = str(known)

    def load(self, cwd: str | None) -> Sequence[ThreadConfigSource]:
        if cwd != self._known:
            raise ThreadConfigError("nothing is known of that folder")
        return [SessionThreadConfig(model_provider="theirs", model_providers={"theirs": PROVIDER})]


async def test_a_loader_that_fails_stops_that_threads_start_and_nothing_else(tmp_path: Path) -> None:
    known, other = tmp_path / "known", tmp_path / "other"
    known.mkdir()
    other.mkdir()
    environ = {"HOME": str(tmp_path), "CODEX_HOME": str(tmp_path), "TMPDIR": str(tmp_path), "PATH": os.defpath}
    settings = AppSettings(
        codex_home=tmp_path, environ=environ, cwd=known, thread_config=ByFolder(known), system_dir=tmp_path / "machine"
    )
    with trio.fail_after(60):
        async with open_in_process_server(settings) as server, server.connect() as client:
            await client.initialize("test", "1.0")
            with pytest.raises(AppServerError) as refused:
                await client.request("thread/start", {"cwd": str(other)})
            started = await client.request("thread/start", {"cwd": str(known)})
            with pytest.raises(AppServerError) as unread:
                await client.request("config/read", {"cwd": str(other)})
            shown = await client.request("config/read", {"cwd": str(known), "includeLayers": True})
    assert (refused.value.code, refused.value.message) == (
        -32600,
        "failed to load configuration: nothing is known of that folder",
    )
    assert started["modelProvider"] == "theirs"
    assert (unread.value.code, unread.value.message) == (
        -32603,
        "failed to read configuration layers: nothing is known of that folder",
    )
    assert shown["config"]["model_provider"] == "theirs"
    assert shown["layers"][0]["name"] == {"type": "sessionFlags"}
