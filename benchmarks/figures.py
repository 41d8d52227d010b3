"""What is measured. Each function takes one sample of one server in a fresh lab and gives its values by name.

Called by `__main__`. Seconds become milliseconds and bytes MiB here. A sample checks that the work was done: a server
that fails fast has no figure.
"""

import statistics
import time
from collections.abc import Callable, Mapping
from typing import NamedTuple

from benchmarks.driver import Lab, MeasurementFailed, Turn
from benchmarks.model_server import CALL_TOOLS, DELTAS, SAY, STREAM, TOOL_CALLS

_ROUND_TRIPS = 200
_PIPELINED = 500
_TURNS = 20
_SETTLE_SECONDS = 2.0
_MIB = 1 << 20


class Value(NamedTuple):
    """One row of the table."""

    name: str
    unit: str
    target: float | None = None
    """The ratio to the other server that ours should not exceed."""


Sample = tuple[float, ...]


def start_up(lab: Lab) -> Sample:
    """From spawning the process to the `initialize` reply: in a new home, and in the home that this left."""
    with lab.server() as server:
        first = server.initialize()
        server.request("thread/loaded/list", {})
    with lab.server() as server:
        return _ms(first), _ms(server.initialize())


def round_trips(lab: Lab) -> Sample:
    """A small request one after the other, and many at once."""
    with lab.server() as server:
        server.initialize()
        times: list[float] = []
        for _ in range(_ROUND_TRIPS):
            before = time.perf_counter()
            server.request("thread/loaded/list", {})
            times.append(time.perf_counter() - before)
        return _ms(statistics.median(times)), _ms(server.pipeline("thread/loaded/list", {}, _PIPELINED))


def turns(lab: Lab) -> Sample:
    """Turns of one word: the first of a server, and those after it in the same thread."""
    with lab.server() as server:
        server.initialize()
        thread = server.start_thread()
        first = server.turn(thread, SAY).total
        return _ms(first), _ms(statistics.median(server.turn(thread, SAY).total for _ in range(_TURNS)))


def deltas(lab: Lab) -> Sample:
    """A message streamed in many deltas."""
    turn = _second_turn(lab, STREAM)
    _check("deltas", turn.output.count(b'"item/agentMessage/delta"'), DELTAS)
    return _ms(turn.streaming), _ms(turn.total)


def tool_calls(lab: Lab) -> Sample:
    """A turn of commands, one for each response of the model."""
    turn = _second_turn(lab, CALL_TOOLS)
    _check("commands that exited with 0", turn.output.count(b'"exitCode":0'), TOOL_CALLS)
    return (_ms(turn.total),)


def memory(lab: Lab) -> Sample:
    """Memory of the idle server, with one thread and then after a turn in it."""
    with lab.server() as server:
        server.initialize()
        thread = server.start_thread()
        time.sleep(_SETTLE_SECONDS)
        resident, proportional = server.memory()
        server.turn(thread, SAY)
        time.sleep(_SETTLE_SECONDS)
        return tuple(size / _MIB for size in (resident, proportional, *server.memory()))


def _second_turn(lab: Lab, text: str) -> Turn:
    """A turn in a server that has run one: what is set up once is the figure of the first turn."""
    with lab.server() as server:
        server.initialize()
        thread = server.start_thread()
        server.turn(thread, SAY)
        return server.turn(thread, text)


def _check(what: str, found: int, wanted: int) -> None:
    if found != wanted:
        raise MeasurementFailed(f"{found} {what} instead of {wanted}")


def _ms(seconds: float) -> float:
    return seconds * 1000


FIGURES: Mapping[str, tuple[Callable[[Lab], Sample], tuple[Value, ...]]] = {
    "startup": (start_up, (Value("start-up, new home", "ms", 1.5), Value("start-up, used home", "ms", 1.5))),
    "rpc": (round_trips, (Value("round trip", "ms"), Value(f"{_PIPELINED} requests pipelined", "ms"))),
    "turn": (turns, (Value("first turn", "ms"), Value("turn overhead", "ms", 1 / 3))),
    "deltas": (
        deltas,
        (Value(f"{DELTAS} deltas, from the first", "ms", 1.0), Value(f"{DELTAS} deltas, whole turn", "ms", 1.0)),
    ),
    "tools": (tool_calls, (Value(f"{TOOL_CALLS} tool calls", "ms", 0.5),)),
    "memory": (
        memory,
        tuple(
            Value(f"idle {kind}, {when}", "MiB", 1.0)
            for when in ("one thread", "after a turn")
            for kind in ("RSS", "PSS")
        ),
    ),
}
"""By name: what takes a sample, and the values in it."""
