"""What `codex-trio doctor` finds, and how it says so."""

import json
from pathlib import Path

import pytest

from codex_trio.cli.main import main


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a CODEX_HOME whose provider asks for no credentials."""
    home = tmp_path / "codex"
    home.mkdir()
    (home / "config.toml").write_text(
        'model_provider = "mine"\n[model_providers.mine]\nname = "Mine"\nbase_url = "http://127.0.0.1:9/v1"\n'
    )
    for name, value in {"HOME": tmp_path, "CODEX_HOME": home, "TMPDIR": tmp_path, "PATH": "/usr/bin:/bin"}.items():
        monkeypatch.setenv(name, str(value))
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    monkeypatch.chdir(tmp_path)
    return home


def checks(capsys: pytest.CaptureFixture[str]) -> dict[str, tuple[str, str]]:
    """Return what was printed, by name: state and summary."""
    found = json.loads(capsys.readouterr().out)["checks"]
    return {check["name"]: (check["state"], check["summary"]) for check in found}


@pytest.mark.usefixtures("home")
def test_every_part_is_looked_at(capsys: pytest.CaptureFixture[str]) -> None:
    main(["doctor", "--json"])
    found = checks(capsys)
    assert {name for name, (state, _) in found.items() if state == "ok"} >= {"installation", "model", "account"}
    assert found["model"][1].endswith(" of mine")
    assert found["sandbox"][1]


def test_credentials_that_are_missing_are_a_failure_with_the_way_out(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (home / "config.toml").unlink()
    assert main(["doctor"]) == 1
    printed = capsys.readouterr().out
    assert "failed   account" in printed
    assert "OPENAI_API_KEY" in printed


def test_a_configuration_that_cannot_be_used_is_named_with_its_place(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (home / "config.toml").write_text("model = 3")
    assert main(["doctor", "--json"]) == 1
    state, summary = checks(capsys)["configuration"]
    assert state == "failed"
    assert "config.toml:1:9" in summary


def test_what_the_server_warns_of_is_among_it(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with (home / "config.toml").open("a") as file:
        file.write("[no_such_table]\nkey = 1\n")
        # Looking starts nothing of the user's.
        file.write(f'[mcp_servers.mine]\nrequired = true\ncommand = "touch"\nargs = ["{home}/started"]\n')
    main(["doctor"])
    assert not (home / "started").exists()
    printed = capsys.readouterr().out
    assert "warning  configuration" in printed
    assert printed.count("no_such_table") == 1


def test_what_no_turn_could_run_with_is_a_failure(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (home / "rules").mkdir()
    (home / "rules" / "a.rules").write_text("nonsense(")
    assert main(["doctor", "--json"]) == 1
    state, summary = checks(capsys)["configuration"]
    assert state == "failed"
    assert "a.rules:1" in summary


def test_a_providers_key_that_is_missing_is_a_failure(
    home: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with (home / "config.toml").open("a") as file:
        file.write('env_key = "MY_KEY"\n')
    assert main(["doctor", "--json"]) == 1
    assert checks(capsys)["account"] == ("failed", "MY_KEY is not set")
    monkeypatch.setenv("MY_KEY", "secret")
    main(["doctor", "--json"])
    assert checks(capsys)["account"] == ("ok", "the key in MY_KEY")


def test_what_keeps_hooks_and_skills_from_use_is_told_with_the_way_out(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    skill = home / "skills/broken/SKILL.md"
    skill.parent.mkdir(parents=True)
    skill.write_text("no front matter")
    file = home / "hooks.json"
    hook = {"type": "command", "command": "true"}
    file.write_text(json.dumps({"hooks": {"Stop": [{"hooks": [hook]}], "Stopp": [{"hooks": [hook]}]}}))
    assert main(["doctor", "--json"]) == 0
    found = {check["name"]: check for check in json.loads(capsys.readouterr().out)["checks"]}
    assert [found[name]["state"] for name in ("hooks", "skills")] == ["warning", "warning"]
    assert found["skills"]["details"][0].startswith(f"{skill}: ")
    misspelt, waiting = found["hooks"]["details"]
    assert misspelt.startswith(f"ignoring `hooks.Stopp` in {file}")
    assert waiting.startswith(f"stop of {file} waits for trust")

    table, trusted = waiting.split("in config.toml: ")[1].split(" with ")
    with (home / "config.toml").open("a") as config:
        config.write(f"{table}\n{trusted}\n")
    file.write_text(json.dumps({"hooks": {"Stop": [{"hooks": [hook]}]}}))
    skill.unlink()
    assert main(["doctor", "--json"]) == 0
    said = checks(capsys)
    assert said["hooks"] == ("ok", "1 of 1 run")
    assert said["skills"][0] == "ok"
