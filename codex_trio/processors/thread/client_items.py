"""Response items that clients bring, checked before a model's history takes them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from codex_trio.engine.response_items import MalformedItem, of_client
from codex_trio.rpc.errors import invalid_request


def checked(items: Sequence[Any], field: str) -> list[dict[str, Any]]:
    """Return the items in the form that providers take, without those of unknown kinds (they are dropped, as in
    0.169.0).

    Raises RpcError for one that no model could read, naming its place in `field`.
    """
    known: list[dict[str, Any]] = []
    for number, item in enumerate(items):
        try:
            cleaned = of_client(item)
        except MalformedItem as problem:
            raise invalid_request(f"{field}[{number}] is not a valid response item: {problem}") from problem
        if cleaned is not None:
            known.append(cleaned)
    return known
