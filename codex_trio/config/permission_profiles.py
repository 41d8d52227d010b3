"""Names of permission profiles, and the sandbox modes that they stand for.

Owns: the built-in names. Does not own: profiles of the user's own (`[permissions]`), which are not supported yet.
"""

from collections.abc import Mapping

from codex_trio.config.errors import ConfigLoadError
from codex_trio.config.settings import SandboxMode

_BUILT_IN: Mapping[str, SandboxMode] = {
    ":read-only": "read-only",
    ":workspace": "workspace-write",
    ":danger-full-access": "danger-full-access",
}


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
