"""Asking a thread config loader without holding up anybody else, in bounded time."""

from __future__ import annotations

from pathlib import Path

import trio

from codex_trio.config.errors import ConfigLoadError
from codex_trio.config.layers import ConfigLayer
from codex_trio.config.thread_config import ThreadConfigError, ThreadConfigLoader, thread_config_layers

PATIENCE_SECONDS = 15.0
"""How long any loader may take; the remote one gives up earlier by itself."""


async def ask(
    loader: ThreadConfigLoader | str, folder: Path | None, *, patience: float = PATIENCE_SECONDS
) -> tuple[ConfigLayer, ...]:
    """Return the layers that a loader, or the service at an address, gives for a folder. Raises `ConfigLoadError`."""
    if isinstance(loader, str):
        from codex_trio.config.thread_config_remote import RemoteThreadConfig

        loader = RemoteThreadConfig(loader)
    cwd = None if folder is None else str(folder)
    try:
        with trio.fail_after(patience):
            return thread_config_layers(await trio.to_thread.run_sync(loader.load, cwd, abandon_on_cancel=True))
    except ThreadConfigError as error:
        raise ConfigLoadError(str(error)) from None
    except trio.TooSlowError:
        raise ConfigLoadError(f"the thread config loader did not answer within {patience:g} s") from None
