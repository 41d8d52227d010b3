"""The family of turns, over stdio: start-up, a turn's cost, deltas, tool calls, agents, scripts, compaction, memory.

Seconds become milliseconds and bytes MiB here. A sample checks that the work was done: a server that fails fast has no
figure.
"""

import statistics
import time
from collections.abc import Mapping

from benchmarks.connection import Turn, milliseconds, percentile
from benchmarks.driver import Lab
from benchmarks.figures import MIB, Figure, Sample, Value, single
from benchmarks.model_server import (
    AGENT_CALLS,
    AGENTS,
    CALL_TOOLS,
    DELTAS,
    HAVE_AGENTS,
    NESTED_CALLS,
    RUN_SCRIPT,
    SAY,
    STREAM,
    TOOL_CALLS,
)
from benchmarks.wire import WAIT_SECONDS, MeasurementFailed

_TURNS = 20
_ITEMS = 1_000
_SETTLE_SECONDS = 2.0


def start_up(lab: Lab) -> Sample:
    """From spawning the process to the `initialize` reply: in a new home, and in the home that this left."""
    with lab.server() as server:
        first = server.initialize()
        server.connection.request("thread/loaded/list", {})
    with lab.server() as server:
        return milliseconds(first), milliseconds(server.initialize())


def turns(lab: Lab) -> Sample:
    """Return turns of one word: the first of a server, and those after it in the same thread."""
    with lab.server() as server:
        server.initialize()
        thread = server.connection.start_thread(lab.work)
        first = server.connection.turn(thread, SAY).total
        return milliseconds(first), milliseconds(
            statistics.median(server.connection.turn(thread, SAY).total for _ in range(_TURNS))
        )


def deltas(lab: Lab) -> Sample:
    """Return a message streamed in many deltas."""
    turn = _second_turn(lab, STREAM)
    _check("deltas", turn.output.count(b'"item/agentMessage/delta"'), DELTAS)
    return milliseconds(turn.streaming), milliseconds(turn.total)


def tool_calls(lab: Lab) -> Sample:
    """Return a turn of commands, one for each response of the model."""
    turn = _second_turn(lab, CALL_TOOLS)
    _check("commands that exited with 0", turn.output.count(b'"exitCode":0'), TOOL_CALLS)
    return (milliseconds(turn.total),)


def agents(lab: Lab) -> Sample:
    """Return a turn whose model has many agents work at once, until all of them have ended."""
    with lab.server() as server:
        server.initialize()
        # Of a model that nothing is known of the tools for agents are offered at once.
        config = {"agents": {"max_threads": AGENTS}}
        thread = server.connection.start_thread(lab.work, model="somebody-else", config=config)
        server.connection.turn(thread, SAY)
        ran = server.connection.turns([thread], HAVE_AGENTS, seconds=WAIT_SECONDS, others=AGENTS)
        _check("turns that ended well", ran.statuses["completed"], AGENTS + 1)
        return milliseconds(ran.total), milliseconds(percentile(ran.lags, 0.99))


def script_calls(lab: Lab) -> Sample:
    """Return turns whose model runs one script that calls many tools: the first one, and another by the call."""
    with lab.server() as server:
        server.initialize()
        thread = server.connection.start_thread(lab.work, model="gpt-5.5", config={"features": {"code_mode": True}})
        server.connection.turn(thread, SAY)
        first = server.connection.turn(thread, RUN_SCRIPT).total
        again = server.connection.turn(thread, RUN_SCRIPT).total
        return milliseconds(first), milliseconds(again) / NESTED_CALLS


def compaction(lab: Lab) -> Sample:
    """Return the summing up of a long history, but for what the model takes."""
    with lab.server() as server:
        server.initialize()
        thread = server.connection.start_thread(lab.work)
        server.connection.turn(thread, SAY)
        server.connection.request("thread/inject_items", {"threadId": thread, "items": _conversation(_ITEMS)})
        seconds, output = server.connection.until_turn_ends("thread/compact/start", {"threadId": thread})
        _check("summaries", output.count(b'"contextCompaction"'), 2)
        return (milliseconds(seconds),)


def _conversation(count: int) -> list[dict[str, object]]:
    kinds = [("user", "input_text"), ("assistant", "output_text")]
    text = "A line of a long conversation. " * 8
    return [
        {"type": "message", "role": role, "content": [{"type": kind, "text": f"{number}: {text}"}]}
        for number in range(count)
        for role, kind in [kinds[number % 2]]
    ]


def memory(lab: Lab) -> Sample:
    """Memory of the idle server, with one thread and then after a turn in it."""
    with lab.server() as server:
        server.initialize()
        thread = server.connection.start_thread(lab.work)
        time.sleep(_SETTLE_SECONDS)
        resident, proportional = server.memory()
        server.connection.turn(thread, SAY)
        time.sleep(_SETTLE_SECONDS)
        return tuple(size / MIB for size in (resident, proportional, *server.memory()))


def _second_turn(lab: Lab, text: str) -> Turn:
    """Return a turn in a server that has run one: what is set up once is the figure of the first turn."""
    with lab.server() as server:
        server.initialize()
        thread = server.connection.start_thread(lab.work)
        server.connection.turn(thread, SAY)
        return server.connection.turn(thread, text)


def _check(what: str, found: int, wanted: int) -> None:
    if found != wanted:
        raise MeasurementFailed(f"{found} {what} instead of {wanted}")


FIGURES: Mapping[str, Figure] = {
    "startup": Figure(
        (Value("start-up, new home", "ms", 1.3), Value("start-up, used home", "ms", 1.3)), single(start_up)
    ),
    "turn": Figure((Value("first turn", "ms"), Value("turn overhead", "ms", 1 / 3)), single(turns)),
    "deltas": Figure(
        (Value(f"{DELTAS} deltas, from the first", "ms", 1.0), Value(f"{DELTAS} deltas, whole turn", "ms", 1.0)),
        single(deltas),
    ),
    "tools": Figure((Value(f"{TOOL_CALLS} tool calls", "ms", 0.5),), single(tool_calls)),
    "agents": Figure(
        (
            Value(f"{AGENTS} agents, {AGENT_CALLS} calls each", "ms", 1.0),
            Value(f"{AGENTS} agents, small request meanwhile, p99", "ms"),
        ),
        single(agents),
    ),
    "compaction": Figure((Value(f"a compaction of {_ITEMS} items", "ms", 1.0),), single(compaction)),
    "script": Figure(
        (Value(f"first script, {NESTED_CALLS} calls", "ms", 1.0), Value("a call in a script", "ms", 1.0)),
        single(script_calls),
    ),
    "memory": Figure(
        tuple(
            Value(f"idle {kind}, {when}", "MiB", 1.0)
            for when in ("one thread", "after a turn")
            for kind in ("RSS", "PSS")
        ),
        single(memory),
    ),
}
"""By name."""
