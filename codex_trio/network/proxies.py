"""The proxies that commands have as their only way out, one for each command, in the server's own nursery.

Owns: taking over the listeners of a command's network, how many connections there are at once, and the end. Does not
own what may pass (`gate`, `judging`) or what is spoken (`http_front`, `socks_front`).

A command's proxy is made of listeners that were opened inside of its network (`sandbox/loopback`): whoever connects to
them is that command, and nobody else can.
"""

from __future__ import annotations

import errno
import logging
import resource
import socket
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager

import trio

from codex_trio.network.dialing import Dialer, SystemDialer
from codex_trio.network.gate import ClosedGate, HostGate, Opener, Tell
from codex_trio.network.judging import HostJudge, ListedHosts, Rules
from codex_trio.network.places import MOST_OF_A_COMMAND, CommandPlaces, SharedPlaces
from codex_trio.network.socks_front import serve_socks
from codex_trio.sandbox.policy import HostLimits

_log = logging.getLogger(__name__)

_MOST = 256
_SHARE_OF_DESCRIPTORS = 8
_LISTENERS = 2
_PAUSE = 0.1
PLACE_SECONDS = 30.0
"""How long a connection waits for a place before it is told that there is none."""
_EXHAUSTED = (errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.ENOBUFS)

_FULL = ClosedGate(
    f"too many connections are open (a command has at most {MOST_OF_A_COMMAND} at once, fewer while others have many): "
    "close some"
)

_Serve = Callable[[trio.SocketStream, Opener], Awaitable[None]]


class CommandProxies:
    """Made by `open_command_proxies`. `most` is how many connections commands share."""

    def __init__(self, nursery: trio.Nursery, dialer: Dialer, most: int) -> None:
        self._nursery = nursery
        self._dialer = dialer
        self._places = SharedPlaces(most)

    def door(
        self,
        limits: HostLimits,
        *,
        rules: Rules = tuple,
        judge: HostJudge | None = None,
        tell: Tell | None = None,
    ) -> CommandDoor:
        """Return the way out of one command that is to be started.

        `rules` gives those of `.rules` files; `judge` decides what is not listed, and without one that is refused;
        `tell` is told of refusals, beside the command.
        """
        gate = HostGate(ListedHosts(limits, rules), judge, tell, self._dialer)
        return CommandDoor(self._nursery, self._places.of_a_command(), gate, socks=limits.socks)


class CommandDoor:
    """The way out of one command, from its start until it is closed."""

    def __init__(self, nursery: trio.Nursery, places: CommandPlaces, gate: HostGate, *, socks: bool) -> None:
        self._nursery = nursery
        self._places = places
        from codex_trio.network.http_front import serve_http  # its parser is for commands that are held to hosts

        self._fronts: tuple[_Serve, ...] = (serve_http, serve_socks) if socks else (serve_http,)
        self._gate = gate
        self._scope = trio.CancelScope()

    def open(self) -> int:
        """Return a new descriptor through which the command is to hand over its listeners; the caller closes it."""
        ours, theirs = socket.socketpair()
        self._nursery.start_soon(self._run, ours)
        return theirs.detach()

    def close(self) -> None:
        """End all connections."""
        self._scope.cancel()

    async def _run(self, ours: socket.socket) -> None:
        with self._scope:
            listeners: list[trio.SocketListener] = []
            try:
                listeners = await _taken_over(ours)
                async with trio.open_nursery() as nursery:
                    for listener, serve in zip(listeners, self._fronts, strict=False):
                        nursery.start_soon(self._accept, listener, serve, nursery)
            except Exception:
                _log.exception("a command has no way out any more")
            finally:
                ours.close()
                for listener in listeners:
                    listener.socket.close()

    async def _accept(self, listener: trio.SocketListener, serve: _Serve, nursery: trio.Nursery) -> None:
        while True:
            try:
                client = await listener.accept()
            except OSError as error:
                if error.errno not in _EXHAUSTED:
                    _log.warning("a command has no way out any more: %s", error)
                    return
                await trio.sleep(_PAUSE)
                continue
            # Who comes while there is no room waits in the kernel's queue, and the first of it is told after a while.
            try:
                with trio.move_on_after(PLACE_SECONDS) as waiting:
                    await self._places.take()
            except BaseException:
                client.socket.close()
                raise
            if waiting.cancelled_caught:
                nursery.start_soon(_served, client, serve, _FULL)
            else:
                nursery.start_soon(self._serve, client, serve)

    async def _serve(self, client: trio.SocketStream, serve: _Serve) -> None:
        try:
            await _served(client, serve, self._gate)
        finally:
            self._places.give_back()


async def _served(client: trio.SocketStream, serve: _Serve, gate: Opener) -> None:
    try:
        async with client:
            await serve(client, gate)
    except (trio.BrokenResourceError, trio.ClosedResourceError, OSError):
        pass  # It went, or its host did.
    except Exception:
        _log.exception("a connection of a command was not served")


async def _taken_over(ours: socket.socket) -> list[trio.SocketListener]:
    """Return the listeners that a command's sandbox hands over; none when it went before."""
    ours.settimeout(0)
    await trio.lowlevel.wait_readable(ours)
    _, handles, _, _ = socket.recv_fds(ours, 1, _LISTENERS)
    taken = [socket.socket(fileno=handle) for handle in handles]
    try:
        for one in taken:
            one.settimeout(0)
        return [trio.SocketListener(trio.socket.from_stdlib_socket(one)) for one in taken]
    except BaseException:
        for one in taken:
            one.close()
        raise


@asynccontextmanager
async def open_command_proxies(dialer: Dialer | None = None) -> AsyncGenerator[CommandProxies]:
    """Provide the proxies of commands; when the block ends, no connection is left."""
    descriptors = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    most = _MOST if descriptors < 0 else max(1, min(_MOST, descriptors // _SHARE_OF_DESCRIPTORS))
    async with trio.open_nursery() as nursery:
        try:
            yield CommandProxies(nursery, dialer or SystemDialer(), most)
        finally:
            nursery.cancel_scope.cancel()
