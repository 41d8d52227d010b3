"""Processes that a test or scenario knows by number: whether they live, and waiting until they do not."""

from pathlib import Path

import trio

_PATIENCE = 30.0


def is_alive(pid: int) -> bool:
    """Return whether a process runs (a zombie does not)."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False
    return text.rpartition(")")[2].split()[0] not in "ZX"


async def wait_gone(*pids: int, seconds: float = _PATIENCE) -> None:
    """Wait until none of these processes runs. Raises TooSlowError when one lives on."""
    with trio.fail_after(seconds):
        while any(map(is_alive, pids)):  # noqa: ASYNC110  # nothing tells of the end of another's child
            await trio.sleep(0.01)
