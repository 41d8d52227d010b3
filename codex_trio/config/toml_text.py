"""Reading TOML text, and saying where in it a problem is.

Owns: turning text into plain tables with a syntax error that has a place, and finding the place of a key afterwards.
Does not own: what the keys mean (`schema`), files, or changing text (`edit`).

The text is TOML 1.1, which allows inline tables over several lines; the standard library knows 1.0. The finder walks
text that was read without an error, so it can skip what it does not need to understand.
"""

import re
from collections.abc import Callable
from typing import Any, TypeAlias, cast

import msgspec
import tomli

from codex_trio.config.errors import TextPosition, TextRange
from codex_trio.util.addresses import shown_text

KeyPath = tuple[str | int, ...]

Parse: TypeAlias = Callable[[str], dict[str, Any]]
"""Reads a text as `parse` does; what it returns is left as it is."""

MAX_DEPTH = 100
"""How deep tables and arrays may lie in one another: far more than any setting needs, and safe to walk."""

_TOMLI_PLACE = re.compile(r" \(at (?:line (\d+), column (\d+)|end of document)\)$")
_HEADER = re.compile(r"\[\[|\[")
_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")
_BLANKS = re.compile(r"[ \t]*")
_BETWEEN = re.compile(r"(?:[ \t\r\n]+|#[^\n]*)*")
_STRING = re.compile(
    r'"""(?:\\.|(?!""").)*"{3,5}' + r"|'''(?:(?!''').)*'{3,5}" + r'|"(?:\\.|[^"\\\n])*"' + r"|'[^'\n]*'", re.DOTALL
)
_KEY_OF_LINE = re.compile(r"^[ \t\[]*((?:[^=\]\"']|\"[^\"]*\"|'[^']*')+?)[ \t]*[=\]]")
_INLINE_KEY = re.compile(r"^Duplicate inline table key '(.*)'$")
_SCALAR = re.compile(r"[^,\]}#\r\n]+")
_KEY_PART = r"""(?:[A-Za-z0-9_-]++|"[^"\n]*+"|'[^'\n]*+')[ \t]*+"""
_LONG_KEY = re.compile(rf"(?<![A-Za-z0-9_-])(?:{_KEY_PART}\.[ \t]*+){{{MAX_DEPTH}}}")
_BRACKET_OR_TEXT = re.compile(rf"(?:{_STRING.pattern})|#[^\n]*|[\[\]{{}}]", re.DOTALL)
_LONG_NUMBER = re.compile(r"[0-9_]{1000,}")
_TOO_DEEP = f"nested more than {MAX_DEPTH} levels deep"

# How a syntax error is put: the parser's own words are kept where no shorter form is established.
_SYNTAX_TEXTS = (
    ("Expected ']' at the end of a table declaration", "unclosed table, expected `]`"),
    ("Expected ']]' at the end of an array declaration", "unclosed table, expected `]]`"),
    ("Unclosed array", "unclosed array, expected `]`"),
    ("Unclosed inline table", "unclosed inline table, expected `}`"),
    ("Cannot overwrite a value", "duplicate key"),
    ("Cannot declare", "duplicate key"),
    ("Duplicate inline table key", "duplicate key"),
    ("Expected '=' after a key in a key/value pair", "key with no value, expected `=`"),
    ("Expected newline or end of document after a statement", "unexpected key or value, expected newline, `#`"),
    ("Unterminated string", 'invalid basic string, expected `"`'),
    ("Illegal character '\\n'", 'invalid basic string, expected `"`'),
    ("Invalid initial character for a key part", "invalid unquoted key, expected letters, numbers, `-`, `_`"),
    ("Invalid statement", "invalid unquoted key, expected letters, numbers, `-`, `_`"),
    ("Invalid value", "string values must be quoted, expected literal string"),
)


_SHOWN_AROUND = 100
"""Characters of a line that are shown before what is wrong there, and as many behind it."""


class TomlSyntaxError(Exception):
    """The text is not TOML; `position` is where reading it stopped."""

    def __init__(self, message: str, position: TextPosition) -> None:
        super().__init__(message)
        self.message = message
        self.position = position


class _Place(msgspec.Struct, frozen=True):
    key: tuple[int, int]
    value: tuple[int, int]


def parse(text: str) -> dict[str, Any]:
    """Return the text's table. Raises `TomlSyntaxError`."""
    # Reading keys takes time that grows with the square of their parts.
    # One stands in a single line, so few texts have to be searched.
    if any(line.count(".") >= MAX_DEPTH for line in text.split("\n")) and (match := _LONG_KEY.search(text)):
        raise TomlSyntaxError(f"a key of more than {MAX_DEPTH} parts", _position(text, match.start()))
    try:
        table = tomli.loads(text)
    except tomli.TOMLDecodeError as error:
        raise _syntax_error(text, str(error)) from None
    except RecursionError:
        raise _too_deep(text) from None
    except ValueError as error:  # a date that does not exist, or a number longer than Python reads
        match = _LONG_NUMBER.search(text)
        place = _position(text, match.start()) if match else TextPosition(line=1, column=1)
        raise TomlSyntaxError("a number with too many digits" if match else str(error), place) from None
    if is_too_deep(table):
        raise _too_deep(text)
    return table


def _too_deep(text: str) -> TomlSyntaxError:
    """Return the error for what lies too deep, with its place and key where brackets make it so."""
    depth = opened = 0
    for match in _BRACKET_OR_TEXT.finditer(text):
        if match.group() in ("[", "{"):
            opened = opened if depth else match.start()
            depth += 1
            if depth > MAX_DEPTH:
                key = text[text.rfind("\n", 0, opened) + 1 : opened].strip(" \t=")
                return TomlSyntaxError(_TOO_DEEP + (f" in `{key}`" if key else ""), _position(text, match.start()))
        elif match.group() in ("]", "}"):
            depth -= 1
    return TomlSyntaxError(_TOO_DEEP, TextPosition(line=1, column=1))


def is_too_deep(value: Any) -> bool:
    """Return whether tables and arrays lie deeper in one another than is safe to walk."""
    level: list[Any] = [value]
    for _ in range(MAX_DEPTH + 1):
        level = [part for outer in level for part in _parts(outer)]
        if not level:
            return False
    return True


def _parts(value: Any) -> list[Any]:
    match value:
        case dict():
            inner = cast("dict[str, Any]", value).values()
        case list():
            inner = cast("list[Any]", value)
        case _:
            return []
    return [part for part in inner if isinstance(part, (dict, list))]


def render_syntax_error(text: str, error: TomlSyntaxError) -> str:
    """Return the error with the line it is in and a caret below the spot."""
    place = error.position
    number = str(place.line)
    gutter = " " * len(number)
    lines = text.splitlines() or [""]
    line = shown_text(lines[min(place.line, len(lines)) - 1])
    # Of a line that nobody would read to its end, what stands around the spot.
    start = max(0, place.column - 1 - _SHOWN_AROUND) if len(line) > 2 * _SHOWN_AROUND else 0
    shown = line[start : start + 2 * _SHOWN_AROUND]
    before = "..." if start else ""
    after = "..." if start + len(shown) < len(line) else ""
    caret = " " * (place.column - 1 - start + len(before))
    return (
        f"TOML parse error at line {number}, column {place.column}\n"
        f"{gutter} |\n{number} | {before}{shown}{after}\n{gutter} | {caret}^\n{error.message}\n"
    )


def position_of_byte(content: bytes, at: int) -> TextPosition:
    """Return the place of a byte, up to which the content is UTF-8."""
    line_start = content.rfind(b"\n", 0, at) + 1
    column = len(content[line_start:at].decode("utf-8", "replace")) + 1
    return TextPosition(line=content.count(b"\n", 0, at) + 1, column=column)


def find_value(text: str, path: KeyPath) -> TextRange | None:
    """Return where the value at `path` stands; for a table its header, or its name inside a longer header."""
    text = text.replace("\r\n", "\n")
    place = _find(text, path)
    return None if place is None else _range(text, place.value)


def find_key(text: str, path: KeyPath) -> TextRange | None:
    """Return where the key at `path` is written."""
    text = text.replace("\r\n", "\n")
    place = _find(text, path)
    return None if place is None else _range(text, place.key)


def span_of(text: str, path: KeyPath) -> tuple[int, int] | None:
    """Return where the value at exactly that path stands, as offsets; None where there is none. For valid TOML."""
    place = _Finder(text).run().get(path)
    return None if place is None else place.value


def _syntax_error(text: str, message: str) -> TomlSyntaxError:
    match = _TOMLI_PLACE.search(message)
    words = message[: match.start()] if match else message
    if match and match.group(1):
        place = TextPosition(line=int(match.group(1)), column=int(match.group(2)))
    else:
        place = _position(text, len(text.rstrip("\n")))
    ours = next((ours for theirs, ours in _SYNTAX_TEXTS if words.startswith(theirs)), words)
    line = (text.split("\n") or [""])[place.line - 1]
    if ours == "duplicate key":  # the parser stops behind it
        place = TextPosition(line=place.line, column=len(line) - len(line.lstrip(" \t[")) + 1)
        key = _INLINE_KEY.search(words) or _KEY_OF_LINE.search(line)
        ours += f" `{key[1]}`" if key else ""
    elif words == "Invalid value" and line[: place.column - 1].rstrip().endswith((",", "[")):
        ours = "unclosed array, expected `]`"
    return TomlSyntaxError(ours, place)


def _position(text: str, offset: int) -> TextPosition:
    line_start = text.rfind("\n", 0, offset) + 1
    return TextPosition(line=text.count("\n", 0, offset) + 1, column=offset - line_start + 1)


def _range(text: str, span: tuple[int, int]) -> TextRange:
    start, end = span
    return TextRange(start=_position(text, start), end=_position(text, max(start, end - 1)))


def _find(text: str, path: KeyPath) -> _Place | None:
    places = _Finder(text).run()
    while path:
        if path in places:
            return places[path]
        path = path[:-1]
    return None


class _Finder:
    """Collects the place of every key and value of a valid TOML text."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._places: dict[KeyPath, _Place] = {}
        self._array_lengths: dict[KeyPath, int] = {}

    def run(self) -> dict[KeyPath, _Place]:
        table: KeyPath = ()
        while self._skip(_BETWEEN) < len(self._text):
            if header := _HEADER.match(self._text, self._at):
                table = self._header(header)
            else:
                self._pair(table)
        return self._places

    def _skip(self, pattern: re.Pattern[str]) -> int:
        if match := pattern.match(self._text, self._at):
            self._at = match.end()
        return self._at

    def _peek(self) -> str:
        return self._text[self._at : self._at + 1]

    def _header(self, opening: re.Match[str]) -> KeyPath:
        start = self._at
        self._at = opening.end()
        parts = self._key()
        self._skip(_BLANKS)
        self._at += len(opening.group())
        path: KeyPath = ()
        for name, span in parts[:-1]:
            path = self._inside_array((*path, name))
            self._places.setdefault(path, _Place(key=span, value=span))
        name, span = parts[-1]
        path = (*path, name)
        place = _Place(key=span, value=(start, self._at))
        if opening.group() == "[[":
            self._places.setdefault(path, place)
            self._array_lengths[path] = self._array_lengths.get(path, 0) + 1
            path = self._inside_array(path)
        self._places[path] = place
        return path

    def _inside_array(self, path: KeyPath) -> KeyPath:
        return (*path, self._array_lengths[path] - 1) if path in self._array_lengths else path

    def _key(self) -> list[tuple[str, tuple[int, int]]]:
        parts: list[tuple[str, tuple[int, int]]] = []
        while True:
            start = self._skip(_BLANKS)
            match = _BARE_KEY.match(self._text, start) or _STRING.match(self._text, start)
            if match is None:  # not reachable for valid TOML; ends the walk rather than looping
                self._at = len(self._text)
                return parts or [("", (start, start))]
            self._at = match.end()
            word = match.group()
            name = next(iter(tomli.loads(f"{word} = 0"))) if word[0] in "\"'" else word
            parts.append((name, (start, match.end())))
            self._skip(_BLANKS)
            if self._peek() != ".":
                return parts
            self._at += 1

    def _pair(self, table: KeyPath) -> None:
        path = table
        parts = self._key()
        for name, span in parts[:-1]:
            path = (*path, name)
            self._places.setdefault(path, _Place(key=span, value=span))
        self._skip(_BLANKS)
        self._at += 1  # the equals sign
        self._skip(_BLANKS)
        self._value((*path, parts[-1][0]), key=parts[-1][1])

    def _value(self, path: KeyPath, *, key: tuple[int, int]) -> None:
        start = self._at
        opening = self._peek()
        if opening == "{":
            self._inside("}", lambda _: self._pair(path))
        elif opening == "[":
            self._inside("]", lambda index: self._value((*path, index), key=(self._at, self._at + 1)))
        elif match := _STRING.match(self._text, start):
            self._at = match.end()
        else:
            match = _SCALAR.match(self._text, start)
            self._at = start + len(match.group().rstrip()) if match else len(self._text)
        self._places[path] = _Place(key=key, value=(start, self._at))

    def _inside(self, closing: str, read_one: Callable[[int], None]) -> None:
        self._at += 1
        index = 0
        while self._skip(_BETWEEN) < len(self._text):
            if self._peek() == closing:
                self._at += 1
                return
            if self._peek() == ",":
                self._at += 1
                continue
            read_one(index)
            index += 1
