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


COMMENTED = """# of all
model = "a" # why

# of hooks
[[hooks.Stop]]
matcher = "a"
hooks = [{type = "command", command = "x"}]

# of the second
[[hooks.Stop]]
matcher = "b"

# of a project
[projects."/a"]
trust_level = "trusted"
"""
STOP = '[[hooks.Stop]]\nmatcher = "a"\nhooks = [{type = "command", command = "x"}]\n'
SECOND = '# of the second\n[[hooks.Stop]]\nmatcher = "b"\n'
PROJECT = "# of a project\n"
GROUP = {"matcher": "c", "hooks": [{"type": "command", "command": "y"}]}
WRITTEN = '[[hooks.Stop]]\nmatcher = "c"\n\n[[hooks.Stop.hooks]]\ntype = "command"\ncommand = "y"\n'
OF_HOOKS = {
    "all groups of a moment": (
        Edit(path=("hooks", "Stop"), value=[GROUP], merge=False),
        COMMENTED.replace(STOP, WRITTEN).replace(f"\n{SECOND}", ""),
    ),
    "the table around them": (
        Edit(path=("hooks",), value={"Stop": [GROUP]}, merge=False),
        COMMENTED.replace(STOP, WRITTEN).replace(f"\n{SECOND}", ""),
    ),
    "groups of another moment": (
        Edit(path=("hooks",), value={"Start": [{"matcher": "c"}]}, merge=True),
        COMMENTED.replace(PROJECT, f'[[hooks.Start]]\nmatcher = "c"\n\n{PROJECT}'),
    ),
    "none": (
        Edit(path=("hooks", "Stop"), value=None, merge=False),
        COMMENTED.replace(f"# of hooks\n{STOP}\n{SECOND}\n", ""),
    ),
    "something else": (
        Edit(path=("skills", "config"), value=[{"name": "s", "enabled": False}], merge=False),
        COMMENTED + '\n[[skills.config]]\nname = "s"\nenabled = false\n',
    ),
    "a new section": (
        Edit(path=("features", "memories"), value=True, merge=False),
        COMMENTED + "\n[features]\nmemories = true\n",
    ),
    "a key above all sections": (
        Edit(path=("review_model",), value="b", merge=False),
        COMMENTED.replace("# why\n", '# why\nreview_model = "b"\n'),
    ),
}


@pytest.mark.parametrize("ends", ["\n", "\r\n"])
@pytest.mark.parametrize("edit", OF_HOOKS)
def test_comments_stay_where_they_are_and_new_lines_end_as_the_others(edit: str, ends: str) -> None:
    change, meant = OF_HOOKS[edit]
    assert edit_text(COMMENTED.replace("\n", ends), [change]) == meant.replace("\n", ends)


def test_an_array_of_tables_that_stands_in_a_line_is_still_replaced() -> None:
    text = '[hooks]\nStop = [{matcher = "a"}] # here\n'
    edited = edit_text(text, [Edit(path=("hooks", "Stop"), value=[{"matcher": "c"}], merge=False)])
    assert parse(edited) == {"hooks": {"Stop": [{"matcher": "c"}]}}
