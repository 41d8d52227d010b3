"""The instructions that users keep in files: their own, and those of the project they work in.

Owns: which AGENTS.md files count for a folder, their limits, and how their texts are joined.
Does not own: how the model is told (`instructions`), or the settings (`codex_trio.config`).
"""

import codecs
import os
from collections.abc import Sequence
from pathlib import Path

import msgspec

from codex_trio.config.project import folders_between
from codex_trio.util.regular_file import read_start

FILE_NAME = "AGENTS.md"
OVERRIDE_FILE_NAME = "AGENTS.override.md"

_MAX_OWN_BYTES = 1 << 20
"""The user's own instructions have no limit but sense."""

_SEPARATOR = "\n\n--- project-doc ---\n\n"
_ADVICE = (
    "Trim your project instructions to fit the budget. If you need to keep them all, increase `project_doc_max_bytes`."
)


class ProjectDocs(msgspec.Struct, frozen=True, kw_only=True):
    """The joined text (None when there is none), the files it came from, and what of them was left out."""

    text: str | None
    sources: tuple[Path, ...]
    warnings: tuple[str, ...]


def load_project_docs(
    *, codex_home: Path, cwd: Path, project_root: Path, max_bytes: int, fallback_names: Sequence[str] = ()
) -> ProjectDocs:
    """The user's own instructions, then those of each folder from the project's root to `cwd`.

    A folder has one file: its AGENTS.override.md, else AGENTS.md, else the first of `fallback_names` that exists. Those
    are names of files in that folder: a path that leads elsewhere is none, and is told of.
    `max_bytes` limits the project's files together; 0 leaves them out.
    """
    names = (OVERRIDE_FILE_NAME, FILE_NAME)
    sources: list[Path] = []
    warnings = [
        f"Ignored `{name}` in `project_doc_fallback_filenames`: it is no name of a file."
        for name in fallback_names
        if not _is_name(name)
    ]
    fallback_names = [name for name in fallback_names if _is_name(name)]
    own = ""
    own_file = _first_file(codex_home, names)
    if own_file is not None:
        start, size = _read(own_file, warnings, limit=_MAX_OWN_BYTES)
        own = start.decode("utf-8", "replace").strip()
        if size > len(start):
            warnings.append(f"Loaded only {len(start)} of {size} bytes from `{own_file}`.")
        if own:
            sources.append(own_file)
    files = [_first_file(folder, (*names, *fallback_names)) for folder in folders_between(project_root, cwd)]
    texts = _read_within_budget([file for file in files if file is not None], max_bytes, sources, warnings)
    text = _SEPARATOR.join(part for part in (own, "\n\n".join(texts)) if part)
    size = len(text.encode())
    if texts and size > max_bytes:
        warnings.append(
            f"Combined user instructions use {size} bytes, above the {max_bytes}-byte `project_doc_max_bytes` setting. "
            "The total includes global and thread instructions. The limit applies only to project files."
        )
    return ProjectDocs(text=text or None, sources=tuple(sources), warnings=tuple(warnings))


def _is_name(text: str) -> bool:
    return bool(text) and "/" not in text and "\0" not in text and text not in (".", "..")


def _first_file(folder: Path, names: Sequence[str]) -> Path | None:
    return next((folder / name for name in names if name and os.path.isfile(folder / name)), None)


def _read(path: Path, warnings: list[str], *, limit: int) -> tuple[bytes, int]:
    """Return the start of a file, and how many bytes it has in all."""
    try:
        content = read_start(path, limit=limit)
        size = max(os.stat(path).st_size, len(content)) if len(content) == limit else len(content)
        return content.removeprefix(codecs.BOM_UTF8), size
    except OSError as error:
        warnings.append(f"Could not read the instructions in `{path}`: {error.strerror}.")
        return b"", 0


def _read_within_budget(files: list[Path], max_bytes: int, sources: list[Path], warnings: list[str]) -> list[str]:
    texts: list[str] = []
    left = max_bytes
    for path in files if max_bytes else []:
        if left <= 0:
            warnings.append(
                f"Skipped project instructions in environment `local` starting at `{path}` because the "
                f"{max_bytes}-byte budget was exhausted. {_ADVICE}"
            )
            break
        # One byte more than is used tells whether there is more.
        content, size = _read(path, warnings, limit=left + 1)
        if not content.strip():
            continue
        if len(content) > left:
            warnings.append(
                f"Loaded only {left} of {size} bytes from `{path}` in environment `local` under the "
                f"{max_bytes}-byte project instruction budget. {_ADVICE}"
            )
        # The cut may fall into a character; what is left of it would only be noise.
        texts.append(content[:left].decode("utf-8", "ignore" if len(content) > left else "replace"))
        sources.append(path)
        left -= min(left, len(content))
    return texts
