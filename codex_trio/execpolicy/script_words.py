"""Words of a script as far as they are known before it runs.

Owns: `Word`, and reading one from the syntax tree, quotes and escapes resolved.
Does not own: which words make up a command (`script_commands`). Pure; nothing raises.
"""

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from tree_sitter import Node

# An escaped character, a run that may expand to something else, or anything.
_UNQUOTED = re.compile(r"\\(?P<escaped>.)|(?P<pair>\{\})|(?P<glob>[*?\[\]{}])|(?P<plain>[^\\*?\[\]{}]+|\\)", re.DOTALL)
_ESCAPE_IN_DOUBLE_QUOTES = re.compile(r'\\([$`"\\])')
_ANSI_ESCAPE = re.compile(
    r"\\(?:x(?P<hex>[0-9a-fA-F]{1,2})|u(?P<short>[0-9a-fA-F]{1,4})|U(?P<long>[0-9a-fA-F]{1,8})|(?P<octal>[0-7]{1,3})"
    r"|(?P<letter>.))",
    re.DOTALL,
)
PIPE_FOLDER = "/dev/fd/"
"""Where a process substitution is found."""

_ANSI_LETTERS = {"n": "\n", "t": "\t", "r": "\r", "a": "\a", "b": "\b", "e": "\x1b", "E": "\x1b", "f": "\f", "v": "\v"}
_LIST = re.compile(r"\$@|\$\{[@!#]|\[@\]")
"""Expansions that are several words even in double quotes."""


class Word(msgspec.Struct, frozen=True):
    """A word that begins with `start` and ends with `end`.

    `is_known`: there is nothing else to it (`end` is empty then). `is_several`: it may become any number of words.
    `is_hidden`: it stands for all commands of a script that nobody can read before it runs.
    """

    start: str
    end: str = ""
    is_known: bool = True
    is_several: bool = False
    is_hidden: bool = False

    @property
    def text(self) -> str | None:
        """The whole word, when it is known."""
        return self.start if self.is_known else None

    def may_be(self, text: str) -> bool:
        """Return whether it may become this one word."""
        if self.is_known:
            return self.start == text
        long_enough = len(text) >= len(self.start) + len(self.end)
        return long_enough and text.startswith(self.start) and text.endswith(self.end)

    def may_lead_to(self, name: str) -> bool:
        """Return whether it may become the path of a program of this name, in a folder that is known."""
        _folder, slash, start = self.start.rpartition("/")
        return bool(slash) and not self.is_known and Word(start, self.end, is_known=False).may_be(name)

    @property
    def base_name(self) -> str | None:
        """What follows the last slash, also when the folder is not known."""
        if self.is_known:
            return self.start.rpartition("/")[2]
        return self.end.rpartition("/")[2] if "/" in self.end else None


UNKNOWN = Word("", is_known=False, is_several=True)
"""Any words at all."""

HIDDEN = Word("", is_known=False, is_several=True, is_hidden=True)
"""Whatever a script runs that is downloaded, decoded or put together while the command runs."""

# A part of a word: its text; or what is not known, True when it may become several words.
_Part = str | bool


def names(text: str) -> frozenset[str]:
    """Return the names in a text."""
    return frozenset(text.split())


def word_of(node: "Node") -> Word:
    """Return the word that a node stands for."""
    return _joined(_parts(node))


def known_words(texts: Iterable[str]) -> list[Word]:
    """Return words that are known."""
    return [Word(text) for text in texts]


def _joined(parts: list[_Part]) -> Word:
    gaps = [index for index, part in enumerate(parts) if isinstance(part, bool)]
    if not gaps:
        return Word("".join(part for part in parts if isinstance(part, str)))
    start = "".join(part for part in parts[: gaps[0]] if isinstance(part, str))
    end = "".join(part for part in parts[gaps[-1] + 1 :] if isinstance(part, str))
    return Word(start, end, is_known=False, is_several=any(parts[index] is True for index in gaps))


def _parts(node: "Node") -> list[_Part]:
    text = (node.text or b"").decode("utf-8", "replace")
    match node.type:
        case "word" | "number" | "variable_name" | "special_variable_name":
            return _unquoted(text)
        case "raw_string":
            return [text[1:-1]]
        case "ansi_c_string":
            return [_ANSI_ESCAPE.sub(_unescape, text[2:-1])]
        case "string":
            return _double_quoted(node)
        case "translated_string" if node.children:
            return _parts(node.children[-1])
        case "concatenation" | "command_name":
            return [part for child in node.children for part in _parts(child)]
        case "process_substitution":
            return [PIPE_FOLDER, False]
        case _:
            # An anonymous token of the grammar is itself; whatever else there is expands to something.
            return [True] if node.is_named else [text]


def _unquoted(text: str) -> list[_Part]:
    parts: list[_Part] = [False] if text.startswith("~") else []
    for match in _UNQUOTED.finditer(text.removeprefix("~")):
        if match["glob"]:
            parts.append(True)
        else:
            parts.append(match["escaped"] or match["pair"] or match["plain"])
    return parts


def _double_quoted(node: "Node") -> list[_Part]:
    """Return the contents of double quotes; blanks at the edges of contents belong to no node of their own."""
    source = node.text or b""
    parts: list[_Part] = []
    at = 1
    for child in node.children:
        start, end = child.start_byte - node.start_byte, child.end_byte - node.start_byte
        if not child.is_named:
            continue
        if child.type != "string_content":
            parts.append(_literal_of_quoted(source[at:start]))
            parts.append(_LIST.search((child.text or b"").decode("utf-8", "replace")) is not None)
            at = end
    parts.append(_literal_of_quoted(source[at:-1]))
    return parts


def _literal_of_quoted(source: bytes) -> str:
    return _ESCAPE_IN_DOUBLE_QUOTES.sub(r"\1", source.decode("utf-8", "replace"))


def _unescape(match: re.Match[str]) -> str:
    if code := match["hex"] or match["short"] or match["long"]:
        return _character(int(code, 16))
    if match["octal"]:
        return _character(int(match["octal"], 8))
    return _ANSI_LETTERS.get(match["letter"], match["letter"])


def _character(code: int) -> str:
    return chr(code) if 0 < code < 0x110000 else ""
