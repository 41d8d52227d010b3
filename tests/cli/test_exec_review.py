"""`codex-trio exec review`: what is reviewed, and what is refused before anything starts."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
from exec_lab import ExecLab

from codex_trio.cli.command_line import build_parser
from codex_trio.cli.exec_request import ExecRequest, make_request
from codex_trio.cli.exec_review import check_target
from codex_trio.cli.main import main
from codex_trio.cli.options import UsageError
from codex_trio.cli.piped_input import PipedInput
from codex_trio.testing.model_script import answer, function_call, message

FOUND: dict[str, Any] = {
    "findings": [],
    "overall_correctness": "patch is correct",
    "overall_explanation": "All is well.",
    "overall_confidence_score": 1.0,
}


def request_of(*arguments: str, stdin: PipedInput | None = None) -> ExecRequest:
    """Return what a command line asks for."""
    options = build_parser("exec").parse_args(["exec", "--skip-git-repo-check", *arguments])
    return make_request(options, stdin, lambda _: None)


@pytest.mark.parametrize(
    ("arguments", "target", "hint"),
    [
        (["review", "--uncommitted"], {"type": "uncommittedChanges"}, "current changes"),
        (["review", "--base", "main"], {"type": "baseBranch", "branch": "main"}, "changes against 'main'"),
        (
            ["review", "--commit", "0123456789", "--title", "Fix it"],
            {"type": "commit", "sha": "0123456789", "title": "Fix it"},
            "commit 0123456: Fix it",
        ),
        (["-m", "x", "review", "look", "--json"], {"type": "custom", "instructions": "look"}, "look"),
        (["review", "--", "--base"], {"type": "custom", "instructions": "--base"}, "--base"),
    ],
)
def test_each_target_can_be_named(arguments: list[str], target: dict[str, Any], hint: str) -> None:
    request = request_of(*arguments)
    assert request.review is not None
    assert (request.review.target, request.prompt, request.resume) == (target, hint, None)


def test_instructions_are_read_from_stdin(tmp_path: Path) -> None:
    (tmp_path / "words").write_text("Look at it.")
    with (tmp_path / "words").open("rb") as words:
        request = request_of("review", "-", stdin=PipedInput(words))
    assert request.review is not None
    assert request.review.target == {"type": "custom", "instructions": "Look at it."}


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["review"], "Specify --uncommitted, --base, --commit, or provide custom review instructions"),
        (["review", "--uncommitted", "words"], "'--uncommitted' cannot be used with '[PROMPT]'"),
        (["review", "--commit", "x", "words"], "'--commit' cannot be used with '[PROMPT]'"),
        (["review", "--base", " "], "--base must not be empty"),
        (["review", "--commit", ""], "--commit must not be empty"),
        (["review", "--base", "main", "--title", "x"], "--title"),
        (["review", "-i", "a.png", "--", "look"], "--image"),
        (["review", "--uncommitted", "--output-schema", "x.json"], "--output-schema"),
    ],
)
def test_what_does_not_go_together_is_refused(arguments: list[str], complaint: str) -> None:
    with pytest.raises(UsageError, match=complaint.replace("[", r"\[")):
        request_of(*arguments)


@pytest.mark.parametrize("words", [["review"], ["-c", "model=x", "review"], ["exec", "review"]])
def test_a_review_needs_no_word_before_it(
    words: list[str], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("CODEX_HOME", str(tmp_path))
    assert main([*words, "--commit", "x", "look"]) == 1
    assert "'--commit' cannot be used with '[PROMPT]'" in capsys.readouterr().err


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """Return a repository with one commit, on `trunk`, and `far` of a remote; its hooks and settings would be seen."""
    folder = tmp_path / "repository"
    env = {"PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": str(tmp_path)}
    who = ["-c", "user.name=a", "-c", "user.email=a@example.com", "-c", "init.defaultBranch=trunk"]
    for command in (
        ["init", "-q", str(folder)],
        ["-C", str(folder), "commit", "-q", "--allow-empty", "-m", "first"],
        ["-C", str(folder), "update-ref", "refs/remotes/origin/far", "HEAD"],
        ["-C", str(folder), "config", "core.fsmonitor", f"touch {tmp_path}/ran"],
    ):
        subprocess.run(["git", *who, *command], env=env, check=True, timeout=30)
    return folder


def problem_of(review: list[str], folder: Path) -> str | None:
    """Return why a review is refused before its turn."""
    request = request_of("review", *review)
    assert request.review is not None
    environ = {"PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": str(folder.parent), "GIT_DIR": "/nowhere"}
    try:
        check_target(request.review, folder, environ)
    except UsageError as error:
        return str(error)
    return None


def test_what_exists_is_reviewed(repository: Path) -> None:
    for there in (["--commit", "HEAD"], ["--base", "trunk"], ["--base", "far"], ["--uncommitted"], ["look"]):
        assert problem_of(there, repository) is None
    assert not (repository.parent / "ran").exists()


@pytest.mark.parametrize(
    ("option", "name", "shown"),
    [
        ("--commit", "zzz", "--commit <SHA>"),
        ("--commit", "HEAD^{tree}", "--commit <SHA>"),
        ("--commit", "f" * 40, "--commit <SHA>"),
        ("--commit", "@{upstream}", "--commit <SHA>"),
        ("--base", "nosuch", "--base <BRANCH>"),
    ],
)
def test_what_does_not_exist_costs_no_turn(repository: Path, option: str, name: str, shown: str) -> None:
    problem = problem_of([option, name], repository)
    assert problem is not None
    assert problem.startswith(f"invalid value '{name}' for '{shown}': ")


def test_there_is_no_commit_outside_of_a_repository(tmp_path: Path) -> None:
    assert "not a git repository" in (problem_of(["--commit", "HEAD"], tmp_path) or "")


async def test_a_review_of_nothing_ends_before_its_turn(lab: ExecLab) -> None:
    done = await lab.run("review", "--commit", "zzz")
    assert (done.code, done.stdout, lab.model.requests) == (1, "", [])
    assert done.stderr.startswith("Error: invalid value 'zzz' for '--commit <SHA>': ")


async def test_a_review_is_printed_and_its_tokens_are_counted(lab: ExecLab) -> None:
    looks = function_call("exec_command", {"cmd": "echo looked"}, call_id="c1")
    done = await lab.run(
        "--json",
        "review",
        "--uncommitted",
        model=[answer(looks, message("Let me look.", item_id="m0")), answer(message(json.dumps(FOUND)))],
    )
    assert (done.code, done.stderr) == (0, "")
    kinds = [(event["type"], event.get("item", {}).get("type")) for event in done.events]
    assert kinds == [
        ("thread.started", None),
        ("turn.started", None),
        ("item.started", "command_execution"),
        ("item.completed", "command_execution"),
        ("item.completed", "agent_message"),
        ("turn.completed", None),
    ]
    assert done.events[-2]["item"]["text"] == "All is well."
    assert done.events[-1]["usage"]["output_tokens"] == 40
    assert lab.model.requests[0].headers["x-openai-subagent"] == "review"


async def test_the_reviewer_may_do_what_the_command_line_allows(lab: ExecLab) -> None:
    writes = function_call("exec_command", {"cmd": "echo > made"}, call_id="c1")
    answers = [answer(writes), answer(message(json.dumps(FOUND)))]
    done = await lab.run("-s", "workspace-write", "review", "--uncommitted", model=answers)
    assert (done.code, done.stdout, (lab.work / "made").exists()) == (0, "All is well.\n", True)
    assert "current changes" in done.stderr


async def test_a_review_that_fails_says_why_and_nothing_else(lab: ExecLab) -> None:
    failed = await lab.run("-c", "model_providers.scripted.env_key='NO_SUCH_KEY'", "review", "--uncommitted")
    assert (failed.code, failed.stdout, lab.model.requests) == (1, "", [])
    after = failed.stderr.partition("\ncurrent changes\n")[2].splitlines()
    assert not [line for line in after if "Run it again" in line]
    assert after[-1].startswith("error: ")
    assert "NO_SUCH_KEY" in after[-1]
