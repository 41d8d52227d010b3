"""The instructions that users keep in files: their own, and those of the project they work in.

Owns: which AGENTS.md files count for a folder, their limits, and how their texts are joined.
Does not own: how the model is told (`instructions`), or the settings (`codex_trio.config`).
"""

import codecs
import errno
from collections.abc import Callable, Sequence
from functools import cache, partial
from pathlib import Path

import msgspec

from codex_trio.config.project import folders_between
from codex_trio.environments.environment import Environment
from codex_trio.environments.errors import UnreachableFile
from codex_trio.environments.files import DocumentFiles
from codex_trio.util.regular_file import NotARegularFile, check_regular

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
    *,
    codex_home: Path,
    own_files: DocumentFiles,
    environment: Environment,
    cwd: Path,
    project_root: Path | None,
    root_markers: Sequence[str] = (),
    max_bytes: int,
    fallback_names: Sequence[str] = (),
) -> ProjectDocs:
    """Return the user's own instructions, then those of each folder from the project's root to `cwd`.

    A folder has one file: its AGENTS.override.md, else AGENTS.md, else the first of `fallback_names` that exists. Those
    are names of files in that folder: a path that leads elsewhere is none, and is told of. So is a link that leads out
    of the project, as its target would be sent to the model, and what is no regular file. Blocking.
    `own_files` are those of the server, where the user's own instructions are; `environment` is what is worked in. With
    None the project's root is looked for there, by what marks one.
    `max_bytes` limits the project's files together; 0 leaves them out.
    """
    names = (OVERRIDE_FILE_NAME, FILE_NAME)
    files = environment.files.blocking()
    if project_root is None:
        project_root = _root(environment, files, cwd, root_markers)
    sources: list[Path] = []
    warnings = [
        f"Ignored `{name}` in `project_doc_fallback_filenames`: it is no name of a file."
        for name in fallback_names
        if not _is_name(name)
    ]
    fallback_names = [name for name in fallback_names if _is_name(name)]
    own = ""
    # The user's own file may lead anywhere; what comes with a project may not lead out of it.
    own_file = _first_file(own_files, codex_home, names, places=lambda: ("/",), warnings=warnings)
    if own_file is not None:
        start, left_out = _read(own_files, own_file, warnings, limit=_MAX_OWN_BYTES)
        own = start.decode("utf-8", "replace").strip()
        if left_out:
            warnings.append(f"Loaded only {len(start)} of {len(start) + left_out} bytes from `{own_file}`.")
        if own:
            sources.append(own_file)
    # Hardly ever asked for: only a link can lead anywhere.
    places = cache(partial(_project_places, environment, files, project_root, cwd))
    names = (*names, *fallback_names)
    found = [
        _first_file(files, folder, names, places=places, warnings=warnings)
        for folder in folders_between(project_root, cwd)
    ]
    texts = _read_within_budget(environment, [path for path in found if path is not None], max_bytes, sources, warnings)
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


def _root(environment: Environment, files: DocumentFiles, cwd: Path, markers: Sequence[str]) -> Path:
    """Return the nearest folder from `cwd` upward that holds one of `markers`; `cwd` itself when there is none."""
    repository = environment.repositories.root(cwd) if ".git" in markers else None
    others = [marker for marker in markers if marker != ".git"]
    for folder in (cwd, *cwd.parents):
        if folder == repository or any(_is_there(files, folder / marker) for marker in others):
            return folder
    return cwd


def _is_there(files: DocumentFiles, path: Path) -> bool:
    try:
        files.status(str(path))
    except (FileNotFoundError, NotADirectoryError, PermissionError):
        return False
    return True


def _project_places(environment: Environment, files: DocumentFiles, project_root: Path, cwd: Path) -> tuple[str, ...]:
    """Return where the files of a project may be: below its root, or elsewhere in its repository and
    the main checkout.
    """
    roots = (project_root, environment.repositories.root(cwd), environment.repositories.main_root(cwd))
    return tuple(files.leads_to(str(root)) for root in roots if root is not None)


def _first_file(
    files: DocumentFiles,
    folder: Path,
    names: Sequence[str],
    *,
    places: Callable[[], Sequence[str]],
    warnings: list[str],
) -> Path | None:
    for name in filter(None, names):
        path = folder / name
        problem = _problem(files, path, lambda: (*places(), files.leads_to(str(folder))))
        if problem is None:
            return path
        if problem:
            warnings.append(f"Ignored the instructions in `{path}`: {problem}.")
    return None


def _problem(files: DocumentFiles, path: Path, places: Callable[[], Sequence[str]]) -> str | None:
    """Return why a file of instructions cannot be used, None if it can; empty when there is none or it is a folder.

    Raises UnreachableFile.
    """
    try:
        kind = files.status(str(path))
        if files.is_link(str(path)):
            target = files.leads_to(str(path))
            if not any(Path(target).is_relative_to(place) for place in places()):
                return (
                    f"it is a link that leads out of the project, to `{target}`. Put a copy in its place, or keep what "
                    "is to count everywhere in the AGENTS.md of your Codex home"
                )
        check_regular(kind, path)
    except (FileNotFoundError, NotADirectoryError):
        return "it is a link that leads nowhere" if files.is_link(str(path)) else ""
    except NotARegularFile as error:
        return "" if error.errno == errno.EISDIR else f"it {error.strerror}"
    except UnreachableFile:
        raise
    except OSError as error:
        return error.strerror or str(error)
    return None


def _read(files: DocumentFiles, path: Path, warnings: list[str], *, limit: int) -> tuple[bytes, int]:
    """Return the start of a file without a byte order mark, and how many more bytes there are."""
    try:
        content = files.read_start(str(path), limit=limit + len(codecs.BOM_UTF8) + 1).removeprefix(codecs.BOM_UTF8)
        size = max(files.status(str(path)).st_size, len(content)) if len(content) > limit else limit
    except OSError as error:
        warnings.append(f"Could not read the instructions in `{path}`: {error.strerror}.")
        return b"", 0
    return content[:limit], max(0, size - limit)


def _read_within_budget(
    environment: Environment, paths: list[Path], max_bytes: int, sources: list[Path], warnings: list[str]
) -> list[str]:
    texts: list[str] = []
    files = environment.files.blocking()
    left = max_bytes
    for path in paths if max_bytes else []:
        if left <= 0:
            warnings.append(
                f"Skipped project instructions in environment `{environment.id}` starting at `{path}` because the "
                f"{max_bytes}-byte budget was exhausted. {_ADVICE}"
            )
            break
        content, left_out = _read(files, path, warnings, limit=left)
        if not content.strip():
            continue
        if left_out:
            warnings.append(
                f"Loaded only {left} of {left + left_out} bytes from `{path}` in environment `{environment.id}` under "
                f"the {max_bytes}-byte project instruction budget. {_ADVICE}"
            )
        # The cut may fall into a character; what is left of it would only be noise.
        texts.append(content.decode("utf-8", "ignore" if left_out else "replace"))
        sources.append(path)
        left -= len(content)
    return texts
