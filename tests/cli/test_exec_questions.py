"""Questions of the server: a run without interaction declines them all."""

from pathlib import Path
from typing import Any

import msgspec
import trio

from codex_trio.cli.exec_json import JsonPresenter
from codex_trio.cli.exec_request import ExecRequest
from codex_trio.cli.exec_run import ExecRun
from codex_trio.client.connection import open_client
from codex_trio.transport.memory import MemoryTransport, memory_transport_pair

ANSWERS: dict[str, Any] = {
    "initialize": {},
    "config/read": {
        "config": {
            "sandbox_mode": "read-only",
            "sandbox_workspace_write": None,
            "default_permissions": None,
            "model_reasoning_summary": None,
            "oss_provider": None,
        }
    },
    "thread/start": {
        "thread": {"id": "t"},
        "cwd": "/work",
        "model": "m",
        "modelProvider": "p",
        "approvalPolicy": "never",
        "sandbox": {"type": "readOnly", "networkAccess": False},
        "reasoningEffort": None,
    },
    "turn/start": {"turn": {"id": "u", "status": "inProgress"}},
}
QUESTIONS = [
    "item/commandExecution/requestApproval",
    "item/fileChange/requestApproval",
    "item/permissions/requestApproval",
    "mcpServer/elicitation/request",
    "applyPatchApproval",
    "execCommandApproval",
    "item/tool/requestUserInput",
]


async def serve(end: MemoryTransport, replies: dict[int, Any]) -> None:
    """A server that asks everything there is to ask in its only turn."""

    async def send(**message: Any) -> None:
        await end.send(msgspec.json.encode(message))

    while received := await end.receive():
        message = msgspec.json.decode(received)
        if "method" not in message:
            replies[message["id"]] = message
            if len(replies) == len(QUESTIONS):
                turn = {"id": "u", "status": "completed", "error": None}
                await send(method="turn/completed", params={"threadId": "t", "turn": turn})
        elif "id" in message:
            await send(id=message["id"], result=ANSWERS[message["method"]])
            if message["method"] == "turn/start":
                for number, method in enumerate(QUESTIONS):
                    await send(id=number, method=method, params={"threadId": "t", "turnId": "u"})


async def test_every_question_is_declined_and_the_turn_goes_on() -> None:
    ours, theirs = memory_transport_pair()
    replies: dict[int, Any] = {}
    request = ExecRequest(
        prompt="do it",
        workdir=Path("/work"),
        images=(),
        output_schema=None,
        model=None,
        oss=False,
        local_provider=None,
        sandbox=None,
        writable_folders=(),
        ephemeral=False,
        resume=None,
        trust=False,
        review=None,
    )
    lines: list[str] = []
    with trio.fail_after(10):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(serve, theirs, replies)
            async with open_client(ours) as client:
                run = ExecRun(client, request, JsonPresenter(lines.append), environ={}, tell=lines.append)
                result = await run.run(trio.Event())
                nursery.cancel_scope.cancel()
    assert result is not None
    assert result.status == "completed"
    assert [replies[number].get("result") for number in range(len(QUESTIONS))] == [
        {"decision": "decline"},
        {"decision": "decline"},
        {"permissions": {}},
        {"action": "decline", "content": None},
        {"decision": "denied"},
        {"decision": "denied"},
        None,
    ]
    assert replies[6]["error"]["message"] == "no handler for item/tool/requestUserInput"
