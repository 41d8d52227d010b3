"""Talking to a model on a websocket, and without one where that does not work."""

import json
from typing import Any

from codex_trio.conformance.lab import Lab
from codex_trio.conformance.probe import Probe
from codex_trio.testing.model_script import Answer, End, Request, answer, completed, function_call, http_error, message

ON = "supports_websockets = true"


def says(text: str) -> Answer:
    return answer(message(text, item_id=f"msg_{text}"), completed(response_id=f"resp_{text}"))


def sent(lab: Lab) -> list[Request]:
    """Return the requests for responses: a server may ask for one of nothing before."""
    return [request for request in lab.model.requests if not is_for_nothing(request)]


def is_for_nothing(request: Request) -> bool:
    return request.body.get("generate") is False


def kinds(request: Request) -> list[Any]:
    """Return what a request holds of the conversation."""
    return [
        item["content"][0]["text"] if item["type"] == "message" else item["type"]
        for item in request.input
        if item.get("role") != "developer" and "<environment_context>" not in str(item.get("content"))
    ]


async def open_thread(lab: Lab, probe: Probe) -> str:
    # Whatever is asked for before the first turn.
    lab.script(answer(completed(response_id="resp_nothing")).matching(is_for_nothing).repeated())
    return (await probe.start_thread(cwd=str(lab.cwd)))["id"]


async def test_only_what_is_new_is_sent(lab: Lab) -> None:
    lab.model.has_websockets = True
    lab.configure(provider=ON)
    async with lab.run() as probe:
        thread_id = await open_thread(lab, probe)
        lab.script(answer(function_call("no_such_tool", {}, call_id="c1"), completed(response_id="resp_call")))
        lab.script(says("one"), says("two"))
        for text in ("Hi", "Next"):
            assert (await probe.run_turn(thread_id, text)).text == {"Hi": "one", "Next": "two"}[text]
    first, second, third = sent(lab)
    assert {(request.method, request.body["type"]) for request in (first, second, third)} == {("WS", "response.create")}
    assert first.headers["openai-beta"] == "responses_websockets=2026-02-06"
    assert kinds(first) == ["Hi"]
    assert (kinds(second), second.body["previous_response_id"]) == (["function_call_output"], "resp_call")
    assert (kinds(third), third.body["previous_response_id"]) == (["Next"], "resp_one")
    assert "x-codex-ws-stream-request-start-ms" in third.body["client_metadata"]


async def test_a_provider_without_websockets_is_talked_to_without(lab: Lab) -> None:
    lab.configure(provider=ON)
    async with lab.run() as probe:
        thread_id = await open_thread(lab, probe)
        lab.script(says("one"), says("two"))
        first, second = await probe.run_turn(thread_id, "Hi"), await probe.run_turn(thread_id, "Next")
    assert [turn.status for turn in (first, second)] == ["completed", "completed"]
    [warning] = first.of("warning")
    assert warning["message"].startswith("Falling back from WebSockets to HTTPS transport.")
    assert second.of("warning") == []
    assert [request.method for request in lab.model.requests] == ["POST", "POST"]
    assert kinds(lab.model.requests[1]) == ["Hi", "one", "Next"]


async def test_models_of_openai_are_asked_on_one_unless_told_otherwise(lab: Lab) -> None:
    lab.model.has_websockets = True
    lab.configure(extra=f'openai_base_url = "{lab.model.base_url}"')
    (lab.codex_home / "auth.json").write_text(json.dumps({"auth_mode": "apikey", "OPENAI_API_KEY": "sk-lab"}))
    lab.script(answer(completed(response_id="resp_nothing")).matching(is_for_nothing).repeated(), says("one"))
    async with lab.run() as probe:
        thread_id = (await probe.start_thread(modelProvider="openai"))["id"]
        turn = await probe.run_turn(thread_id, "Hi")
    assert turn.text == "one"
    assert [(request.method, request.headers["authorization"]) for request in sent(lab)] == [("WS", "Bearer sk-lab")]


async def test_a_refusal_fails_the_turn_and_the_next_one_sends_everything(lab: Lab) -> None:
    lab.model.has_websockets = True
    lab.configure(provider=ON)
    async with lab.run() as probe:
        thread_id = await open_thread(lab, probe)
        lab.script(says("one"), http_error(400, {"error": {"message": "not like that"}}), says("two"))
        assert (await probe.run_turn(thread_id, "Hi")).status == "completed"
        turn = await probe.run_turn(thread_id, "Next")
        assert turn.status == "failed"
        assert "not like that" in turn.error["message"]
        assert (await probe.run_turn(thread_id, "Last")).text == "two"
    last = sent(lab)[-1]
    assert (kinds(last), "previous_response_id" in last.body) == (["Hi", "one", "Next", "Last"], False)


async def test_a_websocket_that_breaks_costs_nothing_but_time(lab: Lab) -> None:
    lab.model.has_websockets = True
    lab.configure(provider=ON, stream_max_retries=2)
    async with lab.run() as probe:
        thread_id = await open_thread(lab, probe)
        lab.script(answer(message("half"), end=End.CUT), says("one"), says("two"))
        turn = await probe.run_turn(thread_id, "Hi")
        assert turn.status == "completed"
        assert all(error["willRetry"] for error in turn.of("error"))
        assert (await probe.run_turn(thread_id, "Next")).text == "two"
    assert kinds(sent(lab)[-1])[-1] == "Next"


async def test_messages_are_compressed_where_the_provider_agrees(lab: Lab) -> None:
    lab.model.has_websockets = True
    lab.model.websocket_extensions = "permessage-deflate; client_no_context_takeover"
    lab.configure(provider=ON)
    async with lab.run() as probe:
        thread_id = await open_thread(lab, probe)
        lab.script(says("one"), says("two"))
        assert [(await probe.run_turn(thread_id, text)).text for text in ("Hi", "Next")] == ["one", "two"]
    assert [(request.method, kinds(request)) for request in sent(lab)] == [("WS", ["Hi"]), ("WS", ["Next"])]
    assert sent(lab)[0].headers["sec-websocket-extensions"] == "permessage-deflate; client_max_window_bits"


async def test_what_every_request_begins_with_is_sent_before_the_first_turn(lab: Lab) -> None:
    lab.model.has_websockets = True
    lab.configure(provider=ON)
    async with lab.run() as probe:
        thread_id = await open_thread(lab, probe)
        new = await lab.model.request(0)
        lab.script(says("one"))
        assert (await probe.run_turn(thread_id, "Hi")).text == "one"
    count = len(lab.model.requests)
    async with lab.run() as probe:
        await probe.request("thread/resume", {"threadId": thread_id})
        resumed = await lab.model.request(count)
        lab.script(says("two"))
        assert (await probe.run_turn(thread_id, "Next")).text == "two"
    for request in (new, resumed):
        assert is_for_nothing(request)
        assert [item["role"] for item in request.input] == ["developer"]
        assert request.body["client_metadata"]["turn_id"] == ""
        assert "root_turn_id" not in request.body["client_metadata"]
        told = json.loads(request.body["client_metadata"]["x-codex-turn-metadata"])
        assert (told["request_kind"], told["turn_id"]) == ("prewarm", "")
    first = sent(lab)[0]
    assert first.body["tools"] == new.body["tools"]
    assert kinds(sent(lab)[-1]) == ["Hi", "one", "Next"]
