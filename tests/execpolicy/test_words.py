"""Commands are shown in one quoting style, and read back as they were."""

import shlex
import subprocess

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codex_trio.execpolicy.words import join, shown, split
from codex_trio.util.visible import has_unseen


@pytest.mark.parametrize(
    ("argv", "line"),
    [
        (["ls", "-la", "a/b.c:d@e+f]"], "ls -la a/b.c:d@e+f]"),
        (["ls", "--color=auto", "1,5p", ""], "ls '--color=auto' '1,5p' ''"),
        (["echo", "it's"], 'echo "it\'s"'),
        (["echo", 'say "hi"'], "echo 'say \"hi\"'"),
        (["rg", "a\\b", "x^y", "^z"], "rg \"a\\\\b\" x'^y' '^z'"),
        (["echo", "a'b$c"], "echo \"a'b\"'$c'"),
        (["cat", "ü"], "cat 'ü'"),
        (["cat", "\0"], "<command included NUL byte>"),
    ],
)
def test_words_are_quoted_as_clients_know_it(argv, line):
    assert join(argv) == line


@given(st.lists(st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]))))
def test_a_shown_command_is_read_back_as_it_was(argv):
    line = join(argv)
    assert split(line) == argv
    assert shlex.split(line) == argv


UNSEEN = [
    "echo \x1b[2K\rrm",
    "\u202eevil\u2066 it's a \\ back",
    "zero\u200bwidth\U000e0041",
    "two\nlines\tand\x7f",
    "byte \udcff",
]


def test_what_people_are_shown_hides_nothing_and_is_what_runs():
    line = shown(["printf", r"%s\0", *UNSEEN, "plain", "it's"])
    assert not has_unseen(line)
    assert line.endswith(' plain "it\'s"')
    environment = {"LC_ALL": "C.UTF-8", "PATH": "/usr/bin:/bin"}
    said = subprocess.run(["bash", "-c", line], env=environment, capture_output=True, check=True, timeout=60).stdout
    assert said.decode(errors="surrogateescape").split("\0")[:-1] == [*UNSEEN, "plain", "it's"]


@pytest.mark.parametrize("argv", [["ls", "-la"], ["bash", "-lc", "echo 'a\nb'"], ["cat", "ü ⚠️"], ["cat", "\0\x1b"]])
def test_other_commands_are_shown_as_clients_know_them(argv):
    assert shown(argv) == join(argv)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('a \'b c\' "d \\" \\x" e\\ f # rest\ng', ["a", "b c", 'd " \\x', "e f", "g"]),
        ("ls \\\n -la", ["ls", "", "-la"]),
        ("'a", None),
        ('"a', None),
        ("a\\", None),
        ("", []),
    ],
)
def test_text_is_split_by_the_rules_of_a_shell(text, words):
    assert split(text) == words


@given(st.text())
def test_any_text_can_be_split_or_not(text):
    words = split(text)
    assert words is None or all(isinstance(word, str) for word in words)
