"""What the model is told around the user's words."""

import datetime
from xml.etree import ElementTree

import pytest

from codex_trio.config.approval import AskForApproval, Granular
from codex_trio.engine.instructions import (
    FilesystemView,
    base_instructions,
    environment_context,
    permissions_text,
    user_instructions,
)
from codex_trio.execpolicy.bash import Bash
from codex_trio.execpolicy.proposals import proposal
from codex_trio.execpolicy.rules import PolicyRules
from codex_trio.sandbox.policy import (
    DangerFullAccess,
    ExternalSandbox,
    ReadableParts,
    ReadOnly,
    SandboxLimits,
    SandboxPolicy,
    WorkspaceWrite,
)


def filesystem(policy: SandboxPolicy, *roots: str) -> str:
    context = environment_context(filesystem=FilesystemView(workspace_roots=roots, policy=policy))
    return context.split("\n")[1].strip()


def test_the_environment_names_folder_shell_date_and_timezone_one_to_a_line() -> None:
    context = environment_context(cwd="/w", shell="bash", current_date=datetime.date(2026, 11, 22), timezone="Etc/UTC")

    assert context == (
        "<environment_context>\n  <cwd>/w</cwd>\n  <shell>bash</shell>\n  <current_date>2026-11-22</current_date>\n"
        "  <timezone>Etc/UTC</timezone>\n</environment_context>"
    )


def test_what_did_not_change_is_left_out_of_the_environment() -> None:
    assert environment_context(timezone="Etc/UTC") == (
        "<environment_context>\n  <timezone>Etc/UTC</timezone>\n</environment_context>"
    )


def test_full_access_and_a_sandbox_of_somebody_else_are_told_without_entries() -> None:
    roots = "<workspace_roots><root>/w</root></workspace_roots>"

    assert filesystem(DangerFullAccess(), "/w") == (
        f'<filesystem>{roots}<permission_profile type="disabled"><file_system type="unrestricted" />'
        "</permission_profile></filesystem>"
    )
    assert filesystem(ExternalSandbox(), "/w") == (
        f'<filesystem>{roots}<permission_profile type="external"><file_system type="external" />'
        "</permission_profile></filesystem>"
    )


def test_what_alone_may_be_read_is_told() -> None:
    readable = ReadableParts(paths=(".", "docs", "/srv"), system=True)
    policy = ReadOnly(limits=SandboxLimits(readable=readable))
    told = filesystem(policy, "/w", "/v")
    assert '<entry access="read"><special>:minimal</special></entry>' in told
    assert ":root" not in told
    for path in ("/w", "/v", "/w/docs", "/v/docs", "/srv"):
        assert f'<entry access="read"><path>{path}</path></entry>' in told
    rules = permissions_text("never", policy)
    assert "nothing but the system's own folders, the working folder, `docs`, `/srv`." in rules
    assert "read files everywhere" not in permissions_text("never", WorkspaceWrite(limits=policy.limits))


def test_a_read_only_sandbox_may_read_the_root() -> None:
    assert filesystem(ReadOnly(), "/w") == (
        '<filesystem><workspace_roots><root>/w</root></workspace_roots><permission_profile type="managed">'
        '<file_system type="restricted"><entry access="read"><special>:root</special></entry></file_system>'
        "</permission_profile></filesystem>"
    )


def test_a_workspace_sandbox_lists_writable_places_then_what_in_them_stays_read_only() -> None:
    tree = ElementTree.fromstring(filesystem(WorkspaceWrite(), "/w", "/opt/x"))

    entries = [(entry.get("access"), "".join(entry.itertext())) for entry in tree.iter("entry")]
    assert entries == [
        ("read", ":root"),
        ("write", "/w"),
        ("write", "/opt/x"),
        ("write", ":slash_tmp"),
        ("write", ":tmpdir"),
        *(("read", f"{root}/{name}") for name in (".git", ".agents", ".codex", ".aws") for root in ("/w", "/opt/x")),
    ]


def test_excluded_temporary_folders_are_not_listed() -> None:
    policy = WorkspaceWrite(exclude_slash_tmp=True, exclude_tmpdir_env_var=True)

    assert "<special>:root</special>" in filesystem(policy, "/w")
    assert ":slash_tmp" not in filesystem(policy, "/w")
    assert ":tmpdir" not in filesystem(policy, "/w")


def test_paths_cannot_break_out_of_their_element() -> None:
    tree = ElementTree.fromstring(
        environment_context(
            cwd="/a</cwd><x>&", filesystem=FilesystemView(workspace_roots=("/a<b>",), policy=ReadOnly())
        )
    )

    assert tree.findtext("cwd") == "/a</cwd><x>&"
    assert tree.findtext("filesystem/workspace_roots/root") == "/a<b>"


@pytest.mark.parametrize(
    ("approval", "policy", "told", "not_told"),
    [
        ("never", ReadOnly(), ["`never`", "`read-only`", "closed"], ["require_escalated"]),
        ("on-request", WorkspaceWrite(network_access=True), ["require_escalated", "/opt/x", "open"], ["`never`"]),
        ("on-request", DangerFullAccess(), ["`danger-full-access`", "open"], ["require_escalated"]),
        ("untrusted", ReadOnly(), ["`untrusted`"], ["require_escalated"]),
        (
            Granular(sandbox_approval=False, rules=True, mcp_elicitations=True),
            ReadOnly(),
            ["`granular`", "Refused unasked: leaving the sandbox"],
            ["require_escalated"],
        ),
    ],
)
def test_the_permissions_text_tells_the_rules_in_force(
    approval: AskForApproval, policy: SandboxPolicy, told: list[str], not_told: list[str]
) -> None:
    text = permissions_text(approval, policy, writable_roots=["/opt/x"])

    assert text.startswith("<permissions instructions>\n")
    assert text.endswith("\n</permissions instructions>")
    for words in told:
        assert words in text
    for words in not_told:
        assert words not in text


def test_agents_md_text_is_wrapped_with_the_folder_it_is_for() -> None:
    assert user_instructions("do x\n", cwd="/w") == (
        "# AGENTS.md instructions for /w\n\n<INSTRUCTIONS>\ndo x\n\n</INSTRUCTIONS>"
    )
    assert "take the place of" in user_instructions("do y", cwd="/w", replaces_earlier=True)


def test_the_base_instructions_name_every_tool_the_model_has() -> None:
    text = base_instructions()

    for tool in ("exec_command", "write_stdin", "apply_patch", "update_plan", "view_image"):
        assert f"`{tool}`" in text


def test_without_a_personality_the_model_is_not_told_how_to_write() -> None:
    assert len(base_instructions("none")) < len(base_instructions()) == len(base_instructions("friendly"))
    assert not {"{", "}"} & set(base_instructions() + base_instructions("none"))


@pytest.mark.parametrize("prefix", [["python3"], ["node", "-e"], ["git"], ["env"], ["sudo"], ["rm"], ["npm", "run"]])
def test_the_model_is_told_of_prefixes_that_are_dropped(prefix: list[str]) -> None:
    assert proposal(prefix, [[*prefix, "x"]], PolicyRules()) is None
    text = permissions_text("on-request", ReadOnly())
    assert f"`{' '.join(prefix)}`" in text


@pytest.mark.parametrize("script", ["echo a > b", "echo < a", "echo $(id)", "echo $HOME", "echo *", "(echo a)"])
def test_the_model_is_told_what_no_rule_allows(script: str) -> None:
    assert Bash().segments(["bash", "-lc", script]) is None
    assert Bash().segments(["bash", "-lc", "echo a | cat && echo b; echo c\necho d"]) is not None
    assert "No rule allows a script with redirections" in permissions_text("on-request", ReadOnly())
