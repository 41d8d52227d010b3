"""What programs wrote, as text for clients: megabytes of it beside the loop."""

from __future__ import annotations

from collections.abc import Iterator
from typing import cast

import trio

from codex_trio.rpc.codec import encode_output

_LONG = 64 * 1024
"""Bytes of output that are not worth a hop to a thread."""


async def text_of(output: list[bytes | bytearray]) -> str:
    """Return output, which comes in pieces, as clients are given it: what is no UTF-8, or was cut off, is U+FFFD.

    A long one becomes the JSON that it is in a message here already, and its pieces are let go of one after the other.
    """
    if sum(map(len, output)) <= _LONG:
        return b"".join(output).decode(errors="replace")
    # There are no other readers of it than the encoder.
    return cast("str", await trio.to_thread.run_sync(encode_output, _taken(output), abandon_on_cancel=True))


def _taken(pieces: list[bytes | bytearray]) -> Iterator[bytes | bytearray]:
    pieces.reverse()
    while pieces:
        yield pieces.pop()
