"""Whether what a configuration was read from is still as it was.

Owns: which paths a configuration for a folder depends on, and what tells one state of a path
from another. Does not own: reading them (`sources`), nor what is kept meanwhile (`service`). A fingerprint costs
microseconds a path, reading a millisecond in all.
"""

import os
import stat
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TypeAlias

from codex_trio.config.sources import ConfigPaths, settings_files

Fingerprint: TypeAlias = tuple[int, ...]
"""The state of a path: the kind of error where there is nothing, else the identity, and of a file its version too."""

_SETTINGS_FOLDERS = (".codex", "rules")
"""What is put into these folders, or taken away, counts by the mere fact."""

_SETTLED_NS = 100_000_000
"""What changed this recently may change again and keep its fingerprint: clocks of files tick slowly."""


def watched_paths(paths: ConfigPaths, cwd: Path | None, markers: Sequence[str]) -> list[str]:
    """Return everything whose appearance, change or end can change the configuration for an absolute folder.

    `markers` are the names that make a folder the root of a project.
    """
    watched = [str(path) for path in (paths.user_config, *paths.machine_files)]
    if paths.profile_config is not None:
        watched.append(str(paths.profile_config))
    if cwd is None:
        return watched
    names = dict.fromkeys((*markers, ".git", ".git/HEAD"))
    for folder in (cwd, *cwd.parents):
        watched.append(str(folder))
        watched += [os.path.join(folder, name) for name in names]
        watched += settings_files(folder / ".codex")
    return watched


def fingerprints_of(watched: Sequence[str]) -> tuple[Fingerprint, ...] | None:
    """Return the fingerprints of these paths as they are now; None when one has only just changed."""
    unsettled = time.time_ns() - _SETTLED_NS
    fingerprints: list[Fingerprint] = []
    missing = "\0"
    for path in watched:
        if path.startswith(missing):
            # What is not there holds nothing either.
            fingerprints.append(fingerprints[-1])
            continue
        link: os.stat_result | None = None
        try:
            # Both the link and what it leads to count: trust is given to real folders.
            link = os.lstat(path)
            status = os.stat(path) if stat.S_ISLNK(link.st_mode) else link
        except OSError as error:
            fingerprints.append((error.errno or 0, 0 if link is None else link.st_ino))
            missing = f"{path}/" if link is None else missing
            continue
        identity = (link.st_dev, link.st_ino, status.st_dev, status.st_ino, status.st_mode)
        is_folder = os.path.basename(path) in _SETTINGS_FOLDERS
        if not (is_folder or stat.S_ISREG(status.st_mode)):
            fingerprints.append(identity)
            continue
        if status.st_ctime_ns > unsettled:
            return None
        version = (status.st_ctime_ns,) if is_folder else (status.st_size, status.st_mtime_ns)
        fingerprints.append((*identity, *version))
    return tuple(fingerprints)
