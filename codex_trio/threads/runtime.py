"""What loads and runs threads, built together when the first request needs it.

Owns the wiring of the thread layer and the engine below it. Does not own their life: `app.py` runs the manager.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial
from pathlib import Path

import msgspec
import trio

from codex_trio.config.edit import Edit
from codex_trio.config.errors import ConfigWriteError
from codex_trio.config.service import ConfigService
from codex_trio.config.settings import EffectiveConfig
from codex_trio.config.write import write_edits
from codex_trio.engine.session.services import EngineServices
from codex_trio.engine.turn_gate import TurnGate
from codex_trio.environments.errors import UnusableEnvironment
from codex_trio.environments.manager import EnvironmentManager
from codex_trio.execution.groups import RunningProcess
from codex_trio.execution.launch import SpawnRequest
from codex_trio.extensions.hooks.runner import CallTool, HookRunner
from codex_trio.extensions.mcp.connection import McpMeans
from codex_trio.extensions.mcp.errors import McpGone
from codex_trio.extensions.mcp.oauth.logins import McpLogins
from codex_trio.extensions.mcp.oauth.store import LoginStore
from codex_trio.extensions.mcp.pool import McpPool
from codex_trio.extensions.mcp.settings import McpServerSettings, OAuthSettings, oauth_settings
from codex_trio.extensions.mcp.stdio import Start
from codex_trio.extensions.sets import ExtensionSets
from codex_trio.files.local import LocalFiles
from codex_trio.identity.auth_store import AuthStore
from codex_trio.identity.credentials import AuthFileError
from codex_trio.identity.keys import MissingApiKey, resolve_request_auth
from codex_trio.identity.user_agent import Identity
from codex_trio.model.auth_command import AuthCommands
from codex_trio.model.aws_login import AwsLogins
from codex_trio.model.catalog import ModelCatalog, ModelInfo
from codex_trio.model.client import ResponsesClient
from codex_trio.model.endpoint import resolve
from codex_trio.model.errors import ErrorInfo, ModelError
from codex_trio.model.http import HttpTransport
from codex_trio.model.realtime import RealtimeFailure, RealtimeTarget
from codex_trio.model.sockets import ModelSockets
from codex_trio.state.store.goals import GoalStore
from codex_trio.state.store.queues import InputQueues
from codex_trio.threads.agents.teams import AgentTeams
from codex_trio.threads.clients import ThreadClients
from codex_trio.threads.elicitation import Elicitations
from codex_trio.threads.goals import FEATURE as GOALS
from codex_trio.threads.goals import ThreadGoals
from codex_trio.threads.hosting import ThreadHost
from codex_trio.threads.live import LiveThread
from codex_trio.threads.loaded import LoadedThreads
from codex_trio.threads.loading import ThreadLoader
from codex_trio.threads.manager import ThreadManager
from codex_trio.threads.mcp import McpServers
from codex_trio.threads.mcp_logins import ServerLogins
from codex_trio.threads.memories.consolidator import MemoryAgent
from codex_trio.threads.memories.maker import MemoryMaker
from codex_trio.threads.notify import TurnNotices
from codex_trio.threads.queue import ThreadQueues
from codex_trio.threads.realtime.settings import bases_of
from codex_trio.threads.realtime.worker import ThreadVoices
from codex_trio.threads.stored import StoredThreads
from codex_trio.threads.upkeep import ThreadUpkeep
from codex_trio.tools.code_mode.cells import ScriptEngine
from codex_trio.tools.pictures import Pictures
from codex_trio.util.abandonable import finished

_log = logging.getLogger(__name__)

_WRITE_SECONDS = 30.0
"""How long the user's configuration may take to be written; a turn waits for that."""


class ThreadRuntime(StoredThreads, frozen=True, kw_only=True):
    """The thread layer, with all that loads and runs threads."""

    environments: EnvironmentManager
    manager: ThreadManager
    host: ThreadHost
    upkeep: ThreadUpkeep
    queues: ThreadQueues
    goals: ThreadGoals
    elicitations: Elicitations
    mcp: McpServers
    maker: MemoryMaker
    mcp_logins: ServerLogins
    voices: ThreadVoices
    warm: Callable[[], Awaitable[None]]
    """Prepares for the first turn without sending anything."""


class RuntimeParts(msgspec.Struct, frozen=True, kw_only=True):
    """What the thread layer is built from. `environ` is the server's own environment."""

    codex_home: Path
    threads: StoredThreads
    queues: InputQueues
    goals: GoalStore
    environ: Mapping[str, str]
    config: ConfigService
    auth: AuthStore
    identity: Identity
    installation_id: str
    catalog: ModelCatalog
    clients: ThreadClients
    environments: EnvironmentManager
    extensions: ExtensionSets
    transport: HttpTransport
    gate: TurnGate
    start_script: Callable[[], ScriptEngine]
    quiet: Callable[[float], Awaitable[None]]
    """Returns once clients have asked for nothing for so many seconds."""
    start_process: Start
    """Starts processes that are no commands: MCP servers."""


def build_runtime(parts: RuntimeParts) -> ThreadRuntime:
    """Return the thread layer, not yet running."""
    threads = parts.threads
    engine = EngineServices(
        identity=parts.identity,
        installation_id=parts.installation_id,
        timezone=timezone_name(parts.environ),
        client=_client_factory(parts, threads.loaded),
        model=_model_facts(parts),
        gate=parts.gate,
        pictures=Pictures(LocalFiles()),
    )
    loader = ThreadLoader(
        codex_home=parts.codex_home,
        store=threads.store,
        environments=parts.environments,
        catalog=parts.catalog,
        doubted=parts.config.writes.doubted,
        requirements=parts.config.requirements,
        config=parts.config,
        extensions=parts.extensions,
    )
    queues = ThreadQueues(
        parts.queues, store=threads.store, loaded=threads.loaded, clients=parts.clients, pictures=engine.pictures
    )
    goals = ThreadGoals(
        parts.goals,
        store=threads.store,
        loaded=threads.loaded,
        clients=parts.clients,
        is_on=lambda: parts.config.startup_default().feature(GOALS),
    )
    maker = MemoryMaker(
        threads.memories,
        store=threads.store,
        engine=engine,
        agent=MemoryAgent(
            engine=engine, environments=parts.environments, loader=loader, start_script=parts.start_script
        ),
        quiet=parts.quiet,
    )
    voices = ThreadVoices(parts.clients, partial(_realtime_server, parts))
    elicitations = Elicitations()

    def logins_settings() -> OAuthSettings:
        return oauth_settings(parts.config.startup_default().merged)

    login_store = LoginStore(parts.codex_home, kind=lambda: logins_settings().store)
    logins = McpLogins(parts.transport, login_store, settings=logins_settings)
    means = McpMeans(
        start=parts.start_process,
        transport=parts.transport,
        environ=parts.environ,
        logins=logins,
        start_elsewhere=partial(_start_elsewhere, parts.environments),
    )
    mcp = McpServers(
        McpPool(means),
        clients=parts.clients,
        remember=partial(_approve_for_good, parts.config),
        plugins=parts.extensions.plugins,
    )
    host = ThreadHost(
        loaded=threads.loaded,
        store=threads.store,
        read_states=threads.read_states,
        queues=queues,
        goals=goals,
        clients=parts.clients,
        environments=parts.environments,
        engine=engine,
        loader=loader,
        elicitations=elicitations,
        agents=AgentTeams(
            store=threads.store,
            graph=threads.graph,
            loader=loader,
            catalog=parts.catalog,
            codex_home=parts.codex_home,
        ),
        start_script=parts.start_script,
        heard=maker.heard,
        voices=voices,
        mcp=mcp,
        new_hook_runner=partial(_hook_runner, parts),
        new_notices=partial(_notices, parts),
    )
    manager = ThreadManager(
        config=parts.config,
        loaded=threads.loaded,
        store=threads.store,
        loader=loader,
        organisation=threads.organisation,
        host=host,
        goals=goals,
        gate=parts.gate,
        started=maker.thread_started,
    )
    return ThreadRuntime(
        loaded=threads.loaded,
        environments=parts.environments,
        manager=manager,
        host=host,
        upkeep=ThreadUpkeep(
            host=host,
            loaded=threads.loaded,
            store=threads.store,
            queues=queues,
            goals=goals,
            memories=threads.memories,
            graph=threads.graph,
        ),
        queues=queues,
        goals=goals,
        store=threads.store,
        read_states=threads.read_states,
        graph=threads.graph,
        organisation=threads.organisation,
        compress=threads.compress,
        memories=threads.memories,
        maker=maker,
        voices=voices,
        elicitations=elicitations,
        mcp=mcp,
        mcp_logins=ServerLogins(logins, mcp, parts.clients),
        warm=partial(_warm, parts),
    )


def _hook_runner(parts: RuntimeParts, config: EffectiveConfig, call: CallTool) -> HookRunner:
    return HookRunner(
        parts.start_process,
        call,
        environ=parts.environ,
        variables=config.shell_environment_policy,
        shell=parts.environ.get("SHELL") or "/bin/sh",
    )


def _notices(parts: RuntimeParts, config: EffectiveConfig, live: LiveThread, nursery: trio.Nursery) -> TurnNotices:
    return TurnNotices(
        config,
        live.id,
        parts.start_process,
        environ=parts.environ,
        cwd=lambda: str(live.settings.cwd),
        client=parts.identity.originator,
        nursery=nursery,
    )


async def _approve_for_good(config: ConfigService, settings: McpServerSettings, tool: str) -> str | None:
    """Note in the user's configuration that a tool may be called without asking; why it cannot be noted."""
    server = settings.name
    owner = () if settings.plugin_id is None else ("plugins", settings.plugin_id)
    path = (*owner, "mcp_servers", server, "tools", tool, "approval_mode")
    edit = Edit(path=path, value="approve", merge=False)
    try:
        await finished(_WRITE_SECONDS, _WRITE_SECONDS, write_edits, config, [edit])
    except (ConfigWriteError, TimeoutError) as error:
        why = error.message if isinstance(error, ConfigWriteError) else f"the configuration {error.strerror}"
        kept = f"`mcp_servers.{server}.tools.{tool}.approval_mode` could not be written: {why}"
        return (
            f"That {server}/{tool} may always be called holds for this thread only: {kept}. A server that only a "
            'project names keeps such answers in the project\'s .codex/config.toml: approval_mode = "approve"'
        )
    return None


async def _warm(parts: RuntimeParts) -> None:
    """Open what the first request to the configured provider needs; problems are left for that request to report."""
    provider = parts.config.startup_default().model_provider
    await ResponsesClient(provider, parts.transport, api_key=None, environ=parts.environ).warm()


def timezone_name(environ: Mapping[str, str], zone_file: Path = Path("/etc/localtime")) -> str:
    """Return the IANA name of the local time zone, `Etc/UTC` when nothing says."""
    configured = environ.get("TZ", "").lstrip(":")
    if "/" in configured and not configured.startswith("/"):
        return configured
    try:
        parts = zone_file.resolve(strict=True).parts
    except OSError:
        return "Etc/UTC"
    return "/".join(parts[parts.index("zoneinfo") + 1 :]) if "zoneinfo" in parts else "Etc/UTC"


def _client_factory(parts: RuntimeParts, loaded: LoadedThreads) -> Callable[[EffectiveConfig, str], ResponsesClient]:
    folder = parts.config.resolve_cwd(None)
    commands, sockets = AuthCommands(parts.environ, folder=folder), ModelSockets(parts.transport)
    logins = AwsLogins(parts.environ, folder=folder)

    async def attest(thread_id: str) -> str | None:
        live = loaded.find(thread_id)
        return None if live is None else await parts.clients.attest(live.subscribers)

    def client(config: EffectiveConfig, provider_id: str) -> ResponsesClient:
        provider = config.model_providers[provider_id]
        try:
            auth = resolve_request_auth(provider, environ=parts.environ, credentials=parts.auth.credentials())
        except (MissingApiKey, AuthFileError) as error:
            raise ModelError(str(error), info=ErrorInfo("unauthorized")) from error
        has_account = auth.chatgpt_account_id is not None
        if has_account:
            # A login may have several accounts. What the provider's own settings say comes first.
            headers = {"chatgpt-account-id": auth.chatgpt_account_id, **provider.http_headers}
            provider = msgspec.structs.replace(provider, http_headers=headers)
        command_key = None if provider.auth is None else commands.key_of(provider.auth)
        models = parts.catalog.source
        return ResponsesClient(
            provider,
            parts.transport,
            api_key=auth.bearer,
            environ=parts.environ,
            command_key=command_key,
            aws_login=logins.of(provider),
            sockets=sockets,
            models=models if models is not None and models.url == provider.model_catalog_url else None,
            attest=attest if has_account else None,
            compresses=has_account and provider_id == "openai" and config.feature("enable_request_compression"),
        )

    return client


def _realtime_server(parts: RuntimeParts, config: EffectiveConfig, provider_id: str, thread_id: str) -> RealtimeTarget:
    """Return where a thread's voice sessions are had. Raises RealtimeFailure."""
    provider, bases = config.model_providers[provider_id], bases_of(config)
    base = bases.socket or provider.base_url or ""
    try:
        auth = resolve_request_auth(provider, environ=parts.environ, credentials=parts.auth.credentials())
        if auth.bearer is None:
            raise RealtimeFailure("realtime conversation requires API key auth")
        endpoint = resolve(msgspec.structs.replace(provider, base_url=base), api_key=auth.bearer, environ=parts.environ)
    except (MissingApiKey, AuthFileError) as error:
        raise RealtimeFailure("realtime conversation requires API key auth") from error
    except ModelError as error:
        raise RealtimeFailure(error.message) from error
    return RealtimeTarget(
        transport=parts.transport,
        socket_base=base,
        call_base=bases.call or base,
        endpoint=endpoint,
        headers={
            "originator": parts.identity.originator,
            "user-agent": parts.identity.user_agent,
            "session-id": thread_id,
            "thread-id": thread_id,
        },
    )


def _model_facts(parts: RuntimeParts) -> Callable[[EffectiveConfig, str], ModelInfo]:
    def facts(config: EffectiveConfig, slug: str) -> ModelInfo:
        return parts.catalog.info(slug).configured(
            context_window=config.model_context_window,
            auto_compact_token_limit=config.model_auto_compact_token_limit,
            auto_compact_scope=config.model_auto_compact_token_limit_scope,
            post_turn_compact_percent=config.model_post_turn_compact_threshold_percent,
            tool_output_token_limit=config.tool_output_token_limit,
        )

    return facts


async def _start_elsewhere(
    environments: EnvironmentManager, environment_id: str, request: SpawnRequest, taken: Sequence[str]
) -> RunningProcess:
    """Start an MCP server in another environment. Raises SpawnError, McpGone."""
    try:
        host = environments.server_host(environment_id)
    except UnusableEnvironment as error:
        raise McpGone(str(error)) from error
    return await host.start_server(request, taken=taken)
