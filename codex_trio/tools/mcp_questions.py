"""What a user is asked for an MCP server, and what comes back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, TypeAlias

import msgspec

Permission: TypeAlias = Literal["accept", "decline", "cancel"]
"""Whether the user agreed, refused, or went away."""


class McpQuestion(msgspec.Struct, frozen=True, kw_only=True):
    """What a client is to ask its user: a form with a JSON schema, or a page to visit."""

    turn_id: str | None
    server: str
    message: str
    schema: Mapping[str, Any] | None = None
    url: str | None = None
    elicitation_id: str = ""
    meta: Any = None


class McpAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """What the user said; `content` is what was filled in."""

    action: Permission
    content: Any = None
    meta: Any = None
