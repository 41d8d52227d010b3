"""What comes of a write to the user's configuration, for whichever method asks for one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from codex_trio.config.errors import ConfigWriteError
from codex_trio.config.write import WriteOutcome
from codex_trio.rpc.errors import internal_error, invalid_request
from codex_trio.util.abandonable import finished_before

T = TypeVar("T")

_SECONDS = 30.0
"""More than another server may keep the lock, and less than a user waits for a disk that does not answer."""


async def written(write: Callable[[], T], *, rest: Callable[[], object] = lambda: None) -> T:
    """Return what a write comes to, made off the loop; `rest` is what nobody has to wait for.

    Raises RpcError for what may not be written, and when the disk does not answer.
    """
    try:
        return await finished_before(_SECONDS, _SECONDS, write, rest=rest)
    except TimeoutError:
        raise internal_error(
            f"the configuration could not be written within {_SECONDS:g} seconds: its folder does not answer. "
            "The change is made when it does; read the configuration again before you repeat it."
        ) from None
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
