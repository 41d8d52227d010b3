"""Processors without a server around them: params of a method in, what is answered and told out.

Below them is the thread layer in memory, with a model that never answers.
"""

from __future__ import annotations

import inspect
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, TypeVar, cast

import msgspec
import trio
from codex_trio_protocol import decoding
from codex_trio_protocol.table import CLIENT_REQUESTS
from thread_lab import CLIENT, Lab, open_threads

from codex_trio.identity.user_agent import Identity
from codex_trio.model.catalog import bundled_catalog
from codex_trio.processors import registry, work
from codex_trio.processors.services import ServerLoad, WorkServices
from codex_trio.rpc.codec import encode_response
from codex_trio.rpc.context import ClientProfile, ConnectionHandle, RequestContext
from codex_trio.rpc.outbox import Outbox
from codex_trio.threads.elicitation import Elicitations
from codex_trio.threads.mcp_logins import ServerLogins
from codex_trio.threads.runtime import ThreadRuntime

Made = TypeVar("Made")


class NotingOutgoing:
    """Notes what is told, and to whom if not to everybody."""

    def __init__(self) -> None:
        self.told: list[tuple[str, dict[str, Any], list[int] | None]] = []
        self.replayed: list[tuple[str, int]] = []

    def notify(self, method: str, params: Any = None, *, targets: Any = None) -> None:
        self.told.append((method, msgspec.to_builtins(params), None if targets is None else sorted(targets)))

    def replay(self, thread_id: str, connection_id: int) -> None:
        self.replayed.append((thread_id, connection_id))

    def methods(self) -> list[str]:
        return [method for method, _, _ in self.told]


class NoProcesses:
    """What a client has of processes: none, and none can be started."""

    async def aclose(self) -> None:
        await trio.lowlevel.checkpoint()


class Bench:
    """Answers requests of one client."""

    def __init__(self, lab: Lab, home: Path) -> None:
        self.lab = lab
        self.outgoing = NotingOutgoing()
        self.gate = lab.gate
        self.connection = ConnectionHandle(CLIENT, Outbox(), remote=False, transport="in_process")
        self.connection.client = ClientProfile(
            name="test", title=None, version="1", experimental_api=True, opted_out=frozenset()
        )
        runtime = made(
            ThreadRuntime,
            **{name: getattr(lab.threads, name) for name in lab.threads.__struct_fields__},
            environments=lab.environments,
            manager=lab.manager,
            host=lab.host,
            upkeep=lab.upkeep,
            queues=lab.queues,
            goals=lab.goals,
            elicitations=Elicitations(),
            mcp=lab.mcp,
            mcp_logins=ServerLogins(cast("Any", None), lab.mcp, lab.clients),
        )
        services = made(
            WorkServices,
            codex_home=home,
            source="vscode",
            config=lab.config,
            identity=Identity({}),
            outgoing=self.outgoing,
            catalog=bundled_catalog(),
            threads=runtime,
            load=lambda: ServerLoad(requests_in_flight=1, requests_queued=2, turns=3),
            gate=self.gate,
            new_client_processes=NoProcesses,
        )
        self._handlers = {**registry.handlers(services), **work.work_handlers(services)}

    async def call(self, method: str, **params: Any) -> Any:
        """Return the answer in its JSON form; what comes with it has been told by then. Raises as the handler."""
        context = RequestContext(self.connection, 1, method)
        typed = decoding.convert(params, CLIENT_REQUESTS[method].params_type())
        try:
            answer = self._handlers[method](typed, context)
            if inspect.isawaitable(answer):
                answer = await answer
            for callback in context.take_callbacks():
                callback()
        finally:
            context.settle()
        message = encode_response(1, answer)
        encoded = message if isinstance(message, bytes) else b"".join(message.take())
        return msgspec.json.decode(encoded)["result"]


def made(kind: Callable[..., Made], **parts: object) -> Made:
    """Return services of that kind; what is not given is None: no processor of these tests has to do with it."""
    names: tuple[str, ...] = getattr(kind, "__struct_fields__")  # noqa: B009 - not of every callable
    return kind(**(dict.fromkeys(names) | parts))


@asynccontextmanager
async def open_bench(base: Path) -> AsyncGenerator[Bench]:
    """Provide processors, bounded in time."""
    async with open_threads(base) as lab:
        bench = Bench(lab, base / "codex")
        async with bench.connection.resources.hosted():
            yield bench
