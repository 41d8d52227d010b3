"""The files that describe skills, and the bounds of the YAML in them."""

from __future__ import annotations

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from codex_trio.extensions.skills.description import NoSkill, parse_details, parse_header
from codex_trio.extensions.skills.skill import SkillDetails, SkillInterface, ToolDependency
from codex_trio.extensions.skills.yaml_tree import (
    MAX_ALIASES,
    MAX_CHARACTERS,
    MAX_DEPTH,
    MAX_NODES,
    YamlProblem,
    load_yaml,
    simple_tree,
)


def header(matter: str) -> tuple[str, str, str | None]:
    """Return what a front matter comes to."""
    found = parse_header(f"---\n{matter}\n---\nDo it.\n", folder_name="folder")
    return found.name, found.description, found.short_description


@pytest.mark.parametrize(
    ("matter", "expected"),
    [
        ("name: one\ndescription: First", ("one", "First", None)),
        ("description: No name", ("folder", "No name", None)),
        ("name: ''\ndescription: Empty name", ("folder", "Empty name", None)),
        ("name: 12\ndescription: 34", ("12", "34", None)),
        ("name: a\ndescription: b\nmetadata:\n  short-description: c", ("a", "b", "c")),
        ("name: a\ndescription: |\n  one\n  two\n", ("a", "one two", None)),
        ("a: &a [x]\nb: *a\nname: a\ndescription: alias", ("a", "alias", None)),
        # What YAML takes for a table in a text, and people do not.
        ("name: a\ndescription: Use when: this happens", ("a", "Use when: this happens", None)),
        ("name: [\ndescription: x", ("[", "x", None)),
    ],
)
def test_the_front_matter_says_what_a_skill_is(matter: str, expected: tuple[str, str, str | None]) -> None:
    assert header(matter) == expected


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("Just text.\n", "missing YAML frontmatter delimited by ---"),
        ("---\nname: a\ndescription: b\n", "missing YAML frontmatter delimited by ---"),
        ("---\nname: a\n---\n", "missing field `description`"),
        ("---\nname: a\ndescription: ''\n---\n", "missing field `description`"),
        ("---\n- a list\n---\n", "missing field `description`"),
        (
            "---\nname: a\u202eb\ndescription: d\n---\n",
            "invalid name: `a\\u202eb` has characters that are not seen; write it without them",
        ),
        (
            '---\nname: "a\\e[1m"\ndescription: d\n---\n',
            "invalid name: `a\\u001b[1m` has characters that are not seen; write it without them",
        ),
        (f"---\nname: {'n' * 65}\ndescription: b\n---\n", "invalid name: exceeds maximum length of 64 characters"),
        ("---\nname: [[[\n---\n", "invalid YAML: did not find expected node content at line 3, column 1"),
        ("---\na: !!python/object/apply:os.system [ls]\n---\n", "missing field `description`"),
    ],
)
def test_a_file_that_is_no_skill_says_why(text: str, message: str) -> None:
    with pytest.raises(NoSkill) as caught:
        parse_header(text, folder_name="folder")
    assert str(caught.value) == message


def test_a_front_matter_without_an_end_is_not_read_for_ever() -> None:
    with pytest.raises(NoSkill, match="does not end within 13 characters"):
        parse_header("---\nname: aaa", folder_name="folder", is_whole=False)


BOMB = "a: &a [x, x, x]\n" + "".join(
    f"{chr(98 + n)}: &{chr(98 + n)} [{', '.join([f'*{chr(97 + n)}'] * 9)}]\n" for n in range(9)
)


def test_a_value_that_names_others_again_and_again_is_built_once() -> None:
    tree = load_yaml(BOMB)
    assert isinstance(tree, dict)
    last = tree["j"]
    assert isinstance(last, list)
    assert last[0] is last[8]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (f"a: &a x\nb: [{', '.join(['*a'] * (MAX_ALIASES + 1))}]", "aliases"),
        ("a: &a [*a]", "names nothing that came before it"),
        ("a: " + "[" * (MAX_DEPTH + 1), "levels deep"),
        ("a: " + "[" * 60_000, "levels deep"),
        ("a: " + "{b: " * (MAX_DEPTH + 1), "levels deep"),
        (f"[{'x,' * (MAX_NODES + 1)}]", "values"),
        ("x" * (MAX_CHARACTERS + 1), "characters"),
        ("a: \x00", "not allowed"),
    ],
)
def test_yaml_beyond_the_bounds_is_refused_with_the_bound(text: str, problem: str) -> None:
    with pytest.raises(YamlProblem, match=problem):
        load_yaml(text)


LINES = st.one_of(
    st.from_regex(r"(  )?[A-Za-z]{1,3}:( +(\"[^\"\\\n]{0,5}\"|[A-Za-z0-9][^\n]{0,5}))? *", fullmatch=True),
    st.text(alphabet=' abN:-"#~1\té\u2028', max_size=9),
)


@settings(max_examples=100, deadline=None)
@given(st.lists(LINES, max_size=5).map("\n".join))
def test_plain_lines_are_read_as_yaml_has_them(text: str) -> None:
    simple = simple_tree(text)
    if simple is not None:
        assert texts_of(yaml.compose(text, Loader=yaml.SafeLoader)) == (simple or None)


def texts_of(node: yaml.Node | None) -> object:
    """Return a document with every scalar as its text, and nothing as None."""
    if isinstance(node, yaml.MappingNode):
        return {key.value: texts_of(value) for key, value in node.value}
    if isinstance(node, yaml.ScalarNode):
        return None if not node.style and node.value in ("", "~", "null", "Null", "NULL") else node.value
    return node


def test_the_file_beside_a_skill_says_how_it_is_shown_and_used() -> None:
    details = parse_details(
        """
interface:
  display_name: Nice
  short_description: Short
  icon_small: ./assets/s.png
  icon_large: assets/l.png
  brand_color: "#FF00aa"
  default_prompt: Use me
dependencies:
  tools:
    - {type: mcp, value: docs, transport: streamable_http, url: "http://127.0.0.1:1/mcp"}
    - {value: without a type}
policy:
  allow_implicit_invocation: false
  products: [Codex, 3, [x]]
""",
        skill_folder="/skills/nice",
    )
    assert details == SkillDetails(
        interface=SkillInterface(
            display_name="Nice",
            short_description="Short",
            icon_small="/skills/nice/assets/s.png",
            icon_large="/skills/nice/assets/l.png",
            brand_color="#FF00aa",
            default_prompt="Use me",
        ),
        dependencies=(
            ToolDependency(type="mcp", value="docs", transport="streamable_http", url="http://127.0.0.1:1/mcp"),
        ),
        is_implicit=False,
        products=("codex", "3"),
    )


def test_what_it_says_in_another_form_counts_as_not_said() -> None:
    text = (
        "interface:\n  icon_small: ../../x.png\n  icon_large: /abs.png\n  brand_color: red\n"
        f"  display_name: {'n' * 65}\n  default_prompt: {'p' * 1025}\n  short_description: [a]\n"
        "dependencies: none\npolicy: [x]\n"
    )
    assert parse_details(text, skill_folder="/skills/odd") == SkillDetails()
