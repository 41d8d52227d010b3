"""The family of connections: small requests over stdio and websocket, and what an idle connection holds.

Eight methods that both servers have and that do next to nothing, so that what is measured is the way from bytes to
reply. A sample of each is some round trips one after the other, then a burst.
"""

import contextlib
import time
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any

from benchmarks.connection import Burst, Connection, milliseconds, percentile
from benchmarks.driver import Lab
from benchmarks.figures import Figure, Sample, Sampler, Value, single
from benchmarks.model_server import SAY

_ROUND_TRIPS = 200
_BURST = 500
_WARM_UP = 20
_IDLE_BEFORE = 50
_IDLE = 400
_SETTLE_SECONDS = 1.0

METHODS: Mapping[str, Callable[[str], Any]] = {
    "mock/experimentalMethod": lambda _: {"value": "ping"},
    "thread/loaded/list": lambda _: {},
    "thread/read": lambda thread_id: {"threadId": thread_id},
    "config/read": lambda _: {},
    "configRequirements/read": lambda _: None,
    "account/read": lambda _: {},
    "model/list": lambda _: {},
    "collaborationMode/list": lambda _: {},
}
"""With their params, given the id of a thread that has had a turn."""

Connect = Callable[[Lab], AbstractContextManager[Connection]]


@contextlib.contextmanager
def over_stdio(lab: Lab) -> Generator[Connection]:
    """Provide the connection of a server on stdio."""
    with lab.server() as server:
        yield server.connection


@contextlib.contextmanager
def over_websocket(lab: Lab) -> Generator[Connection]:
    """Provide a connection to a server on a websocket."""
    with lab.listener() as listener, listener.connect() as connection:
        yield connection


def small_requests(connect: Connect) -> Callable[[Lab], AbstractContextManager[Sampler]]:
    """Round trips and a burst of each method, over one connection that stays open."""

    @contextlib.contextmanager
    def opened(lab: Lab) -> Generator[Sampler]:
        with connect(lab) as connection:
            connection.initialize()
            thread = connection.start_thread(lab.work)
            connection.turn(thread, SAY)
            requests = [(method, params(thread)) for method, params in METHODS.items()]
            for method, params in requests:
                connection.burst(method, params, _WARM_UP)
            yield lambda: _sample(connection, requests)

    return opened


def _sample(connection: Connection, requests: Sequence[tuple[str, Any]]) -> Sample:
    sample: list[float] = []
    bursts: list[Burst] = []
    for method, params in requests:
        trips = [connection.time(method, params)[0] for _ in range(_ROUND_TRIPS)]
        burst = connection.burst(method, params, _BURST)
        bursts.append(burst)
        sample += [milliseconds(percentile(trips, 0.5)), milliseconds(percentile(trips, 0.99))]
        sample.append(milliseconds(burst.total / _BURST) * 1000)
    busy = sum(burst.client for burst in bursts) / sum(burst.total for burst in bursts)
    return (*sample, busy * 100)


def idle_connections(lab: Lab) -> Sample:
    """Return what the server's memory grows by for each connection that is initialized and then left alone, in KiB."""
    with lab.listener() as listener, contextlib.ExitStack() as stack:
        sizes: list[int] = []
        for count in (_IDLE_BEFORE, _IDLE):
            for _ in range(count):
                stack.enter_context(listener.connect()).initialize()
            time.sleep(_SETTLE_SECONDS)
            sizes.append(listener.server.memory()[0])
        return ((sizes[1] - sizes[0]) / _IDLE / 1024,)


def _request_values(transport: str) -> tuple[Value, ...]:
    values = [
        Value(f"{transport} {method}, {what}", unit, 1.0)
        for method in METHODS
        for what, unit in (("p50", "ms"), ("p99", "ms"), ("in a burst", "us"))
    ]
    return (*values, Value(f"{transport}, client busy in bursts", "%"))


FIGURES: Mapping[str, Figure] = {
    "stdio": Figure(_request_values("stdio"), small_requests(over_stdio), lasting=True),
    "websocket": Figure(_request_values("ws"), small_requests(over_websocket), lasting=True),
    "idle": Figure((Value("memory of an idle websocket", "KiB", 1.0),), single(idle_connections)),
}
"""By name."""
