"""Notices to one client: what is wrong with its configuration, and what it should no longer ask for."""

from __future__ import annotations

import contextlib
from collections.abc import Generator
from pathlib import Path

from codex_trio_protocol.v2 import notice as wire
from msgspec import UNSET

from codex_trio.config.errors import ConfigWarning, TextPosition, TextRange
from codex_trio.execpolicy.rules import SUMMARY, RulesError, RulesProblem
from codex_trio.rpc.context import RequestContext
from codex_trio.rpc.outgoing import OutgoingMessages


class Notices:
    """Sends notices to the client of a request."""

    def __init__(self, outgoing: OutgoingMessages) -> None:
        self._outgoing = outgoing

    def config_warning(self, warning: ConfigWarning, context: RequestContext) -> None:
        """Tell of a configuration problem; one without a place has no `path` and `range` keys."""
        place = warning.range
        notification = wire.ConfigWarningNotification(
            summary=warning.summary,
            details=warning.details,
            path=UNSET if warning.path is None else str(warning.path),
            range=UNSET
            if place is None
            else wire.TextRange(
                start=wire.TextPosition(line=place.start.line, column=place.start.column),
                end=wire.TextPosition(line=place.end.line, column=place.end.column),
            ),
        )
        self._outgoing.notify("configWarning", notification, targets=[context.connection.id])

    @contextlib.contextmanager
    def of_rules(self, context: RequestContext) -> Generator[None]:
        """Around what needs the command rules: tells where a file is wrong, beside the error that follows."""
        try:
            yield
        except RulesError as error:
            self.config_warning(_rules_warning(error.problem), context)
            raise

    def full_history(self, instead: str, context: RequestContext) -> None:
        """Tell that a whole history is coming, and how to do without (0.169.0 sends this before the answer)."""
        summary = (
            f"Reading whole histories is deprecated for paginated threads: use `{instead}`, then page with "
            "`thread/turns/list` and `thread/items/list`."
        )
        self._outgoing.notify(
            "deprecationNotice",
            wire.DeprecationNoticeNotification(summary=summary),
            targets=[context.connection.id],
        )


def _rules_warning(problem: RulesProblem) -> ConfigWarning:
    """Return a rules file that cannot be used, as a configuration problem."""
    place = None
    if problem.start is not None and problem.end is not None:
        place = TextRange(start=TextPosition(*problem.start), end=TextPosition(*problem.end))
    return ConfigWarning(summary=SUMMARY, details=problem.details, path=Path(problem.path), range=place)
