"""Requests by the thousand in one go, to the whole server over every transport: each is answered, once."""

import json
import os
from collections import Counter
from pathlib import Path

import pytest
import trio
from transport_pairs import TRANSPORTS

from codex_trio.server.app import AppSettings, open_app
from codex_trio.transport.base import MessageTransport

REQUESTS = 10_000
OVERLOADED = -32001
BATCH = 100


def envelope(request_id: int | str, method: str, params: object) -> bytes:
    return json.dumps({"id": request_id, "method": method, "params": params}).encode()


async def send_all(client: MessageTransport) -> None:
    for first in range(0, REQUESTS, BATCH):
        batch = [envelope(number, "thread/loaded/list", {}) for number in range(first, first + BATCH)]
        await client.send_many(batch)
    await client.send(envelope("last", "thread/loaded/list", {}))


@pytest.mark.parametrize("transport", TRANSPORTS)
async def test_every_one_of_ten_thousand_requests_is_answered_once(transport: str, tmp_path: Path) -> None:
    home = tmp_path / "codex"
    home.mkdir()
    environ = {"HOME": str(home), "CODEX_HOME": str(home), "TMPDIR": str(tmp_path), "PATH": os.defpath}
    settings = AppSettings(codex_home=home, environ=environ, cwd=tmp_path, system_dir=home / "machine")
    answers: Counter[int | str] = Counter()
    refused = 0
    with trio.fail_after(120):
        async with (
            open_app(settings) as app,
            TRANSPORTS[transport](tmp_path) as (client, server),
            trio.open_nursery() as nursery,
        ):
            nursery.start_soon(lambda: app.serve(server, remote=False))
            info = {"clientInfo": {"name": "pipeliner", "version": "1"}}
            await client.send(envelope("first", "initialize", info))
            nursery.start_soon(send_all, client)
            while answers.total() < REQUESTS + 2:
                message = await client.receive()
                assert message is not None
                reply = json.loads(message)
                if "method" in reply:
                    continue
                answers[reply["id"]] += 1
                if "error" in reply:
                    refused += 1
                    assert reply["error"]["code"] == OVERLOADED
                else:
                    assert "result" in reply
            await client.aclose()
    assert answers == Counter(["first", "last", *range(REQUESTS)])
    if client.kind in ("stdio", "in_process"):
        # These are held up instead.
        assert refused == 0
