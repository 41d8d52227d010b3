"""Whether the program that runs models on this machine is there, before a turn waits for it.

Owns: the question and what to do about a no. Does not own: the settings of providers (`config.providers`).
"""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

import trio

from codex_trio.config.providers import build_providers
from codex_trio.util.addresses import is_loopback, is_web_address, without_credentials

ANSWER_SECONDS = 5.0
"""How long the program may take to accept a connection."""

_NAMES = {"ollama": "Ollama", "lmstudio": "LM Studio"}
_STARTS = {
    "ollama": "start it with `ollama serve` (from https://ollama.com)",
    "lmstudio": "start it with `lms server start` (from https://lmstudio.ai)",
}


async def missing_local_model(provider: str, config: Mapping[str, Any], environ: Mapping[str, str]) -> str | None:
    """Return what to tell the user when nothing answers where the provider should be; None when something does.

    `config` is a read configuration. What is not on this machine is left for the turn to find out.
    """
    address = _base_url(provider, config, environ)
    if not is_web_address(address):
        return None
    parts = urlsplit(address)
    host, port = parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)
    if not is_loopback(host):
        return None
    with contextlib.suppress(OSError), trio.move_on_after(ANSWER_SECONDS):
        await (await trio.open_tcp_stream(host, port)).aclose()
        return None
    name, start = _NAMES.get(provider, provider), _STARTS.get(provider, "start it")
    return f"{name} does not run at {without_credentials(address)}: {start}, then try again."


def _base_url(provider: str, config: Mapping[str, Any], environ: Mapping[str, str]) -> str:
    configured = config["model_providers"].get(provider)
    if configured is not None and configured["base_url"] is not None:
        return configured["base_url"]
    built_in = build_providers({}, openai_base_url=None, environ=environ, set_in={}).get(provider)
    return "" if built_in is None else built_in.base_url
