"""Settings that the program around the server decides for each thread, beside all files.

Owns: what a loader of them gives, and the layer that comes of it. Does not own: asking a loader (`service`), or the one
that asks over the network (`thread_config_remote`).
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import msgspec

from codex_trio.config.layers import ConfigLayer, LayerSource, lookup, merge

THREAD_CONFIG = LayerSource("sessionFlags", id="threadConfig")
"""Clients are shown a second layer of session flags, above that of the command line and the request."""


class ThreadConfigError(Exception):
    """What a loader should say cannot be had; the message is complete."""


class SessionThreadConfig(msgspec.Struct, frozen=True, kw_only=True):
    """What counts for the session, before the command line and what a request's `config` says.

    `model_providers` hold tables as in `[model_providers]`, by their ids.
    """

    model_provider: str | None = None
    model_providers: Mapping[str, Mapping[str, Any]] = {}
    features: Mapping[str, bool] = {}


class UserThreadConfig(msgspec.Struct, frozen=True):
    """What counts for the user: nothing yet."""


ThreadConfigSource = SessionThreadConfig | UserThreadConfig


class ThreadConfigLoader(Protocol):
    """Says what counts for the threads of a folder. It is asked in a worker thread, and may take its time there."""

    def load(self, cwd: str | None) -> Sequence[ThreadConfigSource]:
        """Return the sources for an absolute folder (None: without one). Raises `ThreadConfigError`."""
        ...


class NoThreadConfig:
    """A loader that has nothing to say."""

    def load(self, cwd: str | None) -> Sequence[ThreadConfigSource]:
        """Return nothing."""
        return ()


class StaticThreadConfig:
    """A loader that says the same for every folder."""

    def __init__(self, *sources: ThreadConfigSource) -> None:
        self._sources = sources

    def load(self, cwd: str | None) -> Sequence[ThreadConfigSource]:
        """Return what it was made with."""
        return self._sources


def thread_config_layers(sources: Sequence[ThreadConfigSource]) -> tuple[ConfigLayer, ...]:
    """Return the layers that sources come to: one, or none where they say nothing. Raises `ThreadConfigError`."""
    table = merge([_table(source) for source in sources if isinstance(source, SessionThreadConfig)])
    return (ConfigLayer(source=THREAD_CONFIG, table=table),) if table else ()


def _table(source: SessionThreadConfig) -> dict[str, Any]:
    for name, provider in source.model_providers.items():
        cwd: Any = lookup(provider, ["auth", "cwd"])
        if cwd is not None and not os.path.isabs(cwd):
            raise ThreadConfigError(f"thread config: model_providers.{name}.auth.cwd must be an absolute path: {cwd}")
    table: dict[str, Any] = {
        "model_provider": source.model_provider,
        "model_providers": {name: dict(provider) for name, provider in source.model_providers.items()},
        "features": dict(source.features),
    }
    return {name: value for name, value in table.items() if value}
