"""Streamed text for a client that is behind: many small notifications become one with all of their text.

Owns what may be merged, and the exact splicing. A delta notification is one with a text field `delta`; two of them
belong together when all else in their params is equal. Output in base64 is not merged: its senders wait until each
chunk is written (`OutgoingMessages.send_and_wait`), so two of them never queue.
"""

from collections.abc import Hashable
from typing import Any

import msgspec

from codex_trio.rpc.codec import encode_notification, encode_text

MERGED_BYTES = 64 * 1024
"""From this size on a merged notification takes no more text, so that a client gets it in usable pieces."""

_NO_TEXT = b'"delta":""'
# Quotes inside of a string are escaped, so that this cannot be found in another field's value.


class DeltaNotification(msgspec.Struct, frozen=True):
    """A notification of which only the text in `params.delta` is new."""

    method: str
    params: Any
    emitted_at_ms: int

    @property
    def stream(self) -> Hashable:
        """Equal for notifications whose texts continue one another: the method and all params but the text."""
        params = self.params
        others = (getattr(params, name) for name in params.__struct_fields__ if name != "delta")
        return (self.method, *others)


def delta_notification(method: str, params: object, emitted_at_ms: int) -> DeltaNotification | None:
    """Return what the outbox must know to merge this notification; None for one that stands for itself."""
    if isinstance(getattr(params, "delta", None), str) and isinstance(params, msgspec.Struct):
        return DeltaNotification(method, params, emitted_at_ms)
    return None


class MergedDeltas:
    """One or more notifications of a stream as one message, which says that it was sent when its first part was.

    Text is kept as it will be on the wire: a byte of it takes a byte, and long streams are put together in linear time.
    """

    def __init__(self, first: DeltaNotification) -> None:
        self.stream = first.stream
        empty = msgspec.structs.replace(first.params, delta="")
        template = encode_notification(first.method, empty, emitted_at_ms=first.emitted_at_ms)
        self._head, self._tail = template.split(_NO_TEXT)
        self._text = bytearray()
        self.add(first)

    @property
    def size(self) -> int:
        """Length of the message in bytes."""
        return len(self._head) + len(self._tail) + len(_NO_TEXT) + len(self._text)

    @property
    def full(self) -> bool:
        """Whether the stream's next notification should begin a new message."""
        return self.size >= MERGED_BYTES

    def add(self, delta: DeltaNotification) -> None:
        """Continue with the text of the next notification of the stream."""
        self._text += encode_text(delta.params.delta)[1:-1]

    def encode(self) -> bytes:
        """Return the message."""
        return b"".join((self._head, _NO_TEXT[:-1], self._text, _NO_TEXT[-1:], self._tail))
