"""A user's file that has collected many projects: edits are made where they belong, and leave the same text."""

import pytest

from codex_trio.config.edit import Edit, edit_text
from codex_trio.config.toml_text import parse

PROJECTS = "".join(f'\n[projects."/tmp/project-{number}"]\ntrust_level = "trusted"\n' for number in range(120))

HEADS = {
    "nothing": "",
    "a key": 'model = "x" # mine\n',
    "comments": 'model = "x"\n# above\n\n# about projects\n',
    "a section": "# only\n\n[features]\nmemories = false # c\n# end\n",
    "a text that looks like a section": 'a = """\n[features]\n"""\n[features]\nmemories = true\n',
    "a list that looks like sections": "b = [\n[1],\n]\n[features]\n",
}

EDITS = {
    "a key that may be there": (Edit(path=("model",), value="y", merge=False), 'model = "y"'),
    "a new key": (Edit(path=("tool_output_token_limit",), value=5, merge=False), "tool_output_token_limit = 5"),
    "a key of a section": (Edit(path=("features", "memories"), value=True, merge=False), "memories = true"),
    "a project": (
        Edit(path=("projects", "/tmp/project-7", "trust_level"), value="untrusted", merge=False),
        '[projects."/tmp/project-7"]\ntrust_level = "untrusted"\n\n[projects."/tmp/project-8"]',
    ),
}


@pytest.mark.parametrize("head", HEADS)
@pytest.mark.parametrize("edit", EDITS)
def test_an_edit_of_a_long_text_changes_what_it_says_and_nothing_else(head: str, edit: str) -> None:
    text, (change, written) = HEADS[head] + PROJECTS, EDITS[edit]

    edited = edit_text(text, [change])

    assert written in edited
    value = parse(edited)
    for name in change.path:
        value = value[name]
    assert value == change.value
    # What the lines of the text were, they are, but for one.
    kept = [line for line in text.splitlines() if line.strip()]
    assert len([line for line in kept if line not in edited.splitlines()]) <= 1
    assert "# about projects" in edited or head != "comments"


@pytest.mark.parametrize(
    "edit",
    [
        Edit(path=("projects", "/new.one", "trust_level"), value="trusted", merge=False),
        Edit(path=("projects",), value={"/new.one": {"trust_level": "trusted"}}, merge=True),
        Edit(path=("projects", "/new.one"), value={"trust_level": "trusted"}, merge=False),
    ],
)
def test_one_more_project_stands_behind_the_others(edit: Edit) -> None:
    added = '\n[projects."/new.one"]\ntrust_level = "trusted"\n'
    assert edit_text(PROJECTS, [edit]) == PROJECTS + added
    behind = "\n[tui] # mine\n"
    assert edit_text(PROJECTS + behind, [edit]) == PROJECTS + added + behind


def test_a_table_that_replaces_another_takes_away_what_it_does_not_name() -> None:
    text = f"[features]\nmemories = true\ngoals = true\n{PROJECTS}"
    edited = edit_text(text, [Edit(path=("features",), value={"memories": False}, merge=False)])
    assert parse(edited)["features"] == {"memories": False}
    assert edited.endswith(PROJECTS)


@pytest.mark.parametrize("head", ["a key", "comments", "a section"])
@pytest.mark.parametrize("edit", ["a key that may be there", "a new key", "a key of a section"])
def test_a_long_text_is_edited_as_a_short_one(head: str, edit: str) -> None:
    if edit == "a key of a section" and head != "a section":
        head = "a section"
    change = EDITS[edit][0]
    short = HEADS[head] + '\n[projects."/tmp"]\ntrust_level = "trusted"\n'
    assert edit_text(HEADS[head] + PROJECTS, [change]) == edit_text(short, [change]).replace(
        '\n[projects."/tmp"]\ntrust_level = "trusted"\n', PROJECTS
    )
