"""Which folders are looked into for skills, for one folder of work under its configuration.

Owns the list. Does not own what is in them (`scan`), nor trust (`config`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from codex_trio.config.layers import lookup
from codex_trio.config.project import folders_between
from codex_trio.extensions.plugin_parts import PluginParts
from codex_trio.extensions.skills.skill import SkillRoot

BUNDLED = Path(__file__).parent / "bundled"
"""The skills that come with this server."""

_IN_PROJECTS = (Path(".codex/skills"), Path(".agents/skills"))


def skill_roots(
    *,
    cwd: Path,
    project_root: Path,
    untrusted: Sequence[Path],
    codex_home: Path,
    home: Path | None,
    system_dir: Path,
    merged: Mapping[str, Any],
    extra: Sequence[Path] = (),
    plugins: Sequence[PluginParts] = (),
) -> list[SkillRoot]:
    """Return the folders, those of a project from its root down; `untrusted` are the ones that no user has trusted."""
    roots = [*_of_project(cwd, project_root, frozenset(untrusted), own=codex_home)]
    if home is not None:
        roots.append(SkillRoot(path=home / ".agents/skills", scope="user"))
    roots.append(SkillRoot(path=codex_home / "skills", scope="user"))
    roots += [SkillRoot(path=path, scope="user") for path in extra]
    roots += plugin_roots(plugins)
    if lookup(merged, ["skills", "bundled", "enabled"]) is not False:
        # Hidden, so that no other root has it: what another program of the same home has put there.
        roots.append(SkillRoot(path=codex_home / "skills/.system", scope="system"))
        roots.append(SkillRoot(path=BUNDLED, scope="system"))
    roots.append(SkillRoot(path=system_dir / "skills", scope="admin"))
    return roots


def plugin_roots(plugins: Sequence[PluginParts]) -> list[SkillRoot]:
    """Return the folders of plugins."""
    return [
        SkillRoot(path=path, scope="user", within=plugin.root, prefix=plugin.name, plugin_id=plugin.id)
        for plugin in plugins
        for path in plugin.skill_roots
    ]


def _of_project(cwd: Path, project_root: Path, untrusted: frozenset[Path], *, own: Path) -> Iterator[SkillRoot]:
    for folder in folders_between(project_root, cwd):
        for name in _IN_PROJECTS:
            path = folder / name
            if path != own / "skills":
                yield SkillRoot(path=path, scope="repo", within=project_root, is_trusted=folder not in untrusted)
