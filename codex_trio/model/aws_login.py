"""Sessions with AWS that commands give and renew: `aws.credential_export` prints keys, `aws.auth_refresh` logs in anew.

Owns the keys that are known, for how long they are good, and that each command runs once at a time, for all who wait.
Does not own finding keys elsewhere (aws.py), the process (short_command.py), or asking again (client.py).

Protocol source: release 0.171.0, and the output of `aws configure export-credentials` and `aws sts assume-role`.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Annotated, TypeAlias

import msgspec
import trio

from codex_trio.config.providers import AwsCommand, AwsSettings, ModelProviderConfig
from codex_trio.model import aws
from codex_trio.model.aws_signature import AwsKeys
from codex_trio.model.errors import ErrorInfo, ModelError
from codex_trio.model.short_command import run_short, why_not_run
from codex_trio.util import decoding

_RENEWED_BEFORE = 300
"""Seconds before keys expire at which new ones are asked for."""

_STARTED = "AWS session has expired. Reauthenticating..."
_COMPLETED = "Signed in with AWS."


class LoginRenewal(msgspec.Struct, frozen=True, kw_only=True):
    """A session with a provider is being renewed (or was: `is_done`), as people are told."""

    provider: str
    message: str
    is_done: bool


TellRenewal: TypeAlias = Callable[[LoginRenewal], None]


class _Keys(msgspec.Struct, frozen=True, kw_only=True, rename="pascal"):
    access_key_id: Annotated[str, msgspec.Meta(min_length=1)]
    secret_access_key: Annotated[str, msgspec.Meta(min_length=1)]
    session_token: str | None = None
    expiration: Annotated[datetime, msgspec.Meta(tz=True)] | None = None


class _Wrapped(msgspec.Struct, frozen=True, kw_only=True, rename="pascal"):
    credentials: _Keys


class AwsLogins:
    """The sessions of all providers on AWS.

    `environ` is what the commands see, `folder` where they run, `now` the time of day.
    """

    def __init__(self, environ: Mapping[str, str], *, folder: Path, now: Callable[[], float] = time.time) -> None:
        self._environ = dict(environ)
        self._folder = folder
        self._now = now
        self._logins: dict[AwsSettings, AwsLogin] = {}

    def of(self, provider: ModelProviderConfig) -> AwsLogin | None:
        """Return the session of a provider, the same one whenever asked for; None where no command gives any."""
        settings = provider.aws
        if settings is None or provider.auth is not None:
            return None
        if settings.credential_export is None and settings.auth_refresh is None:
            return None
        return self._logins.setdefault(
            settings, AwsLogin(provider.name, settings, self._environ, self._now, folder=self._folder)
        )


class AwsLogin:
    """One session with AWS."""

    def __init__(
        self,
        provider: str,
        settings: AwsSettings,
        environ: Mapping[str, str],
        now: Callable[[], float],
        *,
        folder: Path,
    ) -> None:
        self._provider = provider
        self._folder = folder
        self._settings = settings
        self._environ = environ
        self._now = now
        self._running = trio.Lock()
        self._known: tuple[AwsKeys, float] | None = None
        self.renewals = 0
        """How often it was renewed."""

    async def keys(self) -> AwsKeys | None:
        """Return the keys that the command prints; None where they are found as usual. Raises ModelError."""
        command = self._settings.credential_export
        if command is None:
            return None
        async with self._running:
            if self._known is None or self._now() >= self._known[1] - _RENEWED_BEFORE:
                self._known = None
                self._known = await self._export(command)
            return self._known[0]

    def may_help(self, error: ModelError) -> bool:
        """Return whether renewing this session may mend what has failed."""
        if not error.is_login_expired:
            return False
        by_login = self._settings.auth_refresh is not None
        if self._settings.credential_export is not None:
            # A command that failed fails again, unless logging in helps it.
            return by_login or error.http_status is not None
        # What stands in the environment of this process stays what it is.
        return by_login and not aws.is_in_environment(self._settings, self._environ)

    async def renew(self, *, since: int, tell: TellRenewal | None) -> None:
        """Renew the session, unless somebody has done so after `since` times. Raises ModelError."""
        async with self._running:
            if self.renewals != since:
                return
            self._tell(tell, _STARTED, is_done=False)
            self._known = None
            if (refresh := self._settings.auth_refresh) is not None:
                await self._run(refresh, "auth_refresh")
            if (export := self._settings.credential_export) is not None:
                self._known = await self._export(export)
            self.renewals += 1
            self._tell(tell, _COMPLETED, is_done=True)

    def _tell(self, tell: TellRenewal | None, message: str, *, is_done: bool) -> None:
        if tell is not None:
            tell(LoginRenewal(provider=self._provider, message=message, is_done=is_done))

    async def _export(self, command: AwsCommand) -> tuple[AwsKeys, float]:
        """Return the keys that the command prints, and until when they are good."""
        output = await self._run(command, "credential_export")
        try:
            found = _decoded(output)
        except msgspec.MsgspecError as error:
            # The text of a decoder's error shows no values.
            raise _failure(command, "credential_export", f"printed no credentials in AWS's form: {error}") from None
        until = float("inf") if found.expiration is None else found.expiration.timestamp()
        if until <= self._now():
            raise _failure(command, "credential_export", "printed credentials that have expired", is_expired=True)
        keys = AwsKeys(
            access_key_id=found.access_key_id,
            secret_access_key=found.secret_access_key,
            session_token=found.session_token or None,
        )
        return keys, until

    async def _run(self, command: AwsCommand, setting: str) -> bytes:
        try:
            outcome = await run_short(
                [command.command, *command.args],
                cwd=self._folder,
                environ=self._environ,
                seconds=command.timeout_ms / 1000,
            )
        except (OSError, ValueError) as error:
            raise _failure(command, setting, f"could not be run: {why_not_run(error)}") from error
        if outcome.status is None:
            raise _failure(command, setting, f"did not end within {command.timeout_ms} ms")
        if outcome.problem is not None:
            raise _failure(command, setting, outcome.problem, is_expired=True)
        return outcome.output


def _decoded(output: bytes) -> _Keys:
    value = msgspec.json.decode(output)
    if isinstance(value, dict) and "Credentials" in value:
        return decoding.convert(value, _Wrapped).credentials
    return decoding.convert(value, _Keys)


def _failure(command: AwsCommand, setting: str, what: str, *, is_expired: bool = False) -> ModelError:
    return ModelError(
        f"The command `{command.command}` {what}. It is set as `aws.{setting}` of the provider in {command.set_in}.",
        info=ErrorInfo("unauthorized"),
        is_login_expired=is_expired and setting == "credential_export",
    )
