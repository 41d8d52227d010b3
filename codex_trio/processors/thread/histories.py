"""The history of the thread that a request names, loaded or stored.

Owns the look-up and what is refused. Used by the processors that read histories.
"""

from __future__ import annotations

from codex_trio.processors.thread.ids import parse_thread_id
from codex_trio.rpc.errors import invalid_request
from codex_trio.state.history.rollout_history import RolloutHistory
from codex_trio.threads import errors
from codex_trio.threads.stored import StoredThreads


class ThreadHistories:
    """See the module."""

    def __init__(self, threads: StoredThreads) -> None:
        self._runtime = threads

    async def get(self, thread_id: str, *, feature: str) -> tuple[str, RolloutHistory]:
        """The thread's id in canonical form, and its history; `feature` names what is asked for in refusals.

        Raises RpcError, ThreadError when the thread is unknown, ephemeral, or nothing has been said in it yet;
        RolloutReadError.
        """
        runtime = self._runtime
        thread_id = parse_thread_id(thread_id)
        live = runtime.loaded.find(thread_id)
        if live is None:
            found = await runtime.store.locate(thread_id)
            if found is None:
                raise errors.not_loaded(thread_id)
            return thread_id, await runtime.store.history(found)
        if live.recorder.history is None:
            raise invalid_request(f"ephemeral threads do not support {feature}")
        if not live.recorder.is_materialized:
            raise invalid_request(
                f"thread {thread_id} is not materialized yet; {feature} is unavailable before first user message"
            )
        return thread_id, live.recorder.history
