"""Which skills there are for a folder, which are on, and what is told when they change."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
import trio
from skill_lab import SkillLab, write_skill

from codex_trio.config.write import effective_stack, write_edits
from codex_trio.extensions.plugin_parts import PluginParts
from codex_trio.extensions.sets import ExtensionSets
from codex_trio.extensions.skills.mentions import read_named
from codex_trio.extensions.skills.scan import ScanBounds, SkillScanner
from codex_trio.extensions.skills.skill import SkillProblem, SkillRoot
from codex_trio.extensions.skills.switches import SkillSelector, SkillSwitches, switch_edit


@pytest.fixture
def lab(tmp_path: Path) -> SkillLab:
    made = SkillLab(tmp_path)
    made.configure()
    return made


# Where they come from


async def test_skills_are_found_in_every_place_in_one_order(lab: SkillLab, tmp_path: Path) -> None:
    inner = lab.project / "sub"
    write_skill(lab.project / ".codex/skills/b", "b-project")
    write_skill(lab.project / ".agents/skills/deep/er/a", "a-deep")
    write_skill(inner / ".agents/skills/inner", "inner")
    write_skill(lab.home / ".agents/skills/home", "home")
    write_skill(lab.codex_home / "skills/user", "user")
    write_skill(lab.codex_home / "skills/.system/other", "system-of-the-home")
    write_skill(lab.codex_home / "skills/.hidden/x", "hidden")
    write_skill(tmp_path / "etc/skills/admin", "admin")
    write_skill(tmp_path / "extra/e", "extra")
    lab.sets.skills.set_extra_roots([tmp_path / "extra"])
    lab.settings = ""
    lab.configure()
    bundled = [("agents-md", "system"), ("hook-writer", "system"), ("skill-creator", "system")]
    assert await lab.skills(inner) == [
        ("a-deep", "repo"),
        ("b-project", "repo"),
        ("inner", "repo"),
        ("extra", "user"),
        ("home", "user"),
        ("user", "user"),
        *bundled,
        ("system-of-the-home", "system"),
        ("admin", "admin"),
    ]
    assert ("inner", "repo") not in await lab.skills(lab.project)
    lab.settings = "[skills.bundled]\nenabled = false\n"
    lab.configure()
    assert ("agents-md", "system") not in await lab.skills()


async def test_the_skills_that_come_along_are_all_right(lab: SkillLab) -> None:
    lab.settings = ""
    lab.configure()
    listing = await lab.listing()
    assert len(listing.skills) == 3
    assert all(skill.is_offered and skill.file.details.interface for skill in listing.skills)
    assert listing.problems == ()


async def test_a_skill_may_be_for_some_products_only(lab: SkillLab) -> None:
    for name, products in (("ours", "[codex, x]"), ("other", "[x]"), ("all", "[]")):
        write_skill(lab.home / f".agents/skills/{name}", name, beside=f"policy:\n  products: {products}\n")
    assert [name for name, _ in await lab.skills()] == ["all", "ours"]


async def test_a_plugin_brings_skills_under_its_name(lab: SkillLab, tmp_path: Path) -> None:
    root = tmp_path / "plugin"
    write_skill(root / "skills/x", "x")
    parts = PluginParts(id="p@market", name="p", root=root, data=tmp_path, skill_roots=(root / "skills",))

    async def plugins(_config: object) -> list[PluginParts]:
        await trio.lowlevel.checkpoint()
        return [parts]

    sets = ExtensionSets(lab.config.paths, lab.watches, skills_changed=lambda: None, plugins=plugins)
    (skill,) = (await sets.of(lab.config.load())).skills.skills
    assert (skill.name, skill.root.scope, skill.root.plugin_id) == ("p:x", "user", "p@market")


# Trust


async def test_what_an_untrusted_project_brings_is_not_offered(lab: SkillLab) -> None:
    write_skill(lab.project / ".agents/skills/one", "one")
    assert (await lab.one("one")).is_offered
    lab.configure(trusted=False)
    skill = await lab.one("one")
    assert skill.is_enabled
    assert not skill.is_offered


async def test_trust_in_a_folder_within_counts_for_that_folder(lab: SkillLab) -> None:
    inner = lab.project / "sub"
    write_skill(lab.project / ".agents/skills/outer", "outer")
    write_skill(inner / ".agents/skills/inner", "inner")
    lab.configure(f'[projects."{inner}"]\ntrust_level = "trusted"\n', trusted=False)
    offered = {skill.name: skill.is_offered for skill in (await lab.listing(inner)).skills}
    assert offered == {"inner": True, "outer": False}


# Switches


@pytest.mark.parametrize("by", ["name", "path"])
async def test_a_skill_is_switched_off_and_on(lab: SkillLab, by: str) -> None:
    path = write_skill(lab.home / ".agents/skills/one", "one")
    selector = SkillSelector(name="one") if by == "name" else SkillSelector(path=str(path))
    for enabled in (False, False, True, True):
        write_edits(lab.config, [switch_edit(effective_stack(lab.config), selector, enabled=enabled)])
        assert SkillSwitches(effective_stack(lab.config)).chosen(selector) is enabled
        assert (await lab.one("one")).is_enabled is enabled
    assert "config" not in (lab.codex_home / "config.toml").read_text()


async def test_a_project_switches_nothing(lab: SkillLab) -> None:
    write_skill(lab.home / ".agents/skills/one", "one")
    (lab.project / ".codex").mkdir()
    (lab.project / ".codex/config.toml").write_text('[[skills.config]]\nname = "one"\nenabled = false\n')
    assert (await lab.one("one")).is_enabled


# What goes wrong


async def test_what_is_no_skill_is_said_with_its_reason(lab: SkillLab) -> None:
    root = lab.home / ".agents/skills"
    write_skill(root / "good", "good", beside="policy: [[[\n")
    (root / "pipe").mkdir()
    os.mkfifo(root / "pipe/SKILL.md")
    write_skill(root / "pipe-beside", "pipe-beside", beside="x")
    (root / "pipe-beside/agents/openai.yaml").unlink()
    os.mkfifo(root / "pipe-beside/agents/openai.yaml")
    (root / "folder/SKILL.md").mkdir(parents=True)
    (root / "nowhere").mkdir()
    (root / "nowhere/SKILL.md").symlink_to(root / "gone")
    (root / "bytes").mkdir()
    (root / "bytes/SKILL.md").write_bytes(b"\xff")
    (root / "bomb").mkdir()
    (root / "bomb/SKILL.md").write_text(f"---\na: {'[' * 1000}\n---\n")
    listing = await lab.listing()
    assert [skill.name for skill in listing.skills] == ["good", "pipe-beside"]
    assert {problem.path.removeprefix(f"{root}/"): problem.message for problem in listing.problems} == {
        "good/agents/openai.yaml": "invalid YAML: did not find expected node content at line 2, column 1",
        "pipe/SKILL.md": "failed to read file: is a named pipe, not a regular file",
        "pipe-beside/agents/openai.yaml": "failed to read file: is a named pipe, not a regular file",
        "folder/SKILL.md": "failed to read file: is a folder",
        "nowhere/SKILL.md": "failed to read file: No such file or directory",
        "bytes/SKILL.md": "not UTF-8 text (byte 0)",
        "bomb/SKILL.md": "invalid YAML: is nested more than 16 levels deep",
    }


async def test_links_lead_where_the_user_put_them_but_not_out_of_a_project(lab: SkillLab, tmp_path: Path) -> None:
    write_skill(tmp_path / "outside/x", "outside")
    write_skill(lab.project / "tools/y", "within")
    for root in (lab.project / ".agents/skills", lab.home / ".agents/skills"):
        root.mkdir(parents=True)
        (root / "loop").symlink_to(root)
    (lab.home / ".agents/skills/x").symlink_to(tmp_path / "outside/x")
    (lab.project / ".agents/skills/x").symlink_to(tmp_path / "outside/x")
    (lab.project / ".agents/skills/y").symlink_to("../../tools/y")
    (lab.project / ".agents/skills/z").mkdir()
    (lab.project / ".agents/skills/z/SKILL.md").symlink_to(tmp_path / "outside/x/SKILL.md")
    listing = await lab.listing()
    assert [(skill.name, skill.root.scope) for skill in listing.skills] == [("within", "repo"), ("outside", "user")]
    assert {problem.path.removeprefix(f"{lab.project}/") for problem in listing.problems} == {
        ".agents/skills/x",
        ".agents/skills/z/SKILL.md",
    }
    assert all("leads out of" in problem.message for problem in listing.problems)


def test_what_is_looked_at_below_a_root_has_bounds(tmp_path: Path) -> None:
    for number in range(9):
        write_skill(tmp_path / f"s{number}", f"s{number}")
    deep = tmp_path / "/".join(["s0", "d"] * 8)
    write_skill(deep, "deep")
    root = SkillRoot(path=tmp_path, scope="user")
    many = SkillScanner(ScanBounds(folders=5)).scan(root)
    assert [file.name for file in many.files] == ["s0", "s1", "s2", "s3"]
    assert many.problems == (SkillProblem(str(tmp_path), "has more than 5 folders; the others were not looked into"),)
    found = SkillScanner().scan(root)
    assert len(found.files) == 9
    assert [problem.message for problem in found.problems] == ["is more than 6 folders deep and was not looked into"]
    cut = SkillScanner(ScanBounds(entries=4)).scan(root)
    assert len(cut.files) == 4
    assert SkillProblem(str(tmp_path), "has 4 names or more; no others were looked at") in cut.problems


def test_a_file_is_read_again_only_when_it_looks_another(tmp_path: Path) -> None:
    path = write_skill(tmp_path / "one", "one")
    scanner, root = SkillScanner(ScanBounds(settled_ns=0)), SkillRoot(path=tmp_path, scope="user")
    (before,) = scanner.scan(root).files
    assert scanner.scan(root).files[0] is before
    path.write_text(path.read_text().replace("For tests.", "For others."))
    assert scanner.scan(root).files[0].description == "For others."


# Changes


async def test_what_changes_is_told_and_found(lab: SkillLab) -> None:
    path = write_skill(lab.home / ".agents/skills/one", "one")
    async with lab.running():
        for change in (
            lambda: write_skill(lab.home / ".agents/skills/two", "two"),
            lambda: path.write_text(path.read_text().replace("For tests.", "For others.")),
            # A folder that nobody had when it was asked for.
            lambda: write_skill(lab.project / ".agents/skills/three", "three"),
        ):
            kept = None
            while kept is not (listing := await lab.listing()):
                # From now on nothing is looked at until the kernel tells of a change.
                kept = listing
                await trio.sleep(0.01)
            told = trio.Event()
            lab.on_told = told.set
            change()
            await told.wait()
        assert [name for name, _ in await lab.skills()] == ["three", "one", "two"]
        assert (await lab.one("one")).file.description == "For others."


# Being named


def named(content: list[dict[str, str]] | str) -> list[dict[str, str]]:
    """Return an input."""
    return [{"type": "text", "text": content}] if isinstance(content, str) else content


async def test_skills_are_named_in_several_ways(lab: SkillLab) -> None:
    for name in ("one", "two", "three:four", "HOME", "hidden"):
        beside = "policy:\n  allow_implicit_invocation: false\n" if name == "hidden" else ""
        write_skill(lab.home / f".agents/skills/{name}", name, beside=beside, body=f"body of {name}")
    listing = await lab.listing()

    def names(content: list[dict[str, str]] | str) -> list[str]:
        found = read_named(listing, named(content))
        assert found.warnings == ()
        return [skill.name for skill, _ in found.texts]

    assert names("use $two and $one, $two") == ["one", "two"]
    assert names("then ($one).") == ["one"]
    assert names("$three:four: go") == ["three:four"]
    assert names("$hidden") == ["hidden"]
    assert names("echo $HOME $NOPE US$one \\$one $$one $5") == []
    assert names(f"see [$two]({(await lab.one('two')).path})") == ["two"]
    assert names([{"type": "skill", "name": "whatever", "path": (await lab.one("one")).path}]) == ["one"]
    ((_, text),) = read_named(listing, named("$one")).texts
    assert text == "---\nname: one\ndescription: For tests.\n---\nbody of one\n"


async def test_a_name_that_is_not_clear_is_told_and_not_guessed(lab: SkillLab) -> None:
    first = write_skill(lab.home / ".agents/skills/one", "same")
    second = write_skill(lab.codex_home / "skills/one", "same")
    of_project = write_skill(lab.project / ".agents/skills/one", "same")
    listing = await lab.listing()
    assert read_named(listing, named("$same")).texts == ()
    (warning,) = read_named(listing, named("$same")).warnings
    assert all(str(path) in warning for path in (first, second, of_project))
    pointed = read_named(listing, named(f"[$same]({second}) and $same"))
    assert ([skill.path for skill, _ in pointed.texts], pointed.warnings) == ([str(second)], ())
    # What a project that nobody trusts calls the same takes nothing from the user.
    first.unlink()
    lab.configure(trusted=False)
    assert [skill.path for skill, _ in read_named(await lab.listing(), named("$same")).texts] == [str(second)]


async def test_what_cannot_be_had_is_told(lab: SkillLab) -> None:
    path = write_skill(lab.home / ".agents/skills/off", "off")
    gone = write_skill(lab.home / ".agents/skills/gone", "gone")
    lab.settings += '[[skills.config]]\nname = "off"\nenabled = false\n'
    lab.configure()
    listing = await lab.listing()
    gone.unlink()
    found = read_named(
        listing,
        named(
            [
                {"type": "skill", "name": "off", "path": str(path)},
                {"type": "skill", "name": "none", "path": "/none/SKILL.md"},
                {"type": "skill", "name": "gone", "path": str(gone)},
            ]
        ),
    )
    assert found.texts == ()
    assert [warning.split(": ")[0] for warning in found.warnings] == [
        "Went on without the skill `off`",
        "Went on without the skill `none`",
        "Went on without the skill `gone`",
    ]


async def test_a_long_skill_is_cut_and_says_so(lab: SkillLab) -> None:
    write_skill(lab.home / ".agents/skills/long", "long", body="x" * 300_000)
    ((_, text),) = read_named(await lab.listing(), named("$long")).texts
    assert len(text) < 263_000
    assert text.endswith("[cut after 262144 bytes: the rest is in the file]\n")
