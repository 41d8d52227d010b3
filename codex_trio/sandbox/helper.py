"""The program that confines itself and then becomes the command.

    python -I -S -c BOOTSTRAP FOLDER MECHANISM [--write PATH | --protect PATH]... [--no-network] -- COMMAND...

Owns: the order of the last steps before the command runs: privileges, network filter, signals, exec.
Does not own: the rest of its argv (`command`).
Called by: a process of its own, started with the argv that `start_arguments` begins. See `kernel` on imports.

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

_FAILED = 125
_CANNOT_RUN = 126
_NOT_FOUND = 127


def start_arguments(python: str, mechanism: str) -> list[str]:
    """The beginning of the argv that runs this program, without site-packages: it must start fast."""
    package_parent = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    return [python, "-I", "-S", "-c", _BOOTSTRAP, package_parent, mechanism]


class Options:
    """What the command line asks for. Not argparse: it would take longer than the rest of the start."""

    def __init__(self, arguments: list[str]) -> None:
        self.mechanism = arguments[0]
        self.mounts: list[tuple[str, bool]] = []
        """Paths in the order of the command line, True for writable ones."""
        self.network = True
        position = 1
        while arguments[position] != "--":
            match arguments[position]:
                case "--write" | "--protect" as kind:
                    self.mounts.append((arguments[position + 1], kind == "--write"))
                case "--no-network":
                    self.network = False
                    position -= 1
                case other:
                    raise ValueError(f"unknown option {other}")
            position += 2
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

    kernel.die_with_parent()
    if options.mechanism == "namespaces":
        from codex_trio.sandbox import namespaces

        # What a terminal sends to the foreground group is meant for the command, not for its keepers.
        kernel.ignore_terminal_signals()
        code = namespaces.run(
            lambda: _become_command(options),
            mounts=options.mounts,
            network=options.network,
        )
        os._exit(code)
    from codex_trio.sandbox import landlock

    kernel.forbid_new_privileges()
    kernel.drop_capabilities()
    landlock.confine([path for path, writable in options.mounts if writable])
    _become_command(options)


def _become_command(options: Options) -> NoReturn:
    from codex_trio.sandbox import kernel, seccomp

    machine = os.uname().machine
    if not options.network and seccomp.is_supported(machine):
        kernel.load_seccomp(seccomp.network_filter(machine))
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
