"""Memories are made here: when a thread starts, of others that nobody has gone on with for a while.

Owns which threads are looked at, how many, and that all this gives way: to requests of clients, to usage limits, to the
end of the server. One thing is done at a time, each is kept together with that it was done, and what fails waits. Does
not own the words (engine/memories), the leases (the store) or the agent's confinement (consolidator.py).
"""

from __future__ import annotations

import logging
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import aclosing, asynccontextmanager

import msgspec
import trio

from codex_trio.config.providers import LOCAL_PROVIDERS
from codex_trio.config.settings import EffectiveConfig
from codex_trio.domain.items import AgentMessage
from codex_trio.engine import events
from codex_trio.engine.memories import consolidation, extraction, notes
from codex_trio.engine.memories.rendering import rendered, uses_external_context
from codex_trio.engine.session.services import EngineServices
from codex_trio.engine.tasks.sample import ask_with_retries
from codex_trio.execpolicy.rules import RulesError
from codex_trio.model.catalog import ModelInfo
from codex_trio.model.errors import ModelError
from codex_trio.model.limits import RateLimitSnapshot
from codex_trio.state.history.recorder import past_of
from codex_trio.state.rollout.errors import RolloutReadError
from codex_trio.state.rollout.lines import SessionMeta
from codex_trio.state.store.interface import ThreadQuery, ThreadStore, ThreadStoreError, ThreadSummary
from codex_trio.state.store.memories import LEASE_MS, MemoryClaim, ThreadMemory
from codex_trio.threads.live import LiveThread
from codex_trio.threads.memories.consolidator import ConsolidationFailed, MemoryAgent
from codex_trio.threads.memories.kept import KeptMemories, workshop_files
from codex_trio.threads.memories.settings import MemorySettings, memory_settings
from codex_trio.util.bell import Bell
from codex_trio.util.clock import now_ms

_log = logging.getLogger(__name__)

DEFAULT_MODEL = "gpt-6-luna"
"""The model of 0.171.0 for single threads."""

QUIET_SECONDS = 0.02
"""How long clients must have asked for nothing before each step."""

PATIENCE_SECONDS = 60.0
"""How long a step waits for that: clients that never pause do not keep memories from being made."""

EXTRACTION_SECONDS = 10 * 60.0
CONSOLIDATION_SECONDS = 60 * 60.0
MOST_CHARACTERS = 400_000
"""How much of one thread a model is shown at most."""

_PAGE = 100
_MOST_LISTED = 1000
_RELEASE_SECONDS = 2.0


class MemoryWish(msgspec.Struct, frozen=True, kw_only=True):
    """Whose start it was, and what holds for it."""

    thread_id: str
    config: EffectiveConfig
    settings: MemorySettings
    model: str
    sandbox: str


def wish_of(live: LiveThread) -> MemoryWish | None:
    """Return what the start of a thread leads to; None for one of a kind of which nothing is to be remembered."""
    settings = memory_settings(live.config)
    if not settings.generate or live.path is None or not _is_remembered(live.recorder.meta):
        return None
    return MemoryWish(
        thread_id=live.id,
        config=live.config,
        settings=settings,
        model=live.settings.model,
        sandbox=live.config.sandbox_mode,
    )


class MemoryMaker:
    """A service: `run` it once."""

    def __init__(
        self,
        kept: KeptMemories,
        *,
        store: ThreadStore,
        engine: EngineServices,
        agent: MemoryAgent,
        quiet: Callable[[float], Awaitable[None]],
        clock: Callable[[], int] = now_ms,
    ) -> None:
        self._kept = kept
        self._memories = kept.memories
        self._store = store
        self._engine = engine
        self._agent = agent
        self._quiet = quiet
        self._clock = clock
        self._wanted: MemoryWish | None = None
        self._used: list[str] = []
        self._limits: RateLimitSnapshot | None = None
        self._news = Bell()

    # --- what leads to it ---

    def thread_started(self, live: LiveThread) -> None:
        """Have other threads be looked at, soon, if this one is of a kind that leads to that; never waits."""
        wanted = wish_of(live)
        if wanted is not None:
            self._wanted = wanted
            self._news.ring()

    def heard(self, event: events.Event) -> None:
        """Note what a session says that matters here; never waits."""
        match event:
            case events.RateLimitsChanged():
                self._limits = event.limits
            case events.ItemCompleted(item=AgentMessage(memory_citation={"rolloutIds": [*thread_ids]})):
                self._used += [str(thread_id) for thread_id in thread_ids]
                self._news.ring()
            case _:
                pass

    async def run(self) -> None:
        """Do what is wanted until cancelled."""
        while True:
            while self._wanted is None and not self._used:
                await self._news.wait()
            used, self._used = self._used, []
            wanted, self._wanted = self._wanted, None
            try:
                if self._memories.problem:
                    _log.info("nothing is remembered of threads: %s", self._memories.problem)
                    continue
                if used:
                    await self._memories.used(used)
                if wanted is not None:
                    await self.make(wanted)
            except (ThreadStoreError, OSError) as error:
                _log.warning("memories could not be made: %s", error)
            except Exception:
                # It is tried again when the next thread starts; turns are not to suffer from it.
                _log.exception("making memories failed")

    async def make(self, wanted: MemoryWish) -> None:
        """Look at threads, and bring together what is remembered of them, as far as anything is due."""
        await self._give_way(wanted)
        await self._kept.publish()
        if self._is_short(wanted.settings):
            _log.info("no memories are made: too little is left of the usage limits")
            return
        await self._extract_all(wanted)
        await self._consolidate(wanted)

    async def _give_way(self, wanted: MemoryWish) -> None:
        """Wait until there is time for the next step. A server that drains has none any more."""
        with trio.move_on_after(PATIENCE_SECONDS):
            await self._quiet(QUIET_SECONDS)
        if self._engine.gate.closed:
            await trio.sleep_forever()

    def _is_short(self, settings: MemorySettings) -> bool:
        limits = self._limits
        windows = () if limits is None else (limits.primary, limits.secondary)
        return any(window is not None and 100 - window.used_percent < settings.remaining_percent for window in windows)

    # --- single threads ---

    async def _extract_all(self, wanted: MemoryWish) -> None:
        left = wanted.settings.most_threads
        async with aclosing(self._candidates(wanted)) as candidates:
            async for thread in candidates:
                claim = await self._memories.claim_extraction(thread.thread_id, updated_at_ms=thread.updated_at_ms)
                if claim is None:
                    continue
                if not await self._extract(wanted, thread, claim):
                    return
                left -= 1
                if left <= 0:
                    return
                await self._give_way(wanted)

    async def _candidates(self, wanted: MemoryWish) -> AsyncGenerator[ThreadSummary]:
        """Yield the threads that may be looked at, the latest first."""
        now, settings = self._clock(), wanted.settings
        oldest = max(now - settings.age_ms, await self._memories.forgotten_until_ms() + 1)
        cursor: str | None = None
        for _ in range(_MOST_LISTED // _PAGE):
            page = await self._store.list(ThreadQuery(sort_key="updated_at", limit=_PAGE, cursor=cursor))
            for thread in page.threads:
                if thread.updated_at_ms < oldest:
                    return
                is_idle = thread.updated_at_ms <= now - settings.idle_ms and thread.thread_id != wanted.thread_id
                if is_idle and _is_remembered(thread.meta):
                    yield thread
            cursor = page.next_cursor
            if cursor is None:
                return

    async def _extract(self, wanted: MemoryWish, thread: ThreadSummary, claim: MemoryClaim) -> bool:
        """Look at one thread; False when the model cannot be had, so that there is no use in going on."""
        async with self._given_back(claim):
            try:
                with trio.fail_after(EXTRACTION_SECONDS):
                    memory = await self._memory_of(wanted, thread)
            except ModelError as error:
                _log.info("thread %s is not remembered now: %s", thread.thread_id, error.message)
                await self._memories.fail(claim, error.message, counts=not error.retryable)
                return False
            except (extraction.BadExtraction, RolloutReadError, trio.TooSlowError) as error:
                _log.info("thread %s is not remembered now: %s", thread.thread_id, error)
                await self._memories.fail(claim, str(error) or "the model took too long")
                return True
            await self._memories.finish_extraction(claim, thread.thread_id, memory)
        return True

    async def _memory_of(self, wanted: MemoryWish, thread: ThreadSummary) -> ThreadMemory | None:
        """Return what is worth remembering of a thread. Raises BadExtraction, ModelError, RolloutReadError."""
        stored = await self._store.locate(thread.thread_id, archived=False)
        if stored is None or stored.path is None:
            return None
        past = await past_of(await self._store.history(stored))
        if wanted.settings.without_external and uses_external_context(past.items):
            return None
        model = self._model(wanted)
        limit = min(MOST_CHARACTERS, 2 * model.effective_context_window)
        conversation = await trio.to_thread.run_sync(lambda: rendered(past.items, limit=limit), abandon_on_cancel=True)
        if not conversation:
            return None
        branch = None if thread.git is None else thread.git.branch
        cwd, path = thread.meta.cwd, str(stored.path)
        asker = extraction.Asker(
            identity=self._engine.identity,
            installation_id=self._engine.installation_id,
            thread_id=wanted.thread_id,
            sandbox=wanted.sandbox,
        )
        request = extraction.request(conversation, cwd=cwd, path=path, branch=branch, model=model, asker=asker)
        client = self._engine.client(wanted.config, wanted.config.model_provider_id)
        answer = extraction.read_answer((await ask_with_retries(client, request)).text)
        if answer is None:
            return None
        return ThreadMemory(
            thread_id=thread.thread_id,
            source_updated_at_ms=thread.updated_at_ms,
            generated_at_ms=self._clock(),
            summary=answer.summary,
            slug=answer.slug,
            cwd=cwd,
            path=path,
            branch=branch,
        )

    def _model(self, wanted: MemoryWish) -> ModelInfo:
        # A model of a provider on this machine is there, or it is not; another one's name means nothing to it.
        default = wanted.model if wanted.config.model_provider_id in LOCAL_PROVIDERS else DEFAULT_MODEL
        return self._engine.model(wanted.config, wanted.settings.extract_model or default)

    # --- all together ---

    async def _consolidate(self, wanted: MemoryWish) -> None:
        await self._forget_unwanted()
        claim = await self._memories.claim_consolidation()
        if claim is None:
            return
        async with self._given_back(claim):
            await self._give_way(wanted)
            since = self._clock() - wanted.settings.unused_ms
            selected = await self._memories.selected(limit=wanted.settings.most_memories, since_ms=since)
            try:
                base = await self._kept.base()
                summary = await self._write(wanted, claim, selected, base) if selected else ""
                if not await self._kept.commit(claim, selected, summary, base=base):
                    raise ConsolidationFailed("somebody else changed the summary meanwhile")
            except (ConsolidationFailed, RulesError, OSError, ValueError) as error:
                _log.info("memories could not be brought together: %s", error)
                await self._memories.fail(claim, str(error))

    async def _forget_unwanted(self) -> None:
        """Forget threads that are gone, and those of which nothing is to be remembered any more."""
        known = await self._memories.selected(limit=_MOST_LISTED, since_ms=0)
        unwanted: list[str] = []
        for memory in known:
            thread = await self._store.read(memory.thread_id)
            if thread is None or not _is_remembered(thread.meta):
                unwanted.append(memory.thread_id)
        if unwanted:
            await self._memories.forget(unwanted)

    async def _write(self, wanted: MemoryWish, claim: MemoryClaim, selected: Sequence[ThreadMemory], base: str) -> str:
        """Return the summary that an agent writes. Raises ConsolidationFailed, OSError, RulesError, ValueError."""
        kept = {memory.thread_id for memory in selected}
        gone = [thread_id for thread_id in await self._memories.consolidated() if thread_id not in kept]
        new = [notes.note_name(memory) for memory in selected if not memory.is_consolidated]
        prompt = consolidation.prompt(new, gone, has_summary=bool(base))
        folder = self._kept.folder
        try:
            place = await folder.set_up_workshop(claim.token, workshop_files(selected, base))
            async with self._renewed(claim):
                await self._agent.run(wanted.config, place, prompt, fallback_model=wanted.model)
            content = await folder.take_from_workshop(claim.token, notes.SUMMARY_FILE, limit=consolidation.MAX_SUMMARY)
        except FileNotFoundError:
            raise ConsolidationFailed("no summary was written") from None
        finally:
            with trio.CancelScope(shield=True, deadline=trio.current_time() + _RELEASE_SECONDS):
                await folder.remove_workshop(claim.token)
        return consolidation.checked(content)

    @asynccontextmanager
    async def _renewed(self, claim: MemoryClaim) -> AsyncGenerator[None]:
        """Give signs of life while the block runs, which ends when the work is void, or takes too long.

        Raises ConsolidationFailed.
        """

        async def renew() -> None:
            while True:
                await trio.sleep(LEASE_MS / 3000)
                if not await self._memories.renew(claim):
                    scope.cancel()
                    return

        with trio.move_on_after(CONSOLIDATION_SECONDS) as scope:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(renew)
                yield
                nursery.cancel_scope.cancel()
        if scope.cancelled_caught:
            raise ConsolidationFailed("it took too long, or was to be forgotten")

    @asynccontextmanager
    async def _given_back(self, claim: MemoryClaim) -> AsyncGenerator[None]:
        """Give work back that the end of the server cuts short: the next server need not wait for the lease to end."""
        try:
            yield
        except trio.Cancelled:
            with trio.CancelScope(shield=True, deadline=trio.current_time() + _RELEASE_SECONDS):
                await self._memories.release(claim)
            raise


def _is_remembered(meta: SessionMeta) -> bool:
    """Return whether a thread is of a kind of which something may be remembered."""
    return meta.memory_mode in (None, "enabled") and not isinstance(meta.source, dict)
