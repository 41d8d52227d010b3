"""Programs that run the command that follows their own options: `sudo`, `env`, `timeout`, `xargs` and their likes.

Owns: the table, and finding the command behind the options. Pure.
"""

import re
from collections.abc import Mapping, Sequence

import msgspec

from codex_trio.execpolicy.script_words import Word

_ASSIGNMENT = re.compile(r"[A-Za-z_]\w*\+?=", re.ASCII)


class Wrapper(msgspec.Struct, frozen=True):
    """How a wrapper is called: `options` take a value, `operands` come before the command.

    `scripts` are options whose value is a shell script, `queries` those with which nothing is run. `is_joined`: the
    words of the command are joined to a script.
    """

    options: frozenset[str] = frozenset()
    operands: int = 0
    scripts: frozenset[str] = frozenset()
    queries: frozenset[str] = frozenset()
    is_joined: bool = False


def _wrapper(
    options: str = "", *, operands: int = 0, scripts: str = "", queries: str = "", is_joined: bool = False
) -> Wrapper:
    return Wrapper(
        frozenset(options.split()), operands, frozenset(scripts.split()), frozenset(queries.split()), is_joined
    )


_PLAIN = _wrapper()
_SWITCH_USER = "-g --group -G --supp-group -s --shell -w --whitelist-environment"
WRAPPERS: Mapping[str, Wrapper] = {
    **dict.fromkeys(("builtin", "busybox", "coproc", "nohup", "setsid", "toybox", "unbuffer"), _PLAIN),
    "command": _wrapper(queries="-v -V"),
    "sudo": _wrapper(
        "-u --user -g --group -h --host -p --prompt -C --close-from -D --chdir -R --chroot -r --role -t --type "
        "-T --command-timeout -U --other-user"
    ),
    "doas": _wrapper("-u -C"),
    "pkexec": _wrapper("--user"),
    "su": _wrapper(_SWITCH_USER, operands=1, scripts="-c --command --session-command"),
    "runuser": _wrapper(f"{_SWITCH_USER} -u --user", scripts="-c --command --session-command"),
    "env": _wrapper("-u --unset -C --chdir", scripts="-S --split-string"),
    "exec": _wrapper("-a"),
    "time": _wrapper("-f --format -o --output"),
    "timeout": _wrapper("-k --kill-after -s --signal", operands=1),
    "nice": _wrapper("-n --adjustment"),
    "ionice": _wrapper("-c --class -n --classdata"),
    "chrt": _wrapper("-T --sched-runtime -P --sched-period -D --sched-deadline", operands=1),
    "taskset": _wrapper(operands=1),
    "stdbuf": _wrapper("-i --input -o --output -e --error"),
    "chroot": _wrapper("--userspec --groups", operands=1),
    "unshare": _wrapper("-S --setuid -G --setgid -R --root -w --wd --propagation"),
    "flock": _wrapper("-w --wait --timeout -E --conflict-exit-code", operands=1, scripts="-c --command"),
    "script": _wrapper("-I --log-in -O --log-out -B --log-io -T --log-timing -E --echo", scripts="-c --command"),
    "strace": _wrapper("-e -o -p -s -u -E -a -I -O -S -P -b -X"),
    "ltrace": _wrapper("-e -o -p -s -u -a -n -l -x"),
    "watch": _wrapper("-n --interval -q --equexit -s --shotsdir", is_joined=True),
    "eval": _wrapper(is_joined=True),
    "xargs": _wrapper(
        "-a --arg-file -d --delimiter -E -I -L --max-lines -n --max-args -P --max-procs -s --max-chars "
        "--process-slot-var"
    ),
    "parallel": _wrapper(
        "-j --jobs -a --arg-file -I --colsep -d --delimiter -n --max-args -N --timeout --delay", is_joined=True
    ),
    "systemd-run": _wrapper("-u --unit -p --property -E --setenv --uid --gid --nice -M --machine -H --host"),
}


class Behind(msgspec.Struct, frozen=True):
    """What a wrapper runs: the words of a command, and scripts given as values of options."""

    command: list[Word]
    scripts: list[Word]


def behind(wrapper: Wrapper, args: Sequence[Word]) -> Behind:
    """The command behind a wrapper's own options, operands and assignments; no words when there is none."""
    scripts: list[Word] = []
    operands = wrapper.operands
    at = 0
    while at < len(args):
        word = args[at]
        at += 1
        name, takes_next = _option(word, wrapper)
        if name in wrapper.queries:
            break
        if name in wrapper.scripts:
            scripts += args[at : at + 1] if takes_next else [Word(_value(word.start, name))]
        if name:
            at += takes_next
        elif not _ASSIGNMENT.match(word.start):
            if not operands:
                return Behind(list(args[at - 1 :]), scripts)
            operands -= 1
    return Behind([], scripts)


def _option(word: Word, wrapper: Wrapper) -> tuple[str, bool]:
    """The option that a word is, empty for none, and whether its value is the next word.

    Of short options in one word it is the first that takes a value.
    """
    text = word.start
    if not text.startswith("-"):
        return "", False
    if text.startswith("--") or len(text) < 3:
        name, separator, _ = text.partition("=")
        return name, not separator and word.is_known and name in wrapper.options | wrapper.scripts
    for index, letter in enumerate(text[1:], start=1):
        name = f"-{letter}"
        if name in wrapper.options or name in wrapper.scripts:
            return name, word.is_known and index == len(text) - 1
    return text[:2], False


def _value(text: str, name: str) -> str:
    """The value that stands in one word with its option."""
    if text.startswith("--"):
        return text.partition("=")[2]
    return text[text.index(name[1]) + 1 :]
