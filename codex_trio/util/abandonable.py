"""Blocking work that nobody has to wait for: it is left behind when its caller is cancelled or its time is over."""

from __future__ import annotations

import errno
from collections.abc import Callable
from typing import ParamSpec, TypeVar

import trio

P = ParamSpec("P")
T = TypeVar("T")


async def abandonable(seconds: float, function: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
    """What `function` returns or raises, called in a thread of its own; TimeoutError (an OSError) after `seconds`.

    A function that is left behind goes on until it ends by itself, its result is dropped: it must change nothing. The
    thread counts against no limit, so that one that hangs (a dead mount) keeps nobody else waiting.
    """
    with trio.move_on_after(seconds):
        return await trio.to_thread.run_sync(
            lambda: function(*args, **kwargs), abandon_on_cancel=True, limiter=trio.CapacityLimiter(1)
        )
    raise TimeoutError(errno.ETIMEDOUT, f"did not answer within {seconds:g} seconds")
