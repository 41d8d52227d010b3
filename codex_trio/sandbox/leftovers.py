"""What a sandboxed command leaves running: it ends with the command, and the output says so.

Owns: how long it may take to end by itself, and the words. Does not own: the end, which is the kernel's, as everything
in a pid namespace ends with its init. Imports little; see `kernel`.
"""

from __future__ import annotations

import os
import time

_PATIENCE = 0.1
_PAUSE = 0.005
_MOST_NAMES = 5
_BEFORE = "[sandbox: ended with the command, which had left it running in the background: "
_AFTER = "; to keep something running, run it in the foreground: the call returns after yield_time_ms]"

# Shells say of a command that a signal ended it, which is nothing that it has written itself.
_SUPERVISOR = f"""trap : INT
exec 9>&2 2>/dev/null
(exec 2>&9 9>&-; exec "$@")
code=$?
exec 2>&9 9>&-
cd /proc || exit $code
found=
for pass in 1 2; do
  found=
  for one in [0-9]*; do
    [ "$one" -gt 1 ] && [ "$one" != $$ ] && read -r name 2>/dev/null <"$one/comm" && found="$found, $name"
  done
  [ -z "$found" ] && exit $code
  [ $pass = 2 ] || sleep {_PATIENCE}
done
printf '%s\\n' "{_BEFORE}${{found#, }}{_AFTER}" >&2
exit $code
"""

# Which letter it is depends on the shell. What fails is a limit above the one that holds already.
_LIMIT = "ulimit -u {processes} 2>/dev/null || ulimit -p {processes} 2>/dev/null\n"


def supervised(processes: int | None = None) -> tuple[str, ...]:
    """Return what to put before a command that is to run in a pid namespace with a /proc of its own.

    `processes` is how many the command may have. They count by user namespace, so that the limit is put on inside.
    """
    limit = "" if processes is None else _LIMIT.format(processes=processes)
    return ("/bin/sh", "-c", limit + _SUPERVISOR, "sh")


def tell() -> None:
    """Wait a moment for the children of this process to end, and write about those that do not.

    Called by the init of a pid namespace when its command has ended; it has adopted what is left.
    """
    deadline = time.monotonic() + _PATIENCE
    while time.monotonic() < deadline:
        try:
            if os.waitpid(-1, os.WNOHANG)[0] == 0:
                time.sleep(_PAUSE)
        except ChildProcessError:
            return
    try:  # noqa: SIM105  # `contextlib` would take longer to import than all of this
        os.write(2, f"{_BEFORE}{', '.join(_names())}{_AFTER}\n".encode(errors="replace"))
    except OSError:
        pass  # Nobody reads the output any more.


def _names() -> list[str]:
    own = str(os.getpid())
    if os.readlink("/proc/self") != own:
        return ["processes"]  # What is mounted there is of another namespace.
    names: list[str] = []
    for name in os.listdir("/proc"):
        if name.isdigit() and name != own:
            try:
                with open(f"/proc/{name}/comm", encoding="utf-8", errors="replace") as file:
                    names.append(file.read().strip())
            except OSError:
                continue
    return names if len(names) <= _MOST_NAMES else [*names[:_MOST_NAMES], "..."]
