"""The bubblewrap command line for a view.

Owns: the flags and their order. Does not own: which bubblewrap, and whether it works (`probe`).

No flag here is younger than bubblewrap 0.4. The child shares our session when it has a terminal (the terminal is one
that we made for it alone), otherwise it gets a session of its own. Bubblewrap cannot mount on a symbolic link.
"""

import os
from collections.abc import Sequence

from codex_trio.sandbox.view import Mount, is_folder

_POWERFUL_PROC = ("/proc/sys", "/proc/sysrq-trigger", "/proc/irq", "/proc/bus")
"""Parts of /proc that change the whole machine."""


def arguments(
    program: str,
    *,
    mounts: Sequence[Mount],
    network: bool,
    mount_proc: bool,
    new_session: bool,
    seccomp_fd: int | None,
    is_closed: bool = False,
) -> list[str]:
    """Return the argv up to and including `--`. Later mounts cover earlier ones, hence `mounts`: parents first.

    `is_closed` when nothing is to be there but those.
    """
    argv = [program, "--die-with-parent"]
    if new_session:
        argv.append("--new-session")
    if not is_closed:
        argv += ["--bind" if Mount("/", "write") in mounts else "--ro-bind", "/", "/"]
    argv += ["--dev", "/dev"]
    for mount in mounts:
        argv += _flags(mount)
    argv += ["--unshare-user", "--unshare-pid", "--unshare-ipc"]
    if not network:
        argv.append("--unshare-net")
    if mount_proc:
        argv += ["--proc", "/proc"]
        # Root outside is root inside as far as these files care, and bubblewrap leaves some of them writable.
        for path in _POWERFUL_PROC:
            argv += ["--ro-bind-try", path, path]
    elif is_closed:
        argv += ["--ro-bind", "/proc", "/proc"]
    if is_closed:
        argv += ["--remount-ro", "/"]
    argv += ["--cap-drop", "ALL"]
    if seccomp_fd is not None:
        argv += ["--seccomp", str(seccomp_fd)]
    return [*argv, "--"]


def _flags(mount: Mount) -> list[str]:
    path = mount.path
    match mount.kind:
        case "write" | "pin":
            return [] if path == "/" else ["--bind", path, path]
        case "read":
            return ["--ro-bind", path, path]
        case "alias":
            return ["--symlink", os.readlink(path), path]
        case "protect":
            # "try": a path whose placeholder could not be made is one that the command cannot make either.
            return ["--ro-bind-try", path, path]
        case "hide":
            return ["--tmpfs", path, "--remount-ro", path] if is_folder(path) else ["--ro-bind", "/dev/null", path]
        case "link":
            raise ValueError(f"bubblewrap cannot keep the link {path} in its place")
