"""The figures of an idle server: what it does while nobody wants anything of it. For laptops, and for many servers.

Taken with --only, as a sample lasts two minutes.
"""

import time
from collections.abc import Mapping

from benchmarks.connection import milliseconds
from benchmarks.driver import Lab, Server
from benchmarks.figures import Figure, Sample, Value, single
from benchmarks.model_server import SAY

_SETTLE_SECONDS = 16
"""By then threads that are wanted no more have ended."""

_IDLE_SECONDS = 125


def idle(lab: Lab) -> Sample:
    """Processor time and wake-ups of a server with a thread that has had a turn."""
    with lab.server() as server:
        server.initialize()
        server.connection.turn(server.connection.start_thread(lab.work), SAY)
        return _at_rest(server)


def idle_empty(lab: Lab) -> Sample:
    """Return those of a server that was asked for a list and no more."""
    with lab.server() as server:
        server.initialize()
        server.connection.request("thread/list", {})
        return _at_rest(server)


def _at_rest(server: Server) -> Sample:
    time.sleep(_SETTLE_SECONDS)
    busy, wake_ups = server.busy_seconds(), server.wake_ups()
    time.sleep(_IDLE_SECONDS)
    return milliseconds(server.busy_seconds() - busy), float(server.wake_ups() - wake_ups)


def _values(what: str) -> tuple[Value, Value]:
    idle = f"idle for {_IDLE_SECONDS} s{what}"
    return Value(f"{idle}, CPU", "ms"), Value(f"{idle}, wake-ups", "")


FIGURES: Mapping[str, Figure] = {
    "idle": Figure(_values(", a thread loaded"), single(idle)),
    "idle_empty": Figure(_values(", no thread"), single(idle_empty)),
}
"""By name."""
