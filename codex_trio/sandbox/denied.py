"""What may and must not be read: from paths and glob patterns to the files that there are.

Owns: which files a pattern covers, finding them within bounds, and the folders of the system. Does not own: hiding
them (`view`).
"""

import functools
import os
import re
from collections.abc import Iterator, Sequence

from codex_trio.sandbox.errors import SandboxUnavailable
from codex_trio.sandbox.links import trace
from codex_trio.sandbox.policy import SandboxLimits

_MAGIC = re.compile(r"[*?\[]")
SYSTEM_FOLDERS = ("/bin", "/etc", "/lib", "/lib32", "/lib64", "/libx32", "/nix/store", "/sbin", "/usr")
"""Without these hardly a program runs."""
MOST_ENTRIES = 200_000
"""How many files and folders are looked at for patterns, before each command."""


def denied_patterns(limits: SandboxLimits | None, *, cwd: str) -> list[str]:
    """Return the patterns of a policy, absolute; those that are relative count from each folder to work in."""
    if limits is None:
        return []
    return list(dict.fromkeys(_absolute(limits.denied, limits, cwd)))


def read_only_paths(limits: SandboxLimits | None, *, cwd: str) -> list[str]:
    """Return the paths that a policy keeps from being written inside of what it opens, absolute."""
    return [] if limits is None else list(dict.fromkeys(_absolute(limits.read_only, limits, cwd)))


def readable_paths(limits: SandboxLimits | None, *, cwd: str) -> list[str] | None:
    """Return the paths that a policy lets be read, absolute; None where everything may be that is not denied."""
    if limits is None or limits.readable is None:
        return None
    system = SYSTEM_FOLDERS if limits.readable.system else ()
    return list(dict.fromkeys((*system, *_absolute(limits.readable.paths, limits, cwd))))


def is_covered(path: str, patterns: Sequence[str]) -> bool:
    """Return whether a pattern covers an absolute path, where it leads to, or a folder around one of the two."""
    places = {path, trace(path).end}
    for pattern in patterns:
        if not _MAGIC.search(pattern):
            ends = {pattern, trace(pattern).end}
            if any(place == end or place.startswith(end.rstrip("/") + "/") for place in places for end in ends):
                return True
        elif any(_regex(pattern).fullmatch(place) for place in places):
            return True
    return False


def links_to(patterns: Sequence[str]) -> set[str]:
    """Return the symbolic links on the ways to what the patterns cover, as far as the patterns name those."""
    return {link for pattern in patterns for link in trace(_split(pattern)[0]).links}


def existing(patterns: Sequence[str], *, depth: int | None, most: int = MOST_ENTRIES) -> list[str]:
    """Return the files and folders that the patterns cover now, no more than `depth` folders deep for `**`.

    At most so many are looked at. Raises SandboxUnavailable when there is too much to look at.
    """
    found: list[str] = []
    budget = iter(range(most))
    for pattern in patterns:
        if _MAGIC.search(pattern):
            found += _matches(pattern, depth, budget, most)
        elif os.path.lexists(pattern):
            found.append(pattern)
    return found


def _absolute(paths: Sequence[str], limits: SandboxLimits, cwd: str) -> Iterator[str]:
    for path in paths:
        if os.path.isabs(path):
            yield os.path.normpath(path)
        else:
            for root in limits.roots or (cwd,):
                yield os.path.normpath(os.path.join(cwd, root, path))


def _matches(pattern: str, depth: int | None, budget: Iterator[int], most: int) -> Iterator[str]:
    base, rest = _split(pattern)
    deepest = (10_000 if depth is None else depth) if "**" in rest else len(rest)
    regex = _regex(pattern)
    waiting = [(os.path.realpath(base), base, 1)]
    while waiting:
        real, shown, level = waiting.pop()
        for entry in _entries(real):
            if next(budget, None) is None:
                raise SandboxUnavailable(
                    f"there are more than {most} files to look at for `{pattern}`, which must not be read: "
                    "set `glob_scan_max_depth` or name the folders"
                )
            path = f"{shown.rstrip('/')}/{entry.name}"
            if regex.fullmatch(path):
                # Any command can make such a link, and must not keep all others from running by it.
                if trace(path).end != "/":
                    yield path
            elif level < deepest and entry.is_dir(follow_symlinks=False):
                waiting.append((entry.path, path, level + 1))


def _split(pattern: str) -> tuple[str, list[str]]:
    """Return the folder, or file, that a pattern names, and the parts of it that follow from the first magic one."""
    parts = pattern.split("/")
    literal = next((index for index, part in enumerate(parts) if _MAGIC.search(part)), len(parts))
    return "/".join(parts[:literal]) or "/", parts[literal:]


def _entries(folder: str) -> list["os.DirEntry[str]"]:
    try:
        with os.scandir(folder) as found:
            return list(found)
    except OSError:
        return []  # What we cannot read is kept from commands by other means, or is not there.


@functools.lru_cache(maxsize=256)
def _regex(pattern: str) -> re.Pattern[str]:
    """Return what covers a path: `**` is any number of folders, `*` and `?` stay within a name; so do what is below."""
    words: list[str] = []
    for part in pattern.split("/"):
        if part == "**":
            words.append("(?:[^/]+/)*")
        else:
            words.append(_name_regex(part) + "/")
    text = "".join(words)
    try:
        return re.compile((text[:-1] if text.endswith("/") else text + "[^/]+") + "(?:/.*)?", re.DOTALL)
    except re.error:
        # A set of characters that makes no sense is a name like any other.
        return re.compile(re.escape(pattern) + "(?:/.*)?", re.DOTALL)


def _name_regex(part: str) -> str:
    """Return the expression for one name: like `fnmatch`, but that nothing goes across a slash."""
    words: list[str] = []
    at = 0
    while at < len(part):
        char = part[at]
        at += 1
        if char == "*":
            words.append("[^/]*")
        elif char == "?":
            words.append("[^/]")
        elif char == "[" and (end := part.find("]", at + 1)) > 0:
            inner = part[at:end].replace("\\", r"\\")
            words.append(f"[{'^' + inner[1:] if inner.startswith(('!', '^')) else inner}]")
            at = end + 1
        else:
            words.append(re.escape(char))
    return "".join(words)
