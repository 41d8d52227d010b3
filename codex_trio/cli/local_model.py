"""Whether the program that runs models on this machine is there and has the model, before a turn waits for it.

Owns: the questions, what to do about a no, and what a person is told while a model comes. Does not own: the settings of
providers (`config.providers`), nor what the programs are asked (`model.local_models`).
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlsplit

import trio

from codex_trio.config.providers import build_providers
from codex_trio.util.addresses import is_loopback, is_web_address, shown_text, without_credentials

ANSWER_SECONDS = 5.0
"""How long the program may take to accept a connection."""

_NAMES = {"ollama": "Ollama", "lmstudio": "LM Studio"}
_STARTS = {
    "ollama": "start it with `ollama serve` (from https://ollama.com)",
    "lmstudio": "start it with `lms server start` (from https://lmstudio.ai)",
}
_BY_HAND = {"ollama": "ollama pull", "lmstudio": "lms get"}

_STEP_PERCENT = 5
"""How often how far a pull is gets told."""

_MOST_STATUS = 200
_MOST_BYTES = 1 << 60


class NoLocalModel(Exception):
    """There is nothing that the model could run on; the text says what to do."""


async def prepare_local_model(
    provider: str,
    model: str | None,
    config: Mapping[str, Any],
    environ: Mapping[str, str],
    *,
    tell: Callable[[str], None],
) -> None:
    """Have the provider's program get the model where it lacks it, and tell how far that is.

    `config` is a read configuration. What is not on this machine, or no such program, is left for the turn to find
    out. Raises NoLocalModel.
    """
    address = _base_url(provider, config, environ)
    if not is_web_address(address):
        return
    parts = urlsplit(address)
    host, port = parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)
    if not is_loopback(host):
        return
    name = _NAMES.get(provider, provider)
    if not await _answers(host, port):
        start = _STARTS.get(provider, "start it")
        raise NoLocalModel(f"{name} does not run at {without_credentials(address)}: {start}, then try again.")
    if model is not None and provider in _NAMES:
        problem = await _pull_if_missing(provider, model, address, environ, tell)
        if problem is not None:
            by_hand = f"`{_BY_HAND[provider]} {model}`"
            raise NoLocalModel(f"{name} could not get `{model}`: {problem}. Try {by_hand}, or name another one by -m.")


async def _answers(host: str, port: int) -> bool:
    with contextlib.suppress(OSError), trio.move_on_after(ANSWER_SECONDS):
        await (await trio.open_tcp_stream(host, port)).aclose()
        return True
    return False


async def _pull_if_missing(
    provider: str, model: str, address: str, environ: Mapping[str, str], tell: Callable[[str], None]
) -> str | None:
    """Return why the model could not be had; None where it is there, or the program does not tell."""
    # Imported where a model is local: it brings the HTTP client.
    from codex_trio.model.http import open_transport
    from codex_trio.model.local_models import LmStudio, LocalModels, Ollama, PullFailed

    name = _NAMES[provider]
    progress = _Progress(model, tell)
    async with open_transport(environ) as transport:
        kind = Ollama if provider == "ollama" else LmStudio
        models: LocalModels = kind(transport, address)
        if await models.has(model) is not False:
            return None
        tell(f"{name} does not have `{model}` yet: pulling it.")
        try:
            await models.pull(model, lambda pulled: progress.show(pulled.status, pulled.done, pulled.of))
        except PullFailed as error:
            return shown_text(str(error))
    tell(f"{name} has `{model}` now.")
    return None


class _Progress:
    """Tells what is new of a pull, a step at a time."""

    def __init__(self, model: str, tell: Callable[[str], None]) -> None:
        self._model = model
        self._tell = tell
        self._latest: tuple[str, int | None] | None = None

    def show(self, status: str, done: int | None, of: int | None) -> None:
        status = shown_text(status[:_MOST_STATUS])
        # What a program says of itself binds nobody.
        percent = None
        if of is not None and done is not None and of > 0 and done >= 0:
            percent = min(100, 100 * done // of)
        step = None if percent is None else percent // _STEP_PERCENT
        if not status or self._latest == (status, step):
            return
        self._latest = status, step
        how_far = "" if percent is None or of is None else f", {percent} % of {min(of, _MOST_BYTES) / 1e9:.1f} GB"
        self._tell(f"Pulling {self._model}: {status}{how_far}")


def _base_url(provider: str, config: Mapping[str, Any], environ: Mapping[str, str]) -> str:
    configured = config["model_providers"].get(provider)
    if configured is not None and configured["base_url"] is not None:
        return configured["base_url"]
    built_in = build_providers({}, openai_base_url=None, environ=environ, set_in={}).get(provider)
    return "" if built_in is None else built_in.base_url
