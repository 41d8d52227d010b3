"""What carries messages to an exec-server and back. The transports are above this package, so they are handed in."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Protocol, TypeAlias

from codex_trio.environments.targets import RemoteTarget


class ChannelClosed(Exception):
    """The connection is gone: nothing more can be read from it or written to it."""


class Channel(Protocol):
    """A connection. One task receives, one sends."""

    async def receive(self) -> bytes:
        """Return the next message. Raises ChannelClosed."""
        ...

    async def send(self, message: bytes) -> None:
        """Write a message. Raises ChannelClosed."""
        ...


OpenChannel: TypeAlias = Callable[[RemoteTarget], AbstractAsyncContextManager[Channel]]
"""Connects to an exec-server, in bounded time. Raises EnvironmentUnreachable."""
