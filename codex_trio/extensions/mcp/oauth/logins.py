"""The logins to MCP servers: what a request to one carries, how a user logs in, and how that stands.

Owns that tokens are renewed once, before they expire, whoever needs them; and the order of a login. Does not own its
steps (`flow`, `discovery`, `callback`), the file (`store`), or which servers there are.
"""

from __future__ import annotations

import logging
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator, Iterable, Sequence
from contextlib import asynccontextmanager, contextmanager
from typing import IO, Literal
from urllib.parse import urlsplit, urlunsplit

import msgspec
import trio

from codex_trio.extensions.mcp.errors import McpFailure, McpLoginNeeded
from codex_trio.extensions.mcp.oauth.discovery import (
    MOST_SCOPES,
    LoginServer,
    assumed_login_server,
    find_login_server,
    read_login_server,
)
from codex_trio.extensions.mcp.oauth.flow import Attempt, OAuthClient, redeem, register, renew
from codex_trio.extensions.mcp.oauth.store import LoginStore, NoKeyring, StoredLogin
from codex_trio.extensions.mcp.oauth.web import OAuthFailure, OAuthWeb
from codex_trio.extensions.mcp.settings import HttpAddress, OAuthSettings
from codex_trio.model.http import HttpTransport
from codex_trio.util.addresses import is_loopback, is_web_address
from codex_trio.util.clock import now_ms

_log = logging.getLogger(__name__)

STATUS_SECONDS = 5.0
"""How long it may take to find out whether a server lets users log in, where that is only to be shown."""

BEGIN_SECONDS = 60.0
"""How long it may take altogether to find out where a user logs in, and to be known there."""

_EARLY_MS = 60_000

_RENEWAL_SECONDS = 15.0
"""How long another process is waited for that renews a login."""
_PAUSE_SECONDS = 0.05

AuthState = Literal["unknown", "unsupported", "notLoggedIn", "bearerToken", "oAuth"]


class PendingLogin(msgspec.Struct, frozen=True, kw_only=True):
    """A login that waits for its user. `finish` waits for that, and keeps what comes of it. Raises OAuthFailure.

    `take` takes the address that the user's browser ended at, where it cannot reach this machine. Raises OAuthFailure.
    """

    url: str
    finish: Callable[[], Awaitable[None]]
    take: Callable[[str], None]


class McpLogins:
    """See the module. `settings` are as the configuration says now; blocking, they raise OAuthFailure."""

    def __init__(self, transport: HttpTransport, store: LoginStore, *, settings: Callable[[], OAuthSettings]) -> None:
        self._transport = transport
        self._store = store
        self._settings = settings
        self._bearers: dict[tuple[str, str], Bearer] = {}

    def bearer(self, name: str, address: HttpAddress) -> Bearer | None:
        """Return what requests to a server carry; None where its settings say what that is."""
        if address.has_own_authorization:
            return None
        key = (name, address.url)
        if key not in self._bearers:
            web = OAuthWeb(self._transport, address.url)
            self._bearers[key] = Bearer(name, address.url, web=web, store=self._store)
        return self._bearers[key]

    async def state(self, name: str, address: HttpAddress, *, needed: bool, connected: bool) -> AuthState:
        """Return how the login to a server stands. `needed` says whether it has just asked for one."""
        bearer = self.bearer(name, address)
        if bearer is None:
            return "bearerToken" if address.has_own_token else "unknown"
        try:
            if needed:
                return "notLoggedIn"
            if await bearer.counts():
                return "oAuth"
            with trio.fail_after(STATUS_SECONDS):
                found = await find_login_server(OAuthWeb(self._transport, address.url), address.url)
        except (OAuthFailure, trio.TooSlowError) as failure:
            _log.info("how the login to MCP server %s stands is not known: %s", name, failure)
            return "unsupported" if connected else "unknown"
        return "unsupported" if found is None else "notLoggedIn"

    @asynccontextmanager
    async def open_login(
        self, name: str, address: HttpAddress, *, scopes: Sequence[str] | None = None
    ) -> AsyncGenerator[PendingLogin]:
        """Provide a login that can be finished as long as the block runs. Raises OAuthFailure."""
        # Imported here: most servers are never logged in to.
        from codex_trio.extensions.mcp.oauth.callback import LOOPBACK, open_callback, usual_path

        settings = self._settings()
        # Whether it can be kept is better known before than after.
        await trio.to_thread.run_sync(self._store.find, name, address.url)
        web = OAuthWeb(self._transport, address.url)
        begins = trio.current_time()
        with _in_time(begins):
            server = await find_login_server(web, address.url) or assumed_login_server(address.url)
        callback_url = address.callback_url or settings.callback_url
        path = usual_path(name, address.url) if callback_url is None else _path(callback_url)
        async with open_callback(port=address.callback_port or settings.callback_port or 0, path=path) as callback:
            redirect = _with_port(callback_url or LOOPBACK + path, callback.port)
            wanted = tuple(scopes if scopes is not None else self._usual_scopes(name, address, server))
            with _in_time(begins):
                client = await _client(web, server, address, redirect=redirect, scopes=wanted)
            attempt = Attempt(
                server=server,
                client=client,
                redirect_uri=redirect,
                scopes=wanted,
                resources=(server.resource or address.url, *(() if address.resource is None else (address.resource,))),
            )

            async def finish() -> None:
                tokens = await redeem(web, attempt, await callback.code(attempt.code_in))
                login = StoredLogin(
                    server_name=name,
                    server_url=address.url,
                    issuer=server.issuer,
                    resource=server.resource,
                    client_id=attempt.client.client_id,
                    client_secret=attempt.client.client_secret,
                    access_token="",
                ).renewed(tokens)
                await trio.to_thread.run_sync(self._store.keep, login)
                bearer = self.bearer(name, address)
                if bearer is not None:
                    bearer.forget()

            yield PendingLogin(url=attempt.url, finish=finish, take=callback.take)

    def _usual_scopes(self, name: str, address: HttpAddress, server: LoginServer) -> Iterable[str]:
        """Return what a user is asked to allow: also what the server has missed in a login before."""
        bearer = self.bearer(name, address)
        lacking = () if bearer is None else bearer.lacking
        return dict.fromkeys((*(address.scopes or server.scopes), *lacking))

    async def log_out(self, name: str, address: HttpAddress) -> bool:
        """Forget the login to a server; whether there was one. Raises OAuthFailure."""
        bearer = self.bearer(name, address)
        if bearer is not None:
            bearer.forget()
        return await trio.to_thread.run_sync(self._store.forget, name, address.url)


class Bearer:
    """The token of one server, for all who talk to it."""

    def __init__(self, name: str, url: str, *, web: OAuthWeb, store: LoginStore) -> None:
        self._name = name
        self._url = url
        self._web = web
        self._store = store
        self._lacks: str | None = None
        """Why logins cannot be looked up."""
        self._login: StoredLogin | None = None
        self._is_read = False
        self._renewing = trio.Lock()
        self.lacking: Sequence[str] = ()
        """The scopes that the server has asked for by refusing a request: the next login is to have them."""

    def lacks(self, scopes: Sequence[str] | None) -> None:
        """Note what a refusal says of the scopes of the login, if it says anything."""
        if scopes is not None:
            self.lacking = tuple(dict.fromkeys((*self.lacking, *scopes)))[:MOST_SCOPES]

    async def counts(self) -> bool:
        """Return whether there is a login that can be used, now or renewed. Raises OAuthFailure."""
        login = await self._read()
        return login is not None and (not _is_over(login, early=0) or login.refresh_token is not None)

    async def header(self) -> str | None:
        """Return what a request carries; None where nobody is logged in. Raises OAuthFailure, McpLoginNeeded."""
        login = await self._read()
        if login is not None and _is_over(login, early=_EARLY_MS):
            login = await self._renewed(login)
        return None if login is None else f"Bearer {login.access_token}"

    async def after_refusal(self, header: str | None) -> str | None:
        """Return what to try in place of a header that the server refused; None where a login would not help.

        Raises OAuthFailure, McpLoginNeeded.
        """
        if header is None:
            if await find_login_server(self._web, self._url) is None:
                return None
            raise self._needed(again=False)
        login = await self._read()
        if login is not None and f"Bearer {login.access_token}" == header:
            login = await self._renewed(login, refused=True)
        return None if login is None else f"Bearer {login.access_token}"

    def forget(self) -> None:
        """Have the store be read again."""
        self._is_read = False

    async def _read(self) -> StoredLogin | None:
        if not self._is_read:
            found = await self._find()
            # What was found is older than what somebody else has found, or renewed, meanwhile.
            if not self._is_read:
                self._take(found)
        return self._login

    async def _find(self) -> StoredLogin | None:
        return await trio.to_thread.run_sync(self._look_up)

    def _look_up(self) -> StoredLogin | None:
        self._lacks = None
        try:
            return self._store.find(self._name, self._url)
        except NoKeyring as failure:
            # Servers that want no login go on without one.
            self._lacks = str(failure)
            return None

    def _take(self, login: StoredLogin | None) -> None:
        self._login = login
        self._is_read = True

    async def _renewed(self, known: StoredLogin, *, refused: bool = False) -> StoredLogin:
        """Return a login whose token is fresh. It is renewed to the end even if whoever wants it is stopped meanwhile.

        Most tokens for that can be used once: what was asked for and not kept is a login that is lost.
        """
        outcome: list[StoredLogin | McpFailure] = []
        done = trio.Event()

        async def renew_and_tell() -> None:
            try:
                outcome.append(await self._renewed_once(known, refused=refused))
            except McpFailure as failure:
                outcome.append(failure)
            finally:
                done.set()

        self._web.start_soon(renew_and_tell)
        await done.wait()
        if not outcome:
            raise OAuthFailure("the login was not renewed: the server stops")
        if isinstance(outcome[0], McpFailure):
            raise outcome[0]
        return outcome[0]

    async def _renewed_once(self, known: StoredLogin, *, refused: bool) -> StoredLogin:
        """Return a fresh login; one that somebody else has renewed or made meanwhile counts."""
        async with self._renewing, self._alone():
            login = await self._find()
            self._take(login)
            if login is None:
                raise self._needed(again=True)
            if login.access_token != known.access_token and not _is_over(login, early=_EARLY_MS):
                return login
            if login.refresh_token is None:
                if refused or _is_over(login, early=0):
                    raise self._needed(again=True)
                return login
            return await self._renew(login, refused=refused)

    @asynccontextmanager
    async def _alone(self) -> AsyncGenerator[None]:
        """Wait for other processes that renew logins. Not for long."""
        held: IO[str] | None = None
        try:
            with trio.move_on_after(_RENEWAL_SECONDS):
                while (held := await trio.to_thread.run_sync(self._store.begin_renewal)) is None:  # noqa: ASYNC110
                    # Nothing tells of the end of another process's renewal.
                    await trio.sleep(_PAUSE_SECONDS)
            yield
        finally:
            if held is not None:
                held.close()

    async def _renew(self, login: StoredLogin, *, refused: bool) -> StoredLogin:
        try:
            server = await self._server(login)
            resource = login.resource or self._url
            tokens = await renew(self._web, server, login.client, login.tokens, resource=resource)
        except OAuthFailure:
            if refused or _is_over(login, early=0):
                raise
            return login
        if tokens is None:
            return await self._renewed_by_others(login)
        renewed = login.renewed(tokens)
        self._take(renewed)
        # A token that was renewed and not kept could be used once only.
        with trio.CancelScope(shield=True):
            await trio.to_thread.run_sync(self._store.keep, renewed)
        return renewed

    async def _renewed_by_others(self, refused: StoredLogin) -> StoredLogin:
        """Return the login that another program has put in place of a refused one, without waiting for us."""
        await trio.sleep(_PAUSE_SECONDS)
        login = await self._find()
        if login is None or login.access_token == refused.access_token:
            raise self._needed(again=True)
        self._take(login)
        return login

    async def _server(self, login: StoredLogin) -> LoginServer:
        if login.issuer is not None:
            found = await read_login_server(self._web, login.issuer)
        else:
            found = await find_login_server(self._web, self._url)
        return found or assumed_login_server(self._url)

    def _needed(self, *, again: bool) -> McpLoginNeeded:
        way_out = f". Run `codex-trio mcp login {self._name}`." if self._lacks is None else f", and {self._lacks}"
        return McpLoginNeeded(f"The {self._name} MCP server is not logged in{way_out}", again=again)


def _is_over(login: StoredLogin, *, early: int) -> bool:
    return login.expires_at is not None and login.expires_at - early <= now_ms()


@contextmanager
def _in_time(begun: float) -> Generator[None]:
    """Bound what is done since a login was begun. Raises OAuthFailure."""
    try:
        with trio.fail_at(begun + BEGIN_SECONDS):
            yield
    except trio.TooSlowError:
        raise OAuthFailure(f"the login server took more than {BEGIN_SECONDS:g} seconds altogether") from None


async def _client(
    web: OAuthWeb, server: LoginServer, address: HttpAddress, *, redirect: str, scopes: Sequence[str]
) -> OAuthClient:
    if address.client_id is not None:
        return OAuthClient(client_id=address.client_id, client_secret=address.client_secret)
    return await register(web, server, redirect_uri=redirect, scopes=scopes)


def _path(callback_url: str) -> str:
    if not is_web_address(callback_url):
        raise OAuthFailure(f"the callback URL of logins is no web address: {callback_url[:200]!r}")
    return urlsplit(callback_url).path or "/"


def _with_port(callback_url: str, port: int) -> str:
    """Return where a login leads back to: on this machine to the listener's port, where none is named."""
    parts = urlsplit(callback_url)
    if parts.scheme != "http" or parts.port is not None or not is_loopback(parts.hostname or ""):
        return callback_url
    return urlunsplit(parts._replace(netloc=f"{parts.netloc.rstrip(':')}:{port}"))
