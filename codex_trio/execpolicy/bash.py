"""Reading bash: the plain commands of a script, and every command anywhere in it.

Owns: the syntax tree (tree-sitter, loaded on first use), which scripts are simple enough to be split, literal words.
Does not own: what a command means. Any text is fine; nothing raises.
"""

import os
import re
import threading
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tree_sitter import Node, Parser

_SHELLS = ("bash", "zsh", "sh")
_PLAIN_STRUCTURE = frozenset({"program", "list", "pipeline", "command", "command_name"})
_OPERATORS = frozenset({"&&", "||", ";", "|", "\n"})
# Unquoted, these may expand to something else in bash or zsh.
_EXPANDING = re.compile(r"[*?\[\]{}~\\#^]|\A=")
_ESCAPE_IN_DOUBLE_QUOTES = re.compile(r'\\[$`"\\\n]')
_PIECE = 2048
# Blanks as bash has them: the grammar would also take \r, \v and \f, which bash makes part of words.
_GAP = re.compile(r"(?:[ \t\n]|\\\n)*")


def shell_script(argv: Sequence[str]) -> str | None:
    """Return the script of `bash -c SCRIPT` and its likes (also zsh, sh, -lc, any path to them)."""
    if len(argv) == 3 and os.path.basename(argv[0]) in _SHELLS and argv[1] in ("-c", "-lc"):
        return argv[2]
    return None


class Bash:
    """Parses scripts. Keep one per process: it holds the parser and the last results. Any thread may use it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._parser: Parser | None = None
        self._last: tuple[str, Node] | None = None
        self._last_segments: tuple[str, list[list[str]] | None] | None = None

    def root(self, script: str) -> "Node":
        """Return the syntax tree of `script`."""
        last = self._last
        if last is None or last[0] != script:
            with self._lock:
                last = self._last = (script, self._parse(script.encode("utf-8", "replace")))
        return last[1]

    def segments(self, argv: Sequence[str]) -> list[list[str]] | None:
        """Return the commands that `argv` runs, when it is a shell script of nothing but plain words and `&& || ; |`.

        None for everything else: such a command can only be judged as a whole. Do not change the lists.
        """
        script = shell_script(argv)
        if script is None:
            return None
        last = self._last_segments
        if last is None or last[0] != script:
            root = self.root(script)
            segments = None if root.has_error else _Segmenter(root, script.encode("utf-8", "replace")).run()
            last = self._last_segments = (script, segments)
        return last[1]

    def commands(self, script: str) -> list[list[str | None]]:
        """Return every simple command in `script`, also inside control flow, functions and substitutions.

        Words that are not literal are None. Empty when the script does not parse.
        """
        root = self.root(script)
        if root.has_error:
            return []
        return [_command_words(node) for node in _walk(root) if node.type == "command"]

    def _parse(self, source: bytes) -> "Node":
        parser = self._get_parser()
        if len(source) <= _PIECE:
            return parser.parse(source).root_node
        # Between the pieces other threads get their turn.
        return parser.parse(lambda offset, _position: source[offset : offset + _PIECE]).root_node

    def _get_parser(self) -> "Parser":
        if self._parser is None:
            import tree_sitter
            import tree_sitter_bash

            self._parser = tree_sitter.Parser(tree_sitter.Language(tree_sitter_bash.language()))
        return self._parser


def text_of(node: "Node") -> str:
    """Return the source text of a node."""
    return (node.text or b"").decode("utf-8", "replace")


def literal(node: "Node") -> str | None:
    """Return the value of a word that expands to itself; None for one that may not."""
    if node.type in ("word", "number"):
        text = text_of(node)
        return None if _EXPANDING.search(text) else text
    if node.type == "raw_string":
        return text_of(node)[1:-1]
    if node.type == "string":
        return _double_quoted(node)
    if node.type == "concatenation":
        parts = [literal(child) for child in node.children]
        return None if None in parts else "".join(part or "" for part in parts)
    return None


def _double_quoted(node: "Node") -> str | None:
    text = text_of(node)
    contents = all(child.type in ('"', "string_content") for child in node.children)
    # Older grammars pass a lone dollar sign off as content.
    if not contents or "$" in text or "`" in text or _ESCAPE_IN_DOUBLE_QUOTES.search(text):
        return None
    return text[1:-1]


def _walk(root: "Node") -> Iterator["Node"]:
    """Yield every node, parents first, in the order of the text."""
    todo = [root]
    while todo:
        node = todo.pop()
        yield node
        todo += reversed(node.children)


def _command_words(command: "Node") -> list[str | None]:
    """Return the program and its arguments, without leading assignments and redirections."""
    words: list[str | None] = []
    for child in command.children:
        if child.type == "command_name":
            words.append(_loose_literal(child.children[0]) if child.child_count else None)
        elif child.is_named and child.type != "variable_assignment" and not child.type.endswith("_redirect"):
            words.append(_loose_literal(child))
    return words


def _loose_literal(node: "Node") -> str | None:
    """A `literal`, but unquoted glob characters and the like stand for themselves."""
    if node.type in ("word", "number"):
        text = text_of(node)
        return None if "\\" in text else text
    return literal(node)


class _Segmenter:
    """Walks a tree and gives up at the first thing that is not plain."""

    def __init__(self, root: "Node", source: bytes) -> None:
        self._root = root
        self._source = source
        self._read_to = 0
        self._after_word = False
        self._segments: list[list[str]] = []

    def run(self) -> list[list[str]] | None:
        todo = [self._root]
        while todo:
            node = todo.pop()
            if node.type == "command":
                self._segments.append([])
            if node.type in _PLAIN_STRUCTURE:
                todo += reversed(node.children)
            elif not self._take(node):
                return None
        return self._segments if self._segments and self._gap_is_plain(len(self._source)) else None

    def _take(self, node: "Node") -> bool:
        """Accept one word or operator; False when the script is not plain."""
        if not self._gap_is_plain(node.start_byte):
            return False
        self._read_to = node.end_byte
        self._after_word = node.type not in _OPERATORS
        if not self._after_word:
            return True
        word = literal(node)
        if word is None or not self._segments:
            return False
        command = self._segments[-1]
        # A quoted program name is too odd to be judged by parts.
        if not command and node.type != "word":
            return False
        command.append(word)
        return True

    def _gap_is_plain(self, end: int) -> bool:
        """Return whether only blanks are skipped up to `end`; a line continuation inside a word would
        join its parts.
        """
        gap = self._source[self._read_to : end].decode("utf-8", "replace")
        return not (self._after_word and gap.startswith("\\")) and _GAP.fullmatch(gap) is not None
