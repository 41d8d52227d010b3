"""Asking the clients for fresh tokens of a login that they manage (`account/chatgptAuthTokens/refresh`).

Owns the question and its deadline. Does not own the tokens (identity).
"""

import trio

from codex_trio.identity.external import ExternalRefreshFailed, ExternalTokens
from codex_trio.rpc.outgoing import OutgoingMessages
from codex_trio.rpc.server_requests import ServerRequestFailed

REFRESH_SECONDS = 10
"""How long clients may take: a request to the model waits meanwhile."""

_METHOD = "account/chatgptAuthTokens/refresh"


class ClientManagedTokens:
    """Every client is asked, and the first reply counts: the login belongs to the server, not to a connection."""

    def __init__(self, outgoing: OutgoingMessages) -> None:
        self._outgoing = outgoing

    async def refresh(self, *, previous_account_id: str | None) -> ExternalTokens:
        """Ask the client. The question is withdrawn when it is cancelled or takes too long."""
        # Imported here because few servers ever need it, and clients of all of them wait for the start.
        from codex_trio_protocol.v2.account import ChatgptAuthTokensRefreshParams, ChatgptAuthTokensRefreshResponse

        params = ChatgptAuthTokensRefreshParams(reason="unauthorized", previous_account_id=previous_account_id)
        pending = self._outgoing.request(_METHOD, params, thread_id=None, targets=None)
        try:
            with trio.fail_after(REFRESH_SECONDS):
                reply: ChatgptAuthTokensRefreshResponse = await pending.wait()
        except trio.TooSlowError:
            raise ExternalRefreshFailed(f"auth refresh request timed out after {REFRESH_SECONDS}s") from None
        except ServerRequestFailed as failure:
            raise ExternalRefreshFailed(
                f"auth refresh request failed: code={failure.code} message={failure.message}"
            ) from failure
        finally:
            pending.withdraw()
        return ExternalTokens(
            access_token=reply.access_token, account_id=reply.chatgpt_account_id, plan_type=reply.chatgpt_plan_type
        )
