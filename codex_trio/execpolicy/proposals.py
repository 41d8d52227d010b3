"""Which prefixes are too broad to be offered as a rule.

Owns: the list, and the check of a prefix that the model proposes.
"""

from collections.abc import Sequence

from codex_trio.execpolicy.rules import PolicyRules

_PYTHONS = ("python", "python3")
_SHELLS = ("bash", "sh", "zsh", "/bin/bash", "/bin/sh", "/bin/zsh")
_ONE_FLAG_SHELLS = ("dash", "fish", "ksh")
_POWERSHELLS = ("powershell", "powershell.exe", "pwsh")
# They would allow any program at all, or any deletion.
_TOO_BROAD = frozenset(
    {(name,) for name in (*_PYTHONS, *_SHELLS, *_ONE_FLAG_SHELLS, *_POWERSHELLS)}
    | {(name,) for name in ("py", "pythonw", "pyw", "pypy", "pypy3", "git", "env", "sudo", "rm", "cmd", "cmd.exe")}
    | {(name,) for name in ("node", "nodejs", "deno", "bun", "perl", "ruby", "php", "lua", "osascript", "julia")}
    | {("Rscript",), ("py", "-3"), ("cmd", "/c"), ("cmd.exe", "/c"), ("php", "-r"), ("deno", "eval")}
    | {(name, flag) for name in _PYTHONS for flag in ("-", "-c")}
    | {(name, flag) for name in _SHELLS for flag in ("-c", "-lc")}
    | {(name, "-c") for name in _ONE_FLAG_SHELLS}
    | {(name, flag) for name in _POWERSHELLS for flag in ("-c", "-Command", "-EncodedCommand")}
    | {(name, "-e") for name in ("node", "nodejs", "bun", "perl", "ruby", "lua", "julia")}
    | {(name, "run") for name in ("npm", "pnpm", "yarn", "bun")}
)


def proposal(
    prefix: Sequence[str] | None, commands: Sequence[Sequence[str]], rules: PolicyRules
) -> Sequence[str] | None:
    """Return the model's `prefix`, when a rule for it would allow all of `commands` and is narrow enough; else None."""
    if not prefix or not commands or tuple(prefix) in _TOO_BROAD:
        return None
    proposed = rules.without_rules()
    proposed.allow_prefix(prefix)
    return prefix if all(proposed.check(argv) for argv in commands) else None
