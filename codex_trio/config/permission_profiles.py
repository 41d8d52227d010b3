"""Names of permission profiles, and the sandbox modes that they stand for.

Owns: the built-in names. Does not own: profiles of the user's own (`[permissions]`), which are not supported yet.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final, cast

import msgspec

from codex_trio.config.errors import ConfigLoadError
from codex_trio.config.settings import SandboxMode

_BUILT_IN: Final[Mapping[str, SandboxMode]] = {
    ":read-only": "read-only",
    ":workspace": "workspace-write",
    ":danger-full-access": "danger-full-access",
}


class PermissionProfile(msgspec.Struct, frozen=True, kw_only=True):
    """A profile by its name. `is_applied` is whether this server can."""

    name: str
    description: str | None = None
    is_applied: bool


def profiles(merged: Mapping[str, Any]) -> Sequence[PermissionProfile]:
    """Return the built-in profiles, and those of a checked configuration's own by their names."""
    own: Mapping[str, Any] = merged.get("permissions") or {}
    return [
        *(PermissionProfile(name=name, is_applied=True) for name in _BUILT_IN),
        *(PermissionProfile(name=name, description=_description(own[name]), is_applied=False) for name in sorted(own)),
    ]


def sandbox_mode_of(name: str) -> SandboxMode:
    """Return the sandbox mode of a profile. Raises ConfigLoadError for one that is not built in."""
    mode = _BUILT_IN.get(name)
    if mode is not None:
        return mode
    if name.startswith(":"):
        raise ConfigLoadError(f"default_permissions refers to unknown built-in profile `{name}`")
    raise ConfigLoadError(
        f'default_permissions = "{name}": named permission profiles are not supported; use sandbox_mode'
    )


def _description(profile: Any) -> str | None:
    text = cast("dict[str, Any]", profile).get("description") if isinstance(profile, dict) else None
    return text if isinstance(text, str) else None
