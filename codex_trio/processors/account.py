"""Who pays for model requests.

Protocol source: `account/read`, release 0.169.0.
"""

from __future__ import annotations

from codex_trio_protocol.v2 import account as wire

from codex_trio.identity.credentials import AuthFileError
from codex_trio.processors.services import Services
from codex_trio.rpc.context import Handler, RequestContext
from codex_trio.rpc.errors import internal_error


def handlers(services: Services) -> dict[str, Handler]:
    """Return the handlers of this module."""
    return {"account/read": AccountProcessor(services).read}


class AccountProcessor:
    def __init__(self, services: Services) -> None:
        self._auth = services.auth
        self._config = services.config

    def read(self, _params: wire.GetAccountParams, _context: RequestContext) -> wire.GetAccountResponse:
        """Return the account that is logged in, and whether the configured provider wants one."""
        provider = self._config.startup_default().model_provider
        try:
            credentials = self._auth.credentials()
        except AuthFileError as error:
            raise internal_error(str(error)) from error
        if credentials is None or not provider.requires_openai_auth:
            return wire.GetAccountResponse(requires_openai_auth=provider.requires_openai_auth)
        account = credentials.account()
        if account.mode == "apikey":
            return wire.GetAccountResponse(account=wire.ApiKeyAccount(), requires_openai_auth=True)
        return wire.GetAccountResponse(
            account=wire.ChatgptAccount(email=account.email, plan_type=account.plan_type or "unknown"),
            user_id=account.user_id,
            requires_openai_auth=True,
        )
