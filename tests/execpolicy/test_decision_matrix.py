"""What becomes of every command and patch: approval policy by sandbox by rule by what the model asks for.

The tables were recorded from release 0.171.0 of the established server, each cell one call in a turn; `OTHERWISE` lists
where this server decides otherwise, and why. A reviewer has no column: who decides on what is asked about, a person or
a model, is chosen after the decision (`tests/threads/test_approvals.py`), and is no parameter of it.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import MappingProxyType

import msgspec
import pytest

from codex_trio.config.approval import AskForApproval, Granular
from codex_trio.execpolicy.bash import Bash
from codex_trio.execpolicy.decision import CommandPolicy, Decision
from codex_trio.execpolicy.programs import NoWork, Programs
from codex_trio.execpolicy.rules import PolicyRules, PrefixRule
from codex_trio.sandbox.policy import (
    DangerFullAccess,
    ExternalSandbox,
    ReadOnly,
    SandboxPolicy,
    WorkspaceWrite,
    is_enforced_here,
)
from codex_trio.sandbox.roots import RootAnchors
from codex_trio.tools.patch_policy import assess


def granular(*, sandbox: bool, rules: bool) -> Granular:
    return Granular(sandbox_approval=sandbox, rules=rules, mcp_elicitations=True, request_permissions=True)


POLICIES: Mapping[str, AskForApproval] = MappingProxyType(
    {
        "never": "never",
        "on-request": "on-request",
        "on-failure": "on-failure",
        "untrusted": "untrusted",
        "granular": granular(sandbox=True, rules=True),
        "no sandbox_approval": granular(sandbox=False, rules=True),
        "no rules": granular(sandbox=True, rules=False),
        "granular nothing": granular(sandbox=False, rules=False),
    }
)
SANDBOXES: Mapping[str, SandboxPolicy] = MappingProxyType(
    {
        "read-only": ReadOnly(),
        "workspace-write": WorkspaceWrite(exclude_slash_tmp=True, exclude_tmpdir_env_var=True),
        "danger-full-access": DangerFullAccess(),
        "external-sandbox": ExternalSandbox(),
    }
)
COMMANDS: Mapping[str, str] = MappingProxyType(
    {
        "plain": "grep -h x /proc/self/status",
        "allowed": "grep -s x /proc/self/status",
        "prompted": "grep -i x /proc/self/status",
        "forbidden": "grep -n x /proc/self/status",
        "dangerous": "rm -rf nothing-there",
    }
)
REQUESTS = ("nothing", "to leave the sandbox", "more in the sandbox")

RECORDED = """
policy              | sandbox            | plain allowed prompted forbidden dangerous
never               | read-only          | srr orr rrr rrr rrr
never               | workspace-write    | srr orr rrr rrr rrr
never               | danger-full-access | orr orr rrr rrr rrr
on-request          | read-only          | saa ooo aaa rrr aaa
on-request          | workspace-write    | saa ooo aaa rrr aaa
on-request          | danger-full-access | ooo ooo aaa rrr aaa
granular            | read-only          | sar oor aar rrr aar
granular            | workspace-write    | sar oor aar rrr aar
granular            | danger-full-access | oor oor aar rrr aar
no sandbox_approval | read-only          | srr orr arr rrr arr
no sandbox_approval | workspace-write    | srr orr arr rrr arr
no sandbox_approval | danger-full-access | orr orr arr rrr arr
no rules            | read-only          | sar oor rrr rrr aar
no rules            | workspace-write    | sar oor rrr rrr aar
no rules            | danger-full-access | oor oor rrr rrr aar
granular nothing    | read-only          | srr orr rrr rrr arr
granular nothing    | workspace-write    | srr orr rrr rrr arr
granular nothing    | danger-full-access | orr orr rrr rrr arr
"""
"""What runs in the sandbox (s) or outside (o), is asked about (a) or refused (r); by command, and by `REQUESTS`."""

OWN = """
policy              | sandbox            | plain allowed prompted forbidden dangerous
on-failure          | read-only          | saa ooo aaa rrr aaa
on-failure          | danger-full-access | ooo ooo aaa rrr aaa
untrusted           | read-only          | sar oor aar rrr aar
untrusted           | workspace-write    | sar oor aar rrr aar
untrusted           | danger-full-access | oor oor aar rrr aar
never               | external-sandbox   | orr orr rrr rrr rrr
on-request          | external-sandbox   | ooo ooo aaa rrr aaa
"""
"""The same for what that release cannot be configured to, or was not recorded of."""

OTHERWISE: Mapping[tuple[str, str, str, str], str] = MappingProxyType(
    {
        ("never", "danger-full-access", "dangerous", "nothing"): (
            "o: who has switched off questions and sandbox has no use for a refusal"
        ),
    }
)

PATCHES = """
policy              | sandbox            | inside .git outside
never               | read-only          | rrr
never               | workspace-write    | wrr
never               | danger-full-access | www
on-request          | read-only          | aaa
on-request          | workspace-write    | waa
on-request          | danger-full-access | www
granular            | read-only          | aaa
granular            | workspace-write    | waa
granular            | danger-full-access | www
no sandbox_approval | read-only          | rrr
no sandbox_approval | workspace-write    | wrr
no sandbox_approval | danger-full-access | www
no rules            | read-only          | aaa
no rules            | workspace-write    | waa
no rules            | danger-full-access | www
granular nothing    | read-only          | rrr
granular nothing    | workspace-write    | wrr
granular nothing    | danger-full-access | www
"""
"""Which patches are written (w), asked about (a) or refused (r), by where they write."""


def rows(table: str) -> Iterator[tuple[str, str, str]]:
    for line in table.strip().splitlines()[1:]:
        policy, sandbox, cells = (part.strip() for part in line.split("|"))
        yield policy, sandbox, cells


def cells() -> Iterator[tuple[str, str, str, str, str]]:
    for policy, sandbox, row in rows(RECORDED + OWN.strip().split("\n", 1)[1]):
        for command, outcomes in zip(COMMANDS, row.split(), strict=True):
            for request, outcome in zip(REQUESTS, outcomes, strict=True):
                told = OTHERWISE.get((policy, sandbox, command, request))
                yield policy, sandbox, command, request, outcome if told is None else told[0]


def commands() -> CommandPolicy:
    rules = PolicyRules()
    decisions: tuple[tuple[str, str], ...] = (("-s", "allow"), ("-i", "prompt"), ("-n", "forbidden"))
    for option, decision in decisions:
        table = {"program": "grep", "rest": ((option,),), "decision": decision, "justification": None}
        rules.add_prefix(msgspec.convert(table, PrefixRule))
    return CommandPolicy(rules=rules, bash=Bash(), amendments="/nonexistent")


def outcome_of(decision: Decision, sandbox: SandboxPolicy, request: str) -> str:
    if decision.kind != "allow":
        return {"prompt": "a", "forbid": "r"}[decision.kind]
    leaves = decision.bypass_sandbox or request == "to leave the sandbox"
    return "s" if is_enforced_here(sandbox) and not leaves else "o"


def test_every_command_is_decided_about_as_was_recorded() -> None:
    policy, programs = commands(), Programs("/usr/bin:/bin", "/", NoWork())
    wrong: list[str] = []
    for approval, sandbox_name, command, request, expected in cells():
        sandbox = SANDBOXES[sandbox_name]
        decision = policy.decide(
            ["/bin/bash", "-lc", COMMANDS[command]],
            programs=programs,
            approval_policy=POLICIES[approval],
            sandboxed=is_enforced_here(sandbox),
            unrestricted=isinstance(sandbox, DangerFullAccess),
            escalate=request == "to leave the sandbox",
            widen=request == "more in the sandbox",
        )
        found = outcome_of(decision, sandbox, request)
        if found != expected:
            wrong.append(f"{approval}, {sandbox_name}, {command}, asks for {request}: {found}, not {expected}")
    assert wrong == []


def test_the_tables_leave_nothing_out() -> None:
    told = [(policy, sandbox, command, request) for policy, sandbox, command, request, _ in cells()]
    assert len(told) == len(set(told)) == 25 * len(COMMANDS) * len(REQUESTS)
    assert set(OTHERWISE) <= set(told)
    assert {policy for policy, *_ in told} == set(POLICIES)
    assert {sandbox for _, sandbox, *_ in told} == set(SANDBOXES)
    assert "reviewer" not in inspect.signature(CommandPolicy.decide).parameters


@pytest.mark.parametrize(("approval", "sandbox_name", "expected"), [*rows(PATCHES)])
def test_every_patch_is_decided_about_as_was_recorded(
    tmp_path: Path, approval: str, sandbox_name: str, expected: str
) -> None:
    work = tmp_path / "work"
    work.mkdir()
    sandbox, anchors = SANDBOXES[sandbox_name], RootAnchors()

    def may_write(path: str) -> bool:
        return anchors.may_write(path, sandbox, cwd=str(work), tmpdir=None)

    places = (work / "f", work / ".git" / "f", tmp_path / "other" / "f")
    verdicts = [assess([str(place)], POLICIES[approval], sandbox, may_write=may_write).kind for place in places]
    assert "".join({"apply": "w", "ask": "a", "reject": "r"}[kind] for kind in verdicts) == expected
