"""Bytes in base64, as clients send them.

Owns: strict decoding, and saying what is wrong in the words that clients know.
"""

import binascii
import re

_NOT_BASE64 = re.compile(rb"[^A-Za-z0-9+/]")
_PIECE = 256 * 1024
"""Characters that are decoded at once, in less than a millisecond."""

_ALPHABET = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
_GROUP = 4


class NotBase64(ValueError):
    """The text is not base64 with its padding; the message says why."""


def decode_base64(text: str) -> bytes:
    """Return the bytes. Raises NotBase64."""
    return b"".join(decode_in_pieces(text))


def decode_in_pieces(text: str) -> list[bytes]:
    """Return the bytes in pieces, between which other threads run: for megabytes, in a thread of its own.

    Raises NotBase64.
    """
    last = text[-1:].encode(errors="replace")
    if len(text) % _GROUP == 1 and last != b"=" and _NOT_BASE64.match(last):
        # One too many, most often a newline: it is to blame, and not the padding before it.
        raise NotBase64(f"Invalid symbol {last[0]}, offset {len(text) - 1}.")
    pieces: list[bytes] = []
    for start in range(0, len(text), _PIECE):
        raw = text[start : start + _PIECE].encode(errors="replace")
        odd = _NOT_BASE64.search(raw)
        if odd is not None:
            end = odd.start()
            # The end of the padding may be in the next piece.
            _check_end(
                raw[:end],
                raw[end : end + 1] + text[start + end + 1 : start + end + _GROUP].encode(errors="replace"),
                start,
            )
            pieces.append(binascii.a2b_base64(raw[:end] + b"=="))
            return pieces
        if len(raw) % _GROUP == 1:
            raise NotBase64(f"Invalid input length: {start + len(raw)}")
        if len(raw) % _GROUP:
            raise NotBase64("Invalid padding")
        pieces.append(binascii.a2b_base64(raw))
    return pieces


def _check_end(symbols: bytes, rest: bytes, start: int) -> None:
    """Raise NotBase64 unless `rest`, which begins with something else than a symbol, is the padding that the symbols
    want.
    """
    missing = -len(symbols) % _GROUP
    if rest[:1] == b"=" and missing == 2 and rest == b"=":
        raise NotBase64("Invalid padding")
    if missing not in (1, 2) or rest != b"=" * missing:
        raise NotBase64(f"Invalid symbol {rest[0]}, offset {start + len(symbols)}.")
    last = symbols[-1]
    if _ALPHABET.index(last) & (0b1111 if missing == 2 else 0b11):
        raise NotBase64(f"Invalid last symbol {last}, offset {start + len(symbols) - 1}.")
