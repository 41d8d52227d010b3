"""A session without a server around it: a scripted model, a thread in memory, and a disk that a test decides about."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, cast

import trio
from trio.testing import MockClock

from codex_trio.config.service import ConfigService
from codex_trio.domain.ids import uuid7
from codex_trio.engine import events
from codex_trio.engine.project_docs import ProjectDocs
from codex_trio.engine.session import EngineServices, Session, ThreadServices
from codex_trio.engine.settings import TurnOverrides
from codex_trio.engine.turn import Turn
from codex_trio.engine.turn_gate import TurnGate
from codex_trio.engine.turn_request import TurnRequest, UserInput
from codex_trio.execution.shells import Shells
from codex_trio.identity.user_agent import Identity
from codex_trio.model.catalog import bundled_catalog
from codex_trio.model.errors import ModelError
from codex_trio.model.events import Completed, ModelEvent, OutputItemDone
from codex_trio.sandbox.roots import NOTHING_GUARDED
from codex_trio.state.history.recorder import WRITE_SECONDS, RolloutRecorder
from codex_trio.state.rollout.lines import SessionMeta, format_timestamp
from codex_trio.state.rollout.memory_lines import MemoryLines, MemoryWriter
from codex_trio.state.rollout.paths import RolloutName
from codex_trio.threads.options import ThreadOptions, settings_from_config
from codex_trio.tools.pictures import Pictures

NO_OVERRIDES = TurnOverrides()
MODEL = "gpt-5.5"
NEVER = 2 * WRITE_SECONDS
"""What a test that waits for ever sees of it."""

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


class ScriptedClient:
    """Answers each request with the next response, which may be an error; with none at all when there are no more."""

    class Provider:
        stream_max_retries = 0

    provider = Provider()

    def __init__(self, responses: Iterable[Sequence[ModelEvent] | ModelError]) -> None:
        self._responses = iter(responses)

    @asynccontextmanager
    async def stream(self, request: Any) -> AsyncGenerator[ScriptedStream]:
        response = next(self._responses, None)
        if isinstance(response, ModelError):
            raise response
        yield ScriptedStream(response)


class ScriptedStream:
    """One response, in one piece; nothing ever when there is none."""

    def __init__(self, response: Sequence[ModelEvent] | None) -> None:
        self._response = response
        self._is_over = False

    def __aiter__(self) -> ScriptedStream:
        return self

    async def __anext__(self) -> Sequence[ModelEvent]:
        if self._response is None:
            await trio.sleep_forever()
        await trio.lowlevel.checkpoint()
        if self._is_over:
            raise StopAsyncIteration
        self._is_over = True
        assert self._response is not None
        return self._response


def says(text: str) -> list[ModelEvent]:
    """A response that is one message."""
    content = [{"type": "output_text", "text": text}]
    message = {"type": "message", "role": "assistant", "id": f"msg_{uuid7()}", "content": content}
    return [OutputItemDone(item=message), Completed(response_id="r", usage=None, end_turn=None)]


class NoCommands:
    """The commands of a thread whose model runs none."""

    async def kill_group(self, group: str, *, because: str) -> None:
        await trio.lowlevel.checkpoint()

    def forget_group(self, group: str) -> None:
        pass


class Heard:
    """What a session has told."""

    def __init__(self) -> None:
        self.events: list[events.Event] = []

    def emit(self, event: events.Event) -> None:
        self.events.append(event)

    async def ready(self) -> None:
        await trio.lowlevel.checkpoint()

    def of(self, kind: type) -> list[Any]:
        return [event for event in self.events if isinstance(event, kind)]


class Bench:
    """A session, and what is around it."""

    def __init__(self, session: Session, heard: Heard, disk: Disk, lines: SlowLines, recorder: RolloutRecorder) -> None:
        self.session = session
        self.heard = heard
        self.disk = disk
        self.lines = lines
        self.recorder = recorder

    def begin(self, text: str) -> Turn:
        """Begin a turn."""
        content = [{"type": "text", "text": text, "text_elements": []}]
        turn = self.session.begin(TurnRequest(turn_id=uuid7(), input=UserInput(content=content)), NO_OVERRIDES)
        self.session.launch(turn)
        return turn


@asynccontextmanager
async def open_session(
    base: Path, clock: MockClock, *, responses: Iterable[Sequence[ModelEvent] | ModelError]
) -> AsyncGenerator[Bench]:
    """A session until the block ends."""
    disk, heard = Disk(clock), Heard()
    thread_id = uuid7()
    lines = SlowLines(thread_id, disk)
    meta = SessionMeta(
        id=thread_id,
        session_id=thread_id,
        timestamp=format_timestamp(CREATED_MS),
        cwd=str(base),
        history_mode="paginated",
    )
    recorder = RolloutRecorder.create(lines, meta, clock=lambda: CREATED_MS)
    home = base / "codex"
    home.mkdir(exist_ok=True)
    config = ConfigService(home, environ={"HOME": str(base)}, cli_overrides=(), system_dir=base, cwd=base).load(
        base, None
    )
    client = ScriptedClient(responses)
    catalog = bundled_catalog()

    async def docs(_: Any) -> ProjectDocs:
        await trio.lowlevel.checkpoint()
        return ProjectDocs(text=None, sources=(), warnings=())

    async with trio.open_nursery() as nursery:
        session = Session(
            thread_id=thread_id,
            settings=settings_from_config(config, ThreadOptions(), default_model=MODEL),
            usage=None,
            services=EngineServices(
                identity=Identity({}),
                installation_id="installation",
                shells=Shells(default="/bin/sh", programs={}),
                timezone="Etc/UTC",
                tmpdir=None,
                guarded=NOTHING_GUARDED,
                probe=cast("Any", None),
                client=lambda _config, _provider: cast("Any", client),
                model=lambda _config, slug: catalog.info(slug),
                gate=TurnGate(),
                pictures=Pictures(),
            ),
            thread=ThreadServices(
                recorder=recorder,
                sessions=cast("Any", NoCommands()),
                policy=cast("Any", None),
                approver=cast("Any", None),
                nursery=nursery,
                environment=lambda _: {},
                project_docs=docs,
                config=config,
            ),
            listener=heard,
            raw_items=False,
        )
        yield Bench(session, heard, disk, lines, recorder)
        nursery.cancel_scope.cancel()
