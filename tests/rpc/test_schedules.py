"""Any mix of requests, over any schedule: each is answered once, in the order that its scope demands."""

from collections import Counter
from typing import Any

import trio
import trio.testing
from hypothesis import given, settings
from hypothesis import strategies as st
from rpc_harness import Client, serving

from codex_trio.rpc.context import Handler, RequestContext
from codex_trio.rpc.errors import invalid_request

REQUESTS: dict[str, tuple[str, dict[str, Any]]] = {
    "thread one": ("thread/read", {"threadId": "t1"}),
    "thread two": ("thread/read", {"threadId": "t2"}),
    "config shared": ("config/read", {}),
    "config alone": ("config/value/write", {"keyPath": "a", "value": 1, "mergeStrategy": "replace"}),
    "thread one, never waits": ("thread/name/set", {"threadId": "t1", "name": "n"}),
    "no scope": ("thread/loaded/list", {}),
    "refused at once": ("thread/read", {"threadId": 5}),
}
EXCLUDED: dict[str, set[str]] = {
    "thread one": {"thread one"},
    "thread one, never waits": {"thread one"},
    "thread two": {"thread two"},
    "config shared": {"config alone"},
    "config alone": {"config alone", "config shared"},
    "no scope": set(),
}
ONE_AT_A_TIME = ("thread one", "thread two", "config alone")

STEP = st.tuples(st.sampled_from(sorted(REQUESTS)), st.sampled_from(["answer", "refuse", "break"]), st.integers(0, 1))
DISCONNECT = st.one_of(st.none(), st.integers(min_value=0, max_value=12))


class Program:
    """Handlers that wait for the test and then do what the step says; they note when they start and end."""

    def __init__(self, steps: list[tuple[str, str, int]]) -> None:
        self.steps = steps
        self.gates = [trio.Event() for _ in steps]
        self.started: list[int] = []
        self.running: set[int] = set()
        self.intrusions: list[tuple[str, set[str]]] = []

    async def handle(self, params: Any, context: RequestContext) -> dict[str, Any]:
        number = self._start(context)
        self.running.add(number)
        try:
            await self.gates[number].wait()
        finally:
            self.running.remove(number)
        return self._end(number)

    def handle_on_the_spot(self, params: Any, context: RequestContext) -> dict[str, Any]:
        return self._end(self._start(context))

    def _start(self, context: RequestContext) -> int:
        number = int(context.request_id)
        kind = self.steps[number][0]
        alongside = {self.steps[other][0] for other in self.running}
        if not alongside.isdisjoint(EXCLUDED[kind]):
            # Not an assertion: the server would make an answer of it.
            self.intrusions.append((kind, alongside))
        self.started.append(number)
        return number

    def _end(self, number: int) -> dict[str, Any]:
        outcome = self.steps[number][1]
        if outcome == "refuse":
            raise invalid_request("no")
        if outcome == "break":
            raise RuntimeError
        return {"number": number}


@settings(deadline=None, max_examples=60)
@given(st.lists(STEP, max_size=12), DISCONNECT, st.randoms(use_true_random=False))
def test_every_request_is_answered_once_and_in_its_turn(
    steps: list[tuple[str, str, int]], disconnect_after: int | None, order: Any
) -> None:
    finishing = list(range(len(steps)))
    order.shuffle(finishing)
    trio.run(play, steps, disconnect_after, finishing)


async def play(steps: list[tuple[str, str, int]], disconnect_after: int | None, finishing: list[int]) -> None:
    program = Program(steps)
    handlers: dict[str, Handler] = dict.fromkeys((method for method, _ in REQUESTS.values()), program.handle)
    handlers["thread/name/set"] = program.handle_on_the_spot
    answers: list[Counter[int]] = [Counter(), Counter()]
    async with serving(handlers) as server, trio.open_nursery() as nursery:
        clients = [await server.client(), await server.client()]

        async def collect(client: Client, seen: Counter[int]) -> None:
            while (message := await client.receive()) is not None:
                seen[message["id"]] += 1

        for client, seen in zip(clients, answers, strict=True):
            nursery.start_soon(collect, client, seen)
        for number, (kind, _, sender) in enumerate(steps):
            method, params = REQUESTS[kind]
            await clients[sender].send({"id": number, "method": method, "params": params})
            # One after the other, so that the order of arrival is known across connections.
            await trio.testing.wait_all_tasks_blocked()
        for position, number in enumerate(finishing):
            if position == disconnect_after:
                await clients[1].transport.aclose()
                await trio.testing.wait_all_tasks_blocked()
            program.gates[number].set()
            await trio.testing.wait_all_tasks_blocked()
        check(program, answers, everybody_stayed=disconnect_after is None or disconnect_after >= len(steps))
        nursery.cancel_scope.cancel()
    assert program.running == set()


def check(program: Program, answers: list[Counter[int]], *, everybody_stayed: bool) -> None:
    assert program.intrusions == []
    for scope in ONE_AT_A_TIME:
        starts = [number for number in program.started if program.steps[number][0].startswith(scope)]
        assert starts == sorted(starts), "in the order of arrival"
    for number, (_, _, sender) in enumerate(program.steps):
        assert answers[1 - sender][number] == 0, "answered to who asked"
        expected = {1} if everybody_stayed or sender == 0 else {0, 1}
        assert answers[sender][number] in expected
    assert not program.running
