"""Changing what later turns of a thread run with, without starting one.

Protocol source: `thread/settings/update`, release 0.169.0.
"""

from __future__ import annotations

from codex_trio_protocol.v2 import thread_settings as wire

from codex_trio.processors.services import WorkServices
from codex_trio.processors.thread.ids import parse_thread_id
from codex_trio.processors.thread.setting_changes import SettingChanges
from codex_trio.rpc.context import Handler, RequestContext


def handlers(services: WorkServices) -> dict[str, Handler]:
    """Return the handlers of this module."""
    return {"thread/settings/update": ThreadSettingsProcessor(services).update}


class ThreadSettingsProcessor:
    def __init__(self, services: WorkServices) -> None:
        self._runtime = services.threads
        self._changes = SettingChanges(services.config, services.threads.environments)

    async def update(
        self, params: wire.ThreadSettingsUpdateParams, _context: RequestContext
    ) -> wire.ThreadSettingsUpdateResponse:
        """Change settings of a loaded thread; a turn that runs goes on as it began. They outlive a restart."""
        runtime = self._runtime
        live = runtime.loaded.get(parse_thread_id(params.thread_id))
        await live.change_settings(self._changes.overrides(params, live))
        return wire.ThreadSettingsUpdateResponse()
