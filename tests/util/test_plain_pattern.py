"""Patterns of others: the same matches as those of `re`, in time that no pattern can make long."""

from __future__ import annotations

import random
import re

import pytest

from codex_trio.util.plain_pattern import PatternRefused, occurs, pattern_problem

ITEMS = ("a", "b", ".", "[ab]", "[^a]", r"\w", r"\x61", "^", "$", r"\b", "", "(?:", "(")
COUNTS = ("", "", "", "*", "+", "?", "{2}", "{1,3}", "{,2}", "{2,}", "*?", "{")
TEXTS = ("", "a", "b", "ab", "aab", "ba-ab", "A", "abab\n", "a{", "bbbbaaaab")


def made_up(chance: random.Random, depth: int = 0) -> str:
    pattern = ""
    for _ in range(chance.randint(1, 4)):
        item = chance.choice(ITEMS)
        if item.startswith("("):
            item = f"{item}{made_up(chance, depth + 1)})" if depth < 3 else "a"
        count = chance.choice(COUNTS)
        pattern += f"{item}{count}" if item not in ("", "^", "$", r"\b") else f"{item}{chance.choice(('', '', '|'))}"
    return pattern


def test_what_matches_is_what_re_finds() -> None:
    chance = random.Random(16)
    patterns = [made_up(chance) for _ in range(600)] + ["(?i)A|x", "(?i:A)b", "A|(?s:.)$", "(?#no)a", "(?P<n>a)b"]
    compared = 0
    for pattern in patterns:
        if pattern_problem(pattern) is None:
            compared += 1
            for text in TEXTS:
                assert occurs(pattern, text) is (re.search(pattern, text) is not None), (pattern, text)
    assert compared > 500


@pytest.mark.parametrize(
    "pattern",
    [
        "(a+)+$",
        "^(a|a)*$",
        "(a*)*b",
        "(.*)*x",
        "((a+)+)+$",
        "a?" * 40 + "a" * 40 + "$",
        "(a{1,90}){1,90}$",
        "(a|b|ab)*c",
    ],
)
def test_no_pattern_takes_long(pattern: str) -> None:
    assert pattern_problem(pattern) is None
    # For some of them `re` takes longer than anybody lives.
    assert not occurs(pattern, "a" * 120 + "!")


@pytest.mark.parametrize(
    ("pattern", "problem"),
    [
        ("(?=a)", "looking around"),
        ("(?<!a)b", "looking around"),
        (r"(a)\1", "back references"),
        ("(?P<n>a)(?P=n)", "back references"),
        ("(?x) a", "the flag x"),
        ("(((a+)+)+)+", "repetitions within repetitions"),
        ("(a{100}){1000}", "repetitions within repetitions"),
        ("(" * 60 + "a" + ")" * 60, "more than 50 groups"),
        ("(", "unterminated"),
        ("a" * 1025, "longer than 1024"),
    ],
)
def test_patterns_that_are_refused(pattern: str, problem: str) -> None:
    assert problem in (pattern_problem(pattern) or "")
    with pytest.raises(PatternRefused, match=problem):
        occurs(pattern, "a")
