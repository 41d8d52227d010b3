"""Services that are built when they are first needed, and references that do not keep their target alive.

Owns both helpers. Used by the composition root, so that what it hands down leads back to it by weak references only:
a server that has ended is freed at once.
"""

import weakref
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

import trio

Service = TypeVar("Service")
Result = TypeVar("Result")


def held_weakly(method: Callable[[], Result]) -> Callable[[], Result]:
    """A function that calls a bound method as long as its object is there, and raises ReferenceError after that."""
    reference = weakref.WeakMethod(method)

    def call() -> Result:
        target = reference()
        if target is None:
            raise ReferenceError("the server has ended")
        return target()

    return call


class OnFirstUse(Generic[Service]):
    """A service that the first call builds; those that come meanwhile wait. A failed attempt leaves it to the next.

    Args:
        build: makes the service.
    """

    def __init__(self, build: Callable[[], Awaitable[Service]]) -> None:
        self._build = build
        self._building = trio.Lock()
        self.built: Service | None = None
        """The service, once it was built: for those who would rather not wait."""

    async def __call__(self) -> Service:
        """The service. Raises what building it raises."""
        if self.built is not None:
            return self.built
        async with self._building:
            if self.built is None:
                self.built = await self._build()
            return self.built
