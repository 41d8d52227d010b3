"""`codex-trio features`: switches are shown and set, in the form that 0.171.0 gives it."""

import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from codex_trio.cli.command_line import run
from codex_trio.config.features import KNOWN

Cli = Callable[..., tuple[int, str, str]]


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("CODEX_HOME", str(tmp_path))
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def cli(home: Path, capsys: pytest.CaptureFixture[str]) -> Cli:
    def made(*arguments: str) -> tuple[int, str, str]:
        try:
            code = run(arguments, system_dir=home / "system")
        except SystemExit as left:
            code = int(left.code or 0)
        told = capsys.readouterr()
        return code, told.out, told.err

    return made


def test_all_switches_are_listed_with_what_holds_here(home: Path, cli: Cli) -> None:
    (home / "config.toml").write_text("[features]\nmemories = true\nchronicle = true\n")
    code, out, err = cli("features", "list", "--disable", "goals")
    assert code == 0
    assert err == "These features are set to what has no effect here: `chronicle`.\n"
    lines = out.splitlines()
    assert [line.split()[0] for line in lines] == sorted(KNOWN)
    assert {
        "memories                                 stable             true",
        "goals                                    stable             false",
        "chronicle                                under development  false",
        "prevent_idle_sleep                       experimental       false",
    } <= set(lines)


@pytest.mark.parametrize(
    ("before", "command", "name", "after", "told"),
    [
        ("", "enable", "memories", {"memories": True}, ""),
        ("memories = true", "disable", "memories", {}, ""),
        ("", "disable", "goals", {"goals": False}, ""),
        ("goals = false", "enable", "goals", {"goals": True}, ""),
        ("collab = false", "enable", "multi_agent", {"multi_agent": True}, ""),
        ("", "enable", "memory_tool", {"memory_tool": True}, ""),
        (
            "multi_agent_v2 = { enabled = true, max_concurrent_threads_per_session = 3 }",
            "disable",
            "multi_agent_v2",
            {"multi_agent_v2": {"enabled": False, "max_concurrent_threads_per_session": 3}},
            "",
        ),
        ("", "enable", "chronicle", {"chronicle": True}, "this server does not do it"),
        ("", "disable", "unified_exec", {"unified_exec": False}, "this server always does it"),
        ("", "enable", "undo", {"undo": True}, "it was removed"),
    ],
)
def test_a_switch_is_set(
    home: Path, cli: Cli, before: str, command: str, name: str, after: dict[str, Any], told: str
) -> None:
    (home / "config.toml").write_text(f"# mine\n[features]\n{before}\n")
    assert cli("features", command, name) == (
        0,
        f"{command.capitalize()}d feature `{name}` in config.toml.\n",
        told and f"`{name}` has no effect here: {told}.\n",
    )
    text = (home / "config.toml").read_text()
    assert text.startswith("# mine\n")
    assert tomllib.loads(text).get("features", {}) == after


def test_what_an_administrator_turned_on_is_turned_off_by_a_line(home: Path, cli: Cli) -> None:
    (home / "system").mkdir()
    (home / "system" / "config.toml").write_text("[features]\nmemories = true\n")
    assert cli("features", "disable", "memories")[0] == 0
    assert tomllib.loads((home / "config.toml").read_text()) == {"features": {"memories": False}}


@pytest.mark.parametrize(
    ("config", "arguments", "code", "told"),
    [
        ("", ("features", "enable", "memoris"), 1, "Unknown feature flag: memoris. Did you mean `memories`?"),
        ("", ("features", "disable", ""), 1, "Unknown feature flag: "),
        ("", ("features", "enable"), 2, "FEATURE"),
        ("", ("-p", "work", "features", "enable", "memories"), 2, "--profile only applies to"),
        ("features = 3", ("features", "enable", "goals"), 1, "features"),
        ("x = [", ("features", "enable", "goals"), 1, "config.toml"),
        ("x = [", ("features", "list"), 1, "config.toml"),
    ],
)
def test_what_cannot_be_done_leaves_the_file_as_it_is(
    home: Path, cli: Cli, config: str, arguments: tuple[str, ...], code: int, told: str
) -> None:
    (home / "config.toml").write_text(config)
    left, out, err = cli(*arguments)
    assert (left, out) == (code, "")
    assert told in err
    assert (home / "config.toml").read_text() == config
