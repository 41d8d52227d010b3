"""`codex-trio exec` for people: a banner, then the turn while it goes on, all of it on stderr.

Owns the banner and what stands around the turn. Does not own the turn's own text (`client.render`) or the final
message on stdout.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from codex_trio.cli.exec_json import error_text
from codex_trio.cli.exec_run import OpenedThread
from codex_trio.client.messages import Notification, ServerRequest
from codex_trio.client.render import BOLD, CYAN, RED, TurnPrinter
from codex_trio.client.turns import TurnResult
from codex_trio.domain.review_text import INTERRUPTED
from codex_trio.version import __version__

_RULE = "--------"


class HumanPresenter:
    """Writes text; `write` gets pieces, not lines. On a terminal, `live` shows what commands write while they run."""

    def __init__(self, write: Callable[[str], None], *, color: bool, live: bool) -> None:
        self._printer = TurnPrinter(write, color=color, live=live)
        self.unwanted = ("item/reasoning/textDelta", "turn/diff/updated")
        if not live:
            self.unwanted += ("item/commandExecution/outputDelta",)
        self._shown_error = ""
        self._held: list[Notification] = []

    def opened(self, thread: OpenedThread) -> None:
        """Write the banner and the prompt."""
        line = self._printer.line
        line(f"codex-trio v{__version__}", BOLD)
        line(_RULE)
        for name, value in (
            ("workdir", thread.workdir),
            ("model", thread.model),
            ("provider", thread.provider),
            ("approval", thread.approval if isinstance(thread.approval, str) else "granular"),
            ("sandbox", sandbox_text(thread.sandbox, thread.profile)),
            ("reasoning effort", thread.effort or "none"),
            ("reasoning summaries", thread.summary or "none"),
            ("session id", thread.id),
        ):
            line(f"{name}: {value}")
        line(_RULE)
        line("user", BOLD + CYAN)
        line(thread.prompt)

    def show(self, message: Notification) -> None:
        """Write what a person wants to see of a notification."""
        if message.method == "error":
            self._shown_error = error_text(message.params["error"])
        if _says_that_it_broke_off(message):
            # Where it failed, the reason is told at the end, and running it again may not help.
            self._held.append(message)
        else:
            self._printer.show(message)

    def declined(self, question: ServerRequest) -> None:
        """Write that nobody was there to answer."""
        self._printer.line(f"declined: {question.method}", RED)

    def ended(self, result: TurnResult) -> None:
        """Write what became of the turn, unless that was shown already, and what it cost."""
        if result.status != "failed":
            for message in self._held:
                self._printer.show(message)
        if result.status == "failed":
            text = error_text(result.turn["error"])
            if text != self._shown_error:
                self._printer.line(f"error: {text}", RED)
        elif result.status != "completed":
            self._printer.line("turn interrupted", RED)
        if result.token_usage is not None:
            self._printer.usage(result.token_usage)


def _says_that_it_broke_off(message: Notification) -> bool:
    item = message.params.get("item") if message.method in ("item/started", "item/completed") else None
    return item is not None and item["type"] == "agentMessage" and item["text"] == INTERRUPTED


def sandbox_text(policy: dict[str, Any], profile: str | None) -> str:
    """Return a SandboxPolicy in a few words; a profile of the user's own may say more of the network than it does."""
    match policy["type"]:
        case "dangerFullAccess":
            return "danger-full-access"
        case "readOnly":
            return "read-only" + _network(policy, profile)
        case "workspaceWrite":
            folders = ["workdir"]
            if not policy["excludeSlashTmp"]:
                folders.append("/tmp")
            if not policy["excludeTmpdirEnvVar"]:
                folders.append("$TMPDIR")
            folders += policy["writableRoots"]
            return f"workspace-write [{', '.join(folders)}]" + _network(policy, profile)
        case other:
            return str(other)


def _network(policy: dict[str, Any], profile: str | None) -> str:
    if not policy["networkAccess"]:
        return ""
    return " (network access enabled)" if profile is None else f" (network access as the profile {profile} says)"
