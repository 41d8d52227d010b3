"""Scripts of plain commands are taken apart; everything else is judged as a whole, and nothing raises."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from codex_trio.execpolicy.actions import command_actions
from codex_trio.execpolicy.bash import Bash
from codex_trio.execpolicy.danger import is_dangerous
from codex_trio.execpolicy.programs import NoWork, Programs
from codex_trio.execpolicy.safe import is_known_safe
from codex_trio.tools.apply_patch.shell import detect_shell_patch
from codex_trio.tools.calls import ToolFailure

DATA = Path(__file__).parent.parent / "data" / "command_cases.jsonl"
CASES = [json.loads(line) for line in DATA.read_text().splitlines()]
BASH = Bash()


def segments(script: str) -> list[list[str]] | None:
    return BASH.segments(["/bin/bash", "-c", script])


def test_the_recorded_scripts_are_taken_apart_as_recorded():
    found = {case["cmd"]: (segments(case["cmd"]) or [None])[0] for case in CASES}
    assert found == {case["cmd"]: case["first"] for case in CASES}


@pytest.mark.parametrize(
    ("script", "parts"),
    [
        ("ls && cat a || wc; id | head\npwd", [["ls"], ["cat", "a"], ["wc"], ["id"], ["head"], ["pwd"]]),
        ("echo \"a b\"c'd' '' \"\"", [["echo", "a bcd", "", ""]]),
        ("ls \\\n -la &&\\\npwd", [["ls", "-la"], ["pwd"]]),
        ('echo "a\\b" \'$x\' --x="y z"', [["echo", "a\\b", "$x", "--x=y z"]]),
        ('echo "a\nb"', [["echo", "a\nb"]]),
    ],
)
def test_plain_words_joined_by_operators_are_a_list_of_commands(script, parts):
    assert segments(script) == parts


@pytest.mark.parametrize(
    "script",
    [
        *[
            "",
            " ",
            "#c",
            "ls # c",
            "ls &",
            "ls > f",
            "(ls)",
            "{ ls; }",
            "! ls",
            "A=1 ls",
            "ls &&",
            "ls;;",
            "'ls",
            "[ a ]",
        ],
        *[
            "ls $A",
            "ls $(a)",
            "ls `a`",
            'ls "\\$a"',
            'ls "$"',
            "ls $'a'",
            "ls a*",
            "ls ?",
            "ls ~",
            "ls [a]",
            "ls {a,b}",
        ],
        *["ls a\\ b", "ls a#b", "ls a^b", "ls =a", "'ls' -la", "ls |& wc", "export A=b", "if ls; then ls; fi"],
        "cat <<EOF\nEOF",
    ],
)
def test_anything_that_may_expand_or_nest_is_not_taken_apart(script):
    assert segments(script) is None


@pytest.mark.parametrize("script", ["echo a\\\nb", "ls\r", "ls a\x0bb", "ls a\x0cb"])
def test_a_script_that_bash_would_cut_differently_is_not_taken_apart(script):
    assert segments(script) is None


@pytest.mark.parametrize("argv", [["ls"], ["bash", "x.sh"], ["bash", "-c", "ls", "x"], ["dash", "-c", "ls"], []])
def test_only_a_shell_with_one_script_is_opened(argv):
    assert BASH.segments(argv) is None


WORDS = st.sampled_from(
    ["ls", "rm", "-f", "'", '"', "$(", ")", "`", "<<EOF", "\n", "EOF", "|", "&&", ";", "#", "\\", "{"]
)


@given(st.one_of(st.text(), st.lists(st.one_of(WORDS, st.text(max_size=3)), max_size=12).map(" ".join)))
@settings(max_examples=200, deadline=None)
def test_no_text_makes_the_judges_raise(text):
    for argv in (["bash", "-c", text], [text], [text, "-c", text]):
        is_dangerous(argv, BASH)
        is_known_safe(argv, BASH, Programs("/usr/bin:/bin", "/", NoWork()))
        assert command_actions(argv, BASH) is not None
        try:
            detect_shell_patch(argv, BASH)
        except ToolFailure as failure:
            refused = str(failure)
            assert refused


@pytest.mark.parametrize("text", ["\ud800", "\0", "(" * 3000, "$(" * 500, "'" * 1001, "\U0001f600" * 10])
def test_odd_and_deep_texts_do_not_raise_either(text):
    argv = ["bash", "-c", f"ls {text}"]
    assert BASH.segments(argv) is None or text.isprintable()
    assert not is_dangerous(argv, BASH)


def test_parsers_are_loaded_only_when_there_is_something_to_parse(tmp_path):
    code = (
        "import sys\n"
        "from codex_trio.execpolicy.bash import Bash\n"
        "from codex_trio.execpolicy.decision import CommandPolicy\n"
        "import trio\n"
        "trio.run(lambda: CommandPolicy.load(['/nonexistent'], bash=Bash(), amendments='/nonexistent/x'))\n"
        "print(sorted({'tree_sitter', 'starlark'} & set(sys.modules)))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
        env={"HOME": str(tmp_path), "TMPDIR": str(tmp_path), "PATH": "/usr/bin:/bin"},
    )
    assert done.stdout == "[]\n"
