"""A configuration home with a project beside it, for one test."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from codex_trio.config.service import ConfigService

MOCK_PROVIDER = """
[model_providers.mock]
name = "Mock"
base_url = "http://127.0.0.1:9/v1"
wire_api = "responses"
request_max_retries = 0
"""


class Setting:
    """The folders of one test: `home` for the user's file, `etc` for the machine's, `project` as working folder."""

    def __init__(self, base: Path) -> None:
        self.base = base
        self.home = base / "codex"
        self.etc = base / "etc"
        self.project = base / "project"
        for folder in (self.home, self.etc, self.project):
            folder.mkdir()

    @property
    def user_file(self) -> Path:
        return self.home / "config.toml"

    def user(self, text: str) -> None:
        self.user_file.write_text(text, encoding="utf-8")

    def system(self, text: str) -> None:
        (self.etc / "config.toml").write_text(text, encoding="utf-8")

    def project_file(self, text: str, folder: str = "") -> Path:
        path = self.project / folder / ".codex" / "config.toml"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path

    def trust(self, folder: Path | None = None, level: str = "trusted") -> str:
        return f'[projects."{folder or self.project}"]\ntrust_level = "{level}"\n'

    def service(
        self, *flags: tuple[str, Any], environ: Mapping[str, str] | None = None, strict: bool = False
    ) -> ConfigService:
        return ConfigService(
            self.home,
            environ={"HOME": str(self.base), **(environ or {})},
            cli_overrides=flags,
            system_dir=self.etc,
            cwd=self.project,
            strict=strict,
        )
