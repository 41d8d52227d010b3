"""Fixtures of the model client's tests."""

from collections.abc import AsyncGenerator, Callable
from typing import Any

import pytest

from codex_trio.config.providers import ModelProviderConfig
from codex_trio.model.client import ResponsesClient
from codex_trio.model.http import HttpTransport, open_transport


@pytest.fixture
async def transport() -> AsyncGenerator[HttpTransport]:
    """A transport that knows no proxies."""
    async with open_transport({}) as opened:
        yield opened


@pytest.fixture
def make_client(transport: HttpTransport) -> Callable[..., ResponsesClient]:
    """Makes a client for an address; settings that are not given allow no repeats at all."""

    def make(url: str, *, api_key: str | None = None, environ: dict[str, str] | None = None, **settings: Any):
        settings = {"request_max_retries": 0, "stream_max_retries": 0, **settings}
        provider = ModelProviderConfig(id="mock", name="Mock", base_url=url, **settings)
        return ResponsesClient(provider, transport, api_key=api_key, environ=environ or {})

    return make
