"""Queue keys: which requests wait for one another."""

from typing import Any

import msgspec
import pytest
from codex_trio_protocol.scopes import ScopeKey, scope_key
from codex_trio_protocol.table import CLIENT_REQUESTS


def key_of(method: str, params: str = "{}", *, connection: str = "c1") -> tuple[ScopeKey, bool] | None:
    spec = CLIENT_REQUESTS[method]
    decoded: Any = spec.decode_params(msgspec.Raw(params.encode()))
    return scope_key(spec.scope, decoded, connection)


@pytest.mark.parametrize(
    ("method", "params", "expected"),
    [
        ("thread/start", "{}", None),
        ("thread/list", "{}", None),
        ("fs/readFile", '{"path":"/x"}', None),
        ("thread/read", '{"threadId":"t"}', (("thread", "t"), False)),
        ("turn/start", '{"threadId":"t","input":[]}', (("thread", "t"), False)),
        ("thread/resume", '{"threadId":"t","path":"/p"}', (("thread", "t"), False)),
        ("thread/resume", '{"threadId":"","path":"/p"}', (("thread", "path", "/p"), False)),
        ("thread/fork", '{"threadId":""}', None),
        ("mcpServer/resource/read", '{"server":"s","uri":"u"}', None),
        ("mcpServer/resource/read", '{"server":"s","uri":"u","threadId":"t"}', (("thread", "t"), False)),
        ("config/read", "{}", (("config",), True)),
        ("hooks/list", "{}", (("config",), True)),
        ("config/value/write", '{"keyPath":"a","value":1,"mergeStrategy":"replace"}', (("config",), False)),
        ("externalAgentConfig/detect", "{}", (("external-agent-detect",), False)),
        ("account/logout", "null", (("account-auth",), False)),
        ("remoteControl/status/read", "null", (("remote-control",), True)),
        ("mcpServer/oauth/login", '{"name":"m"}', (("mcp-oauth", "m"), False)),
        ("command/exec", '{"command":["true"]}', None),
        ("command/exec", '{"command":["true"],"processId":"p"}', (("command", "c1", "p"), False)),
        ("process/kill", '{"processHandle":"h"}', (("process", "c1", "h"), False)),
        ("fs/unwatch", '{"watchId":"w"}', (("fs-watch", "c1", "w"), False)),
        ("fuzzyFileSearch/sessionStop", '{"sessionId":"s"}', (("fuzzy-session", "s"), False)),
    ],
)
def test_a_request_waits_in_the_queue_of_what_it_names(
    method: str, params: str, expected: tuple[ScopeKey, bool] | None
) -> None:
    assert key_of(method, params) == expected


def test_connections_may_use_the_same_process_id() -> None:
    params = '{"command":["true"],"processId":"p"}'
    assert key_of("command/exec", params, connection="a") != key_of("command/exec", params, connection="b")


def test_the_same_command_methods_share_a_queue() -> None:
    assert key_of("command/exec/terminate", '{"processId":"p"}') == key_of(
        "command/exec", '{"command":["true"],"processId":"p"}'
    )


def test_every_scope_names_attributes_of_its_params() -> None:
    for spec in CLIENT_REQUESTS.values():
        if spec.scope is None:
            continue
        for name in (spec.scope.field, spec.scope.fallback):
            if name is not None:
                assert name in spec.params_type().__struct_fields__, spec.name
