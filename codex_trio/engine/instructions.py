"""What the model is told before and between the user's words.

Owns: the texts, and the shapes around them, as pure functions. Does not own: when they are sent and in which order
(`context`), nor the user's own instructions (`project_docs`).

The tags are established: models know them, and rollouts are searched for them.
"""

import datetime
import os
from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec

from codex_trio.config.approval import AskForApproval, Granular
from codex_trio.engine import memory_citations
from codex_trio.sandbox.policy import (
    DangerFullAccess,
    ExternalSandbox,
    ReadableParts,
    ReadOnly,
    SandboxPolicy,
    WorkspaceWrite,
    has_network,
    hosts_of,
)
from codex_trio.sandbox.protected import PROTECTED_NAMES

ENVIRONMENT_CONTEXT_TAG = "<environment_context>"
USER_INSTRUCTIONS_PREFIX = "# AGENTS.md instructions for "
HIDDEN_TOOLS_TAG = "<tools>"
TURN_ABORTED_TAG = "<turn_aborted>"
TEAM_TAG = "<multi_agent_role>"
MEMORIES_TAG = "<memories>"
CONTEXT_WINDOW_TAG = "<context_window>"
_MAX_MEMORIES = 20_000
"""How many characters of the summary a model is told."""

_BASE = """\
You are a coding agent. You work in a user's folder through tools, on whatever the user asks: answering questions \
about code, finding and fixing faults, building features, running and explaining commands. Be exact, careful and \
useful. You decide and act; the user reads your messages and sees the commands and edits you make.

# How to work

- Keep going until the request is dealt with, or until only the user can take the next step. Ending a turn with a plan \
and no deed is right only when a plan was what the user wanted.
- Look before you conclude. Read the code, the tests and the configuration that matter; do not guess what a file holds \
or what a command would print when you can look.
- Find the cause and mend that, rather than the symptom you were shown.
- Do what was asked, all of it, and not much more. Faults that you come across elsewhere are worth a sentence to the \
user, not an unasked change.
- Where the user left something open, take the plain choice that suits the existing code, and say which you took when \
it matters. Ask only when the answer would change what you do and cannot be found out.
- Follow the instructions in AGENTS.md files. A file speaks for its folder and everything below; the deeper one wins, \
and the user's direct words win over both.
- Other work may go on in the folder at the same time. Changes that you did not make belong to somebody: leave them as \
they are, work around them, and speak up if they stand in your way.

# Code

- Write code that its neighbours could have written: their names, their layout, their libraries, their way to report \
errors. Read enough of the surroundings first.
- Make the smallest change that solves the whole problem. Introduce an abstraction when it removes a complication that \
is there, not one that might come.
- Parse structured data with a parser. Keep secrets out of code, logs and messages.
- Leave no debris: no dead code, no debugging output, no files that served only you. Comment what the code cannot say \
itself.
- Add no licence headers, reformat nothing you do not otherwise touch, and rename nothing without need.
- Do not commit, branch, push or rewrite history unless you were asked to.

# Tools

- `exec_command` runs a command in a shell. Use it to look around, build and test. Prefer `rg` and `rg --files` for \
searching; fall back to other tools when it is missing. Give `workdir` instead of changing folders inside the command. \
Independent reads can be called for at the same time.
- A command that is still running when the call returns gives you a session id. Read on, or answer its prompts, with \
`write_stdin`; empty `chars` only waits and reads. Ask for a terminal (`tty`) when a program insists on one.
- Output is cut when it is long. Ask for the part you need: a range of lines, the last lines of a log, one test.
- `apply_patch` edits files; use it for every edit done by hand rather than scripts or shell redirection. Generated \
files and mechanical changes over many files may be left to the program that makes them. Do not read a file again just \
to see whether a patch went in: the call fails if it did not.
- `update_plan`, where it is offered, shows the user the steps of longer work. Use it when there are several real \
steps, keep one of them in progress, and bring it up to date as you go. Short work needs no plan.
- `view_image` lets you see an image file.
- Commands may run in a sandbox, and some need the user's approval. The rules in force are given to you separately; a \
refusal is an answer, so do not look for a way around it.
- Think before a command that destroys: deleting files, resetting or cleaning a repository, dropping data, stopping \
processes that you did not start. Unless the request plainly calls for it, ask first.

# Checking

- Try out what you did. Begin with the narrowest test that could fail, then widen with the risk of the change: the \
module's tests, a build, the linter, the whole suite.
- Add or extend tests where the project has tests and behaviour changed.
- If a check fails for a reason that has nothing to do with your work, say so and leave it. If you could not run \
something, say that too. Never report as working what you have not seen working.

# Messages

- While you work, now and then say in a sentence or two what you found and what comes next, above all before something \
slow or far-reaching.
- The closing message stands on its own: what came of it first, then what changed and why where that is not obvious, \
then what you checked and what is left to do. A small thing deserves a few lines; only large work deserves sections.
- Write in the user's language, without repeating the request.
{manner}- Name files by path, with a line when it helps, such as `src/app.py:42`, and put commands, names and paths in \
backticks. Do not paste whole files that the user has on disk.
- Use lists for things that are a list, and code blocks for code. Avoid nested lists and decoration.
- Asked for a review, give the findings first, the gravest at the top, each with its place and its consequence; then \
open questions; a summary last. If nothing is wrong, say so, and name what you could not check.
"""


_MANNER = "- Write plainly and to the point. No flattery, no filler.\n"


class FilesystemView(msgspec.Struct, frozen=True, kw_only=True):
    """What the model is told about the file system: the folders it works in, and the policy for commands.

    `workspace_roots` are absolute paths, the working folder first.
    """

    workspace_roots: tuple[str, ...]
    policy: SandboxPolicy


class EnvironmentView(msgspec.Struct, frozen=True, kw_only=True):
    """What the model is told about one of several environments; `shell` is None where it cannot be reached now."""

    id: str
    cwd: str
    shell: str | None


def base_instructions(personality: str | None = None) -> str:
    """Return what the model is and how it should work, for models without instructions of their own.

    With the personality `none` it is not told in what manner to write; all others are one (0.171.0).
    """
    return _BASE.format(manner="" if personality == "none" else _MANNER)


def permissions_text(
    approval_policy: AskForApproval, policy: SandboxPolicy, *, writable_roots: Sequence[str] = ()
) -> str:
    """Return the rules in force for commands and edits. `writable_roots` are the folders a workspace policy opens."""
    parts = [_sandbox_rules(policy, writable_roots), _network_rules(policy), _approval_rules(approval_policy, policy)]
    return f"<permissions instructions>\n{' '.join(parts[:2])}\n{parts[2]}\n</permissions instructions>"


def environment_context(
    *,
    cwd: str | None = None,
    shell: str | None = None,
    current_date: datetime.date | None = None,
    timezone: str | None = None,
    filesystem: FilesystemView | None = None,
    environments: Sequence[EnvironmentView] = (),
) -> str:
    """Return where the model works. What is None is left out: a later context names only what may have changed.

    `shell` is the program's short name, `timezone` an IANA name. `environments` are told in place of both; the first
    is the one that is meant when none is named.
    """
    lines = _environment_lines(environments)
    lines += [
        f"  <{name}>{_escape(value)}</{name}>"
        for name, value in (
            ("cwd", None if environments else cwd),
            ("shell", None if environments else shell),
            ("current_date", None if current_date is None else current_date.isoformat()),
            ("timezone", timezone),
        )
        if value is not None
    ]
    if filesystem is not None:
        lines.append(f"  {_filesystem_element(filesystem)}")
    return "\n".join([ENVIRONMENT_CONTEXT_TAG, *lines, "</environment_context>"])


def _environment_lines(environments: Sequence[EnvironmentView]) -> list[str]:
    if not environments:
        return []
    lines = ["  <environments>"]
    for place, one in enumerate(environments):
        name, is_primary = _escape(one.id).replace('"', "&quot;"), "false" if place else "true"
        lines.append(f'    <environment id="{name}" primary="{is_primary}">')
        lines.append(f"      <cwd>{_escape(one.cwd)}</cwd>")
        if one.shell is not None:
            lines.append(f"      <shell>{_escape(one.shell)}</shell>")
        lines.append("    </environment>")
    return [*lines, "  </environments>"]


def user_instructions(text: str, *, cwd: str, replaces_earlier: bool = False) -> str:
    """Return the user's AGENTS.md text for a folder; later ones say that they take the place of what
    was given before.
    """
    if replaces_earlier:
        text = f"These instructions take the place of all AGENTS.md instructions given before.\n\n{text}"
    return f"{USER_INSTRUCTIONS_PREFIX}{cwd}\n\n<INSTRUCTIONS>\n{text}\n</INSTRUCTIONS>"


def hidden_tools_text(namespaces: Mapping[str, str]) -> str:
    """Return what the model is told of tools that it has to search for: their namespaces, with what these are about."""
    lines = [f"- {name}: {description}" for name, description in namespaces.items()]
    return "\n".join([HIDDEN_TOOLS_TAG, "Deferred tool namespaces:", *lines, "</tools>"])


def team_text(path: str) -> str:
    """Return what an agent that works for another one is told of that."""
    parent = path.rpartition("/")[0]
    return (
        f"{TEAM_TAG}You are the agent `{path}` of a team, and work for `{parent}`. Your task is in the messages that "
        f"are addressed to you; whatever a conversation before them says of tasks and permissions was meant for "
        f"`{parent}`. What you say last in a turn is sent to `{parent}`: make it a report of what you did and found."
        "</multi_agent_role>"
    )


def turn_aborted_marker() -> str:
    """Told to the model after a turn that the user stopped."""
    return (
        f"{TURN_ABORTED_TAG}\nThe user stopped the previous turn on purpose. Commands that were running may have been "
        "ended or may still run, and tool calls may have had a part of their effect: check before you rely on them or "
        "repeat them.\n</turn_aborted>"
    )


def _filesystem_element(view: FilesystemView) -> str:
    roots = "".join(f"<root>{_escape(root)}</root>" for root in view.workspace_roots)
    match view.policy:
        case DangerFullAccess():
            profile = '<permission_profile type="disabled"><file_system type="unrestricted" /></permission_profile>'
        case ExternalSandbox():
            profile = '<permission_profile type="external"><file_system type="external" /></permission_profile>'
        case ReadOnly() | WorkspaceWrite():
            entries = "".join(_entries(view.policy, view.workspace_roots))
            profile = (
                f'<permission_profile type="managed"><file_system type="restricted">{entries}</file_system>'
                "</permission_profile>"
            )
    return f"<filesystem><workspace_roots>{roots}</workspace_roots>{profile}</filesystem>"


def _entries(policy: ReadOnly | WorkspaceWrite, roots: Sequence[str]) -> list[str]:
    readable = None if policy.limits is None else policy.limits.readable
    if readable is None:
        entries = [_entry("read", "special", ":root")]
    else:
        entries = [_entry("read", "special", ":minimal")] if readable.system else []
        entries += [_entry("read", "path", path) for path in _paths_of(readable, roots)]
    if isinstance(policy, ReadOnly):
        return entries
    roots = list(dict.fromkeys((*roots, *policy.writable_roots)))
    entries += [_entry("write", "path", root) for root in roots]
    if not policy.exclude_slash_tmp:
        entries.append(_entry("write", "special", ":slash_tmp"))
    if not policy.exclude_tmpdir_env_var:
        entries.append(_entry("write", "special", ":tmpdir"))
    return entries + [
        _entry("read", "path", f"{root.rstrip('/')}/{name}") for name in PROTECTED_NAMES for root in roots
    ]


def _paths_of(readable: ReadableParts, roots: Sequence[str]) -> list[str]:
    """Return what may be read besides the system, under each folder to work in what is relative to these."""
    found = [os.path.normpath(os.path.join(root, path)) for path in readable.paths for root in roots]
    return list(dict.fromkeys(found))


def _reading_rules(policy: ReadOnly | WorkspaceWrite) -> str:
    readable = None if policy.limits is None else policy.limits.readable
    if readable is None:
        return "they can read files everywhere"
    places = ["the system's own folders"] if readable.system else []
    places += ["the working folder" if path == "." else f"`{path}`" for path in readable.paths]
    return f"of what they cannot write, they can read nothing but {', '.join(places) or 'what every command needs'}"


def _entry(access: str, kind: str, value: str) -> str:
    return f'<entry access="{access}"><{kind}>{_escape(value)}</{kind}></entry>'


def _sandbox_rules(policy: SandboxPolicy, writable_roots: Sequence[str]) -> str:
    match policy:
        case DangerFullAccess():
            return "Commands run without a sandbox (`danger-full-access`): they can read and change any file."
        case ExternalSandbox():
            return "The machine you work on is itself a sandbox; commands run in it without a further one."
        case ReadOnly():
            if policy.limits is not None and policy.limits.readable is not None:
                return f"Commands run in a sandbox (`read-only`): they can write nothing, and {_reading_rules(policy)}."
            return "Commands run in a sandbox (`read-only`): they can read files but not create or change any."
        case WorkspaceWrite():
            places = ["the working folder", *(f"`{root}`" for root in writable_roots)]
            if not policy.exclude_slash_tmp or not policy.exclude_tmpdir_env_var:
                places.append("temporary folders")
            guarded = ", ".join(f"`{name}`" for name in PROTECTED_NAMES)
            return (
                f"Commands run in a sandbox (`workspace-write`): {_reading_rules(policy)}, but write only in "
                f"{', '.join(places)}. Folders named {guarded} directly below those stay read-only."
            )


_MOST_HOSTS = 50


def _network_rules(policy: SandboxPolicy) -> str:
    hosts = hosts_of(policy)
    if hosts is None:
        return f"Network access is {'open' if has_network(policy) else 'closed'}."
    listed = ", ".join(f"`{pattern}`" for pattern in hosts.allowed()[:_MOST_HOSTS]) or "none"
    return (
        "Network access is limited to hosts, by a proxy that programs find in HTTP_PROXY, HTTPS_PROXY and ALL_PROXY. "
        f"Allowed without asking: {listed}. What is refused is said in the output of the command, with the reason."
    )


def _approval_rules(approval_policy: AskForApproval, policy: SandboxPolicy) -> str:
    if isinstance(approval_policy, Granular):
        return _granular_rules(approval_policy, policy)
    match approval_policy:
        case "never":
            return (
                "The user is never asked (approval policy `never`): do not ask for more rights, such calls are "
                "refused. Do the work within these bounds, and say in the end what they kept you from."
            )
        case "untrusted":
            return (
                "The user is asked before every command that is not known to only read (approval policy "
                "`untrusted`). The question is put for you when you make the call; asking for more rights is refused."
            )
        case "on-request" | "on-failure":
            return f"The user can be asked (approval policy `on-request`). {_escalation_rules(policy)}"


def memories_text(summary: str, folder: Path) -> str:
    """Return what is remembered of former threads, and how the model says that it used it."""
    if len(summary) > _MAX_MEMORIES:
        summary = f"{summary[:_MAX_MEMORIES]}\n[... the rest is in memory_summary.md ...]"
    return (
        f"{MEMORIES_TAG}\nThis is remembered of former threads with this user; the files that it names are in "
        f"{folder}. Use it where it helps with what the user asks, check it against how things are now, and leave it "
        "alone where the request says all that is needed.\n"
        f"<memory_summary>\n{summary.strip()}\n</memory_summary>\n"
        "Where your last message rests on lines of a memory file, end it with this block, which the user does not see "
        "as text: a line for each place, with the path below the folder of memories, and the ids of the threads that "
        "the memory names, if any.\n"
        f"{memory_citations.OPENING}\n<citation_entries>\nmemory_summary.md:12-14|note=[what it was used for]\n"
        f"</citation_entries>\n<rollout_ids>\n</rollout_ids>\n{memory_citations.CLOSING}\n</memories>"
    )


def _granular_rules(approval: Granular, policy: SandboxPolicy) -> str:
    kinds = (
        ("leaving the sandbox", approval.sandbox_approval),
        ("commands that a rule puts before the user", approval.rules),
        ("running skills", approval.skill_approval),
        ("requests for permissions", approval.request_permissions),
        ("questions of MCP servers", approval.mcp_elicitations),
    )
    asked = ", ".join(name for name, allowed in kinds if allowed) or "nothing"
    refused = ", ".join(name for name, allowed in kinds if not allowed) or "nothing"
    rules = f"Some questions reach the user (approval policy `granular`). Asked: {asked}. Refused unasked: {refused}."
    return f"{rules} {_escalation_rules(policy)}" if approval.sandbox_approval else rules


def _escalation_rules(policy: SandboxPolicy) -> str:
    if isinstance(policy, DangerFullAccess | ExternalSandbox):
        return "Commands that could do great harm are put to the user when you call for them."
    return (
        "A command that has to leave the sandbox (it writes elsewhere, needs the network, opens a window, or failed "
        'because of the sandbox and is needed) is called with `sandbox_permissions` set to "require_escalated" and a '
        "`justification`: one short question to the user that says what it is for. If it is worth allowing for good, "
        'add a `prefix_rule`, the first words of the command that make it harmless, such as ["npm", "test"]. Do not '
        "ask in a message and wait: make the call, and the user is asked. Try inside the sandbox first when that may "
        "do. If the user declines, find another way or say what is missing; do not repeat the call in another dress.\n"
        "Rules judge a script command by command: it is parted at `|`, `&&`, `||`, `;` and ends of lines, and is free "
        "only if each part is allowed, so a `prefix_rule` has to fit all parts. No rule allows a script with "
        "redirections (`>`, `<`), substitutions (`$(...)`), variables, wildcards (`*`, `?`) or parentheses: keep them "
        "out of what should be allowed for good. Prefixes that would allow nearly anything are dropped: a shell, an "
        "interpreter with or without its flag for code (`python3`, `node -e`), `git`, `env`, `sudo` or `rm` alone, "
        "`npm run` and its likes."
    )


def _escape(text: str) -> str:
    """Text as XML content. `xml.sax.saxutils` would load half the network library with it."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
