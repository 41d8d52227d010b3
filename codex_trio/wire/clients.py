"""What threads tell clients, and ask them, in the words of the protocol: the `ThreadClients` of a server.

Owns which notification or request says what. Does not own the wire form of events (wire/events.py) or the sending
(rpc/outgoing.py).
"""

from __future__ import annotations

import msgspec
from codex_trio_protocol.v2 import thread as wire
from codex_trio_protocol.v2.client_call import DynamicToolCallParams
from codex_trio_protocol.v2.item_events import ServerRequestResolvedNotification
from codex_trio_protocol.v2.mcp import McpServerOauthLoginCompletedNotification, McpServerStatusUpdatedNotification
from codex_trio_protocol.v2.notice import WarningNotification
from codex_trio_protocol.v2.thread_list import ThreadReadStateChangedNotification
from codex_trio_protocol.v2.thread_queue import ThreadQueueChangedNotification
from codex_trio_protocol.v2.thread_settings import ThreadSettingsUpdatedNotification
from msgspec import UNSET

from codex_trio.domain.realtime import VoiceNews
from codex_trio.engine.events import Event
from codex_trio.engine.settings import ThreadSettings
from codex_trio.environments.news import ConnectionChange
from codex_trio.extensions.mcp.thread_servers import StartupStatus
from codex_trio.model.provider_error import bounded
from codex_trio.rpc.attestation import attested
from codex_trio.rpc.outgoing import OutgoingMessages
from codex_trio.rpc.server_requests import PendingServerRequest, ServerRequestFailed
from codex_trio.threads.clients import ClientId, Clients, EndedLogin
from codex_trio.threads.facts import ThreadStatus
from codex_trio.threads.read_state import ReadState
from codex_trio.tools.dynamic import CANCELLED, ClientToolAnswer, ClientToolCall, ClientToolFailed
from codex_trio.tools.mcp_questions import McpAnswer, McpQuestion
from codex_trio.tools.review import (
    CommandQuestion,
    HostQuestion,
    PatchQuestion,
    PermissionsQuestion,
    ReviewDecision,
    ReviewOutcome,
)
from codex_trio.tools.user_input import Answers, UserQuestions
from codex_trio.wire.approvals import (
    command_approval,
    decision_from_wire,
    failed,
    host_approval,
    patch_approval,
    user_questions,
)
from codex_trio.wire.elicitations import elicitation_from_wire, elicitation_to_wire
from codex_trio.wire.events import project
from codex_trio.wire.permissions import grant_from_wire, permissions_approval
from codex_trio.wire.read_states import read_state_to_wire
from codex_trio.wire.realtime import voice_news_to_wire
from codex_trio.wire.settings import settings_to_wire
from codex_trio.wire.threads import status_to_wire


class ProtocolClients:
    def __init__(self, outgoing: OutgoingMessages) -> None:
        self._outgoing = outgoing

    def tell_event(self, thread_id: str, event: Event, followers: Clients | None) -> None:
        projected = project(thread_id, event)
        if projected is not None:
            method, params = projected
            self._outgoing.notify(method, params, targets=followers)

    def tell_status(self, thread_id: str, status: ThreadStatus) -> None:
        notification = wire.ThreadStatusChangedNotification(thread_id=thread_id, status=status_to_wire(status))
        self._outgoing.notify("thread/status/changed", notification)

    def tell_read_state(self, thread_id: str, read_state: ReadState) -> None:
        notification = ThreadReadStateChangedNotification(
            thread_id=thread_id, read_state=read_state_to_wire(read_state)
        )
        self._outgoing.notify("thread/readState/changed", notification)

    def tell_queue_changed(self, thread_id: str, followers: Clients) -> None:
        notification = ThreadQueueChangedNotification(thread_id=thread_id)
        self._outgoing.notify("thread/queue/changed", notification, targets=followers)

    def tell_settings(self, thread_id: str, settings: ThreadSettings, followers: Clients) -> None:
        notification = ThreadSettingsUpdatedNotification(
            thread_id=thread_id, thread_settings=settings_to_wire(settings)
        )
        self._outgoing.notify("thread/settings/updated", notification, targets=followers)

    def tell_connection(self, thread_id: str, change: ConnectionChange, followers: Clients) -> None:
        method = "thread/environment/connected" if change.is_connected else "thread/environment/disconnected"
        notification = wire.EnvironmentConnectionNotification(thread_id=thread_id, environment_id=change.environment_id)
        self._outgoing.notify(method, notification, targets=followers)

    def tell_unloaded(self, thread_id: str) -> None:
        self._outgoing.notify("thread/closed", wire.ThreadClosedNotification(thread_id=thread_id))

    def tell_voice(self, thread_id: str, news: VoiceNews, followers: Clients) -> None:
        method, params = voice_news_to_wire(thread_id, news)
        self._outgoing.notify(f"thread/realtime/{method}", params, targets=followers)

    async def ready(self, followers: Clients) -> None:
        await self._outgoing.ready(followers)

    def connected(self, followers: Clients) -> set[ClientId]:
        return {connection.id for connection in self._outgoing.connections()}.intersection(followers)

    async def ask_command(
        self, thread_id: str, question: CommandQuestion | HostQuestion, followers: Clients
    ) -> ReviewDecision:
        is_host = isinstance(question, HostQuestion)
        params = host_approval(thread_id, question) if is_host else command_approval(thread_id, question)
        return await self._ask("item/commandExecution/requestApproval", params, thread_id, followers)

    async def ask_patch(self, thread_id: str, question: PatchQuestion, followers: Clients) -> ReviewDecision:
        params = patch_approval(thread_id, question)
        return await self._ask("item/fileChange/requestApproval", params, thread_id, followers)

    async def ask_permissions(
        self, thread_id: str, question: PermissionsQuestion, followers: Clients
    ) -> ReviewDecision:
        params = permissions_approval(thread_id, question)
        pending = self._put("item/permissions/requestApproval", params, thread_id, followers)
        try:
            return ReviewDecision(outcome=ReviewOutcome.ACCEPTED, grant=grant_from_wire(await pending.wait()))
        except ServerRequestFailed:
            return failed()

    async def call_tool(self, thread_id: str, call: ClientToolCall, followers: Clients) -> ClientToolAnswer:
        params = DynamicToolCallParams(
            thread_id=thread_id,
            turn_id=call.turn_id,
            call_id=call.call_id,
            namespace=call.namespace,
            tool=call.tool,
            arguments=call.arguments,
        )

        def settled(pending: PendingServerRequest) -> None:
            self._tell_unusable(thread_id, pending)
            # Whoever answered knows that; the others are told of calls that are void (0.171.0 tells of none).
            if pending.replied_by is None:
                self._tell_resolved(thread_id, pending, followers)

        pending = self._outgoing.request(
            "item/tool/call", params, thread_id=thread_id, targets=followers, on_settled=settled
        )
        try:
            answer = await pending.wait()
        except ServerRequestFailed as failure:
            raise ClientToolFailed(_tool_failure(failure)) from None
        finally:
            pending.withdraw()
        return ClientToolAnswer(content_items=msgspec.to_builtins(answer.content_items), success=answer.success)

    async def ask_user(self, thread_id: str, questions: UserQuestions, followers: Clients) -> Answers:
        params = user_questions(thread_id, questions)
        pending = self._put("item/tool/requestUserInput", params, thread_id, followers)
        try:
            answers = (await pending.wait()).answers
        except ServerRequestFailed:
            return {}
        finally:
            pending.withdraw()
        return {key: answer.answers for key, answer in answers.items()}

    def tell_mcp_status(self, thread_id: str, status: StartupStatus, followers: Clients) -> None:
        notification = McpServerStatusUpdatedNotification(
            thread_id=thread_id,
            name=status.name,
            environment_id=status.environment_id,
            status=status.status,
            error=status.error,
            failure_reason="reauthenticationRequired" if status.login_expired else None,
        )
        self._outgoing.notify("mcpServer/startupStatus/updated", notification, targets=followers)

    def tell_mcp_login(self, login: EndedLogin) -> None:
        notification = McpServerOauthLoginCompletedNotification(
            name=login.name,
            thread_id=login.thread_id,
            login_id=login.id,
            success=login.error is None,
            error=UNSET if login.error is None else login.error,
        )
        self._outgoing.notify("mcpServer/oauthLogin/completed", notification)

    async def elicit(self, thread_id: str, question: McpQuestion, followers: Clients) -> McpAnswer:
        pending = self._outgoing.request(
            "mcpServer/elicitation/request",
            elicitation_to_wire(thread_id, question),
            thread_id=thread_id,
            targets=followers,
            on_settled=lambda pending: self._tell_resolved(thread_id, pending, followers),
        )
        try:
            return elicitation_from_wire(await pending.wait())
        except ServerRequestFailed:
            return McpAnswer(action="cancel")
        finally:
            pending.withdraw()

    async def attest(self, followers: Clients) -> str | None:
        return await attested(self._outgoing, followers)

    def withdraw_questions(self, thread_id: str) -> None:
        self._outgoing.cancel(thread_id)

    async def _ask(self, method: str, params: msgspec.Struct, thread_id: str, followers: Clients) -> ReviewDecision:
        try:
            return decision_from_wire((await self._put(method, params, thread_id, followers).wait()).decision)
        except ServerRequestFailed:
            return failed()

    def _put(self, method: str, params: msgspec.Struct, thread_id: str, followers: Clients) -> PendingServerRequest:
        """Put a question to the followers, who are all told when it is settled."""
        return self._outgoing.request(
            method,
            params,
            thread_id=thread_id,
            targets=followers,
            on_settled=lambda pending: self._tell_resolved(thread_id, pending, followers),
        )

    def _tell_resolved(self, thread_id: str, pending: PendingServerRequest, followers: Clients) -> None:
        notification = ServerRequestResolvedNotification(thread_id=thread_id, request_id=pending.id)
        # Not a copy: who came or went meanwhile counts.
        self._outgoing.notify("serverRequest/resolved", notification, targets=followers)
        self._tell_unusable(thread_id, pending)

    def _tell_unusable(self, thread_id: str, pending: PendingServerRequest) -> None:
        """Tell whoever gave an answer that does not have its form; nobody else, since it may be quoted."""
        failure, client = pending.outcome, pending.replied_by
        if client is None or not isinstance(failure, ServerRequestFailed) or failure.reason != "undecodable":
            return
        said = f"The answer to request {pending.id}, {pending.method}, counts as none: {bounded(failure.message)}"
        warning = WarningNotification(thread_id=thread_id, message=said)
        self._outgoing.notify("warning", warning, targets=[client.id])


def _tool_failure(failure: ServerRequestFailed) -> str:
    """Return what the model is told of a call that the client did not carry out."""
    match failure.reason:
        case "error":
            return (
                f"dynamic tool request failed: {failure.message}" if failure.message else "dynamic tool request failed"
            )
        case "undecodable":
            return "dynamic tool response was invalid"
        case "withdrawn" | "disconnected":
            return CANCELLED
