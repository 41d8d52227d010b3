"""Folders that nobody but their owner may look into: what users say to their agents is their own business."""

from __future__ import annotations

from pathlib import Path

FILE_MODE = 0o600
"""The mode of files that belong there."""

_FOLDER_MODE = 0o700


def make_private_folder(path: Path) -> None:
    """Make a folder, and those above it that are missing. One that is there stays as it is. Raises OSError."""
    try:
        path.mkdir(_FOLDER_MODE)
    except FileNotFoundError:
        make_private_folder(path.parent)
        path.mkdir(_FOLDER_MODE, exist_ok=True)
    except FileExistsError:
        if not path.is_dir():
            raise
