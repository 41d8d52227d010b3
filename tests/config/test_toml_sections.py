"""A long text is read by its sections, and comes to what it would come to as a whole."""

import tomllib
from typing import Any

import pytest

from codex_trio.config.parsed_texts import ParsedTexts
from codex_trio.config.toml_sections import parse_by_sections, read_section
from codex_trio.config.toml_text import Parse, TomlSyntaxError, parse

PROJECTS = "".join(f'\n[projects."/tmp/project-{number}"]\ntrust_level = "trusted"\n' for number in range(120))

READ_BY_SECTIONS = {
    "nothing": "",
    "keys alone": "a = 1\nb.c = 2\n",
    "a section at once": "[a]\nx = 1\n",
    "a table in one that is there": "[a]\nx = 1\n\n[a.b]\ny = 2\n\n[a.b.c]\n",
    "a table around one that is there": "[a.b]\ny = 2\n[a]\nx = 1\n",
    "spaces and quotes in headers": "[ a . \"b.c\" ] # a.b\nx = 1\n[a.'d]']\n",
    "blank headers": "[a]\n[b]\n\n\n[c]",
    "Windows line ends": "a = 1\r\n\r\n[b]\r\nc = 2\r\n[d]\r\n",
}
READ_AS_A_WHOLE = {
    "a header in a text": 'a = """\n[b]\n"""\n[c]\n',
    "a header in a list": "a = [\n[1],\n[2]\n]\n",
    "an array of tables": "[[a]]\nx = 1\n[[a]]\nx = 2\n[a.b]\n",
}
BROKEN = {
    "a table twice": "[a]\nx = 1\n[b]\n[a]\ny = 2\n",
    "a key that is a table": "[a.b]\n[a]\nb = 1\n",
    "a table that is a key": "[a]\nb = 1\n[a.b]\n",
    "a table in an inline one": "a = {b = 1}\n[a.c]\n",
    "a table in a dotted key": "[a]\nb.c = 1\n[a.b.d]\n[a.b]\n",
    "a key twice": "[a]\nb = 1\nb = 2\n",
    "no header": "[a\n[b]\n",
    "words behind a header": "[a] b\n",
}


def by_sections(text: str) -> dict[str, Any] | None:
    return parse_by_sections(text, lambda section: read_section(section, parse))


def table_or_none(read: Parse, text: str) -> dict[str, Any] | None:
    try:
        return read(text)
    except (TomlSyntaxError, tomllib.TOMLDecodeError):
        return None


@pytest.mark.parametrize("name", READ_BY_SECTIONS)
def test_sections_come_to_what_the_whole_does(name: str) -> None:
    for text in (READ_BY_SECTIONS[name], READ_BY_SECTIONS[name] + PROJECTS):
        assert by_sections(text) == tomllib.loads(text)


@pytest.mark.parametrize("above", ["a = 1\n", "a.z = 1\n", "projects.b = 1\n", 'z = """\n[y]\n"""\n'])
@pytest.mark.parametrize("name", READ_BY_SECTIONS)
def test_a_text_with_keys_above_its_sections_is_read_as_a_whole_would_be(name: str, above: str) -> None:
    for text in (above + PROJECTS + READ_BY_SECTIONS[name], above + READ_BY_SECTIONS[name] + PROJECTS):
        assert table_or_none(ParsedTexts().parse, text) == table_or_none(tomllib.loads, text)


def test_a_change_above_the_sections_leaves_them_as_they_were_read() -> None:
    read: list[str] = []

    def parse_and_note(text: str) -> dict[str, Any]:
        read.append(text)
        return parse(text)

    texts = ParsedTexts(read=parse_and_note)
    before = texts.parse("a = 1\n" + PROJECTS)
    read.clear()
    after = texts.parse("a = 2\n" + PROJECTS)
    assert read == ["a = 2\n\n"]
    assert after["projects"] is before["projects"]
    assert (before["a"], after["a"]) == (1, 2)


@pytest.mark.parametrize("name", READ_AS_A_WHOLE)
def test_what_only_looks_like_sections_is_read_as_a_whole(name: str) -> None:
    text = READ_AS_A_WHOLE[name] + PROJECTS
    assert by_sections(text) is None
    assert ParsedTexts().parse(text) == tomllib.loads(text)


@pytest.mark.parametrize("name", BROKEN)
def test_a_long_broken_text_has_the_error_and_the_place_of_the_whole(name: str) -> None:
    text = BROKEN[name] + PROJECTS
    with pytest.raises(TomlSyntaxError) as whole:
        parse(text)
    with pytest.raises(TomlSyntaxError) as found:
        ParsedTexts().parse(text)
    assert (found.value.message, found.value.position) == (whole.value.message, whole.value.position)


def test_texts_that_differ_in_a_section_share_the_others_and_nothing_leaks_between_them() -> None:
    texts = ParsedTexts()
    one = texts.parse(f"[a]\nx = 1\n[a.b]\ny = 1\n{PROJECTS}")
    other = texts.parse(f"[a]\nx = 1\n[a.b]\ny = 2\n{PROJECTS}")
    assert (one["a"], other["a"]) == ({"x": 1, "b": {"y": 1}}, {"x": 1, "b": {"y": 2}})
    assert all(other["projects"][name] is table for name, table in one["projects"].items())
    alone = texts.parse(f"[a]\nx = 1\n{PROJECTS}")
    assert alone["a"] == {"x": 1}
