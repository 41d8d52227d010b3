"""The thread layer without a server around it: threads in memory, a model that never answers, and clients that note."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing, asynccontextmanager
from pathlib import Path
from typing import Any, NoReturn, cast

import trio

from codex_trio.config.service import ConfigService
from codex_trio.config.sources import no_doubt
from codex_trio.domain.ids import uuid7
from codex_trio.engine.goals.keeper import MAX_UNATTENDED_TURNS
from codex_trio.engine.session.services import EngineServices
from codex_trio.engine.settings import TurnOverrides
from codex_trio.engine.turn_gate import TurnGate
from codex_trio.engine.turn_request import TurnRequest, UserInput
from codex_trio.environments.manager import EnvironmentManager
from codex_trio.environments.selection import LOCAL
from codex_trio.execution.errors import ScriptProcessEnded
from codex_trio.extensions.mcp.pool import McpPool
from codex_trio.extensions.mcp.settings import McpServerSettings
from codex_trio.extensions.sets import ExtensionSet
from codex_trio.files.local import LocalFiles
from codex_trio.identity.user_agent import Identity
from codex_trio.model.catalog import ModelCatalog, bundled_catalog
from codex_trio.model.errors import ModelError
from codex_trio.model.events import Completed, ModelEvent, OutputItemDone
from codex_trio.model.realtime import RealtimeFailure
from codex_trio.model.usage import ResponseUsage
from codex_trio.state.memory.storage import memory_storage
from codex_trio.state.store.queues import InputQueues
from codex_trio.state.store.storage import ThreadStorage
from codex_trio.testing.environments import MemoryEnvironment
from codex_trio.threads.agents.teams import AgentTeams
from codex_trio.threads.elicitation import Elicitations
from codex_trio.threads.goals import ThreadGoals
from codex_trio.threads.hosting import ThreadHost
from codex_trio.threads.live import LiveThread
from codex_trio.threads.loading import ThreadLoader
from codex_trio.threads.manager import ThreadManager, ThreadOrigin
from codex_trio.threads.mcp import McpServers
from codex_trio.threads.options import ThreadOptions
from codex_trio.threads.queue import ThreadQueues
from codex_trio.threads.realtime.worker import Connect, ThreadVoices
from codex_trio.threads.stored import StoredThreads, stored_threads
from codex_trio.threads.upkeep import ThreadUpkeep
from codex_trio.tools.pictures import Pictures

MODEL = "gpt-5.5"
CLIENT = 1


class WithoutWebsockets:
    """A model that is told nothing before a request."""

    def can_prewarm(self, _thread_id: str) -> bool:
        return False


class SilentClient(WithoutWebsockets):
    """A model that takes a request and never says anything."""

    class Provider:
        stream_max_retries = 0

    provider = Provider()

    @asynccontextmanager
    async def stream(self, request: Any, *, tell_renewal: object = None) -> AsyncGenerator[Any]:
        await trio.sleep_forever()
        yield None


class ScriptedModel(WithoutWebsockets):
    """A model that answers each request with the next of these responses, each used a hundred tokens; then never."""

    class Provider:
        stream_max_retries = 0

    provider = Provider()

    def __init__(self, *responses: Sequence[ModelEvent] | ModelError) -> None:
        self.requests: list[Any] = []
        self.go = trio.Event()
        """Nothing is answered before this is set."""
        self.go.set()
        self._responses = list(responses)

    @asynccontextmanager
    async def stream(self, request: Any, *, tell_renewal: object = None) -> AsyncGenerator[Any]:
        self.requests.append(request)
        if not self._responses:
            await trio.sleep_forever()
        await self.go.wait()
        response = self._responses.pop(0)
        if isinstance(response, ModelError):
            raise response

        async def batches() -> AsyncGenerator[Sequence[ModelEvent]]:
            await trio.lowlevel.checkpoint()
            yield [*response, Completed(response_id="r", usage=USAGE, end_turn=None)]

        async with aclosing(batches()) as stream:
            yield stream


USAGE = ResponseUsage(
    input_tokens=100,
    cached_input_tokens=20,
    cache_write_input_tokens=0,
    output_tokens=20,
    reasoning_output_tokens=0,
    total_tokens=120,
)


def says_only(text: str = "Well.") -> list[ModelEvent]:
    """Return a response in which the model says something and does nothing."""
    item = {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": text}]}
    return [OutputItemDone(item=item)]


def calls(name: str, arguments: str, *, call_id: str = "c") -> list[ModelEvent]:
    """Return a response in which the model calls a tool."""
    return [OutputItemDone(item={"type": "function_call", "name": name, "arguments": arguments, "call_id": call_id})]


class NotingClients:
    """Clients of threads that note what they are told, by the port's verb."""

    def __init__(self) -> None:
        self.told: list[tuple[str, Any]] = []

    def tell_event(self, thread_id: str, event: Any, followers: Any) -> None:
        self.told.append((type(event).__name__, event))

    def tell_status(self, thread_id: str, status: Any) -> None:
        self.told.append(("status", status))

    def tell_read_state(self, thread_id: str, read_state: Any) -> None:
        self.told.append(("read_state", read_state.first_unread))

    def tell_queue_changed(self, thread_id: str, followers: Any) -> None:
        self.told.append(("queue_changed", thread_id))

    def tell_settings(self, thread_id: str, settings: Any, followers: Any) -> None:
        self.told.append(("settings", settings))

    def tell_connection(self, thread_id: str, change: Any, followers: Any) -> None:
        self.told.append(("connection", change))

    def tell_unloaded(self, thread_id: str) -> None:
        self.told.append(("unloaded", thread_id))

    def tell_voice(self, thread_id: str, news: Any, followers: Any) -> None:
        self.told.append(("voice", news))

    async def ready(self, followers: Any) -> None:
        await trio.lowlevel.checkpoint()

    def connected(self, followers: Any) -> set[int]:
        return set(followers)

    def tell_mcp_login(self, login: Any) -> None:
        self.told.append(("mcp login", login))

    def tell_mcp_status(self, thread_id: str, status: Any, followers: Any) -> None:
        self.told.append(("mcp", status))

    async def elicit(self, thread_id: str, question: Any, followers: Any) -> Any:
        raise AssertionError(question)

    async def attest(self, followers: Any) -> str | None:
        raise AssertionError(followers)

    async def ask_command(self, thread_id: str, question: Any, followers: Any) -> Any:
        raise AssertionError(question)

    async def ask_user(self, thread_id: str, questions: Any, followers: Any) -> Any:
        raise AssertionError(questions)

    async def ask_patch(self, thread_id: str, question: Any, followers: Any) -> Any:
        raise AssertionError(question)

    async def ask_permissions(self, thread_id: str, question: Any, followers: Any) -> Any:
        raise AssertionError(question)

    async def call_tool(self, thread_id: str, call: Any, followers: Any) -> Any:
        raise AssertionError(call)

    def withdraw_questions(self, thread_id: str) -> None:
        self.told.append(("withdrawn", thread_id))

    def of(self, kind: str) -> list[Any]:
        return [what for told, what in self.told if told == kind]


class NoExtensions:
    """Finds that no folder brings anything along."""

    async def of(self, config: object, **_: object) -> ExtensionSet:
        await trio.lowlevel.checkpoint()
        return ExtensionSet()


def no_realtime(*_: object) -> NoReturn:
    raise RealtimeFailure("there is none")


async def keep_nothing(server: McpServerSettings, tool: str) -> None:
    raise AssertionError((server, tool))


class Request:
    """A request under way, to be answered when the test says so."""

    def __init__(self) -> None:
        self.answered = trio.Event()
        self.has_left_scope = False
        self._endings: list[Any] = []

    def when_answered(self, callback: Any) -> None:
        self._endings.append(callback)

    def leave_scope(self) -> None:
        self.has_left_scope = True

    def answer(self) -> None:
        self.answered.set()
        for ending in self._endings:
            ending()


class Lab:
    """The thread layer, and what is around it."""

    waiting: InputQueues
    """Where messages that wait are kept."""

    def __init__(
        self,
        manager: ThreadManager,
        host: ThreadHost,
        threads: StoredThreads,
        queues: ThreadQueues,
        goals: ThreadGoals,
        clients: NotingClients,
        *,
        loader: ThreadLoader,
        config: ConfigService,
        environments: EnvironmentManager,
        engine: EngineServices,
        voices: ThreadVoices,
        mcp: McpServers,
    ) -> None:
        self.voices = voices
        self.gate = engine.gate
        self.engine = engine
        self.mcp = mcp
        self.loader = loader
        self.config = config
        self.environments = environments
        self.manager = manager
        self.host = host
        self.threads = threads
        self.loaded = threads.loaded
        self.store = threads.store
        self.graph = threads.graph
        self.clients = clients
        self.queues = queues
        self.goals = goals
        self.upkeep = ThreadUpkeep(
            host=host,
            loaded=threads.loaded,
            store=threads.store,
            queues=queues,
            goals=goals,
            memories=threads.memories,
            graph=threads.graph,
        )

    async def start(self, *, ephemeral: bool = False) -> LiveThread:
        """Return a new thread that one client follows."""
        origin = ThreadOrigin(subscriber=CLIENT, originator="test", source="vscode")
        return await self.manager.start(ThreadOptions(ephemeral=ephemeral), origin)

    async def resume(self, thread_id: str) -> LiveThread:
        """Return a stored thread, loaded for the same client."""
        origin = ThreadOrigin(subscriber=CLIENT, originator="test", source="vscode")
        return await self.manager.resume(thread_id, ThreadOptions(), origin, lambda _: None)

    async def start_turn(self, live: LiveThread, text: str = "Hello") -> str:
        """Return a turn that runs until it is stopped; its request is answered."""
        request = Request()
        taken = await live.start_turn(says(text), TurnOverrides(), request)
        request.answer()
        return taken.turn_id

    async def run_turn(self, live: LiveThread, text: str = "Hello") -> str:
        """Return a turn that was stopped."""
        turn_id = await self.start_turn(live, text)
        await live.end_turn()
        return turn_id


def said(text: str) -> UserInput:
    """Return those words as a user says them."""
    return UserInput(content=[{"type": "text", "text": text, "text_elements": []}])


def says(text: str) -> TurnRequest:
    """Return a turn that begins with those words."""
    return TurnRequest(turn_id=uuid7(), input=said(text))


@asynccontextmanager
async def open_threads(
    base: Path,
    *,
    patience: float = 30.0,
    client: Any = None,
    storage: ThreadStorage | None = None,
    max_unattended: int = MAX_UNATTENDED_TURNS,
    settings: str = "",
    others: Sequence[MemoryEnvironment] = (),
    connect: Connect = no_realtime,
    unfollowed_seconds: float = 30.0,
) -> AsyncGenerator[Lab]:
    """Provide the thread layer until the block ends, which must not take longer than so many seconds.

    Its threads are in memory, unless it is given a `storage` for them; its model is silent, unless it is given a
    `client` of another one. After `max_unattended` turns that began by themselves it lets a goal be.
    `settings` are the user's; `others` are environments besides this machine's.
    `connect` gives the realtime server of voice sessions; there is none without it.
    One that nobody hears ends after `unfollowed_seconds`.
    """
    home = base / "codex"
    home.mkdir(exist_ok=True)
    storage = storage or memory_storage()
    if settings:
        (home / "config.toml").write_text(settings)
    config = ConfigService(home, environ={"HOME": str(base)}, cli_overrides=(), system_dir=base, cwd=base)
    catalog, clients = bundled_catalog(), NotingClients()
    threads = stored_threads(storage, codex_home=home)
    engine = EngineServices(
        identity=Identity({}),
        installation_id="installation",
        timezone="Etc/UTC",
        client=lambda _config, _provider: client or cast("Any", SilentClient()),
        model=lambda _config, slug: catalog.info(slug),
        gate=TurnGate(),
        pictures=Pictures(LocalFiles()),
    )
    queues = ThreadQueues(
        storage.queues, store=storage.store, loaded=threads.loaded, clients=clients, pictures=engine.pictures
    )
    goals = ThreadGoals(
        storage.goals,
        store=storage.store,
        loaded=threads.loaded,
        clients=clients,
        is_on=lambda: True,
        max_unattended=max_unattended,
    )
    environments = EnvironmentManager(MemoryEnvironment(LOCAL), *others)
    loader = ThreadLoader(
        codex_home=home,
        store=storage.store,
        environments=environments,
        catalog=ModelCatalog([catalog.info(MODEL)]),
        doubted=no_doubt,
        config=config,
        extensions=cast("Any", NoExtensions()),
    )
    voices = ThreadVoices(clients, connect, unfollowed_seconds=unfollowed_seconds)
    mcp = McpServers(McpPool(cast("Any", None)), clients=clients, remember=keep_nothing)
    host = ThreadHost(
        loaded=threads.loaded,
        store=storage.store,
        read_states=storage.read_states,
        queues=queues,
        goals=goals,
        clients=clients,
        environments=environments,
        engine=engine,
        loader=loader,
        elicitations=Elicitations(),
        start_script=_no_scripts,
        heard=lambda _: None,
        voices=voices,
        agents=AgentTeams(store=storage.store, graph=threads.graph, loader=loader, catalog=catalog, codex_home=home),
        mcp=mcp,
    )
    manager = ThreadManager(
        config=config,
        loaded=threads.loaded,
        store=storage.store,
        loader=loader,
        organisation=threads.organisation,
        host=host,
        goals=goals,
        gate=engine.gate,
        started=lambda _: None,
    )
    with trio.fail_after(patience):
        async with trio.open_nursery() as nursery:
            await nursery.start(host.run)
            lab = Lab(
                manager,
                host,
                threads,
                queues,
                goals,
                clients,
                loader=loader,
                config=config,
                environments=environments,
                engine=engine,
                voices=voices,
                mcp=mcp,
            )
            lab.waiting = storage.queues
            yield lab
            nursery.cancel_scope.cancel()


def _no_scripts() -> NoReturn:
    raise ScriptProcessEnded("these threads run none")
