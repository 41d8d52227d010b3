"""A login whose tokens a client manages, as seen by who needs fresh ones.

Owns what is asked and what comes back. Does not own how clients are reached: the composition root gives the
credential store a source that asks them.
"""

from typing import Protocol

import msgspec


class ExternalTokens(msgspec.Struct, frozen=True, kw_only=True):
    """Fresh tokens; their account may be another one than before. No plan leaves the plan as it was."""

    access_token: str
    account_id: str
    plan_type: str | None

    def __repr__(self) -> str:
        return "ExternalTokens(...)"


class ExternalRefreshFailed(Exception):
    """There are no fresh tokens; the message is for the user."""


class ExternalTokenSource(Protocol):
    """Who manages the tokens."""

    async def refresh(self, *, previous_account_id: str | None) -> ExternalTokens:
        """Fresh tokens, after a provider refused the present ones.

        Args:
            previous_account_id: the account that they were for; None when unknown.

        Raises:
            ExternalRefreshFailed: nobody gave any in time.
        """
        ...
