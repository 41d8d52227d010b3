"""A command wrapped so that it runs under a sandbox policy.

Owns: the choice of the mechanism and everything that the spawner must provide for it.
Does not own: starting it (`execution`), nor what works here (`probe`).
Called by: the exec tool and the command/exec processor.
"""

import os
from collections.abc import Sequence

import msgspec

from codex_trio.sandbox import bubblewrap, helper, placeholders, seccomp
from codex_trio.sandbox.errors import SandboxUnavailable
from codex_trio.sandbox.policy import (
    SandboxPolicy,
    WorkspaceWrite,
    WritableRoot,
    has_network,
    is_enforced_here,
    is_within,
    writable_roots,
)
from codex_trio.sandbox.probe import Mechanism, SandboxProbe

NETWORK_DISABLED_VARIABLE = "CODEX_SANDBOX_NETWORK_DISABLED"

_SECCOMP_FD = 3


class SandboxedCommand(msgspec.Struct, frozen=True, kw_only=True):
    """What to start instead of the bare command. `env` is added to the command's environment."""

    argv: tuple[str, ...]
    env: dict[str, str] = {}
    inherited: dict[int, bytes] = {}
    """Bytes that the process reads from these descriptors, from 3 upwards without a gap."""
    placeholders: tuple[str, ...] = ()
    """Folders to be held while the process runs; see `placeholders`."""
    mechanism: Mechanism | None = None
    """None when the command runs as it is."""


def wrap(
    argv: Sequence[str],
    policy: SandboxPolicy,
    *,
    cwd: str,
    tmpdir: str | None,
    probe: SandboxProbe,
    tty: bool = False,
) -> SandboxedCommand:
    """Wrap `argv` for `policy`.

    `cwd` is the policy's working directory (absolute), which may differ from where the command starts; `tmpdir` the
    `$TMPDIR` that the command will see; `tty` whether it gets a terminal. A few file system look-ups, no writes.

    Raises `SandboxUnavailable` when `policy` must be enforced and nothing here can.
    """
    network = has_network(policy)
    env = {} if network else {NETWORK_DISABLED_VARIABLE: "1"}
    if not is_enforced_here(policy):
        return SandboxedCommand(argv=tuple(argv), env=env)
    roots = writable_roots(policy, cwd=cwd, tmpdir=tmpdir) if isinstance(policy, WorkspaceWrite) else ()
    mechanism = _choose(probe, roots, tty=tty)
    roots, missing = _prepare(roots)
    inherited: dict[int, bytes] = {}
    if mechanism == "bubblewrap" and probe.bubblewrap is not None:
        if not network and seccomp.is_supported(os.uname().machine):
            inherited[_SECCOMP_FD] = seccomp.network_filter(os.uname().machine)
        prefix = bubblewrap.arguments(
            probe.bubblewrap.path,
            roots=roots,
            network=network,
            mount_proc=probe.bubblewrap.mounts_proc,
            new_session=not tty,
            seccomp_fd=_SECCOMP_FD if inherited else None,
        )
    else:
        prefix = helper.start_arguments(probe.python, mechanism)
        for root in roots:
            prefix += ["--write", root.path]
            for path in root.protected:
                prefix += ["--protect", path]
        prefix += (
            [
                "--",
            ]
            if network
            else ["--no-network", "--"]
        )
    return SandboxedCommand(
        argv=(*prefix, *argv),
        env=env,
        inherited=inherited,
        placeholders=missing if mechanism != "landlock" else (),
        mechanism=mechanism,
    )


def _choose(probe: SandboxProbe, roots: Sequence[WritableRoot], *, tty: bool) -> Mechanism:
    # Bubblewrap dies of an interrupt that is typed at the terminal, and takes along a command that would survive it.
    for mechanism in sorted(probe.available, key=lambda name: tty and name != "namespaces"):
        # A sandboxed command could have replaced a bubblewrap that lies where it may write.
        program = probe.bubblewrap.path if mechanism == "bubblewrap" and probe.bubblewrap else None
        if program is None or not any(is_within(program, root.path) for root in roots):
            return mechanism
    raise SandboxUnavailable(probe.problem or "bubblewrap lies inside a writable folder and nothing else works here")


def _prepare(roots: Sequence[WritableRoot]) -> tuple[tuple[WritableRoot, ...], tuple[str, ...]]:
    """The roots with mountable protected paths, and those among the latter that need a placeholder."""
    prepared: list[WritableRoot] = []
    missing: list[str] = []
    writable = {root.path for root in roots}
    for root in roots:
        # A link cannot be mounted over: what it leads to is protected instead. What is named as a root of its own
        # is not protected: the more specific wish wins.
        targets = {path: os.path.realpath(path) for path in root.protected}
        prepared.append(WritableRoot(root.path, tuple(t for t in targets.values() if t not in writable)))
        missing += [
            path
            for path, target in targets.items()
            if target == path and path not in writable and placeholders.is_missing_or_placeholder(path)
        ]
    return tuple(prepared), tuple(missing)
