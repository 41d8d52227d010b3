"""Taking over what another agent program left: what is found, what becomes of it, and what is told of that."""

import json
import time
from pathlib import Path
from typing import Any

from codex_trio.conformance.lab import Lab
from codex_trio.conformance.probe import Probe
from codex_trio.testing.model_script import answer, message

DETECT, IMPORT = "externalAgentConfig/detect", "externalAgentConfig/import"
COMPLETED, PROGRESS = f"{IMPORT}/completed", f"{IMPORT}/progress"


def write(path: Path, content: object) -> Path:
    """Write a text, or anything else as JSON."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    return path


def of_project(lab: Lab) -> None:
    """Leave something of every kind in the project."""
    hook = {"matcher": "Bash", "hooks": [{"type": "command", "command": "echo hook", "timeout": 5}]}
    claude = lab.cwd / ".claude"
    write(claude / "settings.json", {"model": "opus", "env": {"A": "1", "B": True}, "hooks": {"PreToolUse": [hook]}})
    write(lab.cwd / ".mcp.json", {"mcpServers": {"docs": {"command": "docs", "args": ["-x"], "env": {"K": "${K}"}}}})
    write(claude / "skills/one/SKILL.md", "---\nname: one\ndescription: For tests.\n---\nThe body.\n")
    write(claude / "skills/one/more/notes.md", "Notes.\n")
    write(claude / "commands/do-it.md", "---\ndescription: Does it.\n---\nDo it.\n")
    write(claude / "commands/filled.md", "Do $ARGUMENTS.\n")
    write(claude / "agents/looker.md", "---\nname: looker\ndescription: Looks.\n---\nYou look.\n")
    write(lab.cwd / "CLAUDE.md", "Claude Code reads CLAUDE.md here.\n")


def transcript(lab: Lab, name: str, *said: tuple[str, Any]) -> Path:
    """Leave a conversation."""
    now = time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime())
    common = {"cwd": str(lab.cwd), "sessionId": name, "timestamp": now}
    lines = [{"type": role, "message": {"role": role, "content": content}, **common} for role, content in said]
    path = lab.home / ".claude/projects/-work" / f"{name}.jsonl"
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a") as file:
        file.writelines(json.dumps(line) + "\n" for line in lines)
    return path


async def detected(probe: Probe, **params: Any) -> list[dict[str, Any]]:
    """Return what is found."""
    answered = await probe.request(DETECT, params)
    assert answered["connectors"] == []
    return answered["items"]


async def imported(probe: Probe, items: list[dict[str, Any]], **params: Any) -> dict[str, dict[str, list[Any]]]:
    """Return what an import comes to, by kind; what was told before adds up to the same."""
    import_id = (await probe.request(IMPORT, {"migrationItems": items, **params}))["importId"]
    pieces: list[dict[str, Any]] = []

    def is_end(message: dict[str, Any]) -> bool:
        if message.get("method") == PROGRESS:
            pieces.extend(message["params"]["itemTypeResults"])
        return message.get("method") == COMPLETED

    told = (await probe.next(is_end, COMPLETED))["params"]
    assert told["importId"] == import_id
    results = told["itemTypeResults"]
    for result in results:
        of_kind = [one for one in pieces if one["itemType"] == result["itemType"]]
        assert [success for one in of_kind for success in one["successes"]] == result["successes"]
    return {result["itemType"]: result for result in results}


def targets(result: dict[str, list[Any]]) -> list[str]:
    """Return where what was taken over went."""
    return [success["target"] for success in result["successes"]]


async def test_everything_of_a_project_is_taken_over_once(lab: Lab, probe: Probe) -> None:
    of_project(lab)
    cwd = str(lab.cwd)
    items = await detected(probe, cwds=[cwd])
    details: dict[str, dict[str, Any]] = {item["itemType"]: item["details"] or {} for item in items}
    assert {item["cwd"] for item in items} == {cwd}
    assert {kind: {name: found for name, found in of.items() if found} for kind, of in details.items()} == {
        "CONFIG": {},
        "MCP_SERVER_CONFIG": {"mcpServers": [{"name": "docs"}]},
        "HOOKS": {"hooks": [{"name": "PreToolUse"}]},
        "SKILLS": {"skills": [{"name": "one"}]},
        "COMMANDS": {"commands": [{"name": "source-command-do-it"}]},
        "SUBAGENTS": {"subagents": [{"name": "looker"}]},
        "AGENTS_MD": {},
    }
    results = await imported(probe, items)
    config = str(lab.cwd / ".codex/config.toml")
    assert {kind: targets(result) for kind, result in results.items()} == {
        "CONFIG": [config],
        "SKILLS": ["one"],
        "AGENTS_MD": [str(lab.cwd / "AGENTS.md")],
        "MCP_SERVER_CONFIG": ["docs"],
        "SUBAGENTS": ["looker"],
        "HOOKS": ["PreToolUse"],
        "COMMANDS": ["source-command-do-it"],
    }
    assert (lab.cwd / "AGENTS.md").read_text() == "Codex reads AGENTS.md here.\n"
    assert (lab.cwd / ".agents/skills/one/more/notes.md").read_text() == "Notes.\n"
    assert "Do it." in (lab.cwd / ".agents/skills/source-command-do-it/SKILL.md").read_text()
    assert 'developer_instructions = "You look."' in (lab.cwd / ".codex/agents/looker.toml").read_text()
    hooks = json.loads((lab.cwd / ".codex/hooks.json").read_text())["hooks"]
    assert hooks == {
        "PreToolUse": [{"matcher": "Bash", "hooks": [{"type": "command", "command": "echo hook", "timeout": 5}]}]
    }
    text = (lab.cwd / ".codex/config.toml").read_text()
    assert 'env_vars = ["K"]' in text
    assert "opus" not in text
    assert await detected(probe, cwds=[cwd]) == []
    again = await imported(probe, items)
    assert [result["successes"] for result in again.values()] == [[] for _ in again]
    assert (lab.cwd / ".codex/config.toml").read_text() == text
    latest, first = (await probe.request(f"{IMPORT}/readHistories"))["data"]
    assert latest["successes"] == []
    assert len(first["successes"]) == len(results)


async def test_what_another_program_took_over_is_noted(probe: Probe) -> None:
    outcome = {"itemType": "SKILLS", "source": "x", "target": "y"}
    failure = {"itemType": "SKILLS", "failureStage": "copy", "message": "no"}
    results = [{"itemType": "SKILLS", "successes": [outcome], "failures": [failure]}]
    record = {"providerId": "other", "itemTypeResults": results}
    import_id = (await probe.request(f"{IMPORT}/recordHistory", record))["importId"]
    [past] = (await probe.request(f"{IMPORT}/readHistories"))["data"]
    assert (past["importId"], past["providerId"]) == (import_id, "other")
    assert past["successes"] == [{**outcome, "cwd": None, "title": None}]
    assert [(each["failureStage"], each["message"]) for each in past["failures"]] == [("copy", "no")]
    refusal = await probe.refusal(IMPORT, {"migrationItems": [{"itemType": "MEMORY", "description": "d"}]})
    assert refusal.code == -32600


async def test_a_conversation_goes_on_as_a_thread(lab: Lab, probe: Probe) -> None:
    call = {"type": "tool_use", "id": "t", "name": "Bash", "input": {"command": "ls"}}
    result = {"type": "tool_result", "tool_use_id": "t", "content": "a.txt"}
    said: list[tuple[str, Any]] = [
        ("user", "What is a zyzzyva?"),
        ("assistant", [{"type": "thinking", "thinking": "hidden"}, {"type": "text", "text": "I look."}, call]),
        ("user", [result]),
        ("assistant", "A weevil."),
    ]
    path = transcript(lab, "talk", *said)
    with path.open("a") as file:
        file.write('not JSON\n{"type":"custom-title","customTitle":"Weevils"}\n')
    [item] = await detected(probe, includeHome=True)
    assert item["details"]["sessions"] == [{"path": str(path), "cwd": str(lab.cwd), "title": "Weevils"}]
    [thread_id] = targets((await imported(probe, [item]))["SESSIONS"])
    [listed] = (await probe.request("thread/list", {}))["data"]
    assert (listed["id"], listed["name"], listed["preview"]) == (thread_id, "Weevils", "What is a zyzzyva?")
    assert (listed["cwd"], listed["source"], listed["modelProvider"]) == (str(lab.cwd), "vscode", "scripted")
    read = (await probe.request("thread/read", {"threadId": thread_id, "includeTurns": True}))["thread"]
    assert [turn["status"] for turn in read["turns"]] == ["completed"]
    items = read["turns"][0]["items"]
    assert items[0]["content"][0]["text"] == "What is a zyzzyva?"
    texts = [each["text"] for each in items[1:] if "EXTERNAL SESSION" not in each["text"]]
    assert texts[-1] == "A weevil."
    assert "ls" in texts[0]
    assert "a.txt" in texts[1]
    assert not any("hidden" in text for text in texts)
    [hit] = (await probe.request("thread/search", {"searchTerm": "zyzzyva"}))["data"]
    assert hit["thread"]["id"] == thread_id
    assert await detected(probe, includeHome=True) == []
    # It went on there.
    transcript(lab, "talk", ("user", "Thanks."), ("assistant", "Any time."))
    [item] = await detected(probe, includeHome=True)
    assert targets((await imported(probe, [item]))["SESSIONS"]) == [thread_id]
    lab.script(answer(message("Yes.")))
    await probe.request("thread/resume", {"threadId": thread_id})
    await probe.run_turn(thread_id, "Do they fly?")
    assert [text for text in lab.model.requests[0].texts("user") if not text.startswith("<")] == [
        "What is a zyzzyva?",
        "Thanks.",
        "Do they fly?",
    ]
    read = (await probe.request("thread/read", {"threadId": thread_id, "includeTurns": True}))["thread"]
    assert len(read["turns"]) == 3


async def test_only_what_is_chosen_is_taken_over_and_what_is_broken_is_told(lab: Lab, probe: Probe) -> None:
    write(lab.home / ".claude/settings.json", "{broken")
    write(lab.home / ".claude.json", {"mcpServers": {"a": {"command": "a"}, "b": {"type": "sse", "url": "http://b/"}}})
    for name in ("one", "two"):
        write(lab.home / f".claude/skills/{name}/SKILL.md", f"---\nname: {name}\ndescription: For tests.\n---\nText.\n")
    (lab.home / ".claude/skills/bad").mkdir()
    (lab.home / ".claude/skills/bad/SKILL.md").write_bytes(b"---\nname: \xff\n")
    items = {item["itemType"]: item for item in await detected(probe, includeHome=True)}
    assert set(items) == {"CONFIG", "HOOKS", "PLUGINS", "MCP_SERVER_CONFIG", "SKILLS"}
    items["SKILLS"]["details"]["skills"] = [{"name": "two"}]
    results = await imported(probe, list(items.values()))
    assert {kind: targets(result) for kind, result in results.items() if result["successes"]} == {
        "MCP_SERVER_CONFIG": ["a"],
        "SKILLS": ["two"],
    }
    reasons = {kind: [each["message"] for each in result["failures"]] for kind, result in results.items()}
    assert "not JSON" in reasons["CONFIG"][0]
    assert "not JSON" in reasons["HOOKS"][0]
    assert "sse" in reasons["MCP_SERVER_CONFIG"][0]
    assert "UTF-8" in reasons["SKILLS"][0]
    [entry] = (await probe.request("skills/list", {"cwds": [str(lab.cwd)], "forceReload": True}))["data"]
    assert "two" in [skill["name"] for skill in entry["skills"]]
    refusal = await probe.refusal(DETECT, {"cwds": ["relative"]})
    assert "cwds[0]" in refusal.message


async def test_what_cursor_left_is_taken_over_when_it_is_asked_for(lab: Lab, probe: Probe) -> None:
    cursor = lab.cwd / ".cursor"
    write(cursor / "mcp.json", {"mcpServers": {"docs": {"command": "docs", "env": {"A": "b"}}}})
    write(cursor / "hooks.json", {"version": 1, "hooks": {"stop": [{"command": "true", "timeout": 5}]}})
    write(cursor / "skills/one/SKILL.md", "---\nname: one\ndescription: For tests.\n---\nThe body.\n")
    write(cursor / "agents/looker.md", "---\nname: looker\ndescription: Looks.\n---\nYou look.\n")
    write(lab.cwd / ".cursorrules", "Cursor is told this.\n")
    where: dict[str, Any] = {"cwds": [str(lab.cwd)]}
    assert await detected(probe, **where) == []
    items = await detected(probe, **where, migrationSource="cursor")
    results = await imported(probe, items, migrationSource="cursor")
    assert {kind: targets(result) for kind, result in results.items()} == {
        "MCP_SERVER_CONFIG": ["docs"],
        "HOOKS": ["Stop"],
        "SKILLS": ["one"],
        "SUBAGENTS": ["looker"],
        "AGENTS_MD": [str(lab.cwd / "AGENTS.md")],
    }
    assert (lab.cwd / "AGENTS.md").read_text() == "Codex is told this.\n"
    hooks = json.loads((lab.cwd / ".codex/hooks.json").read_text())
    assert hooks == {"hooks": {"Stop": [{"hooks": [{"type": "command", "command": "true", "timeout": 5}]}]}}
    assert await detected(probe, **where, migrationSource="cursor") == []
