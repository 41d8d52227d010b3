"""`codex-trio execpolicy check`: what files of rules say of a command, in the form that 0.171.0 gives it."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from codex_trio.cli.command_line import run

Cli = Callable[..., tuple[int, str, str]]

A = """
prefix_rule(pattern=["git", "push"], decision="prompt", justification="ask me")
prefix_rule(pattern=["git"], decision="allow")
prefix_rule(pattern=[["ls", "ll"], ["-l", "-a"]])
host_executable(name="git", paths=["/usr/bin/git"])
network_rule(host="example.com", protocol="https", decision="deny")
"""
B = """
prefix_rule(pattern=["git", "push", "-f"], decision="forbidden")
host_executable(name="git", paths=["/opt/git"])
"""
LOOP = """
def rules():
    for word in ["status", "log"]:
        prefix_rule(pattern=["git", word])
rules()
"""


@pytest.fixture
def cli(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Cli:
    monkeypatch.chdir(tmp_path)
    for name, text in {
        "a": A,
        "b": B,
        "loop": LOOP,
        "empty": "",
        "bad": "prefix_rule(pattern=[])",
        "unmatched": 'prefix_rule(pattern=["a"], match=["b"])',
        "absolute": f'prefix_rule(pattern=["{tmp_path}/tool"])',
    }.items():
        (tmp_path / f"{name}.rules").write_text(text)
    (tmp_path / "bytes.rules").write_bytes(b"\xff\xfe")

    def made(*arguments: str) -> tuple[int, str, str]:
        try:
            code = run(["execpolicy", *arguments])
        except SystemExit as left:
            code = int(left.code or 0)
        told = capsys.readouterr()
        return code, told.out, told.err

    return made


PUSH = {"matchedPrefix": ["git", "push"], "decision": "prompt", "justification": "ask me"}
GIT = {"matchedPrefix": ["git"], "decision": "allow"}
FORCED = {"matchedPrefix": ["git", "push", "-f"], "decision": "forbidden"}
BY_NAME = ("-r", "a.rules", "--resolve-host-executables")


def at(path: str, *matches: dict[str, Any]) -> tuple[dict[str, Any], ...]:
    return tuple({**match, "resolvedProgram": path} for match in matches)


@pytest.mark.parametrize(
    ("arguments", "matches", "decision"),
    [
        (("-r", "a.rules", "git", "push"), (PUSH, GIT), "prompt"),
        (("--rules=a.rules", "git", "status"), (GIT,), "allow"),
        (("-r", "a.rules", "-r", "b.rules", "git", "push", "-f", "origin"), (PUSH, GIT, FORCED), "forbidden"),
        (("-r", "loop.rules", "git", "log"), ({"matchedPrefix": ["git", "log"], "decision": "allow"},), "allow"),
        (("-r", "a.rules", "nothing", "here"), (), None),
        (("-r", "empty.rules", "git"), (), None),
        # What stands behind the first word is the command's, options and `--` included.
        (("-r", "a.rules", "--", "git", "push"), (PUSH, GIT), "prompt"),
        (("-r", "a.rules", "git", "--", "push"), (GIT,), "allow"),
        (("-r", "a.rules", "git", "push", "--pretty", "-r", "x", "-c", "y"), (PUSH, GIT), "prompt"),
        (("-r", "a.rules", "--", "--rules", "git"), (), None),
        (("-r", "a.rules", ""), (), None),
        # Scripts are not looked into, and words not split.
        (("-r", "a.rules", "bash", "-lc", "git push"), (), None),
        (("-r", "a.rules", "git push"), (), None),
        # Programs by path, as far as the files let them; the last limit on a name counts.
        (("-r", "a.rules", "/usr/bin/git", "push"), (), None),
        ((*BY_NAME, "/usr/bin/git", "push"), at("/usr/bin/git", PUSH, GIT), "prompt"),
        ((*BY_NAME, "/bin/../usr/bin/git", "push"), at("/usr/bin/git", PUSH, GIT), "prompt"),
        ((*BY_NAME, "/opt/git", "push"), (), None),
        ((*BY_NAME, "-r", "b.rules", "/opt/git", "push"), at("/opt/git", PUSH, GIT), "prompt"),
        ((*BY_NAME, "./git", "push"), (), None),
        (("-r", "absolute.rules", "--resolve-host-executables", "./tool"), (), None),
    ],
)
def test_the_rules_that_apply_are_listed_with_the_strictest_decision(
    cli: Cli, arguments: tuple[str, ...], matches: tuple[dict[str, Any], ...], decision: str | None
) -> None:
    code, out, err = cli("check", *arguments)
    expected: dict[str, Any] = {"matchedRules": [{"prefixRuleMatch": match} for match in matches]}
    if decision is not None:
        expected["decision"] = decision
    assert (code, json.loads(out), err) == (0, expected, "")
    assert out.count("\n") == 1


def test_a_relative_path_begins_at_the_current_folder(cli: Cli, tmp_path: Path) -> None:
    _, out, _ = cli("check", *BY_NAME, "bin/ls", "-l")
    assert json.loads(out)["matchedRules"] == [
        {
            "prefixRuleMatch": {
                "matchedPrefix": ["ls", "-l"],
                "decision": "allow",
                "resolvedProgram": str(tmp_path / "bin/ls"),
            }
        }
    ]


def test_the_report_may_be_in_several_lines(cli: Cli) -> None:
    assert cli("check", "-r", "empty.rules", "--pretty", "git")[1] == '{\n  "matchedRules": []\n}\n'


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        (("check", "-r", "missing.rules", "git"), 1, "Error: failed to read policy at missing.rules\n\nCaused by:\n"),
        (("check", "-r", "missing.rules", "git"), 1, "\n    No such file or directory (os error 2)\n"),
        (("check", "-r", "a.rules", "-r", ".", "git"), 1, "failed to read policy at .\n"),
        (("check", "-r", "bytes.rules", "git"), 1, "failed to read policy at bytes.rules\n"),
        (("check", "-r", "a.rules", "-r", "bad.rules", "git"), 1, "failed to parse policy at bad.rules\n"),
        (("check", "-r", "bad.rules", "git"), 1, "    error: invalid pattern element: pattern cannot be empty\n"),
        (("check", "-r", "unmatched.rules", "a"), 1, "\n    expected every example to match at least one rule."),
        (("check", "git", "push"), 2, "the following arguments are required: -r/--rules\n"),
        (("check", "-r", "a.rules"), 2, "the following arguments are required: COMMAND\n"),
        (("check", "-r", "a.rules", "--"), 2, "the following arguments are required: COMMAND\n"),
        (("check", "-r"), 2, "-r/--rules: expected one argument\n"),
        (("check", "-r", "", "git"), 2, "invalid value '' for '--rules <PATH>': it names no file\n"),
        # 0.171.0 takes what it does not know for the command, and says that no rule applies.
        (("check", "-r", "a.rules", "--prety", "git"), 2, "a similar argument exists: '--pretty'"),
        (("chek",), 2, "chek"),
        ((), 2, "COMMAND"),
    ],
)
def test_what_cannot_be_checked_is_said(cli: Cli, arguments: tuple[str, ...], code: int, told: str) -> None:
    ended, out, err = cli(*arguments)
    assert (ended, out) == (code, "")
    assert told in err
