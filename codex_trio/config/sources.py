"""Reading the files that make up a configuration.

Owns: which files count for a folder, their order, and the error for one that cannot be read.
Does not own: what is in them (`schema`, `load`).

Everything here is a handful of small synchronous reads.
"""

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache, cached_property
from pathlib import Path
from typing import Any, Final, cast

import msgspec

from codex_trio.config import toml_text
from codex_trio.config.errors import ConfigLoadError, TextRange
from codex_trio.config.keys import CONFIG, PROJECT_DENIED_KEYS
from codex_trio.config.layers import ConfigLayer, LayerKind, LayerSource, LayerStack, merge
from codex_trio.config.nodes import SchemaProblem, absolute_paths, check
from codex_trio.config.overrides import Override, to_table
from codex_trio.config.parsed_texts import ParsedTexts
from codex_trio.config.project import folders_between, git_root_for_trust, project_root
from codex_trio.config.requirements import NOTHING_REQUIRED, Requirements, unknown_requirements
from codex_trio.config.trust import Trust, disabled_reason, doubt_reason, find_trust, real_path
from codex_trio.util.regular_file import read_whole

DEFAULT_ROOT_MARKERS = (".git",)

SYSTEM_DIR: Final = Path("/etc/codex")
"""Where whoever runs the machine puts settings for all its users."""

MAX_FILE_BYTES = 4 << 20
"""The user's own file collects an entry for every project; it still is far smaller."""

_MAX_PROJECT_FILE_BYTES = 256 << 10
"""A project's file is somebody else's, and it is read before anybody has said that it may count."""


Doubt = Callable[[Sequence[str]], list[str]]
"""Which of some paths a sandboxed command may have written; see `command_writes`."""


def no_doubt(paths: Sequence[str]) -> list[str]:
    """Return nothing: for whoever only looks at what could count."""
    return []


class OrganizationSettings(msgspec.Struct, frozen=True, kw_only=True):
    """What an organization sets for its members, by whatever way it came here: texts of a `config.toml` and of a
    `requirements.toml`."""

    id: str
    name: str
    config: str = ""
    requirements: str = ""


class ConfigPaths(msgspec.Struct, frozen=True, kw_only=True, dict=True):
    """Where configuration lives: the user's folder, the machine's, what `~` means, and the profile in use, if any.

    `packaged` is a file of defaults that came with the program.
    """

    codex_home: Path
    system_dir: Path
    home: Path | None
    profile: str | None = None
    packaged: Path | None = None
    organizations: tuple[OrganizationSettings, ...] = ()

    @cached_property
    def machine_files(self) -> tuple[Path, ...]:
        """The files that whoever runs the machine writes."""
        return (
            *([] if self.packaged is None else [self.packaged]),
            self.system_config,
            self.managed_config,
            self.requirements,
        )

    @cached_property
    def system_config(self) -> Path:
        """The machine's settings, below the user's."""
        return self.system_dir / "config.toml"

    @cached_property
    def managed_config(self) -> Path:
        """An administrator's settings, which beat the user's."""
        return self.system_dir / "managed_config.toml"

    @cached_property
    def requirements(self) -> Path:
        """What an administrator allows."""
        return self.system_dir / "requirements.toml"

    @cached_property
    def user_config(self) -> Path:
        """The user's `config.toml`."""
        return self.codex_home / "config.toml"

    @cached_property
    def profile_config(self) -> Path | None:
        """The file of the profile in use, which need not exist."""
        return self.codex_home / f"{self.profile}.config.toml" if self.profile else None

    @cached_property
    def written_config(self) -> Path:
        """The file that takes what clients write: that of the profile in use, else the user's `config.toml`."""
        return self.profile_config or self.user_config


class ProjectFolder(msgspec.Struct, frozen=True, kw_only=True):
    """The project around a working folder: its root, the root trust is given to, and whether it is trusted.

    `markers` are the names by which the root was looked for. `trusts` says whether the user trusts each folder from the
    root to `cwd`.
    """

    cwd: Path
    markers: tuple[str, ...]
    root: Path
    git_root: Path | None
    trusts: Mapping[Path, Trust]

    @property
    def trust(self) -> Trust:
        """Whether the working folder is trusted."""
        return self.trusts[self.cwd]

    @property
    def untrusted(self) -> tuple[Path, ...]:
        """The folders from the root to `cwd` that the user does not trust."""
        return tuple(folder for folder, trust in self.trusts.items() if trust.level != "trusted")


class Sources(msgspec.Struct, frozen=True, kw_only=True):
    """The layers for one working folder, the project they were chosen for, and what an administrator requires."""

    stack: LayerStack
    project: ProjectFolder | None
    requirements: Requirements = NOTHING_REQUIRED

    def is_same_as(self, other: "Sources") -> bool:
        """Return whether both are made of the very same layers, so that what one comes to the other does.

        By identity: to Python `true` and `1` are equal.
        """
        ours, theirs = self.stack.layers, other.stack.layers
        return (
            len(ours) == len(theirs)
            and all(own is its for own, its in zip(ours, theirs, strict=True))
            and self.requirements is other.requirements
            and self.project == other.project
        )


def read_sources(
    paths: ConfigPaths,
    *,
    cwd: Path | None,
    command_line: Iterable[Override] = (),
    request: Iterable[Override] = (),
    user_table: Mapping[str, Any] | None = None,
    doubted: Doubt = no_doubt,
    thread_config: Iterable[ConfigLayer] = (),
    texts: ParsedTexts | None = None,
) -> Sources:
    """Return all layers for `cwd` (an absolute path; None leaves projects out), lowest first.

    `command_line` and `request` are settings for one run and for one thread. A request decides about no project: what
    it says of trust can only take it away. `user_table` stands in for the user's file, `doubted` tells which files a
    command may have written, `thread_config` is what a thread config loader said, `texts` knows texts that were read
    before. Raises `ConfigLoadError` for a file that cannot be read as TOML, and for one of an administrator's
    that cannot be used.
    """
    command_line = tuple(command_line)
    texts = texts or ParsedTexts()
    if user_table is None:
        user = _file_layer(paths, "user", paths.user_config, texts)
    else:
        user = ConfigLayer(source=LayerSource("user", paths.user_config), table=dict(user_table))
    managed = _managed_layer(paths, texts)
    requirements = _requirements(paths, managed, texts)
    below = [*_layers_below_the_users(paths, texts), user, *_profile_layers(paths, user, texts)]
    request = tuple(request)
    session = _session_layer(paths, cwd, command_line, texts)
    asked = _session_layer(paths, cwd, (*command_line, *request), ParsedTexts()) if request else session
    above = [*asked, *thread_config, *managed]
    if cwd is None:
        return Sources(stack=LayerStack((*below, *above)), project=None, requirements=requirements)
    decided = merge([layer.table for layer in (*below, *session, *managed)])
    settings = merge([layer.table for layer in (*below, *above)])
    project = find_project(settings, cwd, decided=decided)
    layers = _project_layers(paths, project, doubted, texts)
    return Sources(stack=LayerStack((*below, *layers, *above)), project=project, requirements=requirements)


def read_defaults(paths: ConfigPaths, command_line: Iterable[Override]) -> Sources:
    """Return what there is without any file: for as long as the files cannot be used, when the least is allowed."""
    user = ConfigLayer(source=LayerSource("user", paths.user_config), table={})
    return Sources(
        stack=LayerStack((user, *_session_layer(paths, None, tuple(command_line), ParsedTexts()))),
        project=None,
        requirements=unknown_requirements("the configuration cannot be read"),
    )


def _layers_below_the_users(paths: ConfigPaths, texts: ParsedTexts) -> list[ConfigLayer]:
    packaged = [] if paths.packaged is None else [_file_layer(paths, "packagedDefaults", paths.packaged, texts)]
    system = _file_layer(paths, "system", paths.system_config, texts)
    organizations = [_organization_layer(paths, given, texts) for given in paths.organizations if given.config]
    return [*packaged, system, *organizations]


def _organization_layer(paths: ConfigPaths, given: OrganizationSettings, texts: ParsedTexts) -> ConfigLayer:
    source = LayerSource("enterpriseManaged", id=given.id, name=given.name)

    def make() -> ConfigLayer:
        table = _parsed(source.label, given.config)
        return ConfigLayer(source=source, table=absolute_paths(CONFIG, table, folder=paths.codex_home, home=paths.home))

    return texts.made_of((source, paths.home), given.config, make)


def _managed_layer(paths: ConfigPaths, texts: ParsedTexts) -> list[ConfigLayer]:
    """Return the administrator's settings, if there are any. Nobody goes on without them: raises `ConfigLoadError`."""
    path = paths.managed_config
    text = _administrators_text(path)
    if text is None:
        return []

    def make() -> ConfigLayer:
        table = _parsed(str(path), text, path)
        try:
            check(CONFIG, table)
        except SchemaProblem as problem:
            place = toml_text.find_value(text, problem.path)
            where = f":{place.start.line}:{place.start.column}" if place else ""
            raise ConfigLoadError(
                f"{path}{where}: {problem.told}", path=path, range=place, unreadable_layer=True
            ) from None
        return ConfigLayer(
            source=LayerSource("legacyManagedConfigTomlFromFile", path),
            table=absolute_paths(CONFIG, table, folder=path.parent, home=paths.home),
        )

    return [texts.made_of((path, paths.home), text, make)]


def _requirements(paths: ConfigPaths, managed: Sequence[ConfigLayer], texts: ParsedTexts) -> Requirements:
    """Return what administrators require. Raises `ConfigLoadError` when that cannot be told."""
    text = _administrators_text(paths.requirements)
    if text is None and not managed and not any(given.requirements for given in paths.organizations):
        return NOTHING_REQUIRED
    made_from = repr((text, paths.organizations, [layer.table for layer in managed]))
    return texts.made_of((paths.requirements, paths.home), made_from, lambda: _read_requirements(paths, managed, text))


def _read_requirements(paths: ConfigPaths, managed: Sequence[ConfigLayer], text: str | None) -> Requirements:
    # Most machines have no such file, and no use for what reads one.
    from codex_trio.config.requirement_files import join, managed_requirements, parse_requirements

    path = paths.requirements
    found = [
        parse_requirements(text, name=str(path), folder=path.parent, home=paths.home, path=path)
        for text in ([] if text is None else [text])
    ]
    found += [
        parse_requirements(
            given.requirements,
            name=f"requirements of your organization: {given.name}",
            folder=paths.codex_home,
            home=paths.home,
            path=None,
        )
        for given in paths.organizations
        if given.requirements
    ]
    found += [managed_requirements(layer.table, paths.managed_config) for layer in managed]
    return join(found)


def _administrators_text(path: Path) -> str | None:
    """Return the text of a file; None only where there is none: a link that leads nowhere is no such case.

    Raises `ConfigLoadError`.
    """
    text = read_text(path)
    if text is None and os.path.lexists(path):
        raise ConfigLoadError(
            f"failed to read {path}: it is a link that leads nowhere, and what it should say is not known",
            path=path,
            unreadable_layer=True,
        )
    return text


def find_project(settings: Mapping[str, Any], cwd: Path, *, decided: Mapping[str, Any] | None = None) -> ProjectFolder:
    """Return the project around `cwd`, under the root markers of `settings` and the trust entries of `decided`.

    Without `decided`, `settings` hold the entries; with it they can only take trust away.
    """
    markers = root_markers(settings)
    root = project_root(cwd, markers)
    git_root = git_root_for_trust(cwd)
    entries = [_projects(settings)] if decided is None else [_projects(decided), _projects(settings)]
    if entries[-1] is entries[0]:
        del entries[1:]
    real = cache(real_path)  # each folder is asked about several times

    def least_trust(folder: Path) -> Trust:
        # What the first entries say of a folder, or that it is untrusted when others say so.
        found = [find_trust(table, folder, project_root=root, git_root=git_root, real=real) for table in entries]
        return next((trust for trust in found if trust.level == "untrusted"), found[0])

    return ProjectFolder(
        cwd=cwd,
        markers=markers,
        root=root,
        git_root=git_root,
        trusts={folder: least_trust(folder) for folder in folders_between(root, cwd)},
    )


def root_markers(settings: Mapping[str, Any]) -> tuple[str, ...]:
    """Return what marks a project's root; the default when the setting is absent or of the wrong kind."""
    markers = settings.get("project_root_markers")
    if isinstance(markers, list) and all(isinstance(name, str) for name in cast("list[Any]", markers)):
        return tuple(cast("list[str]", markers))
    return DEFAULT_ROOT_MARKERS


def place_in_file(layer: ConfigLayer, path: toml_text.KeyPath, *, of_key: bool = False) -> TextRange | None:
    """Return where in the layer's file the value (or key) at `path` stands, if the layer has a file
    that still says so.
    """
    file = layer.source.file
    if file is None:
        return None
    try:
        text = read_text(file) or ""
    except ConfigLoadError:
        return None
    return toml_text.find_key(text, path) if of_key else toml_text.find_value(text, path)


def _projects(settings: Mapping[str, Any]) -> dict[str, Any]:
    projects = settings.get("projects")
    return cast("dict[str, Any]", projects) if isinstance(projects, dict) else {}


def read_text(path: Path, *, limit: int = MAX_FILE_BYTES) -> str | None:
    """Return the text of a configuration file; None when there is none. Raises `ConfigLoadError`."""
    place: TextRange | None = None
    try:
        return read_whole(path, limit=limit).decode("utf-8-sig").replace("\r\n", "\n")
    except (FileNotFoundError, NotADirectoryError):
        return None
    except UnicodeDecodeError as error:
        start = toml_text.position_of_byte(error.object, error.start)
        place = TextRange(start=start, end=start)
        message = f"{path}:{start.line}:{start.column}: not UTF-8 text (byte {error.start})"
    except OSError as error:
        message = f"{path}: {error.strerror}"
    problem = f"failed to read config file {message}"
    raise ConfigLoadError(problem, path=place and path, range=place, unreadable_layer=True)


def _profile_layers(paths: ConfigPaths, user: ConfigLayer, texts: ParsedTexts) -> list[ConfigLayer]:
    """Return the layer of the profile in use. Raises `ConfigLoadError` where the user's file has the older form too."""
    name, file = paths.profile, paths.profile_config
    if name is None or file is None:
        return []
    tables = user.table.get("profiles")
    if user.table.get("profile") == name or (isinstance(tables, dict) and name in tables):
        raise ConfigLoadError(
            f'--profile `{name}` cannot be used while {paths.user_config} contains legacy `profile = "{name}"` or '
            f"`[profiles.{name}]` config; move those settings into {file} and remove the legacy profile selector/table."
        )
    return [_file_layer(paths, "user", file, texts, profile=name)]


def _file_layer(
    paths: ConfigPaths, kind: LayerKind, path: Path, texts: ParsedTexts, *, profile: str | None = None
) -> ConfigLayer:
    text = read_text(path) or ""

    def make() -> ConfigLayer:
        table = _parsed(str(path), text, path, texts.parse)
        return ConfigLayer(
            source=LayerSource(kind, path, profile),
            table=absolute_paths(CONFIG, table, folder=path.parent, home=paths.home),
        )

    return texts.made_of((kind, path, profile, paths.home), text, make)


def _parsed(name: str, text: str, path: Path | None = None, parse: toml_text.Parse = toml_text.parse) -> dict[str, Any]:
    try:
        return parse(text) if text else {}
    except toml_text.TomlSyntaxError as error:
        place = error.position
        raise ConfigLoadError(
            f"{name}:{place.line}:{place.column}: {error.message}",
            path=path,
            range=TextRange(start=place, end=place),
            unreadable_layer=True,
        ) from None


def _session_layer(
    paths: ConfigPaths, cwd: Path | None, session: Sequence[Override], texts: ParsedTexts
) -> list[ConfigLayer]:
    if not session:
        return []
    folder = cwd or paths.codex_home

    def make() -> list[ConfigLayer]:
        table = absolute_paths(CONFIG, to_table(session), folder=folder, home=paths.home)
        return [ConfigLayer(source=LayerSource("sessionFlags"), table=table)] if table else []

    return texts.made_of(("sessionFlags", folder, paths.home), repr(session), make)


def _project_layers(
    paths: ConfigPaths, project: ProjectFolder, doubted: Doubt, texts: ParsedTexts
) -> list[ConfigLayer]:
    layers: list[ConfigLayer] = []
    for folder, trust in project.trusts.items():
        dot_codex = folder / ".codex"
        if not os.path.isdir(dot_codex) or _same_folder(dot_codex, paths.codex_home):
            continue
        layer = _project_layer(paths, dot_codex, trust, texts)
        if layer.disabled_reason is None:
            # After it was read: what was changed meanwhile does not count either.
            reason = doubt_reason(doubted([*_links(project.root, folder), *settings_files(dot_codex)]), trust)
            if reason is not None:
                layer = msgspec.structs.replace(layer, disabled_reason=reason, is_doubted=True)
        layers.append(layer)
    return layers


def settings_files(dot_codex: Path) -> list[str]:
    """Return what in a project's `.codex` is obeyed: its settings and rules, and the folders that hold them."""
    rules = dot_codex / "rules"
    try:
        names = sorted(name for name in os.listdir(rules) if name.endswith(".rules"))
    except OSError:
        names = []
    own = (dot_codex, dot_codex / "config.toml", dot_codex / "hooks.json")
    return [str(path) for path in (*own, rules, *(rules / name for name in names))]


def _links(root: Path, folder: Path) -> list[str]:
    """Return the links on the way from a project's root to a folder in it."""
    return [str(path) for path in folders_between(root, folder) if path != root and os.path.islink(path)]


def _project_layer(paths: ConfigPaths, dot_codex: Path, trust: Trust, texts: ParsedTexts) -> ConfigLayer:
    reason = disabled_reason(trust, user_config=paths.user_config)
    path = dot_codex / "config.toml"
    text = ""
    try:
        text = read_text(path, limit=_MAX_PROJECT_FILE_BYTES) or ""
    except ConfigLoadError:
        if reason is None:
            raise

    def make() -> ConfigLayer:
        table: dict[str, Any] = {}
        try:
            table = texts.parse(text) if text else {}
        except toml_text.TomlSyntaxError as error:
            if reason is None:
                details = toml_text.render_syntax_error(text, error)
                raise ConfigLoadError(
                    f"Error parsing project config file {path}: {details}", unreadable_layer=True
                ) from None
        denied = tuple(name for name in PROJECT_DENIED_KEYS if name in table)
        table = {name: value for name, value in table.items() if name not in denied}
        return ConfigLayer(
            source=LayerSource("project", dot_codex),
            table=absolute_paths(CONFIG, table, folder=dot_codex, home=paths.home),
            disabled_reason=reason,
            denied_keys=denied,
        )

    return texts.made_of((dot_codex, reason, paths.home), text, make)


def _same_folder(one: Path, other: Path) -> bool:
    try:
        return os.path.samefile(one, other)
    except OSError:
        return False
