"""The simple commands of a syntax tree, with what comes to their standard input and what goes into files.

Owns: redirections, pipes, here-documents, what `echo`, `printf` and `cat` print.
Does not own: what is known of one word (`script_words`), what a command runs in turn (`script_commands`). Pure.
"""

import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import msgspec

from codex_trio.execpolicy.script_words import HIDDEN, PIPE_FOLDER, UNKNOWN, Word, word_of

if TYPE_CHECKING:
    from tree_sitter import Node

_COMMANDS = frozenset({"command", "declaration_command", "unset_command"})
_REDIRECTS = frozenset({"file_redirect", "heredoc_redirect", "herestring_redirect"})
_INPUTS = frozenset({"<", "<>"})
_OUTPUTS = frozenset({">", ">>", "&>", "&>>", ">|", "<>"})
_PRINTERS = frozenset({"echo", "printf"})
_ECHO_OPTION = re.compile(r"-[neE]+\Z")
_LINES_OF = frozenset({"%s", "%s\\n", "%b", "%b\\n"})
_SUBSTITUTION = re.compile(r"\$\(|`")
_BACKQUOTED = re.compile(r"(?<!\\)`[^`]+`")
_UNESCAPED = re.compile(r"\\([\\`$])")
_QUOTING = re.compile(r"['\"\\]")
# What arithmetic expands once more, though it stood in single quotes: an index.
_EXPANDED_LATER = re.compile(r"\[[^\]]*(?:\$\(|`)")

Command = list[Word]


class Input(msgspec.Struct, frozen=True):
    """What can be read from a standard input: texts that are written in the script, or a file."""

    texts: Sequence[Word] = ()
    file: Word | None = None


NO_INPUT = Input()


class Found(msgspec.Struct):
    """A simple command; or what a statement assigns, writes to files (with the text) or expands a second time."""

    words: Command = msgspec.field(default_factory=list[Word])
    stdin: Input = NO_INPUT
    assigned: tuple[str, list[Word]] | None = None
    written: list[tuple[Word, Word]] = msgspec.field(default_factory=list[tuple[Word, Word]])
    expanded: str | None = None


class _Place(msgspec.Struct):
    """A node of the tree, with redirections that stand behind it and what it reads if nothing else is said."""

    node: "Node"
    redirects: "Sequence[Node]" = ()
    stdin: Input = NO_INPUT


def simple_commands(root: "Node") -> Iterator[Found]:
    """Yield what stands in a tree, in the order of the text. Looks only downward: to find a parent takes a search."""
    todo = [_Place(root)]
    while todo:
        place = todo.pop()
        node = place.node
        if node.type in _COMMANDS:
            yield _simple_command(place)
        elif node.type == "redirected_statement":
            yield Found(written=_written(node, node.children[1:]))
        elif node.type == "variable_assignment":
            yield Found(assigned=_assigned(node))
        elif (text := _unparsed(node)) is not None:
            yield Found(expanded=text)
        todo += reversed(_below(place))


def _unparsed(node: "Node") -> str | None:
    """Return a text that bash expands though the grammar leaves it whole."""
    match node.type:
        case "raw_string":
            text = _source(node)[1:-1]
            return text if _EXPANDED_LATER.search(text) else None
        case "regex":  # what a parameter's value is compared with
            text = _source(node)
            return text if _SUBSTITUTION.search(text) else None
        case "heredoc_redirect":
            return _in_backquotes(node)
        case "command_substitution" if node.children[0].type == "`":
            text = _source(node)[1:-1]
            # Within backquotes further ones are escaped.
            return "$(" + _UNESCAPED.sub(r"\1", text) + ")" if "\\`" in text else None
        case _:
            return None


def _in_backquotes(redirect: "Node") -> str | None:
    """Return the substitutions in backquotes of a here-document that has no quotes around its end."""
    parts = {child.type: _source(child) for child in redirect.children}
    if _QUOTING.search(parts.get("heredoc_start", "")):
        return None
    return " ".join(_BACKQUOTED.findall(parts.get("heredoc_body", ""))) or None


def _source(node: "Node") -> str:
    return (node.text or b"").decode("utf-8", "replace")


def _below(place: _Place) -> list[_Place]:
    node = place.node
    if node.type == "redirected_statement":
        body, redirects = node.children[0], [*node.children[1:], *place.redirects]
        prints = _printed(body, redirects)
        sent = NO_INPUT if prints is None else Input([prints])
        return [_Place(body, redirects, place.stdin), *(_Place(redirect, stdin=sent) for redirect in node.children[1:])]
    if node.type == "pipeline":
        return _steps(node.named_children, place)
    if node.type == "heredoc_redirect":
        return [_Place(child, stdin=place.stdin if child.type == "pipeline" else NO_INPUT) for child in node.children]
    if node.type in _COMMANDS:
        return [_Place(child, stdin=place.stdin) for child in node.children]
    if node.type == "list":
        last = node.named_children[-1:]
        return [_Place(child, place.redirects if child in last else (), place.stdin) for child in node.children]
    stdin = _input(place)
    return [_Place(child, stdin=stdin) for child in node.children]


def _steps(steps: "list[Node]", place: _Place) -> list[_Place]:
    """Return the commands of a pipe. What a here-document is sent to stands in a pipeline of its own."""
    sent = [place.stdin, *(Input([_printed(step) or HIDDEN]) for step in steps)]
    last = len(steps) - 1
    return [
        _Place(step, place.redirects if index == last else (), stdin)
        for index, (step, stdin) in enumerate(zip(steps, sent, strict=False))
    ]


def _simple_command(place: _Place) -> Found:
    return Found(_words(place), _input(place), written=_written(place.node, place.node.children))


def _words(place: _Place) -> Command:
    """Return the words of a command, also those that stand behind a redirection, without assignments before it."""
    words: Command = []
    is_declaration = place.node.type != "command"
    for child in place.node.children:
        if child.type in _REDIRECTS:
            words += _words_behind(child)
        elif is_declaration or (child.is_named and child.type != "variable_assignment"):
            words.append(word_of(child))
    for redirect in place.redirects:
        words += _words_behind(redirect)
    return words


def _words_behind(redirect: "Node") -> list[Word]:
    """Return words of the command that the grammar counts to a redirection."""
    match redirect.type:
        case "heredoc_redirect":
            nodes = redirect.children_by_field_name("argument")
        case "file_redirect":
            nodes = redirect.children_by_field_name("destination")[1:]
        case _:
            nodes = []
    return [word_of(node) for node in nodes]


def _input(place: _Place) -> Input:
    """Return the standard input of a command or of all that stands in brackets, loops and the like."""
    texts: list[Word] = []
    file: Word | None = None
    own = [child for child in place.node.children if child.type in _REDIRECTS] if place.node.type in _COMMANDS else []
    for redirect in [*own, *place.redirects]:
        match redirect.type:
            case "herestring_redirect":
                texts += [word_of(child) for child in redirect.children if child.is_named]
            case "heredoc_redirect":
                texts += [_heredoc(child) for child in redirect.children if child.type == "heredoc_body"]
            case "file_redirect" if _operator(redirect) in _INPUTS:
                file = _destination(redirect)
            case _:
                pass
    if file is not None and file.start.startswith(PIPE_FOLDER) and not file.is_known:
        texts, file = [*texts, HIDDEN], None
    return Input(texts, file) if texts or file is not None else place.stdin


def _operator(redirect: "Node") -> str:
    return next((child.type for child in redirect.children if not child.is_named), "")


def _destination(redirect: "Node") -> Word:
    nodes = redirect.children_by_field_name("destination")
    return word_of(nodes[0]) if nodes else UNKNOWN


def _written(node: "Node", redirects: "Sequence[Node]") -> list[tuple[Word, Word]]:
    """Return the files that a statement writes its output to, with the text."""
    outputs = [each for each in redirects if each.type == "file_redirect" and _operator(each) in _OUTPUTS]
    if not outputs:
        return []
    text = _printed(node, redirects) or HIDDEN
    return [(_destination(output), text) for output in outputs]


def _assigned(node: "Node") -> tuple[str, list[Word]] | None:
    name, value = node.children[0], node.children[-1]
    if not value.is_named or node.child_count < 3:
        return None
    values = value.named_children if value.type == "array" else [value]
    return _source(name), [word_of(each) for each in values]


def _heredoc(body: "Node") -> Word:
    expands = any(child.is_named and child.type != "heredoc_content" for child in body.children)
    return UNKNOWN if expands else Word(_source(body))


def _printed(node: "Node", redirects: "Sequence[Node]" = ()) -> Word | None:
    """Return the text that `echo`, `printf` or `cat` of a here-document prints; None for other commands."""
    if node.type == "redirected_statement":
        return _printed(node.children[0], node.children[1:])
    if node.type != "command":
        return None
    place = _Place(node, redirects)
    words, stdin = _words(place), _input(place)
    name = words[0].base_name if words else None
    if name == "cat" and len(words) == 1 and stdin.texts:
        return stdin.texts[0]
    return _printed_words(name, words[1:]) if name in _PRINTERS else None


def _printed_words(name: str, args: Command) -> Word:
    """Return what is printed, up to where it is not known."""
    while name == "echo" and args and _ECHO_OPTION.match(args[0].start):
        args = args[1:]
    if name == "printf" and args and args[0].text in _LINES_OF:
        args = [Word("\n".join(word.start for word in args[1:]), is_known=all(word.is_known for word in args[1:]))]
    starts: list[str] = []
    is_known = True
    for word in args:
        starts.append(word.start)
        is_known = word.is_known
        if not is_known:
            break
    text = " ".join(starts).replace("\\n", "\n")
    end = re.search(r"[\\%]" if name == "printf" else r"\\", text)
    return Word(text[: end.start()], is_known=False) if end else Word(text, is_known=is_known)
