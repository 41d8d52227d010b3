"""Every command that a script would run, as far as that can be told before it runs.

Owns: finding them in control flow, substitutions, redirected statements, nested shells and behind wrappers.
Does not own: what is known of one word (`script_words`), nor which commands matter. It rather finds too many than too
few: programs that a script writes or downloads before it runs them are out of its reach.
"""

import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import msgspec

from codex_trio.execpolicy.bash import Bash
from codex_trio.execpolicy.script_words import UNKNOWN, Word, known_words, word_of
from codex_trio.execpolicy.wrappers import WRAPPERS, behind

if TYPE_CHECKING:
    from tree_sitter import Node

MAX_DEPTH = 16
"""How deep scripts in scripts and wrappers behind wrappers are followed; what is deeper counts as unknown."""

_SHELLS = frozenset({"ash", "bash", "dash", "fish", "ksh", "mksh", "rbash", "sh", "zsh"})
_SHELL_VALUES = frozenset({"-o", "+o", "-O", "+O", "--init-file", "--rcfile"})
_FIND_RUNS = frozenset({"-exec", "-execdir", "-ok", "-okdir"})
_FIND_ENDS = frozenset({";", "+"})
_COMMANDS = frozenset({"command", "declaration_command", "unset_command"})
_READERS = frozenset({".", "source"})
_STDIN_FILES = frozenset({"/dev/stdin", "/dev/fd/0", "/proc/self/fd/0"})
_REDIRECTS = frozenset({"file_redirect", "heredoc_redirect", "herestring_redirect"})
_PRINTERS = frozenset({"echo", "printf"})
# A continued line, unless its backslash is itself escaped.
_CONTINUED = re.compile(r"(?<!\\)((?:\\\\)*)\\\n")
_LOOSE_WORDS = 16
_WORD_BREAK = re.compile(r"[\s,;|&(){}<>`$\"'\\]+")

Command = list[Word]


class _Found(msgspec.Struct):
    """A simple command in a tree, and the script that it reads from its standard input where that is written there."""

    words: Command
    stdin: list[Word]


def commands_of(argv: Sequence[str], bash: Bash) -> Iterator[Command]:
    """`argv` itself and every command in what it runs."""
    return _Walk(bash).command(known_words(argv), [], depth=0)


class _Walk:
    def __init__(self, bash: Bash) -> None:
        self._bash = bash

    def command(self, words: Command, stdin: list[Word], *, depth: int) -> Iterator[Command]:
        """The command and those that it runs."""
        if not words:
            return
        if depth > MAX_DEPTH:
            yield [UNKNOWN]
            return
        yield words
        name, args = words[0].base_name, words[1:]
        if name is None:
            return
        if name in _SHELLS:
            script, reads_stdin = _script(args)
            for text in stdin if reads_stdin else [script] if script is not None else []:
                yield from self._script(text, depth=depth)
        elif name in _READERS and args:
            yield from self._scripts(_read_by(args[0], stdin), depth=depth)
        elif name == "trap":
            yield from self._scripts((arg for arg in args if arg.start != "--"), depth=depth, limit=1)
        elif name == "find":
            yield from self._found(args, depth=depth)
        elif name in WRAPPERS:
            yield from self._behind(name, args, stdin, depth=depth)

    def _behind(self, name: str, args: Command, stdin: list[Word], *, depth: int) -> Iterator[Command]:
        wrapper = WRAPPERS[name]
        inner = behind(wrapper, args)
        yield from self._scripts(inner.scripts, depth=depth)
        if not inner.command:
            return
        command = inner.command
        if name == "xargs":
            command = [*_filled(command, _placeholder(args)), UNKNOWN]
        if wrapper.is_joined:
            texts = [word.text for word in command]
            yield from self._script(
                UNKNOWN if None in texts else Word(" ".join(text or "" for text in texts)), depth=depth
            )
        else:
            yield from self.command(command, stdin, depth=depth + 1)

    def _found(self, args: Command, *, depth: int) -> Iterator[Command]:
        """What `find` runs."""
        command: Command | None = None
        for arg in args:
            if command is None:
                command = [] if arg.text in _FIND_RUNS else None
            elif arg.text in _FIND_ENDS:
                yield from self.command(_filled(command, "{}"), [], depth=depth + 1)
                command = None
            else:
                command.append(arg)
        if command:
            yield from self.command(_filled(command, "{}"), [], depth=depth + 1)

    def _scripts(self, scripts: "Iterator[Word] | list[Word]", *, depth: int, limit: int = 8) -> Iterator[Command]:
        for _, script in zip(range(limit), scripts, strict=False):
            yield from self._script(script, depth=depth)

    def _script(self, script: Word, *, depth: int) -> Iterator[Command]:
        text = script.text
        if text is None or depth >= MAX_DEPTH:
            yield [UNKNOWN]
            return
        # The grammar takes a line that is continued inside a word for two words, and bash reads none in comments.
        for form in dict.fromkeys((text, _CONTINUED.sub(r"\1", text))):
            root = self._bash.root(form)
            found = list(_simple_commands(root))
            for simple in found:
                yield from self.command(simple.words, simple.stdin, depth=depth + 1)
            if root.has_error:
                yield from _loosely(form)


def _read_by(file: Word, stdin: list[Word]) -> list[Word]:
    """The scripts that `source` takes from its standard input, or from what cannot be told to be a file."""
    if file.text in _STDIN_FILES:
        return stdin
    return [] if file.start or file.end or file.is_known else [UNKNOWN]


def _loosely(text: str) -> Iterator[Command]:
    """What might be commands in a text that cannot be parsed: whatever follows any word of it."""
    words = known_words(word for word in _WORD_BREAK.split(text) if word)
    for index in range(len(words)):
        yield words[index : index + _LOOSE_WORDS]


def _script(args: Command) -> tuple[Word | None, bool]:
    """The script that a shell is given by `-c`, and whether it reads one from its standard input."""
    takes_script = False
    at = 0
    while at < len(args):
        text = args[at].start
        at += 1
        if text in _SHELL_VALUES:
            at += 1
        elif text == "--command" or (text[:1] == "-" and text[:2] != "--" and "c" in text):
            takes_script = True
        elif text.startswith("--command="):
            return Word(text.partition("=")[2]), False
        elif text in ("-s", "-"):
            break
        elif text[:1] not in ("-", "+"):
            return (args[at - 1], False) if takes_script else (None, False)
    return None, not takes_script


def _placeholder(args: Command) -> str:
    """What `xargs` replaces in the command."""
    for index, arg in enumerate(args):
        if arg.start.startswith("-I"):
            if arg.start != "-I":
                return arg.start[2:]
            return args[index + 1].start if index + 1 < len(args) else "{}"
    return "{}"


def _filled(command: Command, placeholder: str) -> Command:
    return [UNKNOWN if placeholder and placeholder in word.start + word.end else word for word in command]


# --- the tree --------------------------------------------------------------------------------------------------------


class _Place(msgspec.Struct):
    """A node of the tree, with redirections that stand behind it and the text that comes down a pipe to it."""

    node: "Node"
    redirects: "Sequence[Node]" = ()
    piped: Word | None = None


def _simple_commands(root: "Node") -> Iterator[_Found]:
    """The commands of a tree, in the order of the text. Looks only downward: to find a parent takes a search."""
    todo = [_Place(root)]
    while todo:
        place = todo.pop()
        if place.node.type in _COMMANDS:
            yield _simple_command(place)
        todo += reversed(_below(place))


def _below(place: _Place) -> list[_Place]:
    node = place.node
    if node.type == "redirected_statement":
        body, redirects = node.children[0], node.children[1:]
        prints = _printed(body, redirects)
        return [_Place(body, redirects, place.piped), *(_Place(redirect, piped=prints) for redirect in redirects)]
    if node.type == "pipeline":
        steps = node.named_children
        # What a here-document is sent to stands in a pipeline of its own.
        sent = [place.piped, *map(_printed, steps)]
        return [_Place(step, piped=piped) for step, piped in zip(steps, sent, strict=False)]
    if node.type == "heredoc_redirect":
        return [_Place(child, piped=place.piped if child.type == "pipeline" else None) for child in node.children]
    return [_Place(child) for child in node.children]


def _simple_command(place: _Place) -> _Found:
    """The words of a command, also those that stand behind a redirection, without assignments before it."""
    words: Command = []
    stdin: list[Word] = []
    is_declaration = place.node.type != "command"
    for child in place.node.children:
        if child.type in _REDIRECTS:
            _take_redirect(child, words, stdin)
        elif is_declaration or (child.is_named and child.type != "variable_assignment"):
            words.append(word_of(child))
    for redirect in place.redirects:
        _take_redirect(redirect, words, stdin)
    return _Found(words, stdin or ([] if place.piped is None else [place.piped]))


def _take_redirect(node: "Node", words: Command, stdin: list[Word]) -> None:
    if node.type == "herestring_redirect":
        stdin += [word_of(child) for child in node.children if child.is_named]
    elif node.type == "heredoc_redirect":
        words += [word_of(child) for child in node.children_by_field_name("argument")]
        stdin += [_heredoc(child) for child in node.children if child.type == "heredoc_body"]
    elif node.type == "file_redirect":
        # The grammar counts words behind the file to the redirection.
        words += [word_of(child) for child in node.children_by_field_name("destination")[1:]]


def _heredoc(body: "Node") -> Word:
    expands = any(child.is_named and child.type != "heredoc_content" for child in body.children)
    return UNKNOWN if expands else Word((body.text or b"").decode("utf-8", "replace"))


def _printed(node: "Node", redirects: "Sequence[Node]" = ()) -> Word | None:
    """The text that `echo`, `printf` or `cat` of a here-document sends down its pipe."""
    if node.type == "redirected_statement":
        return _printed(node.children[0], node.children[1:])
    if node.type != "command":
        return None
    found = _simple_command(_Place(node, redirects))
    name = found.words[0].base_name if found.words else None
    if name == "cat" and len(found.words) == 1 and found.stdin:
        return found.stdin[0]
    if name not in _PRINTERS:
        return None
    texts = [word.text for word in found.words[1:]]
    return UNKNOWN if None in texts else Word(" ".join(text or "" for text in texts).replace("\\n", "\n"))
