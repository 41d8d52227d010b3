"""What the model is told of skills: which there are, and what is in those that the user names."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import trio
from session_lab import Bench, Pause, completed, items, message, open_session, says, told, user_input
from trio.testing import MockClock

from codex_trio.domain.ids import uuid7
from codex_trio.engine import events, skill_texts
from codex_trio.engine.turn_request import TurnRequest, UserInput
from codex_trio.extensions.plugin_parts import PluginParts
from codex_trio.extensions.sets import ExtensionSet
from codex_trio.extensions.skills.skill import Skill, SkillDetails, SkillFile, SkillListing, SkillRoot
from codex_trio.model.request import ModelRequest


@pytest.fixture
def clock() -> MockClock:
    """Runs like any other."""
    return MockClock(rate=1.0)


def skill(folder: Path, name: str, **more: Any) -> Skill:
    """Write a skill, and return it."""
    path = folder / name / "SKILL.md"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"body of {name}")
    details = SkillDetails(is_implicit=more.pop("is_implicit", True))
    file = SkillFile(path=str(path), name=name, description=f"What {name} is for.", details=details)
    root = SkillRoot(path=folder, scope="user", is_trusted=more.pop("is_trusted", True))
    return Skill(name=name, file=file, root=root, is_enabled=more.pop("is_enabled", True))


class Brought:
    """What the folder of a session brings along; it may be exchanged."""

    def __init__(self, *skills: Skill) -> None:
        self.skills = skills
        self.plugins: tuple[PluginParts, ...] = ()

    async def __call__(self, _settings: object) -> ExtensionSet:
        await trio.lowlevel.checkpoint()
        return ExtensionSet(skills=SkillListing(skills=self.skills), plugins=self.plugins)


def texts(request: ModelRequest, role: str) -> list[str]:
    """Return the texts of a role in a request."""
    return [part["text"] for item in items(request) if item.get("role") == role for part in item["content"]]


def skills_told(request: ModelRequest) -> list[str]:
    """Return what a request says of the skills that there are."""
    return [text for text in texts(request, "developer") if text.startswith(skill_texts.SKILLS_TAG)]


def given(bench: Bench) -> list[str]:
    """Return the skills that the last request has, in their order, each by the last line of its text."""
    found = [text for text in texts(bench.client.requests[-1], "user") if text.startswith("<skill>")]
    return [text.splitlines()[-2] for text in found]


async def test_the_model_is_told_of_skills_once_and_when_others_are_there(tmp_path: Path, clock: MockClock) -> None:
    one, two = skill(tmp_path, "one"), skill(tmp_path, "two")
    others = [
        skill(tmp_path, "by-name-only", is_implicit=False),
        skill(tmp_path, "off", is_enabled=False),
        skill(tmp_path, "untrusted", is_trusted=False),
    ]
    brought = Brought(one, *others)
    async with open_session(tmp_path, clock, responses=[says("ok")] * 4, extensions=brought) as bench:
        await bench.run("first")
        await bench.run("second")
        (text,) = skills_told(bench.client.requests[-1])
        assert f"- `r0` = `{tmp_path}`" in text
        assert "- one: What one is for. (file: r0/one/SKILL.md)" in text
        assert not any(other.name in text for other in others)
        brought.skills = (one, two)
        await bench.run("third")
        _, text = skills_told(bench.client.requests[-1])
        assert "- two: What two is for. (file: r0/two/SKILL.md)" in text
        brought.skills = ()
        await bench.run("fourth")
        assert skills_told(bench.client.requests[-1])[-1] == skill_texts.NO_SKILLS


def plugin(folder: Path, name: str, **more: Any) -> PluginParts:
    """Return a plugin, which brings a skill unless told otherwise."""
    given: dict[str, Any] = {"skill_roots": (folder,), **more}
    return PluginParts(id=f"{name}@m", name=name, root=folder, data=folder, **given)


async def test_the_model_is_told_of_plugins_that_bring_it_something(tmp_path: Path, clock: MockClock) -> None:
    def plugins_told() -> list[str]:
        told = texts(bench.client.requests[-1], "developer")
        return [text for text in told if text.startswith(skill_texts.PLUGINS_TAG)]

    brought = Brought()
    async with open_session(tmp_path, clock, responses=[says("ok")] * 4, extensions=brought) as bench:
        await bench.run("none yet")
        assert plugins_told() == []
        servers = {"tiny": {"command": "tiny"}}
        brought.plugins = (
            plugin(tmp_path, "alpha", title="The\n# Alpha", mcp_servers=servers),
            plugin(tmp_path, "hooks-only", skill_roots=(), hooks=({},)),
        )
        await bench.run("first")
        await bench.run("second")
        (text,) = plugins_told()
        assert "\n- alpha (The # Alpha); MCP servers: tiny\n" in text
        assert "hooks-only" not in text
        brought.plugins = ()
        await bench.run("third")
        assert plugins_told() == [text, skill_texts.NO_PLUGINS]


def test_of_many_plugins_some_are_told(tmp_path: Path) -> None:
    servers: dict[str, Any] = {f"s{number}": {} for number in range(30)}
    many = [plugin(tmp_path, f"p{number}", title="x" * 5000, mcp_servers=servers) for number in range(500)]
    text = skill_texts.plugins_text(many) or ""
    assert "\n- ... and 400 more.\n" in text
    assert "s9, ...\n" in text
    assert len(text) < 20_000


async def test_skills_that_a_user_names_are_given_after_the_words(tmp_path: Path, clock: MockClock) -> None:
    brought = Brought(skill(tmp_path, "one"), skill(tmp_path, "two"))
    async with open_session(tmp_path, clock, responses=[says("ok")] * 2, extensions=brought) as bench:
        await bench.run("use $two, then $one")
        assert given(bench) == ["body of one", "body of two"]
        sent = texts(bench.client.requests[-1], "user")
        assert sent[-3] == "use $two, then $one"
        assert sent[-2] == f"<skill>\n<name>one</name>\n<path>{tmp_path}/one/SKILL.md</path>\nbody of one\n</skill>"
        shown = [event.item for event in bench.heard.of(events.ItemCompleted)]
        assert [type(item).__name__ for item in shown] == ["UserMessage", "AgentMessage"]
        part = {"type": "skill", "name": "one", "path": f"{tmp_path}/one/SKILL.md"}
        await bench.end_of(start(bench, UserInput(content=[{"type": "text", "text": "hi"}, part])))
        assert given(bench) == ["body of one", "body of two", "body of one"]


async def test_what_a_user_says_meanwhile_names_skills_too(tmp_path: Path, clock: MockClock) -> None:
    pause = Pause()
    script = [[message("first"), pause, completed()], says("second")]
    brought = Brought(skill(tmp_path, "one"))
    async with open_session(tmp_path, clock, responses=script, extensions=brought) as bench:
        turn = bench.begin("go")
        with trio.fail_after(30):
            await pause.reached.wait()
        pending = bench.session.add_input(user_input("and $one"), told())
        assert pending is not None
        await bench.session.store_input(pending)
        pause.go.set()
        await bench.end_of(turn)
        assert given(bench) == ["body of one"]
    async with open_session(tmp_path, clock, responses=[says("ok")], lines=bench.lines, extensions=brought) as again:
        await again.run("go on")
        assert given(again) == ["body of one"]


async def test_a_user_hears_why_a_skill_was_not_used(tmp_path: Path, clock: MockClock) -> None:
    brought = Brought(skill(tmp_path, "off", is_enabled=False))
    async with open_session(tmp_path, clock, responses=[says("ok")], extensions=brought) as bench:
        part = {"type": "skill", "name": "off", "path": f"{tmp_path}/off/SKILL.md"}
        await bench.end_of(start(bench, UserInput(content=[{"type": "text", "text": "hi"}, part])))
        (warning,) = bench.heard.of(events.ThreadWarning)
        assert "switched off" in warning.message
        assert given(bench) == []


def start(bench: Bench, said: UserInput) -> Any:
    """Begin a turn with an input."""
    turn = bench.make(TurnRequest(turn_id=uuid7(), input=said))
    bench.session.launch(turn)
    return turn


def test_a_long_list_is_told_in_short(tmp_path: Path) -> None:
    def many(count: int) -> list[Skill]:
        file = SkillFile(path=f"{tmp_path}/x/SKILL.md", name="x", description="d" * 2000)
        root = SkillRoot(path=tmp_path, scope="user")
        return [Skill(name=f"s{number}", file=file, root=root, is_enabled=True) for number in range(count)]

    few, some, lots = (skill_texts.skills_text(many(count)) or "" for count in (2, 100, 1000))
    assert "d" * 1024 + "..." in few
    assert "- s99: " in some
    assert "d" * 1024 not in some
    assert "more, in the same folders" in lots
    assert len(lots) < skill_texts.MAX_LIST + 5000
