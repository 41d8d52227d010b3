"""What it takes to load a thread: what is stored of it, its folder's instructions, its command policy.

Owns the look-ups. Does not own loaded threads (`hosting`).
"""

from __future__ import annotations

import datetime
import logging
from collections.abc import Callable
from functools import partial
from pathlib import Path

import msgspec

from codex_trio.config.errors import ConfigLoadError
from codex_trio.config.provider_places import not_found_advice
from codex_trio.config.providers import usable
from codex_trio.config.requirements import Requirements, nothing_required
from codex_trio.config.service import ConfigService
from codex_trio.config.settings import EffectiveConfig
from codex_trio.config.sources import Doubt, root_markers, settings_files
from codex_trio.engine.instructions import base_instructions, memories_text
from codex_trio.engine.project_docs import ProjectDocs, load_project_docs
from codex_trio.engine.settings import ThreadSettings
from codex_trio.environments.errors import UnreachableFile
from codex_trio.environments.manager import EnvironmentManager
from codex_trio.environments.place import WorkPlace
from codex_trio.environments.selection import LOCAL
from codex_trio.execpolicy.bash import Bash
from codex_trio.execpolicy.decision import CommandPolicy
from codex_trio.execpolicy.required_rules import required_rules
from codex_trio.execpolicy.rules import RulesError, RulesProblem
from codex_trio.extensions.hooks.hook import HookListing
from codex_trio.extensions.sets import ExtensionSet, ExtensionSets
from codex_trio.files.disk import DiskFiles
from codex_trio.files.memories import MemoryFolder
from codex_trio.model.catalog import ModelCatalog
from codex_trio.state.history import forks
from codex_trio.state.history.recorder import ThreadRecorder
from codex_trio.state.history.rollout_history import RolloutHistory
from codex_trio.state.rollout.lines import GitInfo, SessionMeta
from codex_trio.state.store.interface import StoredThread, ThreadStore
from codex_trio.threads import errors
from codex_trio.threads.allowed import HeldSettings, held_to
from codex_trio.threads.errors import ThreadError
from codex_trio.threads.live import LiveThread
from codex_trio.threads.memories.settings import memory_settings
from codex_trio.threads.options import ThreadOptions, settings_from_config
from codex_trio.util.abandonable import abandonable

_log = logging.getLogger(__name__)

PROJECT_DOCS_SECONDS = 5
"""How long a folder's instructions may take to be read."""


CONFIG_SECONDS = 10
"""How long the configuration of a folder may take to be read: a dead mount never answers."""


async def answering(
    load: Callable[..., EffectiveConfig], folder: Path | None, options: ThreadOptions
) -> EffectiveConfig:
    """Return what `load` says of a folder.

    Raises ConfigLoadError, and ThreadError when the folder does not answer in time.
    """
    try:
        return await abandonable(CONFIG_SECONDS, load, folder, options.overrides, typed=options.typed)
    except TimeoutError as error:
        raise ThreadError(f"failed to load configuration: the folder `{folder}` {error.strerror}") from error


class ForkSource(msgspec.Struct, frozen=True, kw_only=True):
    """What a fork goes on from, whole or up to a turn: a thread, `stored` as it was found if it was looked up."""

    thread_id: str
    stored: StoredThread | None = None
    last_turn_id: str | None = None
    before_turn_id: str | None = None
    brings_goal: bool = False
    """Whether the fork takes the goal along, to be worked on once somebody has said something in it."""


def end_of_fork(history: RolloutHistory, source: ForkSource) -> forks.ForkPoint:
    """Return where the inherited lines end. Raises ThreadError for a turn that is not there."""
    try:
        if source.last_turn_id is not None:
            return forks.after(history, source.last_turn_id)
        if source.before_turn_id is not None:
            return forks.before(history, source.before_turn_id)
    except forks.TurnNotFound as error:
        raise ThreadError(str(error)) from error
    return forks.whole(history)


class ThreadLoader:
    def __init__(
        self,
        *,
        codex_home: Path,
        store: ThreadStore,
        environments: EnvironmentManager,
        catalog: ModelCatalog,
        doubted: Doubt,
        config: ConfigService,
        extensions: ExtensionSets,
        requirements: Callable[[], Requirements] = nothing_required,
    ) -> None:
        self._catalog = catalog
        self._doubted = doubted
        self._config = config
        self._extensions = extensions
        self._requirements = requirements
        self._codex_home = codex_home
        self._memories = MemoryFolder(codex_home)
        self._store = store
        self._environments = environments
        self._bash = Bash()

    async def open(self, thread_id: str) -> ThreadRecorder:
        """Return a stored thread, to be continued. Raises ThreadError, RolloutReadError."""
        return await self._store.open(await self._stored(thread_id))

    async def _stored(self, thread_id: str) -> StoredThread:
        """Return a stored thread that may be loaded. Raises ThreadError."""
        found = await self._store.locate(thread_id)
        if found is None:
            raise errors.no_rollout(thread_id)
        if found.is_archived:
            raise errors.archived(thread_id)
        return found

    async def fork_source(self, source: ForkSource, live: LiveThread | None) -> RolloutHistory:
        """Return the history that a fork goes on from. Raises ThreadError, RolloutReadError."""
        if source.stored is not None:
            return await self._store.history(source.stored)
        if live is not None:
            return live.stored_history()
        return await self._store.history(await self._stored(source.thread_id))

    def held(self, settings: ThreadSettings) -> HeldSettings:
        """Return the settings with what an administrator allows now. Raises RulesError where that cannot be told."""
        try:
            return held_to(settings, self._requirements())
        except ConfigLoadError as error:
            path = "requirements" if error.path is None else str(error.path)
            raise RulesError(RulesProblem(path=path, details=error.message)) from None

    def configured(self, config: EffectiveConfig, options: ThreadOptions) -> ThreadSettings:
        """Return the settings of a thread as far as nothing is recorded of it."""
        return settings_from_config(
            config,
            options,
            default_model=self._catalog.default.slug,
            usual_environments=self._environments.usual(),
        )

    def where_it_worked(self, settings: ThreadSettings) -> tuple[ThreadSettings, list[str]]:
        """Return the settings of a stored thread without environments that are gone, and what is to be said of these.

        Raises UnusableEnvironment when that is the one where it works unless something else is said.
        """
        environments = self._environments.recorded(settings.environments)
        gone = [chosen.id for chosen in settings.environments if chosen not in environments]
        warnings = [
            f"The thread worked in environment `{one}` too, which is not known any more, and goes on without it. To "
            "have it back make it known (environment/add, or environments.toml) and choose it (`environments` of "
            "turn/start)."
            for one in gone
        ]
        return msgspec.structs.replace(settings, environments=environments), warnings

    def check_provider(self, settings: ThreadSettings, config: EffectiveConfig) -> None:
        """Raise ThreadError when the thread's provider is not configured any more."""
        provider = config.model_providers.get(settings.provider_id)
        if provider is None:
            problem = f"not found. {not_found_advice(settings.provider_id, usable(config.model_providers))}"
        elif provider.unusable is not None:
            problem = f"{provider.unusable}."
        else:
            return
        raise ThreadError(
            f"failed to load configuration: Model provider `{settings.provider_id}` {problem} "
            "The thread was recorded with it: set it up again, or say another one as `modelProvider`."
        )

    def base_instructions(self, settings: ThreadSettings) -> str:
        """Return what the model of a thread is told that it is."""
        of_model = self._catalog.info(settings.model).base_instructions
        return settings.base_instructions or of_model or base_instructions(settings.personality)

    def model_changed(self, recorded: str, current: str) -> str:
        """Return what the user is told when a thread goes on with another model."""
        return (
            f"This session was recorded with model `{recorded}` but is resuming with `{current}`. "
            "Consider switching back to `{}`: results may differ.".format(recorded)
        )

    def created_at(self, meta: SessionMeta) -> int:
        """Return when a thread was created, in Unix seconds."""
        try:
            return int(datetime.datetime.fromisoformat(meta.timestamp.replace("Z", "+00:00")).timestamp())
        except ValueError:
            return 0

    async def project_docs(self, config: EffectiveConfig, settings: ThreadSettings) -> ProjectDocs:
        """Return the AGENTS.md instructions for where the thread works."""
        # A turn may have moved out of the configured project; its own folder then is all that counts.
        inside = settings.cwd.is_relative_to(config.project_root)
        environment = self._environments.first(settings.environments)
        root = config.project_root if inside else settings.cwd
        try:
            return await abandonable(
                PROJECT_DOCS_SECONDS,
                load_project_docs,
                codex_home=self._codex_home,
                own_files=DiskFiles(),
                environment=environment,
                cwd=settings.cwd,
                # What the configuration found on this machine says nothing of another one.
                project_root=root if environment is self._environments.local else None,
                root_markers=root_markers(config.merged),
                max_bytes=config.project_doc_max_bytes,
                fallback_names=config.project_doc_fallback_filenames,
            )
        except (TimeoutError, UnreachableFile) as error:
            warning = f"Went on without the instructions in AGENTS.md files: `{settings.cwd}` {error.strerror}."
            return ProjectDocs(text=None, sources=(), warnings=(warning,))

    async def extensions(self, config: EffectiveConfig, settings: ThreadSettings) -> ExtensionSet:
        """Return what the folder that a thread works in brings along: nothing where that is on another machine."""
        place = await self._place(config, settings)
        return await self._extensions.of(config, place=place, with_project=place is not None)

    async def hooks(self, config: EffectiveConfig, settings: ThreadSettings) -> HookListing:
        """Return the hooks for the folder that a thread works in; the user's own also for another machine."""
        return await self._extensions.hooks(await self._place(config, settings) or self._config.startup_default())

    async def _place(self, config: EffectiveConfig, settings: ThreadSettings) -> EffectiveConfig | None:
        """Return the configuration of the folder that a thread works in now, if that is on this machine."""
        if not settings.environments or settings.environments[0].id != LOCAL:
            return None
        try:
            # Whether the folder is trusted, and its hooks are, is asked anew.
            return await self._config.current(settings.cwd)
        except (ConfigLoadError, TimeoutError) as error:
            _log.warning("extensions of %s are left out: %s", settings.cwd, error)
            return None

    async def memories(self, config: EffectiveConfig) -> str | None:
        """Return what a model is told of former threads, where it is to be told."""
        if not memory_settings(config).use:
            return None
        try:
            found = await self._memories.summary()
            return None if found is None else memories_text(*found)
        except OSError as error:
            _log.warning("memories cannot be read: %s", error)
            return None

    async def git_info(self, settings: ThreadSettings) -> GitInfo | None:
        """Return the state of the repository that a thread works in."""
        place = WorkPlace(cwd=str(settings.cwd), policy=settings.confinement)
        return await self._environments.first(settings.environments).repositories.info(place)

    async def command_policy(self, config: EffectiveConfig) -> CommandPolicy:
        """Return the rules for commands under a configuration. Raises RulesError."""
        folders = list(config.rule_folders)
        amendments = self._codex_home / "rules" / "default.rules"
        doubted = partial(self._doubted_rules, config)
        return await CommandPolicy.load(
            folders,
            bash=self._bash,
            amendments=amendments,
            doubted=doubted,
            required=partial(required_rules, self._requirements),
        )

    def _doubted_rules(self, config: EffectiveConfig) -> set[str]:
        """Return the folders of rules that a command may have written since the configuration was loaded."""
        projects = [layer.source.path for layer in config.stack.active if layer.source.kind == "project"]
        return {str(path / "rules") for path in projects if path is not None and self._doubted(settings_files(path))}
