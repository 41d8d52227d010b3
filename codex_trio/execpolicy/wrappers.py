"""Programs that run the command that follows their own options: `sudo`, `env`, `timeout`, `xargs` and their likes.

Owns: the table, and finding the command behind the options. Pure.
"""

import re
from collections.abc import Mapping, Sequence

import msgspec

from codex_trio.execpolicy.script_values import ASSIGNMENT
from codex_trio.execpolicy.script_words import Word, names

LOADER = re.compile(r"ld(?:-\w+)*(?:-linux(?:-[\w-]+)?|-musl-\w+)?\.so(?:\.\d+)*\Z")
"""Names of the program that loads others."""


class Wrapper(msgspec.Struct, frozen=True):
    """How a wrapper is called: `options` take a value, `operands` come before the command.

    `scripts` are options whose value is a shell script, `queries` those with which nothing is run. `is_joined`: the
    words of the command are joined to a script. `is_shell`: without a command it is a shell itself. `adds_words`: the
    scripts are run with further words behind them. `is_loose`: the command may begin at any word.
    `subcommands`: the first operands with which a command is run.
    """

    options: frozenset[str] = frozenset()
    operands: int = 0
    scripts: frozenset[str] = frozenset()
    queries: frozenset[str] = frozenset()
    is_joined: bool = False
    is_shell: bool = False
    adds_words: bool = False
    is_loose: bool = False
    subcommands: frozenset[str] = frozenset()


def _wrapper(
    options: str = "",
    *,
    operands: int = 0,
    scripts: str = "",
    queries: str = "",
    is_joined: bool = False,
    is_shell: bool = False,
    adds_words: bool = False,
    is_loose: bool = False,
    subcommands: str = "",
) -> Wrapper:
    return Wrapper(
        frozenset(options.split()),
        operands,
        frozenset(scripts.split()),
        frozenset(queries.split()),
        is_joined,
        is_shell,
        adds_words,
        is_loose,
        frozenset(subcommands.split()),
    )


_PLAIN = _wrapper()
_NO_COMMAND = 1_000_000
_SWITCH_USER = "-g --group -G --supp-group -s --shell -w --whitelist-environment"
WRAPPERS: Mapping[str, Wrapper] = {
    **dict.fromkeys(
        names(
            "builtin busybox caffeinate catchsegv chronic dbus-run-session fakeroot linux32 linux64 nohup "
            "proxychains proxychains4 setsid torify torsocks toybox tsocks unbuffer"
        ),
        _PLAIN,
    ),
    # Too many options to tell them from the command.
    **dict.fromkeys(
        names(
            "bwrap coproc daemonize dbus-launch entr expect firejail gdb lldb nsenter numactl perf prlimit rlwrap "
            "screen tmux valgrind"
        ),
        _wrapper(is_loose=True),
    ),
    # Managers of projects and versions: what follows their subcommand.
    **dict.fromkeys(
        names("asdf bundle mise npm pipenv pipx pnpm poetry uv yarn"),
        _wrapper(operands=1, subcommands="dlx exec run tool x"),
    ),
    **dict.fromkeys(("direnv", "rustup"), _wrapper(operands=2, subcommands="exec run")),
    **dict.fromkeys(("npx", "bunx", "uvx"), _wrapper("-p --package --from --with", scripts="-c --call")),
    **dict.fromkeys(("setuidgid", "s6-setuidgid", "runcon"), _wrapper(operands=1)),
    # Builtins and programs that call back.
    **dict.fromkeys(
        ("mapfile", "readarray"), _wrapper("-d -n -O -s -u -c", operands=_NO_COMMAND, scripts="-C", adds_words=True)
    ),
    **dict.fromkeys(
        ("complete", "compgen"),
        _wrapper("-o -A -G -F -X -P -S", operands=_NO_COMMAND, scripts="-C -W", adds_words=True),
    ),
    "tar": _wrapper(operands=_NO_COMMAND, scripts="-I --use-compress-program --to-command -F --info-script"),
    "rsync": _wrapper(operands=_NO_COMMAND, scripts="-e --rsh", adds_words=True),
    "man": _wrapper(operands=_NO_COMMAND, scripts="-P --pager"),
    "start-stop-daemon": _wrapper(operands=_NO_COMMAND, scripts="-x -a --exec --startas", adds_words=True),
    "capsh": _wrapper(operands=_NO_COMMAND, scripts="-c"),
    "cgexec": _wrapper("-g"),
    "choom": _wrapper("-n --adjust -p --pid"),
    "chpst": _wrapper("-u -U -e -/ -n -l -L -m -d -o -p -f -c -r -t"),
    "hyperfine": _wrapper(
        "-w -r -m -M -S -n -L -P -D --export-json", is_joined=True, scripts="-p --prepare -s --setup"
    ),
    "nix-shell": _wrapper("-p", operands=_NO_COMMAND, scripts="--run --command"),
    "setarch": _wrapper(operands=1),
    "setpriv": _wrapper("--reuid --regid --groups --inh-caps --ambient-caps --bounding-set --securebits --pdeathsig"),
    "sg": _wrapper(operands=1, scripts="-c --command", is_joined=True, is_shell=True),
    "ssh-agent": _wrapper("-a -E -O -P -t"),
    "systemd-inhibit": _wrapper("--what --who --why --mode"),
    "xvfb-run": _wrapper("-e --error-file -f --auth-file -n --server-num -p --xauth-protocol -s --server-args -w"),
    "command": _wrapper(queries="-v -V"),
    "sudo": _wrapper(
        "-u --user -g --group -h --host -p --prompt -C --close-from -D --chdir -R --chroot -r --role -t --type "
        "-T --command-timeout -U --other-user",
        is_shell=True,
    ),
    "doas": _wrapper("-u -C", is_shell=True),
    "pkexec": _wrapper("--user"),
    "su": _wrapper(_SWITCH_USER, operands=1, scripts="-c --command --session-command", is_shell=True),
    "runuser": _wrapper(f"{_SWITCH_USER} -u --user", scripts="-c --command --session-command", is_shell=True),
    "env": _wrapper("-u --unset -C --chdir", scripts="-S --split-string"),
    "exec": _wrapper("-a"),
    "!": _wrapper(),
    "time": _wrapper("-f --format -o --output"),
    "timeout": _wrapper("-k --kill-after -s --signal", operands=1),
    "nice": _wrapper("-n --adjustment"),
    "ionice": _wrapper("-c --class -n --classdata"),
    "chrt": _wrapper("-T --sched-runtime -P --sched-period -D --sched-deadline", operands=1),
    "taskset": _wrapper(operands=1),
    "stdbuf": _wrapper("-i --input -o --output -e --error"),
    "chroot": _wrapper("--userspec --groups", operands=1, is_shell=True),
    "unshare": _wrapper("-S --setuid -G --setgid -R --root -w --wd --propagation", is_shell=True),
    "flock": _wrapper("-w --wait --timeout -E --conflict-exit-code", operands=1, scripts="-c --command"),
    "script": _wrapper(
        "-I --log-in -O --log-out -B --log-io -T --log-timing -E --echo",
        operands=1,
        scripts="-c --command",
        is_shell=True,
    ),
    "strace": _wrapper("-e -o -p -s -u -E -a -I -O -S -P -b -X"),
    "ltrace": _wrapper("-e -o -p -s -u -a -n -l -x"),
    "watch": _wrapper("-n --interval -q --equexit -s --shotsdir", is_joined=True),
    "eval": _wrapper(is_joined=True),
    "xargs": _wrapper(
        "-a --arg-file -d --delimiter -E -I -L --max-lines -n --max-args -P --max-procs -s --max-chars "
        "--process-slot-var"
    ),
    "parallel": _wrapper(
        "-j --jobs -a --arg-file -I --colsep -d --delimiter -n --max-args -N --timeout --delay",
        is_joined=True,
        is_shell=True,
    ),
    "systemd-run": _wrapper("-u --unit -p --property -E --setenv --uid --gid --nice -M --machine -H --host"),
}


class WrappedCommand(msgspec.Struct, frozen=True):
    """What a wrapper runs: the words of a command, scripts given as values of options, variables that it sets."""

    command: list[Word]
    scripts: list[Word]
    assignments: list[Word]
    is_query: bool = False


def wrapped(wrapper: Wrapper, args: Sequence[Word]) -> WrappedCommand:
    """Return the command behind a wrapper's own options, operands and assignments; no words when there is none."""
    scripts: list[Word] = []
    assignments: list[Word] = []
    operands = wrapper.operands
    at = 0
    while at < len(args):
        word = args[at]
        at += 1
        name, takes_next = _option(word, wrapper)
        if name in wrapper.queries:
            return WrappedCommand([], scripts, assignments, is_query=True)
        if name in wrapper.scripts:
            scripts += args[at : at + 1] if takes_next else [Word(_value(word.start, name))]
        if name:
            at += takes_next
        elif ASSIGNMENT.match(word.start):
            assignments.append(word)
        else:
            if wrapper.subcommands and operands == wrapper.operands and word.text not in wrapper.subcommands:
                return WrappedCommand([], scripts, assignments, is_query=True)
            if not operands:
                return WrappedCommand(list(args[at - 1 :]), scripts, assignments)
            operands -= 1
    return WrappedCommand([], scripts, assignments)


def _option(word: Word, wrapper: Wrapper) -> tuple[str, bool]:
    """Return the option that a word is, empty for none, and whether its value is the next word.

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
    """Return the value that stands in one word with its option."""
    if text.startswith("--"):
        return text.partition("=")[2]
    return text[text.index(name[1]) + 1 :]
