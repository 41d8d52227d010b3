"""The JSON-RPC envelope: framing, ids, initialize, refusals and their order, gates, opt-outs."""

from typing import Any

import pytest

from codex_trio.conformance.lab import Lab
from codex_trio.conformance.probe import Message, Probe
from codex_trio.conformance.shapes import ANY_INT, ANY_STR, ANY_UUID, text_like
from codex_trio.testing.model_script import answer, message

UNKNOWN_THREAD = "00000000-0000-7000-8000-000000000000"
LIST: Message = {"id": 1, "method": "thread/loaded/list", "params": {}}
NOTHING_LOADED: Message = {"data": [], "nextCursor": None}


def initialize(request_id: int | str = 1, **params: Any) -> Message:
    info = {"name": "scenario", "version": "1.0"}
    return {"id": request_id, "method": "initialize", "params": {"clientInfo": info, **params}}


async def replies_to(probe: Probe, *lines: Message | bytes, count: int) -> list[Message]:
    """Send lines, then a request that works; `count` replies in any order and whatever else came with them."""
    probe.log.skip()
    for line in lines:
        await probe.send(line)
    await probe.send({"id": "last", "method": "thread/loaded/list", "params": {}})
    replies: list[Message] = []
    while len(replies) < count + 1 or "last" not in [reply["id"] for reply in replies]:
        replies.append(await probe.next(lambda message: "method" not in message, "a reply"))
    return [reply for reply in replies if reply["id"] != "last"]


async def error_of(probe: Probe, method: str, params: Any) -> str:
    """Return the text of a refusal with the usual code."""
    error = await probe.refusal(method, params)
    assert error.code == -32600
    return error.message


# Initialize


async def test_initialize_tells_the_server_its_home_and_its_platform(lab: Lab) -> None:
    async with lab.run(initialize=False) as probe:
        await probe.send(initialize(capabilities={"experimentalApi": True}))
        reply = await probe.log.take()
        status = await probe.until("remoteControl/status/changed")
    assert reply == {
        "id": 1,
        "result": {
            "userAgent": text_like(r"scenario/\S+ \(.+; .+\) \S+ \(scenario; 1\.0\)( .+)?"),
            "codexHome": str(lab.codex_home),
            "platformFamily": "unix",
            "platformOs": "linux",
        },
    }
    assert status == {
        "method": "remoteControl/status/changed",
        "params": {
            "status": "disabled",
            "serverName": ANY_STR,
            "installationId": ANY_UUID,
            "environmentId": None,
        },
        "emittedAtMs": ANY_INT,
    }


async def test_requests_work_without_waiting_for_the_initialized_notification(lab: Lab) -> None:
    async with lab.run(initialize=False) as probe:
        assert "result" in await probe.exchange(initialize())
        assert await probe.exchange(LIST) == {"id": 1, "result": NOTHING_LOADED}


async def test_a_request_before_initialize_is_refused_and_the_connection_lives_on(lab: Lab) -> None:
    async with lab.run(initialize=False) as probe:
        refusal = {"error": {"code": -32600, "message": "Not initialized"}}
        assert await probe.exchange({**LIST, "id": "abc"}) == {**refusal, "id": "abc"}
        assert "result" in await probe.exchange(initialize())


async def test_a_malformed_request_before_initialize_is_told_what_is_malformed(lab: Lab) -> None:
    async with lab.run(initialize=False) as probe:
        reply = await probe.exchange({"id": 1, "method": "thread/read", "params": {}})
        assert reply["error"]["message"] == "Invalid request: missing field `threadId`"
        reply = await probe.exchange({"id": 2, "method": "nope/none", "params": {}})
        assert reply["error"]["message"].startswith("Invalid request: unknown variant `nope/none`, expected one of")
        reply = await probe.exchange({"id": 3, "method": "initialize", "params": {}})
        assert reply["error"]["message"] == "Invalid request: missing field `clientInfo`"
        reply = await probe.exchange({"id": 4, "method": "initialize"})
        assert reply["error"]["message"] == "Invalid request: missing field `params`"


async def test_a_second_initialize_is_refused(probe: Probe) -> None:
    reply = await probe.exchange(initialize(103))
    assert reply == {"error": {"code": -32600, "message": "Already initialized"}, "id": 103}


async def test_initialize_as_a_notification_does_nothing(lab: Lab) -> None:
    async with lab.run(initialize=False) as probe:
        notification = initialize()
        del notification["id"]
        await probe.send(notification)
        assert (await probe.exchange(LIST))["error"]["message"] == "Not initialized"


async def test_a_client_name_that_is_no_header_value_is_refused_and_another_try_works(lab: Lab) -> None:
    async with lab.run(initialize=False) as probe:
        bad = await probe.exchange(initialize(2, clientInfo={"name": "bad\nname", "version": "0"}))
        assert bad["error"] == {
            "code": -32600,
            "message": "Invalid clientInfo.name: 'bad\nname'. Must be a valid HTTP header value.",
        }
        assert (await probe.exchange(LIST))["error"]["message"] == "Not initialized"
        info = {"name": "good", "version": "0", "title": None}
        assert "result" in await probe.exchange(initialize(3, clientInfo=info, capabilities=None))


# Framing and ids


async def test_a_line_that_is_no_message_is_not_answered_and_does_no_harm(probe: Probe) -> None:
    call = b'{"id":1,"method":"thread/loaded/list","params":{}}'
    for line in (b"{bad json", b"[]", b"[%b]" % call, b"42", b"", call + call, b'{"id":119}', b'{"id":2,"method":5}'):
        assert (line, await replies_to(probe, line, count=0)) == (line, [])


@pytest.mark.only_over("stdio")
async def test_a_line_that_is_not_utf_8_is_not_answered_and_does_no_harm(probe: Probe) -> None:
    assert await replies_to(probe, b"\xff\xfe", count=0) == []


async def test_a_message_that_has_a_key_twice_is_not_answered(probe: Probe) -> None:
    assert await replies_to(probe, b'{"id":126,"method":"thread/loaded/list","params":{},"id":127}', count=0) == []


async def test_an_id_that_is_neither_text_nor_a_64_bit_integer_is_not_answered(probe: Probe) -> None:
    for bad in (b"1.5", b"null", b'{"a":1}', b"[1]", b"true", b"9223372036854775808"):
        line = b'{"id":%b,"method":"thread/loaded/list","params":{}}' % bad
        assert (bad, await replies_to(probe, line, count=0)) == (bad, [])


async def test_answers_to_questions_that_were_never_asked_are_ignored(probe: Probe) -> None:
    refusal = {"id": 998, "error": {"code": -1, "message": "x"}}
    assert await replies_to(probe, {"id": 999, "result": {}}, refusal, count=0) == []


async def test_an_unknown_notification_is_ignored(probe: Probe) -> None:
    assert await replies_to(probe, {"method": "bogusNotification", "params": {}}, count=0) == []


async def test_blanks_and_carriage_returns_around_a_message_are_tolerated(probe: Probe) -> None:
    line = b'  {"id":123,"method":"thread/loaded/list","params":{}}  \r'
    assert await replies_to(probe, line, count=1) == [{"id": 123, "result": NOTHING_LOADED}]


async def test_ids_come_back_as_they_were_sent(probe: Probe) -> None:
    ids: list[int | str] = ["117", "", -7, 0, 2**63 - 1, -(2**63)]
    replies = await replies_to(probe, *({**LIST, "id": request_id} for request_id in ids), count=len(ids))
    assert sorted(map(repr, (reply["id"] for reply in replies))) == sorted(map(repr, ids))


async def test_unknown_keys_of_the_envelope_are_ignored(probe: Probe) -> None:
    trace = {"traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"}
    replies = await replies_to(probe, {**LIST, "jsonrpc": "2.0", "extra": 1, "trace": trace}, count=1)
    assert replies == [{"id": 1, "result": NOTHING_LOADED}]


async def test_requests_that_share_an_id_are_both_answered(probe: Probe) -> None:
    assert await replies_to(probe, LIST, LIST, count=2) == [{"id": 1, "result": NOTHING_LOADED}] * 2


async def test_no_message_of_the_server_names_the_json_rpc_version(probe: Probe) -> None:
    await probe.start_thread()
    await probe.refusal("thread/read", {"threadId": UNKNOWN_THREAD})
    assert [message for message in probe.log.from_server if "jsonrpc" in message] == []


async def test_only_notifications_say_when_they_were_emitted(probe: Probe) -> None:
    await probe.start_thread()
    await probe.until("thread/started")
    for sent in probe.log.from_server:
        assert ("emittedAtMs" in sent) == ("method" in sent and "id" not in sent)


# Params


async def test_an_unknown_method_is_refused_with_the_methods_there_are(probe: Probe) -> None:
    spellings: list[Message] = [{"params": {}}, {}]
    for params in spellings:
        reply = await probe.exchange({"id": 104, "method": "nope/none", **params})
        assert reply["error"]["code"] == -32600
        start = "Invalid request: unknown variant `nope/none`, expected one of `initialize`, "
        assert reply["error"]["message"].startswith(start)
        assert "`turn/start`" in reply["error"]["message"]


async def test_missing_or_null_params_are_refused_where_a_method_has_params(probe: Probe) -> None:
    missing = {"code": -32600, "message": "Invalid request: missing field `params`"}
    for method in ("thread/read", "thread/loaded/list", "thread/start"):
        assert (await probe.exchange({"id": 1, "method": method}))["error"] == missing
        assert (await probe.exchange({"id": 1, "method": method, "params": None}))["error"] == missing


async def test_a_method_without_params_takes_none(probe: Probe) -> None:
    assert await probe.exchange({"id": 120, "method": "memory/reset"}) == {"id": 120, "result": {}}


async def test_a_missing_field_is_named(probe: Probe) -> None:
    missing: dict[tuple[str, str], Message] = {
        ("thread/read", "threadId"): {},
        ("turn/start", "input"): {"threadId": UNKNOWN_THREAD},
        ("turn/start", "threadId"): {"input": []},
        ("turn/start", "text"): {"threadId": UNKNOWN_THREAD, "input": [{"type": "text"}]},
        ("turn/start", "path"): {"threadId": UNKNOWN_THREAD, "input": [{"type": "mention", "name": "x"}]},
        ("turn/steer", "expectedTurnId"): {"threadId": UNKNOWN_THREAD, "input": []},
        ("turn/interrupt", "turnId"): {"threadId": UNKNOWN_THREAD},
        ("thread/archive", "threadId"): {},
        ("review/start", "target"): {"threadId": UNKNOWN_THREAD},
    }
    for (method, field), params in missing.items():
        assert await error_of(probe, method, params) == f"Invalid request: missing field `{field}`"


async def test_a_value_of_the_wrong_type_is_named(probe: Probe) -> None:
    wrong = "Invalid request: invalid type: integer `5`, expected a string"
    assert await error_of(probe, "thread/read", {"threadId": 5}) == wrong
    text = await error_of(probe, "turn/start", {"threadId": UNKNOWN_THREAD, "input": "str"})
    assert text == 'Invalid request: invalid type: string "str", expected a sequence'
    text = await error_of(probe, "thread/list", {"limit": -1})
    assert text == "Invalid request: invalid value: integer `-1`, expected u32"
    text = await error_of(probe, "thread/list", {"cwd": 5})
    assert text == "Invalid request: data did not match any variant of untagged enum ThreadListCwdFilter"


async def test_an_unknown_word_is_answered_with_the_words_there_are(probe: Probe) -> None:
    known = {
        ("thread/start", "sandbox"): "expected one of `read-only`, `workspace-write`, `danger-full-access`",
        ("thread/start", "approvalPolicy"): "expected one of `untrusted`, `on-request`, `granular`, `never`",
        ("thread/list", "sortDirection"): "expected `asc` or `desc`",
        ("thread/list", "sortKey"): "expected one of `created_at`, `updated_at`, `recency_at`, `section_position`",
    }
    for (method, field), expected in known.items():
        text = await error_of(probe, method, {field: "bogus"})
        assert text == f"Invalid request: unknown variant `bogus`, {expected}"
    text = await error_of(probe, "turn/start", {"threadId": UNKNOWN_THREAD, "input": [{"type": "bogus"}]})
    kinds = "`text`, `image`, `localImage`, `audio`, `localAudio`, `skill`, `mention`"
    assert text == f"Invalid request: unknown variant `bogus`, expected one of {kinds}"


async def test_params_can_be_an_array_of_the_fields_in_order(probe: Probe) -> None:
    wrong = "Invalid request: invalid type: integer `1`, expected a string"
    assert await error_of(probe, "thread/read", [1]) == wrong
    assert await error_of(probe, "thread/read", [UNKNOWN_THREAD]) == f"thread not loaded: {UNKNOWN_THREAD}"


async def test_unknown_fields_of_params_are_ignored(probe: Probe) -> None:
    assert await probe.request("thread/loaded/list", {"unknownField": 1}) == NOTHING_LOADED


async def test_too_much_input_is_refused_with_its_size(probe: Probe) -> None:
    thread = await probe.start_thread()
    texts = [{"type": "text", "text": "x" * 600_000}, {"type": "text", "text": "x" * 600_000}]
    error = await probe.refusal("turn/start", {"threadId": thread["id"], "input": texts})
    assert (error.code, error.message) == (-32602, "Input exceeds the maximum length of 1048576 characters.")
    assert error.data == {"input_error_code": "input_too_large", "max_chars": 1048576, "actual_chars": 1_200_000}


async def test_more_parts_of_input_than_anybody_gives_are_refused(probe: Probe) -> None:
    thread = await probe.start_thread()
    parts = [{"type": "text", "text": "x"}] * 10_001
    error = await probe.refusal("turn/start", {"threadId": thread["id"], "input": parts})
    assert (error.code, error.message) == (-32602, "`input` has 10001 parts; at most 10000 are taken at once")


async def test_a_list_for_more_providers_than_there_are_is_refused(probe: Probe) -> None:
    error = await probe.refusal("thread/list", {"modelProviders": [f"p{number}" for number in range(1001)]})
    assert (error.code, error.message) == (-32602, "`modelProviders` has 1001 entries; at most 1000 are taken")


# Gates and opt-outs


async def test_methods_that_are_not_stable_need_the_experimental_capability(lab: Lab) -> None:
    async with lab.run(experimental=False) as probe:
        thread = (await probe.start_thread())["id"]
        gated: dict[str, Message] = {
            "mock/experimentalMethod": {},
            "thread/memoryMode/set": {"threadId": thread, "mode": "enabled"},
            "thread/backgroundTerminals/clean": {"threadId": thread},
            "thread/increment_elicitation": {"threadId": thread},
            "thread/realtime/listVoices": {},
            "fuzzyFileSearch/sessionStart": {"sessionId": "1", "roots": []},
        }
        for method, params in gated.items():
            assert await error_of(probe, method, params) == f"{method} requires experimentalApi capability"
        reply = await probe.exchange({"id": 5, "method": "memory/reset"})
        assert reply["error"]["message"] == "memory/reset requires experimentalApi capability"


async def test_a_malformed_request_is_told_so_before_the_experimental_gate(lab: Lab) -> None:
    async with lab.run(experimental=False) as probe:
        assert await error_of(probe, "process/spawn", {}) == "Invalid request: missing field `command`"


async def test_fields_that_are_not_stable_need_the_experimental_capability(lab: Lab) -> None:
    granular = {"granular": {"mcp_elicitations": True, "rules": True, "sandbox_approval": True}}
    async with lab.run(experimental=False) as probe:
        thread = (await probe.start_thread())["id"]
        text: list[Message] = [{"type": "text", "text": "x"}]
        gated: list[tuple[str, str, Message]] = [
            ("thread/start", "mockExperimentalField", {"mockExperimentalField": "x"}),
            ("thread/start", "dynamicTools", {"dynamicTools": []}),
            ("thread/start", "experimentalRawEvents", {"experimentalRawEvents": True}),
            ("thread/start", "permissions", {"permissions": "x"}),
            ("thread/resume", "history", {"threadId": thread, "history": []}),
            ("thread/resume", "path", {"threadId": thread, "path": "/x"}),
            ("turn/start", "environments", {"threadId": thread, "input": [], "environments": []}),
            (
                "turn/start",
                "responsesapiClientMetadata",
                {"threadId": thread, "input": text, "responsesapiClientMetadata": {}},
            ),
        ]
        for method, field, params in gated:
            assert await error_of(probe, method, params) == f"{method}.{field} requires experimentalApi capability"
        policy = await error_of(probe, "thread/start", {"approvalPolicy": granular})
        assert policy == "askForApproval.granular requires experimentalApi capability"


async def test_false_and_null_do_not_count_as_the_use_of_an_unstable_field(lab: Lab) -> None:
    async with lab.run(experimental=False) as probe:
        await probe.request("thread/start", {"experimentalRawEvents": False, "dynamicTools": None, "permissions": None})


async def test_methods_that_became_stable_need_no_capability(lab: Lab) -> None:
    async with lab.run(experimental=False) as probe:
        thread = (await probe.start_thread())["id"]
        text = await error_of(probe, "thread/turns/list", {"threadId": thread})
        assert "is not materialized yet" in text
        text = await error_of(probe, "thread/inject_items", {"threadId": thread, "items": []})
        assert text == "items must not be empty"


async def test_a_threads_goal_can_be_asked_for_without_the_experimental_capability(lab: Lab) -> None:
    async with lab.run(experimental=False) as probe:
        thread = (await probe.start_thread())["id"]
        assert await probe.request("thread/goal/get", {"threadId": thread}) == {"goal": None}


@pytest.mark.parametrize("experimental", [True, False])
async def test_notifications_that_are_not_stable_need_the_experimental_capability(
    lab: Lab, *, experimental: bool
) -> None:
    lab.script(answer(message("Hi.")))
    async with lab.run(experimental=experimental) as probe:
        thread = (await probe.start_thread())["id"]
        await probe.run_turn(thread, effort="high")
        await probe.nothing_more()
        for method in ("thread/settings/updated", "thread/readState/changed"):
            assert (method, method in probe.log.methods()) == (method, experimental)


async def test_the_experimental_method_echoes(probe: Probe) -> None:
    assert await probe.request("mock/experimentalMethod", {"value": "v"}) == {"echoed": "v"}
    assert await probe.request("mock/experimentalMethod", {}) == {"echoed": None}


async def test_a_client_gets_no_notifications_that_it_opted_out_of(lab: Lab) -> None:
    async with lab.run(opt_out=["thread/started", "codex/event/unknown"]) as probe:
        await probe.start_thread()
        await probe.nothing_more()
        assert "thread/started" not in probe.log.methods()
        assert "remoteControl/status/changed" in probe.log.methods()


async def test_opt_outs_that_are_no_list_are_refused(lab: Lab) -> None:
    async with lab.run(initialize=False) as probe:
        reply = await probe.exchange(initialize(capabilities={"optOutNotificationMethods": "x"}))
        assert reply["error"]["message"] == 'Invalid request: invalid type: string "x", expected a sequence'
        assert reply["error"]["code"] == -32600


@pytest.mark.only_over("stdio")
async def test_a_server_whose_input_closes_ends_by_itself(lab: Lab) -> None:
    async with lab.run() as probe:
        await probe.start_thread()
    assert probe.server.process.returncode == 0


async def test_errors_repeat_long_values_in_part_only(lab: Lab) -> None:
    long = "x" * 300_000
    requests: list[tuple[str, dict[str, Any]]] = [
        ("thread/start", {"modelProvider": long}),
        ("thread/start", {"sandbox": long}),
        ("thread/list", {"cursor": long}),
        (long, {}),
    ]
    async with lab.run() as probe:
        for method, params in requests:
            refused = await probe.refusal(method, params)
            assert len(refused.message) < 20_000
            assert "(300000 characters)" in refused.message
