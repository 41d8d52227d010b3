"""The scripted model on a websocket: each message asks for a response, whose events come as messages.

Owns the handshake and the frames. Does not own the script (model_script.py) or the server (model_server.py).
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import json
from collections.abc import Awaitable, Callable

import trio

from codex_trio.testing.model_script import Answer, End, Gate, Pause, Request
from codex_trio.util.websocket_deflate import (
    HEADER,
    Agreement,
    ExtensionProblem,
    MessageDeflater,
    MessageInflater,
    agreement_of,
)
from codex_trio.util.websocket_frames import Closed, FrameReader, FrameWriter, Message, Ping

_GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
_MAX_MESSAGE = 1 << 26
_READ_SIZE = 1 << 16


def switching(key: str, *, extensions: str = "") -> bytes:
    """Return the answer that agrees to a websocket, and to these extensions of it."""
    accept = base64.b64encode(hashlib.sha1(key.encode() + _GUID, usedforsecurity=False).digest())
    head = b"HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: Upgrade\r\nsec-websocket-accept: "
    agreed = f"\r\n{HEADER}: {extensions}".encode() if extensions else b""
    return head + accept + agreed + b"\r\n\r\n"


async def serve_messages(
    stream: trio.abc.Stream, head: Request, answer: Callable[[Request], Answer], *, extensions: str = ""
) -> None:
    """Answer what the client asks for until it leaves, or an answer is cut; `answer` takes and records a request.

    With `extensions` that were agreed to, all that is sent is compressed.
    """
    writer = FrameWriter()
    reader = FrameReader(max_message_bytes=_MAX_MESSAGE, compressible=bool(extensions))
    agreed = Agreement()
    with contextlib.suppress(ExtensionProblem):
        agreed = agreement_of(extensions) or agreed
    deflater, inflater = MessageDeflater(forgets=agreed.server_forgets), MessageInflater(forgets=agreed.client_forgets)

    async def send(data: bytes) -> None:
        data = deflater.deflated(data) if extensions else data
        for frame in writer.message([data], len(data), compressed=bool(extensions)):
            await stream.send_all(b"".join(frame))

    while True:
        event = reader.next_event()
        if event is None:
            data = await stream.receive_some(_READ_SIZE)
            if not data:
                return
            reader.feed(data)
        elif isinstance(event, Closed):
            return
        elif isinstance(event, Ping):
            await stream.send_all(writer.pong(event.payload))
        elif isinstance(event, Message):
            body = json.loads(b"".join(inflater.pieces(event.payload)) if event.compressed else event.payload)
            chosen = answer(Request(method="WS", path=head.path, headers=head.headers, body=body))
            await _send_answer(chosen, send)
            if chosen.end is End.CUT:
                return


async def _send_answer(answer: Answer, send: Callable[[bytes], Awaitable[None]]) -> None:
    if answer.status >= 300:
        said = json.loads(b"".join(step for step in answer.steps if isinstance(step, bytes)))
        await send(json.dumps({"type": "error", "status": answer.status, **said}).encode())
        return
    for step in answer.steps:
        if isinstance(step, Gate):
            step.reached.set()
            await step.opened.wait()
        elif isinstance(step, Pause):
            await trio.sleep(step.seconds)
        else:
            for line in step.split(b"\n"):
                if line.startswith(b"data: "):
                    await send(line.removeprefix(b"data: "))
