"""Commands that only read, which the `untrusted` policy lets run unasked.

Owns: the list of programs and the flags that take them off it.
Does not own: what other policies do; they do not look at it.
Called by: `policy`.
"""

import os
import re
from collections.abc import Sequence

from codex_trio.execpolicy.bash import Bash

_ALWAYS = frozenset(
    {"cat", "cd", "cut", "echo", "expr", "false", "grep", "head", "id", "ls", "nl", "numfmt", "paste", "pwd", "rev"}
    | {"seq", "stat", "tac", "tail", "tr", "true", "uname", "wc", "which", "whoami"}
)
_FIND_ACTIONS = frozenset({"-exec", "-execdir", "-ok", "-okdir", "-delete", "-fls", "-fprint", "-fprint0", "-fprintf"})
_SED_RANGE = re.compile(r"\d+(,\d+)?p", re.ASCII)
_GIT_READS = frozenset({"status", "log", "diff", "show", "branch"})
_GIT_GLOBAL_VALUES = ("-C", "-c", "--config-env", "--exec-path", "--git-dir", "--namespace", "--work-tree")
_GIT_GLOBAL_REFUSED = (*_GIT_GLOBAL_VALUES, "--super-prefix", "-p", "--paginate")
_GIT_ARGS_REFUSED = ("--output", "--ext-diff", "--textconv", "--exec")
_GIT_BRANCH_READS = frozenset({"--list", "-l", "--show-current", "-a", "--all", "-r", "--remotes", "-v", "-vv"})


def is_known_safe(argv: Sequence[str], bash: Bash) -> bool:
    """Whether `argv` is known not to change anything; a plain shell script is, when all of its commands are."""
    segments = bash.segments(argv)
    if segments is not None:
        return all(is_known_safe(segment, bash) for segment in segments)
    if not argv:
        return False
    program, args = os.path.basename(argv[0]), list(argv[1:])
    match program:
        case "base64":
            return not any(arg.startswith("-o") or _is_flag(arg, "--output") for arg in args)
        case "find":
            return _FIND_ACTIONS.isdisjoint(args)
        case "rg":
            return not any(arg in ("-z", "--search-zip") or _is_flag(arg, "--pre", "--hostname-bin") for arg in args)
        case "sed":
            return len(args) in (2, 3) and args[0] == "-n" and _SED_RANGE.fullmatch(args[1]) is not None
        case "git":
            return _git_is_safe(args)
        case "uniq":
            # A second operand is the file it writes.
            return sum(not arg.startswith("-") for arg in args) < 2
        case _:
            return program in _ALWAYS


def _is_flag(arg: str, *flags: str) -> bool:
    """Whether `arg` is one of the long flags, with or without `=value`."""
    return arg.partition("=")[0] in flags


def _abbreviates(arg: str, flags: Sequence[str]) -> bool:
    """Whether git may take `arg` for one of the long flags, which can be cut short."""
    name = arg.partition("=")[0]
    return len(name) > 2 and any(flag.startswith(name) for flag in flags)


def _git_is_safe(args: list[str]) -> bool:
    """Whether it is a reading subcommand, not redirected by a global option, with no flag that writes or runs."""
    subcommand = next((index for index, arg in enumerate(args) if not arg.startswith("-")), None)
    if subcommand is None or args[subcommand] not in _GIT_READS:
        return False
    before, after = args[:subcommand], args[subcommand + 1 :]
    if any(_is_flag(arg, *_GIT_GLOBAL_REFUSED) or arg.startswith(("-C", "-c")) for arg in before):
        return False
    if any(_abbreviates(arg, _GIT_ARGS_REFUSED) for arg in after):
        return False
    if args[subcommand] == "branch":
        return all(arg in _GIT_BRANCH_READS or arg.startswith("--format=") for arg in after)
    return True
