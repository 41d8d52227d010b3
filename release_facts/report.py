"""The report about a release, in Markdown. `docs/releases.md` says what to do with each kind of line."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from release_facts.facts import Facts
from release_facts.json_values import Change, value_changes, without_words
from release_facts.scenarios import Outcome
from release_facts.schema_changes import ProtocolChanges, protocol_changes
from release_facts.schemas import DIRECTIONS, Protocol
from release_facts.tool_changes import ToolChange, tool_changes

_SHOWN_CONFIGURATIONS = 6


@dataclass(frozen=True)
class Comparison:
    """What a report is about."""

    new: Facts
    old: Facts | None
    """None when there is no earlier release to compare with: `why_alone` says why."""
    why_alone: str
    ours: Facts
    """What the server of this checkout says."""
    scenarios: Outcome | str
    """How they went, or why they did not run."""


def report(about: Comparison) -> str:
    """The whole report."""
    new, old = about.new, about.old
    lines = [f"# Release {new.release}" if old is None else f"# Release {new.release}, after {old.release}", ""]
    lines += ["What to do with each kind of line stands in `docs/releases.md`.", ""]
    lines += _ours(about.ours, new)
    if old is None:
        lines += _section("Since the last release", [f"Not compared: {about.why_alone}"])
    else:
        lines += _since(old, new)
    lines += _scenarios(about.scenarios)
    lines += _section(
        "Not to be had",
        [
            f"- {facts.release}, {name}: {_first_line(why)}"
            for facts in (about.ours, old, new)
            if facts is not None
            for name, why in facts.missing.items()
        ],
    )
    return "\n".join(lines)


def _ours(ours: Facts, new: Facts) -> list[str]:
    """How far our server is from the release; what its protocol has beyond it is for older ones."""
    changes = protocol_changes(ours.protocol, new.protocol, limits=False)
    found = [change for group in _groups(changes) for change in group]
    lacking = [change for change in found if change.sign != "-"]
    beyond = sorted(change.place for change in found if change.sign == "-")
    return [
        *_section("What our protocol lacks", map(_line, lacking)),
        *_section("What only our protocol has", (f"- `{place}`" for place in beyond)),
        *_section("Models otherwise in our catalogue", _otherwise(ours.models, new.models)),
        *_section("Features otherwise in our table", _otherwise(ours.features, new.features)),
        *_section("Settings otherwise in our `config/read`", _otherwise(ours.settings, new.settings)),
    ]


def _otherwise(ours: Any, new: Any) -> list[str]:
    if ours is None or new is None:
        return ["Not compared: see the end."]
    return [_line(change) for change in value_changes("", without_words(ours), without_words(new))]


def _groups(changes: ProtocolChanges) -> tuple[list[Change], ...]:
    return changes.methods, changes.added, changes.changed, changes.gone, changes.gates


def _since(old: Facts, new: Facts) -> Iterator[str]:
    changes = protocol_changes(old.protocol, new.protocol)
    yield from _section("Size", _sizes(old, new))
    yield from _section("Methods", map(_line, changes.methods))
    yield from _section("Types added", map(_line, changes.added))
    yield from _section("Types changed", map(_line, changes.changed))
    yield from _section("Types gone", map(_line, changes.gone))
    yield from _section("Fields whose gate changed", map(_line, changes.gates))
    yield from _section("Models as `model/list` shows them", map(_line, value_changes("", old.models, new.models)))
    yield from _section("Bundled catalogue", map(_line, value_changes("", old.catalogue, new.catalogue, lines=False)))
    yield from _tools(old, new)
    yield from _section("Features", map(_line, value_changes("", old.features, new.features)))
    yield from _section("Settings in `config/read`", map(_line, value_changes("", old.settings, new.settings)))
    yield from _section("Skills that come along", map(_line, value_changes("", old.skills, new.skills)))


def _sizes(old: Facts, new: Facts) -> Iterator[str]:
    before, after = old.protocol, new.protocol
    for direction in DIRECTIONS.values():
        counts = [_count(protocol, direction) for protocol in (before, after)]
        yield f"- {direction}s: {' → '.join(counts)}"
    yield f"- types: {len(before.types)} → {len(after.types)}"
    yield f"- features: {len(old.features or ())} → {len(new.features or ())}"
    yield f"- configurations of tools that were tried: {len(old.tools)} → {len(new.tools)}"


def _count(protocol: Protocol, direction: str) -> str:
    methods = [method for method in protocol.methods.values() if method.direction == direction]
    return f"{len(methods)} ({sum(not method.experimental for method in methods)} stable)"


def _tools(old: Facts, new: Facts) -> Iterator[str]:
    changes = tool_changes(old.tools, new.tools)
    yield from _section("Tools that are new", map(_tool_line, changes.new))
    yield from _section("Tools that are gone", map(_tool_line, changes.gone))
    yield from _section("Tools that changed", map(_tool_line, changes.others))
    yield from _section("Tools of configurations that are new", map(_tool_line, changes.brought))


def _scenarios(outcome: Outcome | str) -> list[str]:
    if isinstance(outcome, str):
        return _section("Scenarios", [outcome])
    listed = f"{outcome.run} ran, {outcome.as_listed} of them differ as listed."
    newly = [f"- differs, and is not listed: `{name}`: {why}" for name, why in outcome.newly_different.items()]
    gone = [f"- listed, and differs no longer: `{name}`: {why}" for name, why in outcome.no_longer_different.items()]
    once = [f"- differed once, and not when alone: `{name}`: {why}" for name, why in outcome.only_once.items()]
    return _section("Scenarios", [listed, *([""] if newly or gone or once else []), *newly, *gone, *once])


def _tool_line(change: ToolChange) -> str:
    names = change.configurations
    shown = ", ".join(names[:_SHOWN_CONFIGURATIONS])
    more = f" and {len(names) - _SHOWN_CONFIGURATIONS} more" if len(names) > _SHOWN_CONFIGURATIONS else ""
    return f"{_line(change.change)}\n  - in {shown}{more}"


def _line(change: Change) -> str:
    first, *others = change.what.split("\n")
    # What `diff` shows of a text, set apart so that its own signs mean nothing here.
    block = ["", "  ```diff", *(f"  {line}" for line in others), "  ```"] if others else []
    return "\n".join([f"- {change.sign} `{change.place}`: {first}".rstrip(": "), *block])


def _section(title: str, lines: Iterable[str]) -> list[str]:
    return [f"## {title}", "", *(list(lines) or ["Nothing."]), ""]


def _first_line(text: str) -> str:
    return text.split("\n", 1)[0]
