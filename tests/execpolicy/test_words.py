"""Commands are shown in one quoting style, and read back as they were."""

import shlex

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codex_trio.execpolicy.words import join, split


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
