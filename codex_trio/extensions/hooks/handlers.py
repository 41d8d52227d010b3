"""What runs at a moment, as a configuration says it, and the digest by which a user trusts that and nothing else.

Owns the kinds of handlers, their times, and the form of the digest (0.171.0). Does not own where they stand
(`settings`).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, TypeGuard, cast

import msgspec

from codex_trio.config.layers import table_version
from codex_trio.extensions.hooks.hook import (
    BRIEF,
    BRIEF_SECONDS,
    DEFAULT_SECONDS,
    MOST_BRIEF_SECONDS,
    CommandHandler,
    McpToolHandler,
    snake,
)
from codex_trio.util.loose_json import table_of

_MAX_SECONDS = 24 * 3600
_MAX_COMMAND = 32 * 1024
_MAX_NAME = 1024


class UnusableHandler(Exception):
    """There is nothing that could run; the text says why."""


def read_handler(table: Mapping[str, Any]) -> CommandHandler | McpToolHandler | None:
    """Return what a handler's table says; None for a kind that this server does not run. Raises UnusableHandler."""
    kind = table.get("type")
    if not isinstance(kind, str):
        raise UnusableHandler('it has no `type`; expected "command" or "mcp_tool"')
    if kind == "command":
        command = table.get("command")
        if not isinstance(command, str) or not command.strip() or len(command) > _MAX_COMMAND or "\0" in command:
            raise UnusableHandler("its `command` is empty, too long, or no text")
        return CommandHandler(command, table.get("async") is True)
    if kind != "mcp_tool":
        return None
    server, tool, given = table.get("server"), table.get("tool"), table.get("input", {})
    for name, value in (("server", server), ("tool", tool)):
        if not isinstance(value, str) or not value or len(value) > _MAX_NAME:
            raise UnusableHandler(f"its `{name}` is empty, too long, or no text")
    if not isinstance(given, dict) or _has_null(given):
        raise UnusableHandler("its `input` is no object that TOML could hold too: it has no null")
    return McpToolHandler(str(server), str(tool), table_of(given))


def seconds_of(event: str, asked: object) -> tuple[int, bool]:
    """Return how long a handler may take at a moment, and whether that is less than was asked for."""
    default, most = (BRIEF_SECONDS, MOST_BRIEF_SECONDS) if event in BRIEF else (DEFAULT_SECONDS, _MAX_SECONDS)
    if not is_number(asked):
        return default, False
    return min(max(int(asked), 1), most), asked > most


def digest(
    event: str, matcher: str | None, handler: CommandHandler | McpToolHandler, seconds: int, message: str | None
) -> str:
    """Return what changes when the handler, or when it runs, does."""
    told: dict[str, Any] = {"timeout": seconds}
    match handler:
        case CommandHandler(command, is_async):
            told |= {"type": "command", "command": command, "async": is_async}
        case McpToolHandler(server, tool, given):
            told |= {"type": "mcp_tool", "server": server, "tool": tool, "input": msgspec.to_builtins(given)}
    if message is not None:
        told["statusMessage"] = message
    table: dict[str, Any] = {"event_name": snake(event), "hooks": [told]}
    if matcher is not None:
        table["matcher"] = matcher
    return table_version(table)


def is_number(value: object) -> TypeGuard[int | float]:
    """Return whether a value is a number that can be counted with."""
    if isinstance(value, float):
        return math.isfinite(value)
    return isinstance(value, int) and not isinstance(value, bool)


def _has_null(value: Any) -> bool:
    if isinstance(value, dict):
        return any(map(_has_null, table_of(value).values()))
    return value is None or (isinstance(value, list) and any(map(_has_null, cast("list[Any]", value))))
