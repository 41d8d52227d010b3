"""Why a connection is closed, in the words of websockets, whatever it is."""

from __future__ import annotations

import msgspec


class CloseReason(msgspec.Struct, frozen=True):
    """Why this side closes: a websocket close code (RFC 6455, section 7.4) and a sentence for the peer's developer."""

    code: int
    text: str
