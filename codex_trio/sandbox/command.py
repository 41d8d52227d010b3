"""A command wrapped so that it runs under a sandbox policy.

Owns: the choice of the mechanism and everything that the spawner must provide for it.
Does not own: starting it (`execution`), nor what works here (`probe`).
"""

import os
from collections.abc import Sequence

import msgspec

from codex_trio.sandbox import bubblewrap, helper, leftovers, seccomp
from codex_trio.sandbox.denied import denied_patterns, existing, readable_paths
from codex_trio.sandbox.errors import SandboxUnavailable
from codex_trio.sandbox.policy import HostLimits, SandboxPolicy, has_network, hosts_of, is_enforced_here, limits_of
from codex_trio.sandbox.probe import Mechanism, SandboxProbe
from codex_trio.sandbox.proxy_variables import proxy_variables
from codex_trio.sandbox.roots import RootAnchors, is_within
from codex_trio.sandbox.view import View, build_view, paths_of

NETWORK_DISABLED_VARIABLE = "CODEX_SANDBOX_NETWORK_DISABLED"

_SECCOMP_FD = 3
PROXY_FD = 3
"""Where the listeners of a command's only way out are handed over; such a command reads nothing from descriptors."""

_LANDLOCK_HOSTS = (
    "Landlock cannot hold commands to the hosts that the network is limited to, and nothing else works here: install "
    "bubblewrap or allow user namespaces, or close the network"
)
_UNFILTERED_HOSTS = (
    "no system call filter is known for this processor, and without one commands cannot be held to the hosts that the "
    "network is limited to: close the network"
)


class SandboxedCommand(msgspec.Struct, frozen=True, kw_only=True):
    """What to start instead of the bare command. `env` is added to the command's environment."""

    argv: tuple[str, ...]
    env: dict[str, str] = {}
    inherited: dict[int, bytes] = {}
    """Bytes that the process reads from these descriptors, from 3 upwards without a gap."""
    placeholders: tuple[str, ...] = ()
    """Folders to be held while the process runs; see `placeholders`."""
    absent: tuple[str, ...] = ()
    """Paths at which nothing may stand while the process runs; see `absent`."""
    keepers: int = 0
    """How many processes between ours and the command an interrupt must not reach."""
    counts_processes: bool = False
    """Whether the sandbox holds the command to how many processes it may have."""
    writable: tuple[str, ...] = ()
    """Folders that the command can write."""
    mechanism: Mechanism | None = None
    """None when the command runs as it is."""
    hosts: HostLimits | None = None
    """What the listeners that it hands over at `PROXY_FD` let through, which are its only way out."""


def network_variables(policy: SandboxPolicy) -> dict[str, str]:
    """Return what tells a command that it has no network, if so, whoever confines it."""
    return {} if has_network(policy) or hosts_of(policy) else {NETWORK_DISABLED_VARIABLE: "1"}


def wrap(
    argv: Sequence[str],
    policy: SandboxPolicy,
    *,
    cwd: str,
    tmpdir: str | None,
    probe: SandboxProbe,
    anchors: RootAnchors | None = None,
    tty: bool = False,
    processes: int | None = None,
    start: str | None = None,
) -> SandboxedCommand:
    """Wrap `argv` for `policy`.

    `cwd` is the policy's working directory (absolute), and `start` where the command begins, if elsewhere; `tmpdir` the
    `$TMPDIR` that the command will see; `anchors` the thread's; `tty` whether it gets a terminal; `processes` how many
    it may have, where the sandbox counts them. A few file system look-ups, no writes.

    Raises `SandboxUnavailable` when `policy` must be enforced and nothing here can, or not for these folders.
    """
    network, hosts, env = has_network(policy), hosts_of(policy), network_variables(policy)
    if not is_enforced_here(policy):
        return SandboxedCommand(argv=tuple(argv), env=env)
    anchors = RootAnchors() if anchors is None else anchors
    roots = anchors.roots(policy, cwd=cwd, tmpdir=tmpdir)
    limits = limits_of(policy)
    patterns = denied_patterns(limits, cwd=cwd)
    denied = existing(patterns, depth=None if limits is None else limits.scan_depth)
    view = build_view(roots, anchors, denied=denied, readable=readable_paths(limits, cwd=cwd))
    if not view.shows(start or cwd):
        raise SandboxUnavailable(
            f"the permissions do not let `{start or cwd}` be read, where the command is to run: choose another folder"
        )
    mechanism = _choose(probe, view, tty=tty, hides=bool(patterns), hosts=hosts is not None)
    inherited: dict[int, bytes] = {}
    way_out = ["--no-network"] if not network else []
    if hosts is not None:
        env, way_out = proxy_variables(hosts), ["--proxy", str(PROXY_FD)]
    counts = mechanism == "namespaces"
    if mechanism == "bubblewrap" and probe.bubblewrap is not None:
        if hosts is None and seccomp.is_supported(os.uname().machine):
            inherited[_SECCOMP_FD] = seccomp.command_filter(os.uname().machine, network=network)
        prefix = bubblewrap.arguments(
            probe.bubblewrap.path,
            mounts=view.mounts,
            network=network and hosts is None,
            mount_proc=probe.bubblewrap.mounts_proc,
            new_session=not tty,
            seccomp_fd=_SECCOMP_FD if inherited else None,
            is_closed=view.is_closed,
        )
        if probe.bubblewrap.mounts_proc and not tty:
            prefix += leftovers.supervised(processes)
            counts = True
        if hosts is not None:
            prefix += [*helper.start_arguments(probe.python, "none"), *way_out, "--"]
    else:
        prefix = [*helper.start_arguments(probe.python, mechanism), *_helper_options(view, mechanism)]
        prefix += [] if processes is None else ["--processes", str(processes)]
        prefix += [*way_out, "--"]
    mounts = mechanism != "landlock"
    return SandboxedCommand(
        argv=(*prefix, *argv),
        env=env,
        inherited=inherited,
        placeholders=view.placeholders if mounts else (),
        # Where nothing can be mounted on a placeholder it keeps nobody out.
        absent=view.absent if mounts else (*view.placeholders, *view.absent),
        # Bubblewrap dies of an interrupt; the init that it starts, and the command's group with it, does not.
        keepers=1 if mechanism == "bubblewrap" else 0,
        counts_processes=counts,
        writable=tuple(root.path for root in roots),
        mechanism=mechanism,
        hosts=hosts,
    )


def _helper_options(view: View, mechanism: Mechanism) -> list[str]:
    if mechanism == "landlock":
        kinds = ("write", "read")
        given = [option for kind in kinds for path in paths_of(view.mounts, kind) for option in (f"--{kind}", path)]
        given += [option for path in view.guarded for option in ("--guard", path)]
    else:
        given = [option for mount in view.mounts for option in (f"--{mount.kind}", mount.path)]
    return [*given, "--closed"] if view.is_closed else given


def _choose(probe: SandboxProbe, view: View, *, tty: bool, hides: bool, hosts: bool) -> Mechanism:
    if hosts and not seccomp.is_supported(os.uname().machine):
        raise SandboxUnavailable(_UNFILTERED_HOSTS)
    # Bubblewrap dies of an interrupt that is typed at the terminal, and takes along a command that would survive it.
    reason = probe.problem
    for mechanism in sorted(probe.available, key=lambda name: tty and name != "namespaces"):
        if mechanism == "landlock" and view.has_links and len(probe.available) > 1:
            continue  # It protects no link either, and is only taken for what it is where nothing else works.
        if mechanism == "landlock" and hides:
            reason = "Landlock cannot keep files from being read that must not be, and nothing else works here"
            continue
        if mechanism == "landlock" and hosts:
            reason = _LANDLOCK_HOSTS
            continue
        problem = _bubblewrap_problem(probe, view) if mechanism == "bubblewrap" else None
        if mechanism == "bubblewrap" and hosts and not view.shows(probe.python):
            problem = "the interpreter that stands between a command and the network cannot be read"
        if problem is None:
            return mechanism
        reason = f"{problem}, and nothing else works here"
    raise SandboxUnavailable(reason)


def _bubblewrap_problem(probe: SandboxProbe, view: View) -> str | None:
    if probe.bubblewrap is None:
        return "bubblewrap does not work here"
    # A sandboxed command could have replaced a bubblewrap that lies where it may write.
    # What may write everywhere was let out of the sandbox, but for what it must not read.
    writable = [path for path in paths_of(view.mounts, "write") if path != "/"]
    if any(is_within(probe.bubblewrap.path, path) for path in writable):
        return "bubblewrap lies inside a writable folder"
    links = paths_of(view.mounts, "link")
    return f"bubblewrap cannot keep the symbolic link {links[0]} in its place" if links else None
