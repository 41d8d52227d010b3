"""How `codex-trio mcp list` and `codex-trio mcp get` show servers: for people, and as JSON.

Source of the forms: `codex mcp` of release 0.171.0.

Owns what is hidden of a server, and the words for its state and its login. Does not own which servers there are
(`extensions.mcp.settings`), or how a login stands (`cli.mcp_login`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

import msgspec

from codex_trio.cli.tables import print_table
from codex_trio.config.layers import to_json_value
from codex_trio.config.requirements import Requirements
from codex_trio.extensions.mcp.settings import HttpAddress, McpServerSettings, StdioCommand, Unusable
from codex_trio.util.loose_json import table_of

if TYPE_CHECKING:
    # Only for its name: what is shown needs no connections.
    from codex_trio.extensions.mcp.oauth.logins import AuthState

_AUTH: Final[Mapping[AuthState, tuple[str, str]]] = {
    "unknown": ("unknown", "Unknown"),
    "unsupported": ("unsupported", "Unsupported"),
    "notLoggedIn": ("not_logged_in", "Not logged in"),
    "bearerToken": ("bearer_token", "Bearer token"),
    "oAuth": ("o_auth", "OAuth"),
}
"""For each state of a login its word in JSON, and for people."""

_HIDDEN = "*****"
_REDACTED = "<redacted>"


class ShownServer(msgspec.Struct, frozen=True, kw_only=True):
    """A server with its table as it was `written`, and why it is off where an administrator does not allow it."""

    settings: McpServerSettings
    written: Mapping[str, Any]
    disabled_reason: str | None = None

    @property
    def is_enabled(self) -> bool:
        """Whether it is started when it is needed."""
        return self.settings.enabled and self.disabled_reason is None

    @property
    def state(self) -> str:
        """For people, whether it is on, and why not."""
        if self.is_enabled:
            return "enabled"
        return "disabled" if self.disabled_reason is None else f"disabled: {self.disabled_reason}"


def shown_servers(
    servers: Mapping[str, McpServerSettings], merged: Mapping[str, Any], required: Requirements
) -> dict[str, ShownServer]:
    """Return what is to be shown of the servers of a configuration."""
    tables = table_of(to_json_value(merged.get("mcp_servers")))
    return {name: _shown(settings, table_of(tables.get(name)), required) for name, settings in servers.items()}


def _shown(settings: McpServerSettings, written: Mapping[str, Any], required: Requirements) -> ShownServer:
    reason = _disabled_reason(settings.name, written, required)
    # What is wrong with a table is its problem alone: no part of it counts.
    counts: Mapping[str, Any] = {} if isinstance(settings.transport, Unusable) else written
    return ShownServer(settings=settings, written=counts, disabled_reason=reason)


def _disabled_reason(name: str, written: Mapping[str, Any], required: Requirements) -> str | None:
    if required.servers is None or required.server_problem(name, written) is None:
        return None
    return f"requirements ({required.servers.source})"


def print_servers(servers: Iterable[ShownServer], auth: Mapping[str, AuthState]) -> None:
    """Print tables of the servers, one for each way in which servers are reached.

    `auth` says by name how logins stand, where there may be any.
    """
    commands, addresses, unusable = list[list[str]](), list[list[str]](), list[list[str]]()
    for server in servers:
        name, transport = server.settings.name, server.settings.transport
        end = [server.state, _auth_words(server, auth)[1]]
        if isinstance(transport, StdioCommand):
            args, cwd = " ".join(transport.args) or "-", transport.cwd or "-"
            commands.append([name, transport.command, args, _environment(transport), cwd, *end])
        elif isinstance(transport, HttpAddress):
            addresses.append([name, transport.url, transport.bearer_token_env_var or "-", *end])
        else:
            unusable.append([name, transport.problem, server.state])
    tables = (
        (("Name", "Command", "Args", "Env", "Cwd", "Status", "Auth"), commands),
        (("Name", "Url", "Bearer Token Env Var", "Status", "Auth"), addresses),
        (("Name", "Problem", "Status"), unusable),
    )
    for number, (head, rows) in enumerate((head, rows) for head, rows in tables if rows):
        if number:
            print()
        print_table(head, rows)


def print_server(server: ShownServer) -> None:
    """Print all that is set of a server; of one that is off, only that."""
    settings = server.settings
    if not server.is_enabled:
        print(f"{settings.name} ({server.state})")
        return
    print(settings.name)
    print("  enabled: true")
    for key, names in (("enabled_tools", settings.enabled_tools), ("disabled_tools", settings.disabled_tools)):
        if key in server.written:
            print(f"  {key}: {', '.join(names or ()) or '-'}")
    for key, text in _transport_for_people(server):
        print(f"  {key}: {text}")
    for key, seconds in _times(server).items():
        if seconds is not None:
            print(f"  {key}: {seconds:g}")
    print(f"  remove: codex-trio mcp remove {settings.name}")


def _transport_for_people(server: ShownServer) -> Iterable[tuple[str, str]]:
    transport = server.settings.transport
    if isinstance(transport, StdioCommand):
        yield "transport", "stdio"
        yield "command", transport.command
        yield "args", " ".join(transport.args) or "-"
        yield "cwd", transport.cwd or "-"
        yield "env", _environment(transport)
    elif isinstance(transport, HttpAddress):
        yield "transport", "streamable_http"
        yield "url", transport.url
        yield "bearer_token_env_var", transport.bearer_token_env_var or "-"
        yield "http_headers", _hidden(sorted(transport.headers))
        named = (f"{name}={variable}" for name, variable in sorted(transport.env_headers.items()))
        yield "env_http_headers", ", ".join(named) or "-"
        yield "http_headers_helper", _helper(transport) or "-"
    else:
        yield "transport", "unusable"
        yield "problem", transport.problem


def _environment(transport: StdioCommand) -> str:
    return _hidden([*sorted(transport.env), *transport.variables, *transport.variables_there])


def _hidden(names: Sequence[str]) -> str:
    """Return names for people, whose values may be secret."""
    return ", ".join(f"{name}={_HIDDEN}" for name in names) or "-"


def _helper(transport: HttpAddress) -> str | None:
    return None if transport.headers_helper is None else _REDACTED


def listed_as_json(server: ShownServer, auth: Mapping[str, AuthState]) -> dict[str, Any]:
    """Return what a list shows of a server. `auth` says by name how logins stand, where there may be any."""
    return {**_head(server), **_times(server), "auth_status": _auth_words(server, auth)[0]}


def _auth_words(server: ShownServer, auth: Mapping[str, AuthState]) -> tuple[str, str]:
    return _AUTH[auth.get(server.settings.name, "unsupported")]


def as_json(server: ShownServer) -> dict[str, Any]:
    """Return all that is set of a server."""
    tools = {key: server.written.get(key) for key in ("enabled_tools", "disabled_tools")}
    return {**_head(server), **tools, **_times(server)}


def _head(server: ShownServer) -> dict[str, Any]:
    return {
        "name": server.settings.name,
        "enabled": server.is_enabled,
        "disabled_reason": server.disabled_reason,
        "transport": _transport_as_json(server),
    }


def _times(server: ShownServer) -> dict[str, float | None]:
    """Return the limits that somebody has set."""
    starts = any(server.written.get(key) is not None for key in ("startup_timeout_sec", "startup_timeout_ms"))
    calls = server.written.get("tool_timeout_sec") is not None
    return {
        "startup_timeout_sec": server.settings.startup_seconds if starts else None,
        "tool_timeout_sec": server.settings.tool_seconds if calls else None,
    }


def _transport_as_json(server: ShownServer) -> dict[str, Any]:
    transport, written = server.settings.transport, server.written
    if isinstance(transport, StdioCommand):
        return {
            "type": "stdio",
            "command": transport.command,
            "args": list(transport.args),
            "env": written.get("env"),
            "env_vars": written.get("env_vars", []),
            "cwd": transport.cwd,
        }
    if isinstance(transport, HttpAddress):
        return {
            "type": "streamable_http",
            "url": transport.url,
            "bearer_token_env_var": transport.bearer_token_env_var,
            "http_headers": written.get("http_headers"),
            "env_http_headers": written.get("env_http_headers"),
            "http_headers_helper": _helper(transport),
        }
    return {"type": "unusable", "problem": transport.problem}
