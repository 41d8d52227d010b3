"""Context that a client adds to what the user says, told to the model when it is new.

Owns which pieces are told and in which form: the application's word as a developer message, anybody's as the output of
a tool, so that no model takes it for an order. Used by the session.
"""

from __future__ import annotations

from collections.abc import Mapping

from codex_trio.domain.ids import uuid7
from codex_trio.engine.history import message_item
from codex_trio.engine.response_items import ResponseItem
from codex_trio.engine.turn_request import ContextPiece
from codex_trio.tools.truncate import cut_middle

PIECE_TOKENS = 1_000
"""How much of a piece a model reads (0.171.0)."""

NAMESPACE = "agent"
"""Whose tools' outputs untrusted pieces pretend to be (0.169.0)."""


def context_items(before: Mapping[str, ContextPiece], now: Mapping[str, ContextPiece]) -> list[ResponseItem]:
    """Return the items for those pieces that are new or different, in the order of their keys.

    `before` is what held when something was said last: a piece that was left out meanwhile is new again.
    """
    return [_item(key, piece) for key, piece in sorted(now.items()) if before.get(key) != piece]


def _item(key: str, piece: ContextPiece) -> ResponseItem:
    value = cut_middle(piece.value, max_tokens=PIECE_TOKENS)
    if piece.is_trusted:
        return message_item("developer", [f"<{key}>{value}</{key}>"], item_id=uuid7())
    return {
        "type": "function_call_output",
        "id": f"fco_{uuid7()}",
        "name": piece.name or key,
        "namespace": NAMESPACE,
        "output": value,
    }
