"""Unified diffs say exactly what changed, shortly."""

import re
import time

from hypothesis import given, settings
from hypothesis import strategies as st

from codex_trio.tools.apply_patch.text_diff import line_changes, unified

HEADER = re.compile(r"@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@")


def lines(text: str) -> list[str]:
    return [line for line in re.split(r"(?<=\n)", text) if line]


def patched(old: str, diff: str) -> str:
    """`old` with a diff applied strictly: every hunk at its place, with its counts and its context."""
    before, after, at = lines(old), [], 0
    body = lines(diff.replace("\n\\ No newline at end of file", ""))
    while body:
        match = HEADER.match(body.pop(0))
        assert match is not None
        old_start, old_count, new_start, new_count = (int(group) if group else 1 for group in match.groups())
        start = old_start - 1 if old_count else old_start
        after += before[at:start]
        assert len(after) == (new_start - 1 if new_count else new_start)
        at = start
        target = len(after) + new_count
        while body and not body[0].startswith("@@"):
            sign, text = body[0][0], body.pop(0)[1:]
            if sign in " -":
                assert before[at].rstrip("\n") == text.rstrip("\n")
                at += 1
            if sign in " +":
                after.append(text)
        assert (at, len(after)) == (start + old_count, target)
    return "".join(after + before[at:])


TEXT = st.lists(st.sampled_from(["a", "b", "c", ""]), max_size=25).map(lambda rows: "".join(f"{row}\n" for row in rows))


@given(old=TEXT, new=TEXT, context=st.sampled_from([1, 3]))
@settings(max_examples=300, deadline=None)
def test_a_diff_turns_the_old_text_into_the_new_one(old, new, context):
    diff = unified(old, new, context=context)
    assert patched(old, diff) == new
    assert (diff == "") == (old == new)


@given(old=TEXT, new=TEXT)
@settings(max_examples=150, deadline=None)
def test_no_shorter_diff_exists(old, new):
    a, b = lines(old), lines(new)
    changed = sum(i1 - i0 + j1 - j0 for i0, i1, j0, j1 in line_changes(a, b))
    assert changed == len(a) + len(b) - 2 * _common(a, b)


def _common(a: list[str], b: list[str]) -> int:
    """Length of the longest common subsequence."""
    row = [0] * (len(b) + 1)
    for x in a:
        previous = row
        row = [0]
        for index, y in enumerate(b):
            row.append(previous[index] + 1 if x == y else max(row[index], previous[index + 1]))
    return row[-1]


REPEATED = st.lists(st.sampled_from(["a\n", "b\n", "\n"]), max_size=4).map(lambda rows: "".join(rows * 40))


@given(before=REPEATED, old=TEXT, new=TEXT, after=REPEATED, context=st.sampled_from([1, 3]))
@settings(max_examples=100, deadline=None)
def test_what_is_common_around_a_difference_changes_nothing_but_line_numbers(before, old, new, after, context):
    """However much of it there is, and however far an addition slides in it."""
    a, b = before + old + after, before + new + after
    expected = line_changes(lines(a), lines(b))
    shown = [match.groups() for match in HEADER.finditer(unified(a, b, context=0))]
    assert [(int(start) - (count != "0"), int(count or 1)) for start, count, _, _ in shown] == [
        (i0, i1 - i0) for i0, i1, _, _ in expected
    ]
    assert patched(a, unified(a, b, context=context)) == b


def test_added_code_is_shown_where_it_ends_a_block_not_where_it_starts_one():
    old = "def a():\n    x\n\ndef c():\n    x\n"
    new = "def a():\n    x\n\ndef b():\n    x\n\ndef c():\n    x\n"
    assert unified(old, new, context=1) == "@@ -3,2 +3,5 @@\n \n+def b():\n+    x\n+\n def c():\n"


def test_new_empty_and_unfinished_files_have_their_usual_headers():
    assert unified("", "a\n", context=3) == "@@ -0,0 +1 @@\n+a\n"
    assert unified("a\n", "", context=3) == "@@ -1 +0,0 @@\n-a\n"
    no_newline = "\\ No newline at end of file\n"
    assert unified("a", "b", context=3) == f"@@ -1 +1 @@\n-a\n{no_newline}+b\n{no_newline}"
    assert unified("a\r\nb\r\n", "a\r\nc\r\n", context=3) == "@@ -1,2 +1,2 @@\n a\r\n-b\r\n+c\r\n"


def test_an_addition_slides_to_the_end_of_a_long_file_of_equal_lines():
    old = "a\n" * 5_000
    assert unified(old, old + "a\n" * 2, context=1) == "@@ -5000 +5000,3 @@\n a\n+a\n+a\n"


def test_a_rewritten_large_file_does_not_take_for_ever():
    old = "".join(f"old {number}\n" for number in range(5_000))
    new = "".join(f"new {number}\n" for number in range(5_000))
    started = time.monotonic()
    diff = unified(old, new, context=3)
    assert time.monotonic() - started < 10
    assert diff.startswith("@@ -1,5000 +1,5000 @@\n-old 0\n")
