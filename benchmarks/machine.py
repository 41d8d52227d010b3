"""The family of the machine: what clients do on the server's machine, over stdio.

Commands one after the other and at once, output that streams and output that nobody reads, files, watches, and searches
for files in a tree that is made for it.
"""

import contextlib
import os
import statistics
import time
from collections.abc import Callable, Generator, Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

from benchmarks.connection import Connection, milliseconds
from benchmarks.driver import Lab, Server
from benchmarks.figures import MIB, Figure, Sample, Sampler, Value, single
from benchmarks.wire import MeasurementFailed

_TIMES = 50
_AT_ONCE = 50
_STREAM_BYTES = 50 * 1000 * 1000
_STALLED = 8
_SETTLE_SECONDS = 2.0
_BIG_FILE_BYTES = 100 * 1000 * 1000
_CHANGES = 10
_BETWEEN_CHANGES = 0.3
_FILES_IN_A_FOLDER = 20
_FOLDERS_IN_A_FOLDER = 12
_QUERIES = ("parser", "wire_client", "srvtst", "retry7", "config")
_QUIET_SECONDS = 0.5
_SEARCH_SECONDS = 120.0
_VOCABULARY = (
    "fix refactor test parser index cache socket thread turn server client wire schema stream token retry error "
    "timeout config reader writer queue window page cursor search patch review sandbox policy shell command output"
)
_WORDS = _VOCABULARY.split()


def commands(lab: Lab) -> Sample:
    """Return `true`, run over and over, and fifty of them at once."""
    return _commands(lab, {"command": ["true"]})


def sandboxed_commands(lab: Lab) -> Sample:
    """Return the same in a sandbox that may write the workspace."""
    policy = {"type": "workspaceWrite", "writableRoots": [str(lab.work)], "networkAccess": False}
    return _commands(lab, {"command": ["true"], "sandboxPolicy": policy})


def _commands(lab: Lab, params: dict[str, Any]) -> Sample:
    with _ready(lab) as server:
        # What is looked for before the first of a kind is another figure.
        server.connection.request("command/exec", params)
        single_ones = [server.connection.time("command/exec", params)[0] for _ in range(_TIMES)]
        burst = server.connection.burst("command/exec", params, _AT_ONCE)
        return milliseconds(statistics.median(single_ones)), milliseconds(burst.total)


def streamed_output(lab: Lab) -> Sample:
    """Return how long it takes until a client has all of much output."""
    with _ready(lab) as server:
        return (milliseconds(server.connection.time("command/exec", _streaming("s", _STREAM_BYTES))[0]),)


def stalled_output(lab: Lab) -> Sample:
    """Return what the server's memory grows by for each stream that its client does not read."""
    with _ready(lab) as server:
        # What is made for the first stream of a server stays.
        server.connection.time("command/exec", _streaming("first", 1000))
        before = _resident(server)
        for number in range(_STALLED):
            server.connection.send("command/exec", _streaming(f"stalled {number}", 1 << 40))
        time.sleep(_SETTLE_SECONDS)
        grown = _resident(server) - before
        server.process.kill()
        return (grown / _STALLED / MIB,)


def files(lab: Lab) -> Sample:
    """Return small and big files as they are read, and what is at a path."""
    small, big = lab.work / "small", lab.work / "big"
    small.write_bytes(os.urandom(1000))
    big.write_bytes(os.urandom(MIB) * (_BIG_FILE_BYTES // MIB))
    with _ready(lab) as server:

        def median(method: str, path: Path, times: int) -> float:
            taken = [server.connection.time(method, {"path": str(path)})[0] for _ in range(times)]
            return milliseconds(statistics.median(taken))

        return (
            median("fs/readFile", small, _TIMES),
            median("fs/readFile", big, 3),
            median("fs/getMetadata", small, _TIMES),
        )


def watched_changes(lab: Lab) -> Sample:
    """Return how long after a file was made its folder's watch tells of it."""
    with _ready(lab) as server:
        server.connection.request("fs/watch", {"path": str(lab.work), "watchId": "w"})
        latencies: list[float] = []
        for number in range(_CHANGES):
            time.sleep(_BETWEEN_CHANGES)
            before = time.perf_counter()
            (lab.work / f"made-{number}").touch()
            server.connection.wait(f'made-{number}"'.encode())
            latencies.append(time.perf_counter() - before)
        return (milliseconds(statistics.median(latencies)),)


def searches(count: int) -> Callable[[Lab], AbstractContextManager[Sampler]]:
    """Return searches in a tree of so many files: by single requests, and in a session of another server."""

    @contextlib.contextmanager
    def opened(lab: Lab) -> Generator[Sampler]:
        _make_tree(lab.work / "tree", count)
        yield lambda: _search(lab, str(lab.work / "tree"))

    return opened


def _search(lab: Lab, root: str) -> Sample:
    def search(connection: Connection, query: str) -> float:
        params = {"query": query, "roots": [root]}
        elapsed, reply = connection.time("fuzzyFileSearch", params, seconds=_SEARCH_SECONDS)
        _check_found(bytes(reply))
        return milliseconds(elapsed)

    with _ready(lab) as server:
        first, *others = _QUERIES
        at_first = search(server.connection, first)
        repeated = statistics.median(search(server.connection, query) for query in others)
    with _ready(lab) as server:
        before = time.perf_counter()
        server.connection.send("fuzzyFileSearch/sessionStart", {"sessionId": "s", "roots": [root]})
        server.connection.send("fuzzyFileSearch/sessionUpdate", {"sessionId": "s", "query": first})
        needle = f'"query":"{first}"'.encode()
        session = server.connection.wait_for_quiet(needle, quiet=_QUIET_SECONDS, seconds=_SEARCH_SECONDS) - before
    return at_first, repeated, milliseconds(session)


def _check_found(reply: bytes) -> None:
    if b'"score"' not in reply:
        raise MeasurementFailed("nothing was found")


@contextlib.contextmanager
def _ready(lab: Lab) -> Generator[Server]:
    """Provide a server that has run a command: what it loads for the first one is another figure."""
    with lab.server() as server:
        server.initialize()
        server.connection.request("command/exec", {"command": ["true"]})
        time.sleep(_SETTLE_SECONDS)
        yield server


def _streaming(process_id: str, size: int) -> dict[str, Any]:
    return {
        "command": ["head", "-c", str(size), "/dev/zero"],
        "processId": process_id,
        "streamStdoutStderr": True,
        "disableOutputCap": True,
        "disableTimeout": True,
    }


def _resident(server: Server) -> int:
    """Return the memory of the server's own process, in bytes."""
    return int(Path(f"/proc/{server.process.pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def _make_tree(top: Path, count: int) -> None:
    """Fill a folder with so many files, the same ones each time."""
    words, folder = len(_WORDS), top
    for number in range(count):
        place, rest = divmod(number, _FILES_IN_A_FOLDER)
        if rest == 0:
            folder, level = top, place
            while level:
                level, name = divmod(level, _FOLDERS_IN_A_FOLDER)
                folder /= f"{_WORDS[name]}_{level % words}"
            folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{_WORDS[number % words]}_{_WORDS[place % words]}{number}.py").touch()


def _search_values(count: int) -> tuple[Value, ...]:
    return (
        Value(f"search in {count} files, first", "ms", 1.0),
        Value(f"search in {count} files, repeated", "ms", 0.2),
        Value(f"search session in {count} files, first query", "ms", 1.0),
    )


FIGURES: Mapping[str, Figure] = {
    "commands": Figure(
        (Value("command/exec true, p50", "ms", 1.0), Value(f"{_AT_ONCE} of them at once", "ms", 1.0)), single(commands)
    ),
    "sandboxed": Figure(
        (Value("sandboxed true, p50", "ms", 0.5), Value(f"{_AT_ONCE} sandboxed at once", "ms", 0.5)),
        single(sandboxed_commands),
    ),
    "output": Figure((Value("command/exec, 50 MB streamed", "ms", 1.0),), single(streamed_output)),
    "stalled": Figure((Value("memory of a stalled stream", "MiB"),), single(stalled_output)),
    "files": Figure(
        (
            Value("fs/readFile, 1 KB, p50", "ms", 1.0),
            Value("fs/readFile, 100 MB", "ms", 1.0),
            Value("fs/getMetadata, p50", "ms", 1.0),
        ),
        single(files),
    ),
    "watch": Figure((Value("fs/watch, until a change is told", "ms", 1.0),), single(watched_changes)),
    "search": Figure(_search_values(50_000), searches(50_000), lasting=True),
}
"""By name."""

SCALE: Mapping[str, Figure] = {"search_big": Figure(_search_values(500_000), searches(500_000), lasting=True)}
"""Those that take minutes to be set up."""
