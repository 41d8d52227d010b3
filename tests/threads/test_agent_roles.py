"""Roles of agents: where they are found, what they change, and that none of them lets an agent do more."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from codex_trio.config.service import ConfigService
from codex_trio.config.settings import EffectiveConfig
from codex_trio.engine.settings import ThreadSettings
from codex_trio.sandbox.policy import DangerFullAccess, ReadOnly, SandboxPolicy, WorkspaceWrite
from codex_trio.threads.agents.names import nickname, path_below
from codex_trio.threads.agents.roles import Role, RoleProblem, Roles, RoleSettings, load_roles
from codex_trio.tools.agents.timeouts import timeout
from codex_trio.tools.calls import ToolFailure


@pytest.fixture
def home(tmp_path: Path) -> Path:
    folder = tmp_path / "codex"
    (folder / "agents").mkdir(parents=True)
    return folder


def config_of(home: Path, text: str = "") -> EffectiveConfig:
    (home / "config.toml").write_text(text)
    service = ConfigService(
        home, environ={"HOME": str(home.parent)}, cli_overrides=(), system_dir=home.parent, cwd=home.parent
    )
    return service.startup_default()


def roles_of(home: Path, text: str = "") -> Roles:
    return load_roles(config_of(home, text), home)


def settings(policy: SandboxPolicy) -> ThreadSettings:
    return ThreadSettings(
        model="gpt-5.5",
        provider_id="openai",
        cwd=Path("/work"),
        approval_policy="never",
        approvals_reviewer="user",
        sandbox_policy=policy,
        developer_instructions="Be brief.",
    )


def test_a_file_is_a_role(home: Path) -> None:
    (home / "agents" / "writer.toml").write_text(
        'description = "Writes"\ndeveloper_instructions = "Write well."\nmodel = "gpt-5.6-luna"\n'
        'model_reasoning_effort = "low"\nnickname_candidates = ["Quill"]\n'
    )
    [role] = roles_of(home).own
    assert (role.name, role.description, role.nicknames) == ("writer", "Writes", ("Quill",))
    made = role.apply(settings(ReadOnly()))
    assert (made.model, made.effort) == ("gpt-5.6-luna", "low")
    assert made.developer_instructions == "Be brief.\n\nWrite well."


def test_a_table_names_a_file_beside_the_configuration(home: Path) -> None:
    (home / "strict.toml").write_text('developer_instructions = "Look twice."\n')
    [role] = roles_of(home, '[agents.reviewer]\ndescription = "Reviews"\nconfig_file = "strict.toml"\n').own
    assert (role.name, role.description) == ("reviewer", "Reviews")
    assert role.settings.developer_instructions == "Look twice."


def test_the_limits_are_no_roles(home: Path) -> None:
    assert roles_of(home, "[agents]\nmax_threads = 3\nmax_depth = 2\nenabled = true\n").own == []


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("developer_instructions = 5\n", "Expected `str"),
        ('shell = "zsh"\n', "`shell` has no effect in a role"),
        ("model = \n", ""),
        ('sandbox_mode = "none"\n', "unknown sandbox_mode `none`"),
        ('model_reasoning_summary = "loud"\n', "Invalid enum value 'loud' - at `$.model_reasoning_summary`"),
        ('model = ""\n', "length >= 1 - at `$.model`"),
    ],
)
def test_a_file_that_cannot_be_used_is_named_when_the_role_is_asked_for(home: Path, text: str, why: str) -> None:
    path = home / "agents" / "odd.toml"
    path.write_text(text)
    roles = roles_of(home)
    assert roles.own == []
    with pytest.raises(RoleProblem) as raised:
        roles.get("odd")
    assert str(path) in str(raised.value)
    assert why in str(raised.value)


def test_a_role_that_is_not_there_is_answered_with_those_that_are(home: Path) -> None:
    with pytest.raises(RoleProblem, match="unknown agent_type 'none': use one of `default`, `explorer`, `worker`"):
        roles_of(home).get("none")
    assert roles_of(home).get(None) is None


@pytest.mark.parametrize(
    ("mode", "parents", "agents"),
    [
        (None, WorkspaceWrite(), WorkspaceWrite()),
        ("read-only", WorkspaceWrite(network_access=True), ReadOnly(network_access=True)),
        ("read-only", DangerFullAccess(), ReadOnly()),
        ("workspace-write", DangerFullAccess(), WorkspaceWrite()),
        ("workspace-write", ReadOnly(), ReadOnly()),
        ("danger-full-access", ReadOnly(), ReadOnly()),
        ("danger-full-access", WorkspaceWrite(), WorkspaceWrite()),
    ],
)
def test_a_role_never_lets_an_agent_do_more_than_its_parent(
    mode: str | None, parents: SandboxPolicy, agents: SandboxPolicy
) -> None:
    role = Role(name="any", settings=RoleSettings(sandbox_mode=mode))
    made = role.apply(settings(parents))
    assert made.sandbox_policy == agents
    unchanged = msgspec.structs.replace(made, sandbox_policy=parents)
    assert unchanged == settings(parents)


def test_every_agent_has_a_nickname_of_its_own() -> None:
    taken: set[str] = set()
    for _ in range(200):
        name = nickname(taken)
        assert name not in taken
        taken.add(name)
    assert nickname({"Rex"}, ["Rex"]) == "Rex 2"


@pytest.mark.parametrize("name", ["", "root", "Upper", "a-b", "a/b", "a\n", ".."])
def test_a_name_that_no_path_can_have(name: str) -> None:
    with pytest.raises(ToolFailure):
        path_below("/root", name)


def test_paths_are_below_ones_own() -> None:
    assert path_below("/root/a", "b_2") == "/root/a/b_2"


@pytest.mark.parametrize(
    ("asked", "seconds"), [(None, 30), (1, 10), (-5, 10), (45_000, 45), (1e12, 3600), (float("inf"), 3600)]
)
def test_nobody_waits_for_ever(asked: float | None, seconds: float) -> None:
    assert timeout(asked).seconds == seconds
