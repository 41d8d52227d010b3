"""Logging in to an MCP server from a terminal, out, and how logins stand.

Owns what is printed, the browser, and the address that a user pastes. Does not own the login (`extensions.mcp.oauth`).
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence

import trio

from codex_trio.cli.options import UsageError
from codex_trio.cli.surroundings import codex_home, complain
from codex_trio.config.service import ConfigService
from codex_trio.extensions.mcp.oauth.logins import AuthState, McpLogins, PendingLogin
from codex_trio.extensions.mcp.oauth.store import LoginStore
from codex_trio.extensions.mcp.oauth.web import OAuthFailure
from codex_trio.extensions.mcp.settings import HttpAddress, McpServerSettings, OAuthSettings, oauth_settings
from codex_trio.model.http import open_transport

LOGIN_SECONDS = 300.0


def log_in(
    name: str,
    address: HttpAddress,
    config: ConfigService,
    environ: Mapping[str, str],
    *,
    scopes: Sequence[str] | None,
    browser: bool,
) -> None:
    """Log in to a server, with the user's help. Raises UsageError with the reason where it does not work."""
    settings = oauth_settings(config.load().merged)
    failure = trio.run(lambda: _log_in(name, address, settings, environ, scopes=scopes, browser=browser))
    if failure is not None:
        raise UsageError(f"failed to login to MCP server '{name}': {failure}")


def log_out(name: str, address: HttpAddress, config: ConfigService, environ: Mapping[str, str]) -> bool:
    """Forget the login to a server; whether there was one. Raises UsageError."""
    try:
        return _store(oauth_settings(config.load().merged), environ).forget(name, address.url)
    except OAuthFailure as failure:
        raise UsageError(str(failure)) from failure


def login_states(
    servers: Sequence[McpServerSettings], config: ConfigService, environ: Mapping[str, str]
) -> dict[str, AuthState]:
    """Return how the login to each server behind an address stands, as far as that is found out in a moment."""
    settings = oauth_settings(config.load().merged)
    states: dict[str, AuthState] = {}
    addresses = {server.name: server.transport for server in servers if isinstance(server.transport, HttpAddress)}

    async def find_all() -> None:
        async with open_transport(environ) as transport, trio.open_nursery() as nursery:
            logins = McpLogins(transport, _store(settings, environ), settings=lambda: settings)

            async def find(name: str, address: HttpAddress) -> None:
                states[name] = await logins.state(name, address, needed=False, connected=False)

            for name, address in addresses.items():
                nursery.start_soon(find, name, address)

    if addresses:
        trio.run(find_all)
    return states


def _store(settings: OAuthSettings, environ: Mapping[str, str]) -> LoginStore:
    return LoginStore(codex_home(environ), kind=lambda: settings.store)


async def _log_in(
    name: str,
    address: HttpAddress,
    settings: OAuthSettings,
    environ: Mapping[str, str],
    *,
    scopes: Sequence[str] | None,
    browser: bool,
) -> str | None:
    """Log in; return what went wrong."""
    async with open_transport(environ) as transport:
        logins = McpLogins(transport, _store(settings, environ), settings=lambda: settings)
        try:
            async with logins.open_login(name, address, scopes=scopes) as login:
                print(f"Authorize `{name}` by opening this URL in your browser:\n{login.url}\n", flush=True)
                return await _wait(login, environ, browser=browser)
        except OAuthFailure as failure:
            return str(failure)


async def _wait(login: PendingLogin, environ: Mapping[str, str], *, browser: bool) -> str | None:
    problem: str | None = f"nobody came back in {LOGIN_SECONDS:g} seconds"
    async with trio.open_nursery() as nursery:
        if browser and (environ.get("DISPLAY") or environ.get("WAYLAND_DISPLAY")):
            nursery.start_soon(_show, login.url)
        elif not browser and sys.stdin is not None:
            nursery.start_soon(_take_pasted, login)
        with trio.move_on_after(LOGIN_SECONDS):
            try:
                await login.finish()
                problem = None
            except OAuthFailure as failure:
                problem = str(failure)
        nursery.cancel_scope.cancel()
    return problem


async def _show(url: str) -> None:
    import webbrowser

    await trio.to_thread.run_sync(webbrowser.open, url, abandon_on_cancel=True)


async def _take_pasted(login: PendingLogin) -> None:
    """Take the address that a browser elsewhere ended at, from standard input."""
    complain("Where that browser cannot reach this machine, paste the address that it ends at:")
    while line := await trio.to_thread.run_sync(sys.stdin.readline, abandon_on_cancel=True):
        try:
            login.take(line.strip())
            return
        except OAuthFailure as failure:
            complain(str(failure))
