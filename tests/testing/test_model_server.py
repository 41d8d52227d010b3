"""The scripted model server, driven over real sockets by a plain HTTP client."""

import contextlib
import json
import subprocess
import sys
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import h11
import pytest
import trio

from codex_trio.testing.model_script import (
    Answer,
    End,
    Gate,
    Reply,
    Request,
    ScriptError,
    Usage,
    answer,
    body_answer,
    function_call,
    http_error,
    load_script,
    message,
    message_of,
    reasoning,
)
from codex_trio.testing.model_server import main, open_model_server

BODY: Any = {
    "model": "m",
    "input": [{"type": "message", "role": "user", "content": [{"type": "input_text", "text": "hi"}]}],
}


class Client:
    """Just enough of an HTTP/1.1 client: one keep-alive connection."""

    def __init__(self, stream: trio.SocketStream) -> None:
        self.stream = stream
        self.http = h11.Connection(h11.CLIENT)

    @classmethod
    @contextlib.asynccontextmanager
    async def connect(cls, base_url: str) -> AsyncGenerator["Client"]:
        host, port = base_url.removeprefix("http://").removesuffix("/v1").split(":")
        async with await trio.open_tcp_stream(host, int(port)) as stream:
            yield cls(stream)

    async def post(self, body: object) -> None:
        data = json.dumps(body).encode()
        headers = [("host", "x"), ("content-length", str(len(data))), ("Session-Id", "s1")]
        head = h11.Request(method="POST", target="/v1/responses", headers=headers)
        for event in (head, h11.Data(data=data), h11.EndOfMessage()):
            await self.stream.send_all(self.http.send(event) or b"")

    async def next(self) -> h11.Event | type[h11.NEED_DATA] | type[h11.PAUSED]:
        while (event := self.http.next_event()) is h11.NEED_DATA:
            self.http.receive_data(await self.stream.receive_some(65536))
        return event

    async def finish(self) -> tuple[int, bytes]:
        response = await self.next()
        assert isinstance(response, h11.Response)
        body = b""
        while isinstance(event := await self.next(), h11.Data):
            body += event.data
        assert isinstance(event, h11.EndOfMessage)
        self.http.start_next_cycle()
        return response.status_code, body


def events_of(body: bytes) -> list[dict[str, Any]]:
    return [json.loads(block.split(b"data: ", 1)[1]) for block in body.split(b"\n\n") if block]


async def test_answers_come_in_the_order_of_the_script_over_one_connection() -> None:
    script = [answer(message("one", delta_size=2)), http_error(429, {"error": {"message": "slow"}}, headers={"a": "b"})]
    async with open_model_server(script) as server, Client.connect(server.base_url) as client:
        await client.post(BODY)
        status, body = await client.finish()
        assert status == 200
        kinds = [event["type"] for event in events_of(body)]
        assert kinds == [
            "response.created",
            "response.output_item.added",
            "response.output_text.delta",
            "response.output_text.delta",
            "response.output_item.done",
            "response.completed",
        ]
        await client.post(BODY)
        assert await client.finish() == (429, b'{"error":{"message":"slow"}}')
        assert [request.body for request in server.requests] == [BODY, BODY]
        assert server.requests[0].headers["session-id"] == "s1"
        assert server.requests[0].texts("user") == ["hi"]
        assert server.unused == []


async def test_a_request_without_an_answer_is_refused_with_a_clear_text() -> None:
    async with open_model_server() as server, Client.connect(server.base_url) as client:
        await client.post(BODY)
        status, body = await client.finish()
        assert (status, b"no answer for request 1" in body) == (400, True)


async def test_an_answer_can_ask_for_a_content_and_serve_it_again_and_again() -> None:
    def echo_model(request: Request) -> Answer:
        return answer(message(request.body["model"]))

    script: list[Reply] = [answer(message("plain")), answer(message("greeting")).matching("hi").repeated(), echo_model]
    other: Any = {"model": "zeta", "input": []}
    async with open_model_server(script) as server, Client.connect(server.base_url) as client:
        answers: list[bytes] = []
        for body in (BODY, BODY, other, other):
            await client.post(body)
            answers.append((await client.finish())[1])
        said = [
            word for text in answers for word in ("greeting", "plain", "zeta") if f'"text":"{word}"'.encode() in text
        ]
        assert said == ["greeting", "greeting", "plain", "zeta"]


async def test_a_gate_holds_the_stream_until_the_test_opens_it() -> None:
    gate = Gate()
    async with (
        open_model_server([answer(message_of(["before", gate, "after"]))]) as server,
        Client.connect(server.base_url) as client,
    ):
        await client.post(BODY)
        assert isinstance(await client.next(), h11.Response)
        first = await client.next()
        assert isinstance(first, h11.Data)
        assert b"before" in first.data
        assert b"after" not in first.data
        await gate.reached.wait()
        gate.open()
        second = await client.next()
        assert isinstance(second, h11.Data)
        assert b"after" in second.data


async def test_a_client_that_leaves_during_an_idle_stream_is_noticed() -> None:
    async with (
        open_model_server([answer(message("x"), end=End.IDLE)]) as server,
        Client.connect(server.base_url) as client,
    ):
        await client.post(BODY)
        await client.next()
        request = await server.request(0)
        assert not request.client_left.is_set()
        await client.stream.aclose()
        with trio.fail_after(30):
            await request.client_left.wait()


async def test_a_cut_stream_ends_in_the_middle_of_the_body() -> None:
    async with (
        open_model_server([answer(message("x"), end=End.CUT)]) as server,
        Client.connect(server.base_url) as client,
    ):
        await client.post(BODY)
        with pytest.raises(h11.RemoteProtocolError):
            await client.finish()


async def test_ten_thousand_deltas_are_sent_in_one_write_or_one_by_one() -> None:
    words = ["word "] * 10_000
    script = [answer(message_of(words)), answer(message_of(words), events_per_write=1)]
    async with open_model_server(script) as server, Client.connect(server.base_url) as client:
        counts: list[int] = []
        for _ in script:
            await client.post(BODY)
            received = b""
            with trio.fail_after(60):
                while b"\r\n0\r\n\r\n" not in received[-64:]:
                    received += await client.stream.receive_some(1 << 20)
            client.http = h11.Connection(h11.CLIENT)
            counts.append(received.count(b"output_text.delta\n"))
        assert counts == [10_000, 10_000]


async def test_reasoning_usage_and_tool_calls_are_what_the_responses_api_sends() -> None:
    script = [
        answer(
            reasoning(["**Plan**"], raw="thinking"),
            function_call("exec_command", {"cmd": "ls"}, call_id="c1"),
            usage=Usage(input_tokens=7, output_tokens=3),
        )
    ]
    async with open_model_server(script) as server, Client.connect(server.base_url) as client:
        await client.post(BODY)
        events = events_of((await client.finish())[1])
        assert events[-1]["response"]["usage"]["total_tokens"] == 10
        assert events[-2]["item"] == {
            "type": "function_call",
            "id": "fc_c1",
            "name": "exec_command",
            "arguments": '{"cmd":"ls"}',
            "call_id": "c1",
        }
        assert [event["delta"] for event in events if "reasoning" in str(event["type"]) and "delta" in event] == [
            "**Plan**",
            "thinking",
        ]


async def test_bytes_that_no_builder_makes_can_be_sent_as_they_are() -> None:
    async with (
        open_model_server([body_answer(b"data: not json\n\n")]) as server,
        Client.connect(server.base_url) as client,
    ):
        await client.post(BODY)
        assert await client.finish() == (200, b"data: not json\n\n")


def test_a_script_file_that_is_wrong_is_refused_with_its_name(tmp_path: Path) -> None:
    script = tmp_path / "script.json"
    for entry, problem in (
        ({"parts": [{"massage": "typo"}]}, "massage"),
        ({"parts": [{"message": "Hi", "fase": "commentary"}]}, "`fase` is no word of a `message`; .* phase"),
        ({"parts": [{"message": "Hi"}], "repet": True}, "`repet` is no word of an answer; .* repeat"),
    ):
        script.write_text(json.dumps({"answers": [entry]}))
        with pytest.raises(ScriptError, match=rf"script\.json.*{problem}"):
            load_script(script)


async def test_the_command_serves_a_script_file(tmp_path: Path) -> None:
    script = tmp_path / "script.json"
    document = {
        "answers": [
            {
                "parts": [
                    {"reasoning": ["hm"]},
                    {"pause": 0.001},
                    {"message": "Hello", "phase": "commentary"},
                    {"call": "echo", "namespace": "mcp__docs", "arguments": {}, "callId": "c1"},
                    {"custom": "apply_patch", "input": "*** Begin Patch", "callId": "c2"},
                ]
            },
            {"when": "hi", "http": {"status": 503, "body": "busy"}},
        ]
    }
    script.write_text(json.dumps(document))
    log = tmp_path / "requests"
    command = [sys.executable, "-m", "codex_trio.testing.model_server", str(script), "--requests", str(log)]
    process = await trio.lowlevel.open_process(command, stdout=subprocess.PIPE)
    assert process.stdout is not None
    async with process.stdout:
        try:
            with trio.fail_after(20):
                base_url = (await process.stdout.receive_some(100)).decode().strip()
                async with Client.connect(base_url) as client:
                    await client.post(BODY)
                    assert await client.finish() == (503, b"busy")
                    await client.post(BODY)
                    status, body = await client.finish()
        finally:
            process.kill()
            await process.wait()
    assert status == 200
    done = [event["item"]["type"] for event in events_of(body) if event["type"] == "response.output_item.done"]
    assert done == ["reasoning", "message", "function_call", "custom_tool_call"]
    assert [event["item"].get("namespace") for event in events_of(body) if "item" in event][-2:] == ["mcp__docs", None]
    assert [json.loads(line) for line in log.read_text().splitlines()] == [BODY, BODY]


@pytest.mark.parametrize("content", [None, "", "[]", '{"answers": [{"parts": [{"shout": 1}]}]}'])
def test_a_script_that_cannot_be_used_is_a_usage_error(
    content: str | None, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    script = tmp_path / "script.json"
    if content is not None:
        script.write_text(content, encoding="utf-8")
    with pytest.raises(SystemExit) as ended:
        main([str(script)])
    assert ended.value.code == 2
    assert str(script) in capsys.readouterr().err.splitlines()[-1]
