"""What is known of models, and how users learn that a model is not."""

import re
from pathlib import Path

import pytest

from codex_trio.model import catalog as catalog_module
from codex_trio.model.catalog import ModelCatalog, ModelInfo, bundled_catalog, unknown_model_warning


@pytest.fixture
def catalog() -> ModelCatalog:
    return bundled_catalog()


def test_models_are_listed_by_priority_with_one_default(catalog: ModelCatalog):
    listed = [model.slug for model in catalog.listed(include_hidden=False)]
    assert listed == [
        "gpt-6.2-sol",
        "gpt-6.2-astra",
        "gpt-6.1-terra",
        "gpt-6.1-sol",
        "gpt-6-astra",
        "gpt-6-sol",
        "gpt-6-luna",
        "gpt-5.6-sol",
        "gpt-5.6-terra",
        "gpt-5.6-luna",
        "gpt-5.5",
    ]
    assert catalog.default.slug == "gpt-6.2-sol"


def test_hidden_models_are_listed_on_request(catalog: ModelCatalog):
    hidden = {model.slug for model in catalog.listed(include_hidden=True) if not model.visible}
    assert hidden == {"gpt-daybreak-blue-latest", "gpt-daybreak-red-latest", "codex-auto-review"}


def test_a_known_model_comes_with_its_facts(catalog: ModelCatalog):
    model = catalog.info("gpt-5.5")
    assert model.known
    assert [option.effort for option in model.efforts] == ["low", "medium", "high", "xhigh"]
    assert (model.default_effort, model.default_verbosity, model.apply_patch) == ("medium", "low", "freeform")
    assert (model.parallel_tool_calls, model.upgrade) == (True, "gpt-6-sol")
    assert model.effective_context_window == 258_400
    assert model.tool_output_token_limit == 10_000


@pytest.mark.parametrize(
    ("name", "slug"),
    [("gpt-5.5-2027-01-01", "gpt-5.5"), ("vendor/gpt-5.5", "gpt-5.5"), ("gpt-6-sol-foo", "gpt-6-sol")],
)
def test_versions_and_namespaced_names_of_a_model_are_known(catalog: ModelCatalog, name: str, slug: str):
    model = catalog.info(name)
    assert model.known
    assert model.slug == name
    assert model.display_name == catalog.info(slug).display_name


@pytest.mark.parametrize("name", ["weird-model", "gpt-5.4", "a/b/gpt-5.5", ""])
def test_an_unknown_model_gets_cautious_guesses(catalog: ModelCatalog, name: str):
    model = catalog.info(name)
    assert not model.known
    assert (model.slug, model.display_name) == (name, name)
    assert (model.apply_patch, model.default_verbosity, model.default_effort) == (None, None, None)
    assert (model.default_summary, model.truncation.mode, model.context_window) == ("auto", "bytes", 272_000)
    assert name in unknown_model_warning(name)


def test_the_users_settings_go_before_the_catalog(catalog: ModelCatalog):
    model = catalog.info("gpt-5.5").configured(context_window=10_000, tool_output_token_limit=50)
    assert model.effective_context_window == 9_500
    assert model.tool_output_token_limit == 50
    assert model.configured() is model


def test_a_window_is_no_larger_than_the_model_has_unless_nothing_is_known_of_it(catalog: ModelCatalog) -> None:
    def window(slug: str, asked: int) -> int:
        return catalog.info(slug).configured(context_window=asked).context_window

    assert window("gpt-5.5", 2_000_000) == 272_000
    assert window("gpt-5.6-sol", 2_000_000) == 872_000
    assert window("gpt-5.6-sol", 500_000) == 500_000
    assert window("my-own", 2_000_000) == 2_000_000


def test_every_fact_on_a_model_is_read_somewhere() -> None:
    package = Path(catalog_module.__file__).parents[1]
    own = Path(catalog_module.__file__)
    outside = "\n".join(
        path.read_text() for path in package.rglob("*.py") if path != own and "conformance" not in path.parts
    )
    # What the catalog makes of a fact for others counts as well.
    inside = "\n".join(re.findall(r"(?:self|model)\.\w+", own.read_text()))
    unread = {
        name
        for name in ModelInfo.__struct_fields__
        if not re.search(rf"\bmodel\w*\.{name}\b", outside) and not re.search(rf"\.{name}$", inside, re.MULTILINE)
    }
    assert unread == set()
