"""What is built behind the first answer, in a task of its own, and lives until that is cancelled."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Generic, TypeVar

import trio

Built = TypeVar("Built")


class Deferred(Generic[Built]):
    """One thing that is built when it is first wanted; those that need it meanwhile wait. `run` it once.

    Args:
        open: builds it on entering, and ends it on leaving.
    """

    def __init__(self, open: Callable[[], AbstractAsyncContextManager[Built]]) -> None:
        self._open = open
        self.built: Built | None = None
        """The thing, once it is there: for those who would rather not wait."""
        self._wanted = trio.Event()
        self._settled = trio.Event()
        self._problem: Exception | None = None

    def want(self) -> None:
        """Have it built, if it is not."""
        self._wanted.set()

    async def ready(self) -> Built:
        """Return it once it is built. Raise what building it raised; whoever wants it next has that tried again."""
        self.want()
        await self._settled.wait()
        if self.built is None:
            assert self._problem is not None
            raise self._problem
        return self.built

    async def run(self) -> None:
        """Build it when it is wanted, and keep it until cancelled. Trouble after it was built is raised."""
        while True:
            await self._wanted.wait()
            try:
                async with self._open() as self.built:
                    self._settled.set()
                    await trio.sleep_forever()
            except Exception as error:
                if self.built is not None:
                    raise
                self._problem = error
                self._settled.set()
            self._wanted, self._settled = trio.Event(), trio.Event()
