"""Skills: what clients see of them, which are on, and what the model is told."""

import contextlib
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import pytest

from codex_trio.conformance.lab import Lab
from codex_trio.conformance.probe import Probe
from codex_trio.testing.model_script import answer, message

TAG = "<skills_instructions>"


def write_skill(folder: Path, name: str, *, description: str = "For tests.", beside: str = "") -> Path:
    """Write a skill into a folder, with a text for the file beside it; return its file."""
    folder.mkdir(parents=True)
    path = folder / "SKILL.md"
    path.write_text(f"---\nname: {name}\ndescription: {description}\n---\nThe body of {name}.\n")
    if beside:
        (folder / "agents").mkdir()
        (folder / "agents" / "openai.yaml").write_text(beside)
    return path


@contextlib.asynccontextmanager
async def running(lab: Lab, *, trust: str = "trusted") -> AsyncGenerator[Probe]:
    """Run the server with a project that is trusted, or is not."""
    lab.configure(tables=f'[projects."{lab.cwd}"]\ntrust_level = "{trust}"\n')
    async with lab.run() as probe:
        yield probe


async def listed(lab: Lab, probe: Probe, cwd: str | None = None) -> list[dict[str, Any]]:
    """Return the skills for a folder, by default the server's, but for those that come along with the server."""
    (entry,) = (await probe.request("skills/list", {"cwds": [cwd or str(lab.cwd)], "forceReload": True}))["data"]
    assert entry["errors"] == []
    return [skill for skill in entry["skills"] if skill["scope"] != "system"]


async def test_skills_of_the_project_and_of_the_user_are_listed(lab: Lab) -> None:
    of_project = write_skill(lab.cwd / ".agents/skills/one", "one", description="Use when: a test runs")
    of_user = write_skill(lab.codex_home / "skills/two", "two")
    of_home = write_skill(
        lab.home / ".agents/skills/three",
        "three",
        beside="interface:\n  display_name: Three\n  icon_small: assets/three.png\ndependencies:\n  tools:\n"
        "    - {type: mcp, value: docs}\n",
    )
    async with running(lab) as probe:
        skills = await listed(lab, probe)
    interface = {
        "displayName": "Three",
        "shortDescription": None,
        "iconSmall": f"{of_home.parent}/assets/three.png",
        "iconLarge": None,
        "iconSmallUrl": None,
        "iconLargeUrl": None,
        "brandColor": None,
        "defaultPrompt": None,
    }
    common = {"enabled": True, "pluginId": None}
    assert skills == [
        {
            "name": "one",
            "description": "Use when: a test runs",
            "path": str(of_project),
            "scope": "repo",
            **common,
        },
        {
            "name": "three",
            "description": "For tests.",
            "interface": interface,
            "dependencies": {"tools": [{"type": "mcp", "value": "docs"}]},
            "path": str(of_home),
            "scope": "user",
            **common,
        },
        {"name": "two", "description": "For tests.", "path": str(of_user), "scope": "user", **common},
    ]


async def test_a_file_that_is_no_skill_is_an_error_of_its_folder(lab: Lab) -> None:
    path = lab.cwd / ".agents/skills/none/SKILL.md"
    path.parent.mkdir(parents=True)
    path.write_text("Just text.\n")
    async with running(lab) as probe:
        answered = await probe.request("skills/list", {"cwds": [".", str(lab.home)]})
    here, elsewhere = answered["data"]
    assert here["cwd"] == "."
    assert here["errors"] == [{"path": str(path), "message": "missing YAML frontmatter delimited by ---"}]
    assert elsewhere["cwd"] == str(lab.home)
    assert elsewhere["errors"] == []


async def test_further_folders_are_looked_into_while_the_server_runs(lab: Lab) -> None:
    write_skill(lab.base / "extra/one", "one")
    async with running(lab) as probe:
        assert await probe.request("skills/extraRoots/set", {"extraRoots": [str(lab.base / "extra")]}) == {}
        await probe.until("skills/changed")
        assert [(skill["name"], skill["scope"]) for skill in await listed(lab, probe)] == [("one", "user")]
        refused = await probe.refusal("skills/extraRoots/set", {"extraRoots": ["extra"]})
        assert refused.code == -32600
        await probe.request("skills/extraRoots/set", {"extraRoots": []})
        assert await listed(lab, probe) == []


async def test_a_changed_file_is_told(lab: Lab) -> None:
    path = write_skill(lab.codex_home / "skills/one", "one")
    async with running(lab) as probe:
        await probe.start_thread()
        await listed(lab, probe)
        path.write_text(path.read_text().replace("For tests.", "For others."))
        await probe.until("skills/changed")
        (skill,) = await listed(lab, probe)
    assert skill["description"] == "For others."


@pytest.mark.parametrize("by", ["name", "path"])
async def test_a_skill_is_switched_off_and_on(lab: Lab, by: str) -> None:
    path = write_skill(lab.codex_home / "skills/one", "one")
    selector = {"name": "one"} if by == "name" else {"path": str(path)}
    async with running(lab) as probe:
        for enabled in (False, True):
            answered = await probe.request("skills/config/write", {**selector, "enabled": enabled})
            assert answered == {"effectiveEnabled": enabled}
            assert [skill["enabled"] for skill in await listed(lab, probe)] == [enabled]
            assert ("[[skills.config]]" in (lab.codex_home / "config.toml").read_text()) is not enabled
        for wrong in ({}, {"name": "one", "path": str(path)}, {"name": " "}):
            refused = await probe.refusal("skills/config/write", {**wrong, "enabled": False})
            assert (refused.code, refused.message) == (
                -32602,
                "skills/config/write requires exactly one of path or name",
            )


async def test_the_model_is_told_of_skills_and_given_those_that_are_named(lab: Lab) -> None:
    one = write_skill(lab.cwd / ".agents/skills/one", "one")
    two = write_skill(lab.codex_home / "skills/two", "two")
    write_skill(lab.codex_home / "skills/quiet", "quiet", beside="policy:\n  allow_implicit_invocation: false\n")
    lab.script(answer(message("ok")), answer(message("ok")))
    async with running(lab) as probe:
        thread_id = (await probe.start_thread())["id"]
        turn = await probe.run_turn(thread_id, "use $two and $one, not $none")
        assert turn.status == "completed"
        part = {"type": "skill", "name": "quiet", "path": str(lab.codex_home / "skills/quiet/SKILL.md")}
        again = await probe.run_turn(thread_id, [{"type": "text", "text": "hi", "text_elements": []}, part])
        assert again.items("userMessage")[0]["content"][1] == part
    first, second = lab.model.requests
    (told,) = (text for text in first.texts("developer") if text.startswith(TAG))
    assert "- one: For tests. (file: r" in told
    assert "- two: For tests. (file: r" in told
    assert "- quiet:" not in told
    assert first.texts("user")[-3:] == [
        "use $two and $one, not $none",
        *(
            f"<skill>\n<name>{name}</name>\n<path>{path}</path>\n{path.read_text()}\n</skill>"
            for name, path in (("one", one), ("two", two))
        ),
    ]
    assert [text for text in second.texts("user") if "<name>quiet</name>" in text]


async def test_an_untrusted_project_tells_the_model_nothing_unasked(lab: Lab) -> None:
    write_skill(lab.cwd / ".agents/skills/one", "one")
    lab.script(answer(message("ok")), answer(message("ok")))
    async with running(lab, trust="untrusted") as probe:
        assert [skill["name"] for skill in await listed(lab, probe)] == ["one"]
        thread_id = (await probe.start_thread())["id"]
        await probe.run_turn(thread_id, "go")
        assert not any("- one:" in text for text in lab.model.requests[0].texts("developer"))
        # Who names it has chosen it.
        await probe.run_turn(thread_id, "use $one")
        assert any("<name>one</name>" in text for text in lab.model.requests[1].texts("user"))
