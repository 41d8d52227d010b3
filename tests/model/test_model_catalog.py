"""What is known of models, and how users learn that a model is not."""

import pytest

from codex_trio.model.catalog import ModelCatalog, bundled_catalog, unknown_model_warning


@pytest.fixture
def catalog() -> ModelCatalog:
    return bundled_catalog()


def test_models_are_listed_by_priority_with_one_default(catalog: ModelCatalog):
    listed = [model.slug for model in catalog.listed(include_hidden=False)]
    assert listed == [
        "gpt-6.1-sol",
        "gpt-6-astra",
        "gpt-6-sol",
        "gpt-6-luna",
        "gpt-5.6-sol",
        "gpt-6.1-terra",
        "gpt-5.6-terra",
        "gpt-5.6-luna",
        "gpt-5.5",
    ]
    assert catalog.default.slug == "gpt-6.1-sol"


def test_hidden_models_are_listed_on_request(catalog: ModelCatalog):
    hidden = {model.slug for model in catalog.listed(include_hidden=True) if not model.visible}
    assert hidden == {"gpt-daybreak-blue-latest", "gpt-daybreak-red-latest", "codex-auto-review"}


def test_a_known_model_comes_with_its_facts(catalog: ModelCatalog):
    model = catalog.info("gpt-5.5")
    assert model.known
    assert [option.effort for option in model.efforts] == ["low", "medium", "high", "xhigh"]
    assert (model.default_effort, model.default_verbosity, model.apply_patch) == ("medium", "low", "freeform")
    assert (model.parallel_tool_calls, model.responses_lite, model.upgrade) == (True, False, "gpt-6-sol")
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
