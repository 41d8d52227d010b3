"""Where a model provider is set, so that a fault of it is told with its key and its file.

Owns: the error for a provider that is not there, and which layer each provider's settings come from.
Does not own: the faults of single settings (`schema`, `codex_trio.model`, `codex_trio.identity`), which name the place.
"""

from collections.abc import Iterable
from typing import Any, cast

from codex_trio.config.errors import ConfigLoadError
from codex_trio.config.layers import ConfigLayer, LayerStack
from codex_trio.config.providers import ModelProviderConfig
from codex_trio.config.sources import place_in_file
from codex_trio.util.spelling import did_you_mean

_MAX_NAMED = 20


def unknown_provider(name: str, known: Iterable[str], stack: LayerStack, *, is_asked_for: bool) -> ConfigLoadError:
    """Return the error for a provider that is not there: where it is chosen, and what could be meant.

    `is_asked_for` tells that a request names it and not a setting.
    """
    problem = f"Model provider `{name}` not found. {not_found_advice(name, known)}"
    return _named(name, problem, stack, is_asked_for=is_asked_for)


def unusable_provider(provider: ModelProviderConfig, stack: LayerStack, *, is_asked_for: bool) -> ConfigLoadError:
    """Return the error for a provider of which no request can be made here: why, and where it is chosen."""
    problem = f"Model provider `{provider.id}` {provider.unusable}."
    return _named(provider.id, problem, stack, is_asked_for=is_asked_for)


def _named(name: str, problem: str, stack: LayerStack, *, is_asked_for: bool) -> ConfigLoadError:
    """Return a problem with a provider, with the place where it is chosen."""
    is_set = not is_asked_for and stack.merged.get("model_provider") == name
    layer = _setter(stack, "model_provider") if is_set else None
    place = None if layer is None else place_in_file(layer, ("model_provider",))
    without_layer = "the request" if is_asked_for else "what an administrator requires"
    source = without_layer if layer is None else _name(layer)
    if place is not None:
        source = f"{source}:{place.start.line}:{place.start.column}"
    key = "modelProvider" if is_asked_for else "model_provider"
    return ConfigLoadError(
        f"{problem} It is named by `{key}` in {source}.",
        path=None if place is None or layer is None else layer.source.file,
        range=place,
    )


def not_found_advice(name: str, known: Iterable[str]) -> str:
    """Return which providers there are, and the one that was probably meant."""
    names = sorted(known)
    shown = ", ".join(f"`{one}`" for one in names[:_MAX_NAMED]) + (", ..." if len(names) > _MAX_NAMED else "")
    meant = did_you_mean(name, names)
    return f"{meant} Known providers: {shown}; others need a table `[model_providers.NAME]`.".strip()


def set_in(stack: LayerStack) -> dict[str, str]:
    """Return, by a provider's id, the file (or the other source) that has the last word in its table."""
    tables = ((layer, layer.table.get("model_providers")) for layer in stack.active)
    return {
        id: _name(layer) for layer, table in tables if isinstance(table, dict) for id in cast("dict[str, Any]", table)
    }


def _setter(stack: LayerStack, key: str) -> ConfigLayer | None:
    return next((layer for layer in reversed(list(stack.active)) if key in layer.table), None)


def _name(layer: ConfigLayer) -> str:
    return str(layer.source.file or layer.source.label)
