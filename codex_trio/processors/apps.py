"""Apps of an account. They come from the vendor's service, which this server does not talk to: there are none.

Protocol source: `app/list`, `app/installed`, `app/read`, release 0.171.0 with an API key.
"""

from __future__ import annotations

from codex_trio_protocol.v2 import apps as wire

from codex_trio.processors.services import Services
from codex_trio.processors.thread.ids import parse_thread_id
from codex_trio.rpc.context import Handler, RequestContext
from codex_trio.rpc.errors import invalid_params, invalid_request

_MOST_IDS = 100


def handlers(services: Services) -> dict[str, Handler]:
    """Return the handlers of this module."""
    processor = AppsProcessor(services)
    return {"app/list": processor.list, "app/installed": processor.installed, "app/read": processor.read}


class AppsProcessor:
    def __init__(self, services: Services) -> None:
        self._loaded = services.threads.loaded

    async def list(self, params: wire.AppsListParams, _context: RequestContext) -> wire.AppsListResponse:
        """No apps, on whatever page."""
        self._check_thread(params.thread_id)
        return wire.AppsListResponse(data=[])

    async def installed(self, params: wire.AppsInstalledParams, _context: RequestContext) -> wire.AppsInstalledResponse:
        """No apps."""
        self._check_thread(params.thread_id)
        return wire.AppsInstalledResponse(apps=[])

    async def read(self, params: wire.AppsReadParams, _context: RequestContext) -> wire.AppsReadResponse:
        """Return that none of them exists."""
        if len(params.app_ids) > _MOST_IDS:
            raise invalid_params(f"app/read accepts at most {_MOST_IDS} appIds")
        self._check_thread(params.thread_id)
        return wire.AppsReadResponse(apps=[], missing_app_ids=[*dict.fromkeys(params.app_ids)])

    def _check_thread(self, thread_id: str | None) -> None:
        if thread_id is not None and self._loaded.find(parse_thread_id(thread_id)) is None:
            raise invalid_request(f"thread not found: {thread_id}")
