"""`apply_patch` as a command of its own.

Owns: reading the patch from the only argument or from stdin, exit codes and messages.
"""

from collections.abc import Sequence
from typing import BinaryIO, TextIO

from codex_trio.files.disk import DiskFiles
from codex_trio.tools.apply_patch.apply import apply_blocking
from codex_trio.tools.apply_patch.parser import PatchError, parse

_USAGE = "Usage: apply_patch 'PATCH'\n       echo 'PATCH' | apply_patch\n"


def main(arguments: Sequence[str], *, cwd: str, stdin: BinaryIO, stdout: TextIO, stderr: TextIO) -> int:
    """Apply the patch given as the only argument, else the one on stdin, below `cwd`.

    Returns the exit code: 0 applied, 1 refused or failed, 2 wrong usage.
    """
    if len(arguments) > 1:
        stderr.write("Error: apply_patch accepts exactly one argument.\n")
        return 2
    try:
        text = arguments[0] if arguments else stdin.read().decode()
    except UnicodeDecodeError:
        stderr.write("Error: Failed to read PATCH from stdin.\nstream did not contain valid UTF-8\n")
        return 1
    if not arguments and not text:
        stderr.write(_USAGE)
        return 2
    try:
        patch = parse(text)
    except PatchError as error:
        stderr.write(f"{error.for_terminal()}\n")
        return 1
    outcome = apply_blocking(patch, cwd, DiskFiles())
    stdout.write(outcome.stdout)
    stderr.write(outcome.stderr)
    return outcome.exit_code
