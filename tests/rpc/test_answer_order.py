"""What a request sets off comes after its answer, and whoever waits for that is never left waiting."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import trio
from rpc_harness import serving

from codex_trio.rpc.context import Handler, RequestContext
from codex_trio.rpc.errors import invalid_request

METHOD = "thread/loaded/list"


class Probe:
    """A handler that ends in one of several ways, and what was seen of its request."""

    def __init__(self) -> None:
        self.seen: list[str] = []
        self.context: RequestContext | None = None
        self.begun = trio.Event()
        self.may_end = trio.Event()

    def note(self, context: RequestContext) -> None:
        self.context = context
        context.after_response(lambda: self.seen.append("after the response"))
        context.when_answered(lambda: self.seen.append(f"answered: {context.answered.is_set()}"))
        self.begun.set()

    def at_once(self, _params: object, context: RequestContext) -> dict[str, object]:
        self.note(context)
        return {"data": []}

    async def later(self, _params: object, context: RequestContext) -> dict[str, object]:
        self.note(context)
        await self.may_end.wait()
        return {"data": []}

    async def refused(self, _params: object, context: RequestContext) -> None:
        self.note(context)
        await trio.lowlevel.checkpoint()
        raise invalid_request("no")

    def refused_at_once(self, _params: object, context: RequestContext) -> None:
        self.note(context)
        raise invalid_request("no")


SUCCESS = ["after the response", "answered: True"]
FAILURE = ["answered: True"]


@pytest.mark.parametrize(
    ("handler", "seen"),
    [
        (lambda probe: probe.at_once, SUCCESS),
        (lambda probe: probe.later, SUCCESS),
        (lambda probe: probe.refused, FAILURE),
        (lambda probe: probe.refused_at_once, FAILURE),
    ],
    ids=["at once", "later", "refused", "refused at once"],
)
async def test_a_request_says_when_it_was_answered(handler: Callable[[Probe], Handler], seen: list[str]) -> None:
    probe = Probe()
    probe.may_end.set()
    async with serving({METHOD: handler(probe)}) as server:
        client = await server.client()
        await client.request(METHOD, params={})
        assert probe.context is not None
        assert probe.context.answered.is_set()
        assert probe.seen == seen


async def test_a_request_whose_client_goes_says_so_too() -> None:
    probe = Probe()
    async with serving({METHOD: probe.later}) as server:
        client = await server.client()
        await client.send({"id": 7, "method": METHOD, "params": {}})
        await probe.begun.wait()
        assert probe.seen == []
        await client.transport.aclose()
        assert probe.context is not None
        with trio.fail_after(30):
            await probe.context.answered.wait()
        assert probe.seen == FAILURE


async def test_what_waits_for_the_answer_is_told_after_it() -> None:
    async def handler(_params: object, context: RequestContext) -> dict[str, object]:
        context.when_answered(lambda: server.outgoing.notify("thread/closed", {"threadId": "t"}))
        await trio.lowlevel.checkpoint()
        return {"data": []}

    async with serving({METHOD: handler}) as server:
        client = await server.client()
        await client.send({"id": 7, "method": METHOD, "params": {}})
        first, second = await client.receive(), await client.receive()
        assert first["id"] == 7
        assert second["method"] == "thread/closed"
