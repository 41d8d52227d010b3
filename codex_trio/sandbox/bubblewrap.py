"""The bubblewrap command line for a policy.

Owns: the flags and their order. Pure. Does not own: which bubblewrap, and whether it works (`probe`).
Called by: `command` and `probe`.

No flag here is younger than bubblewrap 0.4. The child shares our session when it has a terminal (the terminal is one
that we made for it alone), otherwise it gets a session of its own.
"""

from collections.abc import Sequence

from codex_trio.sandbox.policy import WritableRoot

_POWERFUL_PROC = ("/proc/sys", "/proc/sysrq-trigger", "/proc/irq", "/proc/bus")
"""Parts of /proc that change the whole machine."""


def arguments(
    program: str,
    *,
    roots: Sequence[WritableRoot],
    network: bool,
    mount_proc: bool,
    new_session: bool,
    seccomp_fd: int | None,
) -> list[str]:
    """The argv up to and including `--`. Later mounts cover earlier ones, hence `roots`: parents before children."""
    argv = [program, "--die-with-parent"]
    if new_session:
        argv.append("--new-session")
    argv += ["--bind" if any(root.path == "/" for root in roots) else "--ro-bind", "/", "/", "--dev", "/dev"]
    for root in roots:
        if root.path != "/":
            argv += ["--bind", root.path, root.path]
        for path in root.protected:
            # "try": a path whose placeholder could not be made is one that the command cannot make either.
            argv += ["--ro-bind-try", path, path]
    argv += ["--unshare-user", "--unshare-pid", "--unshare-ipc"]
    if not network:
        argv.append("--unshare-net")
    if mount_proc:
        argv += ["--proc", "/proc"]
        # Root outside is root inside as far as these files care, and bubblewrap leaves some of them writable.
        for path in _POWERFUL_PROC:
            argv += ["--ro-bind-try", path, path]
    argv += ["--cap-drop", "ALL"]
    if seccomp_fd is not None:
        argv += ["--seccomp", str(seccomp_fd)]
    return [*argv, "--"]
