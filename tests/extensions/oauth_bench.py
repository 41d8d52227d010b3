"""A server that wants logins, and our side of it, for tests."""

import contextlib
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest
import trio

from codex_trio.execution.launch import SpawnRequest
from codex_trio.execution.processes import ManagedProcess
from codex_trio.extensions.mcp.connection import McpConnection, McpMeans, open_connection
from codex_trio.extensions.mcp.errors import McpFailure
from codex_trio.extensions.mcp.oauth.logins import McpLogins
from codex_trio.extensions.mcp.oauth.store import LoginStore, StoredLogin
from codex_trio.extensions.mcp.settings import HttpAddress, McpServerSettings, OAuthSettings
from codex_trio.model.http import HttpTransport, open_transport
from codex_trio.testing.keyring import MemoryKeyring
from codex_trio.testing.mcp_web_server import McpWebServer, open_mcp_web_server

PATIENCE = 30.0


class Bench:
    """A server, and our side of it."""

    def __init__(self, server: McpWebServer, transport: HttpTransport, home: Path) -> None:
        self.server = server
        self.transport = transport
        self.home = home
        self.settings = OAuthSettings()
        self.keyring = MemoryKeyring()
        self.store = LoginStore(home, kind=lambda: self.settings.store, keyring=self.keyring)
        self.logins = McpLogins(transport, self.store, settings=lambda: self.settings)

    @property
    def address(self) -> HttpAddress:
        return HttpAddress(url=self.server.url)

    @property
    def kept(self) -> StoredLogin | None:
        return self.store.find("web", self.server.url)

    async def log_in(self, address: HttpAddress | None = None) -> None:
        """Log in as a user does who agrees."""
        async with self.logins.open_login("web", address or self.address) as login, trio.open_nursery() as nursery:
            nursery.start_soon(login.finish)
            await self.browse(self.server.authorize(login.url))

    async def browse(self, url: str) -> tuple[int, str]:
        """Return what a browser shows of an address."""
        response = await self.transport.request("GET", url, headers=[], body=b"")
        body = await response.receive_error_body()
        await response.aclose(drain=True)
        return response.status, body.decode()

    @asynccontextmanager
    async def connected(self) -> AsyncGenerator[McpConnection]:
        settings = McpServerSettings(name="web", transport=self.address)
        means = McpMeans(start=_no_process, transport=self.transport, environ={}, logins=self.logins)
        async with open_connection(settings, folder="/", means=means) as connection:
            yield connection

    def keep(self, **changes: Any) -> None:
        """Have a login that was made at another time."""
        login = StoredLogin(
            server_name="web",
            server_url=self.server.url,
            client_id="client-1",
            access_token="old",
            issuer=self.server.base,
            refresh_token=self.server.refresh_token,
        )
        self.store.keep(msgspec.structs.replace(login, **changes))


def _no_process(request: SpawnRequest) -> ManagedProcess:
    raise AssertionError(f"started {request.argv}")


@asynccontextmanager
async def open_bench(home: Path) -> AsyncGenerator[Bench]:
    """Provide both."""
    with trio.fail_after(PATIENCE):
        async with open_mcp_web_server() as server, open_transport({}) as transport:
            yield Bench(server, transport, home)


def failing(kind: type[McpFailure], said: str) -> contextlib.AbstractContextManager[Any]:
    """Expect a failure that says this, in whatever groups."""
    failure = pytest.RaisesExc(kind, check=lambda failure: said in str(failure))
    return pytest.RaisesGroup(failure, allow_unwrapped=True, flatten_subgroups=True)
