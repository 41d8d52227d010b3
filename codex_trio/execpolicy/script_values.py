"""Variables, options of git and callbacks of builtins whose values are scripts.

Owns: the tables, and what of a value is a script. Pure.
Does not own: programs that run the command behind their options (`wrappers`).
"""

import re
from collections.abc import Iterator, Sequence

from codex_trio.execpolicy.script_words import HIDDEN, Word, names

ASSIGNMENT = re.compile(r"([A-Za-z_]\w*)(?:\[[^\]]*\]|%%)?\+?=", re.ASCII)
_EXPORTED_FUNCTION = "BASH_FUNC_"
_PROMPTS = frozenset({"PS0", "PS1", "PS2", "PS3", "PS4"})
_COMMANDS = names(
    "BROWSER EDITOR FCEDIT GIT_ASKPASS GIT_EDITOR GIT_EXTERNAL_DIFF GIT_PAGER GIT_PROXY_COMMAND "
    "GIT_SEQUENCE_EDITOR GIT_SSH GIT_SSH_COMMAND LESSCLOSE LESSOPEN MANPAGER PAGER RSYNC_RSH SSH_ASKPASS "
    "SUDO_ASKPASS SUDO_EDITOR SYSTEMD_PAGER VISUAL"
)
_NO_FILES = frozenset({"", "/dev/null"})
_GIT_COMMANDS = frozenset({"cmd", "command", "editor", "helper", "pager", "sshcommand", "askpass", "external"})
_GIT_RUNS = frozenset({"-x", "--exec", "--extcmd", "--upload-pack", "--receive-pack", "--tree-filter", "--msg-filter"})
_GIT_FOLLOWED = names("run foreach")
_ARGUMENTS = ' "$@"'
_BINDING = re.compile(r'\s*(?:"(?:\\.|[^"\\])*"|[^":]*)\s*:(.*)', re.DOTALL)


def assigned_scripts(name: str, value: Word) -> Iterator[Word]:
    """Yield the scripts that a shell or another program would run for the value of a variable."""
    if name == "BASH_ENV" or (name == "ENV" and "/" in value.start + value.end):
        if value.text not in _NO_FILES:
            yield HIDDEN
    elif name.startswith(_EXPORTED_FUNCTION) and value.text is not None:
        yield Word(f"f {value.text}" if value.text.startswith("(") else value.text)
    elif name == "PROMPT_COMMAND":
        yield value
    elif name in _PROMPTS and value.text is not None:
        yield expanded(value.text)
    elif name in _COMMANDS and value.start:
        yield with_arguments(Word(value.start.lstrip("|-"), value.end, is_known=value.is_known))


def assigned_by(words: Sequence[Word]) -> Iterator[tuple[str, Word]]:
    """Yield the variables and values of words like `NAME=value`."""
    for word in words:
        match = ASSIGNMENT.match(word.start)
        if match:
            yield match[1], Word(word.start[match.end() :], word.end, is_known=word.is_known)


def with_arguments(script: Word) -> Word:
    """Return a script that is run with words behind it that nobody knows."""
    if script.text is None:
        return Word(script.start, script.end + _ARGUMENTS if script.end else "", is_known=False)
    return Word(script.text + _ARGUMENTS)


def bound_scripts(args: Sequence[Word]) -> Iterator[Word]:
    """Yield what is run, or typed, when a key is pressed that `bind` gives a meaning."""
    for arg in args:
        if arg.text is None:
            yield HIDDEN
        elif match := _BINDING.match(arg.text):
            yield Word(match[1].strip().strip("\"'"))


def expanded(text: str) -> Word:
    """Return the script that does nothing but expand a text."""
    return Word(f': "{text}"')


def git_scripts(args: Sequence[Word]) -> Iterator[Word]:
    """Yield the scripts that git is told to run by its settings, or by options of its subcommands."""
    for index, word in enumerate(args):
        following = args[index + 1] if index + 1 < len(args) else None
        name, separator, value = word.start.partition("=")
        key = name.removeprefix("--config-env").removeprefix("-c").lower()
        if "." in key and (separator or following is not None):
            told = Word(value, word.end, is_known=word.is_known) if separator else following
            if told is not None:
                yield from _setting(key, told)
        elif word.text in _GIT_FOLLOWED and index:
            yield joined(args[index + 1 :])
            return
        elif word.text in _GIT_RUNS and following is not None:
            yield following
        elif name in _GIT_RUNS and separator:
            yield Word(value, word.end, is_known=word.is_known)


def _setting(key: str, value: Word) -> Iterator[Word]:
    if value.start.startswith("!"):
        yield with_arguments(Word(value.start[1:], value.end, is_known=value.is_known))
    elif key.rpartition(".")[2] in _GIT_COMMANDS and value.start:
        yield with_arguments(value)


def joined(words: Sequence[Word]) -> Word:
    """Return the script that words are joined to, with a variable for each that is not known."""
    if not words or (len(words) == 1 and words[0].text is None):
        return words[0] if words else Word("")
    return Word(" ".join(word.start if word.is_known else f"{word.start}${{_}}{word.end}" for word in words))
