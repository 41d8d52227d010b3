"""Errors of a block with a nursery of its own, given to the caller as they were raised.

A nursery wraps whatever leaves it in an exception group, even a single error; whoever opens a connection should be able
to catch the error by its type. Owns the unwrapping. Several errors at once stay a group.
"""

import contextlib
import functools
from collections.abc import AsyncGenerator, Callable
from contextlib import AbstractAsyncContextManager
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")


def with_plain_errors(
    open_block: Callable[P, AbstractAsyncContextManager[T]],
) -> Callable[P, AbstractAsyncContextManager[T]]:
    """Let the block's errors leave it without the groups of the nurseries inside, where there is just one error."""

    @functools.wraps(open_block)
    @contextlib.asynccontextmanager
    async def opened(*args: P.args, **kwargs: P.kwargs) -> AsyncGenerator[T]:
        raised: BaseException | None = None
        try:
            async with open_block(*args, **kwargs) as value:
                try:
                    yield value
                except BaseException as error:
                    raised = error
                    raise
        except BaseExceptionGroup as group:
            _raise_as_it_was(_single(group, raised))

    return opened


def _single(failure: BaseException, raised: BaseException | None) -> BaseException:
    """Return what a chain of groups with one member each is about: what the block raised, be it a group, or a single
    error.
    """
    if raised is not None and _same(failure, raised):
        return raised
    members = _members(failure)
    return _single(members[0], raised) if len(members) == 1 else failure


def _same(one: BaseException, other: BaseException) -> bool:
    """Return whether two are one error: scopes that end take groups apart and build them anew."""
    members, others = _members(one), _members(other)
    if not members:
        return one is other
    return len(members) == len(others) and all(map(_same, members, others))


def _members(failure: BaseException) -> tuple[BaseException, ...]:
    return getattr(failure, "exceptions", ())


def _raise_as_it_was(error: BaseException) -> None:
    """Raise an error again with the cause and context that it had."""
    cause, context, suppress = error.__cause__, error.__context__, error.__suppress_context__
    try:
        raise error
    finally:
        error.__cause__, error.__context__, error.__suppress_context__ = cause, context, suppress
