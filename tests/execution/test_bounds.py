"""No command takes more of the machine than it may, whatever it does, and others are not the worse for it."""

from __future__ import annotations

import os
import resource
from collections.abc import Iterator
from pathlib import Path

import pytest
import trio
from process_lab import ProcessLab

from codex_trio.execution.bounds import CommandBounds, bounds_of
from codex_trio.execution.bounds_report import LimitReport, report_on_limits
from codex_trio.execution.control_groups import NoControlGroups, find_groups, joining, open_control_groups
from codex_trio.execution.errors import SpawnError
from codex_trio.execution.process_watch import ProcessWatch
from codex_trio.execution.spawner import open_process_spawner

LIMITS = CommandBounds(
    processes=None, memory_bytes=2**28, file_bytes=4096, open_files=200, core_bytes=0, uses_control_groups=False
)
ASK = 'for one in d f n c; do printf "%s " "$(ulimit -S$one) $(ulimit -H$one)"; done'
PATIENCE = 30.0


async def test_a_command_has_the_limits_from_its_first_moment_and_cannot_lift_them(tmp_path: Path) -> None:
    async with open_process_spawner(bounds=LIMITS) as spawner:
        lab = ProcessLab(tmp_path, spawner)
        done = await lab.run(lab.shell(f"{ASK}; sh -c '{ASK}'"))
        assert done.stdout == b"262144 262144 8 8 200 200 0 0 " * 2
        done = await lab.run(lab.shell("head -c 5000 /dev/zero >big 2>/dev/null; stat -c %s big"))
        assert done.stdout.split()[-1] == b"4096"


async def test_the_kernel_ends_commands_before_the_server_when_there_is_no_memory(tmp_path: Path) -> None:
    async with open_process_spawner() as spawner:
        lab = ProcessLab(tmp_path, spawner)
        done = await lab.run(lab.shell("until grep -q 300 /proc/self/oom_score_adj; do sleep 0.01; done"))
    assert done.exit_code == 0


async def test_arguments_and_names_reach_a_limited_command_as_they_are(tmp_path: Path) -> None:
    async with open_process_spawner(bounds=LIMITS) as spawner:
        lab = ProcessLab(tmp_path, spawner)
        words = ("a b", "", "$x", "'", "-n")
        done = await lab.run(lab.request("printf", "[%s]", *words))
        assert done.stdout.decode() == "".join(f"[{word}]" for word in words)
        assert (await lab.run(lab.shell("exit 7"))).exit_code == 7
        assert (await lab.run(lab.shell("kill -9 $$"))).exit_code == 137
        (tmp_path / "plain").touch()
        for name in ("no-such-program", "./missing", "./plain", "./"):
            with pytest.raises(SpawnError):
                spawner.start(lab.request(name))


def test_a_lower_limit_that_holds_already_is_kept() -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(soft, 500), hard))
    try:
        script = CommandBounds(processes=None, open_files=min(hard, 10**6) - 1).script(counts_itself=False)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert [line.split()[1] for line in script.splitlines()] == ["-Hn"]


def test_nothing_comes_before_a_command_without_limits() -> None:
    assert CommandBounds(processes=None).script(counts_itself=False) == ""
    assert CommandBounds(processes=10).script(counts_itself=True) == ""


def test_settings_say_what_a_command_may_take() -> None:
    assert bounds_of({}) == CommandBounds()
    table = {"max_processes": 0, "max_memory_bytes": 2**30, "max_core_bytes": 0, "control_groups": False}
    assert bounds_of({"command_limits": table}) == CommandBounds(
        processes=None, memory_bytes=2**30, core_bytes=0, uses_control_groups=False
    )


async def test_a_command_with_too_many_processes_is_ended_where_the_kernel_does_not_count(tmp_path: Path) -> None:
    counts: Iterator[int] = iter([100, 100, 200])
    async with open_process_spawner(bounds=CommandBounds(processes=None)) as spawner, trio.open_nursery() as nursery:
        lab = ProcessLab(tmp_path, spawner)
        bomb = "for one in 1 2 3 4 5 6 7 8 9 10; do sleep 300 & done; echo ready; wait"
        with trio.fail_after(PATIENCE):
            async with (
                spawner.start(lab.shell("sleep 300 & sleep 300 & wait")) as modest,
                spawner.start(lab.shell(bomb)) as greedy,
            ):
                assert await greedy.stdout.receive() == b"ready\n"
                by_pid = {process.pid: process for process in (modest, greedy)}
                watch = ProcessWatch(
                    8,
                    leaders=lambda: [pid for pid, process in by_pid.items() if process.exit_code is None],
                    kill=lambda pid: by_pid[pid].kill(),
                    count=lambda: next(counts, 100),
                )
                watch.note_start()
                nursery.start_soon(watch.run)
                assert await greedy.wait() == 137
                assert modest.exit_code is None
                nursery.cancel_scope.cancel()


class Tree:
    """Files as those of a control group of version 2 that was delegated to the server, which is alone in it."""

    def __init__(self, base: Path, controllers: str = "cpu memory pids") -> None:
        self.base = base / "server.service"
        self.base.mkdir()
        (self.base / "cgroup.controllers").write_text(controllers)
        (self.base / "cgroup.procs").write_text(f"{os.getpid()}\n")

    def is_delegated(self, group: Path) -> bool:
        return group == self.base


def test_each_command_gets_a_control_group_of_its_own(tmp_path: Path) -> None:
    tree = Tree(tmp_path)
    bounds = CommandBounds(processes=50, memory_bytes=10**9)
    groups = open_control_groups(bounds, own=tree.base, is_delegated=tree.is_delegated)
    assert (tree.base / "codex-trio" / "cgroup.procs").read_text() == str(os.getpid())
    assert (tree.base / "cgroup.subtree_control").read_text() == "+pids +memory"
    group = groups.make()
    assert group is not None
    assert {file.name: file.read_text() for file in group.iterdir()} == {"pids.max": "50", "memory.max": "1000000000"}
    assert os.system(joining(group)) == 0
    assert (group / "cgroup.procs").read_text() == "0\n"
    # A group with somebody in it cannot be removed; here the files stand for that.
    groups.remove(group)
    assert group.exists()
    for file in group.iterdir():
        file.unlink()
    groups.sweep()
    assert not group.exists()
    # A server that was started anew finds itself where it has put itself.
    (tree.base / "cgroup.procs").write_text("")
    own = tree.base / "codex-trio"
    assert find_groups(bounds, own=own, is_delegated=tree.is_delegated) == (tree.base, ("pids", "memory"))


@pytest.mark.parametrize(
    ("controllers", "others", "delegated", "why"),
    [
        ("cpu", "", "server.service", "neither of the controllers"),
        ("pids", "1\n", "server.service", "other processes"),
        ("pids", "", "other.service", "Delegate=yes"),
    ],
)
def test_where_no_control_group_can_be_made_the_reason_is_told(
    tmp_path: Path, controllers: str, others: str, delegated: str, why: str
) -> None:
    tree = Tree(tmp_path, controllers)
    with (tree.base / "cgroup.procs").open("a") as file:
        file.write(others)
    with pytest.raises(NoControlGroups, match=why):
        open_control_groups(CommandBounds(), own=tree.base, is_delegated=lambda group: group.name == delegated)
    with pytest.raises(NoControlGroups, match="control_groups"):
        open_control_groups(CommandBounds(uses_control_groups=False), own=tree.base)


@pytest.mark.parametrize(
    ("launcher", "counts", "held_by"),
    [("bubblewrap", "yes", "RLIMIT_NPROC"), ("landlock", "yes", "RLIMIT_NPROC"), ("bubblewrap", "no", "watch")],
)
def test_the_report_says_what_holds_and_why_other_limits_do_not(launcher: str, counts: str, held_by: str) -> None:
    bounds = CommandBounds(file_bytes=4096, uses_control_groups=False)
    limits = {limit.name: limit for limit in report_on_limits(bounds, launcher, is_counted=lambda: counts == "yes")}
    assert (limits["processes"].value, limits["processes"].held_by) == (4096, held_by)
    assert limits["fileBytes"] == LimitReport(name="fileBytes", value=4096, held_by="RLIMIT_FSIZE")
    assert limits["memoryBytes"].note is not None
    assert "max_memory_bytes" in limits["memoryBytes"].note
    assert limits["controlGroups"].note == "`command_limits.control_groups` is false"
