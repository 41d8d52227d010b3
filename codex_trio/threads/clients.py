"""What threads need of the clients that follow them: a port, implemented where the protocol is known.

Owns the protocol. Does not own the wire form (wire/clients.py) or who follows a thread (threads/live.py).
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Protocol, TypeAlias

import msgspec

from codex_trio.domain.realtime import VoiceNews
from codex_trio.engine.events import Event
from codex_trio.engine.settings import ThreadSettings
from codex_trio.environments.news import ConnectionChange
from codex_trio.extensions.mcp.thread_servers import StartupStatus
from codex_trio.threads.facts import ThreadStatus
from codex_trio.threads.read_state import ReadState
from codex_trio.tools.dynamic import ClientToolAnswer, ClientToolCall
from codex_trio.tools.mcp_questions import McpAnswer, McpQuestion
from codex_trio.tools.review import CommandQuestion, HostQuestion, PatchQuestion, PermissionsQuestion, ReviewDecision
from codex_trio.tools.user_input import Answers, UserQuestions

ClientId: TypeAlias = int
"""A client that may follow threads; never used twice."""

Clients: TypeAlias = Collection[ClientId]


class EndedLogin(msgspec.Struct, frozen=True, kw_only=True):
    """A login to an MCP server that is over; the error is None where it succeeded."""

    id: str
    name: str
    thread_id: str | None
    error: str | None


class ThreadClients(Protocol):
    """Tells clients of threads and asks them. Telling never waits; clients that are gone are left out."""

    def tell_event(self, thread_id: str, event: Event, followers: Clients | None) -> None:
        """Tell the followers of an event; every client where None are given."""
        ...

    def tell_status(self, thread_id: str, status: ThreadStatus) -> None:
        """Tell every client what a thread is doing."""
        ...

    def tell_read_state(self, thread_id: str, read_state: ReadState) -> None:
        """Tell every client what of a thread counts as unread."""
        ...

    def tell_queue_changed(self, thread_id: str, followers: Clients) -> None:
        """Tell the followers that other messages wait for a thread than did, or in another order."""
        ...

    def tell_settings(self, thread_id: str, settings: ThreadSettings, followers: Clients) -> None:
        """Tell the followers what later turns run with."""
        ...

    def tell_connection(self, thread_id: str, change: ConnectionChange, followers: Clients) -> None:
        """Tell the followers what became of the connection to an environment of a thread."""
        ...

    def tell_unloaded(self, thread_id: str) -> None:
        """Tell every client that a thread was unloaded since nobody followed it."""
        ...

    def tell_voice(self, thread_id: str, news: VoiceNews, followers: Clients) -> None:
        """Tell the followers what happens in a voice session."""
        ...

    async def ready(self, followers: Clients) -> None:
        """Wait while a follower is far behind."""
        ...

    def connected(self, followers: Clients) -> set[ClientId]:
        """Return those that are still there."""
        ...

    async def ask_command(
        self, thread_id: str, question: CommandQuestion | HostQuestion, followers: Clients
    ) -> ReviewDecision:
        """Ask whether a command may run, or reach a host; the first answer, or that there is none."""
        ...

    async def ask_patch(self, thread_id: str, question: PatchQuestion, followers: Clients) -> ReviewDecision:
        """Ask whether a patch may be applied; the first answer, or that there is none."""
        ...

    async def ask_permissions(
        self, thread_id: str, question: PermissionsQuestion, followers: Clients
    ) -> ReviewDecision:
        """Ask for permissions; the first answer, with what it grants, or that there is none."""
        ...

    async def call_tool(self, thread_id: str, call: ClientToolCall, followers: Clients) -> ClientToolAnswer:
        """Have a tool of the client run; the first answer. A wait that is cancelled voids the call.

        Raises ClientToolFailed.
        """
        ...

    async def ask_user(self, thread_id: str, questions: UserQuestions, followers: Clients) -> Answers:
        """Ask what a model wants to know; the first answers, or none."""
        ...

    def tell_mcp_status(self, thread_id: str, status: StartupStatus, followers: Clients) -> None:
        """Tell the followers how far an MCP server of a thread is."""
        ...

    def tell_mcp_login(self, login: EndedLogin) -> None:
        """Tell every client that a login to an MCP server is over."""
        ...

    async def elicit(self, thread_id: str, question: McpQuestion, followers: Clients) -> McpAnswer:
        """Have a user answer something for an MCP server; the first answer. Without any it counts as cancelled."""
        ...

    async def attest(self, followers: Clients) -> str | None:
        """Return what a client says to attest itself to a provider with an account; None where none can."""
        ...

    def withdraw_questions(self, thread_id: str) -> None:
        """Tell whoever was asked that open questions of a thread are void."""
        ...
