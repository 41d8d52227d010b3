"""How `codex-trio mcp list` and `get` show servers: for people, secrets hidden, and as JSON.

Source of the forms: `codex mcp` of release 0.171.0.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, cast

from codex_trio.extensions.mcp.oauth.logins import AuthState
from codex_trio.extensions.mcp.settings import (
    STARTUP_SECONDS,
    TOOL_SECONDS,
    HttpAddress,
    McpServerSettings,
    StdioCommand,
    Unusable,
)

_HIDDEN = "*****"
_REDACTED = "<redacted>"
_NOTHING = "-"

_STATES: Mapping[AuthState, tuple[str, str]] = {
    "unknown": ("unknown", "Unknown"),
    "unsupported": ("unsupported", "Unsupported"),
    "notLoggedIn": ("not_logged_in", "Not logged in"),
    "bearerToken": ("bearer_token", "Bearer token"),
    "oAuth": ("o_auth", "OAuth"),
}
"""In JSON, and for people."""


def servers_as_json(servers: Iterable[McpServerSettings], states: Mapping[str, AuthState]) -> list[dict[str, Any]]:
    """Return a list of servers, with how the login to each stands."""
    return [{**server_as_json(server), "auth_status": _STATES[states[server.name]][0]} for server in servers]


def server_as_json(settings: McpServerSettings) -> dict[str, Any]:
    """Return one server; null is what the settings say nothing of."""
    return {
        "name": settings.name,
        "enabled": settings.enabled,
        "disabled_reason": None,
        "transport": _transport_as_json(settings.transport),
        "enabled_tools": None if settings.enabled_tools is None else list(settings.enabled_tools),
        "disabled_tools": list(settings.disabled_tools) or None,
        "startup_timeout_sec": None if settings.startup_seconds == STARTUP_SECONDS else settings.startup_seconds,
        "tool_timeout_sec": None if settings.tool_seconds == TOOL_SECONDS else settings.tool_seconds,
    }


def _transport_as_json(transport: StdioCommand | HttpAddress | Unusable) -> dict[str, Any]:
    if isinstance(transport, StdioCommand):
        return {
            "type": "stdio",
            "command": transport.command,
            "args": list(transport.args),
            "env": dict(transport.env) or None,
            "env_vars": list(transport.variables),
            "cwd": transport.cwd,
        }
    if isinstance(transport, HttpAddress):
        return {
            "type": "streamable_http",
            "url": transport.url,
            "bearer_token_env_var": transport.bearer_token_env_var,
            "http_headers": dict(transport.headers) or None,
            "env_http_headers": dict(transport.env_headers) or None,
            "http_headers_helper": None if transport.headers_helper is None else _REDACTED,
        }
    return {"type": "unusable", "problem": transport.problem}


def servers_as_text(servers: Sequence[McpServerSettings], states: Mapping[str, AuthState]) -> str:
    """Return a table for each kind of server."""
    commands = [
        (
            server.name,
            transport.command,
            " ".join(transport.args) or _NOTHING,
            ", ".join(f"{name}={_HIDDEN}" for name in (*transport.env, *transport.variables)) or _NOTHING,
            transport.cwd or _NOTHING,
            *_standing(server, states),
        )
        for server in servers
        if isinstance(transport := server.transport, StdioCommand)
    ]
    addresses = [
        (server.name, transport.url, transport.bearer_token_env_var or _NOTHING, *_standing(server, states))
        for server in servers
        if isinstance(transport := server.transport, HttpAddress)
    ]
    broken = [
        (server.name, transport.problem) for server in servers if isinstance(transport := server.transport, Unusable)
    ]
    tables = (
        (("Name", "Command", "Args", "Env", "Cwd", "Status", "Auth"), commands),
        (("Name", "Url", "Bearer Token Env Var", "Status", "Auth"), addresses),
        (("Name", "Problem"), broken),
    )
    return "\n".join(_table(heads, rows) for heads, rows in tables if rows)


def _standing(server: McpServerSettings, states: Mapping[str, AuthState]) -> tuple[str, str]:
    return "enabled" if server.enabled else "disabled", _STATES[states[server.name]][1]


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    widths = [max(map(len, column)) for column in zip(heads, *rows, strict=True)]
    lines = ("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in (heads, *rows))
    return "".join(f"{line.rstrip()}\n" for line in lines)


def server_as_text(settings: McpServerSettings) -> str:
    """Return all that is shown of one server, and how it is taken out."""
    facts = {"enabled": str(settings.enabled).lower()}
    for key, value in _transport_as_json(settings.transport).items():
        facts["transport" if key == "type" else key] = _shown(key, value)
    facts["remove"] = f"codex-trio mcp remove {settings.name}"
    return "".join((f"{settings.name}\n", *(f"  {name}: {value}\n" for name, value in facts.items())))


def _shown(key: str, value: Any) -> str:
    """Return a value for people: what may be secret is hidden."""
    if isinstance(value, dict):
        hidden = key in ("env", "http_headers")
        given = cast("dict[str, Any]", value)
        return ", ".join(f"{name}={_HIDDEN if hidden else text}" for name, text in given.items())
    if isinstance(value, list):
        return " ".join(cast("list[str]", value)) or _NOTHING
    return _NOTHING if value is None else str(value)
