"""The generated files: complete, consistent, and the ones that are checked in."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from codex_trio_protocol import table
from codex_trio_protocol.export import __main__ as export
from codex_trio_protocol.export import json_schema, reference, typescript
from codex_trio_protocol.export.catalogue import ObjectDeclaration, catalogue

SCHEMA = Path(table.__file__).parents[1] / "schema"


@pytest.fixture(scope="module")
def stable_schemas() -> dict[str, Any]:
    return {path: json.loads(text) for path, text in json_schema.files(experimental=False).items()}


def references(schema: Any) -> Iterator[str]:
    if isinstance(schema, dict):
        if isinstance(schema.get("$ref"), str):
            yield schema["$ref"]
        for value in schema.values():
            yield from references(value)
    elif isinstance(schema, list):
        for value in schema:
            yield from references(value)


def test_the_checked_in_files_are_what_the_types_say() -> None:
    assert export.drift(SCHEMA) == []


def test_the_check_names_what_drifts_and_fails(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    root = tmp_path / "schema"
    wanted = {root / "json" / "a.json": "{}", root / "typescript" / "a.ts": "x", tmp_path / "docs" / "a.md": "y"}

    def run(*arguments: str) -> int:
        return export.main([*arguments, str(root)], generate=lambda root, *, experimental: wanted)

    assert run("--out") == 0
    assert run("--check") == 0
    (root / "json" / "a.json").write_text("[]")
    (root / "typescript" / "a.ts").unlink()
    (tmp_path / "docs" / "old.md").write_text("")
    assert run("--check") == 1
    printed = capsys.readouterr().out.split()
    assert [Path(line).name for line in printed] == ["old.md", "a.json", "a.ts"]


def test_every_reference_in_a_schema_resolves(stable_schemas: dict[str, Any]) -> None:
    for path, schema in stable_schemas.items():
        for target in set(references(schema)):
            node: Any = schema
            for part in target.removeprefix("#/").split("/"):
                node = node[part]
            assert node is not None, path


def test_the_stable_schema_has_no_experimental_method_or_field(stable_schemas: dict[str, Any]) -> None:
    requests = stable_schemas["ClientRequest.json"]["oneOf"]
    methods = {member["properties"]["method"]["enum"][0] for member in requests}
    expected = {spec.name for spec in table.CLIENT_REQUESTS.values() if spec.in_schema and not spec.experimental}
    assert methods == expected
    start = stable_schemas["v2/ThreadStartParams.json"]["properties"]
    assert "cwd" in start
    assert "dynamicTools" not in start
    assert "v2/ProcessSpawnParams.json" not in stable_schemas


def test_schemas_say_what_is_required_and_what_may_be_null() -> None:
    schema = json.loads((SCHEMA / "json" / "v2" / "TurnInterruptParams.json").read_text(encoding="utf-8"))
    assert schema["required"] == ["threadId", "turnId"]
    thread = json.loads((SCHEMA / "json" / "v2" / "ThreadReadResponse.json").read_text(encoding="utf-8"))
    assert thread["definitions"]["Thread"]["properties"]["path"]["type"] == ["string", "null"]


def test_typescript_imports_resolve_and_brackets_match() -> None:
    files = typescript.files(experimental=False)
    for path, text in files.items():
        folder = Path(path).parent
        for target in re.findall(r'from "(\.[^"]*)"', text):
            name = (folder / target).as_posix()
            parts: list[str] = []
            for part in name.split("/"):
                if part == "..":
                    parts.pop()
                elif part != ".":
                    parts.append(part)
            resolved = "/".join(parts)
            assert f"{resolved}.ts" in files or f"{resolved}/index.ts" in files, (path, target)
        code = re.sub(r'/\*.*?\*/|"[^"]*"|^//.*$', "", text, flags=re.DOTALL | re.MULTILINE)
        for opening, closing in ("{}", "()", "[]"):
            assert code.count(opening) == code.count(closing), path


def test_the_links_of_the_reference_pages_lead_somewhere() -> None:
    pages = reference.files()
    anchors = {
        name: {re.sub(r"[^a-z0-9_]", "", line.lower()) for line in text.splitlines() if line.startswith("#")}
        for name, text in pages.items()
    }
    for name, text in pages.items():
        for page, anchor in re.findall(r"\]\(([a-z_0-9]+\.md)(?:#([a-z0-9_]+))?\)", text):
            assert page in pages, (name, page)
            assert not anchor or anchor in anchors[page], (name, page, anchor)


def test_the_index_lists_every_method() -> None:
    listed = re.findall(r"^\| \[`([^`]+)`\]", reference.files()["index.md"], flags=re.MULTILINE)
    tables = (table.CLIENT_REQUESTS, table.CLIENT_NOTIFICATIONS, table.SERVER_REQUESTS, table.SERVER_NOTIFICATIONS)
    assert sorted(listed) == sorted(name for methods in tables for name in methods)


def test_what_is_old_says_so_and_stands_last_in_an_enumeration() -> None:
    files = json_schema.files(experimental=False)
    policy = json.loads(files["v2/ThreadStartParams.json"])["definitions"]["AskForApproval"]["oneOf"]
    assert policy[0]["enum"] == ["untrusted", "on-request", "never", "on-failure"]
    assert '"granular"' in files["v2/ThreadStartParams.json"]
    assert "`on-failure` (up to 0.131.0)" in reference.files()["permissions.md"]
    assert "boolean (up to 0.131.0)" in reference.files()["thread_start.md"]


def test_a_schema_defines_only_what_it_mentions(stable_schemas: dict[str, Any]) -> None:
    for path, schema in stable_schemas.items():
        if not path.startswith("codex_app_server_protocol"):
            mentioned = {target.rpartition("/")[2] for target in references(schema)}
            assert set(schema.get("definitions", ())) <= mentioned, path


def test_every_type_is_explained() -> None:
    unexplained = [name for name, declaration in catalogue().items() if not declaration.doc.strip()]
    assert unexplained == []


def test_explanations_stay_on_one_line_where_tables_need_it() -> None:
    for declaration in catalogue().values():
        if isinstance(declaration, ObjectDeclaration):
            assert [field.name for field in declaration.fields if "\n" in field.doc or "|" in field.doc] == []
