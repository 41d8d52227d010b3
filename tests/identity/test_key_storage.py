"""Which key a request to a provider carries, and the advice when there is none."""

import msgspec
import pytest

from codex_trio.identity.credentials import ChatGptTokens, Credentials
from codex_trio.identity.keys import MissingApiKey, RequestAuth, resolve_request_auth


class Provider(msgspec.Struct, frozen=True, kw_only=True):
    name: str = "Mock"
    env_key: str | None = None
    env_key_instructions: str | None = None
    experimental_bearer_token: str | None = None
    requires_openai_auth: bool = False

    def place_of(self, key: str) -> str:
        return f"`{key}` in its file"


LOGIN = Credentials(mode="apikey", api_key="sk-login")
CHATGPT = Credentials(
    mode="chatgpt", api_key=None, tokens=ChatGptTokens(id_token="x", access_token="access", account_id="acct")
)


def test_a_provider_that_wants_nothing_gets_nothing() -> None:
    assert resolve_request_auth(Provider(), environ={"OPENAI_API_KEY": "sk"}, credentials=LOGIN).bearer is None


def test_a_providers_own_variable_comes_before_everything() -> None:
    provider = Provider(env_key="MOCK_KEY", experimental_bearer_token="configured", requires_openai_auth=True)

    assert resolve_request_auth(provider, environ={"MOCK_KEY": " own \n"}, credentials=LOGIN).bearer == "own"


def test_a_configured_token_comes_before_the_login() -> None:
    provider = Provider(experimental_bearer_token="configured", requires_openai_auth=True)

    assert resolve_request_auth(provider, environ={}, credentials=LOGIN).bearer == "configured"


def test_a_login_comes_before_the_variable_and_names_its_chatgpt_account() -> None:
    provider = Provider(requires_openai_auth=True)
    environ = {"OPENAI_API_KEY": "sk-env"}

    assert resolve_request_auth(provider, environ=environ, credentials=LOGIN).bearer == "sk-login"
    assert resolve_request_auth(provider, environ=environ, credentials=CHATGPT) == RequestAuth(
        bearer="access", chatgpt_account_id="acct"
    )
    assert resolve_request_auth(provider, environ=environ, credentials=None).bearer == "sk-env"


@pytest.mark.parametrize("environ", [{}, {"MOCK_KEY": ""}, {"MOCK_KEY": "  "}])
def test_a_missing_variable_is_named_with_what_to_do(environ: dict[str, str]) -> None:
    with pytest.raises(MissingApiKey) as plain:
        resolve_request_auth(Provider(env_key="MOCK_KEY"), environ=environ, credentials=LOGIN)
    with pytest.raises(MissingApiKey) as advised:
        resolve_request_auth(
            Provider(env_key="MOCK_KEY", env_key_instructions="Ask Bo."), environ=environ, credentials=LOGIN
        )

    assert (
        plain.value.message
        == "Missing environment variable: `MOCK_KEY`. Set it to an API key for Mock. Its name is `env_key` in its file."
    )
    assert (
        advised.value.message == "Missing environment variable: `MOCK_KEY`. Ask Bo. Its name is `env_key` in its file."
    )
    assert plain.value.env_key == "MOCK_KEY"


def test_without_any_login_the_ways_out_are_named() -> None:
    with pytest.raises(MissingApiKey) as caught:
        resolve_request_auth(Provider(name="OpenAI", requires_openai_auth=True), environ={}, credentials=None)

    assert caught.value.message.startswith("Not logged in to OpenAI: ")
    assert "`OPENAI_API_KEY`" in caught.value.message


def test_no_secret_shows_when_request_credentials_are_printed() -> None:
    assert repr(RequestAuth(bearer="sk-1")) == "RequestAuth(...)"
