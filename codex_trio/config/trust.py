"""Whether the user trusts a project.

Owns: looking a folder's trust up in `[projects]`, what counts as a project, and the texts that say why a project layer
has no effect.
Does not own: writing trust (`service`), or what an untrusted project loses (`sources` for config; hooks and rules
follow the same layers).
"""

import json
import os
import shlex
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, cast

import msgspec

TrustLevel = Literal["trusted", "untrusted"]


UNTRUSTED_FOLDERS = (
    "Project-local config, hooks, and exec policies are disabled in the following folders until the project is trusted"
)
"""How the warning begins that names folders of which nothing counts yet."""


class Trust(msgspec.Struct, frozen=True):
    """What is known of a folder: the `level` of the first entry that fits, and that entry's key.

    Without an entry, `level` is None and `key` is the one an entry would be made under.
    """

    level: TrustLevel | None
    key: str


def find_trust(
    projects: Mapping[str, Any],
    folder: Path,
    *,
    project_root: Path | None,
    git_root: Path | None,
    real: Callable[[Path], str],
) -> Trust:
    """Return the trust of `folder`, decided by its own entry, else its project root's, else its repository's.

    `real` is `real_path`, or the same that remembers.
    """
    for candidate in (folder, project_root, git_root):
        if candidate is None:
            continue
        for key in dict.fromkeys((real(candidate), str(candidate))):
            level = _level(projects.get(key))
            if level is not None:
                return Trust(level=level, key=key)
    return Trust(level=None, key=real(git_root or folder))


def is_project(root: Path, markers: Sequence[str], git_root: Path | None) -> bool:
    """Return whether a folder belongs to a repository, or to a root that one of the user's own markers stands for."""
    return git_root is not None or any(os.path.lexists(root / marker) for marker in markers if marker != ".git")


def disabled_reason(trust: Trust, *, user_config: Path) -> str | None:
    """Return why a project folder's configuration has no effect; None for a trusted one."""
    match trust.level:
        case "trusted":
            return None
        case "untrusted":
            return (
                f"{trust.key} is marked as untrusted in the effective configuration. To load project-local config, "
                "hooks, and exec policies, update its trust setting. If that setting is managed by your organization, "
                "contact your administrator."
            )
        case None:
            return (
                f"To load project-local config, hooks, and exec policies, add {trust.key} as a trusted project in "
                f"{user_config}."
            )


def doubt_reason(doubted: Sequence[str], trust: Trust) -> str | None:
    """Return why the configuration of a trusted folder has no effect; None when no command can have written it."""
    if not doubted:
        return None
    listed = " ".join(shlex.quote(path) for path in doubted)
    return (
        f"It changed while a sandboxed command could write there. Look at it; if it is right, save it again when no "
        f"command runs (touch -h {listed}), or set projects.{json.dumps(trust.key)}.trust_level to trusted once more."
    )


def real_path(path: Path) -> str:
    """Return where a path leads; as it is where that cannot be found out."""
    try:
        return str(path.resolve())
    except (OSError, RuntimeError):
        return str(path)


def _level(entry: Any) -> TrustLevel | None:
    level = cast("dict[str, Any]", entry).get("trust_level") if isinstance(entry, dict) else None
    return level if level in ("trusted", "untrusted") else None
