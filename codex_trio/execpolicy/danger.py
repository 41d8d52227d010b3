"""Commands that the user is asked about under every policy.

Owns: what counts as dangerous (forced removal), also inside shells, control flow and substitutions. Does not own: what
follows from it; that is `policy`.
"""

import os
import re
from collections.abc import Sequence

from codex_trio.execpolicy.bash import Bash, shell_script

_ASSIGNMENT = re.compile(r"[A-Za-z_]\w*=", re.ASCII)


def is_dangerous(argv: Sequence[str], bash: Bash) -> bool:
    """Return whether `argv` removes files by force, itself or in a script that it hands to a shell."""
    return _is_dangerous(list(argv), bash)


def _is_dangerous(words: list[str | None], bash: Bash) -> bool:
    words = _behind_wrappers(words)
    if not words or words[0] is None:
        return False
    program, args = os.path.basename(words[0]), words[1:]
    if program == "rm":
        return _forces(args)
    if program == "trap":
        handler = next((arg for arg in args if arg != "--"), None)
        return handler is not None and _script_is_dangerous(handler, bash)
    if None in words:
        return False
    script = shell_script([word for word in words if word is not None])
    return script is not None and _script_is_dangerous(script, bash)


def _script_is_dangerous(script: str, bash: Bash) -> bool:
    return any(_is_dangerous(words, bash) for words in bash.commands(script))


def _behind_wrappers(words: list[str | None]) -> list[str | None]:
    """Return the command that `sudo` or `env` without options of their own would run."""
    at = 0
    while at < len(words) and (name := os.path.basename(words[at] or "")) in ("sudo", "env"):
        at += 1
        while name == "env" and at < len(words) and _ASSIGNMENT.match(words[at] or ""):
            at += 1
    return words[at:]


def _forces(args: Sequence[str | None]) -> bool:
    """Return whether `rm` gets a force flag before any `--`."""
    for arg in args:
        if arg == "--":
            return False
        if arg is not None and (arg == "--force" or (arg.startswith("-") and arg[1:2] != "-" and "f" in arg)):
            return True
    return False
