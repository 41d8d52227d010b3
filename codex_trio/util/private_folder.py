"""Folders that nobody but their owner may look into: what users say to their agents is their own business."""

from __future__ import annotations

import contextlib
import os
import stat
from pathlib import Path

FILE_MODE = 0o600
"""The mode of files that belong there."""

_FOLDER_MODE = 0o700


def make_private_folder(path: Path) -> None:
    """Make a folder, and those above it that are missing. One that is there becomes private too. Raises OSError."""
    try:
        path.mkdir(_FOLDER_MODE)
    except FileNotFoundError:
        make_private_folder(path.parent)
        path.mkdir(_FOLDER_MODE, exist_ok=True)
    except FileExistsError:
        if not path.is_dir():
            raise
        close_to_others(path)


def close_to_others(target: Path | int) -> None:
    """Take from everybody but the owner what other releases let them do with a file or folder, where that is ours."""
    with contextlib.suppress(OSError):
        status = os.stat(target)
        if status.st_uid == os.geteuid() and status.st_mode & 0o077:
            os.chmod(target, stat.S_IMODE(status.st_mode) & 0o700)
