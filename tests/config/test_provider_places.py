"""A model provider that is wrong is an error that names the key and the file."""

import pytest

from codex_trio.config.errors import ConfigLoadError, TextPosition, TextRange
from codex_trio.config.read import ConfigReader, ConfigReadError
from codex_trio.config.settings import TypedOverrides
from codex_trio.identity.keys import MissingApiKey, resolve_request_auth
from codex_trio.model.auth_command import AuthCommands
from codex_trio.model.endpoint import resolve
from codex_trio.model.failures import ModelError
from tests.config.config_setting import MOCK_PROVIDER, Setting


def test_an_unknown_provider_is_told_with_its_place_and_what_could_be_meant(setting: Setting) -> None:
    setting.user('model = "x"\nmodel_provider = "mcok"\n' + MOCK_PROVIDER)
    with pytest.raises(ConfigLoadError) as caught:
        setting.service().load()
    assert caught.value.message == (
        "Model provider `mcok` not found. Did you mean `mock`? "
        "Known providers: `amazon-bedrock`, `amazon-bedrock-runtime`, `lmstudio`, `mock`, `ollama`, `openai`; "
        f"others need a table `[model_providers.NAME]`. It is named by `model_provider` in {setting.user_file}:2:18."
    )
    assert caught.value.path == setting.user_file
    assert caught.value.range == TextRange(TextPosition(2, 18), TextPosition(2, 23))
    with pytest.raises(ConfigReadError, match=rf"`mcok` not found\..*in {setting.user_file}:2:18"):
        ConfigReader(setting.service()).read(None)


def test_an_unknown_provider_is_told_with_the_layer_that_has_the_last_word(setting: Setting) -> None:
    setting.system('model_provider = "lost"\n')
    setting.user("# nothing\n")
    with pytest.raises(ConfigLoadError, match=rf"by `model_provider` in {setting.etc}/config\.toml:1:18\."):
        setting.service().load()
    with pytest.raises(ConfigLoadError, match=r"`gone` not found\..* by `model_provider` in session flags\."):
        setting.service(("model_provider", "gone")).load()
    with pytest.raises(ConfigLoadError, match=r"`gone` not found\..* by `model_provider` in session flags\."):
        setting.service().load(None, {"model_provider": "gone"})
    with pytest.raises(ConfigLoadError, match=r"`gone` not found\..* by `modelProvider` in the request\."):
        setting.service().load(typed=TypedOverrides(model_provider="gone"))


@pytest.mark.parametrize(
    ("chosen", "table", "told"),
    [
        ("gcp", "", r"`gcp` is Google Cloud Vertex AI .*set `name`, `base_url`.* in `\[model_providers\.gcp\]`"),
        ("gcp", '[model_providers.gcp]\nproject_id = "p"', "`gcp` is Google Cloud Vertex AI "),
        ("gcp", '[model_providers.gcp]\nbase_url = "https://x"', "`gcp` is Google Cloud Vertex AI "),
        ("g", '[model_providers.g]\nname = "G"\ngateway_oauth = {}', r"`g` gets its key by `gateway_oauth`.*`env_key`"),
    ],
)
def test_a_provider_of_a_kind_that_is_not_there_is_refused_where_it_is_chosen(
    setting: Setting, chosen: str, table: str, told: str
) -> None:
    setting.user(f"{MOCK_PROVIDER}{table}\n")
    service = setting.service()
    assert service.load(typed=TypedOverrides(model_provider="mock")).model_provider.id == "mock"
    with pytest.raises(ConfigLoadError, match=rf"^Model provider {told}.* by `modelProvider` in the request"):
        service.load(typed=TypedOverrides(model_provider=chosen))


@pytest.mark.parametrize(
    ("chosen", "table"),
    [
        ("gcp", '[model_providers.gcp]\nbase_url = "https://x"\nauth = { command = "gcloud" }'),
        ("g", '[model_providers.g]\nname = "G"\nbase_url = "https://x"\nenv_key = "KEY"\ngateway_oauth = {}'),
    ],
)
def test_such_a_provider_can_be_used_by_a_key_of_ones_own(setting: Setting, chosen: str, table: str) -> None:
    setting.user(f"{table}\n")
    assert setting.service().load(typed=TypedOverrides(model_provider=chosen)).model_provider.base_url == "https://x"


@pytest.mark.parametrize(
    ("line", "column", "message"),
    [
        ('wire_api = "chat"', 12, '`wire_api = "chat"` is no longer supported.'),
        ('wire_api = "x"', 12, "unknown variant `x`, expected `responses`"),
        ("base_url = 5", 12, "invalid type: integer `5`, expected a string"),
        ("env_key = true", 11, "invalid type: boolean `true`, expected a string"),
        (
            'env_key = "sk-live x"',
            11,
            "model_providers.p: provider env_key must be the name of an environment variable, ",
        ),
        ('env_key = ""', 11, "model_providers.p: provider env_key must be the name of an environment variable, "),
        ("stream_idle_timeout_ms = 0", 26, "invalid value: integer `0`, expected a nonzero u64 in `model_providers.p."),
        ('name = ""', 8, "model_providers.p: provider name must not be empty"),
        ('auth = { command = " " }', 20, "model_providers.p: provider auth.command must not be empty"),
    ],
)
def test_a_wrong_setting_of_a_provider_is_told_where_it_stands(
    setting: Setting, line: str, column: int, message: str
) -> None:
    name = "" if line.startswith("name") else 'name = "P"\n'
    setting.user(f"{MOCK_PROVIDER}[model_providers.p]\n{line}\n{name}")
    with pytest.raises(ConfigLoadError) as caught:
        setting.service().load()
    assert caught.value.message.startswith(f"{setting.user_file}:8:{column}: {message}")
    assert "sk-live" not in caught.value.message


def test_a_provider_without_a_name_is_told_where_it_begins(setting: Setting) -> None:
    setting.user(f'{MOCK_PROVIDER}[model_providers.p]\nbase_url = "http://x"\n')
    with pytest.raises(ConfigLoadError) as caught:
        setting.service().load()
    assert caught.value.message == f"{setting.user_file}:7:1: model_providers.p: provider name must not be empty"


@pytest.mark.parametrize(
    "base_url", ["", "localhost:11434/v1", "ftp://example.com"], ids=["empty", "no scheme", "not for the web"]
)
def test_an_address_that_leads_nowhere_is_told_with_key_and_file(setting: Setting, base_url: str) -> None:
    setting.user(f'[model_providers.p]\nname = "P"\nbase_url = "{base_url}"\n')
    provider = setting.service().load().model_providers["p"]
    with pytest.raises(ModelError, match=rf"`model_providers\.p\.base_url` in {setting.user_file}"):
        resolve(provider, api_key=None, environ={})


@pytest.mark.parametrize("key", ['env_key = "THEIRS"', 'experimental_bearer_token = "theirs"', ""])
def test_no_key_of_others_goes_to_openai_where_the_address_is_missing(setting: Setting, key: str) -> None:
    setting.user(f'[model_providers.p]\nname = "P"\n{key}\n')
    provider = setting.service().load().model_providers["p"]
    with pytest.raises(ModelError, match=rf"no `base_url`; set `model_providers\.p\.base_url` in {setting.user_file}"):
        resolve(provider, api_key="theirs", environ={})


@pytest.mark.parametrize("key", ['env_key = "OPENAI_API_KEY"', "requires_openai_auth = true"])
def test_a_provider_with_the_key_of_openai_needs_no_address(setting: Setting, key: str) -> None:
    setting.user(f'[model_providers.p]\nname = "P"\n{key}\n')
    provider = setting.service().load().model_providers["p"]
    assert resolve(provider, api_key="ours", environ={}).url == "https://api.openai.com/v1/responses"


def test_a_missing_variable_is_told_with_key_and_file(setting: Setting) -> None:
    setting.system('[model_providers.p]\nname = "P"\nenv_key = "NOT_SET"\n')
    setting.user('[model_providers.p]\nset_in = "elsewhere"\nbase_url = "http://x"\n')
    provider = setting.service().load().model_providers["p"]
    with pytest.raises(MissingApiKey, match=rf"Its name is `model_providers\.p\.env_key` in {setting.user_file}\."):
        resolve_request_auth(provider, environ={}, credentials=None)


async def test_a_key_command_that_is_not_there_is_told_with_key_and_file(setting: Setting) -> None:
    setting.user('[model_providers.p]\nname = "P"\nauth = { command = "/no/such/command", set_in = "elsewhere" }\n')
    auth = setting.service().load().model_providers["p"].auth
    assert auth is not None
    with pytest.raises(ModelError, match=rf"`auth` of the provider in {setting.user_file}\."):
        await AuthCommands({}, folder=setting.home).key_of(auth).current()
