"""What a client has of its own besides its requests: watches, processes, searches, the threads that it follows.

Owns their tasks, which are children of the connection, the ids that the client knows them by, and that all of them are
closed when it goes. Does not own what they are. A resource that says much awaits `OutgoingMessages.send_and_wait`, so
that it goes no faster than the client reads.
"""

import itertools
import logging
from collections.abc import AsyncGenerator, Callable, Hashable
from contextlib import asynccontextmanager
from typing import Protocol, TypeVar

import trio

_log = logging.getLogger(__name__)

CLOSE_SECONDS = 10.0
"""How long a resource may take to be closed: as long as processes that are killed may take to be gone."""

_ENDED_AT_ONCE = 32


class Resource(Protocol):
    """Something that lives until its client goes, or ends it."""

    async def aclose(self) -> None:
        """End it for good. What takes longer than CLOSE_SECONDS is cancelled."""
        ...


class RunningResource(Resource, Protocol):
    """One that does something meanwhile, and may come to its end by itself."""

    async def run(self, *, task_status: trio.TaskStatus[None]) -> None:
        """Say when it has started, then run to the end, or until cancelled. `aclose` is called after that."""
        ...


OneKind = TypeVar("OneKind", bound=Resource)


class DuplicateResource(Exception):
    """The client has a resource of that kind and id already."""


class ConnectionResources:
    """The resources of one client, by kind (their class) and id; see the module."""

    def __init__(self) -> None:
        self._nursery: trio.Nursery | None = None
        self._owned: dict[tuple[type, Hashable], _Owned] = {}
        self._apart = trio.CancelScope()
        """Keeps many resources from being cancelled together with the connection."""

    @asynccontextmanager
    async def hosted(self) -> AsyncGenerator[None]:
        """For the connection: a block at whose end all are closed, side by side."""
        left = trio.Event()
        async with trio.open_nursery() as outer:
            self._nursery = await outer.start(self._host, left)
            try:
                yield
            finally:
                self._end_some()
                left.set()

    async def _host(self, left: trio.Event, *, task_status: trio.TaskStatus[trio.Nursery]) -> None:
        # Thousands of tasks that are cancelled at once would hold the loop: these are ended some at a time.
        with self._apart:
            async with trio.open_nursery() as nursery:
                task_status.started(nursery)
                await left.wait()
                while self._end_some():
                    await trio.lowlevel.checkpoint()
                nursery.cancel_scope.cancel()

    def _end_some(self) -> bool:
        """Begin to end some resources; return whether there were any that did not end yet."""
        going_on = (owned for owned in self._owned.values() if not owned.scope.cancel_called)
        ending = list(itertools.islice(going_on, _ENDED_AT_ONCE))
        for owned in ending:
            owned.scope.cancel()
        return bool(ending)

    async def start(
        self, resource_id: Hashable, resource: RunningResource, *, on_closed: Callable[[], object] = lambda: None
    ) -> None:
        """Have a resource run until it ends, is ended, or the client goes; return when it has started.

        `on_closed` must not wait or raise; it is called when the resource is closed and its id is free again.

        Raises DuplicateResource, and what the resource raises before it has started: then the client has it not.
        """
        owned = self._add(resource_id, resource, on_closed)
        assert self._nursery is not None
        await self._nursery.start(self._run, owned, resource)

    def own(self, resource_id: Hashable, resource: Resource) -> None:
        """Have a resource closed when it is ended or the client goes. Raises DuplicateResource."""
        owned = self._add(resource_id, resource)
        assert self._nursery is not None
        self._nursery.start_soon(self._keep, owned)

    def find(self, kind: type[OneKind], resource_id: Hashable) -> OneKind | None:
        """Return the resource of that kind and id, unless it has ended."""
        owned = self._owned.get((kind, resource_id))
        return owned.resource if owned is not None and isinstance(owned.resource, kind) else None

    async def end(self, kind: type[Resource], resource_id: Hashable) -> bool:
        """End a resource and return when it is closed, and its id free; False when there is none."""
        owned = self._owned.get((kind, resource_id))
        if owned is None:
            await trio.lowlevel.checkpoint()
            return False
        owned.scope.cancel()
        await owned.closed.wait()
        return True

    def _add(
        self, resource_id: Hashable, resource: Resource, on_closed: Callable[[], object] = lambda: None
    ) -> "_Owned":
        key = (type(resource), resource_id)
        if key in self._owned:
            raise DuplicateResource(f"{type(resource).__name__} {resource_id!r} is there already")
        owned = self._owned[key] = _Owned(key, resource, on_closed)
        self._apart.shield = len(self._owned) > _ENDED_AT_ONCE
        return owned

    async def _run(self, owned: "_Owned", resource: RunningResource, *, task_status: trio.TaskStatus[None]) -> None:
        status = _Status(task_status)
        try:
            with owned.scope:
                await resource.run(task_status=status)
        except Exception:
            if not status.has_started:
                raise
            # One broken resource must not take the connection with it.
            _log.exception("%s of a client broke", owned)
        finally:
            await self._close(owned)

    async def _keep(self, owned: "_Owned") -> None:
        try:
            with owned.scope:
                await trio.sleep_forever()
        finally:
            await self._close(owned)

    async def _close(self, owned: "_Owned") -> None:
        try:
            with trio.CancelScope(shield=True, deadline=trio.current_time() + CLOSE_SECONDS) as closing:
                await owned.resource.aclose()
            if closing.cancelled_caught:
                _log.warning("%s of a client was not closed within %g seconds", owned, CLOSE_SECONDS)
        except Exception:
            _log.exception("closing %s of a client failed", owned)
        finally:
            del self._owned[owned.key]
            owned.closed.set()
            owned.on_closed()


class _Owned:
    """A resource and its task."""

    def __init__(self, key: tuple[type, Hashable], resource: Resource, on_closed: Callable[[], object]) -> None:
        self.key = key
        self.resource = resource
        self.on_closed = on_closed
        self.scope = trio.CancelScope()
        self.closed = trio.Event()

    def __str__(self) -> str:
        kind, resource_id = self.key
        return f"{kind.__name__} {resource_id!r}"


class _Status:
    """Remembers whether a resource has started."""

    def __init__(self, inner: trio.TaskStatus[None]) -> None:
        self._inner = inner
        self.has_started = False

    def started(self, value: None = None) -> None:
        self._inner.started(value)
        self.has_started = True
