"""Asking a client to attest itself, for requests to the model with a ChatGPT login (`attestation/generate`).

Owns which client is asked, for how long, and the value of the header (0.131.0). Does not own the request to the model.
"""

from __future__ import annotations

from collections.abc import Collection

import msgspec
import trio

from codex_trio.rpc.context import ConnectionId
from codex_trio.rpc.outgoing import OutgoingMessages
from codex_trio.rpc.server_requests import FailureReason, ServerRequestFailed

SECONDS = 0.1
"""How long a request to the model waits for it."""

_METHOD = "attestation/generate"
_OK, _TOO_LATE = 0, 1
_STATUS: dict[FailureReason, int] = {"error": 2, "withdrawn": 3, "disconnected": 3, "undecodable": 4}


async def attested(outgoing: OutgoingMessages, followers: Collection[ConnectionId]) -> str | None:
    """Return what the first client of a thread that can attest itself says; None where there is none."""
    able = (
        connection.id
        for connection in outgoing.connections()
        if connection.id in followers and connection.client is not None and connection.client.request_attestation
    )
    asked = next(able, None)
    if asked is None:
        return None
    # Imported here because few clients do that.
    from codex_trio_protocol.v2.client_call import AttestationGenerateParams, AttestationGenerateResponse

    pending = outgoing.request(_METHOD, AttestationGenerateParams(), thread_id=None, targets=[asked])
    try:
        with trio.move_on_after(SECONDS):
            reply: AttestationGenerateResponse = await pending.wait()
            return _header(_OK, reply.token)
        return _header(_TOO_LATE)
    except ServerRequestFailed as failure:
        return _header(_STATUS[failure.reason])
    finally:
        pending.withdraw()


def _header(status: int, token: str | None = None) -> str:
    told = {"v": 1, "s": status} if token is None else {"v": 1, "s": status, "t": token}
    # A header has ASCII characters only; what a client says may have others.
    return "".join(
        character if character.isascii() else f"\\u{ord(character):04x}" if ord(character) < 0x10000 else "?"
        for character in msgspec.json.encode(told).decode()
    )
