"""A server that has ended leaves nothing behind, without waiting for the garbage collector."""

import gc
import json
import os
import weakref
from pathlib import Path
from typing import Any

import pytest
import trio

from codex_trio.server.app import App, AppSettings, open_app
from codex_trio.transport.memory import MemoryTransport, memory_transport_pair

INITIALIZE = {"id": 0, "method": "initialize", "params": {"clientInfo": {"name": "test", "version": "0"}}}
REQUESTS = ("thread/loaded/list", "model/list", "config/read", "account/read", "no/such/method")


async def converse(client: MemoryTransport) -> None:
    requests: list[dict[str, Any]] = [INITIALIZE]
    requests += [{"id": number, "method": method, "params": {}} for number, method in enumerate(REQUESTS, 1)]
    await client.send_many([json.dumps(request).encode() for request in requests])
    unanswered = set(range(len(requests)))
    while unanswered:
        message = await client.receive()
        assert message is not None
        unanswered.discard(json.loads(message).get("id"))


async def test_an_app_that_has_ended_is_freed_by_counting_references_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    environ = {"HOME": str(tmp_path), "CODEX_HOME": str(tmp_path), "TMPDIR": str(tmp_path), "PATH": os.defpath}
    settings = AppSettings(codex_home=tmp_path, environ=environ, cwd=tmp_path)
    parts: dict[str, weakref.ref[Any]] = {}

    async def live(app: App) -> None:
        server, client = memory_transport_pair()
        async with trio.open_nursery() as nursery:
            nursery.start_soon(lambda: app.serve(server, remote=False))
            await converse(client)
            await client.aclose()
        parts["app"] = weakref.ref(app)
        for name, part in vars(app).items():
            if type(part).__module__.startswith("codex_trio.") and type(part).__weakrefoffset__:
                parts[name] = weakref.ref(part)

    gc.collect()
    gc.disable()
    try:
        with trio.fail_after(20):
            async with open_app(settings) as app:
                await live(app)
        del app
        left = [name for name, part in parts.items() if part() is not None]
        import gc as g

        for n in left:
            print(n, [type(r) for r in g.get_referrers(parts[n]())])
    finally:
        gc.enable()
    assert {"app", "_outgoing", "_auth", "_dispatcher"} <= set(parts)
    assert left == []
