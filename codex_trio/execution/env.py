"""The environment of commands.

Owns: the shell environment policy and the variables added for the agent's commands. Does not own: reading the server's
own environment (`app.py` passes it in), the sandbox's variables (`sandbox.command`).
"""

import fnmatch
from collections.abc import Iterable, Mapping

from codex_trio.domain.shell_environment import ShellEnvironmentPolicy

_CORE = frozenset({"HOME", "LOGNAME", "PATH", "SHELL", "USER", "USERNAME", "TMPDIR", "TEMP", "TMP"})
_DEFAULT_EXCLUDES = ("*KEY*", "*SECRET*", "*TOKEN*")
_QUIET_TERMINAL = {
    "NO_COLOR": "1",
    "TERM": "dumb",
    "LANG": "C.UTF-8",
    "LC_CTYPE": "C.UTF-8",
    "LC_ALL": "C.UTF-8",
    "COLORTERM": "",
    "PAGER": "cat",
    "GIT_PAGER": "cat",
    "GH_PAGER": "cat",
    "CODEX_CI": "1",
}
_LINE_ENDINGS = {"CODEX_APPLY_PATCH_PRESERVE_LINE_ENDINGS": "1"}
"""Has a patch that a command applies itself keep the line endings of its file, as ours always do."""


def apply_policy(base: Mapping[str, str], policy: ShellEnvironmentPolicy) -> dict[str, str]:
    """Return the variables of `base` that `policy` lets through, with those that it sets."""
    match policy.inherit:
        case "all":
            names = set(base)
        case "core":
            names = {name for name in base if name.upper() in _CORE}
        case "none":
            names = set[str]()
    excludes = (() if policy.ignore_default_excludes else _DEFAULT_EXCLUDES) + policy.exclude
    kept = {name: value for name, value in base.items() if name in names and not _matches(name, excludes)}
    kept |= policy.set
    if policy.include_only:
        kept = {name: value for name, value in kept.items() if _matches(name, policy.include_only)}
    return kept


def build_environment(
    base: Mapping[str, str],
    policy: ShellEnvironmentPolicy,
    *,
    thread_id: str,
    session_id: str,
    tool_call_id: str,
    version: str,
) -> dict[str, str]:
    """Return the environment of a command that the agent runs: no colours, no pagers, and who it runs for."""
    return (
        apply_policy(base, policy)
        | _QUIET_TERMINAL
        | _LINE_ENDINGS
        | {
            "CODEX_THREAD_ID": thread_id,
            "CODEX_SESSION_ID": session_id,
            "CODEX_TOOL_CALL_ID": tool_call_id,
            "CODEX_VERSION": version,
        }
    )


def build_client_environment(
    base: Mapping[str, str], policy: ShellEnvironmentPolicy, overrides: Mapping[str, str | None]
) -> dict[str, str]:
    """Return the environment of a command that a client runs. Protocol source: `CommandExecParams.env`."""
    return with_overrides(apply_policy(base, policy), overrides) | _LINE_ENDINGS


def with_overrides(env: Mapping[str, str], overrides: Mapping[str, str | None]) -> dict[str, str]:
    """Return `env` with `overrides` applied; None removes a variable."""
    merged = {**env, **{name: value for name, value in overrides.items() if value is not None}}
    return {name: value for name, value in merged.items() if overrides.get(name, value) is not None}


def _matches(name: str, patterns: Iterable[str]) -> bool:
    return any(fnmatch.fnmatchcase(name.upper(), pattern.upper()) for pattern in patterns)
