"""What the model is told of its thread's goal. Pure."""

from __future__ import annotations

from codex_trio.state.store.goals import Goal

_OPENING = '<codex_internal_context source="goal">'
_CLOSING = "</codex_internal_context>"
_ESCAPES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})

_CONTINUATION = """\
This thread has a goal that is not reached yet, so another turn begins by itself. Nobody has said anything new.

{objective}

{budget}

How to go on:
- Look at how things are now: files, output of commands, tests. What was said before helps to find them, but may be out
  of date.
- Take the next step that brings the goal as it was asked for nearer. Do not swap it for something smaller or easier.
- A turn need not finish the goal: leave it as it is and another turn will follow. Turns in which nothing is done bring
  that to an end.
- When you wait for something that runs, look at that very process again instead of starting it anew.

When to call update_goal:
- "complete": only when you have checked every part of the goal against what is there now, and nothing is left to do. If
  there is a token budget, tell the user then how much of it was used.
- "blocked": only when the same obstacle has stopped you in three turns in a row and you can do nothing more without the
  user. Not because the work is long, hard or unclear.
- Otherwise do not call it."""

_BUDGET_REACHED = """\
The token budget of this thread's goal is used up, so no further turn will begin by itself.

{objective}

{budget}

Begin nothing new. Bring what you are at to a state that can be left, then tell the user what is done, what is left, and
what the next step would be. Call update_goal only if the goal is in fact reached."""

_EDITED = """\
The user has changed the goal of this thread. What follows takes the place of the former goal:

{objective}

{budget}

Go on towards this one, and drop what only the former one asked for. Call update_goal with "complete" only when this one
is reached."""


def continuation(goal: Goal) -> str:
    """Return what a turn begins with that nobody asked for."""
    return _worded(_CONTINUATION, goal)


def budget_reached(goal: Goal) -> str:
    """Return what the model is told when the budget is used up while it works."""
    return _worded(_BUDGET_REACHED, goal)


def edited(goal: Goal) -> str:
    """Return what the model is told when the objective changes while it works."""
    return _worded(_EDITED, goal)


def _worded(text: str, goal: Goal) -> str:
    # The user's text is data: it must not end the block that it stands in.
    objective = f"<objective>\n{goal.objective.translate(_ESCAPES)}\n</objective>"
    return f"{_OPENING}\n{text.format(objective=objective, budget=_budget(goal))}\n{_CLOSING}"


def _budget(goal: Goal) -> str:
    used = f"Tokens used so far: {goal.tokens_used}."
    if goal.token_budget is None:
        return f"{used} There is no budget."
    return f"{used} Budget: {goal.token_budget}. Left: {goal.remaining}."
