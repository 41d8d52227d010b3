"""A thread with all that its agents spawned, which are put away, taken back and deleted together.

Owns which threads these are, and what is refused. Used by the thread stores.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

from codex_trio.state.store.interface import AgentGraphStore, ThreadStoreError

_Rollouts = TypeVar("_Rollouts", bound=Sequence[object])


async def family_of(
    thread_id: str, graph: AgentGraphStore, rollouts: Callable[[str], Awaitable[_Rollouts]]
) -> dict[str, _Rollouts]:
    """Return what a store has of each thread, the thread's own first; nothing when its own is not there.

    `rollouts` gives what it has of one thread.
    """
    family: dict[str, _Rollouts] = {}
    for member in (thread_id.lower(), *await graph.descendants(thread_id)):
        found = await rollouts(member)
        if found:
            family[member] = found
        elif not family:
            break
    return family


def no_rollout(thread_id: str, *, archived: bool | None = None) -> ThreadStoreError:
    """There is no such thread, or not where it was looked for."""
    kind = "archived rollout" if archived else "rollout"
    return ThreadStoreError("not_found", f"no {kind} found for thread id {thread_id}")


def still_needed(thread_id: str) -> ThreadStoreError:
    """Say that threads that would stay go on from the lines of one that is to be deleted."""
    return ThreadStoreError("conflict", f"cannot delete thread {thread_id}: forked history still references it")
