"""The official Python SDK (PyPI `openai-codex`) drives the server. Not part of the suite: run it by hand.

The SDK depends on a package that holds a whole agent binary (about 140 MB), which this check does not need and a
development environment should not download. In a virtual environment that has this project:

    pip install 'pydantic>=2.12' 'packaging>=26.2'
    pip install --no-deps openai-codex==0.163.0
    pytest tests/clients/check_openai_codex.py

`CODEX_REFERENCE=PATH` checks a reference binary instead. The SDK validates every answer and notification with models
of its own release: a field that is missing or has another type fails here.
"""

import importlib
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import pytest
import trio

from codex_trio.conformance.lab import Lab
from codex_trio.testing.model_script import (
    Gate,
    answer,
    custom_tool_call,
    function_call,
    http_error,
    message,
    message_of,
    reasoning,
)

sdk: Any = pytest.importorskip("openai_codex", reason="needs openai-codex; the module's docstring says how")
low_level: Any = importlib.import_module("openai_codex.client")
models: Any = importlib.import_module("openai_codex.models")

# The SDK leaves the pipes of its process to the garbage collector.
pytestmark = pytest.mark.filterwarnings("ignore:unclosed file:ResourceWarning")

T = TypeVar("T")
PATIENCE = 20.0
PATCH = "*** Begin Patch\n*** Add File: made.txt\n+by the SDK\n*** End Patch"


@pytest.fixture(params=[True, False], ids=["experimental", "stable"])
def config(request: pytest.FixtureRequest, lab: Lab) -> Any:
    """How the SDK starts the server: with nothing of this process's environment."""
    lab.configure(approval_policy="on-request")
    environment = [f"{name}={value}" for name, value in lab.environment({}).items()]
    return sdk.CodexConfig(
        launch_args_override=("/usr/bin/env", "-i", *environment, *lab.server.command, "--listen", "stdio://"),
        cwd=str(lab.cwd),
        experimental_api=request.param,
    )


async def blocking(work: Callable[[], T]) -> T:
    """Run what waits for the SDK, which knows threads only, while the scripted model goes on."""
    with trio.fail_after(PATIENCE):
        return await trio.to_thread.run_sync(work, abandon_on_cancel=True)


def kinds(items: Sequence[Any]) -> list[str]:
    """Return the types of items, by the SDK's names."""
    return [type(item.root).__name__.removesuffix("ThreadItem") for item in items]


def watch_unknown(client: Any) -> list[str]:
    """Collect the notifications that do not fit the SDK's models, which it would drop in silence."""
    unknown: list[str] = []
    original = client._coerce_notification

    def coerce(method: str, params: object) -> Any:
        notification = original(method, params)
        if isinstance(notification.payload, models.UnknownNotification):
            unknown.append(f"{method}: {params}")
        return notification

    client._coerce_notification = coerce
    return unknown


async def test_a_turn_thinks_runs_a_command_patches_and_answers(lab: Lab, config: Any) -> None:
    lab.script(
        answer(reasoning(["**Look** first"]), function_call("exec_command", {"cmd": "echo seen"}, call_id="c1")),
        answer(custom_tool_call("apply_patch", PATCH, call_id="c2")),
        answer(message("It is done.", phase="final_answer")),
    )

    def work() -> tuple[Any, list[str], Any]:
        with sdk.Codex(config) as codex:
            unknown = watch_unknown(codex._client)
            thread = codex.thread_start(sandbox=sdk.Sandbox.full_access)
            result = thread.run("Do it")
            return result, unknown, thread.read(include_turns=True).thread

    result, unknown, thread = await blocking(work)
    expected = ["UserMessage", "Reasoning", "CommandExecution", "FileChange", "AgentMessage"]
    assert (result.status.value, result.final_response, kinds(result.items)) == ("completed", "It is done.", expected)
    assert result.usage.total.total_tokens == 3 * 120
    assert (lab.cwd / "made.txt").read_text() == "by the SDK\n"
    assert [kinds(turn.items) for turn in thread.turns] == [expected]
    assert unknown == []


async def test_text_streams_and_a_schema_reaches_the_model(lab: Lab, config: Any) -> None:
    lab.script(answer(message_of(['{"ans', 'wer": 4}'], phase="final_answer")))
    schema = {"type": "object", "properties": {"answer": {"type": "integer"}}}

    def work() -> list[Any]:
        with sdk.Codex(config) as codex:
            turn = codex.thread_start(ephemeral=True).turn("How much?", output_schema=schema)
            return list(turn.stream())

    events = await blocking(work)
    assert [event.payload.delta for event in events if event.method == "item/agentMessage/delta"] == [
        '{"ans',
        'wer": 4}',
    ]
    assert (events[0].method, events[-1].method) == ("turn/started", "turn/completed")
    assert lab.model.requests[0].body["text"]["format"]["schema"] == schema


async def test_a_failed_turn_raises_with_the_models_words(lab: Lab, config: Any) -> None:
    lab.script(http_error(400, {"error": {"message": "no such thing"}}))

    def work() -> None:
        with sdk.Codex(config) as codex:
            codex.thread_start().run("Hi")

    with pytest.raises(RuntimeError, match="no such thing"):
        await blocking(work)


async def test_a_running_turn_is_steered_and_the_next_interrupted(lab: Lab, config: Any) -> None:
    gate, endless = Gate(), Gate()
    lab.script(
        answer(message_of(["Well", gate, "."])),
        answer(message("Both done.", phase="final_answer")).matching("and the yeast"),
        answer(message_of(["Hm", endless])).matching("knead it"),
    )

    def work() -> tuple[str, str, str]:
        with sdk.Codex(config) as codex:
            thread = codex.thread_start()
            turn = thread.turn("Buy flour")
            trio.from_thread.run(gate.reached.wait)
            turn.steer("and the yeast")
            trio.from_thread.run_sync(gate.open)
            steered = turn.run()
            stopped = codex.thread_start().turn("Now knead it")
            trio.from_thread.run(endless.reached.wait)
            stopped.interrupt()
            return steered.final_response, steered.status.value, stopped.run().status.value

    assert await blocking(work) == ("Both done.", "completed", "interrupted")


async def test_a_thread_is_named_listed_forked_archived_and_resumed_by_another_server(lab: Lab, config: Any) -> None:
    lab.script(*(answer(message(text, phase="final_answer")) for text in ("One.", "Two.", "Three.")))

    def first() -> tuple[str, str]:
        with sdk.Codex(config) as codex:
            assert codex.account().requires_openai_auth is False
            assert sum(model.is_default for model in codex.models().data) == 1
            thread = codex.thread_start()
            thread.run("Remember this")
            thread.set_name("The one")
            fork = codex.thread_fork(thread.id)
            assert fork.run("Go on").final_response == "Two."
            codex.thread_archive(fork.id)
            return thread.id, fork.id

    def second(thread_id: str) -> tuple[list[Any], list[Any], str]:
        with sdk.Codex(config) as codex:
            listed = codex.thread_list().data
            archived = codex.thread_list(archived=True).data
            return listed, archived, codex.thread_resume(thread_id).run("Again").final_response

    thread_id, fork_id = await blocking(first)
    listed, archived, said = await blocking(lambda: second(thread_id))
    assert [(thread.id, thread.name, thread.preview) for thread in listed] == [(thread_id, "The one", "Remember this")]
    assert [thread.id for thread in archived] == [fork_id]
    assert said == "Three."
    assert "One." in lab.model.requests[-1].texts("assistant")


@pytest.mark.parametrize(("decision", "status"), [("accept", "completed"), ("decline", "declined")])
async def test_commands_and_patches_wait_for_the_approval_handler(
    lab: Lab, config: Any, decision: str, status: str
) -> None:
    wish = {"cmd": "echo out", "sandbox_permissions": "require_escalated", "justification": "It has to."}
    lab.script(
        answer(function_call("exec_command", wish, call_id="c1")),
        answer(custom_tool_call("apply_patch", PATCH, call_id="c2")),
        answer(message("So be it.", phase="final_answer")),
    )
    asked: Counter[str] = Counter()

    def decide(method: str, _params: Any) -> dict[str, str]:
        asked[method] += 1
        return {"decision": decision}

    def work() -> list[Any]:
        with low_level.CodexClient(config, approval_handler=decide) as client:
            client.initialize()
            thread = client.thread_start({"approvalPolicy": "on-request", "sandbox": "read-only"}).thread
            turn = client.turn_start(thread.id, "Do it").turn
            return sdk.TurnHandle(client, thread.id, turn.id).run().items

    items = await blocking(work)
    assert asked == {"item/commandExecution/requestApproval": 1, "item/fileChange/requestApproval": 1}
    statuses = [item.root.status.value for item in items if hasattr(item.root, "status")]
    assert statuses == [status, status]
    assert (lab.cwd / "made.txt").exists() is (decision == "accept")
