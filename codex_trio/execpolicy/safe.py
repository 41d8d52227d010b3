"""Commands that only read, which the `untrusted` policy lets run unasked.

Owns: the list of programs and the flags that take them off it. Git is none of them: it runs what the settings of a
repository say, and the repository is what is not trusted.
Does not own: whether a program is the one that its name says (`programs`).
"""

import re
from collections.abc import Sequence

from codex_trio.execpolicy.bash import Bash
from codex_trio.execpolicy.programs import Programs

_ALWAYS = frozenset(
    {"cat", "cd", "cut", "echo", "expr", "false", "grep", "head", "id", "ls", "nl", "numfmt", "paste", "pwd", "rev"}
    | {"seq", "stat", "tac", "tail", "tr", "true", "uname", "wc", "which", "whoami"}
)
_FIND_ACTIONS = frozenset({"-exec", "-execdir", "-ok", "-okdir", "-delete", "-fls", "-fprint", "-fprint0", "-fprintf"})
_SED_RANGE = re.compile(r"\d+(,\d+)?p", re.ASCII)


def is_known_safe(argv: Sequence[str], bash: Bash, programs: Programs) -> bool:
    """Return whether `argv` is known not to change anything; a plain shell script is, when all of its commands are."""
    if not argv or not programs.is_known(argv[0]):
        return False
    segments = bash.segments(argv)
    if segments is not None:
        return all(is_known_safe(segment, bash, programs) for segment in segments)
    program, args = argv[0], list(argv[1:])
    match program:
        case "base64":
            return not any(_has_short(arg, "o") or _abbreviates(arg, "--output") for arg in args)
        case "find":
            return _FIND_ACTIONS.isdisjoint(args)
        case "rg":
            return not any(
                _has_short(arg, "z") or _abbreviates(arg, "--search-zip", "--pre", "--hostname-bin") for arg in args
            )
        case "sed":
            # Behind an option, which may stand last, the range would be a file, and the script another one.
            prints = len(args) in (2, 3) and args[0] == "-n" and _SED_RANGE.fullmatch(args[1]) is not None
            return prints and not any(arg.startswith("-") and arg != "-" for arg in args[2:])
        case "uniq":
            # A second operand is the file it writes.
            return _operands(args) < 2
        case _:
            return program in _ALWAYS


def _has_short(arg: str, letter: str) -> bool:
    """Return whether a word may hold that short option, alone or with others."""
    return arg.startswith("-") and not arg.startswith("--") and letter in arg


def _abbreviates(arg: str, *flags: str) -> bool:
    """Return whether a word may stand for one of the long flags, which can be cut short."""
    name = arg.partition("=")[0]
    return len(name) > 2 and any(flag.startswith(name) for flag in flags)


def _operands(args: list[str]) -> int:
    """Return how many words may be operands: a lone dash is one, and so is all that follows two dashes."""
    if "--" in args:
        end = args.index("--")
        return _operands(args[:end]) + len(args) - end - 1
    return sum(arg == "-" or not arg.startswith("-") for arg in args)
