"""Whether and how models may search the web, as configured.

Owns the settings and how older spellings of them count. Does not own what a model is offered (tools/web_search.py).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, TypeAlias, cast

import msgspec

from codex_trio.config.nodes import Choice, Either, Flag, Sequence, Table, Text
from codex_trio.util import decoding

Mode: TypeAlias = Literal["disabled", "cached", "indexed", "live"]
MODES: tuple[Mode, ...] = ("disabled", "cached", "indexed", "live")

_LOCATION = Table({name: Text() for name in ("country", "region", "city", "timezone")})
_DETAILS = Table(
    {
        "context_size": Choice(("low", "medium", "high")),
        "allowed_domains": Sequence(Text()),
        "location": _LOCATION,
    }
)
TOOLS = Table(
    {
        "web_search": Either(Flag(), _DETAILS, "a boolean or a table"),
        "view_image": Flag(),
        "experimental_request_user_input": Table({"enabled": Flag()}),
    }
)
"""The kind of the table `tools`."""


class Location(msgspec.Struct, frozen=True, omit_defaults=True):
    """Where the user is, about."""

    country: str | None = None
    region: str | None = None
    city: str | None = None
    timezone: str | None = None


class WebSearchSettings(msgspec.Struct, frozen=True):
    """`mode` None leaves it to the rights of a turn."""

    mode: Mode | None = None
    context_size: str | None = None
    allowed_domains: tuple[str, ...] = ()
    location: Location | None = None


def web_search_settings(merged: Mapping[str, Any]) -> WebSearchSettings:
    """Return the settings of a checked configuration."""
    tools: dict[str, Any] = merged.get("tools") or {}
    features: dict[str, Any] = merged.get("features") or {}
    given = tools.get("web_search")
    mode: Mode | None = merged.get("web_search")
    if mode is None and given is False:
        mode = "disabled"
    elif mode is None and (features.get("web_search_request") or features.get("web_search")):
        mode = "live"
    elif mode is None and features.get("web_search_cached"):
        mode = "cached"
    details = cast("dict[str, Any]", given) if isinstance(given, dict) else {}
    return decoding.convert({**details, "mode": mode}, WebSearchSettings)
