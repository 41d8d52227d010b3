"""Ways to work with a user in a turn: what the model is told of each.

Owns the modes and their texts. Does not own what a client sees of a plan (engine/proposed_plans.py).
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, Final

from codex_trio.config.layers import lookup
from codex_trio.config.settings import EffectiveConfig

PLAN: Final = "plan"
DEFAULT: Final = "default"
KNOWN: Final = (PLAN, DEFAULT)

_PLAN_TEXT = """\
# Mode: plan

You and the user work out a plan; nothing is carried out in this mode. It holds until another text in these tags says \
otherwise, whatever the user asks for: who asks you to go ahead is asking for a better plan.

- Look around as much as you like: read files, search, run commands that change nothing that is kept. Edit no files, \
apply patches, format, install, commit or run what has such effects.
- Find out by looking what can be found out. Ask the user about what cannot: what is wanted, what matters more, what \
is out of bounds. {asking}
- Go on until whoever carries the plan out has no decision left to take: which files and interfaces change and how, \
how data moves, what happens to errors and edge cases, how it is checked, what is assumed.
- Then say the plan once, in Markdown, between two lines that hold nothing but these tags:

<proposed_plan>
...
</proposed_plan>

It has to stand on its own: the user sees it by itself, and may hand it on. Put nothing else into the tags, and what \
you have to say besides before or after them. A changed plan is said again in full. Do not ask whether to go on: the \
user decides that by leaving this mode."""

_ASK_FOR_PLAN = "Use `request_user_input` for a few short questions with options, each of which would change the plan."
_ASK_IN_MESSAGE = "Ask it in your messages, a few short questions at a time."

_DEFAULT_TEXT = """\
# Mode: default

What earlier texts in these tags said of a mode holds no more. Work as usual: take up what the user asks for and carry \
it out. {asking}"""
_NOT_ASKING = (
    "where something is open, take the plain choice and say so, or ask in your message when that is not possible."
)
_NO_TOOL_IN_DEFAULT = f"`request_user_input` is not there in this mode; {_NOT_ASKING}"
_ASK_IN_DEFAULT = (
    "Where something is open, take the plain choice and say so; use `request_user_input` only where a wrong choice "
    "would cost the user much and nothing here tells which is right."
)


def asking_modes(config: EffectiveConfig) -> Collection[str]:
    """Return the modes in which the model has a tool to ask the user by, as configured."""
    if lookup(config.merged, ["tools", "experimental_request_user_input", "enabled"]) is False:
        return ()
    return KNOWN if config.feature("default_mode_request_user_input") else (PLAN,)


def kind_of(mode: dict[str, Any]) -> str:
    """Return which mode it is."""
    kind = mode.get("mode")
    return kind if isinstance(kind, str) else DEFAULT


def text_of(mode: dict[str, Any], asks_in: Collection[str]) -> str | None:
    """Return what the model is told of a mode; None for the usual one, of which it need not be told.

    `asks_in` are the modes in which it has a tool to ask by.
    """
    settings: dict[str, Any] = mode.get("settings") or {}
    text = settings.get("developer_instructions") or (_plan_text(asks_in) if kind_of(mode) == PLAN else None)
    return None if text is None else _tagged(text)


def end_text(asks_in: Collection[str]) -> str:
    """Return what the model is told when a mode that it was told of is over."""
    if DEFAULT in asks_in:
        asking = _ASK_IN_DEFAULT
    else:
        asking = _NO_TOOL_IN_DEFAULT if asks_in else _NOT_ASKING[0].upper() + _NOT_ASKING[1:]
    return _tagged(_DEFAULT_TEXT.format(asking=asking))


def _plan_text(asks_in: Collection[str]) -> str:
    return _PLAN_TEXT.format(asking=_ASK_FOR_PLAN if PLAN in asks_in else _ASK_IN_MESSAGE)


def _tagged(text: str) -> str:
    return f"<collaboration_mode>{text}</collaboration_mode>"
