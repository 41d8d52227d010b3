"""Folders with skills, and what finds them there."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import trio

from codex_trio.config.service import ConfigService
from codex_trio.extensions.sets import ExtensionSets
from codex_trio.extensions.skills.skill import Skill, SkillListing
from codex_trio.files.watches import FileWatches


def write_skill(
    folder: Path, name: str, *, description: str = "For tests.", body: str = "Do it.", beside: str = ""
) -> Path:
    """Write a skill into a folder, with a text for the file beside it; return its file."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "SKILL.md"
    path.write_text(f"---\nname: {name}\ndescription: {description}\n---\n{body}\n")
    if beside:
        (folder / "agents").mkdir(exist_ok=True)
        (folder / "agents" / "openai.yaml").write_text(beside)
    return path


class SkillLab:
    """A user with a home, and a project."""

    def __init__(self, base: Path) -> None:
        self.home, self.codex_home, self.project = base / "home", base / "codex", base / "project"
        for folder in (self.home, self.codex_home, self.project / ".git"):
            folder.mkdir(parents=True)
        (self.project / ".git" / "HEAD").write_text("ref: refs/heads/main\n")
        self.config = ConfigService(
            self.codex_home, environ={"HOME": str(self.home)}, system_dir=base / "etc", cwd=self.project
        )
        self.settings = "[skills.bundled]\nenabled = false\n"
        self.told = 0
        self.on_told: Callable[[], object] = lambda: None
        self.watches = FileWatches(quiet_seconds=0.01)
        self.sets = ExtensionSets(self.config.paths, self.watches, skills_changed=self._note)

    def _note(self) -> None:
        self.told += 1
        self.on_told()

    def configure(self, more: str = "", *, trusted: bool = True) -> None:
        """Write the user's settings."""
        level = "trusted" if trusted else "untrusted"
        text = f'{self.settings}{more}\n[projects."{self.project}"]\ntrust_level = "{level}"\n'
        (self.codex_home / "config.toml").write_text(text)

    async def listing(self, cwd: Path | None = None, *, anew: bool = False) -> SkillListing:
        """Return the skills for a folder, by default the project."""
        return (await self.sets.of(self.config.load(cwd), anew=anew)).skills

    async def skills(self, cwd: Path | None = None, *, anew: bool = False) -> list[tuple[str, str]]:
        """Return the names and scopes of the skills."""
        return [(skill.name, skill.root.scope) for skill in (await self.listing(cwd, anew=anew)).skills]

    async def one(self, name: str) -> Skill:
        """Return the skill of a name."""
        (found,) = (skill for skill in (await self.listing()).skills if skill.name == name)
        return found

    @asynccontextmanager
    async def running(self) -> AsyncGenerator[None]:
        """Follow what changes until the block ends, which is bounded in time."""
        with trio.fail_after(30):
            async with trio.open_nursery() as nursery:
                nursery.start_soon(self.watches.run)
                nursery.start_soon(self.sets.run)
                yield
                nursery.cancel_scope.cancel()
