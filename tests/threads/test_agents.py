"""Agents: who may have how many, who reaches whom, and that none is left over, whatever ends what."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping, Sequence
from contextlib import aclosing, asynccontextmanager
from pathlib import Path
from typing import Any, TypeAlias

import msgspec
import pytest
import trio
import trio.lowlevel
from thread_lab import CLIENT, Lab, WithoutWebsockets, open_threads
from trio.testing import MockClock, wait_all_tasks_blocked

from codex_trio.config.providers import ModelProviderConfig
from codex_trio.domain.ids import uuid7
from codex_trio.domain.items import CollabAgentToolCall
from codex_trio.engine.session.task_context import TaskContext
from codex_trio.engine.settings import TurnOverrides
from codex_trio.model.events import Completed, ModelEvent, OutputItemDone
from codex_trio.model.request import ModelRequest
from codex_trio.state.memory.storage import memory_storage
from codex_trio.state.rollout.errors import RolloutWriteError
from codex_trio.threads.agents.team import REPORT_TOKENS
from codex_trio.threads.hosting import UNLOAD_SECONDS
from codex_trio.threads.live import LiveThread

V1 = "multi_agent_v1"


@pytest.fixture
def clock() -> MockClock:
    """Runs like any other, and is set on where time is to pass."""
    return MockClock(rate=1.0)


Reply: TypeAlias = Callable[["Asked"], "Sequence[ModelEvent] | None"]
"""What a model says to a request; None when it never says anything."""


class Asked:
    """A request, as a scripted model looks at it."""

    def __init__(self, request: ModelRequest) -> None:
        self.headers = request.headers
        self.items: list[dict[str, Any]] = [dict(item) for item in request.input if isinstance(item, dict)]
        self.tools = {tool.get("name", tool["type"]) for tool in request.tools or () if isinstance(tool, dict)}

    @property
    def is_agent(self) -> bool:
        return self.headers.subagent is not None

    @property
    def outputs(self) -> dict[str, str]:
        """What calls gave, by their ids."""
        return {item["call_id"]: item["output"] for item in self.items if item["type"] == "function_call_output"}

    def agent(self, call_id: str) -> str:
        """Return the agent that a call has started."""
        return json.loads(self.outputs[call_id])["agent_id"]


class ScriptedModel(WithoutWebsockets):
    """Answers each request as its script says."""

    provider = ModelProviderConfig(id="scripted", name="Scripted", stream_max_retries=0)

    def __init__(self, reply: Reply) -> None:
        self.asked: list[Asked] = []
        self._reply = reply

    @asynccontextmanager
    async def stream(
        self, request: ModelRequest, *, tell_renewal: object = None
    ) -> AsyncGenerator[AsyncIterator[Sequence[ModelEvent]]]:
        asked = Asked(request)
        self.asked.append(asked)
        async with aclosing(_stream(self._reply(asked))) as stream:
            yield stream


async def _stream(said: Sequence[ModelEvent] | None) -> AsyncGenerator[Sequence[ModelEvent]]:
    if said is None:
        await trio.sleep_forever()
    else:
        await trio.lowlevel.checkpoint()
        yield [*said, Completed(response_id="r", usage=None, end_turn=None)]


def says(text: str) -> list[ModelEvent]:
    content = [{"type": "output_text", "text": text}]
    return [OutputItemDone(item={"type": "message", "role": "assistant", "id": f"msg_{uuid7()}", "content": content})]


def call(name: str, arguments: Mapping[str, Any], call_id: str, namespace: str = V1) -> OutputItemDone:
    return OutputItemDone(
        item={
            "type": "function_call",
            "id": f"fc_{uuid7()}",
            "call_id": call_id,
            "name": name,
            "namespace": namespace,
            "arguments": json.dumps(dict(arguments)),
        }
    )


def spawn(call_id: str = "spawn") -> OutputItemDone:
    return call("spawn_agent", {"message": "Look"}, call_id)


@asynccontextmanager
async def lab_with(base: Path, reply: Reply, settings: str = "") -> AsyncGenerator[tuple[Lab, ScriptedModel]]:
    model = ScriptedModel(reply)
    async with open_threads(base, client=model, settings=settings, patience=100_000) as lab:
        yield lab, model


async def until(is_so: Callable[[], bool]) -> None:
    """Let everything go on until something is so; the lab has a deadline."""
    while not is_so():
        await trio.lowlevel.checkpoint()


def started(lab: Lab) -> set[str]:
    """Return the ids of the items that have begun."""
    return {event.item.id for event in lab.clients.of("ItemStarted")}


async def run_turn(lab: Lab, live: LiveThread) -> None:
    """Run a turn to its end."""
    await lab.start_turn(live)
    await live.session.wait_for_turn()


def collab_items(lab: Lab) -> dict[str, CollabAgentToolCall]:
    """Return the items on agents that are complete, by their ids."""
    told = [event.item for event in lab.clients.of("ItemCompleted")]
    return {item.id: item for item in told if isinstance(item, CollabAgentToolCall)}


def step_by_step(script: Sequence[Callable[[Asked], OutputItemDone]], agent: Reply) -> Reply:
    """Return a model whose root makes these calls, one after the other, and whose agents say what they say."""

    def reply(asked: Asked) -> Sequence[ModelEvent] | None:
        if asked.is_agent:
            return agent(asked)
        done = len(asked.outputs)
        return [script[done](asked)] if done < len(script) else says("Done.")

    return reply


async def test_a_model_that_starts_a_thousand_agents_gets_as_many_as_there_may_be(tmp_path: Path) -> None:
    many = [spawn(f"spawn_{number}") for number in range(1000)]

    def reply(asked: Asked) -> Sequence[ModelEvent] | None:
        if asked.is_agent:
            return None
        return says("Done.") if asked.outputs else many

    async with lab_with(tmp_path, reply) as (lab, model):
        live = await lab.start()
        await run_turn(lab, live)
        root = [asked for asked in model.asked if not asked.is_agent][-1]
        outputs = root.outputs
        refused = [text for text in outputs.values() if text == "collab spawn failed: agent thread limit reached"]
        assert (len(outputs), len(refused)) == (1000, 994)
        assert len(lab.loaded.ids) == 1 + 6
        assert len(await lab.graph.children(live.id, "open")) == 6
        await lab.host.unload(live)
        assert lab.loaded.ids == []


async def test_an_agent_that_never_ends_is_waited_for_in_bounded_time(tmp_path: Path, clock: MockClock) -> None:
    script = [
        lambda _: spawn(),
        lambda asked: call("wait_agent", {"targets": [asked.agent("spawn")], "timeout_ms": 1}, "wait"),
    ]
    async with lab_with(tmp_path, step_by_step(script, lambda _: None)) as (lab, model):
        live = await lab.start()
        await lab.start_turn(live)
        await until(lambda: "wait" in started(lab))
        clock.jump(9)
        await wait_all_tasks_blocked()
        assert "wait" not in collab_items(lab)
        clock.jump(1)
        await live.session.wait_for_turn()
        root = [asked for asked in model.asked if not asked.is_agent][-1]
        assert json.loads(root.outputs["wait"]) == {"status": {}, "timed_out": True}


async def test_an_agent_reaches_neither_itself_nor_those_it_works_for(tmp_path: Path) -> None:
    settings = "[agents]\nmax_depth = 2\n"

    def reply(asked: Asked) -> Sequence[ModelEvent] | None:
        if not asked.is_agent:
            return says("Done.") if asked.outputs else [spawn()]
        if asked.outputs:
            return None
        root, own = asked.headers.session_id, asked.headers.thread_id
        return [
            call("close_agent", {"target": root}, "close_root"),
            call("close_agent", {"target": own}, "close_self"),
            call("send_input", {"target": own, "message": "Hi"}, "send_self"),
            call("send_input", {"target": root, "message": "Hi", "interrupt": True}, "send_root"),
            call("wait_agent", {"targets": [own]}, "wait_self"),
        ]

    async with lab_with(tmp_path, reply, settings) as (lab, model):
        live = await lab.start()
        await run_turn(lab, live)
        while not any(asked.is_agent and asked.outputs for asked in model.asked):
            await trio.lowlevel.checkpoint()
        [outputs] = [asked.outputs for asked in model.asked if asked.is_agent and asked.outputs]
        assert outputs == {
            "close_root": "an agent cannot close an agent that it works for",
            "close_self": "an agent cannot close itself",
            "send_self": "an agent cannot send input to itself",
            "send_root": "an agent cannot send input to an agent that it works for",
            "wait_self": "an agent cannot wait for itself: leave its own id out",
        }
        assert len(lab.loaded.ids) == 2


@pytest.mark.parametrize(
    ("role", "effort"),
    [
        ('model = "gpt-6-luna"', None),
        ('model = "gpt-6-luna"\nmodel_reasoning_effort = "max"', "max"),
        ('model = "gpt-6-sol"', "ultra"),
        ('model = "gpt-6-luna"\nmodel_reasoning_effort = "ultra"', "not supported for model `gpt-6-luna`"),
    ],
    ids=["not-known-to-its-model", "its-own", "known-to-its-model", "its-own-that-cannot-be"],
)
async def test_an_agent_of_a_role_thinks_as_much_as_its_model_can(
    tmp_path: Path, role: str, effort: str | None
) -> None:
    path = tmp_path / "light.toml"
    path.write_text(role)
    defaults = 'default_subagent_model = "gpt-6-sol"\ndefault_subagent_reasoning_effort = "ultra"\n'
    settings = f"[agents]\n{defaults}[agents.light]\nconfig_file = '{path}'\n"
    script = [lambda _: call("spawn_agent", {"message": "Look", "agent_type": "light"}, "spawn")]
    async with lab_with(tmp_path, step_by_step(script, lambda _: None), settings) as (lab, model):
        live = await lab.start()
        await run_turn(lab, live)
        agents = [one for one in lab.loaded.all() if one is not live]
        said = [asked for asked in model.asked if not asked.is_agent][-1].outputs["spawn"]
        if effort is not None and " " in effort:
            assert (agents, effort in said) == ([], True)
        else:
            assert [agent.settings.effort for agent in agents] == [effort]


async def test_another_users_thread_is_no_agent_of_ones_own(tmp_path: Path) -> None:
    other: list[str] = []
    script = [
        lambda _: call("send_input", {"target": other[0], "message": "Hi"}, "send"),
        lambda _: call("close_agent", {"target": other[0]}, "close"),
        lambda _: call("resume_agent", {"id": other[0]}, "resume"),
    ]
    async with lab_with(tmp_path, step_by_step(script, lambda _: None)) as (lab, model):
        other.append((await lab.start()).id)
        live = await lab.start()
        await run_turn(lab, live)
        assert set(model.asked[-1].outputs.values()) == {f"agent with id {other[0]} not found"}
        assert len(lab.loaded.ids) == 2


async def test_agents_have_agents_as_deep_as_the_user_lets_them(tmp_path: Path) -> None:
    def reply(asked: Asked) -> Sequence[ModelEvent] | None:
        return says("Done.") if asked.outputs else [spawn()]

    async with lab_with(tmp_path, reply, "[agents]\nmax_depth = 2\n") as (lab, model):
        live = await lab.start()
        await run_turn(lab, live)
        await until(lambda: len(lab.clients.of("TurnEnded")) == 3)
        by_thread = {asked.headers.thread_id: asked for asked in model.asked}
        outputs = [asked.outputs["spawn"] for asked in by_thread.values() if "spawn" in asked.outputs]
        assert outputs.count("unsupported call: spawn_agent") == 1
        # The model searches for the tools that it is not shown.
        assert ["tool_search" in asked.tools for asked in by_thread.values()].count(False) == 1
        assert len(await lab.graph.descendants(live.id)) == 2


@pytest.mark.parametrize("how", ["unload", "delete"])
async def test_agents_end_with_their_parent(tmp_path: Path, how: str) -> None:
    reply = step_by_step([lambda _: spawn()], lambda _: None)
    async with lab_with(tmp_path, reply) as (lab, _model):
        live = await lab.start()
        await run_turn(lab, live)
        [agent] = [one for one in lab.loaded.all() if one is not live]
        assert agent.subscribers == {CLIENT}
        if how == "unload":
            await lab.host.unload(live)
        else:
            assert set(await lab.upkeep.delete(live.id)) == {live.id, agent.id}
        assert lab.loaded.ids == []
        assert agent.closed.is_set()
        ended = [event for event in lab.clients.of("TurnEnded") if event.status == "interrupted"]
        assert len(ended) == 1, "its turn says so"


async def test_a_call_that_the_user_stops_is_seen_to_end(tmp_path: Path) -> None:
    script = [lambda _: spawn(), lambda asked: call("wait_agent", {"targets": [asked.agent("spawn")]}, "wait")]
    async with lab_with(tmp_path, step_by_step(script, lambda _: None)) as (lab, _model):
        live = await lab.start()
        await lab.start_turn(live)
        while not any(event.item.id == "wait" for event in lab.clients.of("ItemStarted")):
            await trio.lowlevel.checkpoint()
        await live.end_turn()
        assert collab_items(lab)["wait"].status == "failed"
        assert not any(one.runs_turn for one in lab.loaded.all()), "the agent works on"


class FullDisk:
    """A recorder that can store nothing, and otherwise is the one that it stands for."""

    def __init__(self, recorder: Any) -> None:
        self._recorder = recorder

    def __getattr__(self, name: str) -> Any:
        return getattr(self._recorder, name)

    async def append(self, _payloads: Any) -> None:
        await trio.lowlevel.checkpoint()
        raise RolloutWriteError("it", 28, "the disk is full")


class NoRoomForAgents:
    """A store that has no room for agents, and otherwise is the one that it stands for."""

    def __init__(self, store: Any) -> None:
        self._store = store

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    def create(self, meta: Any, **more: Any) -> Any:
        recorder = self._store.create(meta, **more)
        return recorder if meta.parent_thread_id is None else FullDisk(recorder)


async def test_an_agent_whose_task_cannot_be_stored_fails(tmp_path: Path) -> None:
    script = [lambda _: spawn(), lambda asked: call("wait_agent", {"targets": [asked.agent("spawn")]}, "wait")]
    model = ScriptedModel(step_by_step(script, lambda _: None))
    kept = memory_storage()
    storage = msgspec.structs.replace(kept, store=NoRoomForAgents(kept.store))
    async with open_threads(tmp_path, client=model, storage=storage) as lab:
        live = await lab.start()
        await run_turn(lab, live)
        [status] = json.loads(model.asked[-1].outputs["wait"])["status"].values()
        assert "the disk is full" in status["errored"]
        assert collab_items(lab)["wait"].status == "failed"
        assert await lab.graph.children(live.id) == []


@pytest.mark.parametrize(("report", "most"), [("found", 500), ("x" * 1_000_000, 5 * REPORT_TOKENS)])
async def test_what_became_of_an_agent_is_told_even_when_its_parent_does_nothing(
    tmp_path: Path, report: str, most: int
) -> None:
    async with lab_with(tmp_path, step_by_step([lambda _: spawn()], lambda _: says(report))) as (lab, _model):
        live = await lab.start()
        await run_turn(lab, live)
        await until(lambda: not any(one.runs_turn for one in lab.loaded.all()))
        while not any("<subagent_notification>" in str(item) for item in await remembered(live)):
            await trio.lowlevel.checkpoint()
        assert not live.runs_turn
        [told] = [str(item) for item in await remembered(live) if "<subagent_notification>" in str(item)]
        assert len(told) < most
        assert ("tokens truncated" in told) is (len(report) > most)


async def remembered(live: LiveThread) -> list[dict[str, Any]]:
    """Return what the model of a thread remembers."""

    async def read(context: TaskContext) -> list[dict[str, Any]]:
        await context.memory.recall()
        return list(context.memory.history.items)

    return await live.session.beside(read, TurnOverrides())


async def test_a_thread_whose_agents_work_is_not_left_alone(tmp_path: Path, clock: MockClock) -> None:
    goes_on = trio.Event()

    class Patient(ScriptedModel):
        @asynccontextmanager
        async def stream(
            self, request: ModelRequest, *, tell_renewal: object = None
        ) -> AsyncGenerator[AsyncIterator[Sequence[ModelEvent]]]:
            if request.headers.subagent is not None:
                await goes_on.wait()
            async with super().stream(request) as stream:
                yield stream

    model = Patient(step_by_step([lambda _: spawn()], lambda _: says("found")))
    async with open_threads(tmp_path, client=model, patience=100 * UNLOAD_SECONDS) as lab:
        live = await lab.start()
        await run_turn(lab, live)
        for one in lab.loaded.all():
            assert one.unsubscribe(CLIENT)
        await wait_all_tasks_blocked()
        clock.jump(10 * UNLOAD_SECONDS)
        await wait_all_tasks_blocked()
        assert len(lab.loaded.ids) == 2
        goes_on.set()
        await live.closed.wait()
        assert lab.loaded.ids == []
        assert len(lab.clients.of("unloaded")) == 2


@pytest.mark.parametrize("is_marked", [True, False])
async def test_an_agent_is_told_that_it_was_stopped_unless_its_user_does_not_want_that(
    tmp_path: Path, *, is_marked: bool
) -> None:
    script = [
        lambda _: spawn(),
        lambda asked: call("send_input", {"target": asked.agent("spawn"), "message": "No", "interrupt": True}, "send"),
    ]
    settings = f"[agents]\ninterrupt_message = {json.dumps(is_marked)}\n"
    async with lab_with(tmp_path, step_by_step(script, lambda _: None), settings) as (lab, model):
        live = await lab.start()
        await run_turn(lab, live)
        await until(lambda: sum(asked.is_agent for asked in model.asked) == 2)
        last = [asked for asked in model.asked if asked.is_agent][-1]
        assert ("<turn_aborted>" in str(last.items)) is is_marked


@pytest.mark.parametrize(
    "settings", ["[agents]\nenabled = false\n", "[agents]\nmax_depth = 0\n", "[features]\nmulti_agent = false\n"]
)
async def test_a_user_may_want_no_agents(tmp_path: Path, settings: str) -> None:
    async with lab_with(tmp_path, step_by_step([lambda _: spawn()], lambda _: None), settings) as (lab, model):
        live = await lab.start()
        await run_turn(lab, live)
        assert not model.asked[0].tools & {V1, "tool_search"}
        assert model.asked[-1].outputs == {"spawn": "unsupported call: spawn_agent"}
        assert lab.loaded.ids == [live.id]


async def test_an_agent_is_resumed_with_its_own(tmp_path: Path) -> None:
    agents: list[str] = []

    def reply(asked: Asked) -> Sequence[ModelEvent] | None:
        if asked.is_agent:
            return says("Done.") if asked.outputs or "Deeper" in str(asked.items) else [deeper]
        if "spawn" not in asked.outputs:
            return [spawn()]
        if agents and "resume" not in asked.outputs:
            return [call("resume_agent", {"id": agents[0]}, "resume")]
        return says("Done.")

    deeper = call("spawn_agent", {"message": "Deeper"}, "deeper")
    async with lab_with(tmp_path, reply, "[agents]\nmax_depth = 2\n") as (lab, model):
        live = await lab.start()
        await run_turn(lab, live)
        await until(lambda: len(lab.clients.of("TurnEnded")) == 3)
        family = lab.loaded.ids
        agents += await lab.graph.children(live.id)
        await lab.host.unload(live)
        assert lab.loaded.ids == []
        live = await lab.resume(live.id)
        assert lab.loaded.ids == [live.id]
        await run_turn(lab, live)
        root = [asked for asked in model.asked if not asked.is_agent][-1]
        assert json.loads(root.outputs["resume"]) == {"status": "pending_init"}
        assert lab.loaded.ids == family


async def test_what_has_come_is_not_waited_for(tmp_path: Path) -> None:
    settings = "[features]\nmulti_agent_v2 = true\n"
    team = "collaboration"
    script = [
        lambda _: call("spawn_agent", {"task_name": "a", "message": "Look", "fork_turns": "none"}, "spawn", team),
        lambda _: call("list_agents", {}, "list", team),
        lambda _: call("wait_agent", {}, "wait", team),
    ]
    handed_in = trio.Event()

    class Patient(ScriptedModel):
        @asynccontextmanager
        async def stream(
            self, request: ModelRequest, *, tell_renewal: object = None
        ) -> AsyncGenerator[AsyncIterator[Sequence[ModelEvent]]]:
            if request.headers.subagent is None and "spawn" in Asked(request).outputs:
                await handed_in.wait()
            async with super().stream(request) as stream:
                yield stream

    model = Patient(step_by_step(script, lambda _: says("found")))
    async with open_threads(tmp_path, client=model, settings=settings) as lab:
        live = await lab.start()
        await lab.start_turn(live)
        while not any("FINAL_ANSWER" in str(item) for item in await remembered(live)):
            await trio.lowlevel.checkpoint()
        handed_in.set()
        await live.session.wait_for_turn()
        root = [asked for asked in model.asked if not asked.is_agent]
        assert "FINAL_ANSWER" in str(root[2].items), "the model knew when it began to wait"
        assert json.loads(root[-1].outputs["wait"]) == {"message": "Wait completed.", "timed_out": False}
