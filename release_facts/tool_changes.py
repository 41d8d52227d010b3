"""What differs between the tools that two releases offer to the model, told once for all configurations alike."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from release_facts.facts import Tools
from release_facts.json_values import Change, brief, value_changes


@dataclass(frozen=True)
class ToolChange:
    """One difference, and in which configurations it is seen."""

    change: Change
    configurations: tuple[str, ...]


@dataclass(frozen=True)
class ToolChanges:
    """Everything that differs between the tools of two releases."""

    new: list[ToolChange]
    """Offered in no configuration of the earlier release."""
    gone: list[ToolChange]
    """Offered in none of the later one."""
    others: list[ToolChange]
    """Offered where they were not, no longer, or in another way."""
    brought: list[ToolChange]
    """What configurations that only the later release has offer beyond its default one, or do not offer."""


def tool_changes(old: Tools, new: Tools) -> ToolChanges:
    """All that differs between two releases."""
    before, after = _names(old), _names(new)
    in_both = {
        name: [
            change
            for change in value_changes("", old[name], tools)
            if (change.place in before or change.sign != "+") and (change.place in after or change.sign != "-")
        ]
        for name, tools in new.items()
        if name in old
    }
    return ToolChanges(
        new=_offered_only("+", new, after - before),
        gone=_offered_only("-", old, before - after),
        others=_grouped(in_both),
        brought=_grouped({name: _beyond_default(new, name) for name in new if name not in old}),
    )


def _names(tools: Tools) -> set[str]:
    return {name for offered in tools.values() for name in offered}


def _offered_only(sign: str, tools: Tools, names: set[str]) -> list[ToolChange]:
    return _grouped(
        {
            configuration: [Change(sign, name, brief(tool)) for name, tool in offered.items() if name in names]
            for configuration, offered in tools.items()
        }
    )


def _beyond_default(tools: Tools, configuration: str) -> Iterable[Change]:
    default, offered = tools.get("default", {}), tools[configuration]
    more, fewer = [name for name in offered if name not in default], [name for name in default if name not in offered]
    if more:
        yield Change("+", "beside the default ones", ", ".join(more))
    if fewer:
        yield Change("-", "of the default ones", ", ".join(fewer))


def _grouped(by_configuration: Mapping[str, Iterable[Change]]) -> list[ToolChange]:
    where: dict[Change, list[str]] = {}
    for configuration, changes in by_configuration.items():
        for change in changes:
            where.setdefault(change, []).append(configuration)
    return [ToolChange(change, tuple(names)) for change, names in where.items()]
