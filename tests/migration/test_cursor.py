"""What Cursor left: what becomes of it, once, and what is told of the rest."""

import json
import tomllib
from pathlib import Path

import pytest
from migration_lab import MigrationLab, write

from codex_trio.migration.cursor import held_in
from codex_trio.migration.values import AgentProgram, KindOutcome
from codex_trio.migration.wording import reworded

QUERY = "<context>much</context>\n<user_query>\nWhat is here?\n</user_query>"


def leave(folder: Path) -> None:
    """Leave something of every kind in a folder."""
    cursor = folder / ".cursor"
    servers = {
        "docs": {"command": "docs", "args": ["-x"], "env": {"KEY": "${env:KEY}", "A": "b"}},
        "web": {"url": "https://a.example/mcp", "headers": {"Authorization": "Bearer ${env:TOKEN}"}},
        "here": {"command": "${workspaceFolder}/server"},
        "file": {"command": "x", "envFile": ".env"},
        "secret": {"url": "https://a.example/mcp", "auth": {"CLIENT_ID": "a", "CLIENT_SECRET": "b"}},
        "deep": {"command": "x", "args": json.loads("[" * 300 + "]" * 300)},
        "known": {"url": "https://a.example/mcp", "auth": {"CLIENT_ID": "a"}},
    }
    write(cursor / "mcp.json", {"mcpServers": servers})
    hooks = {
        "preToolUse": [{"command": "hooks/a.sh", "matcher": "Shell", "timeout": 5}],
        "stop": [{"command": "b.sh"}, {"command": "c.sh", "loop_limit": 3}],
        "afterFileEdit": [{"command": "d.sh"}],
    }
    write(cursor / "hooks.json", {"version": 1, "hooks": hooks})
    write(cursor / "skills/one/SKILL.md", "---\nname: one\ndescription: For Cursor.\n---\nMove the cursor in Cursor.\n")
    write(cursor / "commands/do-it.md", "Do it.\n")
    write(cursor / "agents/looker.md", "---\nname: looker\ndescription: Looks.\nreadonly: true\n---\nYou look.\n")
    write(cursor / "rules/python.mdc", "---\nglobs: '*.py'\n---\nUse spaces.\n")
    write(folder / ".cursorrules", "Cursor reads .cursorrules here.\n")
    # What Claude Code left is not asked for.
    write(folder / "CLAUDE.md", "No.\n")


def taken(outcome: KindOutcome) -> tuple[list[str | None], dict[str | None, str]]:
    """Return the targets of what was taken over, and why the rest was not."""
    return [one.target for one in outcome.successes], {one.source: one.message for one in outcome.failures}


@pytest.mark.parametrize("of_project", [True, False])
async def test_everything_is_taken_over_once(lab: MigrationLab, *, of_project: bool) -> None:
    lab.program = "cursor"
    root = lab.project if of_project else lab.home
    folder = root / ".codex"
    leave(root)
    write(root / ".cursor" / ("cli.json" if of_project else "cli-config.json"), {"env": {"A": 1}, "editor": {}})
    found = [item for (_, of_user), item in (await lab.detect()).items() if of_user is not of_project]
    report = {kind: taken(outcome) for kind, outcome in (await lab.take(*found)).items()}
    assert {kind: targets for kind, (targets, _) in report.items()} == {
        "CONFIG": [str(folder / "config.toml")],
        "MCP_SERVER_CONFIG": ["docs", "known", "web"],
        "HOOKS": ["PreToolUse", "Stop"],
        "SKILLS": ["one"],
        "COMMANDS": ["source-command-do-it"],
        "SUBAGENTS": ["looker"],
    } | ({"AGENTS_MD": [str(root / "AGENTS.md")]} if of_project else {})
    refused = {source: message for _, failures in report.values() for source, message in failures.items()}
    assert refused.pop("afterFileEdit").startswith("there is no such event; ")
    assert refused == {
        "editor": "there is no such setting",
        "here": "${workspaceFolder} has no counterpart",
        "deep": "it is nested too deep",
        "file": "its variables come from a file (`envFile`), which is not read",
        "secret": "its login has a secret (`auth.CLIENT_SECRET`), which is not supported",
        "Stop.hooks[0]": "`loop_limit` has no counterpart",
    } | ({"rules/python.mdc": "copy what always holds into AGENTS.md"} if of_project else {})
    config = tomllib.loads((folder / "config.toml").read_text())
    assert config["shell_environment_policy"]["set"] == {"A": "1"}
    assert config["mcp_servers"] == {
        "docs": {"command": "docs", "args": ["-x"], "env_vars": ["KEY"], "env": {"A": "b"}},
        "web": {"url": "https://a.example/mcp", "bearer_token_env_var": "TOKEN"},
        "known": {"url": "https://a.example/mcp", "oauth": {"client_id": "a"}},
    }
    first = "hooks/a.sh" if of_project else 'cd \\"$HOME/.cursor\\" && hooks/a.sh'
    assert first in (hooks := (folder / "hooks.json").read_text())
    assert '"matcher": "Bash"' in hooks
    assert "Move the cursor in Codex." in (root / ".agents/skills/one/SKILL.md").read_text()
    assert tomllib.loads((folder / "agents/looker.toml").read_text())["sandbox_mode"] == "read-only"
    if of_project:
        assert (root / "AGENTS.md").read_text() == "Codex reads AGENTS.md here.\n"
    assert [item for (_, of_user), item in (await lab.detect()).items() if of_user is not of_project] == []


async def test_conversations_become_threads_of_the_folder_that_their_place_is_named_after(
    lab: MigrationLab,
) -> None:
    lab.program = "cursor"
    work = lab.project / "some-work.here"
    work.mkdir()
    named = str(work).strip("/").replace("/", "-").replace(".", "-").replace("_", "-")
    projects = lab.home / ".cursor/projects"
    said = f'{{"role":"user","message":{{"content":[{{"type":"text","text":{QUERY!r}}}]}}}}\n'.replace("'", '"')
    said += '{"role":"assistant","message":{"content":[{"type":"text","text":"Nothing."}]}}\n'
    write(projects / named / "agent-transcripts/one.jsonl", said)
    write(projects / named / "agent-transcripts/two/two.jsonl", said)
    write(projects / "gone-folder/agent-transcripts/three.jsonl", said)
    write(projects / named / "other/four.jsonl", said)
    item = (await lab.detect())["SESSIONS", True]
    assert item.sessions is not None
    assert {(one.cwd, one.title) for one in item.sessions} == {(str(work), "What is here?")}
    outcome = (await lab.take(item))["SESSIONS"]
    assert [(one.cwd, one.title) for one in outcome.successes] == [(str(work), "What is here?")] * 2
    assert outcome.failures == ()
    assert ("SESSIONS", True) not in await lab.detect()


async def test_plugins_are_refused_with_the_reason(lab: MigrationLab) -> None:
    lab.program = "cursor"
    _, failures = taken(await lab.take_one("PLUGINS"))
    assert list(failures.values()) == ["plugins are imported from Claude Code only"]


def test_a_name_stands_for_the_folder_that_there_is(tmp_path: Path) -> None:
    for folder in ("a/b", "a-b/c.d", "x/.hidden"):
        (tmp_path / folder).mkdir(parents=True)
    found = {name: held_in(name, root=tmp_path) for name in ("a-b", "a-b-c-d", "-a-b", "x-hidden", "no", "a-b-c", "")}
    assert {name: folder and folder.removeprefix(f"{tmp_path}/") for name, folder in found.items()} == {
        "a-b": "a-b",
        "a-b-c-d": "a-b/c.d",
        "-a-b": "a-b",
        "x-hidden": "x/.hidden",
        "no": None,
        "a-b-c": None,
        "": None,
    }


@pytest.mark.parametrize(
    ("program", "text"),
    [
        ("cursor", "Codex, not a cursor, in cursor.py, Cursor/x, MyCursor and Claude"),
        ("claude", "Cursor, not a cursor, in cursor.py, Cursor/x, MyCursor and Codex"),
    ],
)
def test_the_programs_name_is_replaced_as_a_word(program: AgentProgram, text: str) -> None:
    assert reworded("Cursor, not a cursor, in cursor.py, Cursor/x, MyCursor and Claude", program) == text
