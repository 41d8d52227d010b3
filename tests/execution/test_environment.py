"""Which variables a command gets to see."""

import pytest

from codex_trio.domain.shell_environment import ShellEnvironmentPolicy
from codex_trio.execution.env import apply_policy, build_client_environment, build_environment, with_overrides

BASE = {"PATH": "/bin", "HOME": "/h", "LANG": "de_DE.UTF-8", "OPENAI_API_KEY": "k", "MyToken": "t", "EDITOR": "vi"}


@pytest.mark.parametrize(
    ("policy", "names"),
    [
        (ShellEnvironmentPolicy(), set(BASE)),
        (ShellEnvironmentPolicy(inherit="core"), {"PATH", "HOME"}),
        (ShellEnvironmentPolicy(inherit="none"), set[str]()),
        (ShellEnvironmentPolicy(ignore_default_excludes=False), {"PATH", "HOME", "LANG", "EDITOR"}),
        (ShellEnvironmentPolicy(exclude=("edit*", "L?NG")), {"PATH", "HOME", "OPENAI_API_KEY", "MyToken"}),
        (ShellEnvironmentPolicy(inherit="none", set={"A_TOKEN": "1"}, ignore_default_excludes=False), {"A_TOKEN"}),
        (ShellEnvironmentPolicy(set={"A": "1"}, include_only=("P*", "a")), {"PATH", "A"}),
    ],
)
def test_the_policy_decides_which_variables_pass(policy: ShellEnvironmentPolicy, names: set[str]) -> None:
    assert set(apply_policy(BASE, policy)) == names


def test_the_agents_commands_know_no_colours_and_no_pagers_and_whom_they_run_for() -> None:
    env = build_environment(
        {**BASE, "TERM": "xterm", "PAGER": "less"},
        ShellEnvironmentPolicy(set={"NO_COLOR": "0"}),
        thread_id="t",
        session_id="s",
        tool_call_id="c",
        version="1.2.3",
    )
    assert env == {
        **BASE,
        "NO_COLOR": "1",
        "TERM": "dumb",
        "LANG": "C.UTF-8",
        "LC_CTYPE": "C.UTF-8",
        "LC_ALL": "C.UTF-8",
        "COLORTERM": "",
        "PAGER": "cat",
        "GIT_PAGER": "cat",
        "GH_PAGER": "cat",
        "CODEX_CI": "1",
        "CODEX_APPLY_PATCH_PRESERVE_LINE_ENDINGS": "1",
        "CODEX_THREAD_ID": "t",
        "CODEX_SESSION_ID": "s",
        "CODEX_TOOL_CALL_ID": "c",
        "CODEX_VERSION": "1.2.3",
    }


def test_overrides_replace_add_and_remove() -> None:
    assert with_overrides({"A": "1", "B": "2"}, {"A": None, "B": "3", "C": "4", "D": None}) == {"B": "3", "C": "4"}


@pytest.mark.parametrize("asked", [None, "0"])
def test_commands_of_clients_are_told_to_keep_line_endings_whatever_the_settings(asked: str | None) -> None:
    name = "CODEX_APPLY_PATCH_PRESERVE_LINE_ENDINGS"
    policy = ShellEnvironmentPolicy(inherit="none", set={name: "0"}, include_only=("A",))
    assert build_client_environment(BASE, policy, {"A": "1", name: asked}) == {"A": "1", name: "1"}
