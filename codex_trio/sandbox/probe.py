"""Which sandbox mechanisms work on this machine, found out by trying them.

Owns: one trial run per mechanism, and the reason why each one failed or was passed over. Does not own: where bubblewrap
is looked for (`bubblewraps`), or the use of a mechanism (`command`).
"""

import os
import shlex
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Literal

import msgspec
import trio

from codex_trio.sandbox import bubblewrap, helper, seccomp
from codex_trio.sandbox.bubblewraps import Candidate, Origin, candidates, packaged_bubblewrap

Mechanism = Literal["bubblewrap", "namespaces", "landlock"]
"""Best first. `namespaces` and `landlock` are our own helper; see `namespaces` and `landlock` for what they do."""

MECHANISMS: tuple[Mechanism, ...] = ("bubblewrap", "namespaces", "landlock")

_NOT_ON_PATH = "not found on PATH"
_INSTALL = "Install bubblewrap with the package manager of the system to have that."

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
    origin: Origin = "system"
    version: str | None = None


class PassedOver(msgspec.Struct, frozen=True, kw_only=True):
    """A launcher that would have been taken before the one that is, and why it was not."""

    launcher: str
    """A mechanism, or the path of a bubblewrap."""
    reason: str


class SandboxProbe(msgspec.Struct, frozen=True, kw_only=True):
    """What was found. `failures` has a reason for every mechanism that was tried and does not work."""

    python: str
    available: tuple[Mechanism, ...]
    failures: Mapping[Mechanism, str] = {}
    bubblewrap: Bubblewrap | None = None
    passed_over: tuple[PassedOver, ...] = ()
    """Bubblewraps that others were preferred to."""

    @property
    def mechanism(self) -> Mechanism | None:
        """The one that commands will normally run under."""
        return self.available[0] if self.available else None

    @property
    def problem(self) -> str | None:
        """Why no command can be sandboxed here, as one sentence; None when one can."""
        return None if self.available else f"no sandbox works on this machine: {self.describe_failures()}"

    @property
    def notices(self) -> tuple[str, ...]:
        """What people are to know: that it is not the system's bubblewrap that confines commands, and what what does
        cannot promise.
        """
        found: list[str] = []
        if self.problem is not None:
            found.append(f"No command runs without being asked for: {self.problem}. {_INSTALL}")
        elif self.bubblewrap is None or self.bubblewrap.origin != "system":
            found.append(self._instead())
        if self.mechanism == "landlock":
            found.append(_LANDLOCK_CAVEAT)
        elif self.available and not seccomp.is_supported(os.uname().machine):
            found.append(_NO_NETWORK_FILTER)
        return tuple(found)

    def _instead(self) -> str:
        if self.bubblewrap is not None:
            used, because = f"the packaged bubblewrap {self.bubblewrap.path}", _NOT_ON_PATH
            if self.passed_over:
                because = f"{self.passed_over[0].launcher}: {self.passed_over[0].reason}"
        else:
            used, because = "codex-trio's own helper", self.failures.get("bubblewrap", _NOT_ON_PATH)
        return f"Commands are confined by {used}, not by the bubblewrap of the system ({because}). {_INSTALL}"

    def describe_failures(self) -> str:
        """Return the reasons, in order of preference."""
        return "; ".join(f"{name}: {self.failures[name]}" for name in MECHANISMS if name in self.failures)


async def probe_sandbox(
    *,
    search_path: str,
    python: str = sys.executable,
    mechanisms: Sequence[Mechanism] = MECHANISMS,
    packaged: Callable[[], str | None] = packaged_bubblewrap,
) -> SandboxProbe:
    """Try the mechanisms, side by side. Takes some 30 ms and never raises for what it finds.

    `search_path` is a PATH: bubblewrap is looked for in its absolute entries. `python` runs our own helper;
    `packaged` gives the bubblewrap of a Python package.
    """
    failures: dict[Mechanism, str] = {}
    found = _Found()

    async def try_bubblewrap() -> None:
        await found.look(await candidates(search_path, packaged()))
        if found.bubblewrap is None:
            failures["bubblewrap"] = found.passed_over[-1].reason if found.passed_over else _NOT_ON_PATH

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
    return SandboxProbe(
        python=python,
        available=available,
        failures=failures,
        bubblewrap=found.bubblewrap,
        passed_over=tuple(found.passed_over),
    )


class _Found:
    """The first bubblewrap that works, and what there is to say against the others."""

    def __init__(self) -> None:
        self.bubblewrap: Bubblewrap | None = None
        self.passed_over: list[PassedOver] = []

    async def look(self, programs: Sequence[Candidate]) -> None:
        """Try them in turn."""
        for program in programs:
            if self.bubblewrap is None:
                failure = await self._try(program)
                if failure is not None:
                    self.passed_over.append(PassedOver(launcher=program.path, reason=failure))
            elif program.lacks:
                reason = f"older than {self.bubblewrap.path}: it has no {' and no '.join(program.lacks)}"
                self.passed_over.append(PassedOver(launcher=program.path, reason=reason))

    async def _try(self, program: Candidate) -> str | None:
        # Containers that mask parts of /proc forbid a fresh one.
        failure: str | None = None
        for mount_proc in (True, False):
            failure = await _try_bubblewrap(program.path, mount_proc=mount_proc)
            if failure is None:
                self.bubblewrap = Bubblewrap(
                    path=program.path, mounts_proc=mount_proc, origin=program.origin, version=program.version
                )
                return None
        return failure


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
