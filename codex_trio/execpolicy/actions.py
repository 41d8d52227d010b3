"""What a command does, for people: reads a file, lists, searches, or something else.

Owns: the table of known programs and the dropping of steps that only shape output. Does not own: judging whether a
command may run. Never wrong in a harmful way: at worst a label is off.
"""

import itertools
import re
from collections.abc import Callable, Iterator, Mapping, Sequence

from codex_trio.domain.items import ListFilesCommand, ParsedCommand, ReadCommand, SearchCommand, UnknownCommand
from codex_trio.execpolicy.bash import Bash, shell_script
from codex_trio.execpolicy.words import join, split

Words = Sequence[str]

_SED_RANGE = re.compile(r"\d+(,\d+)?p", re.ASCII)
_COUNT = re.compile(r"\d+", re.ASCII)
_OFFSET = re.compile(r"\+?\d+", re.ASCII)
_PYTHON = re.compile(r"python[23]?|python[23]\..*", re.DOTALL)
_PYTHON_LISTS = ("os.walk", "os.listdir", "os.scandir", "glob.glob", "glob.iglob", "pathlib.Path", ".rglob(")
# Folders that say little about where something is.
_DULL_FOLDERS = frozenset({"", "build", "dist", "node_modules", "src"})

_LISTING_FLAGS: Mapping[str, frozenset[str]] = {
    "ls": frozenset({"-I", "-w", "--block-size", "--format", "--time-style", "--color", "--quoting-style"}),
    "eza": frozenset({"-I", "--ignore-glob", "--color", "--sort", "--time-style", "--time"}),
    "exa": frozenset({"-I", "--ignore-glob", "--color", "--sort", "--time-style", "--time"}),
    "tree": frozenset({"-L", "-P", "-I", "--charset", "--filelimit", "--sort"}),
    "du": frozenset({"-d", "--max-depth", "-B", "--block-size", "--exclude", "--time-style"}),
}
_PAGER_FLAGS: Mapping[str, frozenset[str]] = {
    "cat": frozenset(),
    "more": frozenset(),
    "bat": frozenset(
        {"--theme", "--language", "--style", "--terminal-width", "--tabs", "--line-range", "--map-syntax"}
    ),
    "less": frozenset(
        {"-p", "-P", "-x", "-y", "-z", "-j", "--pattern", "--prompt", "--tabs", "--shift", "--jump-target"}
    ),
}
_RG_FLAGS = frozenset(
    {"-g", "--glob", "--iglob", "-t", "--type", "--type-add", "--type-not", "-m", "--max-count"}
    | {"-A", "-B", "-C", "--context", "--max-depth"}
)
_GREP_FLAGS = frozenset({"-m", "--max-count", "-C", "--context", "-A", "--after-context", "-B", "--before-context"})
_PATTERN_FLAGS = frozenset({"-e", "--regexp", "-f", "--file"})
_ACK_FLAGS = frozenset({"-G", "-g", "--file-search-regex", "--ignore-dir", "--ignore-file", "--path-to-ignore"})
_FD_FLAGS = frozenset({"-t", "--type", "-e", "--extension", "-E", "--exclude", "--search-path"})
_FIND_PATTERN_FLAGS = frozenset({"-name", "-iname", "-path", "-regex"})
_LS_FILES_FLAGS = frozenset({"--exclude", "--exclude-from", "--pathspec-from-file"})
_NL_FLAGS = frozenset({"-s", "-w", "-v", "-i", "-b"})
_AWK_FLAGS = frozenset({"-F", "-v", "-f", "--field-separator", "--assign", "--file"})
_SED_SCRIPT_FLAGS = frozenset({"-e", "--expression"})
_SED_FLAGS = _SED_SCRIPT_FLAGS | {"-f", "--file"}
_XARGS_FLAGS = frozenset({"-E", "-e", "-I", "-L", "-n", "-P", "-s"})


def command_actions(argv: Words, bash: Bash) -> list[ParsedCommand]:
    """Return what `argv` does, step by step; one `unknown` for the whole when any part that matters is not recognised.

    Paths of reads are as written, behind the folders that the script changes to; join them to the working directory.
    """
    script = shell_script(argv)
    segments = bash.segments(argv) if script is not None else [list(argv)] if argv else None
    whole = join(argv) if script is None else script
    if not segments:
        return [UnknownCommand(cmd=whole)]
    steps = [words for words in segments if not _only_shapes_output(words)]
    if not steps:
        return [UnknownCommand(cmd=whole)]
    actions = _drop_asides(_summarize(steps))
    if any(isinstance(action, UnknownCommand) for _, action in actions):
        return [UnknownCommand(cmd=whole)]
    result = [action for _, action in actions]
    if script is not None and len(result) == 1:
        return [_with_context(result[0], script=script, segments=segments)]
    return [action for index, action in enumerate(result) if index == 0 or action != result[index - 1]]


def _summarize(steps: Sequence[Words]) -> list[tuple[Words, ParsedCommand]]:
    """Return the action of each step; `cd` steps only move the paths of reads that follow."""
    folder: str | None = None
    actions: list[tuple[Words, ParsedCommand]] = []
    for words in steps:
        if words[0] == "cd":
            target = _cd_target(words[1:])
            folder = folder if target is None else _join_path(folder, target)
            continue
        action = _action(words)
        if isinstance(action, ReadCommand):
            action = ReadCommand(cmd=action.cmd, name=action.name, path=_join_path(folder, action.path))
        actions.append((words, action))
    return actions


def _drop_asides(actions: list[tuple[Words, ParsedCommand]]) -> list[tuple[Words, ParsedCommand]]:
    """Without steps that only talk (a leading `echo`), do nothing (`true`) or number lines (`nl`), if others remain."""
    if len(actions) > 1:
        actions = [pair for pair in actions if list(pair[0]) != ["true"]]
    while len(actions) > 1:
        aside = next((index for index, (words, _) in enumerate(actions) if _is_aside(words, first=index == 0)), None)
        if aside is None:
            break
        actions = actions[:aside] + actions[aside + 1 :]
    return actions


def _is_aside(words: Words, *, first: bool) -> bool:
    return (first and words[0] == "echo") or (words[0] == "nl" and all(word.startswith("-") for word in words[1:]))


def _with_context(action: ParsedCommand, *, script: str, segments: Sequence[Words]) -> ParsedCommand:
    """Return the only action left, labelled with as much of the script as belongs to it."""
    words = split(script) or [script]
    if len(segments) == 1 and not {"|", "&&", "||", ";"}.intersection(words):
        label = join(words)
    elif isinstance(action, ReadCommand) and "|" in words and ("sed", "-n") in itertools.pairwise(words):
        label = script
    else:
        return action
    match action:
        case ReadCommand(name=name, path=path):
            return ReadCommand(cmd=label, name=name, path=path)
        case ListFilesCommand(path=path):
            return ListFilesCommand(cmd=label, path=path)
        case SearchCommand(query=query, path=path):
            return SearchCommand(cmd=label, query=query, path=path)
        case UnknownCommand():
            return action


# --- single commands -------------------------------------------------------------------------------------------------


def _action(words: Words) -> ParsedCommand:
    program, args = words[0], words[1:]
    if program in _LISTING_FLAGS:
        return _listing(words, *_operands(args, _LISTING_FLAGS[program]))
    pager = "bat" if program == "batcat" else program
    if pager in _PAGER_FLAGS:
        operands = _operands(args, _PAGER_FLAGS[pager])
        return _read(words, operands[0] if len(operands) == 1 else None)
    if program in _PROGRAMS:
        return _PROGRAMS[program](words, args)
    if _PYTHON.fullmatch(program) and _python_lists_files(args):
        return _listing(words)
    return UnknownCommand(cmd=join(words))


def _rg(words: Words, args: Words) -> ParsedCommand:
    if "--files" in args:
        return _listing(words, *_operands(args, _RG_FLAGS))
    return _pattern_search(words, args, _RG_FLAGS)


def _grep(words: Words, args: Words) -> ParsedCommand:
    return _pattern_search(words, args, _GREP_FLAGS)


def _ack(words: Words, args: Words) -> ParsedCommand:
    return _search(words, *_operands(args, _ACK_FLAGS))


def _git(words: Words, args: Words) -> ParsedCommand:
    if args[:1] == ["grep"]:
        return _grep(words, args[1:])
    if args[:1] == ["ls-files"]:
        return _listing(words, *_operands(args[1:], _LS_FILES_FLAGS))
    return UnknownCommand(cmd=join(words))


def _fd(words: Words, args: Words) -> ParsedCommand:
    operands = _operands(args, _FD_FLAGS)
    if len(operands) < 2 and all(_looks_like_path(operand) for operand in operands):
        return _listing(words, *operands)
    return _search(words, *operands)


def _find(words: Words, args: Words) -> ParsedCommand:
    path = next((arg for arg in args if not arg.startswith("-") and arg not in ("!", "(", ")")), None)
    query = next(_flag_values(args, _FIND_PATTERN_FLAGS), None)
    if query is None:
        return _listing(words, path)
    return _search(words, query, path)


def _head(words: Words, args: Words) -> ParsedCommand:
    return _read(words, _first_lines_operand(args, _COUNT))


def _tail(words: Words, args: Words) -> ParsedCommand:
    return _read(words, _first_lines_operand(args, _OFFSET))


def _sed(words: Words, args: Words) -> ParsedCommand:
    return _read(words, _sed_file(args))


def _awk(words: Words, args: Words) -> ParsedCommand:
    return _read(words, _awk_file(args))


def _nl(words: Words, args: Words) -> ParsedCommand:
    return _read(words, next(iter(_operands(args, _NL_FLAGS)), None))


_PROGRAMS: Mapping[str, Callable[[Words, Words], ParsedCommand]] = {
    **dict.fromkeys(("rg", "rga", "ripgrep-all"), _rg),
    **dict.fromkeys(("grep", "egrep", "fgrep"), _grep),
    **dict.fromkeys(("ag", "ack", "pt"), _ack),
    "git": _git,
    "fd": _fd,
    "find": _find,
    "head": _head,
    "tail": _tail,
    "sed": _sed,
    "awk": _awk,
    "nl": _nl,
}


def _read(words: Words, path: str | None) -> ParsedCommand:
    if path is None:
        return UnknownCommand(cmd=join(words))
    return ReadCommand(cmd=join(words), name=_display_path(path), path=path)


def _listing(words: Words, path: str | None = None, *_more: str) -> ParsedCommand:
    return ListFilesCommand(cmd=join(words), path=None if path is None else _display_path(path))


def _search(words: Words, query: str | None = None, path: str | None = None, *_more: str) -> ParsedCommand:
    return SearchCommand(cmd=join(words), query=query, path=None if path is None else _display_path(path))


def _pattern_search(words: Words, args: Words, valued: frozenset[str]) -> ParsedCommand:
    """Return a search whose pattern may be given by a flag instead of the first operand."""
    given = itertools.islice(_flag_values(args, _PATTERN_FLAGS), 1)
    return _search(words, *given, *_operands(args, valued | _PATTERN_FLAGS))


# --- arguments -------------------------------------------------------------------------------------------------------


def _operands(args: Words, valued: frozenset[str]) -> list[str]:
    """Return the arguments that are neither flags nor values of the flags in `valued`."""
    operands: list[str] = []
    waiting = iter(range(len(args)))
    for index in waiting:
        arg = args[index]
        if arg == "--":
            return operands + list(args[index + 1 :])
        if arg in valued:
            if index + 1 < len(args):
                next(waiting)
        elif not arg.startswith("-"):
            operands.append(arg)
    return operands


def _flag_values(args: Words, flags: frozenset[str]) -> Iterator[str]:
    return (value for flag, value in itertools.pairwise(args) if flag in flags)


def _first_lines_operand(args: Words, count: re.Pattern[str]) -> str | None:
    """Return the file of `head` or `tail`: behind `-n COUNT` or `-nCOUNT`, or alone."""
    if len(args) > 1 and args[0] == "-n" and count.fullmatch(args[1]):
        rest = args[2:]
    elif args and args[0].startswith("-n") and count.fullmatch(args[0][2:]):
        rest = args[1:]
    else:
        return args[0] if len(args) == 1 and not args[0].startswith("-") else None
    return next((arg for arg in rest if not arg.startswith("-")), None)


def _sed_file(args: Words) -> str | None:
    """Return the file that `sed -n RANGEp FILE` shows lines of."""
    if "-n" not in args:
        return None
    operands = _operands(args, _SED_FLAGS)
    if any(_SED_RANGE.fullmatch(script) for script in _flag_values(args, _SED_SCRIPT_FLAGS)):
        files = operands[1:] if operands and _SED_RANGE.fullmatch(operands[0]) else operands
    elif operands and _SED_RANGE.fullmatch(operands[0]):
        files = operands[1:]
    else:
        return None
    return files[0] if files else None


def _awk_file(args: Words) -> str | None:
    operands = _operands(args, _AWK_FLAGS)
    files = operands if "-f" in args or "--file" in args else operands[1:]
    return files[0] if files else None


def _python_lists_files(args: Words) -> bool:
    code = next(_flag_values(args, frozenset({"-c"})), "")
    return any(hint in code for hint in _PYTHON_LISTS)


def _cd_target(args: Words) -> str | None:
    if "--" in args:
        return next(iter(args[args.index("--") + 1 :]), None)
    operands = [arg for arg in args if not arg.startswith("-")]
    return operands[-1] if operands else None


def _join_path(folder: str | None, path: str) -> str:
    return path if folder is None or path.startswith("/") else f"{folder.rstrip('/')}/{path}"


def _display_path(path: str) -> str:
    """Return the last telling component of a path."""
    trimmed = path.replace("\\", "/").rstrip("/")
    return next((part for part in reversed(trimmed.split("/")) if part not in _DULL_FOLDERS), trimmed)


def _looks_like_path(word: str) -> bool:
    return word in (".", "..") or "/" in word or "\\" in word


# --- steps that only shape output ------------------------------------------------------------------------------------


def _only_shapes_output(words: Words) -> bool:
    program, args = words[0], words[1:]
    match program:
        case "wc" | "tr" | "cut" | "sort" | "uniq" | "tee" | "column" | "yes" | "printf":
            return True
        case "xargs":
            return not _xargs_edits(args)
        case "awk":
            return _awk_file(args) is None
        case "sed":
            return _sed_file(args) is None and not _edits_in_place(words)
        case "head":
            return _reads_stdin(args, _COUNT)
        case "tail":
            return _reads_stdin(args, _OFFSET)
        case _:
            return False


def _reads_stdin(args: Words, count: re.Pattern[str]) -> bool:
    """Return whether `head` or `tail` is called without a file."""
    if len(args) == 2:
        return args[0] in ("-n", "-c") and count.fullmatch(args[1]) is not None
    return not args or (len(args) == 1 and args[0].startswith("-"))


def _xargs_edits(args: Words) -> bool:
    """Return whether the command behind `xargs` changes files in place."""
    waiting = iter(range(len(args)))
    for index in waiting:
        arg = args[index]
        if arg == "--" or not arg.startswith("-"):
            return _edits_in_place(args[index + (arg == "--") :])
        if arg in _XARGS_FLAGS:
            next(waiting, None)
    return False


def _edits_in_place(words: Words) -> bool:
    program = words[0] if words else ""
    if program in ("perl", "ruby", "sed"):
        return any(word.startswith(("-i", "-pi")) for word in words[1:])
    return program == "rg" and "--replace" in words[1:]
