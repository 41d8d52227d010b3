"""A conversation as text, for a model that is to say what of it is worth remembering.

Owns what of a thread's items it shows, how much, and that secrets do not get into memories. Pure.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from codex_trio.engine.memory_citations import without_citations
from codex_trio.engine.response_items import CALL_KINDS, ResponseItem, texts_of
from codex_trio.state.history.model_history import is_from_user, is_summary

MAX_ITEM = 4_000
"""How many characters of one message are shown."""

MAX_TOOL = 1_500
"""How many of a tool's arguments or output."""

_EXTERNAL_TYPES = frozenset({"web_search_call", "mcp_call"})
_EXTERNAL_NAMES = ("mcp__", "web_search")

_SECRET = re.compile(
    r"""
    -----BEGIN\ [A-Z ]*PRIVATE\ KEY-----.*?(?:-----END\ [A-Z ]*PRIVATE\ KEY-----|\Z)
    | \b(?:sk|pk|rk)-[A-Za-z0-9_-]{16,}
    | \bgh[pousr]_[A-Za-z0-9]{20,}
    | \bgithub_pat_[A-Za-z0-9_]{20,}
    | \bglpat-[A-Za-z0-9_-]{16,}
    | \bxox[abprs]-[A-Za-z0-9-]{10,}
    | \bA(?:KIA|SIA)[A-Z0-9]{16}\b
    | \beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]*
    | (?<=://)[^/\s:@]{1,200}:[^/\s@]{1,200}(?=@)
    """,
    re.DOTALL | re.VERBOSE,
)
_NAMED_SECRET = re.compile(
    r"(?i)\b((?:[a-z0-9]+[_-])*(?:password|passwd|secret|token|api[_-]?key|access[_-]?key))(\s*[=:]\s*|\s+)"
    r"(['\"]?)(?=[^\s'\"]*[0-9])[^\s'\",;]{8,}\3"
)
_BEARER = re.compile(r"(?i)\b(authorization:\s*|bearer\s+)(?:bearer\s+)?[A-Za-z0-9._~+/=-]{12,}")
REDACTED = "[secret]"


def without_secrets(text: str) -> str:
    """Return a text in which what looks like a key, a token or a password is left out."""
    text = _SECRET.sub(REDACTED, text)
    text = _BEARER.sub(rf"\1{REDACTED}", text)
    return _NAMED_SECRET.sub(rf"\1\2{REDACTED}", text)


def uses_external_context(items: Sequence[ResponseItem]) -> bool:
    """Return whether a conversation rests on what came from elsewhere: searches, tools of MCP servers."""
    return any(
        item.get("type") in _EXTERNAL_TYPES
        or (item.get("type") in CALL_KINDS and _name_of(item).startswith(_EXTERNAL_NAMES))
        for item in items
    )


def rendered(items: Sequence[ResponseItem], *, limit: int) -> str:
    """Return a conversation as text: who said what, which tools were called. Of a long one the middle is left out.

    Empty when no user said anything in it.
    """
    pieces = [piece for item in items if (piece := _piece(item))]
    if not any(piece.startswith("[user]") for piece in pieces):
        return ""
    return without_secrets(_fitting(pieces, limit))


def _fitting(pieces: Sequence[str], limit: int) -> str:
    """Return pieces as one text. What was asked first and what was said last tells most."""
    if sum(len(piece) + 2 for piece in pieces) <= limit:
        return "\n\n".join(pieces)
    room = limit // 4
    first: list[str] = []
    for piece in pieces:
        if len(piece) > room:
            break
        first.append(piece)
        room -= len(piece) + 2
    room = limit - sum(len(piece) + 2 for piece in first)
    last: list[str] = []
    for piece in reversed(pieces[len(first) :]):
        if len(piece) > room:
            break
        last.append(piece)
        room -= len(piece) + 2
    left_out = len(pieces) - len(first) - len(last)
    return "\n\n".join([*first, f"[{left_out} messages and calls are left out here]", *reversed(last)])


def _piece(item: ResponseItem) -> str | None:
    kind = item.get("type")
    if kind == "message":
        return _message(item)
    if kind in CALL_KINDS:
        given = item.get("arguments") or item.get("input") or item.get("action") or ""
        return f"[tool call] {_name_of(item)} {_shortened(str(given), MAX_TOOL)}"
    if isinstance(kind, str) and kind.endswith("_output"):
        return f"[tool output] {_shortened(_output_text(item.get('output')), MAX_TOOL)}"
    return None


def _message(item: ResponseItem) -> str | None:
    text = "".join(texts_of(item)).strip()
    if not text:
        return None
    if item.get("role") == "assistant":
        return f"[assistant] {_shortened(without_citations(text)[0].strip(), MAX_ITEM)}"
    if is_summary(item):
        return f"[summary of what came before] {_shortened(text, 4 * MAX_ITEM)}"
    # What the program says in the user's name, or to the model, is not the conversation.
    return f"[user] {_shortened(text, MAX_ITEM)}" if is_from_user(item) else None


def _name_of(item: ResponseItem) -> str:
    name, namespace = item.get("name"), item.get("namespace")
    return f"{f'{namespace}__' if namespace else ''}{name or item.get('type')}"


def _output_text(output: Any) -> str:
    match output:
        case str():
            return output
        case list():
            return "\n".join(texts_of({"content": output}))
        case _:
            return ""


def _shortened(text: str, limit: int) -> str:
    if len(text) <= limit:
        return text
    half = limit // 2
    return f"{text[:half]}\n[... {len(text) - 2 * half} characters ...]\n{text[-half:]}"
