"""What reviews are asked for with, and what reviewers answer.

Owns the words for each target, the reviewer's instructions, and reading its answer. Pure. Does not own the text that an
answer becomes (domain/review_text.py) or the review (engine/tasks/review.py).
"""

from __future__ import annotations

from typing import Any, TypeAlias

import msgspec

from codex_trio.util import decoding

SHOWN_SHA = 7


class Uncommitted(msgspec.Struct, frozen=True, tag_field="type", tag="uncommittedChanges"):
    """What is not committed yet."""

    @property
    def hint(self) -> str:
        return "current changes"

    @property
    def prompt(self) -> str:
        return "Review the changes that are not committed yet: staged, unstaged and untracked."


class Branch(msgspec.Struct, frozen=True, tag_field="type", tag="baseBranch"):
    """What differs from a branch."""

    branch: str

    @property
    def hint(self) -> str:
        return f"changes against '{self.branch}'"

    @property
    def prompt(self) -> str:
        return (
            f"Review what merging the current branch into '{self.branch}' would change. Find the commit that both have "
            f"in common with `git merge-base HEAD {self.branch}`, or with the upstream of '{self.branch}' if that is "
            "ahead, and look at `git diff` against it."
        )


class Commit(msgspec.Struct, frozen=True, omit_defaults=True, tag_field="type", tag="commit"):
    """What one commit changed; the title is for people."""

    sha: str
    title: str | None = None

    @property
    def hint(self) -> str:
        return f"commit {self.sha[:SHOWN_SHA]}" + (f": {self.title}" if self.title else "")

    @property
    def prompt(self) -> str:
        title = f' ("{self.title}")' if self.title else ""
        return f"Review what commit {self.sha}{title} changed."


class Custom(msgspec.Struct, frozen=True, tag_field="type", tag="custom"):
    """Whatever the instructions say."""

    instructions: str

    @property
    def hint(self) -> str:
        return self.instructions

    @property
    def prompt(self) -> str:
        return self.instructions


Target: TypeAlias = Uncommitted | Branch | Commit | Custom

INSTRUCTIONS = """\
You review changes to code that somebody else has made. You are told which; find out what they are with `git` and by \
reading files, and look at as much of the code around them as it takes to be sure. Change nothing: no file, no commit, \
no branch.

# What to report

- Faults that these changes bring in, and that their author would mend if they knew: wrong results, lost or exposed \
data, crashes, races, broken callers, missing cases, noticeable slowness, tests that cannot fail.
- Each one with what goes wrong, for which input or in which situation, and why. If you cannot name such a situation, \
leave it out. Check that the fault is there rather than assume that it is.
- Not what was there before, not matters of taste, not what a formatter or linter would say, and no praise.
- All of them, the gravest first; one finding a fault. No finding at all is a good outcome.

# How to write

- A title of at most 80 characters that begins with a priority: [P0] stops everything, [P1] to be mended next, [P2] to \
be mended some time, [P3] would be nice.
- A body of one short paragraph, plain and matter-of-fact. Quote at most three lines of code.
- The place: the absolute path of the file, and the fewest lines that show the fault, which are part of the changes.
- A verdict on the whole: whether the changes can go in as they are, without breaking code or tests that exist.

# The answer

Your last message is one JSON object and nothing else, without a code fence around it:

{"findings": [{"title": "[P1] ...", "body": "...", "confidence_score": 0.0 to 1.0, "priority": 0 to 3, \
"code_location": {"absolute_file_path": "/...", "line_range": {"start": 1, "end": 2}}}], \
"overall_correctness": "patch is correct" or "patch is incorrect", "overall_explanation": "one to three sentences", \
"overall_confidence_score": 0.0 to 1.0}
"""

MODEL_ACTION = """\
<user_action>
  <context>The user had a review made. What the reviewer found stands below; the user may ask to mend some of it.\
</context>
  <action>review</action>
  <results>
  {results}
  </results>
</user_action>
"""


class _Lines(msgspec.Struct, frozen=True):
    start: int
    end: int


class _Place(msgspec.Struct, frozen=True):
    absolute_file_path: str
    line_range: _Lines


class _Finding(msgspec.Struct, frozen=True, omit_defaults=True):
    title: str
    body: str
    confidence_score: float
    code_location: _Place
    priority: int | None = None


class _Output(msgspec.Struct, frozen=True):
    findings: list[_Finding]
    overall_correctness: str
    overall_explanation: str
    overall_confidence_score: float


def read_answer(text: str | None) -> dict[str, Any] | None:
    """Return what a reviewer answered, in the rollout's form; None when it said nothing.

    An answer in another form than it was asked for is its explanation, and no finding.
    """
    if text is None or not text.strip():
        return None
    first, last = text.find("{"), text.rfind("}")
    for candidate in (text, text[first : last + 1] if -1 < first < last else ""):
        output = _read(candidate)
        if output is not None:
            plain: dict[str, Any] = msgspec.to_builtins(output)
            return plain
    return msgspec.to_builtins(_Output([], "", text, 0.0))


def _read(text: str) -> _Output | None:
    try:
        return decoding.json_decoder(_Output).decode(text)
    except (msgspec.MsgspecError, RecursionError, UnicodeEncodeError):
        return None
