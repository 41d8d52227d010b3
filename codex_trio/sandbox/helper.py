"""The program that confines itself and then becomes the command.

    python -I -S -c BOOTSTRAP FOLDER MECHANISM
        [--KIND PATH]... [--closed] [--processes N] [--no-network | --proxy DESCRIPTOR] -- COMMAND...

A KIND is one of `view.MountKind`; Landlock takes `write`, `read`, and `guard` for what has to be left out of the first.
With --closed nothing can be read but what is mounted. The mechanism `none` is for a command that others confine, but
for the last steps.

Owns: the order of the last steps before the command runs: privileges, network filter, signals, exec. Does not own: the
rest of its argv (`command`). See `kernel` on imports.

Exit codes of its own: 127 no such program, 126 it cannot be run, 125 the sandbox could not be set up.
"""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NoReturn

# Not run as a file: then it would be compiled anew for every command.
_BOOTSTRAP = """
import sys
sys.path.append(sys.argv[1])
from codex_trio.sandbox.helper import main
main(sys.argv[2:])
"""

_MOUNT_OPTIONS = ("--write", "--pin", "--protect", "--link", "--hide", "--read", "--alias", "--guard")

_FAILED = 125
_CANNOT_RUN = 126
_NOT_FOUND = 127


def start_arguments(python: str, mechanism: str) -> list[str]:
    """Return the beginning of the argv that runs this program.

    Isolated, and without site-packages: nothing of the folder that it starts in may count, and it must start fast.
    """
    package_parent = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    return [python, "-I", "-S", "-c", _BOOTSTRAP, package_parent, mechanism]


class Options:
    """What the command line asks for. Not argparse: it would take longer than the rest of the start."""

    def __init__(self, arguments: list[str]) -> None:
        self.mechanism = arguments[0]
        self.mounts: list[tuple[str, str]] = []
        """Kinds and paths in the order of the command line."""
        self.network = True
        self.is_closed = False
        self.proxy: int | None = None
        """Where the listeners of the network's only way out are handed over."""
        self.processes: int | None = None
        position = 1
        while arguments[position] != "--":
            option = arguments[position]
            if option == "--no-network":
                self.network = False
                position += 1
            elif option == "--closed":
                self.is_closed = True
                position += 1
            elif option == "--proxy":
                self.proxy = int(arguments[position + 1])
                position += 2
            elif option == "--processes":
                self.processes = int(arguments[position + 1])
                position += 2
            elif option in _MOUNT_OPTIONS:
                self.mounts.append((option.removeprefix("--"), arguments[position + 1]))
                position += 2
            else:
                raise ValueError(f"unknown option {option}")
        self.command = arguments[position + 1 :]


def main(arguments: list[str]) -> NoReturn:
    """Never returns: ends as the command, or with the command's exit code."""
    options = Options(arguments)
    try:
        _confine_and_run(options)
    except OSError as error:
        _fail(f"sandbox: {error.strerror or error}", code=_FAILED)


def _confine_and_run(options: Options) -> NoReturn:
    from codex_trio.sandbox import kernel
    from codex_trio.util import own_locale

    kernel.die_with_parent()
    own_locale.forget_own_locale()
    if options.is_closed:
        _import_what_is_needed_later()
    if options.mechanism == "namespaces":
        from codex_trio.sandbox import namespaces

        # What a terminal sends to the foreground group is meant for the command, not for its keepers.
        kernel.ignore_terminal_signals()
        code = namespaces.run(
            lambda: _become_command(options),
            mounts=options.mounts,
            network=options.network and options.proxy is None,
            to_itself=options.proxy is not None,
            processes=options.processes,
            is_closed=options.is_closed,
        )
        os._exit(code)
    if options.mechanism == "none":
        kernel.forbid_new_privileges()
        _become_command(options)
    from codex_trio.sandbox import landlock

    kernel.forbid_new_privileges()
    kernel.drop_capabilities()
    landlock.confine(
        [path for kind, path in options.mounts if kind == "write"],
        kept=[path for kind, path in options.mounts if kind == "guard"],
        readable=[path for kind, path in options.mounts if kind == "read"] if options.is_closed else None,
    )
    _become_command(options)


def _import_what_is_needed_later() -> None:
    """Import what `_become_command` takes: by then no file of ours can be read, and perhaps none of Python's."""
    import warnings  # for os.execvp

    from codex_trio.sandbox import loopback, seccomp

    del loopback, seccomp, warnings


def _become_command(options: Options) -> NoReturn:
    from codex_trio.sandbox import kernel, seccomp

    if options.proxy is not None:
        from codex_trio.sandbox import loopback

        loopback.hand_over(options.proxy)
    machine = os.uname().machine
    if seccomp.is_supported(machine):
        landlock = options.mechanism == "landlock"
        by_proxy = options.proxy is not None
        kernel.load_seccomp(
            seccomp.command_filter(machine, network=options.network, landlock=landlock, by_proxy=by_proxy)
        )
    kernel.restore_signals()
    try:
        os.execvp(options.command[0], options.command)
    except FileNotFoundError:
        _fail(f"{options.command[0]}: command not found", code=_NOT_FOUND)
    except OSError as error:
        _fail(f"{options.command[0]}: {error.strerror}", code=_CANNOT_RUN)


def _fail(message: str, *, code: int) -> NoReturn:
    os.write(2, f"{message}\n".encode(errors="surrogateescape"))
    os._exit(code)
