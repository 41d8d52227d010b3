"""The shells of this machine, and how a script is handed to one.

Owns: which program a kind of shell is, scripts that are too long for an argument, the PATH behind login files.
Does not own: whether a command may run; its item shows the plain `SHELL -lc SCRIPT` whatever is started for it.
"""

import os
import shlex
from collections.abc import Callable, Mapping, Sequence
from pathlib import PurePosixPath

import msgspec

from codex_trio.execution.launch import SpawnRequest

_SH = "/bin/sh"
_KINDS = ("bash", "zsh")
_FOLDERS = ("/bin", "/usr/bin", "/usr/local/bin", "/run/current-system/sw/bin")

_SYSTEM_FOLDERS = ("/bin", "/usr/bin")
_LONGEST_ARGUMENT = 96 * 1024
"""The kernel takes 128 KiB for one argument."""
_FIRST_FREE_DESCRIPTOR = 3
_PATH_VARIABLE = "CODEX_KEEP_PATH"
_ALWAYS_ON_PATH = frozenset({"/usr/local/bin", "/usr/bin", "/bin"})
"""No system's login files take these away."""


class Shells(msgspec.Struct, frozen=True, kw_only=True):
    """Programs by kind, looked up once: what a command writes later is never taken for one of them."""

    default: str
    programs: Mapping[str, str]

    def named(self, name: str | None, *, may_write: Callable[[str], bool]) -> str:
        """Return the shell for what a model has called it. Only the kind counts, not where the name leads.

        An account's own shell may lie where commands write (`may_write`): it is not taken then.
        """
        kind = PurePosixPath(name or self.default).name.removesuffix(".exe")
        shell = self.programs.get(kind, _SH)
        return _SH if os.path.dirname(shell) not in _SYSTEM_FOLDERS and may_write(shell) else shell


def find_shells(account_shell: str, *, folders: Sequence[str] = _FOLDERS) -> Shells:
    """Return the shells of this machine. `account_shell` is the user's own: it is the default if its scripts can be
    read.
    """
    programs = {"sh": _SH}
    for kind in _KINDS:
        candidates = (f"{folder}/{kind}" for folder in folders)
        own = [account_shell] if PurePosixPath(account_shell).name == kind else []
        found = next((path for path in (*own, *candidates) if os.path.isabs(path) and os.access(path, os.X_OK)), None)
        if found is not None:
            programs[kind] = found
    kind = PurePosixPath(account_shell).name
    return Shells(default=programs.get(kind) or programs.get("bash") or _SH, programs=programs)


def keep_path(request: SpawnRequest) -> SpawnRequest:
    """Return the same script, with what login files take from PATH put back in front of it.

    `request` starts a login shell, perhaps behind other programs; the script is its last argument. Many systems' login
    files set PATH anew, whatever the user's was.
    """
    folders = [folder for folder in request.env.get("PATH", "").split(os.pathsep) if os.path.isabs(folder)]
    if _ALWAYS_ON_PATH.issuperset(folders):
        return request
    *before, script = request.argv
    return msgspec.structs.replace(
        request,
        # On the first line, so that the shell counts the script's lines as the model does.
        argv=(*before, f'eval "${{{_PATH_VARIABLE}-}}"; {script}'),
        env={**request.env, _PATH_VARIABLE: _putting_back(folders)},
    )


def hand_over(request: SpawnRequest) -> SpawnRequest:
    """Return the same script, the last argument of a shell, from a descriptor when it is too long for one."""
    *before, script = request.argv
    source = script.encode(errors="surrogateescape")
    if len(source) <= _LONGEST_ARGUMENT or b"\0" in source:
        return request
    number = max(request.inherited, default=_FIRST_FREE_DESCRIPTOR - 1) + 1
    return msgspec.structs.replace(
        request,
        argv=(*before, f". /dev/fd/{number}"),
        inherited={**request.inherited, number: f"exec {number}<&-; ".encode() + source},
    )


def _putting_back(folders: Sequence[str]) -> str:
    steps = [
        f'case ":$PATH:" in *:{shlex.quote(folder)}:*) ;; *) PATH={shlex.quote(folder)}${{PATH:+:$PATH}};; esac'
        for folder in reversed(dict.fromkeys(folders))
    ]
    return "; ".join([*steps, "export PATH", f"unset {_PATH_VARIABLE}"])
