"""Which sandbox mechanisms work on this machine, found out by trying them.

Owns: the search for bubblewrap, one trial run per mechanism, and the reason why each one failed. Does not own: the use
of a mechanism (`command`); the sentence shown to users at start-up (the processors).
"""

import os
import shlex
import subprocess
import sys
from collections.abc import Mapping, Sequence
from typing import Literal

import msgspec
import trio

from codex_trio.sandbox import bubblewrap, helper, seccomp

Mechanism = Literal["bubblewrap", "namespaces", "landlock"]
"""Best first. `namespaces` and `landlock` are our own helper; see `namespaces` and `landlock` for what they do."""

MECHANISMS: tuple[Mechanism, ...] = ("bubblewrap", "namespaces", "landlock")

_TRIAL_SECONDS = 10
_TRIAL = ("/bin/sh", "-c", ":")
_NO_NETWORK_FILTER = "no system call filter is known for this processor, so unix sockets stay usable"
_LANDLOCK_CAVEAT = (
    "Only Landlock confines commands here. It cannot keep .git, .agents, .codex and .aws inside writable folders "
    "read-only, nor keep commands from changing the mode, owner and times of files elsewhere, or from seeing other "
    "processes with their command lines and what these share in /dev/shm; what a command leaves in the background may "
    "outlive it. Unix sockets are closed to commands even with network access. Install bubblewrap or allow user "
    "namespaces for a sandbox without these gaps"
)


class Bubblewrap(msgspec.Struct, frozen=True, kw_only=True):
    """A bubblewrap that works here."""

    path: str
    mounts_proc: bool


class SandboxProbe(msgspec.Struct, frozen=True, kw_only=True):
    """What was found. `failures` has a reason for every mechanism that was tried and does not work."""

    python: str
    available: tuple[Mechanism, ...]
    failures: Mapping[Mechanism, str] = {}
    bubblewrap: Bubblewrap | None = None

    @property
    def mechanism(self) -> Mechanism | None:
        """The one that commands will normally run under."""
        return self.available[0] if self.available else None

    @property
    def problem(self) -> str | None:
        """Why no command can be sandboxed here, as one sentence; None when one can."""
        return None if self.available else f"no sandbox works on this machine: {self.describe_failures()}"

    @property
    def caveats(self) -> tuple[str, ...]:
        """What the mechanism in use cannot promise."""
        found: list[str] = []
        if self.mechanism == "landlock":
            found.append(_LANDLOCK_CAVEAT)
        elif self.available and not seccomp.is_supported(os.uname().machine):
            found.append(_NO_NETWORK_FILTER)
        return tuple(found)

    def describe_failures(self) -> str:
        """Return the reasons, in order of preference."""
        return "; ".join(f"{name}: {self.failures[name]}" for name in MECHANISMS if name in self.failures)


async def probe_sandbox(
    *, search_path: str, python: str = sys.executable, mechanisms: Sequence[Mechanism] = MECHANISMS
) -> SandboxProbe:
    """Try the mechanisms, side by side. Takes some 30 ms and never raises for what it finds.

    `search_path` is a PATH: bubblewrap is looked for in its absolute entries. `python` runs our own helper.
    """
    failures: dict[Mechanism, str] = {}
    found_bubblewrap: Bubblewrap | None = None

    async def try_bubblewrap() -> None:
        nonlocal found_bubblewrap
        outcome = await _find_bubblewrap(_candidates(search_path))
        if isinstance(outcome, Bubblewrap):
            found_bubblewrap = outcome
        else:
            failures["bubblewrap"] = outcome

    async def try_helper(mechanism: Mechanism) -> None:
        if mechanism == "landlock" and not seccomp.is_supported(os.uname().machine):
            failures[mechanism] = _NO_NETWORK_FILTER
            return
        problem = await _run_trial([*helper.start_arguments(python, mechanism), "--no-network", "--", *_TRIAL])
        if problem is not None:
            failures[mechanism] = problem

    async with trio.open_nursery() as nursery:
        for mechanism in mechanisms:
            if mechanism == "bubblewrap":
                nursery.start_soon(try_bubblewrap)
            else:
                nursery.start_soon(try_helper, mechanism)
    available: tuple[Mechanism, ...] = tuple(name for name in MECHANISMS if name in mechanisms and name not in failures)
    return SandboxProbe(python=python, available=available, failures=failures, bubblewrap=found_bubblewrap)


def _candidates(search_path: str) -> list[str]:
    folders = [folder for folder in search_path.split(os.pathsep) if os.path.isabs(folder)]
    programs = (os.path.realpath(os.path.join(folder, "bwrap")) for folder in folders)
    return [program for program in dict.fromkeys(programs) if os.access(program, os.X_OK)]


async def _find_bubblewrap(candidates: Sequence[str]) -> Bubblewrap | str:
    """Return a working one, or why there is none."""
    problem = "not found on PATH"
    for program in candidates:
        # Containers that mask parts of /proc forbid a fresh one.
        for mount_proc in (True, False):
            failure = await _try_bubblewrap(program, mount_proc=mount_proc)
            if failure is None:
                return Bubblewrap(path=program, mounts_proc=mount_proc)
            problem = failure
    return problem


async def _try_bubblewrap(program: str, *, mount_proc: bool) -> str | None:
    handle: int | None = None
    try:
        if seccomp.is_supported(os.uname().machine):
            handle = os.memfd_create("seccomp")
            os.write(handle, seccomp.command_filter(os.uname().machine, network=False))
            os.lseek(handle, 0, os.SEEK_SET)
        argv = bubblewrap.arguments(
            program,
            mounts=(),
            network=False,
            mount_proc=mount_proc,
            new_session=True,
            seccomp_fd=handle,
        )
        return await _run_trial([*argv, *_TRIAL], inherited=() if handle is None else (handle,))
    finally:
        if handle is not None:
            os.close(handle)


async def _run_trial(argv: Sequence[str], *, inherited: Sequence[int] = ()) -> str | None:
    """Return None when the program ended well, otherwise the reason in one line."""
    try:
        with trio.fail_after(_TRIAL_SECONDS):
            outcome = await trio.run_process(
                argv, check=False, capture_stderr=True, stdout=subprocess.DEVNULL, pass_fds=inherited
            )
    except trio.TooSlowError:
        return f"no answer within {_TRIAL_SECONDS} s"
    except OSError as error:
        return f"{shlex.quote(argv[0])}: {error.strerror}"
    if outcome.returncode == 0:
        return None
    lines = outcome.stderr.decode(errors="replace").strip().splitlines()
    return lines[-1] if lines else f"ended with code {outcome.returncode}"
