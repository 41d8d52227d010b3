"""What the entries of a catalog come to here."""

import inspect
import json
import re
from typing import Any

import pytest

from codex_trio.config.model_catalog import UNREAD, CatalogEntry, CatalogError, decode_catalog, ignored_keys
from codex_trio.model import catalog_entries
from codex_trio.model.catalog import ModelCatalog
from codex_trio.model.catalog_entries import facts_of


def catalog(*models: dict[str, Any]) -> ModelCatalog:
    text = json.dumps({"models": [{"slug": "m", "display_name": "M", **model} for model in models]})
    return ModelCatalog(facts_of(decode_catalog(text.encode())))


def test_an_entry_needs_a_name_only_and_the_rest_is_cautious() -> None:
    model = catalog({}).info("m")
    assert (model.known, model.visible, model.context_window, model.apply_patch) == (True, True, 272_000, None)
    assert (model.default_verbosity, model.base_instructions, model.efforts) == (None, None, ())


def test_what_an_entry_says_counts() -> None:
    model = catalog(
        {
            "priority": 3,
            "context_window": 50_000,
            "support_verbosity": True,
            "default_reasoning_summary": "none",
            "apply_patch_tool_type": "freeform",
            "truncation_policy": {"mode": "tokens", "limit": 7},
            "tool_mode": "code_mode_only",
            "multi_agent_version": "disabled",
            "use_responses_lite": True,
            "model_messages": {"instructions_template": "You are M."},
            "base_instructions": "You are not.",
            "upgrade": "n",
            "availability_nux": {"message": "New."},
            "of_a_later_release": 1,
        }
    ).info("m")
    assert (model.context_window, model.max_context_window, model.default_verbosity) == (50_000, 50_000, "medium")
    assert (model.default_summary, model.apply_patch, model.tool_output_token_limit) == (None, "freeform", 7)
    assert (model.code_mode_only, model.multi_agent_version, model.parallel_tool_calls) == (True, None, False)
    assert (model.base_instructions, model.upgrade, model.availability_text) == ("You are M.", "n", "New.")


KEYS_OF_THE_RELEASE = """
slug display_name default_reasoning_level shell_type visibility supported_in_api priority additional_speed_tiers
service_tiers include_skills_usage_instructions include_plugin_usage_instructions include_apps_usage_instructions
default_reasoning_summary support_verbosity default_verbosity apply_patch_tool_type web_search_tool_type
truncation_policy supports_image_detail_original context_window max_context_window comp_hash
effective_context_window_percent experimental_supported_tools input_modalities supports_search_tool
supports_experimental_context use_responses_lite supports_reasoning_effort_updates node_repl_auto_review_required
node_repl_disabled tool_mode multi_agent_version multi_agent_reasoning_effort supported_reasoning_levels
default_service_tier model_specialty
"""
"""What the entries of the catalog of 0.171.0 hold."""


def test_each_key_of_an_entry_is_read_or_listed_as_one_that_nobody_reads() -> None:
    known = set(CatalogEntry.__struct_fields__)
    assert set(KEYS_OF_THE_RELEASE.split()) <= known | set(UNREAD)
    assert known & set(UNREAD) == set()
    assert set(UNREAD) <= set(KEYS_OF_THE_RELEASE.split())
    source = inspect.getsource(catalog_entries)
    assert {name for name in known if not re.search(rf"\bentry\.{name}\b", source)} == set()


def test_without_a_visible_model_the_first_one_is_the_default() -> None:
    models = catalog({"visibility": "hide", "priority": 2}, {"slug": "first", "visibility": "hide", "priority": 1})
    assert models.default.slug == "first"


def entries(*models: dict[str, Any]) -> str:
    return json.dumps(
        {"models": [{"slug": f"m{number}", "display_name": "M"} | model for number, model in enumerate(models)]}
    )


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("", "truncated"),
        ("[]", "array"),
        ('{"models": 5}', r"\$\.models"),
        ('{"models": [{"slug": "a", "display_name": 5}]}', r"\$\.models\[0\]\.display_name"),
        ('{"models": [{"slug": "a", "display_name": "A", "visibility": "shown"}]}', r"\$\.models\[0\]\.visibility"),
        ('{"models": ' + "[" * 100_000, "."),
        (b"\xff", "."),
        (entries({"slug": ""}), r"\$\.models\[0\]\.slug"),
        (entries({"slug": "a\n"}), r"\$\.models\[0\]\.slug"),
        (entries({"slug": "a"}, {"slug": "a"}), r"`a` is there twice - at `\$\.models\[1\]\.slug`"),
        (entries({"context_window": 0}), r"\$\.models\[0\]\.context_window"),
        (entries({"max_context_window": -1}), r"\$\.models\[0\]\.max_context_window"),
        (entries({"auto_compact_token_limit": -1}), r"\$\.models\[0\]\.auto_compact_token_limit"),
        (entries({"effective_context_window_percent": 101}), r"\$\.models\[0\]\.effective_context_window_percent"),
        (entries({"truncation_policy": {"mode": "bytes", "limit": -1}}), r"\$\.models\[0\]\.truncation_policy\.limit"),
    ],
)
def test_what_is_no_catalog_is_told_with_its_place(text: str | bytes, place: str) -> None:
    with pytest.raises(CatalogError, match=place):
        decode_catalog(text if isinstance(text, bytes) else text.encode())


def told_of(*models: dict[str, Any]) -> str | None:
    text = json.dumps({"models": [{"slug": "m", "display_name": "M", **model} for model in models]})
    assert decode_catalog(text.encode())
    return ignored_keys(text.encode(), "the file")


@pytest.mark.parametrize("key", sorted(UNREAD))
def test_a_key_that_nobody_reads_is_told_with_its_models_and_what_holds_instead(key: str) -> None:
    models = [{"slug": slug, key: True} for slug in ("a", "b", "c", "d", "e")]
    assert told_of(*models) == (
        f"the file has keys that change nothing: `{key}` of a, b, c, and 2 more ({UNREAD[key]})"
    )


def test_keys_that_are_read_or_ask_for_nothing_are_not_told() -> None:
    assert told_of({"shell_type": "unified_exec", "priority": 1, "node_repl_disabled": None, "later": None}) is None


def test_a_kind_of_shell_that_there_is_not_is_told() -> None:
    told = told_of({"slug": "a", "shell_type": "shell_command"}, {"slug": "b", "shell_type": "disabled"})
    assert told is not None
    assert "`shell_type` of a (models run commands by `exec_command`" in told


def test_however_many_keys_are_not_known_what_is_told_stays_short() -> None:
    told = told_of({f"key{'x' * 1000}{number}": 1 for number in range(1000)})
    assert told is not None
    assert told.endswith("and 990 more")
    assert len(told) < 2000
