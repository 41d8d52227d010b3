"""Searches of clients: what was left out of one is told."""

import types
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, cast

import trio
from codex_trio_protocol.v2 import fuzzy_search as wire
from processor_lab import NotingOutgoing

from codex_trio.files.watches import FileWatches
from codex_trio.processors.fuzzy_search import FuzzySearchProcessor
from codex_trio.rpc.context import ConnectionHandle, RequestContext
from codex_trio.rpc.outbox import Outbox
from codex_trio.search.search import FileSearch

PATIENCE = 60.0
CLIENT = 1


@asynccontextmanager
async def processing(folder: Path) -> AsyncGenerator[tuple[FuzzySearchProcessor, NotingOutgoing]]:
    watches, outgoing = FileWatches(), NotingOutgoing()
    search = FileSearch(watches)
    config = types.SimpleNamespace(resolve_cwd=lambda _: folder)
    services = types.SimpleNamespace(search=search, config=config, outgoing=outgoing)
    with trio.fail_after(PATIENCE):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(watches.run)
            nursery.start_soon(search.run)
            yield FuzzySearchProcessor(cast("Any", services)), outgoing
            nursery.cancel_scope.cancel()


async def test_a_client_is_warned_of_roots_that_are_not_searched(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    connection = ConnectionHandle(CLIENT, Outbox(), remote=False, transport="in_process")
    async with processing(tmp_path) as (processor, outgoing):
        for roots, warnings in ((["."], 0), (["/proc", "."], 1)):
            params = wire.FuzzyFileSearchParams(query="file", roots=roots)
            found = await processor.search(params, RequestContext(connection, 1, "fuzzyFileSearch"))
            assert [file.path for file in found.files] == ["file"]
            assert outgoing.methods() == ["warning"] * warnings
    [(_, warning, targets)] = outgoing.told
    assert warning["message"] == "fuzzy file search: not searched, since the kernel makes up its files: /proc"
    assert targets == [CLIENT]
