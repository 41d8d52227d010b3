"""Where threads of a server say they come from, when that is no established word."""

import os
from pathlib import Path

from codex_trio.in_process import open_in_process_server
from codex_trio.server.app import AppSettings


async def test_threads_of_a_source_of_somebodys_own_say_so(tmp_path: Path) -> None:
    environ = {"HOME": str(tmp_path), "CODEX_HOME": str(tmp_path), "TMPDIR": str(tmp_path), "PATH": os.defpath}
    (tmp_path / "config.toml").write_text('model_provider = "ollama"\nmodel = "m"\n')
    settings = AppSettings(
        codex_home=tmp_path, environ=environ, cwd=tmp_path, system_dir=tmp_path / "etc", source="my-tool"
    )
    async with open_in_process_server(settings) as server, server.connect() as client:
        await client.initialize("tests", "1")
        started = await client.request("thread/start", {})
    assert started["thread"]["source"] == {"custom": "my-tool"}
