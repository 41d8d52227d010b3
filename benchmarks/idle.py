"""The figure of an idle server: what it does while nobody wants anything of it. For laptops, and for many servers.

Taken with --only, as a sample lasts two minutes.
"""

import time
from collections.abc import Mapping

from benchmarks.connection import milliseconds
from benchmarks.driver import Lab
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
        time.sleep(_SETTLE_SECONDS)
        busy, wake_ups = server.busy_seconds(), server.wake_ups()
        time.sleep(_IDLE_SECONDS)
        return milliseconds(server.busy_seconds() - busy), float(server.wake_ups() - wake_ups)


FIGURES: Mapping[str, Figure] = {
    "idle": Figure(
        (Value(f"idle for {_IDLE_SECONDS} s, CPU", "ms"), Value(f"idle for {_IDLE_SECONDS} s, wake-ups", "")),
        single(idle),
    )
}
"""By name."""
