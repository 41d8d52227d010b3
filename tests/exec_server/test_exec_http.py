"""HTTP requests that an exec-server makes for its client: whole answers, streamed ones, and what is refused."""

from __future__ import annotations

import base64
import gzip
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import h11
import trio
from exec_server_lab import ExecClient, open_lab

from codex_trio.exec_server.http import MAX_REDIRECTS

OK = (200, [], b"")


class Web:
    """A server on loopback. What it answers is in `pages`, by path; a body of None breaks off after `go`."""

    def __init__(self) -> None:
        self.url = ""
        self.pages: dict[str, tuple[int, list[tuple[str, str]], bytes | None]] = {}
        self.asked: list[tuple[str, str, list[tuple[str, str]], bytes]] = []
        self.go = trio.Event()

    async def serve(self, stream: trio.SocketStream) -> None:
        async with stream:
            connection = h11.Connection(h11.SERVER)
            body, request = b"", None
            while True:
                event = connection.next_event()
                if event is h11.NEED_DATA:
                    connection.receive_data(await stream.receive_some(65536))
                elif isinstance(event, h11.Request):
                    request = event
                elif isinstance(event, h11.Data):
                    body += event.data
                elif isinstance(event, h11.EndOfMessage):
                    break
                else:
                    return
            assert request is not None
            headers = [(name.decode(), value.decode()) for name, value in request.headers]
            path = request.target.decode()
            self.asked.append((request.method.decode(), path, headers, body))
            status, given, content = self.pages[path]
            length = 10 if content is None else len(content)
            answer = h11.Response(
                status_code=status, headers=[*given, ("content-length", str(length)), ("connection", "close")]
            )
            await stream.send_all(connection.send(answer) or b"")
            if content is None:
                await stream.send_all(b"begun")
                await self.go.wait()
            else:
                await stream.send_all(content)


@asynccontextmanager
async def open_web() -> AsyncGenerator[Web]:
    web = Web()
    async with trio.open_nursery() as nursery:
        listeners = await trio.open_tcp_listeners(0, host="127.0.0.1")
        nursery.start_soon(trio.serve_listeners, web.serve, listeners)
        web.url = f"http://127.0.0.1:{listeners[0].socket.getsockname()[1]}"
        yield web
        nursery.cancel_scope.cancel()


def asked(url: str, **more: Any) -> dict[str, Any]:
    return {"method": "GET", "url": url, "requestId": "r1", **more}


def body_of(answer: dict[str, Any]) -> bytes:
    return base64.b64decode(answer["bodyBase64"])


async def deltas(client: ExecClient, request_id: str, count: int) -> list[dict[str, Any]]:
    """Return the first pieces of a streamed answer, once they are there."""
    while True:
        found = [params for name, params in client.events if name == "http/request/bodyDelta"]
        found = [params for params in found if params["requestId"] == request_id]
        if len(found) >= count:
            return found
        await client.take()


async def test_a_request_is_made_as_it_is_asked_for(tmp_path: Path) -> None:
    async with open_web() as web, open_lab(tmp_path) as lab:
        client, _ = await lab.connect()
        web.pages = {"/a?b=c": (418, [("X-A", "1"), ("X-A", "2")], b"hello"), "/z": OK}
        web.pages["/z"] = (200, [("content-encoding", "gzip"), ("content-type", "x/y")], gzip.compress(b"small"))
        headers = [{"name": "X-Q", "value": "1"}, {"name": "X-Q", "value": "2"}]
        headers.append({"name": "X-Var", "value": "home=", "valueEnvVar": "HOME"})
        params = asked(f"{web.url}/a?b=c#end", method="PUT", headers=headers, bodyBase64="aGk=", timeoutMs=60_000)
        answer = await client.call("http/request", params)
        assert (answer["status"], body_of(answer)) == (418, b"hello")
        assert [one for one in answer["headers"] if one["name"] == "x-a"] == [
            {"name": "x-a", "value": "1"},
            {"name": "x-a", "value": "2"},
        ]
        method, path, given, body = web.asked[0]
        assert (method, path, body) == ("PUT", "/a?b=c", b"hi")
        assert [value for name, value in given if name == "x-q"] == ["1", "2"]
        assert dict(given)["x-var"] == f"home={tmp_path}"
        inflated = await client.call("http/request", asked(f"{web.url}/z"))
        assert body_of(inflated) == b"small"
        assert [one["name"] for one in inflated["headers"]] == ["content-type", "connection"]


async def test_redirects_are_followed_unless_the_client_wants_to_see_them(tmp_path: Path) -> None:
    async with open_web() as web, open_web() as other, open_lab(tmp_path) as lab:
        client, _ = await lab.connect()
        web.pages = {
            "/303": (303, [("location", "end")], b"x"),
            "/307": (307, [("location", "/end")], b""),
            "/far": (302, [("location", f"{other.url}/end")], b""),
            "/loop": (302, [("location", "/loop")], b""),
            "/file": (302, [("location", "file:///etc/passwd")], b""),
            "/end": (200, [], b"end"),
        }
        other.pages = {"/end": OK}
        secret = [{"name": "Authorization", "value": "s"}, {"name": "X-Kept", "value": "k"}]
        for path in ("/303", "/307", "/far"):
            params = asked(web.url + path, method="POST", bodyBase64="aGk=", headers=secret)
            assert (await client.call("http/request", params))["status"] == 200
        posted, after = [one for one in web.asked if one[1] == "/end"]
        assert (posted[0], posted[3]) == ("GET", b"")
        assert (after[0], after[3], dict(after[2])["authorization"]) == ("POST", b"hi", "s")
        far = dict(other.asked[0][2])
        assert (far.get("authorization"), far["x-kept"]) == (None, "k")
        seen = await client.call("http/request", asked(f"{web.url}/303", redirectPolicy="stop"))
        assert (seen["status"], body_of(seen)) == (303, b"x")
        before = len(web.asked)
        refused = await client.refusal("http/request", asked(f"{web.url}/loop"))
        assert (refused.code, refused.message) == (-32603, "http/request failed: too many redirects")
        assert len(web.asked) - before == MAX_REDIRECTS + 1
        refused = await client.refusal("http/request", asked(f"{web.url}/file"))
        assert (refused.code, "scheme file" in refused.message) == (-32603, True)


async def test_an_answer_is_streamed_as_it_comes_and_other_requests_go_on(tmp_path: Path) -> None:
    async with open_web() as web, open_lab(tmp_path) as lab:
        client, _ = await lab.connect()
        long = bytes(range(256)) * 600
        web.pages = {"/long": (200, [], long), "/slow": (200, [], None), "/none": OK}
        head = await client.call("http/request", asked(f"{web.url}/long", streamResponse=True))
        assert (head["status"], head["bodyBase64"], client.events) == (200, "", [])
        pieces = await deltas(client, "r1", 3)
        while not pieces[-1]["done"]:
            pieces = await deltas(client, "r1", len(pieces) + 1)
        assert b"".join(base64.b64decode(piece["deltaBase64"]) for piece in pieces) == long
        assert [piece["seq"] for piece in pieces] == list(range(1, len(pieces) + 1))
        assert pieces[-1]["error"] is None

        slow = asked(f"{web.url}/slow", streamResponse=True, requestId="r2")
        await client.call("http/request", slow)
        (begun,) = await deltas(client, "r2", 1)
        assert base64.b64decode(begun["deltaBase64"]) == b"begun"
        refused = await client.refusal("http/request", slow)
        assert refused.message == "http/request streamResponse requestId `r2` is already active"
        assert (await client.call("http/request", asked(f"{web.url}/none")))["status"] == 200
        web.go.set()
        _, broken = await deltas(client, "r2", 2)
        assert (broken["done"], broken["deltaBase64"]) == (True, "")
        assert broken["error"].startswith("the response body broke off: ")
        assert (await client.call("http/request", {**slow, "url": f"{web.url}/none"}))["status"] == 200


async def test_a_limit_of_time_is_for_all_of_it(tmp_path: Path) -> None:
    async with open_web() as web, open_lab(tmp_path) as lab:
        client, _ = await lab.connect()
        web.pages = {"/slow": (200, [], None)}
        refused = await client.refusal("http/request", asked(f"{web.url}/slow", timeoutMs=1))
        assert (refused.code, "no answer within 1 ms" in refused.message) == (-32603, True)
        web.go.set()
        refused = await client.refusal("http/request", asked(f"{web.url}/slow", timeoutMs=60_000))
        assert "failed to read http/request response body" in refused.message


async def test_what_cannot_be_asked_for_is_refused(tmp_path: Path) -> None:
    bad: list[tuple[dict[str, Any], int, str]] = [
        ({"url": "file:///etc/passwd"}, -32602, "only supports http and https URLs, got file"),
        ({"url": "nonsense"}, -32602, "http/request url is invalid: relative URL without a base"),
        ({"url": "http://"}, -32602, "http/request url is invalid: empty host"),
        ({"url": "http://h:99999/"}, -32602, "http/request url is invalid: "),
        ({"url": "http://h/a b"}, -32602, "http/request url is invalid: "),
        ({"method": "b ad"}, -32602, "http/request method is invalid"),
        ({"headers": [{"name": "b ad", "value": ""}]}, -32602, "header name is invalid"),
        ({"headers": [{"name": "x", "value": "1\r\ny: 2"}]}, -32602, "header value is invalid for x"),
        ({"headers": [{"name": "x", "value": "", "valueEnvVar": "NONE"}]}, -32602, "environment variable NONE"),
        ({"bodyBase64": "!"}, -32602, "Invalid symbol 33, offset 0."),
        ({"redirectPolicy": "none"}, -32602, "redirectPolicy"),
        ({}, -32603, "http/request failed: "),
    ]
    async with open_lab(tmp_path) as lab:
        client, _ = await lab.connect()
        for more, code, problem in bad:
            refused = await client.refusal("http/request", {**asked("http://127.0.0.1:1/"), **more})
            assert (refused.code, problem in refused.message) == (code, True), refused.message
