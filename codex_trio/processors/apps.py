"""Apps of an account. They come from the vendor's service, which this server does not talk to: there are none.

Protocol source: `app/list`, `app/installed`, `app/read`, release 0.171.0 with an API key.
"""

from __future__ import annotations

from codex_trio_protocol.v2 import apps as wire

from codex_trio.processors.services import Services
from codex_trio.processors.thread.ids import parse_thread_id
from codex_trio.rpc.context import Handler, RequestContext
from codex_trio.rpc.errors import invalid_params

_MOST_IDS = 100


def handlers(_services: Services) -> dict[str, Handler]:
    """Return the handlers of this module."""
    return {"app/list": _list, "app/installed": _installed, "app/read": _read}


async def _list(params: wire.AppsListParams, _context: RequestContext) -> wire.AppsListResponse:
    """No apps, on whatever page."""
    _check_thread(params.thread_id)
    return wire.AppsListResponse(data=[])


async def _installed(params: wire.AppsInstalledParams, _context: RequestContext) -> wire.AppsInstalledResponse:
    """No apps."""
    _check_thread(params.thread_id)
    return wire.AppsInstalledResponse(apps=[])


async def _read(params: wire.AppsReadParams, _context: RequestContext) -> wire.AppsReadResponse:
    """Return that none of them exists."""
    if len(params.app_ids) > _MOST_IDS:
        raise invalid_params(f"app/read accepts at most {_MOST_IDS} appIds")
    _check_thread(params.thread_id)
    return wire.AppsReadResponse(apps=[], missing_app_ids=params.app_ids)


def _check_thread(thread_id: str | None) -> None:
    if thread_id is not None:
        parse_thread_id(thread_id)
