"""Many requests at once: all of them answered, and in the order that their scope demands."""

from typing import Any

import msgspec
import pytest

from codex_trio.conformance.lab import Lab
from codex_trio.conformance.probe import Message, Probe

# Several messages in one write are several lines.
pytestmark = pytest.mark.only_over("stdio")

MANY = 10_000
OVERLOADED = {"code": -32001, "message": "Server overloaded; retry later."}


def lines(*requests: Message) -> bytes:
    return b"\n".join(msgspec.json.encode(request) for request in requests)


def write(number: int) -> Message:
    params = {"keyPath": "model", "value": f"model-{number}", "mergeStrategy": "replace"}
    return {"id": f"write {number}", "method": "config/value/write", "params": params}


def read(number: int) -> Message:
    return {"id": f"read {number}", "method": "config/read", "params": {}}


async def replies(probe: Probe, count: int) -> list[Message]:
    return [await probe.next(lambda message: "method" not in message, "a reply") for _ in range(count)]


async def test_a_read_of_the_configuration_sees_the_write_sent_before_it(lab: Lab) -> None:
    async with lab.run() as probe:
        requests = [request(number) for number in range(10) for request in (write, read, read)]
        for number, request in enumerate(requests):
            request["id"] = number
        probe.log.skip()
        await probe.send(lines(*requests))
        found: dict[Any, Message] = {reply["id"]: reply for reply in await replies(probe, len(requests))}
        models = [reply["result"]["config"]["model"] for reply in found.values() if "config" in reply["result"]]
        assert models == [f"model-{number}" for number in range(10) for _ in range(2)]


async def test_every_one_of_many_pipelined_requests_is_answered_once(lab: Lab) -> None:
    async with lab.run() as probe:
        requests: list[Message] = [
            {"id": number, "method": "thread/loaded/list", "params": {}} for number in range(MANY)
        ]
        probe.log.skip()
        await probe.send(lines(*requests))
        found = await replies(probe, MANY)
        assert sorted(reply["id"] for reply in found) == list(range(MANY))
        assert all(
            reply.get("result") == {"data": [], "nextCursor": None} or reply["error"] == OVERLOADED for reply in found
        )
        assert await probe.request("thread/loaded/list") == {"data": [], "nextCursor": None}
