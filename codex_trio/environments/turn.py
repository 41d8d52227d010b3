"""One environment as a turn works in it: from its folder, under its policy.

Owns what follows from these: paths, and what a command could write. Does not own the environment.
"""

from __future__ import annotations

import os
from pathlib import Path

import msgspec

from codex_trio.environments.commands import CommandRequest, Commands, CommandSession
from codex_trio.environments.environment import OpenEnvironment, Repositories
from codex_trio.environments.files import Files, PatchFiles
from codex_trio.environments.place import WorkPlace
from codex_trio.environments.workspace import WorkspaceState
from codex_trio.execpolicy.programs import Programs
from codex_trio.execution.yielding import OnOutput
from codex_trio.files.contents import WriteGate
from codex_trio.sandbox.additional import NOTHING, AdditionalPermissions, joined, with_additional
from codex_trio.sandbox.errors import RootChanged
from codex_trio.sandbox.policy import SandboxPolicy, WorkspaceWrite
from codex_trio.sandbox.roots import denies, may_read


class ThreadWork:
    """See `execpolicy.programs.Work`. Where a thread may write counts also while it may only read, or may write all.

    What lies there may have been written before, by a command of another thread or by whoever made the repository.
    """

    def __init__(self, opened: OpenEnvironment, place: WorkPlace, additional: AdditionalPermissions) -> None:
        self._opened = opened
        policy = place.policy if isinstance(place.policy, WorkspaceWrite) else WorkspaceWrite()
        self._place = msgspec.structs.replace(place, policy=with_additional(policy, additional))

    def folders(self) -> tuple[str, ...]:
        """Return the writable folders, free of symlinks."""
        try:
            return self._opened.writable_folders(self._place)
        except RootChanged:
            return ("/",)

    def may_write(self, path: str) -> bool:
        """Return whether a command could have written an absolute path."""
        try:
            return self._opened.may_write(path, self._place)
        except RootChanged:
            return True


class TurnEnvironment:
    """`additional` is what may be done there beyond the policy of the place."""

    def __init__(
        self,
        environment_id: str,
        opened: OpenEnvironment,
        place: WorkPlace,
        additional: AdditionalPermissions = NOTHING,
    ) -> None:
        self.id = environment_id
        self.additional = additional
        self._opened = opened
        self._base = place
        self._place = msgspec.structs.replace(place, policy=with_additional(place.policy, additional))

    def with_additional(self, more: AdditionalPermissions) -> TurnEnvironment:
        """Return the same, where more may be done."""
        if more.opens_nothing:
            return self
        return TurnEnvironment(self.id, self._opened, self._base, joined(self.additional, more))

    @property
    def cwd(self) -> Path:
        """The folder that paths are relative to."""
        return Path(self._place.cwd)

    @property
    def policy(self) -> SandboxPolicy:
        """What may be done without asking."""
        return self._place.policy

    @property
    def files(self) -> Files:
        """Its files, whatever the policy says."""
        return self._opened.environment.files

    @property
    def repositories(self) -> Repositories:
        """Its repositories."""
        return self._opened.environment.repositories

    async def workspace(self) -> WorkspaceState | None:
        """Return how the work tree around its folder stands."""
        return await self.repositories.workspace(self._place)

    @property
    def commands(self) -> Commands:
        """The thread's commands there."""
        return self._opened.commands

    @property
    def work(self) -> ThreadWork:
        """What the thread works on, as opposed to what is the system's and the user's own."""
        return ThreadWork(self._opened, self._base, self.additional)

    def resolve(self, path: str | None) -> Path:
        """Return an absolute path from one that the model wrote, relative to the turn's working directory.

        Without `..` in it: what the user is shown is what is used.
        """
        return self.cwd if not path else Path("/" + os.path.normpath(self.cwd / path).lstrip("/"))

    def may_write(self, path: str) -> bool:
        """Return whether a sandboxed command of this turn could write an absolute path. Raises `RootChanged`."""
        return self._opened.may_write(path, self._place)

    def may_read(self, path: str) -> bool:
        """Return whether a sandboxed command of this turn could read an absolute path, as far as the policy says."""
        try:
            writable = self._opened.writable_folders(self._place)
        except RootChanged:
            writable = ()
        return may_read(path, self._place.policy, cwd=self._place.cwd, writable=writable)

    def denies(self, path: str) -> bool:
        """Return whether the policy closes an absolute path in so many words: then nobody is asked to open it."""
        return denies(path, self._place.policy, cwd=self._place.cwd)

    def note(self) -> None:
        """Take the folders that commands may write as they are, before any command can replace them. Blocking."""
        self._opened.note(self._place)

    def patch_files(self, gate: WriteGate, approved: frozenset[str]) -> PatchFiles:
        """Return the files for a patch; `approved` are those that the policy need not let be written."""
        return self._opened.writing(gate, self._place, approved=approved)

    def shell(self, name: str | None) -> str:
        """Return the shell for what the model has called it."""
        return self.commands.shell(name, may_write=self.work.may_write)

    def programs(self, call_id: str, cwd: Path) -> Programs:
        """Return what the names in a command of a call lead to."""
        return self.commands.programs(call_id, cwd=str(cwd), work=self.work)

    async def start(self, request: CommandRequest, *, group: str, on_output: OnOutput) -> CommandSession:
        """Start a command; see `Commands.start`. Raises SpawnError, SandboxUnavailable."""
        return await self.commands.start(request, self._place, group=group, on_output=on_output)
