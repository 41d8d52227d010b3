"""All environments that there are, by their ids.

Owns what clients may ask for, and where threads work whose client does not say. Does not own where environments come
from at first (environments/providers.py), what a thread has open (environments/thread.py) or the wire form
(wire/environments.py).
"""

from __future__ import annotations

import os
from collections.abc import Sequence

from codex_trio.environments.environment import Environment, EnvironmentInfo, EnvironmentStatus, ServerHost
from codex_trio.environments.errors import EnvironmentUnreachable, UnusableEnvironment
from codex_trio.environments.news import ConnectionNews
from codex_trio.environments.providers import (
    NO_DEFAULT,
    Connect,
    EnvironmentProvider,
    VariableProvider,
)
from codex_trio.environments.selection import LOCAL, EnvironmentChoice, EnvironmentSelection
from codex_trio.environments.targets import RemoteTarget, WebsocketTarget, check_headers, check_url


def _cannot_connect(target: RemoteTarget) -> Environment:
    raise UnusableEnvironment(f"environment `{target.id}` cannot be used: this server knows no machine but its own")


class EnvironmentManager:
    """`local` is this machine: what must be here stays here, and a thread that works nowhere counts as being there,
    whether clients can choose it or not.
    """

    def __init__(
        self,
        local: Environment,
        *others: Environment,
        provider: EnvironmentProvider | None = None,
        connect: Connect = _cannot_connect,
        news: ConnectionNews | None = None,
    ) -> None:
        self.local = local
        self.news = news or ConnectionNews()
        """Tells of the connections to those that `connect` makes."""
        self._connect = connect
        provided = (provider or VariableProvider()).provide(local, connect)
        self._environments = {environment.id: environment for environment in (*provided.environments, *others)}
        self._default = provided.default

    def get(self, environment_id: str) -> Environment:
        """Return the environment of that id. Raises UnusableEnvironment."""
        return self._known(environment_id, "unknown turn environment id")

    def server_host(self, environment_id: str) -> ServerHost:
        """Return the environment of that id, for programs to be talked to. Raises UnusableEnvironment."""
        found = self._known(environment_id, "unknown environment id")
        if not isinstance(found, ServerHost):
            raise UnusableEnvironment(f"environment `{environment_id}` runs no servers")
        return found

    def _known(self, environment_id: str, problem: str) -> Environment:
        found = self._environments.get(environment_id)
        if found is None:
            raise UnusableEnvironment(f"{problem} `{environment_id}`")
        return found

    def first(self, selections: Sequence[EnvironmentSelection]) -> Environment:
        """Return the environment whose instructions and repository count: for a thread without any, this machine."""
        return self.get(selections[0].id) if selections else self.local

    def usual(self) -> tuple[EnvironmentSelection, ...]:
        """Return where a thread works whose client does not choose: in the default one first, and in all others."""
        if self._default is None:
            return ()
        others = (environment_id for environment_id in self._environments if environment_id != self._default)
        return tuple(EnvironmentSelection(id=environment_id) for environment_id in (self._default, *others))

    def recorded(self, selections: Sequence[EnvironmentSelection]) -> tuple[EnvironmentSelection, ...]:
        """Return where a stored thread goes on: where it worked, but for environments besides the first that are gone.

        Raises UnusableEnvironment when the first is gone: nothing of the thread may run elsewhere unasked.
        """
        if selections and selections[0].id not in self._environments:
            gone = selections[0].id
            raise UnusableEnvironment(
                f"unknown turn environment id `{gone}`: the thread works there; make it known (environment/add, or "
                "environments.toml), or give a `cwd` to go on where new threads work"
            )
        return tuple(selection for selection in selections if selection.id in self._environments)

    def add(self, environment_id: str, target: WebsocketTarget) -> None:
        """Make an exec-server known, or another one under a known id. Threads that have the old one open keep it.

        Raises UnusableEnvironment.
        """
        problem = None
        if not environment_id:
            problem = "environment id cannot be empty"
        elif environment_id == LOCAL:
            problem = f"environment id `{LOCAL}` is reserved for this machine"
        elif not target.url:
            problem = "remote environment requires an exec-server url"
        elif target.url.lower() == NO_DEFAULT:
            problem = "remote environment cannot use disabled exec-server url"
        try:
            if problem is not None:
                raise UnusableEnvironment(problem)
            check_url(target.url)
            check_headers(target)
        except UnusableEnvironment as error:
            raise UnusableEnvironment(f"exec-server protocol error: {error}") from error
        added = self._connect(RemoteTarget(id=environment_id, where=target))
        replaced = self._environments.get(environment_id)
        if replaced is not None:
            replaced.let_go()
        self._environments[environment_id] = added

    async def info(self, environment_id: str) -> EnvironmentInfo:
        """Return what a client is told of an environment. Raises UnusableEnvironment, EnvironmentUnreachable."""
        environment = self._known(environment_id, "unknown environment id")
        try:
            return await environment.info()
        except EnvironmentUnreachable as error:
            raise EnvironmentUnreachable(f"failed to get info for environment `{environment_id}`: {error}") from error

    def status(self, environment_id: str) -> EnvironmentStatus:
        """Return whether an environment can be used. Raises UnusableEnvironment."""
        return self._known(environment_id, "unknown environment id").status()

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
