"""One turn of `codex-trio exec`, from `initialize` to `turn/completed`, spoken over the protocol.

Owns the requests made, their params, and the interrupt. Does not own what is shown (the presenters) or the server.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any, Protocol
from uuid import UUID

import trio

from codex_trio.cli.exec_request import ExecRequest, ResumeChoice, SandboxMode
from codex_trio.cli.exec_trust import ExplicitlyUntrusted, trust_project
from codex_trio.cli.local_model import NoLocalModel, prepare_local_model
from codex_trio.client.connection import AppServerClient, thread_of
from codex_trio.client.errors import AppServerError
from codex_trio.client.messages import Notification, ServerRequest
from codex_trio.client.turns import TurnResult
from codex_trio.config.sources import find_project
from codex_trio.config.trust import UNTRUSTED_FOLDERS
from codex_trio.version import __version__

CLIENT_NAME = "codex_exec"

INTERRUPT_SECONDS = 5.0
"""How long an interrupted turn may take to end; it takes milliseconds unless something hangs."""

OSS_MODELS = {"ollama": "gpt-oss:20b", "lmstudio": "openai/gpt-oss-20b"}
"""Local providers, and the model used with each when none is named."""

DECLINED_APPROVALS: dict[str, dict[str, Any]] = {
    "item/commandExecution/requestApproval": {"decision": "decline"},
    "item/fileChange/requestApproval": {"decision": "decline"},
    "item/permissions/requestApproval": {"permissions": {}},
    "mcpServer/elicitation/request": {"action": "decline", "content": None},
    "applyPatchApproval": {"decision": "denied"},
    "execCommandApproval": {"decision": "denied"},
}
"""How each question is answered with no; all others are refused with an error."""

_THREAD_KINDS = ["cli", "vscode", "exec", "appServer", "unknown"]
_PAGE_SIZE = 100


class TurnNotRun(Exception):
    """No turn came about; the text says why."""


@dataclass(frozen=True, kw_only=True)
class OpenedThread:
    """What a person is told about the thread before its turn."""

    id: str
    workdir: str
    model: str
    provider: str
    approval: str | dict[str, Any]
    """The protocol's AskForApproval: `never`, unless an administrator lets nobody do without questions."""
    sandbox: dict[str, Any]
    """The protocol's SandboxPolicy."""
    profile: str | None
    """The permission profile of the user's own that it comes from."""
    effort: str | None
    summary: str | None
    prompt: str


class Presenter(Protocol):
    """Shows a turn to whoever runs it. Calls come in the order of the methods here."""

    @property
    def unwanted(self) -> Collection[str]:
        """Notifications that it makes nothing of."""
        ...

    def opened(self, thread: OpenedThread) -> None:
        """Show the thread, whose turn is about to start."""
        ...

    def show(self, message: Notification) -> None:
        """Show what a notification tells."""
        ...

    def declined(self, question: ServerRequest) -> None:
        """Show that the server asked for something and did not get it."""
        ...

    def ended(self, result: TurnResult) -> None:
        """Show how the turn ended."""
        ...


class _Notices:
    """Which warnings of a run need not be shown."""

    def __init__(self) -> None:
        self.are_outdated = False
        """Whether this run has trusted its project, after the server had said that it is not trusted."""
        self._told: set[str] = set()

    def is_told_already(self, message: Notification) -> bool:
        """Return whether a notification says what was told before, as of the server and again of the thread."""
        if message.method not in ("configWarning", "warning"):
            return False
        text: str = message.params.get("summary") or message.params["message"]
        if text in self._told:
            return True
        self._told.add(text)
        if self.are_outdated and text.startswith(UNTRUSTED_FOLDERS):
            # What is still untrusted is told of once more, of the thread.
            self.are_outdated = False
            return True
        return False


class ExecRun:
    """Runs the turn of a request."""

    def __init__(
        self,
        client: AppServerClient,
        request: ExecRequest,
        presenter: Presenter,
        *,
        environ: Mapping[str, str],
        tell: Callable[[str], None],
    ) -> None:
        """`environ` says where programs that run models on this machine are; `tell` has a person read a line."""
        self._client = client
        self._environ = environ
        self._tell = tell
        self._request = request
        self._presenter = presenter
        self._running: TurnResult | None = None
        self._thread_id = ""

    async def run(self, stop: trio.Event) -> TurnResult | None:
        """Run the turn to its end; None when `stop` was set before it had one.

        Raises TurnNotRun, AppServerError and ServerGone, all of them within an exception group.
        """
        result: TurnResult | None = None
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._end_when, stop, nursery.cancel_scope)
            result = await self._run()
            nursery.cancel_scope.cancel()
        return result

    async def _end_when(self, stop: trio.Event, scope: trio.CancelScope) -> None:
        await stop.wait()
        if self._running is not None:
            scope.deadline = trio.current_time() + INTERRUPT_SECONDS
            params = {"threadId": self._thread_id, "turnId": self._running.turn["id"]}
            try:
                await self._client.request("turn/interrupt", params)
            except AppServerError:
                pass  # it has just ended
            else:
                return
        scope.cancel()

    async def _run(self) -> TurnResult:
        client, request = self._client, self._request
        for method in DECLINED_APPROVALS:
            client.handle(method, self._decline)
        with client.subscribe(buffer_size=100_000) as messages:
            await client.initialize(
                CLIENT_NAME, __version__, title="codex-trio exec", experimental=True, opt_out=self._presenter.unwanted
            )
            config = await self._config()
            note: str | None = None
            notices = _Notices()
            if request.trust:
                note = await self._trust(config)
                trusted = await self._config()
                notices.are_outdated = trusted["projects"] != config["projects"]
                config = trusted
            sandbox = sandbox_policy(request, config)
            opened = await self._open_thread(config, read_only=sandbox is not None)
            self._thread_id = opened["thread"]["id"]
            self._presenter.opened(
                OpenedThread(
                    id=self._thread_id,
                    workdir=opened["cwd"],
                    model=opened["model"],
                    provider=opened["modelProvider"],
                    approval=opened["approvalPolicy"],
                    sandbox=sandbox or opened["sandbox"],
                    profile=_own_profile(opened) if sandbox is None else None,
                    effort=opened["reasoningEffort"],
                    summary=config["model_reasoning_summary"],
                    prompt=request.prompt,
                )
            )
            if note is not None:
                self._presenter.show(Notification("warning", {"message": note}))
            result = self._running = TurnResult(turn=await self._start_turn(sandbox))
            async for message in messages:
                assert isinstance(message, Notification)
                if thread_of(message.params) not in (None, self._thread_id) or notices.is_told_already(message):
                    continue
                self._presenter.show(message)
                if result.add(message):
                    break
            self._presenter.ended(result)
            return result

    async def _config(self) -> dict[str, Any]:
        return (await self._client.request("config/read", {"cwd": str(self._request.workdir)}))["config"]

    async def _trust(self, config: dict[str, Any]) -> str | None:
        try:
            return await trust_project(self._client, self._request.workdir, config)
        except ExplicitlyUntrusted as refusal:
            raise TurnNotRun(str(refusal)) from refusal

    async def _start_turn(self, sandbox: dict[str, Any] | None) -> dict[str, Any]:
        """Start what was asked for, and return its turn."""
        client, review = self._client, self._request.review
        if review is None:
            return (await client.request("turn/start", self._turn_params(sandbox)))["turn"]
        if sandbox is not None:
            settings = {"threadId": self._thread_id, "sandboxPolicy": sandbox}
            await client.request("thread/settings/update", settings)
        params = {"threadId": self._thread_id, "target": review.target}
        return (await client.request("review/start", params))["turn"]

    def _turn_params(self, sandbox: dict[str, Any] | None) -> dict[str, Any]:
        request = self._request
        images = [{"type": "localImage", "path": str(path)} for path in request.images]
        params: dict[str, Any] = {
            "threadId": self._thread_id,
            "input": [*images, {"type": "text", "text": request.prompt}],
        }
        if sandbox is not None:
            # Given with the turn, because a thread that starts with the right to write marks its project as trusted,
            # which nobody has asked for by running one turn.
            params["sandboxPolicy"] = sandbox
        if request.output_schema is not None:
            params["outputSchema"] = request.output_schema
        return params

    async def _open_thread(self, config: dict[str, Any], *, read_only: bool) -> dict[str, Any]:
        request = self._request
        params: dict[str, Any] = {"cwd": str(request.workdir), "approvalPolicy": "never"}
        if read_only:
            params["sandbox"] = "read-only"
        model = request.model
        if request.oss:
            params["modelProvider"] = provider = local_provider(request, config)
            model = model or OSS_MODELS.get(provider)
            try:
                await prepare_local_model(provider, model, config, self._environ, tell=self._tell)
            except NoLocalModel as missing:
                raise TurnNotRun(str(missing)) from missing
        if model is not None:
            params["model"] = model
        if request.resume is not None:
            found = await self._find_thread(request.resume, params.get("modelProvider"))
            if found is not None:
                params |= {"threadId": found, "excludeTurns": True}
                if not request.resume.copies:
                    return await self._client.request("thread/resume", params)
                return await self._client.request("thread/fork", {**params, "ephemeral": request.ephemeral})
        # A call that is refused becomes no item: only the model's own items tell of it.
        params |= {"ephemeral": request.ephemeral, "experimentalRawEvents": True}
        return await self._client.request("thread/start", params)

    async def _find_thread(self, target: ResumeChoice, provider: str | None) -> str | None:
        """Return the id of the thread to resume; None when the latest is wanted and there is none."""
        if target.name is not None and _is_id(target.name):
            return target.name
        params: dict[str, Any] = {
            "sortKey": "updated_at",
            "sourceKinds": _THREAD_KINDS,
            "limit": _PAGE_SIZE,
        }
        if target.name is None:
            params["modelProviders"] = None if provider is None else [provider]
        else:
            params.update(searchTerm=target.name, modelProviders=[])
        if not target.any_folder:
            params["cwd"] = str(self._request.workdir)
        while True:
            page = await self._client.request("thread/list", params)
            for thread in page["data"]:
                if target.name is None or thread["name"] == target.name:
                    return thread["id"]
            params["cursor"] = page["nextCursor"]
            if params["cursor"] is None:
                break
        if target.name is not None:
            where = "" if target.any_folder else f" in {self._request.workdir}; --all looks at every folder"
            raise TurnNotRun(f"no thread is named `{target.name}`{where}")
        return None

    async def _decline(self, question: ServerRequest) -> Any:
        self._presenter.declined(question)
        return DECLINED_APPROVALS[question.method]


def _own_profile(opened: dict[str, Any]) -> str | None:
    """Return the name of the permission profile of a thread; None for one that is built in."""
    profile: dict[str, Any] | None = opened.get("activePermissionProfile")
    name: str | None = None if profile is None else profile["id"]
    return None if name is None or name.startswith(":") else name


def sandbox_policy(request: ExecRequest, config: dict[str, Any]) -> dict[str, Any] | None:
    """Return the protocol's SandboxPolicy for the turn; None where only the server can tell what is configured.

    Settled here for threads that are resumed too: they do not keep what an earlier run was allowed.
    """
    mode: SandboxMode | None = request.sandbox or config["sandbox_mode"]
    if mode is None:
        if config["default_permissions"] is not None:
            return None
        # A folder that the user has decided about is a workspace; anything else is only looked at.
        trust = find_project(config, request.workdir).trust
        mode = "read-only" if trust.level is None else "workspace-write"
    match mode:
        case "danger-full-access":
            return {"type": "dangerFullAccess"}
        case "read-only":
            return {"type": "readOnly", "networkAccess": False}
        case "workspace-write":
            workspace: dict[str, Any] = config["sandbox_workspace_write"] or {}
            added = [str(folder) for folder in request.writable_folders]
            return {
                "type": "workspaceWrite",
                "writableRoots": [*added, *workspace.get("writable_roots", [])],
                "networkAccess": workspace.get("network_access", False),
                "excludeTmpdirEnvVar": workspace.get("exclude_tmpdir_env_var", False),
                "excludeSlashTmp": workspace.get("exclude_slash_tmp", False),
            }


def local_provider(request: ExecRequest, config: dict[str, Any]) -> str:
    """Return the provider that `--oss` means. Raises TurnNotRun when nothing says which."""
    name = request.local_provider or config["oss_provider"]
    if name is None:
        choices = ", ".join(sorted(OSS_MODELS))
        raise TurnNotRun(
            "No default OSS provider configured. Use --local-provider=provider or set oss_provider to one of: "
            f"{choices} in config.toml"
        )
    return name


def _is_id(text: str) -> bool:
    try:
        UUID(text)
    except ValueError:
        return False
    return True
