"""The page of all settings, `docs/configuration.md`: written from the table of keys by
`python -m codex_trio.config.keys_page > docs/configuration.md`, which a test holds it against.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from codex_trio.config import features
from codex_trio.config.keys import KEYS, OWN, UNSUPPORTED_INSIDE, Key, Status
from codex_trio.config.nodes import (
    Anything,
    Choice,
    Either,
    Flag,
    Integer,
    Names,
    Node,
    PathText,
    Sequence,
    Table,
    Text,
    Toggle,
)

_HEAD = """# Configuration

Every key of `config.toml`, written by `python -m codex_trio.config.keys_page`. Files count in this order, later ones
over earlier ones: `/etc/codex/config.toml`, `$CODEX_HOME/config.toml`, `$CODEX_HOME/NAME.config.toml` with
`exec --profile NAME`, `.codex/config.toml` of a trusted project from its root to the working folder, `-c key=value`,
and what a request says.

*Honoured* keys work. Whoever sets a key that is *not supported* is warned when a client connects. Keys of *other
programs* share the file and mean nothing here. `--strict-config` refuses keys that nobody knows, by file, line and
column; without it a warning names them. A project may not set what is marked with (*): where requests go, who is told
about them, what is trusted.

| key | value | default | since | here |
| --- | --- | --- | --- | --- |
"""

_FEATURES = """
## Features

`[features]` takes the switches of the established server. These are acted on; whoever sets another one to what this
server does not do is warned.

| switch | default |
| --- | --- |
"""

_HERE: Mapping[Status, str] = {"honoured": "honoured", "elsewhere": "other programs", "unsupported": "not supported"}


def page() -> str:
    """Return the whole page."""
    return _HEAD + "".join(_rows()) + _FEATURES + "".join(_feature_rows())


def _rows() -> Iterator[str]:
    for key in KEYS:
        default = "" if key.default is None else f"`{json.dumps(key.default)}`"
        since = "this server" if key.since == OWN else key.since
        mark = "" if key.in_projects else " (*)"
        yield _row(f"`{key.name}`{mark}", _kind(key.kind), default, since, _here(key.status, key.why))
        yield from _inner_rows(key)


def _inner_rows(key: Key) -> Iterator[str]:
    """Yield rows for the known keys of a table, where it is honoured at all."""
    path, node = (key.name,), key.kind
    if isinstance(node, Names):
        path, node = (*path, "*"), node.value
    if key.status != "honoured" or key.name == "features" or not isinstance(node, Table):
        return
    for name, kind in node.fields.items():
        why = UNSUPPORTED_INSIDE.get((*path, name), "")
        shown = ".".join([*path, name]).replace("*", "NAME")
        yield _row(f"`{shown}`", _kind(kind), "", "", _here("unsupported" if why else "honoured", why))


def _here(status: Status, why: str) -> str:
    return f"{_HERE[status]}: {why}" if why else _HERE[status]


def _row(*cells: str) -> str:
    return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |\n"


def _feature_rows() -> Iterator[str]:
    for feature in sorted(features.KNOWN.values(), key=lambda feature: feature.name):
        if feature.effect == "acted":
            yield _row(f"`{feature.name}`", "on" if feature.default_enabled else "off")


def _kind(node: Node) -> str:
    match node:
        case Choice(words=words):
            return " ".join(f"`{word}`" for word in words)
        case Integer(name=name):
            return name if " " in name else f"whole number ({name})"
        case Sequence(item=item):
            return f"list of {_kind(item)}"
        case Names(value=value):
            return f"table NAME = {_kind(value)}"
        case Either(text=text, table=table):
            return f"{_kind(text)} or {_kind(table)}"
        case Anything(inside=Names(value=Table(fields=fields))):
            return f"table NAME = table of {_names(fields)}"
        case Anything(inside=Table(fields=fields)):
            return f"table of {_names(fields)}"
        case _:
            return _WORDS[type(node)]


def _names(fields: Iterable[str]) -> str:
    return " ".join(f"`{name}`" for name in fields)


_WORDS: Mapping[type[Any], str] = {
    Anything: "any",
    Text: "text",
    PathText: "path",
    Flag: "true or false",
    Toggle: "true or false, or a table with `enabled`",
    Table: "table",
}


if __name__ == "__main__":
    sys.stdout.write(page())
