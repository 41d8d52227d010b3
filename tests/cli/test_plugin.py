"""`codex-trio plugin`: marketplaces and plugins are added, shown and taken out again."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from codex_trio.cli.command_line import run

Cli = Callable[..., tuple[int, str, str]]


@pytest.fixture
def cli(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Cli:
    home = tmp_path / "home"
    home.mkdir()
    monkeypatch.setenv("CODEX_HOME", str(home))
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.chdir(tmp_path)

    def made(*arguments: str) -> tuple[int, str, str]:
        try:
            code = run(["plugin", *arguments])
        except SystemExit as left:
            code = int(left.code or 0)
        told = capsys.readouterr()
        return code, told.out, told.err

    return made


@pytest.fixture
def market(tmp_path: Path) -> Path:
    root = tmp_path / "market"
    for path, content in {
        ".agents/plugins/marketplace.json": {"name": "m", "plugins": [{"name": "alpha", "source": "./alpha"}]},
        "alpha/.codex-plugin/plugin.json": {"name": "alpha", "version": "1.0.0"},
    }.items():
        (root / path).parent.mkdir(parents=True)
        (root / path).write_text(json.dumps(content))
    return root


def test_a_plugin_of_a_marketplace_is_installed_shown_and_removed(cli: Cli, market: Path, tmp_path: Path) -> None:
    assert cli("list") == (0, "No marketplace plugins found.\n", "")
    assert cli("marketplace", "list") == (0, "No plugin marketplaces in scope.\n", "")
    assert cli("marketplace", "add", str(market)) == (0, f"Added marketplace `m`: {market}\n", "")
    added = json.loads(cli("marketplace", "add", "./market", "--json")[1])
    assert added == {"marketplaceName": "m", "installedRoot": str(market), "alreadyAdded": True}
    assert cli("marketplace", "list")[1] == f"MARKETPLACE  ROOT\nm            {market}\n"
    assert "alpha@m  not installed" in cli("list")[1]
    root = tmp_path / "home/plugins/cache/m/alpha/1.0.0"
    code, told, _ = cli("add", "alpha@m")
    assert (code, told) == (
        0,
        f"Added plugin `alpha` from marketplace `m`.\nInstalled plugin root: {root}\n",
    )
    (plugin,) = json.loads(cli("list", "--json")[1])["installed"]
    assert (plugin["pluginId"], plugin["version"], plugin["enabled"]) == ("alpha@m", "1.0.0", True)
    assert cli("marketplace", "remove", "m")[0] == 0
    told = cli("list")[2]
    assert told.startswith("warning: `alpha@m` is installed and in use, but its marketplace is not there")
    assert told.endswith("codex-trio plugin remove alpha@m\n")
    assert cli("marketplace", "add", str(market))[0] == 0
    assert cli("remove", "alpha", "--marketplace", "m")[1] == "Removed plugin `alpha` from marketplace `m`.\n"
    assert not root.exists()
    assert cli("remove", "alpha@m") == (0, "", "warning: plugin `alpha@m` was not installed\n")
    assert "in marketplace `m`. Did you mean `alpha`?" in cli("add", "alpa@m")[2]
    assert json.loads(cli("list", "--json")[1]) == {"installed": [], "available": []}
    assert cli("marketplace", "upgrade")[1] == "No configured Git marketplaces to upgrade.\n"
    assert cli("marketplace", "remove", "m")[1] == "Removed marketplace `m`.\n"


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (("add", "alpha"), "plugin requires --marketplace unless passed as <plugin>@<marketplace>"),
        (("add", "alpha@m"), "plugin `alpha` was not found in marketplace `m`"),
        (("add", "alpha@m"), "plugin `alpha` was not found in marketplace `m`, which is not there"),
        (("add", "a b@m"), "invalid plugin `a b@m`: expected PLUGIN@MARKETPLACE"),
        (("marketplace", "add", "nope"), "invalid marketplace source format; expected owner/repo, a git URL, or a"),
        (("marketplace", "remove", "m"), "marketplace `m` is not configured or installed"),
        (("marketplace", "upgrade", "m"), "marketplace `m` is not configured as a Git marketplace"),
    ],
)
def test_what_cannot_be_done_is_said(cli: Cli, arguments: tuple[str, ...], reason: str) -> None:
    code, told, complaint = cli(*arguments)
    assert (code, told) == (1, "")
    assert complaint.startswith(f"Error: {reason}")
