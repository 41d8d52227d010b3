"""Requests about the machines that threads work in: what a client may say of them, and what it is told."""

from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import pytest
from processor_lab import Bench, open_bench

from codex_trio.environments.errors import UnusableEnvironment
from codex_trio.rpc.errors import RpcError

NOBODY = "ws://127.0.0.1:1"
DAY_MS = 24 * 3600 * 1000


@pytest.fixture
async def bench(tmp_path: Path) -> AsyncGenerator[Bench]:
    async with open_bench(tmp_path) as opened:
        yield opened


@pytest.mark.parametrize("limit", [DAY_MS + 1, 2**63, 2**64 - 1, 10**30])
async def test_a_limit_of_time_that_is_none_is_refused(bench: Bench, limit: int) -> None:
    params: dict[str, Any] = {"environmentId": "far", "execServerUrl": NOBODY}
    with pytest.raises(RpcError, match=rf"`connectTimeoutMs` must be between 0 and {DAY_MS} \(24 hours\), not {limit}"):
        await bench.call("environment/add", **params, connectTimeoutMs=limit)
    assert (await bench.call("environment/status", environmentId="far"))["status"] == "unknown"
    with pytest.raises(UnusableEnvironment, match="this server knows no machine but its own"):
        await bench.call("environment/add", **params, connectTimeoutMs=DAY_MS)
