"""What programs wrote, as text for clients: megabytes of it beside the loop."""

from __future__ import annotations

from collections.abc import Iterator
from typing import cast

import trio

from codex_trio.rpc.codec import EncodedText, encode_long_text
from codex_trio.util.charsets import as_utf8, guessed_charset, in_charset

_LONG = 64 * 1024
"""Bytes of output that are not worth a hop to a thread."""


async def text_of(output: list[bytes | bytearray]) -> str:
    """Return output, which comes in pieces, as clients are given it: what is no UTF-8, or was cut off, is U+FFFD.

    A long one becomes the JSON that it is in a message here already, and its pieces are let go of one after the other.
    """
    if sum(map(len, output)) <= _LONG:
        return "".join(as_utf8(output))
    return cast("str", await trio.to_thread.run_sync(_encoded, output, abandon_on_cancel=True))


async def guessed_text_of(output: list[bytes | bytearray]) -> str:
    """Return the same of a program that may write in any encoding: what is no UTF-8 is read as what it most likely is.

    Source: `command/exec` and `process/exited` of the established server.
    """
    if sum(map(len, output)) <= _LONG:
        try:
            return b"".join(output).decode()
        except UnicodeDecodeError:
            pass
    return cast("str", await trio.to_thread.run_sync(_guessed, output, abandon_on_cancel=True))


def _encoded(output: list[bytes | bytearray]) -> EncodedText:
    return encode_long_text(as_utf8(_taken(output)))


def _guessed(output: list[bytes | bytearray]) -> EncodedText:
    charset = guessed_charset(output)
    pieces = _taken(output)
    # There are no other readers of it than the encoder.
    return encode_long_text(as_utf8(pieces) if charset is None else in_charset(pieces, charset))


def _taken(pieces: list[bytes | bytearray]) -> Iterator[bytes | bytearray]:
    pieces.reverse()
    while pieces:
        yield pieces.pop()
