"""Models on AWS: where they are, and whose keys requests are signed with.

Owns the region, the address, the order in which keys are looked for, and the user's `credentials` and `config` files.
Does not own the signature (aws_signature.py) or the settings (config/providers.py).

Protocol source: `amazon-bedrock` and `amazon-bedrock-runtime` of release 0.171.0.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import msgspec
import trio

from codex_trio.config.providers import AwsSettings, ModelProviderConfig
from codex_trio.model.aws_signature import AwsKeys, signed
from codex_trio.model.errors import ErrorInfo, ModelError
from codex_trio.model.retry import retry_after
from codex_trio.util import decoding
from codex_trio.util.regular_file import read_whole

BEARER = "AWS_BEARER_TOKEN_BEDROCK"
MAX_FILE = 1 << 20
_FROM_ELSEWHERE = (
    *("sso_session", "sso_start_url", "sso_account_id", "role_arn", "credential_process"),
    *("source_profile", "web_identity_token_file", "login_session"),
)
"""What a profile may get its keys by that this server does not: by asking AWS or another program for them."""

_EXPIRED = (
    *(b"expiredtoken", b"expired_token", b"unrecognizedclientexception", b"invalidclienttokenid"),
    *(b"is expired", b"has expired"),
)
"""What AWS says, in small letters, of keys that are good no more."""

_SKEWED = (b"signature expired", b"signature not yet current", b"requesttimetooskewed", b"request time too skewed")
"""What it says of a request that seems to come from another time."""

_THROTTLED = ("ThrottlingException", "TooManyRequestsException", "ProvisionedThroughputExceededException", "SlowDown")
_PASSING = ("ServiceUnavailableException", "InternalServerException", "ModelNotReadyException", "ModelTimeoutException")

_ADDRESSES: Mapping[str, str] = {
    "bedrock-mantle": "https://bedrock-mantle.{region}.api.aws/openai/v1",
    "bedrock": "https://bedrock-runtime.{region}.amazonaws.com/openai/v1",
}


class _Named(msgspec.Struct):
    """What is read of the body of an error."""

    kind: str = msgspec.field(name="__type", default="")
    code: str = ""


class AwsAccess(msgspec.Struct, frozen=True, kw_only=True):
    """How to reach a provider's models: what is sent along, and who signs it; a bearer needs no signature."""

    base_url: str
    headers: Mapping[str, str]
    signer: AwsSigner | None


class AwsSigner(msgspec.Struct, frozen=True, kw_only=True):
    """Signs requests with the user's keys, which are read anew each time: those for a while are replaced."""

    provider: ModelProviderConfig
    region: str
    service: str
    environ: Mapping[str, str]
    keys: AwsKeys | None = None
    """The keys, where they are not to be looked for."""

    def __repr__(self) -> str:
        return "AwsSigner(...)"

    async def sign(self, method: str, url: str, headers: Mapping[str, str], body: bytes) -> dict[str, str]:
        """Return the headers with the signature. Raises ModelError."""
        return await trio.to_thread.run_sync(partial(self.sign_now, method, url, headers, body, now=datetime.now(UTC)))

    def sign_now(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes, *, now: datetime
    ) -> dict[str, str]:
        """Return the headers with the signature of that moment. Blocking. Raises ModelError."""
        keys = self.keys or find_keys(self.provider, self.environ)
        return signed(method, url, headers, body, keys=keys, region=self.region, service=self.service, now=now)


def access(
    provider: ModelProviderConfig,
    settings: AwsSettings,
    *,
    bearer: str | None,
    keys: AwsKeys | None,
    environ: Mapping[str, str],
) -> AwsAccess:
    """Return how to reach a provider. `bearer` and `keys` are what its commands gave. Raises ModelError."""
    has_own = settings.profile is not None or keys is not None
    token = bearer or (None if has_own else environ.get(BEARER, "").strip() or None)
    region = _region(provider, settings, environ, with_files=token is None)
    base_url = provider.base_url or _ADDRESSES[settings.service].format(region=region)
    if token is not None:
        return AwsAccess(base_url=base_url, headers={"authorization": f"Bearer {token}"}, signer=None)
    signer = AwsSigner(provider=provider, region=region, service=settings.service, environ=environ, keys=keys)
    return AwsAccess(base_url=base_url, headers={}, signer=signer)


def is_in_environment(settings: AwsSettings, environ: Mapping[str, str]) -> bool:
    """Return whether what requests are made with stands in the environment."""
    return settings.profile is None and (bool(environ.get(BEARER, "").strip()) or _keys_in(environ) is not None)


def says_expired(status: int, body: bytes) -> bool:
    """Return whether AWS refuses a request because its keys are good no more."""
    if status not in (401, 403):
        return False
    text = body.lower()
    return any(words in text for words in _EXPIRED) and not _says_skewed(text)


def explain(error: ModelError, body: bytes, headers: Mapping[str, str], *, now: datetime) -> None:
    """Add to the error of a refusal what it means on AWS, whose services tell the kind apart by its name.

    A request that seems to come from another time fails until somebody sets the clock, whatever keys sign it.
    """
    if error.http_status in (400, 401, 403) and _says_skewed(body.lower()):
        error.message += f" ({_clock_advice(headers.get('date', ''), now)})"
    kind = _kind_of(body, headers)
    if kind in _THROTTLED:
        error.info, error.retryable = ErrorInfo("responseTooManyFailedAttempts", error.http_status), True
        error.retry_after = error.retry_after or retry_after(headers)
    elif kind in _PASSING:
        error.retryable = True


def _says_skewed(text: bytes) -> bool:
    return any(words in text for words in _SKEWED)


def _clock_advice(date: str, now: datetime) -> str:
    from email.utils import parsedate_to_datetime

    try:
        ahead = (now - parsedate_to_datetime(date)).total_seconds()
    except (ValueError, OverflowError, TypeError, IndexError):
        return "the clock of this machine may be wrong: set it"
    way = "ahead of" if ahead > 0 else "behind"
    return f"the clock of this machine is {abs(ahead):.0f} seconds {way} that of AWS: set it"


def _kind_of(body: bytes, headers: Mapping[str, str]) -> str:
    """Return the name of an error: in a header, or in the body, in front of or behind which its place may stand."""
    named = headers.get("x-amzn-errortype", "")
    if not named:
        try:
            value = decoding.json_decoder(_Named).decode(body)
        except msgspec.MsgspecError:
            return ""
        named = value.kind or value.code
    return named.partition(":")[0].rpartition("#")[2]


def find_keys(provider: ModelProviderConfig, environ: Mapping[str, str]) -> AwsKeys:
    """Return the keys: those of the profile that is set, else of the environment, else of the usual profile.

    Blocking. Raises ModelError.
    """
    settings = provider.aws
    assert settings is not None
    if settings.profile is None and (given := _keys_in(environ)) is not None:
        return given
    name = _profile_name(settings, environ)
    credentials, config = _file("credentials", environ), _file("config", environ)
    found = {**_section(config, name, is_config=True), **_section(credentials, name, is_config=False)}
    key_id, secret = found.get("aws_access_key_id", ""), found.get("aws_secret_access_key", "")
    if key_id and secret:
        token = found.get("aws_session_token")
        return AwsKeys(access_key_id=key_id, secret_access_key=secret, session_token=token or None)
    raise _missing(provider, name, found, credentials)


def _keys_in(environ: Mapping[str, str]) -> AwsKeys | None:
    key_id, secret = environ.get("AWS_ACCESS_KEY_ID", "").strip(), environ.get("AWS_SECRET_ACCESS_KEY", "").strip()
    if not key_id or not secret:
        return None
    token = environ.get("AWS_SESSION_TOKEN", "").strip()
    return AwsKeys(access_key_id=key_id, secret_access_key=secret, session_token=token or None)


def _missing(
    provider: ModelProviderConfig, name: str, found: Mapping[str, str], credentials: Path | None
) -> ModelError:
    other = next((key for key in _FROM_ELSEWHERE if key in found), None)
    if other is not None:
        setting = f"model_providers.{provider.id}.aws.credential_export"
        asking = f'{{ command = "aws", args = ["configure", "export-credentials", "--profile", "{name}"] }}'
        region = found.get("region")
        # Without the profile its region is not looked for either.
        and_region = f', and `model_providers.{provider.id}.aws.region = "{region}"`' if region else ""
        said = (
            f"the AWS profile `{name}` gets its keys by `{other}`, which this server does not ask for itself: have "
            f"AWS's own program ask, with `{setting} = {asking}`{and_region} in {provider.set_in}, in place of "
            "`aws.profile`"
        )
    else:
        where = f"a profile `{name}` in {credentials}" if credentials is not None else "HOME, for ~/.aws/credentials"
        said = (
            f"no AWS credentials found for model provider `{provider.id}`: set AWS_ACCESS_KEY_ID and "
            f"AWS_SECRET_ACCESS_KEY, or {BEARER}, or {where}; {provider.place_of('aws.profile')} names another profile"
        )
    return ModelError(said, info=ErrorInfo("unauthorized"), is_login_expired=other is None)


def _region(
    provider: ModelProviderConfig, settings: AwsSettings, environ: Mapping[str, str], *, with_files: bool
) -> str:
    given = (settings.region, environ.get("AWS_REGION"), environ.get("AWS_DEFAULT_REGION"))
    region = next((value.strip() for value in given if value and value.strip()), None)
    if region is None and with_files:
        name = _profile_name(settings, environ)
        region = _section(_file("config", environ), name, is_config=True).get("region")
    if not region:
        raise ModelError(
            f"model provider `{provider.id}` has no AWS region; set {provider.place_of('aws.region')}, `AWS_REGION` or "
            "`AWS_DEFAULT_REGION`"
        )
    if not region.replace("-", "").isalnum() or not region.isascii():
        raise ModelError(f"`{region}` is no AWS region; correct {provider.place_of('aws.region')}")
    return region


def _profile_name(settings: AwsSettings, environ: Mapping[str, str]) -> str:
    return settings.profile or environ.get("AWS_PROFILE", "").strip() or "default"


def _file(name: str, environ: Mapping[str, str]) -> Path | None:
    variable = "AWS_SHARED_CREDENTIALS_FILE" if name == "credentials" else "AWS_CONFIG_FILE"
    if given := environ.get(variable):
        return Path(given)
    home = environ.get("HOME")
    return Path(home, ".aws", name) if home else None


def _section(path: Path | None, profile: str, *, is_config: bool) -> dict[str, str]:
    """Return what a file says of a profile; nothing without the file. Raises ModelError for one that cannot be read."""
    if path is None:
        return {}
    import configparser

    parser = configparser.RawConfigParser(strict=False, default_section="")
    try:
        parser.read_string(read_whole(path, limit=MAX_FILE).decode())
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, configparser.Error) as error:
        # The text of a parser's error may show a secret.
        why = error.strerror or str(error) if isinstance(error, OSError) else "it is not in the form of AWS's files"
        raise ModelError(f"cannot read {path}: {why}") from None
    names = (profile,) if not is_config else ("default",) if profile == "default" else (f"profile {profile}",)
    section = next((name for name in names if parser.has_section(name)), None)
    return {} if section is None else {key: value.strip() for key, value in parser.items(section)}
