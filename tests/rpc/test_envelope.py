"""The envelope rules of the protocol, over a connection, with the real method table."""

import json
from typing import Any

import pytest
import trio
from codex_trio_protocol.table import CLIENT_REQUESTS
from rpc_harness import NOW_MS, list_loaded, make_outgoing, serving

from codex_trio.rpc.context import RequestContext
from codex_trio.rpc.errors import invalid_request

LOADED: dict[str, Any] = {"data": [], "nextCursor": None}


def invalid(reason: str) -> dict[str, Any]:
    return {"code": -32600, "message": f"Invalid request: {reason}"}


async def test_before_initialize_a_well_formed_request_is_told_to_and_a_bad_one_what_is_wrong() -> None:
    async with serving() as server:
        client = server.connect()
        assert await client.request("thread/list", params={}) == {"code": -32600, "message": "Not initialized"}
        assert await client.request("thread/read", params={}) == invalid("missing field `threadId`")
        assert await client.request("initialize", params={}) == invalid("missing field `clientInfo`")
        assert await client.request("initialize") == invalid("missing field `params`")
        await client.send({"method": "initialize", "params": {"clientInfo": {"name": "x", "version": "1"}}})
        assert await client.request("thread/list", params={}) == {"code": -32600, "message": "Not initialized"}
        assert await client.initialize() == {"userAgent": "test"}
        assert await client.request("thread/loaded/list", params={}) == LOADED


async def test_initialize_works_once_and_not_at_all_when_its_handler_refuses() -> None:
    async def picky(params: Any, context: RequestContext) -> dict[str, Any]:
        if "\n" in params.client_info.name:
            raise invalid_request("Invalid clientInfo.name")
        return {}

    async with serving({"initialize": picky}) as server:
        client = server.connect()
        bad = {"clientInfo": {"name": "bad\nname", "version": "1"}, "capabilities": None}
        assert (await client.request("initialize", params=bad))["message"] == "Invalid clientInfo.name"
        assert (await client.request("thread/loaded/list", params={}))["message"] == "Not initialized"
        assert await client.initialize() == {}
        again = await client.request("initialize", params={"clientInfo": {"name": "x", "version": "1"}})
        assert again == {"code": -32600, "message": "Already initialized"}


async def test_an_unknown_method_lists_those_of_today_in_the_order_of_the_table() -> None:
    async with serving() as server:
        client = server.connect()
        names = ", ".join(f"`{spec.name}`" for spec in CLIENT_REQUESTS.values() if spec.removed_in is None)
        assert next(iter(CLIENT_REQUESTS)) == "initialize"
        expected = invalid(f"unknown variant `nope/none`, expected one of {names}")
        assert await client.request("nope/none", params={}) == expected
        assert await client.request("nope/none") == expected
        assert (await client.request("initialized"))["message"].startswith("Invalid request: unknown variant")


@pytest.mark.parametrize("request_id", [117, "117", -7, 0, "", 2**63 - 1, -(2**63)])
async def test_ids_come_back_as_they_were_sent(request_id: object) -> None:
    async with serving() as server:
        client = await server.client()
        await client.send({"id": request_id, "method": "thread/loaded/list", "params": {}})
        answer = await client.receive()
        assert answer == {"id": request_id, "result": LOADED}
        assert type(answer["id"]) is type(request_id)


async def test_two_requests_with_the_same_id_are_both_answered() -> None:
    async with serving() as server:
        client = await server.client()
        for _ in range(2):
            await client.send({"id": 121, "method": "thread/loaded/list", "params": {}})
        assert [await client.receive() for _ in range(2)] == [{"id": 121, "result": LOADED}] * 2


async def test_params_are_needed_where_the_method_has_some_and_refused_where_it_has_none() -> None:
    async def reset(params: Any, context: RequestContext) -> dict[str, Any]:
        assert params is None
        return {}

    async with serving({"memory/reset": reset}) as server:
        client = await server.client(experimentalApi=True)
        assert await client.request("thread/loaded/list") == invalid("missing field `params`")
        assert await client.request("thread/loaded/list", params=None) == invalid("missing field `params`")
        assert await client.request("memory/reset") == {}
        assert await client.request("memory/reset", params=None) == {}
        assert await client.request("memory/reset", params={}) == {}
        assert await client.request("memory/reset", params={"a": 1}) == invalid("invalid type: map, expected unit")


async def test_params_may_be_an_array_and_hold_unknown_fields() -> None:
    async with serving() as server:
        client = await server.client()
        assert await client.request("thread/loaded/list", params=["cursor"]) == {"data": [], "nextCursor": "cursor"}
        assert await client.request("thread/loaded/list", params={"unknownField": 1}, extra=1, jsonrpc="2.0") == LOADED
        assert await client.request("thread/loaded/list", params=[5]) == invalid(
            "invalid type: integer `5`, expected a string"
        )


@pytest.mark.parametrize(
    "line",
    [
        "{bad json",
        "[]",
        "42",
        '{"id":1.5,"method":"thread/loaded/list","params":{}}',
        '{"id":null,"method":"thread/loaded/list","params":{}}',
        '{"id":{"a":1},"method":"thread/loaded/list","params":{}}',
        '{"id":9223372036854775808,"method":"thread/loaded/list","params":{}}',
        '{"id":119}',
        '{"id":122,"method":5}',
        '{"id":1,"method":"thread/loaded/list","params":{}}{"id":2,"method":"thread/loaded/list","params":{}}',
        '{"id":126,"method":"thread/loaded/list","params":{},"id":127}',
        b'{"id":127,"method":"thread/loaded/list","params":{"cursor":"\xff"}}',
    ],
)
async def test_a_line_that_is_no_message_gets_a_warning_and_no_answer(
    line: str | bytes, caplog: pytest.LogCaptureFixture
) -> None:
    async with serving() as server:
        stranger = server.connect()
        await stranger.send(line)
        assert await stranger.settle() == [], "who is not initialized gets no notifications"
        client = await server.client()
        caplog.clear()
        await client.send(line)
        (warning,) = await client.settle()
    assert warning["method"] == "warning"
    assert warning["emittedAtMs"] == NOW_MS
    assert warning["params"]["threadId"] is None
    assert warning["params"]["message"].startswith("A message was ignored: the message")
    assert [record.levelname for record in caplog.records] == ["WARNING"]


@pytest.mark.parametrize(
    "line",
    [
        "",
        "  \r",
        '{"id":999,"result":{}}',
        '{"id":"x","result":{}}',
        '{"id":998,"error":{"code":-1,"message":"x"}}',
        '{"method":"bogusNotification","params":{}}',
        '{"method":"initialized"}',
    ],
)
async def test_what_needs_no_answer_passes_in_silence(line: str) -> None:
    async with serving() as server:
        client = await server.client()
        await client.send(line)
        assert await client.settle() == []


async def test_carriage_returns_and_blanks_around_a_message_do_not_matter() -> None:
    async with serving() as server:
        client = await server.client()
        await client.send('  {"id":123,"method":"thread/loaded/list","params":{}}  \r')
        assert await client.receive() == {"id": 123, "result": LOADED}


async def echo(params: Any, context: RequestContext) -> dict[str, Any]:
    return {"echoed": params.value}


async def test_experimental_methods_and_fields_need_the_capability() -> None:
    async def start(params: Any, context: RequestContext) -> dict[str, Any]:
        return {}

    handlers = {"mock/experimentalMethod": echo, "thread/start": start}

    def gate(what: str) -> dict[str, Any]:
        return {"code": -32600, "message": f"{what} requires experimentalApi capability"}

    granular = {"granular": {"mcp_elicitations": True, "rules": True, "sandbox_approval": True}}
    async with serving(handlers) as server:
        stable = await server.client()
        assert await stable.request("mock/experimentalMethod", params={}) == gate("mock/experimentalMethod")
        fields: dict[str, Any] = {"mockExperimentalField": "x", "dynamicTools": [], "experimentalRawEvents": True}
        for field, value in fields.items():
            refused = await stable.request("thread/start", params={field: value})
            assert refused == gate(f"thread/start.{field}")
        refused = await stable.request("thread/start", params={"approvalPolicy": granular})
        assert refused == gate("askForApproval.granular")
        assert await stable.request("thread/start", params={"experimentalRawEvents": False}) == {}
        daring = await server.client(experimentalApi=True)
        assert await daring.request("mock/experimentalMethod", params={"value": "v"}) == {"echoed": "v"}
        assert await daring.request("thread/start", params={"approvalPolicy": granular, "dynamicTools": []}) == {}


async def test_methods_for_this_machine_only_are_refused_to_remote_clients() -> None:
    local_only = next(spec for spec in CLIENT_REQUESTS.values() if spec.local_only)
    async with serving() as server:
        remote = await server.client(remote=True, experimentalApi=True)
        local = await server.client(experimentalApi=True)
        params = params_for(local_only.name)
        refused = await remote.request(local_only.name, params=params)
        assert refused == {"code": -32600, "message": f"{local_only.name} is not available over remote transports"}
        accepted = await local.request(local_only.name, params=params)
        assert accepted == {"code": -32601, "message": f"{local_only.name} is not supported yet"}


def params_for(method: str) -> dict[str, Any]:
    return {"device/key/create": {"accountUserId": "u", "clientId": "c"}}[method]


async def test_a_method_without_a_handler_is_known_but_not_supported() -> None:
    async with serving() as server:
        client = await server.client()
        answer = await client.request("thread/list", params={})
        assert answer == {"code": -32601, "message": "thread/list is not supported yet"}


async def test_handlers_and_the_table_cannot_disagree() -> None:
    with pytest.raises(ValueError, match="handlers without a row in the method table: thread/lsit"):
        async with serving({"thread/lsit": list_loaded}):
            pass


async def test_a_handler_that_breaks_costs_one_answer_and_leaves_a_traceback(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def broken(params: Any, context: RequestContext) -> object:
        return 1 // 0

    async def unpresentable(params: Any, context: RequestContext) -> object:
        return {"object": object()}

    async def refuse_unpresentably(params: Any, context: RequestContext) -> object:
        raise invalid_request("no", {"object": object()})

    handlers = {"thread/list": broken, "thread/read": unpresentable, "thread/fork": refuse_unpresentably}
    async with serving(handlers) as server:
        client = await server.client()
        thread = {"threadId": "t"}
        for method, params in {"thread/list": {}, "thread/read": thread, "thread/fork": thread}.items():
            caplog.clear()
            answer = await client.request(method, params=params)
            assert answer == {"code": -32603, "message": f"{method} failed unexpectedly; the server's log says why"}
            assert caplog.records[0].exc_info
        assert await client.request("thread/loaded/list", params={}) == LOADED


class ThreadMissing(Exception):
    """A domain error of the test's service."""


async def test_domain_errors_are_answered_as_the_composition_root_says() -> None:
    async def read(params: Any, context: RequestContext) -> object:
        async with trio.open_nursery():
            raise ThreadMissing(params.thread_id)

    def translate(error: Exception) -> Any:
        return invalid_request(f"thread not found: {error}", {"x": 1}) if isinstance(error, ThreadMissing) else None

    async with serving({"thread/read": read}, translate_error=translate) as server:
        client = await server.client()
        answer = await client.request("thread/read", params={"threadId": "t1"})
        assert answer == {"code": -32600, "message": "thread not found: t1", "data": {"x": 1}}


async def test_what_follows_an_answer_comes_right_behind_it_and_before_the_next_of_its_thread() -> None:
    outgoing = make_outgoing()

    async def read(params: Any, context: RequestContext) -> dict[str, Any]:
        for number in (1, 2):
            context.after_response(lambda number=number: outgoing.notify("thread/started", {"follows": number}))
        return {}

    async with serving({"thread/read": read, "initialize": read}, outgoing=outgoing) as server:
        client = server.connect()
        client_info = {"name": "a", "version": "1"}
        await client.send({"id": "first", "method": "initialize", "params": {"clientInfo": client_info}})
        for request_id in ("second", "third"):
            await client.send({"id": request_id, "method": "thread/read", "params": {"threadId": "t"}})
        messages = [await client.receive() for _ in range(9)]
        seen = [message.get("id") or message["params"]["follows"] for message in messages]
        assert seen == ["first", 1, 2, "second", 1, 2, "third", 1, 2]


async def test_a_refused_request_has_no_consequences_and_a_broken_consequence_harms_nobody(
    caplog: pytest.LogCaptureFixture,
) -> None:
    outgoing = make_outgoing()

    async def refuse(params: Any, context: RequestContext) -> dict[str, Any]:
        context.after_response(lambda: outgoing.notify("thread/started", {}))
        raise invalid_request("no")

    async def succeed(params: Any, context: RequestContext) -> dict[str, Any]:
        context.after_response(lambda: 1 // 0)
        context.after_response(lambda: outgoing.notify("thread/closed", {}))
        return {}

    async with serving({"thread/read": refuse, "thread/list": succeed}, outgoing=outgoing) as server:
        client = await server.client()
        await client.request("thread/read", params={"threadId": "t"})
        assert await client.request("thread/list", params={}) == {}
        assert [notification["method"] for notification in await client.settle()] == ["thread/closed"]
    assert "what follows the answer to thread/list failed" in caplog.text


THREAD = "00000000-0000-7000-8000-000000000001"


async def assert_refused(method: str, params: dict[str, Any], message: str, *, unlike: dict[str, Any]) -> None:
    """Params are refused before anybody sees them, and others are not."""

    async def reached(params: Any, context: RequestContext) -> dict[str, Any]:
        return {"reached": True}

    async with serving({method: reached}) as server:
        client = server.connect()
        await client.initialize(experimentalApi=True)
        assert await client.request(method, params=params) == {"code": -32600, "message": message}
        assert await client.request(method, params=unlike) == {"reached": True}


@pytest.mark.parametrize(
    ("method", "params", "field"),
    [
        ("config/read", {"cwd": "/a\0b"}, "cwd"),
        ("config/batchWrite", {"edits": [], "filePath": "/a\0b"}, "filePath"),
        ("thread/list", {"cwd": "\0"}, "cwd"),
        ("thread/list", {"cwd": ["/a", "b\0"]}, "cwd"),
        ("thread/start", {"runtimeWorkspaceRoots": ["/a", "/a\0"]}, "runtimeWorkspaceRoots"),
        ("thread/resume", {"threadId": THREAD, "path": "/a\0.jsonl"}, "path"),
        ("skills/list", {"cwds": ["/\0"]}, "cwds"),
        ("turn/start", {"threadId": THREAD, "input": [{"type": "localImage", "path": "/a\0.png"}]}, "path"),
        (
            "turn/start",
            {"threadId": THREAD, "input": [], "sandboxPolicy": {"type": "workspaceWrite", "writableRoots": ["/\0"]}},
            "writableRoots",
        ),
    ],
)
async def test_a_path_with_a_zero_byte_is_refused_by_its_field_before_anybody_looks_at_it(
    method: str, params: dict[str, Any], field: str
) -> None:
    without = json.loads(json.dumps(params).replace("\\u0000", ""))
    await assert_refused(method, params, f"`{field}` must not contain a zero byte", unlike=without)


@pytest.mark.parametrize(
    ("method", "params", "field"),
    [
        ("fs/remove", {"path": "/a/half\ud800"}, "path"),
        ("fs/copy", {"sourcePath": "/a", "destinationPath": "/\udc00"}, "destinationPath"),
        ("command/exec", {"command": ["echo", "\ud800"]}, "command"),
        ("command/exec", {"command": ["true"], "env": {"NAME": "\ud800"}}, "env"),
        ("command/exec", {"command": ["true"], "env": {"\ud800": None}}, "env"),
        ("turn/start", {"threadId": THREAD, "input": [{"type": "localImage", "path": "/\ud800.png"}]}, "path"),
    ],
)
async def test_half_a_character_is_refused_where_it_would_name_another_file_or_command(
    method: str, params: dict[str, Any], field: str
) -> None:
    # The character that stands for what is no text may be meant.
    meant = json.loads(json.dumps(params).replace("\\ud800", "\\ufffd").replace("\\udc00", "\\ufffd"))
    await assert_refused(method, params, f"`{field}` must not contain half of a surrogate pair", unlike=meant)


async def test_half_a_character_in_a_text_is_replaced_there() -> None:
    async def echo(params: Any, context: RequestContext) -> dict[str, Any]:
        return {"text": params.input[0].text}

    async with serving({"turn/start": echo}) as server:
        client = await server.client()
        said = {"threadId": THREAD, "cwd": "/", "input": [{"type": "text", "text": "cut \ud83d"}]}
        assert await client.request("turn/start", params=said) == {"text": "cut \N{REPLACEMENT CHARACTER}"}


async def test_a_zero_byte_in_what_is_no_path_is_nobodys_business() -> None:
    async def echo(params: Any, context: RequestContext) -> dict[str, Any]:
        return {"text": params.input[0].text}

    async with serving({"turn/start": echo}) as server:
        client = server.connect()
        await client.initialize()
        params = {"threadId": THREAD, "input": [{"type": "text", "text": "cwd \0 path"}]}
        assert await client.request("turn/start", params=params) == {"text": "cwd \0 path"}


@pytest.mark.parametrize(
    ("method", "params", "problem"),
    [
        ("thread/list", {"cwd": "/" + "x" * 4095}, "`cwd` must be shorter than 4096 bytes, as every path"),
        ("thread/list", {"cwd": ["/", "/" + "\u00e4" * 2048]}, "`cwd` must be shorter than 4096 bytes, as every path"),
        ("thread/list", {"cwd": ["/xxx"] * 1001}, "`cwd` must not have more than 1000 paths, and has 1001"),
    ],
)
async def test_paths_that_are_too_long_or_too_many_are_refused_by_their_field(
    method: str, params: dict[str, Any], problem: str
) -> None:
    async def reached(params: Any, context: RequestContext) -> dict[str, Any]:
        return {"reached": True}

    async with serving({method: reached}) as server:
        client = server.connect()
        await client.initialize()
        assert await client.request(method, params=params) == {"code": -32600, "message": problem}
        longest = "/" + "x" * 4094
        for fits in ({"cwd": longest}, {"cwd": [longest] * 1000}, {"searchTerm": "x" * 10_000}):
            assert await client.request(method, params=fits) == {"reached": True}
