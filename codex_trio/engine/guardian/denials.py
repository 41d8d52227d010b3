"""What a client says of an action that was refused and is allowed after all, and what the model is told of that. Pure.

The event is taken in the form in which the established server stores it (snake case), and as clients are told of it
(the params of `item/autoApprovalReview/completed`).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, get_args

import msgspec

from codex_trio.domain.approval_actions import ApprovalAction
from codex_trio.domain.approval_reviews import ReviewStatus
from codex_trio.engine.guardian.prompt import ActionTooLong, planned_json
from codex_trio.engine.guardian.transcript import APPROVED_TAG
from codex_trio.util import decoding
from codex_trio.util.loose_json import table_of
from codex_trio.util.serde_words import invalid_type, missing_field, unknown_variant

_CAPITAL = re.compile(r"(?<=[a-z0-9])([A-Z])")
_NAMING = ("type", "source", "protocol")
"""Keys of actions whose values are names."""


class BadDenial(Exception):
    """The event is none; the text says why."""


def denied_action(event: Any, thread_id: str) -> ApprovalAction | None:
    """Return the action that an event of a thread says was refused; None where it was not. Raises BadDenial."""
    if not isinstance(event, Mapping):
        raise BadDenial(invalid_type(event, "struct GuardianAssessmentEvent"))
    table = _stored_form(table_of(event))
    for name in ("id", "status", "action"):
        if name not in table:
            raise BadDenial(missing_field(name))
    if not isinstance(table["id"], str):
        raise BadDenial(invalid_type(table["id"], "a string"))
    if table.get("thread_id", thread_id) != thread_id:
        raise BadDenial(f"it is about another thread, {table['thread_id']}")
    status = table["status"]
    if status not in get_args(ReviewStatus):
        raise BadDenial(unknown_variant(str(status), get_args(ReviewStatus)))
    try:
        action = decoding.convert(table["action"], ApprovalAction)
        planned_json(msgspec.to_builtins(action))
    except msgspec.ValidationError as error:
        raise BadDenial(f"its action cannot be read: {error}") from None
    except ActionTooLong as error:
        raise BadDenial(str(error)) from None
    return action if status == "denied" else None


def approval_text(action: ApprovalAction) -> str:
    """Return what the model of the thread, and its reviewer, are told. Raises ActionTooLong."""
    shown = planned_json(msgspec.to_builtins(action))
    return (
        f"{APPROVED_TAG}\nThe user has allowed one action that the automatic review had refused: exactly this one, "
        f"once, and nothing like it:\n{shown}\n</user_approved_action>"
    )


def _stored_form(event: Mapping[str, Any]) -> dict[str, Any]:
    table = {_snake(key): value for key, value in event.items()}
    if "review_id" in table:
        review = {_snake(key): value for key, value in table_of(table.pop("review", None)).items()}
        table = {"id": table.pop("review_id"), **table, **review}
    if isinstance(table.get("status"), str):
        table["status"] = _snake(table["status"])
    if isinstance(table.get("action"), Mapping):
        action = {_snake(key): value for key, value in table_of(table["action"]).items()}
        named = {key: _snake(action[key]) for key in _NAMING if isinstance(action.get(key), str)}
        table["action"] = action | named
    return table


def _snake(name: str) -> str:
    return _CAPITAL.sub(r"_\1", name).lower()
