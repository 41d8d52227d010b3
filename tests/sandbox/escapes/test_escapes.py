"""Nothing of what is tried to leave the sandbox succeeds, but for what is listed with its reason.

One confined process tries all probes for a policy and a launcher; what it says of itself and what is outside
afterwards are both looked at.
"""

import ctypes
import json
import os
import pty
import select
import shutil
import socket
import subprocess
import sys
from collections.abc import Generator, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import msgspec
import pytest
from escape_gaps import IN_A_NETWORK_OF_ITS_OWN, gaps_of
from escape_kinds import Probe, Target
from escape_program import PROBES, START
from escape_table import BEGIN, END, table
from sandbox_lab import PATIENCE, SandboxLab

from codex_trio.config.settings import HostLists
from codex_trio.execution.spawner import ProcessSpawner
from codex_trio.network.proxies import open_command_proxies
from codex_trio.sandbox import kernel
from codex_trio.sandbox.policy import (
    DangerFullAccess,
    HostLimits,
    ReadOnly,
    SandboxLimits,
    SandboxPolicy,
    WorkspaceWrite,
    hosts_of,
)
from codex_trio.sandbox.probe import SandboxProbe

HERE = Path(__file__).parent

if os.uname().machine not in ("x86_64", "aarch64"):
    pytest.skip("no filter is known for this processor", allow_module_level=True)


class World:
    """What lies around the sandbox for it to escape to."""

    def __init__(self, lab: SandboxLab, stack: ExitStack) -> None:
        self.lab = lab
        self._stack = stack
        self.closed = [lab.outside / "closed", lab.workspace / "inside"]
        for folder in self.closed:
            (folder / "empty").mkdir(parents=True)
            for name in ("kept", "spare", "second", "third"):
                (folder / name).write_text("kept\n")
        (lab.outside / "held").write_text("kept\n")
        self.own = lab.outside / "own" / "server.sock"
        self.own.parent.mkdir()
        lab.guard(hidden=(self.own,))
        (lab.workspace / ".git").mkdir()
        (lab.workspace / ".git" / "config").write_text("kept\n")
        self.pointer, self.store = lab.outside / "worktree", lab.workspace / "stores" / "main"
        for folder in (self.pointer, self.store):
            folder.mkdir(parents=True)
        (self.store / "HEAD").write_text("kept\n")
        (self.pointer / ".git").write_text(f"gitdir: {self.store}\n")
        self.denied = lab.workspace / "secrets" / "key"
        self.denied.parent.mkdir()
        self.denied.write_text("denied\n")
        os.link(self.denied, f"{self.denied}.alias")
        (self.denied.parent / "later").symlink_to("../scratch/appears")
        (lab.workspace / "scratch").mkdir()
        self._add_set_id()
        self.victim = self._victim()
        self.target = Target(
            folder=str(self.closed[0]),
            closed=[],
            workspace=str(lab.workspace),
            scratch=str(lab.workspace / "scratch"),
            pointer=str(self.pointer),
            store=str(self.store),
            denied=str(self.denied),
            victim=self.victim.pid,
            port=self._listener((socket.AF_INET, socket.SOCK_STREAM), ("127.0.0.1", 0)),
            udp_port=self._listener((socket.AF_INET, socket.SOCK_DGRAM), ("127.0.0.1", 0)),
            service=str(lab.workspace / "service"),
            abstract=f"codex-trio-escape-{os.getpid()}-{self.victim.pid}",
            own=str(self.own),
            queue=self._queue(),
            terminal=self._terminal(),
            inherited=[],
        )
        for address in (self.target.service, self.target.own, "\0" + self.target.abstract):
            self._listener((socket.AF_UNIX, socket.SOCK_STREAM), address)
        self._listener((socket.AF_UNIX, socket.SOCK_DGRAM), f"{self.target.service}.log")

    def _add_set_id(self) -> None:
        show_id = shutil.which("id", path=self.lab.env["PATH"])
        if os.getuid() == 0 and show_id is not None:
            program = self.own.parent / "set-id"
            shutil.copy(show_id, program)
            os.chown(program, 65534, -1)
            program.chmod(0o4755)

    def _victim(self) -> subprocess.Popen[bytes]:
        with open(self.lab.outside / "held", "r+b") as held:
            victim = subprocess.Popen(["sleep", "300"], stdin=held, cwd=self.lab.outside, process_group=0)
        self._stack.callback(victim.wait)
        self._stack.callback(victim.kill)
        return victim

    def _listener(self, kind: tuple[int, int], address: Any) -> int:
        listener = self._stack.enter_context(socket.socket(*kind))
        listener.bind(address)
        if kind[1] == socket.SOCK_STREAM:
            listener.listen()
        return listener.getsockname()[1] if kind[0] == socket.AF_INET else 0

    def _queue(self) -> int:
        libc = ctypes.CDLL(None)
        key = 0x43000000 | self.victim.pid
        number = libc.msgget(key, 0o1600)
        if number < 0:
            return -1
        self._stack.callback(libc.msgctl, number, 0, None)
        return key

    def _terminal(self) -> str:
        ours, theirs = pty.openpty()
        self._stack.callback(os.close, theirs)
        self._stack.callback(os.close, ours)
        os.write(ours, b"typed\n")
        assert select.select([theirs], [], [], PATIENCE)[0], "the kernel hands it on in its own time"
        return os.ttyname(theirs)

    async def outcomes(self, policy: SandboxPolicy, probes: list[Probe]) -> dict[str, tuple[str, str]]:
        """Try the probes in a sandbox, and return what came of them."""
        closed = self.closed if isinstance(policy, ReadOnly) else self.closed[:1]
        target = self.target._replace(closed=[str(folder) for folder in closed])
        names = [probe.name for probe in probes]
        request = self.lab.request(
            policy, sys.executable, "-I", "-S", "-c", START, str(HERE), json.dumps(target._asdict()), *names
        )
        async with open_command_proxies() as proxies:
            hosts = hosts_of(policy)
            if hosts is not None:
                request = msgspec.structs.replace(request, door=proxies.door(hosts))
            outcome = await self.lab.run(request, patience=100)
        assert outcome.exit_code == 0, outcome.output
        found = [json.loads(line) for line in outcome.output.splitlines()]
        assert [line["probe"] for line in found] == names
        return {line["probe"]: (line["outcome"], line["why"]) for line in found}

    def assert_untouched(self, policy: SandboxPolicy) -> None:
        """Look at what is outside."""
        for folder in self.closed if isinstance(policy, ReadOnly) else self.closed[:1]:
            assert sorted(os.listdir(folder)) == ["empty", "kept", "second", "spare", "third"]
            assert all((folder / name).read_text() == "kept\n" for name in ("kept", "second", "spare", "third"))
        assert (self.lab.outside / "held").read_text() == "kept\n"
        assert self.victim.poll() is None

    def assert_settings_untouched(self) -> None:
        """Look at what others obey."""
        workspace = self.lab.workspace
        assert os.listdir(workspace / ".git") == ["config"]
        assert (workspace / ".git" / "config").read_text() == "kept\n"
        assert not (workspace / ".codex").exists()
        assert not (workspace / ".agents").exists()
        assert (self.store / "HEAD").read_text() == "kept\n"
        assert (self.pointer / ".git").read_text() == f"gitdir: {self.store}\n"


@pytest.fixture
def stack() -> Generator[ExitStack]:
    with ExitStack() as opened:
        yield opened


def _may_write(*, network: bool, limits: SandboxLimits | None = None) -> WorkspaceWrite:
    return WorkspaceWrite(
        writable_roots=("../outside/worktree",), exclude_slash_tmp=True, network_access=network, limits=limits
    )


HOSTS = HostLists(source="the test", allowed=("allowed.test",))
POLICIES: Mapping[str, SandboxPolicy] = {
    "read-only": ReadOnly(),
    "read-only-online": ReadOnly(network_access=True),
    "workspace-write": _may_write(network=False),
    "workspace-write-online": _may_write(network=True),
    "workspace-write-hosts": _may_write(network=True, limits=SandboxLimits(hosts=HostLimits(own=HOSTS))),
    "denied-reads": _may_write(network=False, limits=SandboxLimits(denied=("secrets/key", "secrets/later"))),
    "denied-reads-read-only": ReadOnly(limits=SandboxLimits(denied=("secrets/key", "secrets/later"))),
}


def _probes_for(name: str) -> list[Probe]:
    closed = {"always"}
    closed |= set() if name.endswith("online") else {"offline"}
    closed |= set() if name.endswith(("read-only", "read-only-online")) else {"writes"}
    closed |= {"denied"} if name.startswith("denied") else set()
    closed |= {"denied-writes"} if name == "denied-reads" else set()
    excepted = IN_A_NETWORK_OF_ITS_OWN if name.endswith("hosts") else ()
    return [probe for probe in PROBES if probe.when in closed and probe.name not in excepted]


@pytest.mark.parametrize("name", POLICIES)
async def test_nothing_escapes_but_what_is_listed(lab: SandboxLab, stack: ExitStack, name: str) -> None:
    policy, mechanism = POLICIES[name], lab.probe.mechanism
    if isinstance(policy, WorkspaceWrite):
        policy = msgspec.structs.replace(policy, writable_roots=(str(lab.outside / "worktree"),))
    if mechanism == "landlock" and name.startswith(("denied", "workspace-write-hosts")):
        return  # It runs nothing then; see `test_denied` and `test_hosts`.
    world, probes = World(lab, stack), _probes_for(name)
    outcomes = await world.outcomes(policy, probes)
    gaps = gaps_of(mechanism, landlock_abi=kernel.landlock_abi() if mechanism == "landlock" else 0)
    unlisted = {
        probe: found
        for probe, found in outcomes.items()
        if found[0] not in ("stopped", "absent") and not (probe in gaps and found[0] == "escaped")
    }
    assert unlisted == {}
    overstated = [
        probe.name for probe in probes if probe.plain and probe.name in gaps and outcomes[probe.name][0] != "escaped"
    ]
    assert overstated == []
    world.assert_untouched(policy)
    if mechanism != "landlock":
        world.assert_settings_untouched()


async def test_each_probe_gets_through_where_nothing_confines_it(
    tmp_path: Path, spawner: ProcessSpawner, machine: SandboxProbe, stack: ExitStack
) -> None:
    world = World(SandboxLab(tmp_path, spawner, machine), stack)
    plain = [probe for probe in PROBES if probe.plain]
    outcomes = await world.outcomes(DangerFullAccess(), plain)
    assert {name: found for name, found in outcomes.items() if found[0] not in ("escaped", "absent")} == {}


def test_the_page_tells_what_is_stopped() -> None:
    page = (HERE.parents[2] / "docs" / "security.md").read_text()
    assert page.partition(BEGIN)[2].partition(END)[0] == table()
    assert len({probe.name for probe in PROBES}) == len(PROBES)
