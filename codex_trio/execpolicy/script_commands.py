"""Every command that a script would run, as far as that can be told before it runs.

Owns: finding them in nested shells, behind wrappers, in variables and callbacks, in files that a script itself writes.
Does not own: the tree (`script_tree`), what is known of one word (`script_words`), nor which commands matter. It rather
finds too many than too few, and says so (`HIDDEN`) where a script cannot be read. Out of its reach are files that were
there before, and what interpreters other than shells are told to run.
"""

import os
import re
from collections.abc import Iterable, Iterator, Sequence

import msgspec

from codex_trio.execpolicy.bash import Bash
from codex_trio.execpolicy.script_tree import NO_INPUT, Command, Found, Input, simple_commands
from codex_trio.execpolicy.script_values import (
    assigned_by,
    assigned_scripts,
    bound_scripts,
    expanded,
    git_scripts,
    joined,
    with_arguments,
)
from codex_trio.execpolicy.script_words import HIDDEN, PIPE_FOLDER, UNKNOWN, Word, known_words, names
from codex_trio.execpolicy.wrappers import LOADER, WRAPPERS, WrappedCommand, Wrapper, wrapped

MAX_DEPTH = 16
"""How deep scripts in scripts and wrappers behind wrappers are followed; what is deeper counts as hidden."""

MAX_LOOKS = 8_000
"""How many commands are looked at."""

_SHELLS = names("ash bash csh dash elvish fish ksh mksh nu pwsh rbash sh tcsh xonsh yash zsh")
_SHELL_VALUES = frozenset({"-o", "+o", "-O", "+O"})
_START_FILES = frozenset({"--init-file", "--rcfile"})
_FIND_RUNS = frozenset({"-exec", "-execdir", "-ok", "-okdir"})
_FIND_ENDS = frozenset({";", "+"})
_DECLARATIONS = frozenset({"declare", "export", "local", "readonly", "typeset"})
_QUEUES = frozenset({"at", "batch"})
_COPIES = frozenset({"cp", "install", "link", "ln", "mv"})
_DOWNLOADS = frozenset({"curl", "dd", "openssl", "wget"})
_SCRIPT_HEAD = re.compile(r"#![^\n]*\b(?:env|(?:[a-z]*)sh)\b|(?!#!)")
_STDIN_FILES = frozenset({"/dev/stdin", "/dev/fd/0", "/proc/self/fd/0"})
_SYSTEM_FOLDERS = frozenset({"bin", "git-core", "libexec", "sbin"})
# A continued line, unless its backslash is itself escaped.
_CONTINUED = re.compile(r"(?<!\\)((?:\\\\)*)\\\n")
_LOOSE_WORDS = 16
_LOOSE_PLACES = 32
_WORD_BREAK = re.compile(r"[\s,;|&(){}<>`$\"'\\]+")


class _ShellCall(msgspec.Struct, frozen=True):
    """What a shell is given: a script, a file to read one from, or neither; files that it reads first."""

    script: Word | None = None
    file: Word | None = None
    start_file: Word | None = None
    is_interactive: bool = False


def commands_of(argv: Sequence[str], bash: Bash) -> Iterator[Command]:
    """`argv` itself and every command in what it runs."""
    return _Walk(bash).command(known_words(argv), NO_INPUT, depth=0)


class _Walk:
    """One look at a command. `_written` and `_copied` are files that it makes: what stands in them, what they are."""

    def __init__(self, bash: Bash) -> None:
        self._bash = bash
        self._written: dict[str, list[Word]] = {}
        self._copied: dict[str, Word] = {}
        self._has_env = False
        self._looks = 0
        self._seen: set[str] = set()

    def command(self, words: Command, stdin: Input, *, depth: int) -> Iterator[Command]:
        """Yield the command and those that it runs."""
        if not words:
            return
        self._looks += 1
        if depth > MAX_DEPTH or self._looks > MAX_LOOKS:
            yield [HIDDEN]
            return
        yield words
        program, args = words[0], words[1:]
        if (made := _file_name(program)) is not None:
            if made in self._copied:
                yield from self.command([self._copied[made], *args], stdin, depth=depth + 1)
            yield from self._programs_in(made, depth=depth)
        name = program.base_name
        if name is None:
            return
        if name in _SHELLS:
            yield from self._shell(_shell_call(args), stdin, depth=depth)
        elif name in WRAPPERS:
            yield from self._behind(name, args, stdin, depth=depth)
        else:
            yield from self._other(name, args, stdin, depth=depth)

    def _other(self, name: str, args: Command, stdin: Input, *, depth: int) -> Iterator[Command]:
        """Yield what commands run that are neither shells nor wrappers."""
        match name:
            case "." | "source" if args:
                yield from self._file(args[0], stdin, depth=depth)
            case "trap":
                yield from self._scripts((arg for arg in args if arg.start != "--"), depth=depth, limit=1)
            case "find":
                yield from self._found(args, depth=depth)
            case "git":
                yield from self._scripts(git_scripts(args), depth=depth)
            case "alias":
                yield from self._scripts((with_arguments(value) for _, value in assigned_by(args)), depth=depth)
            case "bind":
                yield from self._scripts(bound_scripts(args), depth=depth)
            case "enable" if any(arg.start.startswith("-f") for arg in args):
                yield [HIDDEN]
            case _ if name in _DECLARATIONS:
                yield from self._assignments(assigned_by(args), depth=depth)
            case _ if name in _QUEUES:
                yield from self._input(stdin, depth=depth)
            case _ if name in _COPIES or name == "hash":
                for source, _made in _copies(name, args):
                    if _is_of_system(source):
                        yield [source, UNKNOWN]
            case _ if LOADER.match(name):
                wrapper = Wrapper(frozenset({"--library-path", "--preload", "--argv0", "--audit", "--inhibit-rpath"}))
                yield from self.command(wrapped(wrapper, args).command, stdin, depth=depth + 1)
            case _:
                pass

    def _shell(self, call: _ShellCall, stdin: Input, *, depth: int) -> Iterator[Command]:
        if call.start_file is not None or (call.is_interactive and self._has_env):
            yield [HIDDEN]
        if call.script is not None:
            yield from self._script(call.script, depth=depth)
        elif call.file is not None:
            yield from self._file(call.file, stdin, depth=depth)
        else:
            yield from self._input(stdin, depth=depth)

    def _file(self, file: Word, stdin: Input, *, depth: int) -> Iterator[Command]:
        """Yield what a shell runs that reads a file: one that was there before is not looked into."""
        name = _file_name(file)
        if file.text in _STDIN_FILES:
            yield from self._input(stdin, depth=depth)
        elif name is None:
            if file.start.startswith(PIPE_FOLDER):
                yield [HIDDEN]
            elif not file.start and not file.end:
                yield [UNKNOWN]
        else:
            copied = self._copied.get(name)
            yield from self._scripts(self._written.get(name, [] if copied is None else [HIDDEN]), depth=depth)

    def _input(self, stdin: Input, *, depth: int) -> Iterator[Command]:
        yield from self._scripts(stdin.texts, depth=depth)
        if stdin.file is not None:
            yield from self._file(stdin.file, NO_INPUT, depth=depth)

    def _programs_in(self, name: str, *, depth: int) -> Iterator[Command]:
        """Yield what a file that was just written runs when it is called as a program."""
        texts = self._written.get(name, ())
        yield from self._scripts((text for text in texts if _SCRIPT_HEAD.match(text.start)), depth=depth)

    def _behind(self, name: str, args: Command, stdin: Input, *, depth: int) -> Iterator[Command]:
        wrapper = WRAPPERS[name]
        inner = wrapped(wrapper, args)
        yield from self._assignments(assigned_by(inner.assignments), depth=depth)
        scripts = inner.scripts
        yield from self._scripts(map(with_arguments, scripts) if wrapper.adds_words else scripts, depth=depth)
        if wrapper.is_loose:
            for at in range(min(len(args), _LOOSE_PLACES)):
                yield from self.command(args[at : at + _LOOSE_PLACES], stdin, depth=depth + MAX_DEPTH // 2)
                if " " in args[at].start:
                    yield from self._script(args[at], depth=depth + MAX_DEPTH // 2)
        if inner.command:
            yield from self._wrapped(name, inner, args, stdin, depth=depth)
        elif wrapper.is_shell and not scripts and not inner.is_query:
            yield from self._input(stdin, depth=depth)

    def _wrapped(
        self, name: str, inner: WrappedCommand, args: Command, stdin: Input, *, depth: int
    ) -> Iterator[Command]:
        command = inner.command
        if name == "xargs":
            command = [*_filled(command, _placeholder(args)), UNKNOWN]
        if not WRAPPERS[name].is_joined:
            yield from self.command(command, stdin, depth=depth + 1)
            return
        if name == "parallel":
            # What comes behind `:::` are arguments, or commands when there are none before it.
            command = _filled([*(word for word in command if word.text != ":::"), UNKNOWN], "{}")
        yield from self._script(joined(command), depth=depth)

    def _found(self, args: Command, *, depth: int) -> Iterator[Command]:
        """Yield what `find` runs."""
        command: Command | None = None
        for arg in args:
            if command is None:
                command = [] if arg.text in _FIND_RUNS else None
            elif arg.text in _FIND_ENDS:
                yield from self.command(_filled(command, "{}"), NO_INPUT, depth=depth + 1)
                command = None
            else:
                command.append(arg)
        if command:
            yield from self.command(_filled(command, "{}"), NO_INPUT, depth=depth + 1)

    def _assignments(self, pairs: Iterable[tuple[str, Word]], *, depth: int) -> Iterator[Command]:
        for name, value in pairs:
            self._has_env = self._has_env or (name == "ENV" and value.text != "")
            yield from self._scripts(assigned_scripts(name, value), depth=depth)

    def _scripts(self, scripts: Iterable[Word], *, depth: int, limit: int = 8) -> Iterator[Command]:
        for _, script in zip(range(limit), scripts, strict=False):
            yield from self._script(script, depth=depth)

    def _script(self, script: Word, *, depth: int) -> Iterator[Command]:
        text = script.text
        if (
            depth >= MAX_DEPTH
            or self._looks > MAX_LOOKS
            or (text is None and not script.start.strip() and not script.end.strip())
        ):
            yield [HIDDEN]
            return
        if text is None:
            yield [UNKNOWN]
            text = f"{script.start}${{_}}{script.end}"
        if text in self._seen:
            return
        self._seen.add(text)
        # The grammar takes a line that is continued inside a word for two words, and bash reads none in comments.
        for form in dict.fromkeys((text, _CONTINUED.sub(r"\1", text))):
            root = self._bash.root(form)
            found = list(simple_commands(root))
            for each in found:
                self._note(each)
            for each in found:
                yield from self._judge(each, depth=depth + 1)
            if root.has_error:
                yield from _loosely(form)

    def _note(self, found: Found) -> None:
        """Remember which files a statement makes."""
        for file, text in found.written:
            if (made := _file_name(file)) is not None:
                self._written.setdefault(made, []).append(text)
        if found.assigned is not None and found.assigned[0] == "ENV":
            self._has_env = True
        name = found.words[0].base_name if found.words else None
        args = found.words[1:]
        if name in _COPIES or name == "hash":
            self._copied.update((made, source) for source, made in _copies(name, args))
        elif name == "tee" or name in _DOWNLOADS:
            texts = list(found.stdin.texts) if name == "tee" else []
            for arg in args:
                if (
                    made := _file_name(Word(arg.start.removeprefix("of="), arg.end, is_known=arg.is_known))
                ) is not None:
                    self._written.setdefault(made, []).extend(texts or [HIDDEN])

    def _judge(self, found: Found, *, depth: int) -> Iterator[Command]:
        if found.assigned is not None:
            name, values = found.assigned
            yield from self._assignments(((name, value) for value in values), depth=depth)
        if found.expanded is not None:
            yield from self._script(expanded(found.expanded), depth=depth)
        yield from self.command(found.words, found.stdin, depth=depth)


def _file_name(word: Word) -> str | None:
    """Return the file that a word names; None where that is not known."""
    return os.path.normpath(word.start) if word.is_known and word.start else None


def _copies(name: str, args: Command) -> Iterator[tuple[Word, str]]:
    """Yield what `cp`, `ln` and their likes give another name, and the name; so does `hash -p`."""
    words = [arg for arg in args if not arg.start.startswith("-")]
    if name == "hash" and not any(arg.start.startswith("-p") for arg in args):
        return
    if len(words) == 1 and words[0].base_name:
        yield words[0], words[0].base_name
    if len(words) < 2 or (target := _file_name(words[0 if _has_target(args) else -1])) is None:
        return
    for source in words[1:] if _has_target(args) else words[:-1]:
        yield source, target
        if source.base_name:
            yield source, os.path.normpath(os.path.join(target, source.base_name))


def _has_target(args: Command) -> bool:
    return any(arg.text in ("-t", "--target-directory") for arg in args)


def _is_of_system(program: Word) -> bool:
    """Return whether a path leads to a folder of programs."""
    return not _SYSTEM_FOLDERS.isdisjoint(program.start.split("/")[:-1])


def _loosely(text: str) -> Iterator[Command]:
    """Yield what might be commands in a text that cannot be parsed: whatever follows any word of it."""
    words = known_words(word for word in _WORD_BREAK.split(text) if word)
    for index in range(len(words)):
        yield words[index : index + _LOOSE_WORDS]


def _shell_call(args: Command) -> _ShellCall:
    """Return what a shell is called with."""
    takes_script = is_interactive = False
    start_file: Word | None = None
    at = 0
    while at < len(args):
        text = args[at].start
        at += 1
        if text in _SHELL_VALUES:
            at += 1
        elif text in _START_FILES:
            start_file = args[at] if at < len(args) else UNKNOWN
            at += 1
        elif text == "--command" or (text[:1] == "-" and text[:2] != "--" and "c" in text.lower()):
            takes_script = True
            is_interactive = is_interactive or "i" in text
        elif text.startswith("--command="):
            return _ShellCall(Word(text.partition("=")[2]), start_file=start_file)
        elif text in ("-s", "-"):
            break
        elif text[:1] not in ("-", "+"):
            script, file = (args[at - 1], None) if takes_script else (None, args[at - 1])
            return _ShellCall(script, file, start_file, is_interactive)
        else:
            is_interactive = is_interactive or (text[:2] != "--" and "i" in text)
    return _ShellCall(UNKNOWN if takes_script else None, None, start_file, is_interactive)


def _placeholder(args: Command) -> str:
    """Return what `xargs` replaces in the command."""
    for index, arg in enumerate(args):
        if arg.start.startswith("-I"):
            if arg.start != "-I":
                return arg.start[2:]
            return args[index + 1].start if index + 1 < len(args) else "{}"
    return "{}"


def _filled(command: Command, placeholder: str) -> Command:
    """Return a command in which names or lines stand in place of the placeholder."""
    if not placeholder:
        return command
    return [_replaced(word, placeholder) for word in command]


def _replaced(word: Word, placeholder: str) -> Word:
    if word.start == placeholder or placeholder not in word.start + word.end:
        return UNKNOWN if word.start == placeholder else word
    if not word.is_known:
        return Word(word.start.partition(placeholder)[0], word.end.rpartition(placeholder)[2], is_known=False)
    return Word(word.start.partition(placeholder)[0], word.start.rpartition(placeholder)[2], is_known=False)
