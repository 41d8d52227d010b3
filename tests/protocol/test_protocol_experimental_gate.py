"""The experimental gate refuses methods, fields and union members, by the names that clients match on."""

import json
from typing import Any

import msgspec
import pytest
from codex_trio_protocol import experimental
from codex_trio_protocol.table import CLIENT_REQUESTS

GRANULAR = {"granular": {"mcp_elicitations": True, "rules": True, "sandbox_approval": True}}


def refusal(method: str, params: Any, *, enabled: bool = False) -> str | None:
    spec = CLIENT_REQUESTS[method]
    decoded = spec.decode_params(msgspec.Raw(json.dumps(params).encode()))
    return experimental.check(spec, decoded, enabled=enabled)


@pytest.mark.parametrize(
    ("method", "params", "reason"),
    [
        ("collaborationMode/list", {}, "collaborationMode/list"),
        ("memory/reset", None, "memory/reset"),
        ("thread/start", {"dynamicTools": []}, "thread/start.dynamicTools"),
        ("thread/start", {"dynamicTools": [], "environments": []}, "thread/start.environments"),
        ("thread/start", {"experimentalRawEvents": True}, "thread/start.experimentalRawEvents"),
        ("thread/start", {"approvalPolicy": GRANULAR, "dynamicTools": []}, "askForApproval.granular"),
        ("turn/start", {"threadId": "t", "input": [], "approvalPolicy": GRANULAR}, "askForApproval.granular"),
        ("thread/fork", {"threadId": "t", "attachToSource": True, "path": "/x"}, "thread/fork.path"),
        ("thread/list", {"projectId": None}, "thread/list.projectId"),
        (
            "thread/metadata/update",
            {"threadId": "t", "daybreakEnabled": False},
            "thread/metadata/update.daybreakEnabled",
        ),
        (
            "thread/items/list",
            {"threadId": "t", "deferOutput": {"mcpToolCall": True, "commandExecution": True}},
            "thread/items/list.deferOutput.commandExecution",
        ),
        (
            "account/login/start",
            {"type": "chatgptAuthTokens", "accessToken": "a", "chatgptAccountId": "b"},
            "account/login/start.chatgptAuthTokens",
        ),
        ("command/exec", {"command": ["true"], "permissionProfile": "x"}, "command/exec.permissionProfile"),
    ],
)
def test_a_client_without_the_capability_is_refused_by_name(method: str, params: Any, reason: str) -> None:
    assert refusal(method, params) == f"{reason} requires experimentalApi capability"
    assert refusal(method, params, enabled=True) is None


@pytest.mark.parametrize(
    ("method", "params"),
    [
        ("thread/start", {"dynamicTools": None, "experimentalRawEvents": False, "serviceTier": None}),
        ("thread/start", {"approvalPolicy": "never", "ephemeral": True, "persistExtendedHistory": True}),
        ("thread/items/list", {"threadId": "t", "deferOutput": {}}),
        ("thread/list", {"sectionId": "x"}),
        ("account/login/start", {"type": "apiKey", "apiKey": "k"}),
        ("thread/goal/get", {"threadId": "t"}),
        ("account/logout", None),
    ],
)
def test_defaults_and_stable_fields_pass(method: str, params: Any) -> None:
    assert refusal(method, params) is None


def test_a_row_lists_its_gated_fields_by_wire_name() -> None:
    assert CLIENT_REQUESTS["turn/steer"].experimental_fields == (
        "responsesapiClientMetadata",
        "responsesapiClientMetadataPatch",
        "additionalContext",
    )
    assert CLIENT_REQUESTS["memory/reset"].experimental_fields == ()
