"""Which threads are remembered, and that no trouble costs more than one step. What clients see: the scenarios."""

import json
import os
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing, asynccontextmanager
from pathlib import Path
from typing import Any, cast

import pytest
import trio
from thread_lab import CLIENT, Lab, WithoutWebsockets, calls, open_threads, says, says_only

from codex_trio.domain.items import AgentMessage
from codex_trio.engine import events
from codex_trio.engine.settings import TurnOverrides
from codex_trio.environments.manager import EnvironmentManager
from codex_trio.environments.selection import LOCAL
from codex_trio.execution.errors import ScriptProcessEnded
from codex_trio.files.local import LocalFiles
from codex_trio.model.errors import ErrorInfo, ModelError
from codex_trio.model.events import Completed, ModelEvent, OutputItemDone
from codex_trio.model.limits import RateLimitSnapshot, RateLimitWindow
from codex_trio.state.db.initializer import open_state_db, state_database, state_db_path
from codex_trio.state.local.memories import LocalMemoriesStore
from codex_trio.state.local.storage import local_storage
from codex_trio.state.store.interface import MetadataPatch, ThreadStoreError
from codex_trio.state.store.memories import LEASE_MS, RETRY_MS, Memories, MemoriesStore, MemoryRows, Result
from codex_trio.testing.environments import MemoryEnvironment
from codex_trio.threads.live import LiveThread
from codex_trio.threads.manager import ThreadOrigin
from codex_trio.threads.memories.consolidator import MemoryAgent
from codex_trio.threads.memories.kept import KeptMemories
from codex_trio.threads.memories.maker import MemoryMaker, wish_of
from codex_trio.threads.options import ThreadOptions
from codex_trio.util.clock import now_ms

EXTRACTS, CONSOLIDATES = "extracts", "gpt-5.5"
DAY_MS = 24 * 3600 * 1000
SETTINGS = f"""
model = "talks"
[features]
memories = true
[memories]
extract_model = "{EXTRACTS}"
consolidation_model = "{CONSOLIDATES}"
"""
GOOD = json.dumps({"rollout_summary": "They like tabs.", "rollout_slug": "Likes: Tabs!"})


class Model(WithoutWebsockets):
    """Answers by the model that is asked; notes what is asked."""

    class Provider:
        stream_max_retries = 0

    provider = Provider()

    def __init__(self) -> None:
        self.begun: list[str] = []
        """The models that were told something by a user."""
        self.extraction: Callable[[], Sequence[ModelEvent]] = lambda: says_only(GOOD)
        self.summaries: list[str | None] = []
        """What the next summaries are, None for none; `v1` when there are no more."""
        self.go = trio.Event()
        """Nothing is extracted before this is set."""
        self.go.set()

    def count(self, model: str) -> int:
        """Return how often a conversation with that model began."""
        return self.begun.count(model)

    @asynccontextmanager
    async def stream(self, request: Any, *, tell_renewal: object = None) -> AsyncGenerator[Any]:
        last = request.input[-1]
        if last.get("role") == "user":
            self.begun.append(request.model)
        if request.model == EXTRACTS:
            await self.go.wait()
            response = self.extraction()
        elif request.model == CONSOLIDATES and last.get("role") == "user":
            text = self.summaries.pop(0) if self.summaries else "v1"
            response = says_only("No.") if text is None else patch(text, is_new="There is a summary" not in str(last))
        else:
            response = says_only("Well.")

        async def batches() -> AsyncGenerator[Sequence[ModelEvent]]:
            await trio.lowlevel.checkpoint()
            yield [*response, Completed(response_id="r", usage=None, end_turn=None)]

        async with aclosing(batches()) as stream:
            yield stream


def patch(text: str, *, is_new: bool) -> list[ModelEvent]:
    head = "*** Add File: memory_summary.md\n" if is_new else "*** Update File: memory_summary.md\n@@\n-v1\n"
    added = "".join(f"+{line}\n" for line in text.splitlines())
    body = f"*** Begin Patch\n{head}{added}*** End Patch\n"
    item = {"type": "custom_tool_call", "id": "i", "name": "apply_patch", "input": body, "call_id": "p"}
    return [OutputItemDone(item=item)]


class Disk(MemoryEnvironment):
    """The files of this machine, without commands."""

    def __init__(self) -> None:
        super().__init__(LOCAL)
        self.files: Any = LocalFiles()


class Died(BaseException):
    """The process is no more."""


class DyingTables:
    """Dies at one of its writes: before it, or right after it."""

    def __init__(self, tables: MemoriesStore) -> None:
        self._tables = tables
        self.left: int | None = None
        """How many writes are left; None for any number."""
        self.dies_after = False
        self.problem = None

    async def read(self, work: Callable[[MemoryRows], Result]) -> Result:
        return await self._tables.read(work)

    async def keep(self, work: Callable[[MemoryRows], Result]) -> Result:
        if self.left is not None:
            self.left -= 1
            if self.left == 0 and not self.dies_after:
                raise Died
        result = await self._tables.keep(work)
        if self.left == 0:
            raise Died
        return result


class Bench:
    """Threads on a disk, and what makes memories of them. Its clock is days ahead."""

    def __init__(self, lab: Lab, model: Model, memories: Memories, home: Path) -> None:
        self.lab = lab
        self.model = model
        self.home = home
        self.tables = DyingTables(memories.tables)
        self.ahead_ms = 2 * DAY_MS
        self.quiet = trio.Event()
        self.quiet.set()

    def now(self) -> int:
        return now_ms() + self.ahead_ms

    @property
    def memories(self) -> Memories:
        return Memories(self.tables, clock=self.now)

    @property
    def kept(self) -> KeptMemories:
        return KeptMemories(self.memories, self.home)

    def maker(self) -> MemoryMaker:
        """Return what makes memories, as a process has it that just began."""

        async def quiet(_seconds: float) -> None:
            await self.quiet.wait()

        agent = MemoryAgent(
            engine=self.lab.engine,
            environments=EnvironmentManager(Disk()),
            loader=self.lab.loader,
            start_script=_no_scripts,
        )
        return MemoryMaker(
            self.kept, store=self.lab.store, engine=self.lab.engine, agent=agent, quiet=quiet, clock=self.now
        )

    async def make(self, live: LiveThread | None = None, maker: MemoryMaker | None = None) -> None:
        """Make all memories that the start of a thread leads to."""
        wish = wish_of(live or await self.lab.start())
        assert wish is not None
        await (maker or self.maker()).make(wish)

    async def leave(self, *texts: str, options: ThreadOptions | None = None) -> list[str]:
        """Have threads in which something was said, and that are not loaded any more; their ids."""
        ids: list[str] = []
        for text in texts:
            origin = ThreadOrigin(subscriber=CLIENT, originator="test", source="vscode")
            live = await self.lab.manager.start(options or ThreadOptions(), origin)
            await self.say(live, text)
            await self.lab.host.unload(live)
            ids.append(live.id)
        return ids

    async def say(self, live: LiveThread, text: str) -> None:
        await live.prepare_turn()
        live.launch_turn(says(text), TurnOverrides(), answer=None)
        await live.session.wait_for_turn()

    async def remembered(self) -> list[str]:
        return [one.thread_id for one in await self.memories.selected(limit=100, since_ms=0)]

    @property
    def summary(self) -> str | None:
        path = self.home / "memories_v2" / "memory_summary.md"
        return path.read_text() if path.exists() else None


def _no_scripts() -> Any:
    raise ScriptProcessEnded("this agent runs none")


@asynccontextmanager
async def open_bench(base: Path, settings: str = "") -> AsyncGenerator[Bench]:
    async def never(_seconds: float) -> None:
        await trio.sleep_forever()

    home = base / "codex"
    home.mkdir()
    database = await open_state_db(state_db_path(home))
    storage, model = local_storage(home, database, quiet=never), Model()
    async with open_threads(base, client=model, storage=storage, settings=SETTINGS + settings) as lab:
        yield Bench(lab, model, storage.memories, home)
    await database.aclose()


async def test_what_is_remembered_of_threads_becomes_one_summary_and_that_once(tmp_path: Path) -> None:
    async with open_bench(tmp_path) as bench:
        ids = await bench.leave("I like tabs", "Is it so?")
        for _ in range(2):
            await bench.make()
        assert sorted(await bench.remembered()) == sorted(ids)
        assert bench.summary == "v1\n"
        assert (bench.model.count(EXTRACTS), bench.model.count(CONSOLIDATES)) == (2, 1)
        notes = sorted(path.name for path in (bench.home / "memories_v2" / "rollout_summaries").iterdir())
        assert [name.split("-", 6)[-1] for name in notes] == ["likes-tabs.md"] * 2
        assert not (bench.home / "memories_v2" / "workshop").exists()
        # Only what changed is done again.
        live = await bench.lab.resume(ids[0])
        await bench.say(live, "And more")
        await bench.lab.host.unload(live)
        bench.ahead_ms += 1000
        bench.model.summaries = ["v2"]
        await bench.make()
        assert (bench.model.count(EXTRACTS), bench.model.count(CONSOLIDATES)) == (3, 2)
        assert bench.summary == "v2\n"
        assert (await bench.kept.status(wanted=None)).consolidated == 2


@pytest.mark.parametrize("dies_after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("step", [2, 3, 5, 6])
async def test_a_death_at_any_step_loses_nothing_and_repeats_only_that_step(
    tmp_path: Path, step: int, *, dies_after: bool
) -> None:
    """Two threads: claim, keep, claim, keep, claim all, keep all, and say that it was written."""
    async with open_bench(tmp_path) as bench:
        ids = await bench.leave("one", "two")
        bench.tables.left, bench.tables.dies_after = step, dies_after
        with pytest.raises(Died):
            await bench.make()
        bench.tables.left = None
        asked = bench.model.count(EXTRACTS), bench.model.count(CONSOLIDATES)
        bench.ahead_ms += LEASE_MS
        await bench.make()
        assert sorted(await bench.remembered()) == sorted(ids)
        assert (await bench.kept.status(wanted=None)).consolidated == 2
        assert bench.summary == "v1\n"
        # What was answered and not kept is asked again, and nothing else.
        lost = (int(step in (2, 4) and not dies_after), int(step == 6 and not dies_after))
        assert bench.model.count(EXTRACTS) == 2 + lost[0]
        assert bench.model.count(CONSOLIDATES) == 1 + lost[1]
        assert asked <= (bench.model.count(EXTRACTS), bench.model.count(CONSOLIDATES))


async def test_a_summary_that_was_kept_and_not_written_is_written_by_the_next(tmp_path: Path) -> None:
    async with open_bench(tmp_path) as bench:
        await bench.leave("one")
        bench.tables.left, bench.tables.dies_after = 4, True
        with pytest.raises(Died):
            await bench.make()
        assert bench.summary is None
        bench.tables.left = None
        await bench.make()
        assert (bench.summary, bench.model.count(CONSOLIDATES)) == ("v1\n", 1)


async def test_the_end_of_the_server_gives_work_back_at_once(tmp_path: Path) -> None:
    async with open_bench(tmp_path) as bench:
        await bench.leave("one")
        bench.model.go = trio.Event()
        async with trio.open_nursery() as nursery:
            nursery.start_soon(bench.make)
            while not bench.model.count(EXTRACTS):
                await trio.lowlevel.checkpoint()
            nursery.cancel_scope.cancel()
        bench.model.go.set()
        await bench.make()
        assert len(await bench.remembered()) == 1


async def test_starts_that_lead_to_nothing(tmp_path: Path) -> None:
    async with open_bench(tmp_path) as bench:
        assert wish_of(await bench.lab.start()) is not None
        assert wish_of(await bench.lab.start(ephemeral=True)) is None
        live = await bench.lab.start()
        await live.update_metadata(MetadataPatch(memory_mode="disabled"))
        assert wish_of(live) is None
        origin = ThreadOrigin(subscriber=CLIENT, originator="test", source="vscode")
        for off in ({"features.memories": False}, {"memories.generate_memories": False}):
            assert wish_of(await bench.lab.manager.start(ThreadOptions(overrides=off), origin)) is None


async def test_which_threads_are_looked_at(tmp_path: Path) -> None:
    async with open_bench(tmp_path, "max_rollouts_per_startup = 2\nmax_rollout_age_days = 10\n") as bench:
        await bench.leave("ephemeral", options=ThreadOptions(ephemeral=True))
        [disabled] = await bench.leave("disabled")
        await bench.lab.upkeep.update_metadata(disabled, MetadataPatch(memory_mode="disabled"))
        wanted = await bench.leave("one", "two", "three")
        bench.ahead_ms = 5 * 3600 * 1000
        await bench.make()
        # Somebody may still go on with them.
        assert await bench.remembered() == []
        bench.ahead_ms = 11 * DAY_MS
        await bench.make()
        # Nobody will go on with them.
        assert await bench.remembered() == []
        bench.ahead_ms = DAY_MS
        await bench.make()
        assert sorted(await bench.remembered()) == sorted(wanted[1:])
        await bench.make()
        assert sorted(await bench.remembered()) == sorted(wanted)


@pytest.mark.parametrize("without", [True, False])
async def test_threads_that_rest_on_what_came_from_elsewhere(tmp_path: Path, *, without: bool) -> None:
    async with open_bench(tmp_path, f"disable_on_external_context = {str(without).lower()}\n") as bench:
        [thread_id] = await bench.leave("look it up")
        live = await bench.lab.resume(thread_id)
        call = cast("OutputItemDone", calls("mcp__docs__find", "{}")[0]).item
        await live.inject([call, {"type": "function_call_output", "call_id": "c", "output": "42"}])
        await bench.lab.host.unload(live)
        await bench.make()
        assert await bench.remembered() == ([] if without else [thread_id])


async def test_trouble_with_a_model_stops_what_is_under_way_and_waits(tmp_path: Path) -> None:
    async with open_bench(tmp_path) as bench:
        ids = await bench.leave("one", "two")

        def fail() -> Sequence[ModelEvent]:
            raise ModelError("no network", info=ErrorInfo("other"), retryable=True)

        bench.model.extraction = fail
        for _ in range(5):
            await bench.make()
            bench.ahead_ms += RETRY_MS
        # One a time, and however often that is, it is tried again.
        assert bench.model.count(EXTRACTS) == 5
        bench.model.extraction = lambda: says_only(GOOD)
        await bench.make()
        assert sorted(await bench.remembered()) == sorted(ids)


async def test_answers_that_make_no_sense_are_given_up_and_others_go_on(tmp_path: Path) -> None:
    async with open_bench(tmp_path) as bench:
        await bench.leave("one", "two")
        answers = ["{", '{"rollout_summary": 1}', json.dumps({"rollout_summary": "", "rollout_slug": ""}), "[]", "no"]
        bench.model.extraction = lambda: says_only(answers.pop(0))
        for _ in range(5):
            await bench.make()
            bench.ahead_ms += RETRY_MS
        assert answers == []
        assert await bench.remembered() == []


@pytest.mark.parametrize("bad", [None, "", "x" * 70_000], ids=["none", "empty", "large"])
async def test_a_summary_that_cannot_be_used_leaves_the_former_one(tmp_path: Path, bad: str | None) -> None:
    async with open_bench(tmp_path) as bench:
        await bench.leave("one")
        await bench.make()
        await bench.leave("two")
        bench.model.summaries = [bad]
        bench.ahead_ms += 1000
        await bench.make()
        assert bench.summary == "v1\n"
        bench.ahead_ms += RETRY_MS
        bench.model.summaries = ["better"]
        await bench.make()
        # Not to write anything is to leave it as it is, and no failure.
        assert bench.summary == ("v1\n" if bad is None else "better\n")


async def test_a_link_is_no_summary(tmp_path: Path) -> None:
    async with open_bench(tmp_path) as bench:
        await bench.leave("one")
        secret = tmp_path / "secret"
        secret.write_text("secret")
        folder = bench.kept.folder
        place = await folder.set_up_workshop("p", {})
        (place / "memory_summary.md").symlink_to(secret)
        with pytest.raises(OSError, match="symbolic link"):
            await folder.take_from_workshop("p", "memory_summary.md", limit=100)
        # Nor is anything written through one.
        elsewhere = tmp_path / "elsewhere"
        elsewhere.mkdir()
        await folder.remove_workshop("p")
        os.rmdir(folder.path)
        folder.path.symlink_to(elsewhere)
        await bench.make()
        assert [*elsewhere.iterdir()] == []
        assert len(await bench.remembered()) == 1


async def test_it_gives_way_to_clients_and_to_usage_limits(tmp_path: Path) -> None:
    async with open_bench(tmp_path) as bench:
        await bench.leave("one")
        live = await bench.lab.start()
        bench.quiet = trio.Event()
        async with trio.open_nursery() as nursery:
            nursery.start_soon(bench.make, live)
            for _ in range(20):
                await trio.lowlevel.checkpoint()
            assert bench.model.count(EXTRACTS) == 0
            bench.quiet.set()
        assert bench.model.count(EXTRACTS) == 1
        await bench.leave("two")
        maker = bench.maker()
        window = RateLimitWindow(used_percent=80.0, window_minutes=300, resets_at=None)
        for limits, expected in ((RateLimitSnapshot(secondary=window), 1), (RateLimitSnapshot(primary=None), 2)):
            maker.heard(events.RateLimitsChanged(turn_id="t", limits=limits))
            await bench.make(live, maker)
            assert bench.model.count(EXTRACTS) == expected


async def test_threads_that_are_gone_leave_nothing_behind(tmp_path: Path) -> None:
    async with open_bench(tmp_path) as bench:
        ids = await bench.leave("one", "two")
        await bench.make()
        # Of one that was deleted nothing is remembered, nor of one of which nothing is to be any more.
        await bench.kept.forget(await bench.lab.upkeep.delete(ids[0]))
        await bench.lab.upkeep.update_metadata(ids[1], MetadataPatch(memory_mode="disabled"))
        await bench.make()
        assert await bench.remembered() == []
        assert not list((bench.home / "memories_v2" / "rollout_summaries").iterdir())
        assert not bench.summary


async def test_what_answers_rest_on_is_counted(tmp_path: Path) -> None:
    async with open_bench(tmp_path) as bench:
        [thread_id] = await bench.leave("one")
        await bench.make()
        maker = bench.maker()
        message = AgentMessage(id="m", content=[], memory_citation={"entries": [], "rolloutIds": [thread_id, "other"]})
        async with trio.open_nursery() as nursery:
            nursery.start_soon(maker.run)
            maker.heard(events.ItemCompleted(turn_id="t", item=message, started_ms=1, completed_ms=2))
            while not (await bench.memories.selected(limit=1, since_ms=0))[0].usage_count:
                await trio.lowlevel.checkpoint()
            nursery.cancel_scope.cancel()


async def test_a_thread_that_is_reset_while_it_is_looked_at_stays_forgotten(tmp_path: Path) -> None:
    async with open_bench(tmp_path) as bench:
        await bench.leave("one")
        bench.model.go = trio.Event()
        async with trio.open_nursery() as nursery:
            nursery.start_soon(bench.make)
            while not bench.model.count(EXTRACTS):
                await trio.lowlevel.checkpoint()
            await bench.kept.reset()
            bench.model.go.set()
        assert await bench.remembered() == []
        # What was said before is not remembered anew.
        await bench.make()
        assert (await bench.remembered(), bench.model.count(EXTRACTS)) == ([], 1)


async def test_a_server_that_comes_too_late_leaves_the_work_of_the_next_alone(tmp_path: Path) -> None:
    async with open_bench(tmp_path) as bench:
        folder = bench.kept.folder
        late, now = [await folder.set_up_workshop(place, {"note": place}) for place in ("late", "now")]
        await folder.remove_workshop("late")
        assert (late.exists(), (now / "note").read_text()) == (False, "now")
        await folder.remove_workshop("now")
        assert not folder.workshop.exists()


async def test_what_another_server_forgets_meanwhile_is_not_written_behind_that(tmp_path: Path) -> None:
    async with open_bench(tmp_path) as bench:
        await bench.leave("one")
        bench.tables.left, bench.tables.dies_after = 4, True
        with pytest.raises(Died):
            await bench.make()
        bench.tables.left = None
        # Another server is about to write the summary that was kept, and this one is told to forget everything.
        other = bench.kept
        async with trio.open_nursery() as nursery, other.folder.alone():
            nursery.start_soon(bench.kept.reset)
            while await bench.memories.summary() is not None:
                await trio.lowlevel.checkpoint()
            await other.folder.publish("v1\n", {})
        assert bench.summary is None
        await other.publish()
        assert bench.summary is None


async def test_who_forgets_everything_without_a_database_learns_that_it_may_come_back(tmp_path: Path) -> None:
    path = state_db_path(tmp_path)
    path.mkdir()
    folder = tmp_path / "memories_v2"
    folder.mkdir()
    (folder / "memory_summary.md").write_text("s")
    async with state_database(path, warn=lambda _: None) as database:
        kept = KeptMemories(Memories(LocalMemoriesStore(database)), tmp_path)
        with pytest.raises(ThreadStoreError, match="only the folders of memories could be emptied: "):
            await kept.reset()
    assert list(folder.iterdir()) == []
