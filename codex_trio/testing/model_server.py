"""A scripted Responses API server on loopback, over real HTTP/1.1.

Owns the sockets and the matching of requests to answers; what an answer says is built by `model_script`.

    async with open_model_server([answer(message("Hello."))]) as server:
        ...  # point a model provider at server.base_url
        assert server.requests[0].texts("user")[-1] == "Hi"

A request that the script has no answer for gets HTTP 400 with a text that says so, so a turn fails at once.
"""

import argparse
import contextlib
import itertools
import sys
from collections.abc import AsyncGenerator, Iterable
from pathlib import Path
from typing import Any, TextIO

import h11
import msgspec
import trio

from codex_trio.testing.model_script import (
    Answer,
    End,
    Gate,
    Pause,
    Reply,
    Request,
    ScriptError,
    http_error,
    load_script,
)
from codex_trio.testing.model_websocket import serve_messages, switching
from codex_trio.util.bell import Bell
from codex_trio.util.zstd import zstd_library

_READ_SIZE = 1 << 16
_MAX_HEAD = 1 << 16


class ModelServer:
    """A running model server. Made by `open_model_server`."""

    def __init__(self, replies: Iterable[Reply], *, port: int) -> None:
        self.base_url = f"http://127.0.0.1:{port}/v1"
        """The `base_url` of a model provider that talks to this server."""
        self.requests: list[Request] = []
        """Every `POST` received so far, answered or not, in order of arrival."""
        self.has_websockets = False
        """Whether it agrees to websockets; each message on one is a request whose method is `WS`."""
        self.websocket_extensions = ""
        """What is agreed to beside that, in the words of the header: `permessage-deflate` and its parameters."""
        self._replies = list(replies)
        self._news = Bell()

    @property
    def unused(self) -> list[Reply]:
        """Entries of the script that answered nothing yet (repeated answers stay here for good)."""
        return list(self._replies)

    def add(self, *replies: Reply) -> None:
        """Append to the script."""
        self._replies += replies

    async def request(self, number: int) -> Request:
        """Wait for a request by its number, counted from 0 in order of arrival."""
        while len(self.requests) <= number:
            await self._news.wait()
        return self.requests[number]

    def record(self, request: Request) -> None:
        """Add to `requests` and wake whoever waits for it."""
        self.requests.append(request)
        self._news.ring()

    def choose(self, request: Request) -> Answer:
        """Return the answer for a request: the first that matches its content, else the first that asks for nothing."""
        chosen = self._first_matching(request)
        if chosen is None:
            number = len(self.requests)
            return http_error(400, {"error": {"message": f"the model script has no answer for request {number}"}})
        if isinstance(chosen, Answer):
            if not chosen.repeat:
                self._replies.remove(chosen)
            return chosen
        self._replies.remove(chosen)
        return chosen(request)

    def _first_matching(self, request: Request) -> Reply | None:
        plain: Reply | None = None
        for reply in self._replies:
            if isinstance(reply, Answer) and reply.when is not None:
                if reply.when(request):
                    return reply
            elif plain is None:
                plain = reply
        return plain


@contextlib.asynccontextmanager
async def open_model_server(replies: Iterable[Reply] = (), *, port: int = 0) -> AsyncGenerator[ModelServer]:
    """Serve a script on 127.0.0.1 until the block ends. Port 0 takes a free one."""
    [listener] = await trio.open_tcp_listeners(port, host="127.0.0.1")
    server = ModelServer(replies, port=listener.socket.getsockname()[1])

    async def handle(stream: trio.SocketStream) -> None:
        # A client that goes away is part of the scripts (interrupts, killed servers), not a fault of this server.
        with contextlib.suppress(trio.BrokenResourceError, h11.RemoteProtocolError):
            async with stream:
                await _HttpConnection(stream, server).run()

    async with trio.open_nursery() as nursery:
        await nursery.start(trio.serve_listeners, handle, [listener])
        yield server
        nursery.cancel_scope.cancel()


class _HttpConnection:
    """One client connection: requests are parsed by h11, bodies of answers are framed here to be fast."""

    def __init__(self, stream: trio.SocketStream, server: ModelServer) -> None:
        self._stream = stream
        self._server = server
        self._http = h11.Connection(h11.SERVER, max_incomplete_event_size=_MAX_HEAD)

    async def run(self) -> None:
        while True:
            received = await self._read_request()
            if received is None:
                return
            head, body = received
            request = _to_request(head, body)
            key = request.headers.get("sec-websocket-key")
            if key is not None and self._server.has_websockets:
                extensions = self._server.websocket_extensions
                await self._stream.send_all(switching(key, extensions=extensions))
                await serve_messages(self._stream, request, self._taken, extensions=extensions)
                return
            await self._answer(request)
            if self._http.our_state is h11.MUST_CLOSE or self._http.our_state is h11.ERROR:
                return
            self._http.start_next_cycle()

    async def _read_request(self) -> tuple[h11.Request, bytes] | None:
        head: h11.Request | None = None
        body = bytearray()
        while True:
            event = self._http.next_event()
            if event is h11.NEED_DATA:
                self._http.receive_data(await self._stream.receive_some(_READ_SIZE))
            elif isinstance(event, h11.Request):
                head = event
            elif isinstance(event, h11.Data):
                body += event.data
            elif isinstance(event, h11.EndOfMessage) and head is not None:
                return head, bytes(body)
            else:  # ConnectionClosed, or PAUSED after a request that must be the last
                return None

    async def _answer(self, request: Request) -> None:
        if request.method != "POST":
            await self._send(request, http_error(404, {"error": {"message": f"no {request.path} here"}}))
            return
        await self._send(request, self._taken(request))

    def _taken(self, request: Request) -> Answer:
        self._server.record(request)
        return self._server.choose(request)

    async def _send(self, request: Request, answer: Answer) -> None:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._watch_client, request, nursery.cancel_scope)
            try:
                await self._send_steps(answer)
            except trio.BrokenResourceError:  # noticed here before the watcher did
                request.client_left.set()
            nursery.cancel_scope.cancel()
        if answer.end is End.CUT or request.client_left.is_set():
            self._http.send_failed()
            return
        await self._stream.send_all(self._http.send(h11.EndOfMessage()) or b"")

    async def _send_steps(self, answer: Answer) -> None:
        head = h11.Response(status_code=answer.status, headers=[*answer.headers, ("transfer-encoding", "chunked")])
        await self._stream.send_all(self._http.send(head) or b"")
        for step in answer.steps:
            await self._take(step)
        if answer.end is End.IDLE:
            await trio.sleep_forever()

    async def _take(self, step: bytes | Gate | Pause) -> None:
        if isinstance(step, Gate):
            step.reached.set()
            await step.opened.wait()
        elif isinstance(step, Pause):
            await trio.sleep(step.seconds)
        elif step:
            await self._stream.send_all(b"%x\r\n%b\r\n" % (len(step), step))

    async def _watch_client(self, request: Request, answering: trio.CancelScope) -> None:
        """Stop answering when the client leaves. Bytes of a next request wait in h11 for their turn."""
        try:
            while data := await self._stream.receive_some(_READ_SIZE):
                self._http.receive_data(data)
        except trio.BrokenResourceError:
            pass
        request.client_left.set()
        answering.cancel()


def _to_request(head: h11.Request, body: bytes) -> Request:
    headers: dict[str, str] = {}
    for name, value in head.headers:
        key, text = name.decode("ascii"), value.decode("latin-1")
        headers[key] = f"{headers[key]}, {text}" if key in headers else text
    if headers.get("content-encoding") == "zstd":
        body = zstd_library().decompress(body)
    decoded: Any = None
    with contextlib.suppress(msgspec.DecodeError):
        decoded = msgspec.json.decode(body)
    path = head.target.decode("ascii")
    return Request(method=head.method.decode("ascii"), path=path, headers=headers, body=decoded)


_DESCRIPTION = """\
A model for tests: answers the requests of a Responses API client from a script,
one answer after the other. The first line that it prints is the base URL for a
`[model_providers.NAME]` table. Runs until it is interrupted. A request that the
script has no answer for gets HTTP 400 with a text that says so."""

_SCRIPT_FORM = """\
a script:
  {"answers": [
    {"parts": [{"call": "exec_command", "arguments": {"cmd": "ls"}, "callId": "c1"}]},
    {"parts": [{"reasoning": ["Looking."]}, {"message": "All done."}]},
    {"http": {"status": 429, "body": {"error": {"message": "slow down"}}}}
  ]}

Parts are also {"custom": NAME, "input": TEXT, "callId": ID}, {"event": EVENT},
{"failed": CODE, "text": TEXT}, {"incomplete": REASON} and {"pause": SECONDS}.
A call may have a "namespace" (tools of an MCP server NAME are in "mcp__NAME");
what a request offers to call, under which names, stands in its --requests line.
An answer may have "when" (text that the request must hold), "repeat" (true),
"end" ("whole", "early", "cut" or "idle"), "eventsPerWrite" and "usage"."""


async def _serve(script: Iterable[Reply], port: int, log: TextIO | None) -> None:
    async with open_model_server(script, port=port) as server:
        print(server.base_url, flush=True)
        for number in itertools.count():
            request = await server.request(number)
            if log is not None:
                print(msgspec.json.encode(request.body).decode(), file=log, flush=True)


def main(arguments: list[str] | None = None) -> None:
    """Serve a script file until interrupted; the first line printed is the base URL."""
    parser = argparse.ArgumentParser(
        prog="python -m codex_trio.testing.model_server",
        description=_DESCRIPTION,
        epilog=_SCRIPT_FORM,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("script", metavar="SCRIPT", type=Path, help="a JSON file, see below")
    parser.add_argument("--port", type=int, default=0, help="port on 127.0.0.1 (default: a free one)")
    parser.add_argument(
        "--requests", metavar="FILE", type=Path, help="write the body of each request there, one JSON object a line"
    )
    options = parser.parse_args(arguments)
    try:
        script = load_script(options.script)
        log = None if options.requests is None else options.requests.open("w", encoding="utf-8")
    except (OSError, ScriptError) as error:
        parser.error(str(error))
    try:
        with log or contextlib.nullcontext():
            trio.run(_serve, script, options.port, log)
    except* KeyboardInterrupt:
        pass
    except* OSError as group:
        parser.error(f"cannot listen on port {options.port}: {group.exceptions[0]}")


if __name__ == "__main__":
    sys.exit(main())
