"""What is broken, hostile or endless: a reason within bounds, nothing written elsewhere, and all else goes on."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from migration_lab import MigrationLab, fifo, huge, write

from codex_trio.migration.values import MigrationKind

BOMB = "a: &a [x,x,x,x,x,x,x,x,x]\n" + "".join(
    f"{name}: &{name} [{','.join(['*' + before] * 9)}]\n"
    for before, name in zip("abcdefghijklm", "bcdefghijklmn", strict=True)
)
SERVERS = {"mcpServers": {"a": {"command": "a"}}}


def linked(path: Path, target: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.symlink_to(target)


BAD: dict[str, tuple[MigrationKind, bool, Callable[[MigrationLab], object], str]] = {
    "a pipe": ("CONFIG", False, lambda lab: fifo(lab.claude / "settings.json"), "pipe"),
    "a folder": ("CONFIG", False, lambda lab: (lab.claude / "settings.json").mkdir(parents=True), "is a folder"),
    "a giant": ("CONFIG", False, lambda lab: huge(lab.claude / "settings.json"), "larger than"),
    "no object": ("HOOKS", False, lambda lab: write(lab.claude / "settings.json", [1]), "JSON object"),
    "a deep nest": ("HOOKS", False, lambda lab: write(lab.claude / "settings.json", '{"a":' * 100_000), "not JSON"),
    "a stray byte": ("AGENTS_MD", False, lambda lab: write(lab.claude / "CLAUDE.md", b"x\xff"), "not UTF-8"),
    "zero bytes": ("AGENTS_MD", False, lambda lab: write(lab.claude / "CLAUDE.md", b"x\0"), "zero bytes"),
    "servers in a list": (
        "MCP_SERVER_CONFIG",
        False,
        lambda lab: write(lab.home / ".claude.json", {"mcpServers": []}),
        "no object",
    ),
    "a broken configuration": (
        "MCP_SERVER_CONFIG",
        True,
        lambda lab: (write(lab.project / ".mcp.json", SERVERS), write(lab.project / ".codex/config.toml", "bad[")),
        "invalid existing config.toml",
    ),
    "a broken hooks.json": (
        "HOOKS",
        False,
        lambda lab: (
            write(lab.claude / "settings.json", {"hooks": {"Stop": [{"hooks": [{"command": "x"}]}]}}),
            write(lab.codex / "hooks.json", "{"),
        ),
        "not JSON",
    ),
    "a secret of the user linked from a project": (
        "AGENTS_MD",
        True,
        lambda lab: linked(lab.project / "CLAUDE.md", write(lab.home / "secret", "secret")),
        "leads out of",
    ),
    "a folder of the user linked from a project": (
        "SKILLS",
        True,
        lambda lab: (
            write(lab.home / "mine/one/SKILL.md", "---\nname: one\ndescription: d\n---\n"),
            linked(lab.project / ".claude/skills", lab.home / "mine"),
        ),
        "leads out of",
    ),
    "a project whose .codex leads elsewhere": (
        "MCP_SERVER_CONFIG",
        True,
        lambda lab: (write(lab.project / ".mcp.json", SERVERS), linked(lab.project / ".codex", lab.home / "elsewhere")),
        "is not below",
    ),
    "a pipe in a skill": (
        "SKILLS",
        False,
        lambda lab: (
            write(lab.claude / "skills/one/SKILL.md", "---\nname: one\ndescription: d\n---\n"),
            fifo(lab.claude / "skills/one/more/pipe"),
        ),
        "pipe",
    ),
    "a giant in a skill": (
        "SKILLS",
        False,
        lambda lab: (
            write(lab.claude / "skills/one/SKILL.md", "---\nname: one\ndescription: d\n---\n"),
            huge(lab.claude / "skills/one/more/data"),
        ),
        "larger than",
    ),
    "a bomb in a skill": (
        "SKILLS",
        False,
        lambda lab: write(lab.claude / "skills/one/SKILL.md", f"---\nname: one\ntext: d\n{BOMB}---\n"),
        "SKILL.md: ",
    ),
    "a bomb in an agent": (
        "SUBAGENTS",
        False,
        lambda lab: write(lab.claude / "agents/a.md", f"---\nname: a\ndescription: d\n{BOMB}---\nText.\n"),
        "its front matter",
    ),
    "no YAML in a command": (
        "COMMANDS",
        False,
        lambda lab: write(lab.claude / "commands/a.md", "---\ndescription: [a\n---\nText.\n"),
        "its front matter",
    ),
    "a command that runs commands": (
        "COMMANDS",
        False,
        lambda lab: write(lab.claude / "commands/a.md", "Look: !`touch marker`\n"),
        "runs commands",
    ),
    "two commands of one name": (
        "COMMANDS",
        False,
        lambda lab: (write(lab.claude / "commands/a b.md", "One."), write(lab.claude / "commands/a/b.md", "Two.")),
        "no name of its own",
    ),
    "a server with a variable in its command": (
        "MCP_SERVER_CONFIG",
        False,
        lambda lab: write(lab.home / ".claude.json", {"mcpServers": {"a": {"command": "${HOME}/x"}}}),
        "has a variable",
    ),
    "a server that its user switched off": (
        "MCP_SERVER_CONFIG",
        True,
        lambda lab: (
            write(lab.project / ".mcp.json", SERVERS),
            write(lab.project / ".claude/settings.local.json", {"disabledMcpjsonServers": ["a"]}),
        ),
        "switched off",
    ),
    "an agent without words": (
        "SUBAGENTS",
        False,
        lambda lab: write(lab.claude / "agents/a.md", "---\nname: a\ndescription: d\n---\n"),
        "says nothing",
    ),
}


@pytest.mark.parametrize("what", BAD)
async def test_what_cannot_be_taken_over_is_a_failure_with_its_reason(lab: MigrationLab, what: str) -> None:
    kind, of_project, make, reason = BAD[what]
    make(lab)
    write(lab.claude / "skills/fine/SKILL.md", "---\nname: fine\ndescription: d\n---\n")
    before = {path for path in lab.home.parent.rglob("*") if not path.is_dir()}
    await lab.detect()
    outcome = await lab.take_one(kind, of_project=of_project)
    assert [failure.message for failure in outcome.failures if reason in failure.message], outcome
    assert [success.source for success in outcome.successes if success.source != "fine"] in ([], ["source-command-a-b"])
    new = {path for path in lab.home.parent.rglob("*") if not path.is_dir()} - before
    allowed = (lab.home / ".agents/skills", lab.codex / "external_agent_imports.json")
    assert [path for path in new if not path.is_relative_to(allowed[0]) and path != allowed[1]] == []
    assert (lab.claude / "skills/fine/SKILL.md").is_file()
    assert {one.source for one in (await lab.take_one("SKILLS")).successes} <= {"fine"}
    assert (lab.home / ".agents/skills/fine/SKILL.md").is_file()


async def test_what_is_listed_as_broken_is_told_by_its_import(lab: MigrationLab) -> None:
    write(lab.claude / "settings.json", "{")
    write(lab.claude / "CLAUDE.md", "Claude.")
    found = await lab.detect()
    assert "not JSON" in found["CONFIG", True].description
    outcomes = await lab.take(*found.values())
    assert [failure.source for failure in outcomes["CONFIG"].failures] == [str(lab.claude / "settings.json")]
    assert (lab.codex / "AGENTS.md").read_text() == "Codex."


async def test_links_in_a_skill_are_left_where_they_are(lab: MigrationLab) -> None:
    skill = lab.claude / "skills/one"
    write(skill / "SKILL.md", "---\nname: one\ndescription: d\n---\n")
    write(skill / "run.sh", "#!/bin/sh\n").chmod(0o755)
    (skill / "secret").symlink_to(write(lab.home / "secret", "x"))
    (skill / "round").symlink_to(skill)
    assert [one.target for one in (await lab.take_one("SKILLS")).successes] == ["one"]
    copied = lab.home / ".agents/skills/one"
    assert sorted(os.listdir(copied)) == ["SKILL.md", "run.sh"]
    assert os.access(copied / "run.sh", os.X_OK)


async def test_what_the_user_has_is_left_as_it_is(lab: MigrationLab) -> None:
    own = '# mine\nsandbox_mode = "read-only"\n'
    write(lab.codex / "config.toml", own + '[shell_environment_policy]\nset = {A = "1"}\n')
    write(lab.claude / "settings.json", {"env": {"A": "2", "B": "3", "C": None}, "sandbox": {"enabled": True}})
    write(lab.codex / "AGENTS.md", "Mine.")
    write(lab.claude / "CLAUDE.md", "Other.")
    write(lab.codex / "hooks.json", {"hooks": {"Stop": []}, "other": 1})
    assert set(await lab.detect()) == {("CONFIG", True)}
    assert (await lab.take_one("CONFIG")).failures == ()
    text = (lab.codex / "config.toml").read_text()
    assert text.startswith(own)
    assert 'A = "1"' in text
    assert 'B = "3"' in text
    assert (await lab.take_one("AGENTS_MD")).successes == ()
    assert (lab.codex / "AGENTS.md").read_text() == "Mine."


async def test_an_agent_that_only_reads_goes_on_so(lab: MigrationLab) -> None:
    write(lab.claude / "agents/reader.md", "---\nname: reader\ndescription: d\ntools: Read, Grep\n---\nLook.\n")
    write(lab.claude / "agents/doer.md", "---\nname: doer\ndescription: d\ntools: Read, Bash\n---\nDo.\n")
    await lab.take_one("SUBAGENTS")
    assert 'sandbox_mode = "read-only"' in (lab.codex / "agents/reader.toml").read_text()
    assert "sandbox_mode" not in (lab.codex / "agents/doer.toml").read_text()


async def test_hooks_find_the_project_that_they_were_written_for(lab: MigrationLab) -> None:
    group = {"hooks": [{"type": "command", "command": '"$CLAUDE_PROJECT_DIR"/check ${CLAUDE_PROJECT_DIR}'}]}
    write(lab.claude / "settings.json", {"hooks": {"Stop": [group], "Notification": [group]}})
    outcome = await lab.take_one("HOOKS")
    assert [one.target for one in outcome.successes] == ["Stop"]
    assert [one.source for one in outcome.failures] == ["Notification"]
    assert (lab.codex / "hooks.json").read_text().count("${CLAUDE_PROJECT_DIR:-$(git rev-parse") == 2


async def test_plugins_are_installed_from_the_marketplace_that_the_settings_name(lab: MigrationLab) -> None:
    market = lab.home / "market"
    write(market / ".claude-plugin/marketplace.json", {"name": "m", "plugins": [{"name": "p", "source": "./p"}]})
    write(market / "p/.claude-plugin/plugin.json", {"name": "p", "version": "1.0.0"})
    known = {"m": {"source": {"source": "directory", "path": str(market)}}}
    enabled = {"p@m": True, "gone@m": True, "x@nowhere": True, "off@m": False}
    write(lab.claude / "settings.json", {"enabledPlugins": enabled, "extraKnownMarketplaces": known})
    found = await lab.detect()
    outcome = (await lab.take(found["PLUGINS", True]))["PLUGINS"]
    assert [success.target for success in outcome.successes] == ["p@m"]
    assert {failure.source: failure.message for failure in outcome.failures} == {
        "gone@m": "plugin `gone` was not found in marketplace `m`",
        "x@nowhere": "the settings do not say where the marketplace `nowhere` is, in a way known here",
    }
    assert (lab.codex / "plugins/cache/m/p/1.0.0/.claude-plugin/plugin.json").is_file()
    left = (await lab.detect())["PLUGINS", True].plugins or ()
    assert [name for choice in left for name in choice.plugins] == ["gone", "x"]


async def test_what_has_no_counterpart_is_told_before_and_after_and_then_no_more(lab: MigrationLab) -> None:
    write(lab.claude / "settings.json", {"model": "opus", "permissions": {"allow": ["Bash(ls)"]}, "statusLine": 1})
    write(lab.claude / "commands/filled.md", "Do $ARGUMENTS.\n")
    found = await lab.detect()
    assert set(found) == {("CONFIG", True), ("COMMANDS", True)}
    words = found["CONFIG", True].description
    assert all(name in words for name in ("model (", "permissions (", "rules/*.rules", "statusLine ("))
    assert "filled (it has a place for arguments" in found["COMMANDS", True].description
    outcomes = await lab.take(*found.values())
    assert [failure.source for failure in outcomes["CONFIG"].failures] == ["model", "permissions", "statusLine"]
    assert [failure.source for failure in outcomes["COMMANDS"].failures] == ["filled"]
    assert not (lab.codex / "config.toml").exists()
    assert await lab.detect() == {}
    # What comes later is told again.
    write(lab.claude / "settings.json", {"model": "opus", "outputStyle": "x", **dict.fromkeys(map(str, range(20)), 1)})
    words = (await lab.detect())["CONFIG", True].description
    assert "model" not in words
    assert "outputStyle (there is no such setting); " in words
    assert words.endswith("; 11 more")
