"""What a command line of `codex-trio exec` asks for, checked.

Owns the request value, its making from options, files and stdin, and the refusals before anything is started. Does not
own parsing (`exec_arguments`) or running (`exec_run`).
"""

from __future__ import annotations

import argparse
import codecs
import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import msgspec

from codex_trio.cli.answer_schema import BadSchema, check_schema
from codex_trio.cli.exec_arguments import FORK, REVIEW
from codex_trio.cli.exec_review import ReviewChoice, review_choice
from codex_trio.cli.options import UsageError
from codex_trio.cli.piped_input import Note, PipedInput
from codex_trio.cli.surroundings import current_folder, nameable
from codex_trio.config.project import git_root_for_trust
from codex_trio.util.regular_file import open_regular_file, read_given

SandboxMode = Literal["read-only", "workspace-write", "danger-full-access"]

FROM_STDIN = "-"

_MAX_SCHEMA_BYTES = 16 << 20


class ExecRefused(Exception):
    """The run cannot start; the text is all that there is to print."""


@dataclass(frozen=True, kw_only=True)
class ResumeChoice:
    """The thread to continue."""

    name: str | None
    """Id or name; None for the latest."""
    any_folder: bool
    """Whether threads of other working folders count."""
    copies: bool
    """Whether a copy of it is continued instead."""


@dataclass(frozen=True, kw_only=True)
class ExecRequest:
    """One turn to run. Paths are absolute."""

    prompt: str
    workdir: Path
    images: tuple[Path, ...]
    output_schema: Any
    """A JSON Schema, or None."""
    model: str | None
    oss: bool
    local_provider: str | None
    sandbox: SandboxMode | None
    """None for the configured one."""
    writable_folders: tuple[Path, ...]
    ephemeral: bool
    resume: ResumeChoice | None
    trust: bool
    """Whether the project's own settings shall count from now on."""
    review: ReviewChoice | None
    """What is reviewed, where that is the turn; the prompt names it then."""


def make_request(options: argparse.Namespace, stdin: PipedInput | None, note: Note) -> ExecRequest:
    """Return the request of a command line. `note` gets a line before stdin is waited for.

    Raises UsageError and ExecRefused.
    """
    if options.trust and options.ignore_user_config:
        raise UsageError(
            "--trust cannot be combined with --ignore-user-config: saved project trust decisions must be checked"
        )
    workdir = _workdir(options.cd)
    bypass = options.dangerously_bypass_approvals_and_sandbox
    if not options.skip_git_repo_check and not bypass and git_root_for_trust(workdir) is None:
        raise ExecRefused("Not inside a trusted directory and --skip-git-repo-check was not specified.")
    _check_message_file(options.output_last_message)
    if options.local_provider is not None and not options.oss:
        raise UsageError("--local-provider changes nothing without --oss; say both")
    schema = _output_schema(options.output_schema) if options.subcommand != REVIEW else None
    words: list[str] = options.words
    images = tuple(current_folder() / image for images in options.images for image in images)
    resume: ResumeChoice | None = None
    review: ReviewChoice | None = None
    if options.subcommand == REVIEW:
        asked = review_choice(options, words[0] if words else None)
        review = asked or ReviewChoice.custom(read_prompt(words[0], stdin, note))
        prompt = review.hint
    else:
        # Before stdin is read: a prompt behind `-i` was taken for a picture, and nothing may come there.
        _check_images(images)
        if options.subcommand is not None:
            resume, words = _resume_target(options, words)
        prompt = read_prompt(words[0] if words else None, stdin, note)
    return ExecRequest(
        output_schema=schema,
        prompt=prompt,
        workdir=workdir,
        images=images,
        model=options.model,
        oss=options.oss,
        local_provider=options.local_provider,
        sandbox="danger-full-access" if bypass else options.sandbox,
        writable_folders=tuple(Path(os.path.normpath(workdir / folder)) for folder in options.add_dir),
        ephemeral=options.ephemeral,
        resume=resume,
        trust=options.trust,
        review=review,
    )


def _workdir(folder: Path | None) -> Path:
    if folder is None:
        return current_folder()
    try:
        path = folder.resolve(strict=True)
    except OSError as error:
        raise UsageError(f"{folder}: {error.strerror}") from error
    if not path.is_dir():
        raise UsageError(f"{folder}: Not a directory")
    return nameable(path)


def _check_message_file(path: Path | None) -> None:
    """Raise UsageError unless the message can be kept there: a turn is too dear to find that out at its end."""
    if path is None:
        return
    if path.is_dir():
        problem = "Is a directory"
    elif not path.parent.is_dir():
        problem = "No such file or directory"
    elif not os.access(path if path.exists() else path.parent, os.W_OK):
        problem = "Permission denied"
    else:
        return
    raise UsageError(f'Failed to open last message file "{path}": {problem}')


def _check_images(paths: Iterable[Path]) -> None:
    """Raise UsageError for a picture that cannot be shown to the model: who names it is told, and not the model."""
    for path in paths:
        try:
            with open_regular_file(path):
                pass
        except OSError as error:
            raise UsageError(f'Failed to read image "{path}": {error.strerror}') from error


def _resume_target(options: argparse.Namespace, words: list[str]) -> tuple[ResumeChoice, list[str]]:
    copies = options.subcommand == FORK
    if options.last:
        if len(words) > 1:
            raise UsageError(f"`{options.subcommand} --last` takes a prompt, but no thread")
        return ResumeChoice(name=None, any_folder=options.all, copies=copies), words
    if not words:
        raise UsageError(f"`{options.subcommand}` needs the id or name of a thread, or --last")
    return ResumeChoice(name=words[0], any_folder=options.all, copies=copies), words[1:]


def _output_schema(path: Path | None) -> Any:
    if path is None:
        return None
    try:
        schema = msgspec.json.decode(read_given(path, limit=_MAX_SCHEMA_BYTES))
        check_schema(schema)
        return schema
    except BadSchema as bad:
        raise ExecRefused(f"Output schema file {path} is not a JSON Schema: {bad}") from bad
    except OSError as error:
        raise ExecRefused(f"Failed to read output schema file {path}: {error.strerror}") from error
    except msgspec.DecodeError as error:
        raise ExecRefused(f"Output schema file {path} is not valid JSON: {error}") from error


def read_prompt(word: str | None, stdin: PipedInput | None, note: Note) -> str:
    """Return the prompt of the command line, of stdin, or of both. `stdin` is None when nothing is piped.

    Raises ExecRefused.
    """
    if word is not None and word != FROM_STDIN:
        if stdin is None:
            return word
        note("Reading additional input from stdin...")
        piped = _text_of(stdin.read_if_any(note))
        return f"{word}\n\n<stdin>\n{_whole_lines(piped)}</stdin>" if piped.strip() else word
    if word is None:
        if stdin is None:
            raise ExecRefused("No prompt provided. Either specify one as an argument or pipe the prompt into stdin.")
        note("Reading prompt from stdin...")
    prompt = "" if stdin is None else _text_of(stdin.read())
    if not prompt.strip():
        raise ExecRefused("No prompt provided via stdin.")
    return prompt


def _whole_lines(text: str) -> str:
    return text if text.endswith("\n") else f"{text}\n"


def _text_of(data: bytes) -> str:
    """Text in UTF-8, or in what a byte order mark announces: editors and shells of other systems put one first."""
    encoding = "utf-8-sig"
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        encoding = "utf-16"
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        raise ExecRefused(
            f"Failed to read the prompt from stdin: the input is not valid UTF-8 (byte {error.start})."
        ) from error
