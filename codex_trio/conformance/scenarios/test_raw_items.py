"""What clients hear who follow the model's own items."""

from typing import Any

from codex_trio.conformance.lab import Lab
from codex_trio.conformance.probe import Message, Probe
from codex_trio.testing.model_script import answer, function_call, message


def words(messages: list[Message]) -> list[str]:
    """Return the messages as `method kind`, a raw message by its role and the first word or tag of its text."""
    return [f"{one['method']} {kind(one['params'])}".strip() for one in messages if "method" in one]


def kind(params: dict[str, Any]) -> str:
    item = params.get("item")
    if item is None:
        return ""
    if item["type"] != "message":
        return item["type"]
    return f"{item['role']} {item['content'][0]['text'].split(maxsplit=1)[0]}"


def of_items(messages: list[Message]) -> list[str]:
    return [line for line in words(messages) if line.startswith(("raw", "item/")) and "/delta" not in line]


async def test_all_that_the_model_reads_is_told_before_what_comes_of_it(lab: Lab) -> None:
    lab.configure(approval_policy="on-request", sandbox_mode="read-only")
    lab.script(answer(message("Hi.")), answer(message("Ho.")))
    async with lab.run() as probe:
        thread = await probe.start_thread(cwd=str(lab.cwd), experimentalRawEvents=True)
        first = of_items(
            (
                await probe.run_turn(thread["id"], additionalContext={"a": {"kind": "application", "value": "x"}})
            ).messages
        )
        later = of_items((await probe.run_turn(thread["id"], approvalPolicy="never")).messages)
    context = [line for line in first if line.startswith("rawResponseItem/completed developer <")]
    # Which developer texts there are is every server's own affair.
    assert context[-1] == "rawResponseItem/completed developer <a>x</a>"
    assert len(context) > 1
    assert [line for line in first if line not in context] == [
        "rawResponseItem/completed user <environment_context>",
        "rawResponseItem/completed user go",
        "item/started userMessage",
        "item/completed userMessage",
        "item/started agentMessage",
        "item/completed agentMessage",
        "rawResponseItem/completed assistant Hi.",
        "rawResponse/completed",
    ]
    assert later[:2] == ["rawResponseItem/completed developer <permissions", "rawResponseItem/completed user go"]


async def test_the_mark_of_an_interruption_is_told(lab: Lab, probe: Probe) -> None:
    lab.script(answer(function_call("exec_command", {"cmd": "sleep 100"}, call_id="c1")))
    thread = await probe.start_thread(cwd=str(lab.cwd), experimentalRawEvents=True)
    turn_id = await probe.start_turn(thread["id"])
    await probe.until("item/started", where=lambda params: params["item"]["type"] == "commandExecution")
    await probe.request("turn/interrupt", {"threadId": thread["id"], "turnId": turn_id})
    turn = await probe.finish_turn(turn_id)
    assert [line for line in words(turn.messages) if line.startswith(("raw", "thread/token"))][-3:] == [
        "rawResponseItem/completed function_call_output",
        "thread/tokenUsage/updated",
        "rawResponseItem/completed user <turn_aborted>",
    ]


async def test_items_that_a_client_adds_are_told_with_the_context_before_them(lab: Lab, probe: Probe) -> None:
    thread = await probe.start_thread(cwd=str(lab.cwd), experimentalRawEvents=True)
    probe.log.skip()
    said = {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "Injected."}]}
    await probe.request("thread/inject_items", {"threadId": thread["id"], "items": [said]})
    await probe.until("rawResponseItem/completed", where=lambda params: kind(params) == "assistant Injected.")
    told = of_items(probe.log.from_server)
    assert told[-2:] == [
        "rawResponseItem/completed user <environment_context>",
        "rawResponseItem/completed assistant Injected.",
    ]
    assert told[0].startswith("rawResponseItem/completed developer <")


async def test_nobody_hears_of_them_who_did_not_ask(lab: Lab, probe: Probe) -> None:
    lab.script(answer(message("Hi.")))
    turn = await probe.run_turn((await probe.start_thread(cwd=str(lab.cwd)))["id"])
    assert [method for method in turn.methods if method.startswith("raw")] == []
