"""Several clients at one server: who hears what, who is asked, and what a client that leaves leaves behind."""

from typing import Any

import trio
from e2e_house import House

from codex_trio.client.connection import AppServerClient, Subscription
from codex_trio.client.messages import Notification, ServerRequest
from codex_trio.client.turns import resume_thread, start_thread
from codex_trio.conformance.lab import MODEL
from codex_trio.testing.model_script import Gate, answer, function_call, message, message_of

QUESTION = "item/commandExecution/requestApproval"
ESCALATED = {"cmd": "touch done", "sandbox_permissions": "require_escalated", "justification": "It has to."}


async def until(messages: Subscription, method: str) -> Any:
    """Return the next message of a method."""
    with trio.fail_after(10):
        async for found in messages:
            if found.method == method:
                return found
    raise AssertionError(f"no {method}")


async def heard(messages: Subscription, client: AppServerClient) -> list[str]:
    """Return the methods of everything that reached a client so far."""
    await client.request("thread/loaded/list", {})
    methods: list[str] = []
    with trio.move_on_after(0.05):
        async for found in messages:
            methods.append(found.method)  # noqa: PERF401  # what came before the deadline counts
    return methods


async def test_every_client_hears_of_threads_but_only_subscribers_hear_of_turns(house: House) -> None:
    house.model.add(answer(message("Hi.")))
    async with house.visitor("one") as one, house.visitor("two") as two:
        with two.subscribe() as messages:
            thread = await start_thread(one, cwd=str(house.cwd))
            result = await thread.run("hello")
            assert result.text == "Hi."
            methods = await heard(messages, two)
        assert "thread/started" in methods
        assert methods.count("thread/status/changed") == 2
        assert [method for method in methods if method.startswith(("turn/", "item/", "thread/tokenUsage"))] == []


async def test_all_subscribers_are_asked_the_same_and_the_first_answer_counts(house: House) -> None:
    house.model.add(answer(function_call("exec_command", ESCALATED, call_id="c1")), answer(message("Done.")))
    async with house.visitor("one") as one, house.visitor("two") as two:
        thread = await start_thread(one, cwd=str(house.cwd))
        with one.subscribe(requests=True) as ones, two.subscribe(requests=True) as twos:
            turn: dict[str, Any] = {"threadId": thread.id, "input": [{"type": "text", "text": "go"}]}
            await one.request("turn/start", turn)
            first = await until(ones, QUESTION)
            # The second client joins while the first is being asked.
            await resume_thread(two, thread.id, excludeTurns=True)
            second = await until(twos, QUESTION)
            assert second == first
            await two.respond(second, {"decision": "decline"})
            for messages in (ones, twos):
                resolved = await until(messages, "serverRequest/resolved")
                assert resolved.params == {"threadId": thread.id, "requestId": first.id}
            await one.respond(first, {"decision": "accept"})
            ended = await until(ones, "turn/completed")
            assert ended.params["turn"]["status"] == "completed"
    assert not (house.cwd / "done").exists()
    assert "rejected by user" in house.model.requests[1].output_of("c1")


async def test_a_turn_goes_on_when_its_client_leaves_and_asks_the_next_one(house: House) -> None:
    house.model.add(answer(function_call("exec_command", ESCALATED, call_id="c1")), answer(message("Done.")))
    async with house.visitor("one") as one:
        thread = await start_thread(one, cwd=str(house.cwd))
        with one.subscribe(requests=True) as messages:
            turn: dict[str, Any] = {"threadId": thread.id, "input": [{"type": "text", "text": "go"}]}
            await one.request("turn/start", turn)
            await until(messages, QUESTION)
    async with house.visitor("two") as two:
        with two.subscribe(requests=True) as messages:
            assert (await two.request("thread/loaded/list", {}))["data"] == [thread.id]
            await resume_thread(two, thread.id, excludeTurns=True)
            question = await until(messages, QUESTION)
            assert isinstance(question, ServerRequest)
            await two.respond(question, {"decision": "accept"})
            ended = await until(messages, "turn/completed")
            assert isinstance(ended, Notification)
            assert ended.params["turn"]["status"] == "completed"
    assert (house.cwd / "done").exists()


async def test_opting_out_concerns_one_client_only(house: House) -> None:
    async with house.visitor("one") as one, house.server.connect() as two:
        await two.initialize("two", "1.0", opt_out=["thread/started"])
        with one.subscribe() as ones, two.subscribe() as twos:
            await start_thread(one, cwd=str(house.cwd))
            assert "thread/started" in await heard(ones, one)
            assert "thread/started" not in await heard(twos, two)


async def test_a_running_turn_keeps_its_model_when_another_client_chooses_one_for_later_turns(house: House) -> None:
    endless = Gate()
    # What was said is summed up by the model that has heard it, before another one reads on.
    replies = [message(text) for text in ("Joined.", "A summary.", "With another.")]
    house.model.add(answer(message_of(["One", endless])), *map(answer, replies))
    async with house.visitor("one") as one, house.visitor("two") as two:
        thread = await start_thread(one, cwd=str(house.cwd))
        turn: dict[str, Any] = {"threadId": thread.id, "input": [{"type": "text", "text": "go"}]}
        with one.subscribe() as ones:
            await one.request("turn/start", turn)
            await until(ones, "item/agentMessage/delta")
            await two.request("turn/start", {**turn, "model": "gpt-5.6-sol"})
            await until(ones, "turn/completed")
            await one.request("turn/start", turn)
            await until(ones, "turn/completed")
    assert [request.body["model"] for request in house.model.requests] == [MODEL, MODEL, MODEL, "gpt-5.6-sol"]
