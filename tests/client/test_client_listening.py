"""A client that starts a server for several clients: when it is ready, where it is, and that it ends."""

import os
import sys
from pathlib import Path

import pytest
import trio

from codex_trio.client.errors import NotReady, ServerGone
from codex_trio.client.listening import open_listening_server
from codex_trio.client.remote import open_remote_client

COMMAND = (sys.executable, "-m", "codex_trio.testing.command", "app-server")
PATIENCE = 60


def environment(home: Path) -> dict[str, str]:
    return {
        "HOME": str(home),
        "CODEX_HOME": str(home),
        "TMPDIR": str(home),
        "PATH": os.defpath,
        "PYTHONPATH": os.pathsep.join(sys.path),
    }


@pytest.mark.parametrize("transport", ["unix", "websocket"])
async def test_clients_can_connect_from_the_start_and_the_server_ends_with_the_block(
    transport: str, tmp_path: Path
) -> None:
    listen = f"unix://{tmp_path}/s" if transport == "unix" else "ws://127.0.0.1:0"
    with trio.fail_after(PATIENCE):
        async with open_listening_server(
            COMMAND, listen=listen, env=environment(tmp_path), grace_seconds=PATIENCE
        ) as server:
            assert not server.url.endswith(":0")
            async with open_remote_client(server.url) as one, open_remote_client(server.url) as two:
                for client in (one, two):
                    assert (await client.initialize("visitor", "1.0"))["codexHome"] == str(tmp_path)
    assert server.process.returncode == 0


async def test_a_server_that_cannot_listen_is_reported_with_what_it_said(tmp_path: Path) -> None:
    (tmp_path / "notes").touch()
    with trio.fail_after(PATIENCE), pytest.raises(ServerGone) as failed:
        async with open_listening_server(COMMAND, listen=f"unix://{tmp_path}/notes", env=environment(tmp_path)):
            pass
    assert "exited with code 1" in failed.value.reason
    assert "exists and is not a socket" in failed.value.stderr


async def test_a_server_that_never_listens_is_reported_with_what_was_waited_for(tmp_path: Path) -> None:
    deaf = [sys.executable, "-c", "import sys, time; print('busy', file=sys.stderr, flush=True); time.sleep(60)"]
    with trio.fail_after(PATIENCE), pytest.raises(NotReady, match="does not listen at ws://127") as failed:
        async with open_listening_server(
            deaf, listen="ws://127.0.0.1:0", env=environment(tmp_path), start_seconds=1, grace_seconds=1
        ):
            pass
    assert "`listening on: ws://...`" in str(failed.value)
