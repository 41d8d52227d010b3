"""What the entries of a catalog come to here."""

import json
from typing import Any

import pytest

from codex_trio.config.model_catalog import CatalogError, decode_catalog
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


def test_without_a_visible_model_the_first_one_is_the_default() -> None:
    models = catalog({"visibility": "hide", "priority": 2}, {"slug": "first", "visibility": "hide", "priority": 1})
    assert models.default.slug == "first"


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
    ],
)
def test_what_is_no_catalog_is_told_with_its_place(text: str | bytes, place: str) -> None:
    with pytest.raises(CatalogError, match=place):
        decode_catalog(text if isinstance(text, bytes) else text.encode())
