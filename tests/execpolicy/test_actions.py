"""What a command does is told to people in four kinds of actions."""

import json
from pathlib import Path

import msgspec
import pytest

from codex_trio.domain.items import ListFilesCommand, ParsedCommand, ReadCommand, SearchCommand, UnknownCommand
from codex_trio.execpolicy.actions import command_actions
from codex_trio.execpolicy.bash import Bash

DATA = Path(__file__).parent.parent / "data" / "command_cases.jsonl"
CASES = [json.loads(line) for line in DATA.read_text().splitlines()]
BASH = Bash()


def actions(script: str) -> list[ParsedCommand]:
    return command_actions(["/bin/bash", "-lc", script], BASH)


def wire(action: ParsedCommand) -> list[str | None]:
    """Return the action as clients get it: kind, command, then name and path, or query and path."""
    match action:
        case ReadCommand(cmd=cmd, name=name, path=path):
            absolute = str(Path("/CWD", path))
            return ["read", cmd, name, absolute]
        case ListFilesCommand(cmd=cmd, path=path):
            return ["listFiles", cmd, path]
        case SearchCommand(cmd=cmd, query=query, path=path):
            return ["search", cmd, query, path]
        case UnknownCommand(cmd=cmd):
            return ["unknown", cmd]


def normal(path: str) -> str:
    parts: list[str] = []
    for part in path.replace("$CWD", "/CWD").split("/"):
        if part == "..":
            parts.pop()
        else:
            parts.append(part)
    return "/".join(parts)


def test_the_recorded_commands_have_their_recorded_actions():
    def comparable(rows: list[list[str | None]]) -> list[list[str | None]]:
        return [[*row[:3], normal(row[3] or "")] if row[0] == "read" else row for row in rows]

    found = {case["cmd"]: comparable([wire(action) for action in actions(case["cmd"])]) for case in CASES}
    assert found == {case["cmd"]: comparable(case["actions"]) for case in CASES}


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        ("rg -- -x src", [SearchCommand(cmd="rg -- -x src", query="-x", path="src")]),
        ("rg -e a -e b src", [SearchCommand(cmd="rg -e a -e b src", query="a", path="src")]),
        ("rg '|' src", [SearchCommand(cmd="rg '|' src", query="|", path="src")]),
        ("ls; ls", [ListFilesCommand(cmd="ls", path=None)]),
        ("cat a && sed -i s/a/b/ c", [UnknownCommand(cmd="cat a && sed -i s/a/b/ c")]),
        ("cat a | xargs sed -i x", [UnknownCommand(cmd="cat a | xargs sed -i x")]),
        ("cat a | xargs -n 1 cat", [ReadCommand(cmd="cat a", name="a", path="a")]),
        ("cat a | nl -ba | head -5", [ReadCommand(cmd="cat a", name="a", path="a")]),
        ("cd /x/ && cat y", [ReadCommand(cmd="cat y", name="y", path="/x/y")]),
        ("cd a && cd b && cat c /d", [UnknownCommand(cmd="cd a && cd b && cat c /d")]),
        (
            "cd a; cat b; cd c; cat d",
            [
                ReadCommand(cmd="cat b", name="b", path="a/b"),
                ReadCommand(cmd="cat d", name="d", path="a/c/d"),
            ],
        ),
        ("", [UnknownCommand(cmd="")]),
    ],
)
def test_less_usual_commands_are_told_right_too(script, expected):
    assert actions(script) == expected


def test_a_command_without_a_shell_is_told_as_well():
    assert command_actions(["cat", "a b"], BASH) == [ReadCommand(cmd="cat 'a b'", name="a b", path="a b")]
    assert command_actions(["make"], BASH) == [UnknownCommand(cmd="make")]
    assert command_actions([], BASH) == [UnknownCommand(cmd="")]


def test_actions_can_be_stored():
    stored = msgspec.json.encode(actions("cat a; ls; rg x"))
    assert msgspec.json.decode(stored, type=list[ParsedCommand]) == actions("cat a; ls; rg x")
