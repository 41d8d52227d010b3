"""The figures of MCP servers: threads with five of them, calls of their tools, and what a hundred such threads take.

Taken with --only mcp, as servers that share nothing need some gigabytes for it.
"""

import sys
import time
from collections.abc import Mapping
from pathlib import Path

import codex_trio.testing.mcp_server
from benchmarks.connection import milliseconds, percentile
from benchmarks.driver import Lab, Server
from benchmarks.figures import MIB, Figure, Sample, Value, single

_SERVERS = ("a", "b", "c", "d", "e")
_WARM_THREADS = 5
_CALLS = 200
_THREADS = 100
_THIRD = 1 / 3


def servers(lab: Lab) -> Sample:
    """Return all values: of the first thread, of later ones, of calls, and of a hundred threads."""
    with (lab.codex_home / "config.toml").open("a") as config:
        config.writelines(_table(name) for name in _SERVERS)
    with lab.server() as server:
        server.initialize()
        first, _ = _start(server, lab.work)
        later = [_start(server, lab.work) for _ in range(_WARM_THREADS)]
        calls = [_call(server, later[-1][1], "a") for _ in range(_CALLS)]
        for _ in range(_THREADS - _WARM_THREADS - 1):
            _start(server, lab.work)
        times = (first, percentile([took for took, _ in later], 0.5), percentile(calls, 0.5))
        return (*map(milliseconds, times), server.memory()[1] / MIB)


def _table(name: str) -> str:
    file = codex_trio.testing.mcp_server.__file__
    return f'[mcp_servers.{name}]\ncommand = "{sys.executable}"\nargs = ["-S", "{file}"]\n'


def _start(server: Server, folder: Path) -> tuple[float, str]:
    """Start a thread; return the seconds until each of its servers has answered a call, and its id."""
    before = time.perf_counter()
    thread_id = server.connection.start_thread(folder)
    for name in _SERVERS:
        _call(server, thread_id, name)
    return time.perf_counter() - before, thread_id


def _call(server: Server, thread_id: str, name: str) -> float:
    asked = {"threadId": thread_id, "server": name, "tool": "echo", "arguments": {"message": "x"}}
    return server.connection.time("mcpServer/tool/call", asked)[0]


FIGURES: Mapping[str, Figure] = {
    "mcp": Figure(
        (
            Value("first thread with 5 MCP servers", "ms"),
            Value("later thread with 5 MCP servers", "ms", _THIRD),
            Value("call of an MCP tool, p50", "ms"),
            Value("100 such threads, memory", "MiB", _THIRD),
        ),
        single(servers),
    ),
}
