"""The page of all settings says what the code does."""

from pathlib import Path

from codex_trio.config.keys import KEYS
from codex_trio.config.keys_page import page

PAGE = Path(__file__).parents[2] / "docs" / "configuration.md"


def test_the_page_of_all_settings_is_the_one_that_the_table_of_keys_gives() -> None:
    assert PAGE.read_text() == page(), "run: python -m codex_trio.config.keys_page > docs/configuration.md"


def test_every_key_has_a_row_that_says_what_comes_of_it() -> None:
    # Keys come before the switches, one of which has the name of a key.
    lines = reversed(page().splitlines())
    rows = {line.split("`")[1]: line for line in lines if line.startswith("| `")}
    for key in KEYS:
        here = rows[key.name].split("|")[-2].strip()
        assert here == {"honoured": "honoured", "elsewhere": "other programs"}.get(
            key.status, f"not supported: {key.why}"
        )
        assert bool(key.why) == (key.status == "unsupported"), f"{key.name} wants a reason"
    assert rows["model_providers.NAME.project_id"].endswith(
        "| not supported: Google Cloud is no kind of provider here |"
    )
    assert rows["model_providers.NAME.base_url"].endswith("| honoured |")
    assert rows["shell_tool"] == "| `shell_tool` | on |"
