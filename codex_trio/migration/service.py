"""Looking for what another agent program left, and taking it over: one import after the other, behind its request.

Owns the order, that nothing is looked for or done twice at a time, and that every import ends in a report. Does not own
what is made of any kind of thing. An import that is cut short ends between two things. Nothing that is found is run.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Collection, Sequence
from functools import partial
from pathlib import Path
from typing import Any, TypeAlias

import msgspec
import trio

from codex_trio.config.errors import ConfigWriteError
from codex_trio.config.service import ConfigService
from codex_trio.extensions.plugins.changes import PluginChanges
from codex_trio.migration.finding import recent, session_files
from codex_trio.migration.ledger import SessionLedger
from codex_trio.migration.past import MOST_OUTCOMES, PastImports
from codex_trio.migration.places import home_place, planners, project_place
from codex_trio.migration.plugins import install_plugins, plan_plugins
from codex_trio.migration.recording import ImportOrigin, SessionImporter
from codex_trio.migration.values import (
    NOT_SUPPORTED,
    AgentProgram,
    ImportFailure,
    ImportSuccess,
    KindOutcome,
    MigrationItem,
    MigrationKind,
    MigrationPlace,
    MigrationPlan,
    MigrationProblem,
    NoCounterpart,
    PastImport,
    joined,
)
from codex_trio.state.store.interface import ThreadStore
from codex_trio.util.abandonable import abandonable, finished
from codex_trio.util.clock import now_ms

_log = logging.getLogger(__name__)

MOST_FOLDERS = 200
MOST_ITEMS = 2_000
_MOST_NAMED = 10
_LONGEST_NAME = 100
_LOOK_SECONDS = 120.0
_STEP_SECONDS = 120.0
_GRACE_SECONDS = 10.0


_Untaken: TypeAlias = "tuple[MigrationKind, str | None, str | None]"
"""A thing without a counterpart here: its kind, its folder, and what it is called."""


class MigrationRefused(Exception):
    """What was asked for makes no sense; the text says why."""


class DetectRequest(msgspec.Struct, frozen=True, kw_only=True):
    """Where to look, for what program's things, and for which conversations."""

    program: AgentProgram = "claude"
    with_home: bool = False
    cwds: tuple[Path, ...] = ()
    days: int | None = None
    sessions: int | None = None


class ImportRequest(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be taken over, and for whom."""

    id: str
    items: Sequence[MigrationItem]
    origin: ImportOrigin
    provider_id: str | None = None
    program: AgentProgram = "claude"


class Migration:
    """Args:
    is_loaded: whether a thread is.
    keeps_files: whether threads are kept in files; where they are not, no file says that they were imported.
    start: begins a task of whoever ends behind this.
    tell: told of an import's id, what it comes to, piece by piece, and all of it when it `is_over`.
    """

    def __init__(
        self,
        *,
        config: ConfigService,
        store: ThreadStore,
        plugins: PluginChanges,
        is_loaded: Callable[[str], bool],
        keeps_files: bool,
        start: Callable[..., None],
        tell: Callable[..., None],
        clock: Callable[[], int] = now_ms,
    ) -> None:
        folder = config.paths.codex_home if keeps_files else None
        self._config = config
        self._home = config.paths.home
        self._plugins = plugins
        self._start = start
        self._tell = tell
        self._clock = clock
        self._ledger = SessionLedger(folder)
        self._past = PastImports(folder)
        self._sessions = SessionImporter(
            store,
            self._ledger,
            is_loaded=is_loaded,
            config=config.startup_default,
            clock=clock,
        )
        self._busy = trio.Lock()

    def _projects(self, program: AgentProgram) -> Path:
        return (self._home or Path("/nonexistent")) / f".{program}/projects"

    # --- looking ---

    async def detect(self, wanted: DetectRequest) -> list[MigrationItem]:
        """Return what was not taken over before. What cannot be read is there too: importing it says why.

        Raises MigrationRefused.
        """
        if len(wanted.cwds) > MOST_FOLDERS:
            raise MigrationRefused(f"`cwds` has more than {MOST_FOLDERS} folders")
        try:
            return await abandonable(_LOOK_SECONDS, self._look, wanted)
        except TimeoutError as error:
            raise MigrationRefused(f"looking for files of other agents {error.strerror}") from None

    def _look(self, wanted: DetectRequest) -> list[MigrationItem]:
        program = wanted.program
        places = [home_place(self._config, self._home, program)] if wanted.with_home and self._home is not None else []
        known = {self._home}
        for cwd in wanted.cwds:
            place = project_place(self._config, cwd, program)
            if place.root not in known:
                known.add(place.root)
                places.append(place)
        found: list[MigrationItem] = []
        told = self._told()
        for place in places:
            kinds = planners(program, self._home)
            found += [item for kind in kinds if (item := self._item(kind, place, told)) is not None]
            if place.cwd is None:
                found += self._of_home(place, wanted)
        return found

    def _told(self) -> Collection[_Untaken]:
        """Return what an import has told of already that it has no counterpart here."""
        try:
            past = self._past.read()
        except MigrationProblem:
            return ()
        failures = (failure for one in past for failure in one.failures if failure.error_type == NOT_SUPPORTED)
        return {(failure.kind, failure.cwd, failure.source) for failure in failures}

    def _item(self, kind: MigrationKind, place: MigrationPlace, told: Collection[_Untaken]) -> MigrationItem | None:
        try:
            plan = planners(place.program, self._home)[kind](place)
        except MigrationProblem as problem:
            return MigrationItem(kind=kind, description=f"Cannot be migrated: {problem}", cwd=place.cwd)
        if plan is None:
            return None
        cwd = None if place.cwd is None else str(place.cwd)
        refused = [one for one in plan.refused if (kind, cwd, one.source) not in told]
        if not plan.steps and not refused:
            return None
        names = None if kind in ("CONFIG", "AGENTS_MD") else tuple(step.source for step in plan.steps)
        description = f"{plan.description}{_without(refused)}"
        return MigrationItem(kind=kind, description=description, cwd=place.cwd, names=names)

    def _of_home(self, place: MigrationPlace, wanted: DetectRequest) -> list[MigrationItem]:
        found: list[MigrationItem] = []
        try:
            plugins = plan_plugins(place) if place.program == "claude" else None
        except MigrationProblem as problem:
            found.append(MigrationItem(kind="PLUGINS", description=f"Cannot be migrated: {problem}"))
        else:
            found += [] if plugins is None else [plugins]
        projects = self._projects(place.program)
        description = f"Migrate recent sessions from {projects}"
        try:
            taken, files = self._ledger.read(), session_files(projects, place.program)
        except MigrationProblem as problem:
            return [*found, MigrationItem(kind="SESSIONS", description=f"Cannot be migrated: {problem}")]
        sessions = tuple(recent(files, taken, now_ns=time.time_ns(), days=wanted.days, limit=wanted.sessions))
        return (
            [*found, MigrationItem(kind="SESSIONS", description=description, sessions=sessions)] if sessions else found
        )

    # --- taking over ---

    def check(self, items: Sequence[MigrationItem]) -> None:
        """Raise MigrationRefused for an import that cannot be begun."""
        if any(item.kind == "MEMORY" for item in items):
            raise MigrationRefused("external agent memory import is disabled: leave items of the type MEMORY out")
        if len(items) > MOST_ITEMS:
            raise MigrationRefused(f"`migrationItems` has more than {MOST_ITEMS} items")

    def begin(self, asked: ImportRequest) -> None:
        """Have things taken over from now on."""
        self._start(self._import, asked)

    async def _import(self, asked: ImportRequest) -> None:
        outcomes: list[KindOutcome] = []

        def note(outcome: KindOutcome) -> None:
            outcomes.append(outcome)
            self._tell(asked.id, [outcome], is_over=False)

        async with self._busy:
            for item in asked.items:
                try:
                    await self._take(item, asked, note)
                except Exception as error:
                    # One that nobody thought of costs its item, and is told.
                    _log.exception("importing %s broke", item.kind)
                    note(_failed(item, f"it broke: {error!r}"))
            report = joined(outcomes)
            try:
                await self.remember(asked.id, report, asked.provider_id)
            except (MigrationProblem, OSError) as error:
                _log.error("import %s could not be noted: %s", asked.id, error)
        self._tell(asked.id, report, is_over=True)

    async def _take(self, item: MigrationItem, asked: ImportRequest, note: Callable[[KindOutcome], None]) -> None:
        if item.kind == "SESSIONS":
            await self._take_sessions(item, asked, note)
        elif item.kind == "PLUGINS":
            note(await self._take_plugins(item, asked.program))
        elif item.cwd is None and self._home is None:
            note(_failed(item, "there is no home to import from: HOME is not set"))
        else:
            try:
                note(await finished(_STEP_SECONDS, _GRACE_SECONDS, self._follow, item, asked.program))
            except TimeoutError as error:
                note(_failed(item, f"importing {error.strerror}"))

    async def _take_plugins(self, item: MigrationItem, program: AgentProgram) -> KindOutcome:
        if program != "claude":
            return _failed(item, "plugins are imported from Claude Code only", stage="plugin_import")
        if item.plugins is None:
            return _failed(item, "plugins migration item is missing details", stage="plugin_import")
        if item.cwd is not None or self._home is None:
            return _failed(item, "plugins are imported for the user's home only", stage="plugin_import")
        return await install_plugins(self._plugins, home_place(self._config, self._home, program), item)

    def _follow(self, item: MigrationItem, program: AgentProgram) -> KindOutcome:
        """Do what is to be done for an item. Blocking."""
        if item.cwd is None:
            place = home_place(self._config, self._home or Path(), program)
        else:
            place = self._project(item.cwd, program)
        if isinstance(place, str):
            return _failed(item, place)
        try:
            plan = planners(program, self._home)[item.kind](place)
        except MigrationProblem as problem:
            return _failed(item, str(problem), source=problem.source, error_type=problem.error_type)
        return KindOutcome(kind=item.kind) if plan is None else _followed(plan, item)

    def _project(self, cwd: Path, program: AgentProgram) -> MigrationPlace | str:
        if not cwd.is_absolute():
            return f"the folder {cwd} must be an absolute path"
        if not cwd.is_dir():
            return f"the folder {cwd} is not there"
        return project_place(self._config, cwd, program)

    async def _take_sessions(
        self, item: MigrationItem, asked: ImportRequest, note: Callable[[KindOutcome], None]
    ) -> None:
        note(KindOutcome(kind="SESSIONS"))
        if item.sessions is None:
            found = await self.detect(DetectRequest(with_home=True, program=asked.program))
            choices = next((one.sessions for one in found if one.kind == "SESSIONS"), None) or ()
        else:
            choices = item.sessions
        lock = self._ledger.locked()
        try:
            await trio.to_thread.run_sync(lock.__enter__)
        except (MigrationProblem, OSError) as error:
            note(_failed(item, str(error)))
            return
        try:
            for choice in dict.fromkeys(choices):
                projects = self._projects(asked.program)
                outcome = await self._sessions.take(choice, asked.origin, projects=projects)
                if outcome.successes or outcome.failures:
                    note(outcome)
        finally:
            lock.__exit__(None, None, None)

    # --- the past ---

    async def past(self) -> list[PastImport]:
        """Return the imports of the past, the latest first. Raises MigrationProblem."""
        return await trio.to_thread.run_sync(self._past.read)

    async def remember(self, import_id: str, outcomes: Sequence[KindOutcome], provider_id: str | None) -> None:
        """Note an import. Raises MigrationProblem, OSError."""
        successes: list[ImportSuccess] = [success for one in outcomes for success in one.successes]
        failures: list[ImportFailure] = [failure for one in outcomes for failure in one.failures]
        if len(successes) + len(failures) > MOST_OUTCOMES:
            raise MigrationProblem(f"`itemTypeResults` has more than {MOST_OUTCOMES} outcomes")
        past = PastImport(
            import_id=import_id,
            provider_id=provider_id,
            completed_at_ms=self._clock(),
            successes=successes,
            failures=failures,
        )
        await trio.to_thread.run_sync(partial(self._past.add, past))


def _without(refused: Sequence[NoCounterpart]) -> str:
    """Return what of it has no counterpart here, for people."""
    if not refused:
        return ""
    named = [f"{one.source[:_LONGEST_NAME]} ({one.message})" for one in refused[:_MOST_NAMED]]
    if len(refused) > _MOST_NAMED:
        named.append(f"{len(refused) - _MOST_NAMED} more")
    return f"; without counterpart: {'; '.join(named)}"


def _followed(plan: MigrationPlan, item: MigrationItem) -> KindOutcome:
    cwd = None if plan.place.cwd is None else str(plan.place.cwd)
    successes: list[ImportSuccess] = []
    failures = [
        _failure(item, one.message, stage="conversion", error_type=NOT_SUPPORTED, source=one.source)
        for one in plan.refused
    ]
    for step in plan.steps:
        if item.names is not None and step.source not in item.names:
            continue
        try:
            step.do()
        except MigrationProblem as problem:
            failures.append(_failure(item, str(problem), source=step.source, error_type=problem.error_type))
        except ConfigWriteError as error:
            failures.append(_failure(item, error.message, source=step.source))
        except OSError as error:
            failures.append(_failure(item, f"cannot be written: {error.strerror}", source=step.source))
        else:
            successes.append(ImportSuccess(kind=plan.kind, cwd=cwd, source=step.source, target=step.target))
    return KindOutcome(kind=plan.kind, successes=tuple(successes), failures=tuple(failures))


def _failed(item: MigrationItem, message: str, **more: Any) -> KindOutcome:
    return KindOutcome(kind=item.kind, failures=(_failure(item, message, **more),))


def _failure(item: MigrationItem, message: str, **more: Any) -> ImportFailure:
    return ImportFailure(kind=item.kind, message=message, cwd=None if item.cwd is None else str(item.cwd), **more)
