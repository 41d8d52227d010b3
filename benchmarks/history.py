"""The family of history: a home full of threads, one of them big; started cold, then warm; listed, searched and read.

A sample starts the server on a copy of the home that no server has seen, lets it come to rest, and starts it a second
time. Every reply is checked: a server that answers early with less has no figure.
"""

import time
from collections.abc import Mapping
from typing import Any

import msgspec

from benchmarks.connection import Connection, milliseconds, percentile
from benchmarks.driver import Lab, Server
from benchmarks.figures import MIB, Figure, Sample, Value, single
from benchmarks.home import NEEDLE, PAGE, Home
from benchmarks.wire import MeasurementFailed

_SECONDS = 600.0
_PAGES = 200
_SEARCHES = 5
_TURNS = 10
_THIRD = 1 / 3
_HEAD_START_SECONDS = 10.0
"""By then a server has begun what it does by itself."""
_PAUSE_SECONDS = 0.15
"""Between two requests of a user who has just seen the list: servers use it to load what may be asked for next."""


def cold_and_warm(lab: Lab) -> Sample:
    """Return every value of the family that both servers have."""
    home = lab.homes.copy(lab.codex_home)
    with lab.server() as server:
        cold = [*_start(server, home), *_open_big(server.connection, home)]
        server.settle()
    with lab.server() as server:
        warm = [*_start(server, home), *_pages(server.connection), _search(server.connection, home)]
        warm += _open_big(server.connection, home)
        return (*map(milliseconds, cold + warm), server.memory()[0] / MIB)


def restarts(lab: Lab) -> Sample:
    """Second starts that are used at once: after the first list of a new home, and when the home has come to rest."""
    home = lab.homes.copy(lab.codex_home)
    with lab.server() as server:
        _start(server, home)
    with lab.server() as server:
        early = [*_start(server, home)]
        _open_big(server.connection, home)
        server.settle()
    with lab.server() as server:
        settled = [*_start(server, home), _last_turns(server.connection, home)]
    with lab.server() as server:
        _start(server, home)
        time.sleep(_PAUSE_SECONDS)
        settled += [_last_turns(server.connection, home), _read(server.connection, home)]
    return tuple(map(milliseconds, early + settled))


def full_text(lab: Lab) -> Sample:
    """`thread/search`, when everything is indexed."""
    home = lab.homes.copy(lab.codex_home)
    with lab.server() as server:
        _start(server, home)
        connection = server.connection
        deadline = time.monotonic() + _SECONDS
        while len(_threads_found(connection)) < home.needles:
            if time.monotonic() > deadline:
                raise MeasurementFailed(f"{len(_threads_found(connection))} threads found instead of {home.needles}")
            time.sleep(0.5)
        times = [
            connection.time("thread/search", {"searchTerm": NEEDLE}, seconds=_SECONDS)[0] for _ in range(_SEARCHES)
        ]
        return (milliseconds(percentile(times, 0.5)),)


def paging(lab: Lab) -> Sample:
    """Only pages of the list, for homes of sizes that not every server can be asked to bear."""
    home = lab.homes.copy(lab.codex_home)
    with lab.server() as server:
        first, listed = _start(server, home)
        server.settle()
        return (milliseconds(first), milliseconds(listed), *map(milliseconds, _pages(server.connection)))


def index(lab: Lab) -> Sample:
    """Return what a server that is left alone with a home that none has seen writes to disk, and what that costs."""
    home = lab.homes.copy(lab.codex_home)
    with lab.server() as server:
        _start(server, home)
        time.sleep(_HEAD_START_SECONDS)
        server.settle()
        written, busy = server.written(), server.busy_seconds()
    kept = sum(path.stat().st_size for path in lab.codex_home.glob("*.sqlite*"))
    return written / MIB, kept / MIB, busy


def _start(server: Server, home: Home) -> tuple[float, float]:
    """Return seconds from spawning to the reply to `initialize`, and to the first list that names the
    newest threads.
    """
    initialized = server.initialize()
    while server.age() < _SECONDS:
        _, reply = server.connection.time("thread/list", {"limit": PAGE}, seconds=_SECONDS)
        if [thread["id"] for thread in _result(reply)["data"]] == home.newest:
            return initialized, server.age()
    raise MeasurementFailed("the first page of the list never named the newest threads")


def _pages(connection: Connection) -> tuple[float, float]:
    """Return seconds of a page of the list: p50 and p99 of a walk through many of them."""
    times: list[float] = []
    cursor = None
    for _ in range(_PAGES):
        elapsed, reply = connection.time("thread/list", {"limit": PAGE, "cursor": cursor}, seconds=_SECONDS)
        times.append(elapsed)
        cursor = _result(reply)["nextCursor"]
    return percentile(times, 0.5), percentile(times, 0.99)


def _search(connection: Connection, home: Home) -> float:
    times: list[float] = []
    for _ in range(_SEARCHES):
        params = {"limit": home.threads, "searchTerm": NEEDLE}
        elapsed, reply = connection.time("thread/list", params, seconds=_SECONDS)
        _check("threads listed", len(_result(reply)["data"]), home.needles)
        times.append(elapsed)
    return percentile(times, 0.5)


def _open_big(connection: Connection, home: Home) -> tuple[float, float, float]:
    """Return seconds of resuming the big thread, of reading all of it, of its last page. In this order: some servers
    know the turns of a file that they did not write only once it was resumed."""
    big = home.big_thread
    resumed, reply = connection.time("thread/resume", {"threadId": big}, seconds=_SECONDS)
    _check("turns resumed", len(_result(reply)["thread"]["turns"]), home.big_turns)
    return resumed, _read(connection, home), _last_turns(connection, home)


def _read(connection: Connection, home: Home) -> float:
    params = {"threadId": home.big_thread, "includeTurns": True}
    elapsed, reply = connection.time("thread/read", params, seconds=_SECONDS)
    _check("turns read", len(_result(reply)["thread"]["turns"]), home.big_turns)
    return elapsed


def _last_turns(connection: Connection, home: Home) -> float:
    params = {"threadId": home.big_thread, "limit": _TURNS}
    elapsed, reply = connection.time("thread/turns/list", params, seconds=_SECONDS)
    _check("turns on a page", len(_result(reply)["data"]), _TURNS)
    return elapsed


def _threads_found(connection: Connection) -> list[Any]:
    return connection.request("thread/search", {"searchTerm": NEEDLE, "limit": 100}, seconds=_SECONDS)["data"]


def _result(reply: bytes | bytearray) -> Any:
    return msgspec.json.decode(reply)["result"]


def _check(what: str, found: int, wanted: int) -> None:
    if found != wanted:
        raise MeasurementFailed(f"{found} {what} instead of {wanted}")


def _big_values(when: str) -> tuple[Value, ...]:
    names = ("thread/resume, the big one", "thread/read, the big one", f"thread/turns/list, its last {_TURNS}")
    return tuple(Value(f"{when}: {name}", "ms", _THIRD) for name in names)


FIGURES: Mapping[str, Figure] = {
    "home": Figure(
        (
            Value("cold: start to initialize", "ms", _THIRD),
            Value("cold: start to a complete thread/list", "ms", _THIRD),
            *_big_values("cold"),
            Value("warm: start to initialize", "ms"),
            Value("warm: start to a complete thread/list", "ms", _THIRD),
            Value("warm: thread/list page, p50", "ms", _THIRD),
            Value("warm: thread/list page, p99", "ms", _THIRD),
            Value("warm: thread/list with a search term", "ms", _THIRD),
            *_big_values("warm"),
            Value("RSS after all that", "MiB", _THIRD),
        ),
        single(cold_and_warm),
    ),
    "restart": Figure(
        (
            Value("restarted at once: start to initialize", "ms", 1.3),
            Value("restarted at once: start to a complete list", "ms", 1.5),
            Value("restarted at rest: start to initialize", "ms", 1.3),
            Value("restarted at rest: start to a complete list", "ms", 1.5),
            Value(f"list, then the last {_TURNS} turns at once", "ms", 1.0),
            Value(f"list, then the last {_TURNS} turns {_PAUSE_SECONDS:.2f} s later", "ms", 1.0),
            Value("list, then thread/read of all turns", "ms", 1.0),
        ),
        single(restarts),
    ),
    "search": Figure((Value("thread/search", "ms", _THIRD),), single(full_text)),
}
"""By name."""

SCALE: Mapping[str, Figure] = {
    "paging": Figure(
        (
            Value("start to initialize", "ms"),
            Value("start to a complete thread/list", "ms"),
            Value("thread/list page, p50", "ms"),
            Value("thread/list page, p99", "ms"),
        ),
        single(paging),
    ),
    "index": Figure(
        (Value("written to disk", "MiB"), Value("size of databases", "MiB"), Value("CPU until at rest", "s")),
        single(index),
    ),
}
"""By name: taken when asked for, not with the family."""
