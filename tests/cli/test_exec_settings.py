"""What the options of `codex-trio exec` change about the turn."""

import socket
import struct
import zlib
from pathlib import Path

import pytest
from exec_lab import ExecLab

from codex_trio.testing.model_script import answer, function_call, message

OK = message("ok")


def png() -> bytes:
    """Return one black pixel."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"\0\0")) + chunk(b"IEND", b"")


async def test_a_turn_may_only_read_and_nobody_is_asked_whatever_the_configuration_says(lab: ExecLab) -> None:
    lab.configure('approval_policy = "on-request"')
    arguments = {"cmd": "touch made", "sandbox_permissions": "require_escalated", "justification": "why not"}
    writing = answer(function_call("exec_command", arguments, call_id="c1"))
    done = await lab.run("do it", "-c", 'approval_policy="on-request"', model=[writing, answer(OK)])
    assert done.code == 0
    assert "sandbox: read-only\n" in done.stderr
    assert "approval policy is Never" in str(lab.model.requests[1].output_of("c1"))
    assert not (lab.work / "made").exists()


async def test_a_writable_folder_can_be_added_without_the_project_becoming_a_trusted_one(lab: ExecLab) -> None:
    lab.configure('sandbox_workspace_write = {writable_roots = ["/opt"], network_access = true}')
    (lab.work.parent / "extra").mkdir()
    before = (lab.codex_home / "config.toml").read_text()
    done = await lab.run("do it", "-s", "workspace-write", "--add-dir", "../extra", model=answer(OK))
    assert done.code == 0
    folders = f"workdir, /tmp, $TMPDIR, {lab.work.parent}/extra, /opt"
    assert f"sandbox: workspace-write [{folders}] (network access enabled)\n" in done.stderr
    assert any(f"{lab.work.parent}/extra" in text for text in lab.model.requests[0].texts("developer"))
    assert (lab.codex_home / "config.toml").read_text() == before


@pytest.mark.parametrize("rules", ['prefix_rule(pattern=["touch"], decision="forbidden")', "broken(("])
async def test_rules_can_be_ignored_for_one_run(lab: ExecLab, rules: str) -> None:
    lab.configure()
    (lab.codex_home / "rules").mkdir()
    (lab.codex_home / "rules" / "default.rules").write_text(rules)
    command = ("do it", "-s", "workspace-write")
    calls = [answer(function_call("exec_command", {"cmd": "touch made"}, call_id="c1")), answer(OK)]
    await lab.run(*command, model=calls)
    assert not (lab.work / "made").exists()
    assert (await lab.run(*command, "--ignore-rules", model=calls)).code == 0
    assert (lab.work / "made").exists()


@pytest.mark.parametrize("config", ['model = "of-the-user"', "broken = = "])
async def test_the_users_settings_can_be_ignored_for_one_run(lab: ExecLab, config: str) -> None:
    (lab.codex_home / "config.toml").write_text(config)
    (lab.codex_home / "rules").mkdir()
    (lab.codex_home / "rules" / "default.rules").write_text('prefix_rule(pattern=["touch"], decision="forbidden")')
    made = (
        "-c",
        f'model_providers.mock={{name="Mock", base_url="{lab.model.base_url}"}}',
        "-c",
        'model_provider="mock"',
    )
    calls = [answer(function_call("exec_command", {"cmd": "touch made"}, call_id="c1")), answer(OK)]
    done = await lab.run("do it", "-s", "workspace-write", "--ignore-user-config", *made, model=calls)
    assert done.code == 0, done.stderr
    assert lab.model.requests[-1].body["model"] != "of-the-user"
    assert not (lab.work / "made").exists()
    named = await lab.run("do it", "--ignore-user-config", *made, "-m", "named", model=answer(OK))
    assert (named.code, lab.model.requests[-1].body["model"]) == (0, "named")


async def test_model_folder_images_and_schema_reach_the_model(lab: ExecLab) -> None:
    schema = {"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"]}
    (lab.work / "schema.json").write_text(
        '{"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"]}'
    )
    (lab.work / "dot.png").write_bytes(png())
    (lab.work / "inner").mkdir()
    done = await lab.run(
        *("--json", "look", "-m", "gpt-5.4", "-C", "inner", "-i", "dot.png", "--output-schema", "schema.json"),
        model=answer(message('{"a":"b"}')),
    )
    assert done.code == 0, done.stderr
    [request] = lab.model.requests
    assert request.body["model"] == "gpt-5.4"
    assert request.body["text"]["format"]["schema"] == schema
    assert request.contains(f"<cwd>{lab.work}/inner</cwd>")
    parts = request.input[-1]["content"]
    assert [part["type"] for part in parts if part["type"] == "input_image"] == ["input_image"]
    assert parts[-1] == {"type": "input_text", "text": "look"}


async def test_a_local_provider_brings_its_own_model(lab: ExecLab) -> None:
    lab.configure('oss_provider = "ollama"')
    done = await lab.run("do it", "--oss", model=answer(OK), env={"CODEX_OSS_BASE_URL": lab.model.base_url})
    assert done.code == 0, done.stderr
    assert "provider: ollama\n" in done.stderr
    assert lab.model.requests[0].body["model"] == "gpt-oss:20b"


@pytest.mark.parametrize(("provider", "start"), [("ollama", "ollama serve"), ("lmstudio", "lms server start")])
async def test_a_local_provider_that_does_not_run_is_one_sentence(lab: ExecLab, provider: str, start: str) -> None:
    with socket.socket() as nobody:
        # Bound but not listening: connections are refused.
        nobody.bind(("127.0.0.1", 0))
        address = f"http://localhost:{nobody.getsockname()[1]}/v1"
        done = await lab.run("do it", "--oss", "--local-provider", provider, env={"CODEX_OSS_BASE_URL": address})
    assert (done.code, done.stdout) == (1, "")
    [_reading, line] = done.stderr.splitlines()
    assert line.startswith("Error: ")
    assert f"does not run at {address}: " in line
    assert start in line


async def test_an_ephemeral_thread_leaves_no_file_and_others_say_where_they_come_from(lab: ExecLab) -> None:
    await lab.run("do it", "--ephemeral", model=answer(OK))
    assert list(lab.codex_home.glob("sessions/**/*.jsonl")) == []
    await lab.run("do it", model=answer(OK))
    [rollout] = lab.codex_home.glob("sessions/**/*.jsonl")
    assert '"source":"exec"' in rollout.read_text().splitlines()[0].replace(" ", "")


async def test_outside_of_a_repository_the_check_has_to_be_skipped(lab: ExecLab) -> None:
    (lab.work / ".git" / "HEAD").unlink()
    done = await lab.run("do it", "--json")
    assert (done.code, done.stdout) == (1, "")
    assert done.stderr == "Not inside a trusted directory and --skip-git-repo-check was not specified.\n"
    assert (await lab.run("do it", "--skip-git-repo-check", model=answer(OK))).code == 0


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["--cd", "nowhere"], "nowhere: No such file or directory"),
        (["--output-schema", "nowhere"], "Failed to read output schema file nowhere: No such file or directory"),
        (["--output-schema", "torn.json"], "Output schema file torn.json is not valid JSON"),
        (
            ["--output-schema", "/dev/zero"],
            "Failed to read output schema file /dev/zero: is larger than 16777216 bytes",
        ),
        (["-o", "nowhere/last.txt"], 'Failed to open last message file "nowhere/last.txt": No such file or directory'),
        (["resume"], "`resume` needs the id or name of a thread, or --last"),
        (["-c", "model"], "missing '='"),
    ],
)
def test_what_cannot_work_is_refused_before_anything_starts(
    arguments: list[str],
    complaint: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    from codex_trio.cli.main import main

    (tmp_path / ".git").mkdir()
    (tmp_path / ".git" / "HEAD").write_text("ref: refs/heads/main\n")
    (tmp_path / "torn.json").write_text("{x")
    monkeypatch.setenv("CODEX_HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    prompt = [] if arguments[0] == "resume" else ["do it"]
    assert main(["exec", *prompt, *arguments]) == 1
    assert complaint in capsys.readouterr().err


async def test_a_configuration_that_does_not_load_ends_the_run_with_its_problem(lab: ExecLab) -> None:
    done = await lab.run("do it", "--json", "-c", 'model_provider="nobody"')
    assert (done.code, done.stdout) == (1, "")
    assert "Error: " in done.stderr
    assert "Model provider `nobody` not found" in done.stderr
    assert "Traceback" not in done.stderr


async def test_no_turn_runs_without_the_rules_of_a_broken_file(lab: ExecLab) -> None:
    rules = lab.codex_home / "rules" / "default.rules"
    rules.parent.mkdir()
    rules.write_text('prefix_rule(pattern=["touch"], decision="forbidden"\n')
    done = await lab.run("do it", model=answer(OK))
    assert done.code == 1
    assert f"{rules}:1:52" in done.stderr
    assert lab.model.requests == []


async def test_a_profile_beats_the_users_file_and_options_beat_the_profile(lab: ExecLab) -> None:
    (lab.codex_home / "work.config.toml").write_text('model = "gpt-5.6-sol"\nmodel_reasoning_effort = "high"\n')
    done = await lab.run("say ok", "-p", "work", "-c", 'model_reasoning_effort="low"', model=answer(OK))
    assert done.code == 0
    assert "model: gpt-5.6-sol\n" in done.stderr
    assert "reasoning effort: low\n" in done.stderr


async def test_trust_is_saved_before_the_thread_starts(lab: ExecLab) -> None:
    (lab.work / ".codex").mkdir()
    (lab.work / ".codex" / "config.toml").write_text('model = "gpt-5.6-sol"\n')
    lab.configure("speling = true")
    done = await lab.run("say ok", "--trust", "--ephemeral", model=answer(OK))
    assert done.code == 0
    assert "model: gpt-5.6-sol\n" in done.stderr
    # What was said before the project was trusted no more holds; the rest is said once.
    assert "until the project is trusted" not in done.stderr
    assert done.stderr.count("`speling` is ignored") == 1
    assert "sandbox: workspace-write [workdir, /tmp, $TMPDIR]\n" in done.stderr
    assert f'[projects."{lab.work}"]\ntrust_level = "trusted"\n' in (lab.codex_home / "config.toml").read_text()


async def test_trust_does_not_override_what_the_user_said_before(lab: ExecLab) -> None:
    lab.configure(f'projects = {{ "{lab.work}" = {{ trust_level = "untrusted" }} }}')
    done = await lab.run("say ok", "--trust")
    assert (done.code, lab.model.requests) == (1, [])
    assert f"Error: {lab.work} is marked as untrusted. Update its trust setting first.\n" in done.stderr


async def test_a_plain_folder_is_nothing_to_trust_and_that_is_said(lab: ExecLab) -> None:
    (lab.work / ".git" / "HEAD").unlink()
    before = (lab.codex_home / "config.toml").read_text()
    done = await lab.run("say ok", "--trust", "--skip-git-repo-check", model=answer(OK))
    assert done.code == 0
    assert f"--trust changes nothing: {lab.work} is no repository and has no .codex folder." in done.stderr
    assert (lab.codex_home / "config.toml").read_text() == before
