"""A client of one app-server connection, blocking and lean: requests, bursts of them, turns.

Owns request ids and waiting for replies and notifications. Does not own bytes (`wire`), processes (`driver`) or what is
measured (the families). It looks for byte strings and decodes only results that somebody reads.
"""

import contextlib
import itertools
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from benchmarks.wire import WAIT_SECONDS, MeasurementFailed, NothingCame, Wire, split

_IN_FLIGHT = 100  # a server may refuse requests when more than 128 wait
_PROBE_SECONDS = 0.02
_ID = b'"benchmark-'
_ERROR = b'"error":{"code"'


class Turn(NamedTuple):
    """What a turn took, in seconds, and what the server sent meanwhile."""

    total: float
    streaming: float
    """From the first delta of the agent's message to the turn's end."""
    output: bytes


class Burst(NamedTuple):
    """What many requests at once took, in seconds."""

    total: float
    client: float
    """Of that, processor time of this process: near `total`, the client is what was measured."""


class Round(NamedTuple):
    """What became of turns that were started together."""

    total: float
    answered: int
    statuses: Counter[str]
    """How many ended in which way."""
    missing: set[str]
    """The threads whose turns did not end in time."""
    lags: list[float]
    """What small requests took meanwhile, in seconds, one every few milliseconds."""


class Connection:
    """A connection to a server, not yet initialized."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire
        self._ids = itertools.count(1)
        self._received = bytearray()

    def initialize(self) -> None:
        """Introduce the client and wait for the reply."""
        info = {"name": "benchmark", "title": None, "version": "1.0"}
        self.request("initialize", {"clientInfo": info, "capabilities": {"experimentalApi": True}})
        self._wire.write(self._wire.frame(msgspec.json.encode({"method": "initialized"})))

    def request(self, method: str, params: object, *, seconds: float = WAIT_SECONDS) -> Any:
        """Send a request, wait for its reply, and return the result."""
        reply = msgspec.json.decode(self._exchange(method, params, seconds))
        if "error" in reply:
            raise MeasurementFailed(f"{method} was refused: {reply['error']['message']}")
        return reply["result"]

    def time(self, method: str, params: object, *, seconds: float = WAIT_SECONDS) -> tuple[float, bytearray]:
        """Send a request and wait for its reply. Returns the seconds that it took, and the undecoded reply."""
        before = time.perf_counter()
        reply = self._exchange(method, params, seconds)
        elapsed = time.perf_counter() - before
        if _ERROR in reply:
            raise MeasurementFailed(f"{method} was refused: {reply[:300].decode(errors='replace')}")
        return elapsed, reply

    def send(self, method: str, params: object) -> None:
        """Send a request, and wait for nothing."""
        self._wire.write(self._frame(method, params)[1])

    def wait(self, needle: bytes) -> None:
        """Wait for a line that holds `needle`."""
        self._take(needle, WAIT_SECONDS)

    def wait_for_quiet(self, needle: bytes, *, quiet: float, seconds: float) -> float:
        """Wait for a line that holds `needle`, then until nothing has come for a while.

        Returns when the last lines came, by the counter of performance.
        """
        self._take(needle, seconds)
        last = time.perf_counter()
        with contextlib.suppress(NothingCame):
            while True:
                self._wire.read(time.monotonic() + quiet, "further lines")
                last = time.perf_counter()
        return last

    def burst(self, method: str, params: object, times: int) -> Burst:
        """Send the same request many times, a hundred unanswered ones at most, and wait for every reply."""
        frames = [self._frame(method, params)[1] for _ in range(times)]
        sent = answered = 0
        deadline = time.monotonic() + WAIT_SECONDS
        client = time.process_time()
        before = time.perf_counter()
        while answered < times:
            until = min(times, answered + _IN_FLIGHT)
            if sent < until:
                self._wire.write(b"".join(frames[sent:until]))
                sent = until
            lines = self._wire.read(deadline, f"reply {answered + 1} of {times} to {method}")
            if _ERROR in lines:
                raise MeasurementFailed(f"a request of a burst was refused: {lines[:300].decode(errors='replace')}")
            answered += lines.count(_ID)
        return Burst(time.perf_counter() - before, time.process_time() - client)

    def start_thread(self, cwd: Path, **more: object) -> str:
        """Start a thread. Returns its id."""
        return self.request("thread/start", {"cwd": str(cwd), **more})["thread"]["id"]

    def turn(self, thread_id: str, text: str) -> Turn:
        """Run a turn to its end."""
        params = {"threadId": thread_id, "input": [{"type": "text", "text": text}]}
        request_id, frame = self._frame("turn/start", params)
        before = time.perf_counter()
        self._wire.write(frame)
        reply = self._take(request_id, WAIT_SECONDS)
        if _ERROR in reply:
            raise MeasurementFailed(f"the turn was refused: {reply.decode(errors='replace')}")
        output = self._take(b'"item/agentMessage/delta"', WAIT_SECONDS)
        first = time.perf_counter()
        output += self._take(b'"turn/completed"', WAIT_SECONDS)
        after = time.perf_counter()
        status = msgspec.json.decode(_last_line(output))["params"]["turn"]["status"]
        if status != "completed":
            raise MeasurementFailed(f"the turn ended as {status}")
        return Turn(total=after - before, streaming=after - first, output=bytes(output))

    def until_turn_ends(self, method: str, params: object) -> tuple[float, bytes]:
        """Send a request that begins a turn; the time to the turn's end, and all that came until then."""
        request_id, frame = self._frame(method, params)
        before = time.perf_counter()
        self._wire.write(frame)
        output = self._take(request_id, WAIT_SECONDS)
        if _ERROR in output:
            raise MeasurementFailed(f"{method} was refused: {output.decode(errors='replace')}")
        output += self._take(b'"turn/completed"', WAIT_SECONDS)
        after = time.perf_counter()
        status = msgspec.json.decode(_last_line(output))["params"]["turn"]["status"]
        if status != "completed":
            raise MeasurementFailed(f"the turn ended as {status}")
        return after - before, bytes(output)

    def turns(self, thread_ids: Sequence[str], text: str, *, seconds: float, others: int = 0) -> Round:
        """Start a turn in each of many threads, a hundred unanswered requests at most, and wait for all ends.

        So many `others` begin by themselves.
        """
        begun = time.perf_counter()
        deadline = time.monotonic() + seconds
        waiting, statuses, probe = set(thread_ids), Counter[str](), _Probe(self._wire)
        frames = [
            self._frame("turn/start", {"threadId": thread_id, "input": [{"type": "text", "text": text}]})[1]
            for thread_id in thread_ids
        ]
        sent = answered = 0
        while waiting or answered < len(frames) or statuses.total() < len(frames) + others:
            until = min(len(frames), answered + _IN_FLIGHT)
            if sent < until:
                self._wire.write(b"".join(frames[sent:until]))
                sent = until
            try:
                lines = self._wire.read(min(deadline, probe.ask()), "the end of a turn")
            except NothingCame:
                if time.monotonic() < deadline:
                    continue
                break
            for line in lines.splitlines():
                if _ID in line:
                    answered += 1
                    if _ERROR in line:
                        raise MeasurementFailed(f"a turn was refused: {line[:300].decode(errors='replace')}")
                elif b'"turn/completed"' in line:
                    params = msgspec.json.decode(line)["params"]
                    waiting.discard(params["threadId"])
                    statuses[params["turn"]["status"]] += 1
                else:
                    probe.take(line)
        return Round(time.perf_counter() - begun, answered, statuses, waiting, probe.lags)

    def close(self) -> None:
        """Drop the connection."""
        self._wire.close()

    def _exchange(self, method: str, params: object, seconds: float) -> bytearray:
        request_id, frame = self._frame(method, params)
        self._wire.write(frame)
        return _last_line(self._take(request_id, seconds))

    def _frame(self, method: str, params: object) -> tuple[bytes, bytes]:
        request_id = f"benchmark-{next(self._ids):06}"
        message = msgspec.json.encode({"id": request_id, "method": method, "params": params})
        return b'"%b"' % request_id.encode(), self._wire.frame(message)

    def _take(self, needle: bytes, seconds: float) -> bytearray:
        """Wait for a line that holds `needle`. Returns everything up to the end of that line."""
        deadline = time.monotonic() + seconds
        start = 0
        while (found := self._received.find(needle, start)) < 0:
            start = len(self._received)  # whole lines: no needle begins in one and ends in the next
            lines = self._wire.read(deadline, needle.decode())
            if start:
                self._received += lines
            else:
                self._received = lines
        taken, self._received = split(self._received, self._received.index(b"\n", found) + 1)
        return taken


class _Probe:
    """Sends a small request now and then, the next one when the last was answered, and notes how long each took."""

    def __init__(self, wire: Wire) -> None:
        self.lags: list[float] = []
        self._wire = wire
        self._sent = self._next = 0.0
        self._number = 0
        self._is_waiting = False

    def ask(self) -> float:
        """Send one if it is time; the moment (monotonic) of the next."""
        now = time.monotonic()
        if not self._is_waiting and now >= self._next:
            self._number += 1
            request: dict[str, object] = {"id": self._id, "method": "account/read", "params": {}}
            self._wire.write(self._wire.frame(msgspec.json.encode(request)))
            self._sent, self._next, self._is_waiting = time.monotonic(), now + _PROBE_SECONDS, True
        return now + _PROBE_SECONDS if self._is_waiting else self._next

    def take(self, line: bytes | bytearray) -> None:
        """Look whether a line answers it."""
        if self._is_waiting and b'"%b"' % self._id.encode() in line:
            self.lags.append(time.monotonic() - self._sent)
            self._is_waiting = False

    @property
    def _id(self) -> str:
        return f"probe-{self._number}"


def milliseconds(seconds: float) -> float:
    """Return the unit of most rows."""
    return seconds * 1000


def percentile(values: Sequence[float], share: float) -> float:
    """Return the smallest value that `share` of all do not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]


def _last_line(lines: bytearray) -> bytearray:
    before = lines.rfind(b"\n", 0, len(lines) - 1) + 1
    return lines[before:] if before else lines
