"""All environments that there are, by their ids.

Owns what clients may ask for. Does not own what a thread has open (environments/thread.py) or the wire form
(wire/environments.py).
"""

from __future__ import annotations

import os
from collections.abc import Sequence

from codex_trio.environments.environment import Environment
from codex_trio.environments.errors import UnusableEnvironment
from codex_trio.environments.selection import EnvironmentChoice, EnvironmentSelection


class EnvironmentManager:
    """`default` is where a thread counts as being that works in none."""

    def __init__(self, default: Environment, *others: Environment) -> None:
        self._default = default
        self._environments = {environment.id: environment for environment in (default, *others)}

    def get(self, environment_id: str) -> Environment:
        """Return the environment of that id. Raises UnusableEnvironment."""
        found = self._environments.get(environment_id)
        if found is None:
            raise UnusableEnvironment(f"unknown turn environment id `{environment_id}`")
        return found

    def first(self, selections: Sequence[EnvironmentSelection]) -> Environment:
        """Return the environment whose instructions and repository count: for a thread without any, the default one."""
        return self.get(selections[0].id) if selections else self._default

    def choose(self, asked: Sequence[EnvironmentSelection]) -> EnvironmentChoice:
        """Return the choice in a request. Raises UnusableEnvironment for one that there is not, or cannot be used."""
        if not asked:
            return EnvironmentChoice(environments=())
        for selection in asked:
            self.get(selection.id)
            for path in (selection.cwd or "", *(selection.workspace_roots or ())):
                if not os.path.isabs(path):
                    raise UnusableEnvironment(
                        f"invalid cwd for environment `{selection.id}`: path `{path}` is not absolute"
                    )
        ids = [selection.id for selection in asked]
        twice = next((one for place, one in enumerate(ids) if one in ids[:place]), None)
        if twice is not None:
            raise UnusableEnvironment(f"duplicate turn environment id `{twice}`")
        first, *others = asked
        # Where the first one works is where the thread does.
        return EnvironmentChoice(
            environments=(EnvironmentSelection(id=first.id), *others),
            cwd=first.cwd,
            workspace_roots=first.workspace_roots,
        )
