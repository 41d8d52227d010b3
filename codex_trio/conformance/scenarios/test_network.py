"""Commands that may reach some hosts only: what they reach, who is asked, and what is told of a refusal."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import trio

from codex_trio.conformance.lab import Lab
from codex_trio.conformance.probe import FinishedTurn, Message
from codex_trio.conformance.shapes import ANY_INT, text_like
from codex_trio.testing.model_script import answer, function_call, message

PROFILE = """
[features]
network_proxy = true
[permissions.some-hosts]
extends = ":workspace"
[permissions.some-hosts.network]
enabled = true
[permissions.some-hosts.network.domains]
"127.0.0.1" = "allow"
"denied.test" = "deny"
"""


def limit_hosts(lab: Lab, *, approval_policy: str = "never") -> None:
    lab.configure(
        approval_policy=approval_policy,
        extra='default_permissions = "some-hosts"\n',
        tables=PROFILE,
        sandbox_mode="workspace-write",
    )


def fetching(host: str) -> str:
    """Return a script that asks its proxy for a page."""
    request = rf"GET http://{host}/ HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n"
    return f"exec 3<>/dev/tcp/127.0.0.1/${{HTTP_PROXY##*:}}; printf '{request}' >&3; timeout 20 cat <&3"


@asynccontextmanager
async def serving() -> AsyncGenerator[int]:
    """Provide the port of a service on loopback that answers every request."""

    async def serve(stream: trio.SocketStream) -> None:
        async with stream:
            await stream.receive_some(10_000)
            await stream.send_all(b"HTTP/1.1 200 OK\r\nContent-Length: 7\r\nConnection: close\r\n\r\nreached")

    async with trio.open_nursery() as nursery:
        listeners = await trio.open_tcp_listeners(0, host="127.0.0.1")
        nursery.start_soon(trio.serve_listeners, serve, listeners)
        yield listeners[0].socket.getsockname()[1]
        nursery.cancel_scope.cancel()


async def run(lab: Lab, *scripts: str, asked: list[Message] | None = None) -> FinishedTurn:
    """Return a turn in which the model runs one script after the other; whatever is asked is accepted."""
    calls = [
        function_call("exec_command", {"cmd": script, "login": False, "yield_time_ms": 20_000}, call_id=f"c{number}")
        for number, script in enumerate(scripts)
    ]
    lab.script(*(answer(call) for call in calls), answer(message("Done.")))

    def accept(request: Message) -> Message:
        (asked if asked is not None else []).append(request)
        return {"decision": "accept"}

    async with lab.run() as probe:
        thread_id = (await probe.start_thread(cwd=str(lab.cwd)))["id"]
        turn = await probe.run_turn(thread_id, answer=accept)
    assert turn.status == "completed"
    return turn


async def test_a_refusal_names_the_host_to_the_model_and_the_client(lab: Lab) -> None:
    limit_hosts(lab)
    turn = await run(lab, fetching("denied.test"), fetching("unlisted.test"), fetching("10.1.2.3"))
    reasons = {
        "denied.test": "domain is explicitly denied by policy",
        "unlisted.test": "domain is not on the allowlist for the current sandbox mode",
        "10.1.2.3": "local/private network addresses are blocked by the sandbox policy",
    }
    for number, (host, reason) in enumerate(reasons.items()):
        said = f'Network access to "{host}" was blocked: {reason}'
        assert said in lab.model.requests[-1].output_of(f"c{number}").replace('\\"', '"')
        assert said in turn.items("commandExecution")[number]["aggregatedOutput"]


async def test_a_listed_host_is_reached_through_the_proxy_and_not_otherwise(lab: Lab) -> None:
    limit_hosts(lab)
    async with serving() as port:
        direct = f"if (exec 3<>/dev/tcp/127.0.0.1/{port}) 2>/dev/null; then echo direct; else echo closed; fi"
        await run(lab, fetching(f"127.0.0.1:{port}"), direct)
    assert lab.model.requests[-1].output_of("c0").endswith("reached")
    assert lab.model.requests[-1].output_of("c1").endswith("closed\n")


async def test_a_host_is_asked_about_once_for_all_who_want_it(lab: Lab) -> None:
    limit_hosts(lab, approval_policy="on-request")
    rules = lab.codex_home / "rules"
    rules.mkdir()
    (rules / "default.rules").write_text('network_rule(host="127.0.0.1", protocol="http", decision="prompt")\n')
    asked: list[Message] = []
    async with serving() as port:
        fetch = fetching(f"127.0.0.1:{port}")
        turn = await run(lab, f"({fetch}) & ({fetch}) & wait", asked=asked)
    assert lab.model.requests[-1].output_of("c0").count("reached") == 2
    assert len(asked) == 1
    request = asked[0]
    amendments = [{"host": "127.0.0.1", "action": action} for action in ("allow", "deny")]
    assert request["method"] == "item/commandExecution/requestApproval"
    assert request["params"] == {
        "kind": "command",
        "threadId": turn.of("item/completed")[0]["threadId"],
        "turnId": turn.id,
        "itemId": text_like(rf"network#local#http#127\.0\.0\.1#{port}#[0-9a-f-]+"),
        "startedAtMs": ANY_INT,
        "environmentId": "local",
        "reason": "Network access to 127.0.0.1 requires approval",
        "networkApprovalContext": {"host": "127.0.0.1", "protocol": "http"},
        "proposedNetworkPolicyAmendments": amendments,
        "availableDecisions": [
            "accept",
            "acceptForSession",
            {"applyNetworkPolicyAmendment": {"network_policy_amendment": amendments[0]}},
            "cancel",
        ],
    }
