"""A tool call and its result: what the model asked for, and what it is told."""

from __future__ import annotations

from typing import Any, Literal

import msgspec


class ToolCall(msgspec.Struct, frozen=True, kw_only=True):
    """One call that the model made.

    `arguments` is the JSON text of a function call or of a search for tools, or the free text of a custom tool call.
    """

    call_id: str
    name: str
    arguments: str
    namespace: str | None = None
    kind: Literal["function", "custom", "tool_search"] = "function"
    refusal: str = ""
    """Why it is not to be run, where it is not: what the model is told."""


class ToolOutput(msgspec.Struct, frozen=True, kw_only=True):
    """What the model is told: text, or content parts as the Responses API takes them; of a search, tools."""

    content: str | list[dict[str, Any]]
    value: Any = msgspec.UNSET
    """What a script that called the tool gets, where that is not the text."""


class ToolFailure(Exception):
    """The call did not work; the text is what the model is told."""
