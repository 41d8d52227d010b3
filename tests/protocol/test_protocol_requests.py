"""Typed requests: from an envelope to its types, and from an id and a raw result to the typed response."""

import json

import msgspec
import pytest
from codex_trio_protocol.requests import ClientRequest, ServerRequest
from codex_trio_protocol.v2.approval import (
    CommandExecutionRequestApprovalResponse,
    FileChangeRequestApprovalParams,
    FileChangeRequestApprovalResponse,
)
from codex_trio_protocol.v2.turn import TurnStartParams, TurnStartResponse

APPROVAL = (
    b'{"id":7,"method":"item/fileChange/requestApproval","params":%s}'
    % json.dumps({"threadId": "t", "turnId": "u", "itemId": "i", "startedAtMs": 1}).encode()
)


def test_a_server_request_knows_the_type_of_its_answer() -> None:
    request = ServerRequest.decode(APPROVAL)
    assert isinstance(request.params, FileChangeRequestApprovalParams)
    assert request.response_type is FileChangeRequestApprovalResponse
    response = request.response(b'{"decision":"accept"}')
    assert (response.id, response.result) == (7, FileChangeRequestApprovalResponse(decision="accept"))


def test_a_client_request_knows_the_type_of_its_answer() -> None:
    request = ClientRequest("a", "turn/start", TurnStartParams(thread_id="t", input=[]))
    assert request.response_type is TurnStartResponse
    turn = {"id": "u", "items": [], "status": "inProgress", "error": None}
    response = request.response(json.dumps({"turn": turn}).encode())
    assert (response.id, response.method, response.result.turn.id) == ("a", "turn/start", "u")


def test_a_request_is_the_same_after_a_trip_over_the_wire() -> None:
    request = ClientRequest("a", "turn/start", TurnStartParams(thread_id="t", input=[]))
    assert json.loads(request.encode()) == {"id": "a", "method": "turn/start", "params": {"threadId": "t", "input": []}}
    assert ClientRequest.decode(request.encode()) == request
    assert json.loads(ClientRequest(1, "memory/reset", None).encode()) == {"id": 1, "method": "memory/reset"}
    assert ClientRequest.decode(b'{"id":1,"method":"memory/reset"}').params is None


@pytest.mark.parametrize(
    "raw",
    [
        b"{}",
        b"[1]",
        b'{"id":1,"method":"item/tool/call","params":{}}',
        b'{"id":1,"method":"no/such","params":{}}',
        b'{"id":1,"method":"turn/start"}',
        b'{"id":1.5,"method":"memory/reset"}',
    ],
)
def test_what_is_no_request_of_this_direction_is_a_decode_error(raw: bytes) -> None:
    with pytest.raises(msgspec.DecodeError):
        ClientRequest.decode(raw)


def test_a_result_that_does_not_fit_is_a_decode_error() -> None:
    request = ServerRequest(0, "item/commandExecution/requestApproval", None)
    assert request.response_type is CommandExecutionRequestApprovalResponse
    for raw in (b'{"decision":"perhaps"}', b"{}", b"nonsense"):
        with pytest.raises(msgspec.DecodeError):
            request.response(raw)
