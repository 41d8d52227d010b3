"""One app-server process under measurement: fresh folders, a raw connection, and its memory.

Owns the server's life and the timing of what it sends. Does not own what is measured (`figures`). The connection is
blocking and looks for byte strings instead of decoding lines: a client of an event loop would measure itself too.
"""

import contextlib
import itertools
import os
import select
import shutil
import subprocess
import tempfile
import time
from collections.abc import Generator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from codex_trio.execution import process_tree

_WAIT_SECONDS = 30.0
_GRACE_SECONDS = 5.0
_READ_SIZE = 1 << 20
_IN_FLIGHT = 100  # a server may refuse requests when more than 128 wait

_CONFIG = """
model = "gpt-5.5"
model_provider = "scripted"
approval_policy = "never"
sandbox_mode = "danger-full-access"

[model_providers.scripted]
name = "Scripted"
base_url = "{url}"
wire_api = "responses"
request_max_retries = 0
stream_max_retries = 0
"""


class MeasurementFailed(Exception):
    """The server did not do what the figure measures; the text says what came instead."""


@dataclass(frozen=True)
class Lab:
    """The folders of one sample, and what runs in them. Made by `open_lab`."""

    command: Sequence[str]
    base: Path

    @contextlib.contextmanager
    def server(self) -> Generator["Server"]:
        """Run the server until the block ends, not yet initialized."""
        folders = {"HOME": "home", "CODEX_HOME": "codex", "TMPDIR": "tmp"}
        environment = {name: str(self.base / folder) for name, folder in folders.items()}
        with (self.base / "stderr").open("wb") as stderr:
            spawned = time.perf_counter()
            process = subprocess.Popen(
                self.command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=stderr,
                env={"PATH": "/usr/bin:/bin", **environment},
                cwd=self.base / "work",
                start_new_session=True,
            )
        server = Server(process, self.base, spawned)
        try:
            yield server
        except MeasurementFailed as error:
            tail = (self.base / "stderr").read_text(errors="replace")[-600:]
            raise MeasurementFailed(f"{error}; stderr: {tail.strip() or 'empty'}") from error
        finally:
            server.end()


@contextlib.contextmanager
def open_lab(command: Sequence[str], model_url: str) -> Generator[Lab]:
    """Make fresh folders for a server command and remove them at the end."""
    # Not below the system's temporary folder, and no folder a parent of another: some servers then set up less.
    parent = Path.home() / ".cache"
    parent.mkdir(exist_ok=True)
    base = Path(tempfile.mkdtemp(prefix="app-server-benchmark-", dir=parent))
    try:
        for name in ("home", "codex", "tmp", "work"):
            (base / name).mkdir()
        (base / "codex" / "config.toml").write_text(_CONFIG.format(url=model_url))
        yield Lab(command, base)
    finally:
        shutil.rmtree(base, ignore_errors=True)


class Turn(NamedTuple):
    """What a turn took, in seconds, and what the server sent meanwhile."""

    total: float
    streaming: float
    """From the first delta of the agent's message to the turn's end."""
    output: bytes


class Server:
    """A running server. Made by `Lab.server`."""

    def __init__(self, process: subprocess.Popen[bytes], base: Path, spawned: float) -> None:
        assert process.stdin is not None
        assert process.stdout is not None
        self._process = process
        self._base = base
        self._spawned = spawned
        self._in = process.stdin.fileno()
        self._out = process.stdout.fileno()
        self._poll = select.poll()
        self._poll.register(self._out, select.POLLIN)
        self._ids = itertools.count(1)
        self._received = bytearray()

    def initialize(self) -> float:
        """Introduce the client. Returns the seconds from the start of the process to the reply."""
        info = {"name": "benchmark", "title": None, "version": "1.0"}
        self.request("initialize", {"clientInfo": info, "capabilities": {"experimentalApi": True}})
        elapsed = time.perf_counter() - self._spawned
        self._send(msgspec.json.encode({"method": "initialized"}) + b"\n")
        return elapsed

    def request(self, method: str, params: object) -> Any:
        """Send a request, wait for its reply, and return the result."""
        request_id, line = self._encode(method, params)
        self._send(line)
        return self._reply(request_id)

    def pipeline(self, method: str, params: object, times: int) -> float:
        """Send the same request many times without waiting for each. Returns the seconds until every reply is there."""
        lines = [self._encode(method, params)[1] for _ in range(times)]
        before = time.perf_counter()
        self._send(b"".join(lines[:_IN_FLIGHT]))
        for number in range(times):
            if b'"error"' in self._take(b'"benchmark-'):
                raise MeasurementFailed("a pipelined request was refused")
            self._send(b"".join(lines[number + _IN_FLIGHT : number + _IN_FLIGHT + 1]))
        return time.perf_counter() - before

    def start_thread(self) -> str:
        """Start a thread. Returns its id."""
        return self.request("thread/start", {"cwd": str(self._base / "work")})["thread"]["id"]

    def turn(self, thread_id: str, text: str) -> Turn:
        """Run a turn to its end."""
        params = {"threadId": thread_id, "input": [{"type": "text", "text": text}]}
        request_id, line = self._encode("turn/start", params)
        before = time.perf_counter()
        self._send(line)
        self._reply(request_id)
        output = self._take(b'"item/agentMessage/delta"')
        first = time.perf_counter()
        output += self._take(b'"turn/completed"')
        after = time.perf_counter()
        status = msgspec.json.decode(output[output.rindex(b"\n", 0, -1) + 1 :])["params"]["turn"]["status"]
        if status != "completed":
            raise MeasurementFailed(f"the turn ended as {status}")
        return Turn(total=after - before, streaming=after - first, output=bytes(output))

    def memory(self) -> tuple[int, int]:
        """Resident and proportional set size of the server and all that it started, in bytes."""
        resident = proportional = 0
        for process_id in process_tree.find([str(self._base)], [self._process.pid]):
            with contextlib.suppress(OSError):  # one may end while it is looked at
                lines = Path(f"/proc/{process_id}/smaps_rollup").read_text().splitlines()
                sizes = {line.split(":")[0]: int(line.split()[1]) * 1024 for line in lines[1:]}
                resident += sizes["Rss"]
                proportional += sizes["Pss"]
        return resident, proportional

    def end(self) -> None:
        """Let the server end by itself, then kill what is left of it."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(_GRACE_SECONDS)
        process_tree.kill([str(self._base)], [self._process.pid], seconds=_GRACE_SECONDS)
        self._process.wait()
        self._process.stdout.close()

    def _encode(self, method: str, params: object) -> tuple[bytes, bytes]:
        request_id = f"benchmark-{next(self._ids):06}"
        line = msgspec.json.encode({"id": request_id, "method": method, "params": params}) + b"\n"
        return b'"%b"' % request_id.encode(), line

    def _send(self, data: bytes) -> None:
        with contextlib.suppress(BrokenPipeError):  # the wait for the reply says that the server ended
            while data:
                data = data[os.write(self._in, data) :]

    def _reply(self, request_id: bytes) -> Any:
        reply = msgspec.json.decode(self._take(request_id).splitlines()[-1])
        if "error" in reply:
            raise MeasurementFailed(f"refused: {reply['error']['message']}")
        return reply["result"]

    def _take(self, needle: bytes) -> bytearray:
        """Wait for a line that holds `needle`. Returns everything up to the end of that line."""
        deadline = time.monotonic() + _WAIT_SECONDS
        found = self._find(needle, 0, deadline)
        end = self._find(b"\n", found, deadline) + 1
        taken = self._received[:end]
        del self._received[:end]
        return taken

    def _find(self, needle: bytes, start: int, deadline: float) -> int:
        while (found := self._received.find(needle, start)) < 0:
            start = max(start, len(self._received) - len(needle) + 1)
            if not self._poll.poll(max(0.0, deadline - time.monotonic()) * 1000):
                raise MeasurementFailed(f"no {needle.decode()} within {_WAIT_SECONDS:.0f} seconds")
            data = os.read(self._out, _READ_SIZE)
            if not data:
                raise MeasurementFailed(f"the server ended before {needle.decode()}")
            self._received += data
        return found
