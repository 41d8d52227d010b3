"""Patches that come as shell commands: `apply_patch` with a heredoc, perhaps behind a `cd`.

Owns: recognising these forms. Anything more than that runs as a shell command. Does not own: the patch language; the
text may turn out not to be a patch.
"""

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

import msgspec

from codex_trio.execpolicy.bash import Bash, literal, shell_script, text_of
from codex_trio.tools.apply_patch.parser import PatchError, parse
from codex_trio.tools.calls import ToolFailure

if TYPE_CHECKING:
    from tree_sitter import Node

_LEADING_TABS = re.compile(r"^\t+", re.MULTILINE)
_NAMES = ("apply_patch", "applypatch")
_BARE_PATCH = (
    "apply_patch verification failed: patch detected without explicit call to apply_patch. "
    'Rerun as ["apply_patch", "<patch>"]'
)


class ShellPatch(msgspec.Struct, frozen=True):
    """A patch in a command. `workdir` is the folder of the `cd`, relative to the command's; None without one."""

    text: str
    workdir: str | None


def detect_shell_patch(argv: Sequence[str], bash: Bash) -> ShellPatch | None:
    """Return the patch that `argv` applies when that is all it does; None for a command to be run.

    Raises `ToolFailure` when the script is a patch without a call of apply_patch: no shell would make sense of it.
    """
    script = shell_script(argv)
    if script is None:
        return None
    # Cheap tests first: this is on the way of every command.
    if any(name in script for name in _NAMES):
        root = bash.root(script)
        statements = root.named_children
        patch = _from_statement(statements[0]) if len(statements) == 1 and not root.has_error else None
        if patch is not None:
            return patch
    if "*** Begin Patch" in script and _is_patch(script):
        raise ToolFailure(_BARE_PATCH)
    return None


def _is_patch(text: str) -> bool:
    try:
        parse(text)
    except PatchError:
        return False
    return True


def _from_statement(statement: "Node") -> ShellPatch | None:
    body, redirects = statement.child_by_field_name("body"), statement.children_by_field_name("redirect")
    if statement.type != "redirected_statement" or body is None or len(redirects) != 1:
        return None
    text = _heredoc_text(redirects[0])
    if text is None:
        return None
    if body.type == "list" and [child.type for child in body.children] == ["command", "&&", "command"]:
        folder, command = _cd_folder(body.children[0]), body.children[2]
        return ShellPatch(text, folder) if folder is not None and _calls_apply_patch(command) else None
    return ShellPatch(text, None) if _calls_apply_patch(body) else None


def _heredoc_text(redirect: "Node") -> str | None:
    """Return the body of a heredoc that nothing else follows on its line."""
    if redirect.type != "heredoc_redirect":
        return None
    kinds = [child.type for child in redirect.named_children]
    if kinds not in (["heredoc_start", "heredoc_body", "heredoc_end"], ["heredoc_start", "heredoc_end"]):
        return None
    text = "".join(text_of(child) for child in redirect.named_children if child.type == "heredoc_body")
    return _LEADING_TABS.sub("", text) if redirect.children[0].type == "<<-" else text


def _calls_apply_patch(command: "Node") -> bool:
    words = [child for child in command.named_children if child.type != "variable_assignment"]
    return command.type == "command" and len(words) == 1 and text_of(words[0]) in _NAMES


def _cd_folder(command: "Node") -> str | None:
    words = [literal(child.children[0] if child.type == "command_name" else child) for child in command.named_children]
    return words[1] if len(words) == 2 and words[0] == "cd" else None
