"""Text of programs that do not say how they encode it: UTF-8, or what it most likely is.

What that is, is asked of `chardetng`, which web browsers ask of pages. Encodings have the characters of browsers too,
as far as Python's do not differ by more than some rare ones. All of this takes time: for megabytes, in a thread.
"""

from __future__ import annotations

import codecs
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, cast

_UTF_16_MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)

_SMART_PUNCTUATION = frozenset(range(0x91, 0x98)) | {0x99}
"""Quotes, dashes and the like of windows-1252. In IBM866 they are capitals, which nobody mixes with Latin ones."""

_WIDER = {"big5": "big5hkscs", "shift_jis": "cp932", "euc_kr": "cp949"}
"""What is meant in practice, of which the named one is a part."""

_UNDEFINED = "\ufffe"
"""How Python's tables of characters say that a byte is none."""


def as_utf8(pieces: Iterable[bytes | bytearray]) -> Iterator[str]:
    """Decode pieces of any size: what is no UTF-8, or was cut off, is U+FFFD."""
    decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")
    for piece in pieces:
        yield decoder.decode(piece)
    yield decoder.decode(b"", final=True)


def guessed_charset(pieces: Sequence[bytes | bytearray]) -> str | None:
    """Return the name of the encoding that all of a text is most likely in; None for UTF-8.

    A text in UTF-8 may end within a character. What is valid in no encoding is taken for UTF-8 too.
    """
    if _is_utf8(pieces):
        return None
    start = b"".join(bytes(piece[:3]) for piece in pieces[:3])
    if start.startswith(codecs.BOM_UTF8):
        return None
    name = "utf-16" if start.startswith(_UTF_16_MARKS) else _detected(pieces)
    try:
        for _ in in_charset(pieces, name):
            pass
    except UnicodeDecodeError:
        return None
    return name


def in_charset(pieces: Iterable[bytes | bytearray], charset: str) -> Iterator[str]:
    """Decode pieces of any size, which a `guessed_charset` has been found for."""
    if (characters := _characters(charset)) is not None:
        # Its stubs know other tables only.
        table = cast("Any", characters)
        for piece in pieces:
            yield codecs.charmap_decode(piece, "strict", table)[0]
        return
    decoder = codecs.getincrementaldecoder(charset)()
    for piece in pieces:
        yield decoder.decode(piece)
    yield decoder.decode(b"", final=True)


def _is_utf8(pieces: Iterable[bytes | bytearray]) -> bool:
    decoder = codecs.getincrementaldecoder("utf-8")()
    has_others_than_ascii = False
    try:
        for piece in pieces:
            has_others_than_ascii |= not decoder.decode(piece).isascii()
    except UnicodeDecodeError:
        return False
    rest, _ = decoder.getstate()
    # Behind whole characters half a one was cut off, for instance at a cap.
    return has_others_than_ascii or not rest


def _detected(pieces: Sequence[bytes | bytearray]) -> str:
    # Few programs write anything else than UTF-8.
    from chardetng_py.detector import EncodingDetector

    detector = EncodingDetector()
    for piece in pieces:
        detector.feed(piece, last=False)
    detector.feed(b"", last=True)
    name = codecs.lookup(detector.guess(tld=None, allow_utf8=True)).name
    if name == "cp866":
        used = set[int]().union(*pieces)
        if any(chr(byte).isalpha() for byte in used if byte < 0x80) and _SMART_PUNCTUATION.issuperset(
            byte for byte in used if byte >= 0x80
        ):
            return "cp1252"
    return _WIDER.get(name, name)


def _characters(charset: str) -> str | None:
    """Return the characters of all bytes, where each byte is one; None where it takes several.

    Where browsers have no other character for one of these bytes, it is the control character of that number.
    """
    if not charset.startswith(("cp12", "cp866", "cp874", "iso8859", "koi8")):
        return None
    controls = "".join(map(chr, range(0x80, 0xA0)))
    found = (bytes([byte]).decode(charset, errors="replace") for byte in range(256))
    return "".join(
        character if character != "\ufffd" else controls[byte - 0x80] if 0x80 <= byte < 0xA0 else _UNDEFINED
        for byte, character in enumerate(found)
    )
