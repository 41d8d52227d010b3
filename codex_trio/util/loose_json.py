"""Decoded JSON of others, of which nothing is certain: what is of another kind counts as not there."""

from __future__ import annotations

from typing import Any, cast


def table_of(value: Any) -> dict[str, Any]:
    """Return an object; an empty one for anything else."""
    return cast("dict[str, Any]", value) if isinstance(value, dict) else {}


def tables_of(value: Any) -> list[dict[str, Any]]:
    """Return the objects of a list; what is none is passed over."""
    items = cast("list[Any]", value) if isinstance(value, list) else []
    return [cast("dict[str, Any]", item) for item in items if isinstance(item, dict)]
