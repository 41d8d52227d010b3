"""It is known whether a lock is a sandboxed command's, and only then it counts for nothing."""

import fcntl
import os
from pathlib import Path

import pytest

from codex_trio.util.lock_holders import only_commands_hold

COMMAND = "Name:\tsh\nNoNewPrivs:\t1\nSeccomp:\t2\n"
SERVER = "Name:\tpython\nNoNewPrivs:\t0\nSeccomp:\t0\n"
CONTAINED_SERVER = "Name:\tpython\nNoNewPrivs:\t0\nSeccomp:\t2\n"


@pytest.mark.parametrize(
    ("holders", "expected"),
    [
        ([], False),
        ([COMMAND], True),
        ([COMMAND, COMMAND], True),
        ([SERVER], False),
        ([CONTAINED_SERVER], False),
        ([COMMAND, SERVER], False),
        ([None], False),
    ],
)
def test_only_locks_of_confined_processes_count_for_nothing(
    tmp_path: Path,
    holders: list[str | None],
    expected: bool,  # noqa: FBT001  # a parameter
) -> None:
    lines = ["1: POSIX  ADVISORY  WRITE 9 fe:00:1 0 EOF", "2: FLOCK  ADVISORY  WRITE 9 fe:00:1 0 EOF"]
    (tmp_path / "9").mkdir()
    (tmp_path / "9" / "status").write_text(SERVER)
    with (tmp_path / "file").open("w") as file:
        status = os.fstat(file.fileno())
        name = f"{os.major(status.st_dev):02x}:{os.minor(status.st_dev):02x}:{status.st_ino}"
        for number, holder in enumerate(holders):
            lines.append(f"{number + 3}: FLOCK  ADVISORY  READ {100 + number} {name} 0 EOF")
            lines.append(f"{number + 3}: -> FLOCK  ADVISORY  WRITE 9 {name} 0 EOF")
            if holder is not None:
                (tmp_path / f"{100 + number}").mkdir()
                (tmp_path / f"{100 + number}" / "status").write_text(holder)
        (tmp_path / "locks").write_text("\n".join(lines) + "\n")
        assert only_commands_hold(file.fileno(), proc=tmp_path) is expected


def test_a_lock_of_ones_own_is_found_in_the_kernels_list(tmp_path: Path) -> None:
    with (tmp_path / "file").open("w") as file, (tmp_path / "file").open() as other:
        assert not only_commands_hold(other.fileno(), proc=Path("/proc"))
        fcntl.flock(file, fcntl.LOCK_EX)
        status = Path("/proc/self/status").read_text()
        is_confined = "NoNewPrivs:\t1" in status and "Seccomp:\t2" in status
        assert only_commands_hold(other.fileno()) is is_confined


def test_what_proc_does_not_tell_is_taken_for_a_server(tmp_path: Path) -> None:
    with (tmp_path / "file").open("w") as file:
        assert not only_commands_hold(file.fileno(), proc=tmp_path / "none")
