"""A server that has ended is let go of: programs that embed one may start many."""

import gc
import json
import os
import weakref
from pathlib import Path
from typing import Any

import trio

from codex_trio.server.app import App, AppSettings, open_app
from codex_trio.transport.memory import MemoryTransport, memory_transport_pair

INITIALIZE = {"id": 0, "method": "initialize", "params": {"clientInfo": {"name": "test", "version": "0"}}}
REQUESTS = (
    ("thread/start", {}),
    ("thread/loaded/list", {}),
    ("model/list", {}),
    ("config/read", {}),
    ("account/read", {}),
    ("no/such/method", {}),
)

NUMBERED = list(enumerate(REQUESTS, 1))


async def converse(client: MemoryTransport) -> None:
    requests: list[dict[str, Any]] = [INITIALIZE]
    requests += [
        {"id": number, "method": method, "params": given} for number, (method, given) in enumerate(REQUESTS, 1)
    ]
    await client.send_many([json.dumps(request).encode() for request in requests])
    unanswered = set(range(len(requests)))
    while unanswered:
        message = await client.receive()
        assert message is not None
        unanswered.discard(json.loads(message).get("id"))


async def test_nothing_holds_on_to_an_app_that_has_ended(tmp_path: Path) -> None:
    environ = {"HOME": str(tmp_path), "CODEX_HOME": str(tmp_path), "TMPDIR": str(tmp_path), "PATH": os.defpath}
    settings = AppSettings(codex_home=tmp_path, environ=environ, cwd=tmp_path, system_dir=tmp_path / "machine")

    async def live(app: App) -> None:
        server, client = memory_transport_pair()
        async with trio.open_nursery() as nursery:
            nursery.start_soon(lambda: app.serve(server, remote=False))
            await converse(client)
            await client.aclose()

    with trio.fail_after(60):
        async with open_app(settings) as app:
            await live(app)
    ended = weakref.ref(app)
    del app
    gc.collect()
    assert ended() is None
