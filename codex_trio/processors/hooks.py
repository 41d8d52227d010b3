"""Hooks: which there are for a folder or a thread, and whether they may run.

Protocol source: `hooks/list`, release 0.171.0.
"""

from __future__ import annotations

from pathlib import Path

from codex_trio_protocol.v2 import hooks as wire

from codex_trio.config.errors import ConfigLoadError
from codex_trio.extensions.hooks.hook import HookListing
from codex_trio.processors.services import Services
from codex_trio.processors.thread.ids import parse_thread_id
from codex_trio.rpc.context import Handler, RequestContext
from codex_trio.rpc.errors import invalid_request
from codex_trio.wire.hooks import hooks_entry

_MOST_ENTRIES = 64


def handlers(services: Services) -> dict[str, Handler]:
    """Return the handlers of this module."""
    return {"hooks/list": HooksProcessor(services).list}


class HooksProcessor:
    def __init__(self, services: Services) -> None:
        self._config = services.config
        self._extensions = services.extensions
        self._loaded = services.threads.loaded
        self._entries: dict[str, tuple[HookListing, wire.HooksListEntry]] = {}

    async def list(self, params: wire.HooksListParams, _context: RequestContext) -> wire.HooksListResponse:
        """Return the hooks for each folder, by default the server's own; a folder stands as it was given."""
        cwds = params.cwds
        if params.thread_id is not None:
            if cwds:
                raise invalid_request("hooks/list takes either cwds or threadId")
            live = self._loaded.find(parse_thread_id(params.thread_id))
            if live is None:
                raise invalid_request(f"thread not found: {params.thread_id}")
            cwds = [str(live.session.settings.cwd)]
        return wire.HooksListResponse(
            data=[await self._entry(cwd) for cwd in cwds or [str(self._config.resolve_cwd(None))]]
        )

    async def _entry(self, cwd: str) -> wire.HooksListEntry:
        try:
            config = await self._config.current(Path(cwd))
        except (ConfigLoadError, TimeoutError) as error:
            text = error.message if isinstance(error, ConfigLoadError) else f"the folder {error.strerror}"
            problem = wire.HookErrorInfo(path=cwd, message=f"failed to load configuration: {text}")
            return wire.HooksListEntry(cwd=cwd, hooks=[], warnings=[], errors=[problem])
        listing = await self._extensions.hooks(config)
        kept = self._entries.pop(cwd, None)
        entry = hooks_entry(cwd, listing) if kept is None or kept[0] is not listing else kept[1]
        while len(self._entries) >= _MOST_ENTRIES:
            self._entries.pop(next(iter(self._entries)))
        self._entries[cwd] = (listing, entry)
        return entry
