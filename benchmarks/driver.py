"""One app-server process under measurement: fresh folders, its life, its connections, its memory.

Owns the folders and the process. Does not own what is said on a connection (`connection`) or what is measured (the
families).
"""

import contextlib
import re
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Generator, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.connection import Connection
from benchmarks.home import Home, write_home
from benchmarks.wire import WAIT_SECONDS, Lines, MeasurementFailed, WebSocket
from codex_trio.execution import process_tree

_GRACE_SECONDS = 5.0
_SETTLE_SECONDS, _QUIET_SECONDS, _QUIET_SHARE = 1800, 3, 0.05
_BANNER_PAUSE = 0.01
_VOLUNTARY = re.compile(r"^voluntary_ctxt_switches:\s*([0-9]+)$", re.MULTILINE)
_BANNER = re.compile(r"listening on: ws://([0-9.]+):([0-9]+)")

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


@dataclass(frozen=True)
class Lab:
    """The folders of one or more samples, and what runs in them. Made by `open_lab`."""

    command: Sequence[str]
    base: Path
    homes: "HomeTemplate"
    path: str = "/usr/bin:/bin"
    """Where the server finds programs."""

    @property
    def codex_home(self) -> Path:
        """The server's home, with its configuration."""
        return self.base / "codex"

    @property
    def work(self) -> Path:
        """An empty folder to start threads in."""
        return self.base / "work"

    @contextlib.contextmanager
    def server(self) -> Generator["Server"]:
        """Run the server on stdio until the block ends, not yet initialized."""
        with self._run(()) as server:
            yield server

    @contextlib.contextmanager
    def listener(self) -> Generator["Listener"]:
        """Run the server on a websocket of its choice until the block ends."""
        with self._run(("--listen", "ws://127.0.0.1:0")) as server:
            try:
                yield Listener(server, _wait_for_banner(server, self.base / "stderr"))
            finally:
                server.process.send_signal(signal.SIGTERM)

    @contextlib.contextmanager
    def _run(self, options: Sequence[str]) -> Generator["Server"]:
        folders = {"HOME": "home", "CODEX_HOME": "codex", "TMPDIR": "tmp"}
        environment = {name: str(self.base / folder) for name, folder in folders.items()}
        with (self.base / "stderr").open("wb") as stderr:
            spawned = time.perf_counter()
            process = subprocess.Popen(
                [*self.command, *options],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=stderr,
                env={"PATH": self.path, **environment},
                cwd=self.work,
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


class HomeTemplate:
    """A home full of threads, written when it is first wanted and copied for every sample."""

    def __init__(self, folder: Path, *, threads: int, big_bytes: int) -> None:
        """Of so many threads, one of them of so many bytes; kept in a folder that is the caller's to remove."""
        self._folder = folder
        self._threads = threads
        self._big_bytes = big_bytes
        self._written: Home | None = None

    def copy(self, target: Path) -> Home:
        """Fill a server's home. Returns what is in it."""
        if self._written is None:
            self._folder.mkdir(parents=True, exist_ok=True)
            self._written = write_home(self._folder, threads=self._threads, big_bytes=self._big_bytes)
        shutil.copytree(self._folder, target, dirs_exist_ok=True)
        return self._written


@contextlib.contextmanager
def open_lab(
    command: Sequence[str], model_url: str, homes: HomeTemplate, *, more_path: Sequence[str] = ()
) -> Generator[Lab]:
    """Make fresh folders for a server command and remove them at the end; `more_path` comes first on its PATH."""
    with open_folder() as base:
        for name in ("home", "codex", "tmp", "work"):
            (base / name).mkdir()
        (base / "codex" / "config.toml").write_text(_CONFIG.format(url=model_url))
        yield Lab(command, base, homes, path=":".join([*more_path, Lab.path]))


@contextlib.contextmanager
def open_folder() -> Generator[Path]:
    """Provide a fresh folder until the block ends."""
    # Not below the system's temporary folder, and no folder a parent of another: some servers then set up less.
    parent = Path.home() / ".cache"
    parent.mkdir(exist_ok=True)
    base = Path(tempfile.mkdtemp(prefix="app-server-benchmark-", dir=parent))
    try:
        yield base
    finally:
        shutil.rmtree(base, ignore_errors=True)


class Server:
    """A running server and its stdio connection. Made by `Lab.server`."""

    def __init__(self, process: subprocess.Popen[bytes], base: Path, spawned: float) -> None:
        assert process.stdin is not None
        assert process.stdout is not None
        self.process = process
        self.connection = Connection(Lines(process.stdin.fileno(), process.stdout.fileno()))
        self._base = base
        self._spawned = spawned

    def initialize(self) -> float:
        """Introduce the client on stdio. Returns the seconds from the start of the process to the reply."""
        self.connection.initialize()
        return self.age()

    def age(self) -> float:
        """Return seconds since the process was started."""
        return time.perf_counter() - self._spawned

    def memory(self) -> tuple[int, int]:
        """Resident and proportional set size of the server and all that it started, in bytes."""
        resident = proportional = 0
        for process_id in process_tree.find(self._wanted):
            with contextlib.suppress(OSError):  # one may end while it is looked at
                lines = Path(f"/proc/{process_id}/smaps_rollup").read_text().splitlines()
                sizes = {line.split(":")[0]: int(line.split()[1]) * 1024 for line in lines[1:]}
                resident += sizes["Rss"]
                proportional += sizes["Pss"]
        return resident, proportional

    def settle(self) -> None:
        """Wait until the server has nothing left to do in the background; not for ever."""
        quiet = 0
        for _ in range(_SETTLE_SECONDS):
            before = self.busy_seconds()
            time.sleep(1)
            quiet = quiet + 1 if self.busy_seconds() - before < _QUIET_SHARE else 0
            if quiet == _QUIET_SECONDS:
                return

    @property
    def _wanted(self) -> process_tree.Wanted:
        return process_tree.Wanted(str(self._base), leaders=(self.process.pid,))

    def busy_seconds(self) -> float:
        """Return the processor time that the server has used, without that of other processes."""
        # The clock of another process, see clock_getcpuclockid(3): `~pid` with the kind of clock behind it.
        return time.clock_gettime(~self.process.pid << 3 | 2)

    def written(self) -> int:
        """Return how many bytes the server has had written to disk."""
        lines = Path(f"/proc/{self.process.pid}/io").read_text().splitlines()
        return int(dict(line.split(": ") for line in lines)["write_bytes"])

    def wake_ups(self) -> int:
        """Return how often the threads of the server, and of what it started, have gone to sleep by themselves."""
        count = 0
        for process_id in process_tree.find(self._wanted):
            for status in Path(f"/proc/{process_id}/task").glob("*/status"):
                with contextlib.suppress(OSError):  # one may end while it is looked at
                    count += int(_VOLUNTARY.findall(status.read_text())[0])
        return count

    def end(self) -> None:
        """Let the server end by itself, then kill what is left of it."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.close()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(_GRACE_SECONDS)
        process_tree.kill(self._wanted, seconds=_GRACE_SECONDS)
        self.process.wait()
        self.process.stdout.close()


class Listener:
    """A running server that listens. Made by `Lab.listener`."""

    def __init__(self, server: Server, address: tuple[str, int]) -> None:
        self.server = server
        self._address = address

    @contextlib.contextmanager
    def connect(self) -> Generator[Connection]:
        """Open a websocket connection until the block ends, not yet initialized."""
        connection = Connection(WebSocket.connect(*self._address))
        try:
            yield connection
        finally:
            connection.close()


def _wait_for_banner(server: Server, stderr: Path) -> tuple[str, int]:
    while server.age() < WAIT_SECONDS:
        if match := _BANNER.search(stderr.read_text(errors="replace")):
            return match[1], int(match[2])
        if server.process.poll() is not None:
            raise MeasurementFailed("the server ended instead of listening")
        time.sleep(_BANNER_PAUSE)
    raise MeasurementFailed(f"the server named no address within {WAIT_SECONDS:.0f} seconds")
