"""Blocking work that nobody has to wait for: it is left behind when its caller is cancelled or its time is over."""

from __future__ import annotations

import contextlib
import errno
from collections.abc import Callable
from functools import partial
from typing import ParamSpec, TypeVar

import outcome
import trio

P = ParamSpec("P")
T = TypeVar("T")


async def abandonable(seconds: float, function: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
    """Return what `function` returns or raises, called in a thread of its own; TimeoutError (an OSError) after
    `seconds`.

    A function that is left behind goes on until it ends by itself, its result is dropped: it must change nothing. The
    thread counts against no limit, so that one that hangs (a dead mount) keeps nobody else waiting.
    """
    with trio.move_on_after(seconds):
        return await trio.to_thread.run_sync(
            lambda: function(*args, **kwargs), abandon_on_cancel=True, limiter=trio.CapacityLimiter(1)
        )
    raise TimeoutError(errno.ETIMEDOUT, f"did not answer within {seconds:g} seconds")


async def finished(seconds: float, grace: float, function: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
    """Return the same for work that changes something: a caller that is cancelled waits for it, `grace`
    seconds at most.
    """
    return await finished_before(seconds, grace, partial(function, *args, **kwargs), rest=lambda: None)


async def finished_before(seconds: float, grace: float, function: Callable[[], T], *, rest: Callable[[], object]) -> T:
    """Return the same as soon as `function` has ended. `rest` is called in its thread behind that, and must not raise:
    nobody waits for it, or learns of it.
    """
    token = trio.lowlevel.current_trio_token()
    done = trio.Event()
    results: list[outcome.Outcome[T]] = []

    def deliver(result: outcome.Outcome[T]) -> None:
        results.append(result)
        with contextlib.suppress(trio.RunFinishedError):
            token.run_sync_soon(done.set)
        rest()

    trio.lowlevel.start_thread_soon(function, deliver)
    try:
        with trio.move_on_after(seconds):
            await done.wait()
    except trio.Cancelled:
        # The caller is to learn what became of the work; the next thing that it waits for is cancelled.
        with trio.CancelScope(shield=True, deadline=trio.current_time() + grace):
            await done.wait()
    if not results:
        raise TimeoutError(errno.ETIMEDOUT, f"did not end within {seconds:g} seconds")
    return results[0].unwrap()
