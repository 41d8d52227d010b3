"""What differs between two JSON values, as lines for people.

Members of lists that have a name (`id`, `slug`, `name`, ...) are paired by it; long texts are compared by their lines.
"""

import difflib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, TypeGuard

import msgspec

_NAMES = ("slug", "id", "name", "key", "effort", "reasoningEffort")
_WORDS = {"description", "displayName", "announcement", "availabilityNux", "migrationMarkdown", "upgradeCopy"}
_SHORT = 100
_SHOWN_LINES = 40


@dataclass(frozen=True)
class Change:
    """One thing that a release has, has no longer, or has in another way."""

    sign: str
    """`+`, `-` or `~`."""
    place: str
    what: str
    """What is new or gone; for `~`, what it was and is."""


def is_object(value: object) -> TypeGuard[dict[str, Any]]:
    """Whether a JSON value is an object."""
    return isinstance(value, dict)


def is_list(value: object) -> TypeGuard[list[Any]]:
    """Whether a JSON value is an array."""
    return isinstance(value, list)


def value_changes(place: str, old: Any, new: Any, *, lines: bool = True) -> list[Change]:
    """All that differs between two values, in the order of their keys.

    Without `lines`, of long texts only the sizes are told.
    """
    if old == new:
        return []
    if is_list(old) and is_list(new):
        by_name = _by_name(old), _by_name(new)
        return _list_changes(place, old, new) if None in by_name else value_changes(place, *by_name, lines=lines)
    if is_object(old) and is_object(new):
        return _object_changes(place, old, new, lines=lines)
    if isinstance(old, str) and isinstance(new, str) and max(len(old), len(new)) > _SHORT:
        return [Change("~", place, text_change(old, new, lines=lines))]
    return [Change("~", place, f"{brief(old)} → {brief(new)}")]


def _object_changes(place: str, old: dict[str, Any], new: dict[str, Any], *, lines: bool) -> list[Change]:
    found: list[Change] = []
    for key in sorted(merged(old, new)):
        inner = f"{place}.{key}" if place else key
        if key not in old:
            found.append(Change("+", inner, brief(new[key])))
        elif key not in new:
            found.append(Change("-", inner, brief(old[key])))
        else:
            found += value_changes(inner, old[key], new[key], lines=lines)
    return found


def _list_changes(place: str, old: list[Any], new: list[Any]) -> list[Change]:
    added = [Change("+", place, brief(member)) for member in new if member not in old]
    gone = [Change("-", place, brief(member)) for member in old if member not in new]
    return [*added, *gone] or [Change("~", place, f"{brief(old)} → {brief(new)}")]


def _by_name(members: list[Any]) -> dict[str, Any] | None:
    """The members by their names; None when one has none, or two have the same."""
    names = [_name(member) for member in members]
    named = {name: member for name, member in zip(names, members, strict=True) if name is not None}
    return named if len(named) == len(members) else None


def _name(member: Any) -> str | None:
    if not is_object(member):
        return None
    return next((member[key] for key in _NAMES if isinstance(member.get(key), str)), None)


def merged(old: Iterable[str], new: Iterable[str]) -> list[str]:
    """The keys of both, those of the new one first."""
    return list(dict.fromkeys([*new, *old]))


def brief(value: Any) -> str:
    """A value on one line; long texts by their size."""
    return msgspec.json.encode(_shortened(value)).decode()


def without_words(value: Any) -> Any:
    """A value without what it says to people, which every program words for itself."""
    if is_object(value):
        return {key: without_words(member) for key, member in value.items() if key not in _WORDS}
    return [without_words(member) for member in value] if is_list(value) else value


def _shortened(value: Any) -> Any:
    if isinstance(value, str) and len(value) > _SHORT:
        return f"({len(value)} characters)"
    if is_object(value):
        return {key: _shortened(member) for key, member in value.items()}
    return [_shortened(member) for member in value] if is_list(value) else value


def text_change(old: str, new: str, *, lines: bool) -> str:
    """What differs between two long texts: their sizes, and their lines as `diff` shows them."""
    compared = list(difflib.unified_diff(old.splitlines(), new.splitlines(), lineterm="", n=0))[2:]
    changed = [line for line in compared if not line.startswith("@@")] if lines else []
    shown = [f"{line[:1]} {_clipped(line[1:])}" for line in changed[:_SHOWN_LINES]]
    rest = [f"... and {len(changed) - _SHOWN_LINES} more lines"] if len(changed) > _SHOWN_LINES else []
    return "\n".join([f"text of {len(old)} → {len(new)} characters", *shown, *rest])


def _clipped(line: str) -> str:
    return line if len(line) <= 2 * _SHORT else f"{line[: 2 * _SHORT]}…"
