"""Shell words as text: quoting an argument list for people, and splitting text into words.

Owns: the quoting style that clients see in `command` fields. Does not own: understanding scripts; that is `bash`. Pure.
"""

import re
from collections.abc import Sequence
from functools import lru_cache

from codex_trio.util.visible import has_unseen

_PLAIN = re.compile(r"[A-Za-z0-9+\-./:@\]_]+")
# Single quotes take all but the quote itself and what some shells misread inside: backslash, and `^` unless first.
_SINGLE = re.compile(r"\^?[^'\\^]*")
# Double quotes take all but what would need care in one shell or another.
_DOUBLE = re.compile(r"[^`$!^]*")
_DOUBLE_ESCAPED = re.compile(r'(["\\])')
_BLANK = " \t\n"
_SHORT = 16
_SPOKEN = re.compile(r"['\\]|[^ -~\n\t]")
_BYTES, _FIRST_BYTE = 0xDC00, 0xDC80
"""Bytes that are no text stand in strings as characters from here on."""


def join(argv: Sequence[str]) -> str:
    """Return the command as one line that a POSIX shell would read back as `argv`."""
    joined = " ".join(map(quote, argv))
    return "<command included NUL byte>" if "\0" in joined else joined


def shown(argv: Sequence[str]) -> str:
    """Return the command as people are shown it: as `join` does, but with no character that is not seen.

    What moves, hides or turns around text stands in quotes of the form `$'...'`, which bash and zsh read back exactly.
    """
    return " ".join(map(_shown, argv)) if any(map(has_unseen, argv)) and "\0" not in "".join(argv) else join(argv)


def _shown(word: str) -> str:
    return f"$'{_SPOKEN.sub(_code, word)}'" if has_unseen(word) else quote(word)


def _code(found: re.Match[str]) -> str:
    char, code = found[0], ord(found[0])
    if char in "'\\":
        return f"\\{char}"
    if not has_unseen(char):
        return char
    if code < 0x80:
        return f"\\x{code:02x}"
    if _FIRST_BYTE <= code < _FIRST_BYTE + 0x80:
        return f"\\x{code - _BYTES:02x}"
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"


def quote(word: str) -> str:
    """`word` as it is when that is safe, else quoted, in single quotes as far as they go."""
    return _quote_short(word) if len(word) <= _SHORT else _quote(word)


def _quote(word: str) -> str:
    if _PLAIN.fullmatch(word):
        return word
    if not word:
        return "''"
    if "'" not in word and "\\" not in word and "^" not in word:
        return f"'{word}'"
    parts: list[str] = []
    at = 0
    while at < len(word):
        single, double = _SINGLE.match(word, at), _DOUBLE.match(word, at)
        single_end = single.end() if single else at
        double_end = double.end() if double else at
        if single_end >= double_end:
            chunk = word[at:single_end]
            parts.append(chunk if _PLAIN.fullmatch(chunk) else f"'{chunk}'")
        else:
            parts.append('"' + _DOUBLE_ESCAPED.sub(r"\\\1", word[at:double_end]) + '"')
        at = max(single_end, double_end)
    return "".join(parts)


# The commands of a history begin with the same few words over and over.
_quote_short = lru_cache(maxsize=256)(_quote)


def split(text: str) -> list[str] | None:
    """Return the words of `text` by POSIX quoting rules, without any expansion; None when a quote is left open."""
    return _Splitter(text).run()


class _Splitter:
    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0

    def run(self) -> list[str] | None:
        words: list[str] = []
        while self._at < len(self._text):
            char = self._text[self._at]
            if char in _BLANK:
                self._at += 1
            elif char == "#":
                self._skip_comment()
            else:
                word = self._word()
                if word is None:
                    return None
                words.append(word)
        return words

    def _skip_comment(self) -> None:
        end = self._text.find("\n", self._at)
        self._at = len(self._text) if end < 0 else end

    def _word(self) -> str | None:
        parts: list[str] = []
        while self._at < len(self._text) and (char := self._text[self._at]) not in _BLANK:
            self._at += 1
            part: str | None = char
            if char == "'":
                part = self._until_quote()
            elif char == '"':
                part = self._double_quoted()
            elif char == "\\":
                part = self._escaped(keep="")
            if part is None:
                return None
            parts.append(part)
        return "".join(parts)

    def _until_quote(self) -> str | None:
        end = self._text.find("'", self._at)
        if end < 0:
            return None
        part = self._text[self._at : end]
        self._at = end + 1
        return part

    def _double_quoted(self) -> str | None:
        parts: list[str] = []
        while self._at < len(self._text):
            char = self._text[self._at]
            self._at += 1
            if char == '"':
                return "".join(parts)
            part = self._escaped(keep="\\") if char == "\\" else char
            if part is None:
                return None
            parts.append(part)
        return None

    def _escaped(self, *, keep: str) -> str | None:
        """Return what a backslash and the next character stand for; inside double quotes (`keep`) most
        stay as they are.
        """
        if self._at >= len(self._text):
            return None
        char = self._text[self._at]
        self._at += 1
        if char == "\n":
            return ""
        return keep + char if keep and char not in '$`"\\' else char
