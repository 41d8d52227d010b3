"""A session without a server around it: a scripted model, a thread in memory, and a disk that a test decides about."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import aclosing, asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any, TypeAlias, cast

import trio
from trio.testing import MockClock

from codex_trio.config.providers import ModelProviderConfig
from codex_trio.config.service import ConfigService
from codex_trio.domain.ids import uuid7
from codex_trio.domain.shell_environment import ShellEnvironmentPolicy
from codex_trio.engine import events
from codex_trio.engine.project_docs import ProjectDocs
from codex_trio.engine.session.companion import Companions
from codex_trio.engine.session.services import EngineServices, ThreadServices, no_extensions
from codex_trio.engine.session.session import Session
from codex_trio.engine.settings import TurnOverrides
from codex_trio.engine.tasks.turn import Turn
from codex_trio.engine.turn_gate import TurnGate
from codex_trio.engine.turn_request import TurnRequest, UserInput
from codex_trio.environments.environment import Environment, ThreadUse
from codex_trio.environments.manager import EnvironmentManager
from codex_trio.environments.selection import LOCAL, EnvironmentSelection
from codex_trio.environments.thread import open_thread_environments
from codex_trio.execpolicy.bash import Bash
from codex_trio.execpolicy.decision import CommandPolicy
from codex_trio.execpolicy.rules import PolicyRules
from codex_trio.extensions.sets import ExtensionSet
from codex_trio.files.local import LocalFiles
from codex_trio.identity.user_agent import Identity
from codex_trio.model.catalog import bundled_catalog
from codex_trio.model.errors import ModelError
from codex_trio.model.events import Completed, ModelEvent, OutputItemDone
from codex_trio.model.request import ModelRequest
from codex_trio.model.usage import ResponseUsage
from codex_trio.state.history.recorder import WRITE_SECONDS, RolloutRecorder
from codex_trio.state.history.rollout_history import RolloutHistory
from codex_trio.state.rollout.lines import SessionMeta, format_timestamp
from codex_trio.state.rollout.memory_lines import MemoryLines, MemoryWriter
from codex_trio.state.rollout.paths import RolloutName
from codex_trio.testing.environments import MemoryEnvironment
from codex_trio.threads.options import ThreadOptions, settings_from_config
from codex_trio.tools.builtin import BuiltinTools
from codex_trio.tools.calls import ToolCall, ToolOutput
from codex_trio.tools.context import ToolContext
from codex_trio.tools.pictures import Pictures
from codex_trio.tools.registry import Namespace, Tool, ToolOffer, ToolProvider, plain_tools
from codex_trio.tools.review import (
    ApprovalQuestion,
    PermissionGrant,
    PermissionsQuestion,
    ReviewDecision,
    ReviewOutcome,
)
from codex_trio.util import stoppable_clock

NO_OVERRIDES = TurnOverrides()
MODEL = "gpt-5.5"
NEVER = 2 * WRITE_SECONDS
"""What a test that waits for ever sees of it."""

PATIENCE = 10 * NEVER
"""More than the disk takes altogether in any of these tests, by a clock that it sets on."""

CREATED_MS = 1_795_350_000_123


class Disk:
    """How long each write takes; `delay` is asked for every one of them. The clock is set on by as much."""

    def __init__(self, clock: MockClock) -> None:
        self.delay: Callable[[bytes], float] = lambda _: 0.0
        self._clock = clock

    async def write(self, data: bytes) -> None:
        seconds = self.delay(data)
        end = trio.current_time() + seconds
        self._clock.jump(min(seconds, NEVER))
        await trio.sleep_until(end)


class SlowWriter(MemoryWriter):
    """Appends once the disk has taken its time."""

    def __init__(self, lines: MemoryLines, disk: Disk) -> None:
        super().__init__(lines)
        self._disk = disk

    async def write(self, data: bytes) -> int:
        await self._disk.write(data)
        return await super().write(data)


class SlowLines(MemoryLines):
    """A rollout in memory on such a disk."""

    def __init__(self, thread_id: str, disk: Disk) -> None:
        name = RolloutName.of(thread_id, created_ms=CREATED_MS)
        super().__init__(name, clock=lambda: CREATED_MS, appeared=lambda _: None)
        self._disk = disk

    def writer(self, *, size: int | None, needs_newline: bool = False) -> SlowWriter:
        return SlowWriter(self, self._disk)

    @property
    def text(self) -> str:
        """All lines."""
        return self.read(self.size, 0).decode()


class Pause:
    """Where a response goes on once `go` is set; `reached` when all before it has been taken in."""

    def __init__(self) -> None:
        self.reached = trio.Event()
        self.go = trio.Event()


Step: TypeAlias = ModelEvent | ModelError | Pause
Response: TypeAlias = Sequence[Step] | ModelError
"""A response, step by step: what the model says, what goes wrong, and what is waited for; or why there is none."""


class ScriptedClient:
    """Answers each request with the next response; with none at all, and for ever, when there are no more."""

    def __init__(self, responses: Iterable[Response], *, retries: int) -> None:
        self.provider = ModelProviderConfig(id="scripted", name="Scripted", stream_max_retries=retries)
        self.requests: list[ModelRequest] = []
        self._responses = iter(responses)

    def go_on(self, responses: Iterable[Response]) -> None:
        """Answer with these from now on."""
        self._responses = iter(responses)

    @asynccontextmanager
    async def stream(
        self, request: ModelRequest, *, tell_renewal: object = None
    ) -> AsyncGenerator[AsyncIterator[Sequence[ModelEvent]]]:
        self.requests.append(request)
        response = next(self._responses, [Pause()])
        if isinstance(response, ModelError):
            raise response
        async with aclosing(batches(response)) as stream:
            yield stream


async def batches(response: Sequence[Step]) -> AsyncGenerator[Sequence[ModelEvent]]:
    """Yield the response in as few pieces as its script allows."""
    batch: list[ModelEvent] = []
    for step in response:
        if isinstance(step, Pause | ModelError):
            await trio.lowlevel.checkpoint()
            if batch:
                yield batch
                batch = []
            if isinstance(step, ModelError):
                raise step
            step.reached.set()
            await step.go.wait()
        else:
            batch.append(step)
    await trio.lowlevel.checkpoint()
    yield batch


def completed(tokens: int | None = None, *, end_turn: bool | None = None) -> Completed:
    """Return the end of a response that used so many tokens, a tenth of them for its output."""
    usage = None if tokens is None else usage_of(tokens)
    return Completed(response_id="r", usage=usage, end_turn=end_turn)


def usage_of(tokens: int) -> ResponseUsage:
    """Return the count of so many tokens."""
    return ResponseUsage(
        input_tokens=tokens - tokens // 10,
        cached_input_tokens=0,
        cache_write_input_tokens=0,
        output_tokens=tokens // 10,
        reasoning_output_tokens=0,
        total_tokens=tokens,
    )


def message(text: str) -> OutputItemDone:
    """Return a message of the model."""
    content = [{"type": "output_text", "text": text}]
    return OutputItemDone(item={"type": "message", "role": "assistant", "id": f"msg_{uuid7()}", "content": content})


def says(text: str) -> list[ModelEvent]:
    """Return a response that is one message."""
    return [message(text), completed()]


def call(name: str, call_id: str, arguments: Mapping[str, Any], **more: Any) -> OutputItemDone:
    """Return a call of a function."""
    text = json.dumps(arguments)
    item = {"type": "function_call", "id": f"fc_{uuid7()}", "call_id": call_id, "name": name, "arguments": text}
    return OutputItemDone(item=item | more)


def told() -> trio.Event:
    """Return the event of a client that has its answer."""
    answered = trio.Event()
    answered.set()
    return answered


class ScriptedTool:
    """A tool whose calls end when a test says so: with the text that it gives, in the order in which it does."""

    parallel = True

    def __init__(self, name: str) -> None:
        self.spec: dict[str, Any] = {"type": "function", "name": name, "parameters": {"type": "object"}}
        self.calls: dict[str, ToolCall] = {}
        self._answers: dict[str, str] = {}
        self._changed = trio.Condition()

    async def run(self, call: ToolCall, context: ToolContext) -> ToolOutput:
        async with self._changed:
            self.calls[call.call_id] = call
            self._changed.notify_all()
            while call.call_id not in self._answers:
                await self._changed.wait()
        return ToolOutput(content=self._answers[call.call_id])

    async def called(self, call_id: str) -> None:
        """Return when the model has made that call."""
        with trio.fail_after(PATIENCE):
            async with self._changed:
                while call_id not in self.calls:
                    await self._changed.wait()

    async def answer(self, call_id: str, text: str) -> None:
        """End a call."""
        async with self._changed:
            self._answers[call_id] = text
            self._changed.notify_all()


class ScriptedTools:
    """Provides such tools, under a name or under none."""

    def __init__(self, *tools: ScriptedTool, namespace: str | None = None) -> None:
        self.namespace = None if namespace is None else Namespace(name=namespace, description="For tests.")
        self._tools = tools

    def tools(self, offer: ToolOffer) -> Sequence[Tool]:
        return self._tools


class DiskEnvironment(MemoryEnvironment):
    """The disk of this machine, without commands."""

    def __init__(self) -> None:
        super().__init__(LOCAL)
        self.files: Any = LocalFiles()


class Heard:
    """What a session has told."""

    def __init__(self) -> None:
        self.events: list[events.Event] = []
        self.react: Callable[[events.Event], None] = lambda _: None
        """What is done as soon as an event is told."""

    def emit(self, event: events.Event) -> None:
        self.events.append(event)
        self.react(event)

    async def ready(self) -> None:
        await trio.lowlevel.checkpoint()

    def of(self, kind: type) -> list[Any]:
        return [event for event in self.events if isinstance(event, kind)]


class ScriptedApprover:
    """Gives the next decision to each question, none at all when there are no more; notes the order of things."""

    def __init__(self, heard: Heard) -> None:
        self.decisions: list[ReviewDecision] = []
        self.notes: list[str] = []
        self.questions: list[Any] = []
        self.grants: Callable[[PermissionsQuestion], PermissionGrant | None] = lambda _: None
        self.wanted: list[PermissionsQuestion] = []
        self.reviewed: list[str] = []
        self.asked = trio.Event()
        self.may_answer = trio.Event()
        """Set, unless a test wants questions to stay open."""
        self.may_answer.set()
        self._heard = heard

    def hold(self, item_id: str) -> None:
        self.notes.append("hold" if not self._is_shown(item_id) else "shown, hold")

    def release(self, item_id: str) -> None:
        over = any(event.item.id == item_id for event in self._heard.of(events.ItemCompleted))
        self.notes.append("over, release" if over else "release")

    async def review(self, question: ApprovalQuestion) -> ReviewDecision:
        self.reviewed.append(question.item_id)
        await trio.lowlevel.checkpoint()
        return self.decisions.pop(0)

    async def ask(self, question: ApprovalQuestion) -> ReviewDecision:
        if isinstance(question, PermissionsQuestion):
            return await self._ask_permissions(question)
        self.notes.append("shown, ask" if self._is_shown(question.item_id) else "ask")
        self.questions.append(question)
        self.asked.set()
        await self.may_answer.wait()
        if not self.decisions:
            await trio.sleep_forever()
        return self.decisions.pop(0)

    async def _ask_permissions(self, question: PermissionsQuestion) -> ReviewDecision:
        self.notes.append("ask")
        self.wanted.append(question)
        self.asked.set()
        await trio.lowlevel.checkpoint()
        grant = self.grants(question) or await trio.sleep_forever()
        return ReviewDecision(outcome=ReviewOutcome.ACCEPTED, grant=grant)

    def _is_shown(self, item_id: str) -> bool:
        return any(event.item.id == item_id for event in self._heard.of(events.ItemStarted))


class Bench:
    """A session, and what is around it."""

    def __init__(
        self,
        *,
        session: Session,
        client: ScriptedClient,
        approver: ScriptedApprover,
        gate: TurnGate,
        heard: Heard,
        disk: Disk,
        lines: SlowLines,
        recorder: RolloutRecorder,
    ) -> None:
        self.session = session
        self.client = client
        self.approver = approver
        self.gate = gate
        self.heard = heard
        self.disk = disk
        self.lines = lines
        self.recorder = recorder

    def begin(self, text: str, overrides: TurnOverrides = NO_OVERRIDES) -> Turn:
        """Begin a turn."""
        turn = self.make(TurnRequest(turn_id=uuid7(), input=user_input(text)), overrides)
        self.session.launch(turn)
        return turn

    def make(self, request: TurnRequest, overrides: TurnOverrides = NO_OVERRIDES) -> Turn:
        """Make a turn that does not run yet."""
        return self.session.begin(partial(Turn, request=request), overrides)

    @property
    def window(self) -> int:
        """How many tokens the model takes."""
        return bundled_catalog().info(MODEL).effective_context_window

    async def run(self, text: str, overrides: TurnOverrides = NO_OVERRIDES) -> events.TurnEnded:
        """Run a turn to its end."""
        return await self.end_of(self.begin(text, overrides))

    async def end_of(self, turn: Turn) -> events.TurnEnded:
        """Return how a turn ended."""
        with trio.fail_after(PATIENCE):
            await turn.ended.wait()
        (end,) = (event for event in self.heard.of(events.TurnEnded) if event.turn_id == turn.id)
        return end

    def stored(self, kind: str) -> list[dict[str, Any]]:
        """Return the payloads of the stored lines of this type."""
        records = [json.loads(line) for line in self.lines.text.splitlines()]
        return [record["payload"] for record in records if kind in (record["type"], record["payload"].get("type"))]


def user_input(text: str, **more: Any) -> UserInput:
    """Return what a user says."""
    return UserInput(content=[{"type": "text", "text": text, "text_elements": []}], **more)


def items(request: ModelRequest) -> list[dict[str, Any]]:
    """Return what a request holds."""
    return cast("list[dict[str, Any]]", request.input)


def outputs(request: ModelRequest) -> list[tuple[str, Any]]:
    """Return the outputs in a request, with the ids of the calls that they answer."""
    return [(item["call_id"], item["output"]) for item in items(request) if item["type"] == "function_call_output"]


def texts(request: ModelRequest) -> list[str]:
    """Return what a request holds of messages and outputs, as the last line of each."""
    found: list[str] = []
    for item in items(request):
        content = item.get("content") or item.get("output")
        parts: Any = [{"text": content}] if isinstance(content, str) else content or []
        found += [part["text"].splitlines()[-1] for part in parts if part.get("text")]
    return found


async def open_thread(base: Path, disk: Disk, lines: SlowLines | None) -> tuple[RolloutRecorder, SlowLines]:
    """Return what a new thread, or the one in `lines`, records itself with."""
    if lines is not None:
        history = await trio.to_thread.run_sync(RolloutHistory.load, lines)
        return RolloutRecorder.open(history, clock=lambda: CREATED_MS), lines
    thread_id = uuid7()
    lines = SlowLines(thread_id, disk)
    meta = SessionMeta(
        id=thread_id,
        session_id=thread_id,
        timestamp=format_timestamp(CREATED_MS),
        cwd=str(base),
        history_mode="paginated",
    )
    return RolloutRecorder.create(lines, meta, clock=lambda: CREATED_MS), lines


@asynccontextmanager
async def open_session(
    base: Path,
    clock: MockClock,
    *,
    responses: Iterable[Response],
    retries: int = 0,
    lines: SlowLines | None = None,
    tools: Sequence[ToolProvider] = (),
    environment: Environment | None = None,
    others: Sequence[Environment] = (),
    environments: Sequence[EnvironmentSelection] | None = None,
    limit: int | None = None,
    post_turn_percent: int | None = None,
    extensions: Callable[[Any], Awaitable[ExtensionSet]] | None = None,
) -> AsyncGenerator[Bench]:
    """Provide a session until the block ends: of a new thread, or of the one in `lines`.

    It works in `environment`, by default on the disk, and without commands; or in `environments`, perhaps none, of that
    one and `others`. A history of `limit` tokens is summed up, at the end of a turn one of `post_turn_percent`.
    """
    environment = environment or DiskEnvironment()
    if environments is None:
        environments = (EnvironmentSelection(id=environment.id),)
    disk, heard = Disk(clock), Heard()
    approver = ScriptedApprover(heard)
    gate = TurnGate()
    recorder, lines = await open_thread(base, disk, lines)
    home = base / "codex"
    home.mkdir(exist_ok=True)
    config = ConfigService(home, environ={"HOME": str(base)}, cli_overrides=(), system_dir=base, cwd=base).load(
        base, None
    )
    client = ScriptedClient(responses, retries=retries)
    catalog = bundled_catalog()

    async def docs(_: Any) -> ProjectDocs:
        await trio.lowlevel.checkpoint()
        return ProjectDocs(text=None, sources=(), warnings=())

    async def no_memories() -> None:
        await trio.lowlevel.checkpoint()

    options = ThreadOptions(environments=tuple(environments))
    session_clock = stoppable_clock.StoppableClock()
    use = ThreadUse(thread_id=lines.rollout_name.thread_id, variables=ShellEnvironmentPolicy(), clock=session_clock)
    async with (
        trio.open_nursery() as nursery,
        open_thread_environments(EnvironmentManager(environment, *others), use) as environments_of_thread,
    ):
        session = Session(
            thread_id=lines.rollout_name.thread_id,
            settings=settings_from_config(config, options, default_model=MODEL),
            usage=recorder.facts.token_usage,
            services=EngineServices(
                identity=Identity({}),
                installation_id="installation",
                timezone="Etc/UTC",
                client=lambda _config, _provider: cast("Any", client),
                model=lambda _config, slug: catalog.info(slug).configured(
                    auto_compact_token_limit=limit, post_turn_compact_percent=post_turn_percent
                ),
                gate=gate,
                pictures=Pictures(LocalFiles()),
            ),
            thread=ThreadServices(
                recorder=recorder,
                environments=environments_of_thread,
                policy=CommandPolicy(rules=PolicyRules(), bash=Bash(), amendments=home / "rules"),
                approver=approver,
                tools=partial(plain_tools, [BuiltinTools(), *tools]),
                companions=Companions(),
                memories=no_memories,
                tools_settled=trio.lowlevel.checkpoint,
                nursery=nursery,
                project_docs=docs,
                extensions=extensions or no_extensions,
                config=config,
                clock=session_clock,
            ),
            listener=heard,
            raw_items=False,
        )
        yield Bench(
            session=session,
            client=client,
            approver=approver,
            gate=gate,
            heard=heard,
            disk=disk,
            lines=lines,
            recorder=recorder,
        )
        nursery.cancel_scope.cancel()
