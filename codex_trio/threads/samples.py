"""Asking a loaded thread's model something beside the thread's turns.

Owns which thread, and which state of it, may be asked. Does not own the asking (engine/tasks/sample.py).
"""

from __future__ import annotations

from functools import partial

from codex_trio.engine.settings import TurnOverrides
from codex_trio.engine.tasks.sample import Sample, SampleRequest, sample
from codex_trio.threads.errors import ThreadError
from codex_trio.threads.live import LiveThread


async def sample_of(
    live: LiveThread,
    asked: SampleRequest,
    *,
    expected_turn_id: str,
    allows_running_turn: bool,
    overrides: TurnOverrides,
) -> Sample:
    """Return what the model says on top of that turn, which must be the thread's latest.

    Raises ThreadError, SampleFailed.
    """
    history = live.stored_history(
        ephemeral="sample source must be a persistent root thread",
        unsaid=f"invalid thread-store request: no rollout found for thread id {live.id}",
    )
    running = live.session.active
    if running is not None and not allows_running_turn:
        raise ThreadError("sample source must be idle")
    finished = [turn.id for turn in history.index.turns[-2:] if running is None or turn.id != running.id]
    sources = {*finished[-1:], *(() if running is None else (running.id,))}
    if expected_turn_id not in sources:
        raise ThreadError("sample source turn must be the latest finished turn")
    return await live.session.beside(partial(sample, asked=asked), overrides)
