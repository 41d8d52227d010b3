"""What a long conversation becomes when it is summed up to make room, and when that is due.

The new history begins with the context, goes on with what the user said last, as far as a budget reaches, and ends with
the summary. Owns the words for the model, what is kept, and estimates of size. Does not own asking for the summary
(engine/summaries.py). Pure.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, cast

import msgspec

from codex_trio.domain.ids import uuid7
from codex_trio.engine.history import ModelHistory, message_item
from codex_trio.engine.response_items import ResponseItem
from codex_trio.state.history.model_history import SUMMARY_TAG, is_from_user, is_summary

PROMPT = """\
Your context window is filling up, so this conversation will now be replaced by a summary, which you write. A model \
that has seen none of it goes on from your summary, the user's latest messages, and the state of files and commands.

Tell it, in this order:
- what the user wants, with every wish and limit that they stated,
- what has been done and found out, and what was decided, with the reasons that still matter,
- names, paths, commands, values and error messages that are needed to go on, exactly as they are,
- what is half done or still running,
- what is to be done next, step by step.

Call no tool, and ask nothing. Answer with the summary alone, as short as that allows."""

KEPT_USER_TOKENS = 20_000
"""How much is kept of what the user said (0.169.0); in a small window less."""

_KEPT_SHARE = 4
"""At most one part in so many of the room that there is goes to what the user said."""

_BYTES_PER_TOKEN = 4
_PICTURE_TOKENS = 2_000
_CUT = "\n[... cut to make room ...]\n"
_PICTURE_GONE = {"type": "input_text", "text": "[a picture that was left out to make room]"}


def cut_to_fit(summary: str, *, room: int) -> str:
    """Return a summary that leaves half of a model's room, in tokens, to go on in: some models find no end."""
    raw, most = summary.encode(errors="replace"), room // 2 * _BYTES_PER_TOKEN
    if len(raw) <= most:
        return summary
    half = max(most // 2 - len(_CUT), 0)
    return raw[:half].decode(errors="ignore") + _CUT + raw[len(raw) - half :].decode(errors="ignore")


def summary_item(summary: str) -> ResponseItem:
    """Return what stands in a history for all that was summed up."""
    text = (
        f"{SUMMARY_TAG}\nThis thread was summed up to make room. Take what follows as known, and do not repeat what is "
        f"said to be done.\n\n{summary}\n</conversation_summary>"
    )
    return message_item("user", [text], item_id=uuid7())


def new_history(
    items: Sequence[ResponseItem], *, context: Sequence[ResponseItem], summary: ResponseItem | None, room: int
) -> list[ResponseItem]:
    """Return the history that goes on from a summary of those items, or from none.

    `room` is how many tokens a model takes.
    """
    budget = min(KEPT_USER_TOKENS, room // _KEPT_SHARE)
    return [*context, *_kept(items, budget), *([] if summary is None else [summary])]


def _kept(items: Sequence[ResponseItem], budget: int) -> list[ResponseItem]:
    """Return what the user said last, oldest first.

    Pictures stay in the last message alone, and only the first time: a long turn would store them over and over.
    """
    kept: list[ResponseItem] = []
    was_kept = False
    for item in reversed(items):
        was_kept = was_kept or is_summary(item)
        if not is_from_user(item):
            continue
        if kept or was_kept:
            item = _without_pictures(item)
        size = tokens_of([item])
        if size > budget:
            kept += _shortened(item, budget)
            break
        kept.append(item)
        budget -= size
    return kept[::-1]


def _without_pictures(item: ResponseItem) -> ResponseItem:
    return {**item, "content": [_PICTURE_GONE if _is_picture(part) else part for part in _parts(item, "content")]}


def _shortened(item: ResponseItem, budget: int) -> list[ResponseItem]:
    """Return the beginning and the end of a message; nothing where the budget is too small to say anything."""
    text = "\n".join(part["text"] for part in _parts(item, "content") if isinstance(part.get("text"), str)).encode()
    half = budget * _BYTES_PER_TOKEN // 2 - len(_CUT)
    if half <= 0:
        return []
    cut = text[:half].decode(errors="ignore") + _CUT + text[-half:].decode(errors="ignore")
    return [{**item, "content": [{"type": "input_text", "text": cut}]}]


def tokens_of(items: Iterable[ResponseItem]) -> int:
    """Return about how many tokens a model takes for those items."""
    return sum(map(_tokens_of_one, items))


def _tokens_of_one(item: ResponseItem) -> int:
    pictures = 0
    for name in ("content", "output"):
        parts = _parts(item, name)
        found = sum(map(_is_picture, parts))
        if found:
            pictures += found
            item = {**item, name: [part for part in parts if not _is_picture(part)]}
    return len(msgspec.json.encode(item)) // _BYTES_PER_TOKEN + pictures * _PICTURE_TOKENS


def tokens_in_use(counted: int, history: ModelHistory) -> int:
    """Return about how many tokens the next request takes; `counted` is what a provider said of the last response."""
    return counted + tokens_of(history.items[history.answered :] if counted else history.items)


def tokens_of_prefix(history: ModelHistory) -> int:
    """Return about how many tokens the window began with: the context, or all up to the newest summary."""
    items = history.items
    summaries = [number for number, item in enumerate(items) if is_summary(item)]
    if summaries:
        return tokens_of(items[: summaries[-1] + 1])
    said = next((number for number, item in enumerate(items) if is_from_user(item)), len(items))
    return tokens_of(items[:said])


def is_worth_it(history: ModelHistory) -> bool:
    """Return whether there is anything that was not summed up already."""
    return bool(history.items) and not is_summary(history.items[-1])


def _parts(item: Mapping[str, Any], name: str) -> list[Any]:
    parts = item.get(name)
    return cast("list[Any]", parts) if isinstance(parts, list) else []


def _is_picture(part: Any) -> bool:
    return isinstance(part, dict) and cast("dict[str, Any]", part).get("type") == "input_image"
