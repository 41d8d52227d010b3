"""What comes of a write to the user's configuration, for whichever method asks for one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import trio

from codex_trio.config.errors import ConfigWriteError
from codex_trio.config.write import WriteOutcome
from codex_trio.rpc.errors import invalid_request

T = TypeVar("T")


async def written(write: Callable[[], T]) -> T:
    """Return what a write comes to, made off the loop. Raises RpcError for what may not be written."""
    try:
        return await trio.to_thread.run_sync(write)
    except ConfigWriteError as error:
        raise invalid_request(error.message, {"config_write_error_code": error.code}) from error


def written_to_wire(outcome: WriteOutcome) -> dict[str, Any]:
    """Return a `ConfigWriteResponse`. Plain JSON: a configuration may hold keys that no struct has."""
    overridden = outcome.overridden
    return {
        "status": outcome.status,
        "version": outcome.version,
        "filePath": str(outcome.file_path),
        "overriddenMetadata": None
        if overridden is None
        else {
            "message": overridden.message,
            "overridingLayer": {
                "name": overridden.layer.source.to_plain(),
                "version": overridden.layer.version,
            },
            "effectiveValue": overridden.effective_value,
        },
    }
