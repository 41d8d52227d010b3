"""Pages of short lists that are all at hand: the cursor is the place of the next item.

Protocol source: `model/list`, `experimentalFeature/list`, `permissionProfile/list`, release 0.171.0.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from codex_trio.rpc.errors import invalid_request

T = TypeVar("T")


def page_of(items: Sequence[T], *, cursor: str | None, limit: int | None, named: str) -> tuple[Sequence[T], str | None]:
    """Return the items of one page and the cursor of the next; without a limit all that is left. A limit of 0 is 1.

    `named` is what the items are called. Raises RpcError for a cursor that is no place among them.
    """
    start = 0
    if cursor is not None:
        if not (cursor.isascii() and cursor.isdigit()):
            raise invalid_request(f"invalid cursor: {cursor}")
        start = int(cursor)
        if start > len(items):
            raise invalid_request(f"cursor {start} exceeds total {named} {len(items)}")
    end = len(items) if limit is None else start + max(1, limit)
    return items[start:end], str(end) if end < len(items) else None
