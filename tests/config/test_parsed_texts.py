"""A text that was read before is not taken apart again, and a change to one file never shows in another's table."""

from pathlib import Path

from codex_trio.config import toml_text
from codex_trio.config.parsed_texts import ParsedTexts
from codex_trio.config.service import ConfigService
from codex_trio.config.write import ConfigEdit, write_config


def _service(home: Path, texts: ParsedTexts | None = None) -> ConfigService:
    return ConfigService(home, environ={"HOME": str(home)}, system_dir=home / "system", cwd=home, texts=texts)


def _write(service: ConfigService, key: str, value: object) -> str:
    edit = ConfigEdit(key_path=key, value=value, merge_strategy="replace")
    return write_config(service, [edit]).version


def test_a_write_reads_each_text_once(tmp_path: Path) -> None:
    texts: list[str] = []

    def parse(text: str) -> dict[str, object]:
        texts.append(text)
        return toml_text.parse(text)

    (tmp_path / "config.toml").write_text('# mine\nmodel = "one"\n')
    service = _service(tmp_path, ParsedTexts(read=parse))

    for name in ("two", "three"):
        _write(service, "model", name)

    assert texts == [f'# mine\nmodel = "{name}"\n' for name in ("one", "two", "three")]


def test_a_table_that_is_kept_stays_as_its_text_says(tmp_path: Path) -> None:
    service = _service(tmp_path)
    first = _write(service, "features", {"memories": True})
    _write(service, "features.memories", None)
    (tmp_path / "config.toml").write_text("")
    assert _write(service, "features", {"memories": True}) == first
    assert service.sources(None).stack.merged == {"features": {"memories": True}}


def test_what_stands_in_the_file_counts_however_it_came_there(tmp_path: Path) -> None:
    service = _service(tmp_path)
    _write(service, "model", "ours")
    (tmp_path / "config.toml").write_text('model = "theirs"\n# by hand\n')
    _write(service, "review_model", "ours")
    assert (tmp_path / "config.toml").read_text().startswith('model = "theirs"\n# by hand\n')
    assert service.sources(None).stack.merged == {"model": "theirs", "review_model": "ours"}


def test_only_the_latest_texts_are_kept() -> None:
    read: list[str] = []

    def parse(text: str) -> dict[str, object]:
        read.append(text)
        return {}

    texts = ParsedTexts(read=parse)
    many = [f"number = {number}" for number in range(1000)]
    for text in many:
        texts.parse(text)
    read.clear()
    texts.parse(many[-1])
    texts.parse(many[0])
    assert read == [many[0]]
