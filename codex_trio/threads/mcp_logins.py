"""Logins to MCP servers that clients have begun, and how the login to a server stands.

Owns that a login ends, and that clients and threads hear of it. Does not own the login itself (`extensions.mcp.oauth`).
A service: `run` it once; logins end with it.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence

import msgspec
import trio

from codex_trio.domain.ids import uuid7
from codex_trio.extensions.mcp.errors import McpFailure, McpLoginNeeded
from codex_trio.extensions.mcp.oauth.logins import AuthState, McpLogins, PendingLogin
from codex_trio.extensions.mcp.oauth.web import OAuthFailure
from codex_trio.extensions.mcp.settings import HttpAddress, McpServerSettings, Unusable
from codex_trio.threads.clients import EndedLogin, ThreadClients
from codex_trio.threads.mcp import McpServers

_log = logging.getLogger(__name__)

DEFAULT_SECONDS = 300.0
MOST_SECONDS = 24 * 3600
TIMED_OUT = "timed out waiting for OAuth callback"
REPLACED = "another login to this server was begun"
BROKEN = "it broke; the log says how"


class McpLoginRefused(Exception):
    """A login cannot be begun as it was asked for; the text says why."""


class BegunLogin(msgspec.Struct, frozen=True, kw_only=True):
    """A login whose user has to open a page. It goes on once `answered` was called."""

    id: str
    url: str
    answered: Callable[[], None]


class _Login:
    """A login under way."""

    def __init__(self, thread_id: str | None, settings: McpServerSettings, address: HttpAddress) -> None:
        self.id = uuid7()
        self.thread_id = thread_id
        self.settings = settings
        self.address = address
        self.scope = trio.CancelScope()
        self.begun = trio.Event()
        self.answered = trio.Event()
        self.url: str | None = None
        self.failure: McpFailure | None = None
        self.is_replaced = False
        self.is_told = False


class ServerLogins:
    """See the module."""

    def __init__(self, logins: McpLogins, servers: McpServers, clients: ThreadClients) -> None:
        self._logins = logins
        self._servers = servers
        self._clients = clients
        self._under_way: dict[str, _Login] = {}
        self._nursery: trio.Nursery | None = None

    async def run(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Let logins go on until cancelled."""
        async with trio.open_nursery() as nursery:
            self._nursery = nursery
            task_status.started()
            await trio.sleep_forever()

    async def begin(
        self,
        settings: McpServerSettings,
        *,
        thread_id: str | None,
        scopes: Sequence[str] | None,
        seconds: int | None,
        registration: str | None,
    ) -> BegunLogin:
        """Begin a login, in place of one to the same server. Raises McpLoginRefused, McpFailure."""
        assert self._nursery is not None
        address = _address(settings)
        if registration == "cimd":
            raise McpLoginRefused("clientRegistration `cimd` is not supported: this client has no document on the web")
        if seconds is not None and not 0 <= seconds <= MOST_SECONDS:
            raise McpLoginRefused(f"timeoutSecs must be from 0 to {MOST_SECONDS}")
        earlier = self._under_way.pop(settings.name, None)
        if earlier is not None:
            earlier.is_replaced = True
            earlier.scope.cancel()
        login = self._under_way[settings.name] = _Login(thread_id, settings, address)
        limit = DEFAULT_SECONDS if seconds is None else float(seconds)
        self._nursery.start_soon(self._log_in, login, scopes, limit)
        try:
            await login.begun.wait()
        except trio.Cancelled:
            # Nobody would know what page to open.
            login.scope.cancel()
            raise
        if login.failure is not None:
            raise login.failure
        if login.url is None:
            raise McpLoginRefused(REPLACED)
        return BegunLogin(id=login.id, url=login.url, answered=login.answered.set)

    async def state(self, settings: McpServerSettings, *, connected: bool, failure: McpFailure | None) -> AuthState:
        """Return how the login to a server stands."""
        if not isinstance(settings.transport, HttpAddress):
            return "unsupported"
        needed = isinstance(failure, McpLoginNeeded)
        return await self._logins.state(settings.name, settings.transport, needed=needed, connected=connected)

    async def _log_in(self, login: _Login, scopes: Sequence[str] | None, seconds: float) -> None:
        name = login.settings.name
        try:
            with login.scope:
                async with self._logins.open_login(name, login.address, scopes=scopes) as pending:
                    login.url = pending.url
                    login.begun.set()
                    # Its end is told after its beginning.
                    await login.answered.wait()
                    error = await _finish(pending, seconds)
                await self._end(login, error)
        except OAuthFailure as failure:
            if login.url is None:
                login.failure = failure
            else:
                await self._end(login, str(failure))
        except Exception:
            _log.exception("the login to MCP server %s broke", name)
            login.failure = OAuthFailure(BROKEN)
            if login.url is not None:
                self._tell(login, BROKEN)
        finally:
            if self._under_way.get(name) is login:
                del self._under_way[name]
            if login.is_replaced and login.url is not None:
                self._tell(login, REPLACED)
            login.begun.set()

    async def _end(self, login: _Login, error: str | None) -> None:
        self._tell(login, error)
        if error is None:
            await self._servers.logged_in(login.settings.name)

    def _tell(self, login: _Login, error: str | None) -> None:
        """Tell of a login's end, which it has but one of."""
        if login.is_told:
            return
        login.is_told = True
        told = EndedLogin(id=login.id, name=login.settings.name, thread_id=login.thread_id, error=error)
        self._clients.tell_mcp_login(told)


async def _finish(pending: PendingLogin, seconds: float) -> str | None:
    """Wait for a user; return what went wrong."""
    with trio.move_on_after(seconds):
        try:
            await pending.finish()
        except OAuthFailure as failure:
            return str(failure)
        return None
    return TIMED_OUT


def find_server(servers: Mapping[str, McpServerSettings], name: str) -> McpServerSettings:
    """Return a server by its name. Raises McpLoginRefused."""
    settings = servers.get(name)
    if settings is None:
        raise McpLoginRefused(f"No MCP server named '{name}' found.")
    return settings


def _address(settings: McpServerSettings) -> HttpAddress:
    if isinstance(settings.transport, Unusable):
        raise McpLoginRefused(settings.transport.problem)
    if not isinstance(settings.transport, HttpAddress):
        raise McpLoginRefused("OAuth login is only supported for streamable HTTP servers.")
    if settings.transport.has_own_authorization:
        raise McpLoginRefused(
            f"MCP server '{settings.name}' is let in by bearer_token_env_var or an authorization header of its "
            "settings; remove that to log in"
        )
    return settings.transport
