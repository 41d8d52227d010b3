"""The configuration of a server: loaded anew for every thread, judged once at start.

Owns: the user's folder and the command line's settings; loading for a folder; trust given by starting a thread, where
the user wants that; which warnings a client has already been told.
Does not own: layers, checks and defaults (the other modules here), or answering clients.

Calls are synchronous but where they say so: loading reads a few small files and takes about a millisecond. What was
read is kept as long as the files look the same.
"""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from codex_trio.config import features
from codex_trio.config.errors import (
    ConfigLoadError,
    ConfigWarning,
    StartupRefused,
    UnsupportedPolicy,
)
from codex_trio.config.fingerprints import Fingerprint, fingerprints_of, watched_paths
from codex_trio.config.layers import ConfigLayer, merge
from codex_trio.config.load import build, refuse_unread_keys
from codex_trio.config.nodes import PassedTables
from codex_trio.config.overrides import Override, from_request
from codex_trio.config.parsed_texts import ParsedTexts
from codex_trio.config.requirements import Requirements
from codex_trio.config.settings import EffectiveConfig, SandboxMode, TypedOverrides
from codex_trio.config.sources import (
    DEFAULT_ROOT_MARKERS,
    SYSTEM_DIR,
    ConfigPaths,
    OrganizationSettings,
    Sources,
    read_defaults,
    read_sources,
    root_markers,
)
from codex_trio.config.trust import UNTRUSTED_FOLDERS, is_project

if TYPE_CHECKING:
    from codex_trio.config.command_writes import CommandWrites
    from codex_trio.config.thread_config import ThreadConfigLoader

_NO_TYPED_OVERRIDES = TypedOverrides()

_ANSWER_SECONDS = 10.0
"""How long the configuration of a folder may take to be read: a dead mount never answers."""

_KEPT_FOLDERS = 64
"""For how many folders what was read is kept: those of the threads at work."""

_KEPT_CONFIGS = 8
"""What clients ask for beside the files is the same for most threads."""

_KNOWN_FOLDERS = 1000
"""For how many folders it is known what a thread config loader said."""

_THREAD_CONFIG_ENDPOINT = "experimental_thread_config_endpoint"

_OTHER_FILES = frozenset({"model_instructions_file", "experimental_compact_prompt_file"})
"""Settings that name files whose text becomes part of the configuration."""


class _Kept(msgspec.Struct):
    """What was read for a folder, the fingerprints of `watched` from just before, and what it comes to.

    Without fingerprints it is what the files said when one of them had only just changed: to be read again.
    """

    watched: Sequence[str]
    markers: tuple[str, ...]
    fingerprints: tuple[Fingerprint, ...] | None
    sources: Sources
    configs: dict[TypedOverrides, EffectiveConfig] = {}

    def is_true(self, markers: tuple[str, ...]) -> bool:
        """Return whether the files look as they did, and are those that count under these markers of projects."""
        known = self.fingerprints
        return known is not None and self.markers == markers and fingerprints_of(self.watched) == known


class ConfigService:
    """Loads configurations for one `$CODEX_HOME` and one command line.

    `profile` names a file of the user's, `NAME.config.toml`, that lies on top of `config.toml`. `cwd` is the server's
    own working folder: relative folders count from it, and at start it is the project that is looked at. `system_dir`
    holds what the machine's administrator sets, `packaged` is a file of defaults that came with the program,
    `organizations` are settings from elsewhere, and so is what `thread_config` says (by default the service that
    `experimental_thread_config_endpoint` names). `strict` turns keys that nobody reads into errors.
    `without_user_config` leaves the user's file out, `without_rules` the command rules of all layers.
    """

    def __init__(
        self,
        codex_home: Path,
        *,
        environ: Mapping[str, str],
        cli_overrides: Iterable[Override] = (),
        system_dir: Path = SYSTEM_DIR,
        packaged: Path | None = None,
        organizations: tuple[OrganizationSettings, ...] = (),
        profile: str | None = None,
        thread_config: ThreadConfigLoader | None = None,
        cwd: Path | None = None,
        strict: bool = False,
        without_user_config: bool = False,
        without_rules: bool = False,
        texts: ParsedTexts | None = None,
    ) -> None:
        home = environ.get("HOME")
        self._paths = ConfigPaths(
            codex_home=codex_home,
            system_dir=system_dir,
            home=Path(home) if home else None,
            packaged=packaged,
            organizations=organizations,
            profile=profile,
        )
        self._environ = environ
        self._cli_overrides = tuple(cli_overrides)
        self._cwd = Path.cwd() if cwd is None else cwd
        self._strict = strict
        self._user_table: Mapping[str, Any] | None = {} if without_user_config else None
        self._without_rules = without_rules
        self.texts = texts or ParsedTexts()
        self.passed = PassedTables()
        self._announced: set[str] = set()
        self._noted: list[str] = []
        self._kept: dict[Path | None, _Kept] = {}
        self._markers = DEFAULT_ROOT_MARKERS
        self._chosen_features: Mapping[str, bool] = {}
        self._followers: list[Callable[[], Awaitable[list[str]]]] = []
        self._thread_config = thread_config
        self._thread_layers: dict[Path | None, tuple[ConfigLayer, ...]] = {}
        self._startup_problem: ConfigLoadError | None = None
        self._started_with: EffectiveConfig | None = None

    @cached_property
    def writes(self) -> CommandWrites:
        """When sandboxed commands could write where."""
        from codex_trio.config.command_writes import FOLDER, CommandWrites

        return CommandWrites(self._paths.codex_home / FOLDER)

    def _doubted(self, paths: Sequence[str]) -> list[str]:
        return self.writes.doubted(paths)

    @property
    def paths(self) -> ConfigPaths:
        """Where the files are."""
        return self._paths

    @property
    def reads_what_is_written(self) -> bool:
        """Whether the file that takes what clients write has a say."""
        return self._user_table is None or self._paths.profile is not None

    @property
    def chosen_features(self) -> Mapping[str, bool]:
        """The switches that clients have set since the server began; what a layer says goes before them."""
        return self._chosen_features

    def choose_features(self, chosen: Mapping[str, bool]) -> dict[str, bool]:
        """Set switches for what is loaded from now on, until the server ends. Return those that clients may set."""
        taken = {name: chosen[name] for name in features.SETTABLE if name in chosen}
        if taken:
            self._chosen_features = {**self._chosen_features, **taken}
            for kept in self._kept.values():
                kept.configs.clear()
        return taken

    def when_reloaded(self, follow: Callable[[], Awaitable[list[str]]]) -> None:
        """Have this called when loaded threads are to follow the files; it returns what it could not do."""
        self._followers.append(follow)

    async def reload(self) -> list[str]:
        """Have loaded threads follow the files as they are now; return what could not be done."""
        return [problem for follow in self._followers for problem in await follow()]

    def resolve_cwd(self, cwd: Path | None) -> Path:
        """Return an absolute working folder: relative ones count from the server's own, which is also the default."""
        return Path(self._cwd if cwd is None else self._cwd / cwd)

    async def ask_loader(self, folder: Path | None) -> None:
        """Find out what the thread config loader says of an absolute folder now, for what is loaded from here on.

        Does nothing where there is none. Raises `ConfigLoadError` when it does not say, and changes nothing then.
        """
        loader = self._thread_config or self._thread_config_endpoint()
        if loader is None:
            return
        # Few servers have one.
        from codex_trio.config.thread_config_call import ask

        layers = await ask(loader, folder)
        if self._thread_layers.pop(folder, None) != layers:
            self._kept.pop(folder, None)
        while len(self._thread_layers) >= _KNOWN_FOLDERS:
            self._thread_layers.pop(next(iter(self._thread_layers)))
        self._thread_layers[folder] = layers

    def _thread_config_endpoint(self) -> str | None:
        try:
            endpoint = self.sources(None).stack.merged.get(_THREAD_CONFIG_ENDPOINT)
        except ConfigLoadError:
            return None  # the load that follows tells of it
        return endpoint if isinstance(endpoint, str) and endpoint else None

    async def start(self) -> None:
        """Get ready to be asked for the server's own folder. Raises `StartupRefused`, as `startup_default` does."""
        try:
            await self.ask_loader(self._cwd)
        except ConfigLoadError as error:
            if self._strict:
                raise StartupRefused(error.message) from None
            self._startup_problem = error
        self.startup_default()

    def load(
        self,
        cwd: Path | None = None,
        overrides: Mapping[str, Any] | None = None,
        *,
        typed: TypedOverrides = _NO_TYPED_OVERRIDES,
    ) -> EffectiveConfig:
        """Return the configuration for a folder as of now. `overrides` is a request's `config` map.

        Raises `ConfigLoadError`.
        """
        folder = self.resolve_cwd(cwd)
        return self._built(self.sources(folder, overrides), folder, typed)

    async def current(self, cwd: Path | None = None, overrides: Mapping[str, Any] | None = None) -> EffectiveConfig:
        """Return the same, read off the loop.

        What was read of the server's own folder, and is still so, is had at once. Raises ConfigLoadError, and
        TimeoutError for a folder that does not answer.
        """
        folder = self.resolve_cwd(cwd)
        known = self._known(folder) if folder == self._cwd and not overrides else None
        if known is not None:
            return known
        # It brings Trio along, which whoever loads settings alone does without.
        from codex_trio.util.abandonable import abandonable

        return await abandonable(_ANSWER_SECONDS, self.load, folder, overrides)

    def _known(self, folder: Path) -> EffectiveConfig | None:
        kept = self._kept.get(folder)
        return kept.configs.get(_NO_TYPED_OVERRIDES) if kept is not None and kept.is_true(self._markers) else None

    def _built(self, sources: Sources, folder: Path, typed: TypedOverrides) -> EffectiveConfig:
        """Return the configuration that layers come to, built once for the layers that are kept."""
        kept = self._kept.get(folder)
        if kept is None or kept.sources is not sources:
            return self._build(sources, folder, typed=typed)
        config = kept.configs.get(typed)
        if config is None:
            config = self._build(sources, folder, typed=typed)
            # Instructions are long, and hardly ever the same.
            is_plain = typed.base_instructions is None and typed.developer_instructions is None
            if is_plain and len(kept.configs) < _KEPT_CONFIGS and not _OTHER_FILES.intersection(sources.stack.merged):
                kept.configs[typed] = config
        return config

    def load_for_new_thread(
        self,
        cwd: Path | None = None,
        overrides: Mapping[str, Any] | None = None,
        *,
        typed: TypedOverrides = _NO_TYPED_OVERRIDES,
    ) -> EffectiveConfig:
        """Load for starting a thread, which with `auto_trust` may make its project a trusted one.

        The project's own configuration then applies to this very thread. Raises `ConfigLoadError`.
        """
        folder = self.resolve_cwd(cwd)
        sources = self.sources(folder, overrides)
        config = self._built(sources, folder, typed)
        return self.load(cwd, overrides, typed=typed) if self._ensure_trust(sources, config.sandbox_mode) else config

    def _ensure_trust(self, sources: Sources, sandbox_mode: SandboxMode) -> bool:
        """Mark a project as trusted if a thread may write there and nothing is decided about it.

        A plain folder is no project: an entry would change nothing, and clients with temporary working folders would
        fill the user's file. True when that file was changed. Raises `ConfigLoadError` when it cannot be.
        """
        project = sources.project
        users = [layer.table for layer in sources.stack.layers if layer.source.kind == "user"]
        if merge(users).get("auto_trust") is not True:
            # What lies in a folder decides what is obeyed there: only the user can say that it may.
            return False
        if project is None or project.trust.level is not None or sandbox_mode == "read-only":
            return False
        has_settings = any(layer.source.kind == "project" for layer in sources.stack.layers)
        if not (has_settings or is_project(project.root, root_markers(sources.stack.merged), project.git_root)):
            return False
        from codex_trio.config.edit import Edit, edit_file, why_not_written

        edit = Edit(path=("projects", project.trust.key, "trust_level"), value="trusted", merge=False)
        target = self._paths.written_config
        try:
            edit_file(target, [edit], parse=self.texts.parse)
        except OSError as error:
            raise ConfigLoadError(why_not_written(target, error)) from None
        return True

    def sources(self, cwd: Path | None, overrides: Mapping[str, Any] | None = None) -> Sources:
        """Return the layers for an absolute folder; None leaves projects out. Raises `ConfigLoadError`."""
        if overrides:
            request = from_request(overrides)
            return self._read(cwd, request)
        kept, markers = self._kept.get(cwd), self._markers
        if kept is not None and kept.is_true(markers):
            return kept.sources
        # Taken before reading: what changes in between has another fingerprint the next time.
        watched = watched_paths(self._paths, cwd, markers)
        fingerprints = fingerprints_of(watched)
        sources = self._read(cwd, ())
        if kept is not None and kept.sources.is_same_as(sources):
            sources = kept.sources
        if not any(layer.is_doubted for layer in sources.stack.layers):
            self._keep(cwd, _Kept(watched, markers, fingerprints, sources))
        return sources

    def _read(self, cwd: Path | None, request: Iterable[Override]) -> Sources:
        return read_sources(
            self._paths,
            cwd=cwd,
            command_line=self._cli_overrides,
            request=request,
            user_table=self._user_table,
            texts=self.texts,
            doubted=self._doubted,
            thread_config=self._thread_layers.get(cwd, ()),
        )

    def requirements(self) -> Requirements:
        """Return what administrators require as of now. Raises `ConfigLoadError` when that cannot be told."""
        try:
            return self.sources(None).requirements
        except ConfigLoadError:
            # Perhaps it is the user's file that cannot be read, and it has no say in them.
            return read_sources(
                msgspec.structs.replace(self._paths, profile=None), cwd=None, user_table={}
            ).requirements

    def stand_by(self, folders: Iterable[str]) -> None:
        """Take it from the user that the settings below these folders are right as they are now. Raises `OSError`."""
        for folder in folders:
            self.writes.review(os.path.realpath(folder))

    def _keep(self, cwd: Path | None, read: _Kept) -> None:
        before = self._kept.pop(cwd, None)
        markers = read.markers if read.sources.project is None else read.sources.project.markers
        if markers != read.markers:
            # The fingerprints were not those of all that counts.
            self._markers = markers
            return
        while len(self._kept) >= _KEPT_FOLDERS:
            self._kept.pop(next(iter(self._kept)), None)
        if before is not None and before.sources is read.sources:
            read.configs = before.configs
        self._kept[cwd] = read

    def startup_default(self) -> EffectiveConfig:
        """Return the configuration a server starts with: its own folder's, or defaults when the files are broken.

        Raises `StartupRefused` when the command line's own settings are at fault, for a withdrawn setting, and in
        strict loading for anything wrong. Where files come to say so later, what was returned before holds: no start
        is refused any more, and requests that load the files say what is wrong.
        """
        try:
            self._started_with = self._startup_default()
        except StartupRefused:
            if self._started_with is None:
                raise
        return self._started_with

    def _startup_default(self) -> EffectiveConfig:
        try:
            return self.load()
        except ConfigLoadError as error:
            if self._strict or isinstance(error, UnsupportedPolicy):
                raise StartupRefused(error.message) from None
            problem = error
        try:
            sources = read_sources(self._paths, cwd=None, command_line=self._cli_overrides, user_table={})
            return self._build(sources, self._cwd, typed=_NO_TYPED_OVERRIDES)
        except ConfigLoadError:
            # Perhaps it is the machine's files that cannot be used.
            sources = read_defaults(self._paths, self._cli_overrides)
        try:
            return self._build(sources, self._cwd, typed=_NO_TYPED_OVERRIDES)
        except ConfigLoadError:
            # What is said of the command line alone may be untrue: it names what is in the files.
            raise StartupRefused(problem.message) from None

    def startup_warnings(self) -> list[ConfigWarning]:
        """Return what a client is told right after it initialized."""
        try:
            if self._startup_problem is not None:
                raise self._startup_problem
            config = self.load()
        except ConfigLoadError as error:
            return [
                ConfigWarning(
                    summary="Invalid configuration; using defaults.",
                    details=error.message,
                    path=error.path,
                    range=error.range,
                )
            ]
        texts = (
            *self._noted,
            *_dangling_links_warnings(self._paths, config),
            *config.warnings,
            *_disabled_projects_warnings(config),
        )
        self._announced.update(texts)
        return [ConfigWarning(summary=text) for text in texts]

    def note_warning(self, summary: str) -> None:
        """Have clients that are still to come told as well of what was found out since the start."""
        self._noted.append(summary)

    def unannounced_warnings(self, config: EffectiveConfig) -> list[ConfigWarning]:
        """Return those of a configuration's warnings that clients have not been told; they count as
        told from now on.
        """
        links = _dangling_links_warnings(self._paths, config)
        texts = (*links, *config.warnings, *_disabled_projects_warnings(config))
        fresh = [text for text in texts if text not in self._announced]
        self._announced.update(fresh)
        return [ConfigWarning(summary=text) for text in fresh]

    def _build(self, sources: Sources, cwd: Path, *, typed: TypedOverrides) -> EffectiveConfig:
        if self._strict:
            refuse_unread_keys(sources.stack)
        config = build(
            sources,
            paths=self._paths,
            cwd=cwd,
            environ=self._environ,
            typed=typed,
            chosen_features=self._chosen_features,
            passed=self.passed,
        )
        return msgspec.structs.replace(config, rule_folders=()) if self._without_rules else config


def _dangling_links_warnings(paths: ConfigPaths, config: EffectiveConfig) -> list[str]:
    """Return what is told of links that people take for files."""
    projects = [layer.source.file for layer in config.stack.active if layer.source.kind == "project"]
    return [
        f"{path} is a link that leads nowhere: it says nothing, until there is a file at its end."
        for path in (paths.packaged, paths.system_config, paths.user_config, paths.profile_config, *projects)
        if path is not None and os.path.islink(path) and not os.path.exists(path)
    ]


def _disabled_projects_warnings(config: EffectiveConfig) -> list[str]:
    disabled = [layer for layer in config.stack.layers if layer.disabled_reason is not None]
    untrusted = [layer for layer in disabled if not layer.is_doubted]
    texts = [
        f"Project-local config, hooks, and exec policies in {layer.source.path} are disabled. {layer.disabled_reason}"
        for layer in disabled
        if layer.is_doubted
    ]
    if untrusted:
        folders = "".join(
            f"    {number}. {layer.source.path}\n       {layer.disabled_reason}\n"
            for number, layer in enumerate(untrusted, start=1)
        )
        texts.append(f"{UNTRUSTED_FOLDERS}, but skills still load.\n{folders}")
    return texts
