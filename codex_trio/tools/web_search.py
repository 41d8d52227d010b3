"""The tool `web_search`, which a model's provider runs by itself.

Owns what the provider is told of it. Does not own the settings (config/web_search.py) or how searches are shown
(engine/response.py).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from codex_trio.config.web_search import WebSearchSettings
from codex_trio.tools.calls import ToolCall, ToolFailure, ToolOutput
from codex_trio.tools.context import ToolContext
from codex_trio.tools.registry import Tool, ToolOffer

NAME = "web_search"


class WebSearchTools:
    """Provides it to models whose provider takes tools beside the input, and does not run on this machine."""

    namespace = None

    def __init__(self, settings: WebSearchSettings) -> None:
        self._settings = settings

    def tools(self, offer: ToolOffer) -> Sequence[Tool]:
        """Return what a turn is offered."""
        if self._settings.mode == "disabled" or offer.model.responses_lite or not offer.custom_tools:
            return ()
        return [HostedSearch(spec_of(self._settings, offer))]


class HostedSearch:
    """Is never called here."""

    parallel = True

    def __init__(self, spec: dict[str, Any]) -> None:
        self.spec = spec

    async def run(self, call: ToolCall, context: ToolContext) -> ToolOutput:
        raise ToolFailure(f"unsupported call: {call.name}")


def spec_of(settings: WebSearchSettings, offer: ToolOffer) -> dict[str, Any]:
    """Return what a provider is told; pages of today are for turns that may reach the network anyway, or on request."""
    spec: dict[str, Any] = {
        "type": NAME,
        "external_web_access": settings.mode in ("live", "indexed") or (settings.mode is None and offer.unconfined),
    }
    if settings.mode == "indexed":
        spec["indexed_web_access"] = True
    if settings.allowed_domains:
        spec["filters"] = {"allowed_domains": list(settings.allowed_domains)}
    if settings.location is not None:
        spec["user_location"] = {"type": "approximate", **msgspec.to_builtins(settings.location)}
    if settings.context_size is not None:
        spec["search_context_size"] = settings.context_size
    if offer.model.finds_pictures:
        spec["search_content_types"] = ["text", "image"]
    return spec
