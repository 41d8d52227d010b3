"""What a newer peer says survives; what the server must act on is refused by name."""

import json
from typing import Any

import msgspec
import pytest
from codex_trio_protocol import table
from codex_trio_protocol.jsonrpc import Notification, Request, RequestId
from codex_trio_protocol.v2.approval import CommandExecutionRequestApprovalParams
from codex_trio_protocol.v2.item import AgentMessageThreadItem
from codex_trio_protocol.v2.turn import CodexErrorInfoObject, HttpFailure, TurnError
from codex_trio_protocol.v2.user_input import TextUserInput


def sent_on(kind: Any, value: dict[str, Any]) -> tuple[Any, Any]:
    decoded = table.decode(json.dumps(value).encode(), kind)
    return decoded, json.loads(msgspec.json.encode(decoded))


def params_of(method: str, params: dict[str, Any]) -> Any:
    return table.CLIENT_REQUESTS[method].decode_params(msgspec.Raw(json.dumps(params).encode()))


ITEM_STARTED = table.SERVER_NOTIFICATIONS["item/started"].params_type()


def test_an_item_of_an_unknown_kind_is_kept_as_it_is() -> None:
    item = {"type": "hologram", "id": "i", "shape": {"x": [1, None]}}
    decoded, encoded = sent_on(ITEM_STARTED, {"item": item, "threadId": "t", "turnId": "u", "startedAtMs": 1})
    assert decoded.item == item
    assert encoded["item"] == item


def test_an_item_of_a_known_kind_becomes_its_struct() -> None:
    item = {"type": "agentMessage", "id": "i", "text": "hi", "phase": None, "fromTheFuture": 1}
    decoded, encoded = sent_on(ITEM_STARTED, {"item": item, "threadId": "t", "turnId": "u", "startedAtMs": 1})
    assert isinstance(decoded.item, AgentMessageThreadItem)
    assert "fromTheFuture" not in encoded["item"]


def test_an_item_of_a_known_kind_that_does_not_fit_is_an_error() -> None:
    item = {"type": "agentMessage", "id": "i", "text": 5}
    with pytest.raises(msgspec.ValidationError, match="text"):
        sent_on(ITEM_STARTED, {"item": item, "threadId": "t", "turnId": "u", "startedAtMs": 1})


def test_unknown_words_of_the_server_are_kept() -> None:
    item = {"type": "fileChange", "id": "i", "changes": [], "status": "halfway"}
    _, encoded = sent_on(ITEM_STARTED, {"item": item, "threadId": "t", "turnId": "u", "startedAtMs": 1})
    assert encoded["item"]["status"] == "halfway"


def settings_of_a_thread(**changes: Any) -> dict[str, Any]:
    thread = {
        "id": "t",
        "sessionId": "t",
        "preview": "",
        "ephemeral": False,
        "modelProvider": "p",
        "createdAt": 1,
        "updatedAt": 1,
        "status": {"type": "idle"},
        "cwd": "/x",
        "cliVersion": "0",
        "source": "vscode",
        "turns": [],
    }
    settings = {"thread": thread, "model": "m", "modelProvider": "p", "cwd": "/x", "approvalsReviewer": "user"}
    return {**settings, "approvalPolicy": "never", "sandbox": {"type": "readOnly"}, **changes}


@pytest.mark.parametrize(
    "changes",
    [
        {"approvalPolicy": "when-in-doubt"},
        {"approvalPolicy": {"oracle": {"depth": 1}}},
        {"approvalsReviewer": "committee"},
        {"sandbox": {"type": "bubble", "thickness": 3}},
        {"multiAgentMode": {"swarm": 5}},
    ],
)
def test_settings_that_this_release_does_not_know_are_kept(changes: dict[str, Any]) -> None:
    value = settings_of_a_thread(**changes)
    _, encoded = sent_on(table.CLIENT_REQUESTS["thread/start"].result_type(), value)
    assert {key: encoded[key] for key in changes} == changes


def test_unknown_parts_deep_inside_what_is_known_are_kept_and_the_rest_becomes_structs() -> None:
    hologram = {"type": "hologram", "id": "h"}
    parts = [{"type": "smell", "of": "roses"}, {"type": "text", "text": "a"}]
    user = {"type": "userMessage", "id": "i", "content": parts}
    command = {
        "type": "commandExecution",
        "id": "c",
        "command": "x",
        "cwd": "/x",
        "status": "completed",
        "commandActions": [{"type": "conjure", "command": "x"}, {"type": "unknown", "command": "y"}],
    }
    value = settings_of_a_thread()
    value["thread"]["turns"] = [{"id": "u", "items": [hologram, user, command], "status": "completed"}]
    decoded, encoded = sent_on(table.CLIENT_REQUESTS["thread/start"].result_type(), value)
    kept, message, run = decoded.thread.turns[0].items
    assert kept == hologram
    assert isinstance(message.content[1], TextUserInput)
    assert message.content[0] == encoded["thread"]["turns"][0]["items"][1]["content"][0] == parts[0]
    assert run.command_actions[0] == command["commandActions"][0]
    assert run.command_actions[1].command == "y"


def test_an_error_beside_an_unknown_part_says_where_it_is() -> None:
    items = [{"type": "hologram", "id": "h"}, {"type": "agentMessage", "id": "i", "text": 5}]
    value = settings_of_a_thread()
    value["thread"]["turns"] = [{"id": "u", "items": items, "status": "completed"}]
    with pytest.raises(msgspec.ValidationError, match=r"\$\.thread\.turns\[0\]\.items\[1\]\.text"):
        sent_on(table.CLIENT_REQUESTS["thread/start"].result_type(), value)


def test_entries_of_a_map_may_be_of_an_unknown_kind() -> None:
    changes = {"/a": {"type": "add", "content": "x"}, "/b": {"type": "teleport", "to": "/c"}}
    value = {"conversationId": "t", "callId": "c", "fileChanges": changes, "reason": None, "grantRoot": None}
    decoded, encoded = sent_on(table.SERVER_REQUESTS["applyPatchApproval"].params_type(), value)
    assert encoded["fileChanges"] == changes
    assert decoded.file_changes["/a"].content == "x"


def test_an_unknown_key_is_still_refused_where_none_is_admitted() -> None:
    question = {"title": "q", "options": None, "surprise": 1}
    item = {"type": "agentMessage", "id": "i", "text": "", "phase": "afterthought", "questions": [question]}
    with pytest.raises(msgspec.ValidationError, match="surprise"):
        sent_on(ITEM_STARTED, {"item": item, "threadId": "t", "turnId": "u", "startedAtMs": 1})


def test_keys_that_older_servers_do_not_send_have_a_default() -> None:
    decoded, encoded = sent_on(table.CLIENT_REQUESTS["thread/start"].result_type(), settings_of_a_thread())
    assert decoded.thread.project_id is None
    assert encoded["thread"]["projectId"] is None
    assert table.decode(b"{}", table.CLIENT_REQUESTS["externalAgentConfig/import"].result_type()).import_id == ""


@pytest.mark.parametrize("info", ["brandNewFailure", {"brandNewFailure": {"depth": 3}}])
def test_an_error_kind_from_the_future_is_kept(info: Any) -> None:
    _, encoded = sent_on(TurnError, {"message": "m", "codexErrorInfo": info})
    assert encoded["codexErrorInfo"] == info


def test_an_error_kind_with_details_is_one_key_on_the_wire() -> None:
    error = TurnError(
        message="m",
        codex_error_info=CodexErrorInfoObject(response_stream_disconnected=HttpFailure(http_status_code=502)),
    )
    assert json.loads(msgspec.json.encode(error)) == {
        "message": "m",
        "codexErrorInfo": {"responseStreamDisconnected": {"httpStatusCode": 502}},
        "additionalDetails": None,
        "misalignment": None,
    }


@pytest.mark.parametrize(
    ("method", "params", "word"),
    [
        ("thread/start", {"sandbox": "bogus"}, "bogus"),
        ("thread/start", {"approvalPolicy": "bogus"}, "bogus"),
        ("turn/start", {"threadId": "t", "input": [{"type": "zzz"}]}, "zzz"),
        ("review/start", {"threadId": "t", "target": {"type": "bogus"}}, "bogus"),
        ("thread/start", {"dynamicTools": [{"type": "bogus"}]}, "bogus"),
    ],
)
def test_unknown_words_of_a_client_are_refused_by_name(method: str, params: dict[str, Any], word: str) -> None:
    with pytest.raises(msgspec.ValidationError, match=word):
        params_of(method, params)


def test_model_items_pass_through_untouched() -> None:
    items = [{"type": "message", "role": "user", "content": [], "extra": {"a": 1}}, {"type": "unheard_of", "b": None}]
    assert params_of("thread/resume", {"threadId": "", "history": items}).history == items


def test_a_tool_without_a_type_is_a_function_as_older_clients_send_it() -> None:
    tool = {"name": "lookup", "description": "d", "inputSchema": {}, "namespace": "tickets", "deferLoading": True}
    (decoded,) = params_of("thread/start", {"dynamicTools": [tool]}).dynamic_tools
    assert (decoded.name, decoded.namespace, decoded.defer_loading) == ("lookup", "tickets", True)
    with pytest.raises(msgspec.ValidationError, match="description"):
        params_of("thread/start", {"dynamicTools": [{"name": "lookup"}]})


def test_older_words_are_still_understood() -> None:
    assert params_of("thread/start", {"approvalPolicy": "on-failure"}).approval_policy == "on-failure"
    target = {"type": "uncommittedChanges"}
    assert params_of("review/start", {"threadId": "t", "target": target, "delivery": "detached"}).delivery == "detached"
    profile = {"type": "managed", "network": {"enabled": False}, "fileSystem": {"type": "unrestricted"}}
    params = params_of("command/exec", {"command": ["true"], "permissionProfile": profile})
    assert params.permission_profile.network.enabled is False


def test_null_and_absence_differ_where_they_mean_different_things() -> None:
    base = {"threadId": "t"}
    assert params_of("thread/goal/set", base).token_budget is msgspec.UNSET
    assert params_of("thread/goal/set", {**base, "tokenBudget": None}).token_budget is None
    assert params_of("thread/metadata/update", {**base, "gitInfo": {"branch": None}}).git_info.sha is msgspec.UNSET
    assert params_of("thread/start", {}).service_tier is msgspec.UNSET


def test_explicit_nulls_are_accepted_for_optional_params() -> None:
    keys = ("cwd", "model", "sandbox", "approvalPolicy", "config", "ephemeral", "environments", "dynamicTools")
    assert params_of("thread/start", dict.fromkeys(keys)) == params_of("thread/start", {})


def test_a_relative_path_is_refused_where_an_absolute_one_is_needed() -> None:
    for path in ("x", "~/x", ""):
        with pytest.raises(msgspec.ValidationError, match="matching regex"):
            params_of("fs/readFile", {"path": path})


def test_numbers_out_of_range_are_refused() -> None:
    for limit in (-1, 5_000_000_000, 1.5, True):
        with pytest.raises(msgspec.ValidationError):
            params_of("thread/list", {"limit": limit})


def test_an_image_needs_one_source_and_takes_the_first_of_two() -> None:
    image = {"type": "image"}
    with pytest.raises(msgspec.ValidationError, match="`url`, `fileId`"):
        params_of("turn/start", {"threadId": "t", "input": [image]})
    both = {**image, "url": "data:,", "fileId": "f"}
    assert params_of("turn/start", {"threadId": "t", "input": [both]}).input[0].url == "data:,"


def test_an_approval_request_leaves_out_what_it_does_not_say() -> None:
    request = CommandExecutionRequestApprovalParams(
        kind="command", thread_id="t", turn_id="u", item_id="i", started_at_ms=1, environment_id=None, command="ls"
    )
    assert json.loads(msgspec.json.encode(request)) == {
        "kind": "command",
        "threadId": "t",
        "turnId": "u",
        "itemId": "i",
        "startedAtMs": 1,
        "environmentId": None,
        "command": "ls",
    }


def test_ids_keep_their_type_and_their_range() -> None:
    for raw, value in ((b'"117"', "117"), (b"-7", -7), (b"9223372036854775807", 2**63 - 1)):
        assert table.decode(raw, RequestId) == value
    for raw in (b"1.5", b"null", b"{}", b"9223372036854775808"):
        with pytest.raises(msgspec.DecodeError):
            table.decode(raw, RequestId)


def test_envelopes_keep_params_as_they_came() -> None:
    request = table.decode(b'{"id":1,"method":"m","params":{"a": 1 },"jsonrpc":"2.0"}', Request)
    assert bytes(request.params) == b'{"a": 1 }'
    note = Notification(method="m", params=msgspec.Raw(b"{}"), emitted_at_ms=5)
    assert msgspec.json.encode(note) == b'{"method":"m","params":{},"emittedAtMs":5}'
