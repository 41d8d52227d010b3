"""`codex-trio features`: the feature switches, which are on, and setting one in the user's configuration.

Owns the command line and what it prints. Does not own the switches (`config.features`) or how the file is written
(`config.write`).
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any, cast

from codex_trio.cli.options import UsageError, add_common_options, known_feature
from codex_trio.cli.parser import Parser
from codex_trio.cli.surroundings import complain
from codex_trio.cli.user_config import config_service, loaded
from codex_trio.config.edit import Edit
from codex_trio.config.errors import ConfigWriteError
from codex_trio.config.features import ALIASES, KNOWN, Feature, without_effect
from codex_trio.config.layers import LayerStack
from codex_trio.config.service import ConfigService
from codex_trio.config.write import effective_stack, write_edits

_STAGES = {"beta": "experimental", "underDevelopment": "under development"}


def configure(parser: Parser) -> None:
    """Add the commands of this subcommand."""
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True, parser_class=Parser)
    summary = "show all switches: name, stage, and whether this server does what it stands for"
    shown = commands.add_parser("list", help=summary, description=summary)
    add_common_options(shown)
    shown.set_defaults(run=_list)
    for name, enabled in (("enable", True), ("disable", False)):
        summary = f"{name} a feature in the user's configuration"
        command = commands.add_parser(name, help=summary, description=summary)
        add_common_options(command)
        command.add_argument("feature", metavar="FEATURE")
        command.set_defaults(run=partial(_set, enabled=enabled))
    parser.subcommand_words = frozenset(commands.choices)


def _list(options: argparse.Namespace, environ: Mapping[str, str]) -> int:
    config = loaded(config_service(options, environ))
    stages = {name: _STAGES.get(feature.stage, feature.stage) for name, feature in KNOWN.items()}
    name_width, stage_width = max(map(len, KNOWN)), max(map(len, stages.values()))
    for name in sorted(KNOWN):
        state = str(KNOWN[name].is_on(enabled=config.features[name])).lower()
        print(f"{name:{name_width}}  {stages[name]:{stage_width}}  {state}")
    if vain := ", ".join(f"`{name}`" for name in without_effect(config.stack.merged.get("features") or {})):
        complain(f"These features are set to what has no effect here: {vain}.")
    return os.EX_OK


def _set(options: argparse.Namespace, environ: Mapping[str, str], *, enabled: bool) -> int:
    name = known_feature(options.feature)
    feature = KNOWN[ALIASES.get(name, name)]
    config = config_service(options, environ)
    try:
        edits = list(_edits(name, feature, effective_stack(config), config, enabled=enabled))
        outcome = write_edits(config, edits)
    except ConfigWriteError as error:
        raise UsageError(error.message) from error
    print(f"{'Enabled' if enabled else 'Disabled'} feature `{name}` in {config.paths.written_config.name}.")
    if (why := _no_effect(feature, enabled=enabled)) is not None:
        complain(f"`{name}` has no effect here: {why}.")
    elif outcome.overridden is not None:
        complain(f"`{name}` has no effect yet: {outcome.overridden.message}.")
    return os.EX_OK


def _edits(name: str, feature: Feature, stack: LayerStack, config: ConfigService, *, enabled: bool) -> Iterator[Edit]:
    """Yield what leaves the switch so, with one spelling of it, and with the settings of one that is a table.

    What is off where nobody says anything needs no line.
    """
    user = stack.layer("user")
    written: Any = {} if user is None else user.table.get("features", {})
    if not isinstance(written, dict):
        raise UsageError(f"{config.paths.written_config}: features is no table; take that line out first")
    table = cast("dict[str, Any]", written)
    spellings = [feature.name, *(alias for alias, current in ALIASES.items() if current == feature.name)]
    tables = [spelling for spelling in spellings if isinstance(table.get(spelling), dict)]
    elsewhere = any(
        spelling in (layer.table.get("features") or {})
        for layer in stack.active
        if layer is not user
        for spelling in spellings
    )
    for spelling in spellings:
        path = ("features", spelling)
        if spelling in tables:
            yield Edit(path=(*path, "enabled"), value=enabled, merge=False)
        elif spelling == name and not tables and (enabled or feature.default_enabled or elsewhere):
            yield Edit(path=path, value=enabled, merge=False)
        elif spelling in table:
            yield Edit(path=path, value=None, merge=False)


def _no_effect(feature: Feature, *, enabled: bool) -> str | None:
    """Return why nothing comes of a switch that is set so; None where something does."""
    if feature.effect == "never" and feature.stage == "removed":
        return "it was removed"
    if not feature.asks_in_vain(enabled=enabled):
        return None
    return "this server always does it" if feature.effect == "always" else "this server does not do it"
