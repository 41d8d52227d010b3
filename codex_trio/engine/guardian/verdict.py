"""What a reviewing model is to answer, and reading that: strictly, so that nothing is allowed by mistake. Pure.

Protocol source: the schema and the texts that stand for missing parts are those of release 0.171.0.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, Literal, get_args

import msgspec

from codex_trio.domain.approval_reviews import Assessment, RiskLevel, UserAuthorization
from codex_trio.util import decoding

SCHEMA: dict[str, Any] = {
    "type": "object",
    "additionalProperties": False,
    "properties": {
        "risk_level": {"type": "string", "enum": list(get_args(RiskLevel))},
        "user_authorization": {"type": "string", "enum": list(get_args(UserAuthorization))},
        "outcome": {"type": "string", "enum": ["allow", "deny"]},
        "rationale": {"type": "string"},
    },
    "required": ["outcome"],
}

_FENCES = ("```json\n", "```\n")


class BadVerdict(Exception):
    """The answer is no verdict; the text says why."""


class _Verdict(msgspec.Struct):
    outcome: Literal["allow", "deny"]
    risk_level: RiskLevel | None = None
    user_authorization: UserAuthorization | None = None
    rationale: str | None = None


def read_verdict(text: str) -> Assessment:
    """Return what a reviewer answered: one JSON object, perhaps in a code fence, and nothing around it.

    Raises BadVerdict for everything else: words beside it could say the opposite, as could a key that stands twice.
    """
    try:
        plain = json.loads(_unfenced(text.strip()), object_pairs_hook=_without_doubles)
    except (ValueError, RecursionError) as error:
        if isinstance(error, _Doubled):
            raise BadVerdict(str(error)) from None
        raise BadVerdict("guardian assessment was not valid JSON") from None
    if not isinstance(plain, dict):
        raise BadVerdict("guardian assessment was not a JSON object")
    try:
        verdict = decoding.convert(plain, _Verdict)
    except msgspec.ValidationError as error:
        raise BadVerdict(f"guardian assessment is of another form: {error}") from None
    return _assessment(verdict)


def _assessment(verdict: _Verdict) -> Assessment:
    denied = verdict.outcome == "deny"
    stands_in = (
        "Auto-review returned a deny decision without a rationale."
        if denied
        else "Auto-review returned a low-risk allow decision."
    )
    return Assessment(
        outcome=verdict.outcome,
        risk_level=verdict.risk_level or ("high" if denied else "low"),
        user_authorization=verdict.user_authorization or "unknown",
        rationale=(verdict.rationale or "").strip() or stands_in,
    )


def _unfenced(text: str) -> str:
    for fence in _FENCES:
        if text.startswith(fence) and text.endswith("\n```"):
            return text[len(fence) : -len("\n```")]
    return text


class _Doubled(ValueError):
    """A key stands twice."""


def _without_doubles(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    table = dict(pairs)
    if len(table) != len(pairs):
        raise _Doubled("guardian assessment has a key twice")
    return table
