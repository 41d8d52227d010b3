"""How a request to the model fails, as a value that the engine and clients can act on.

Owns: `ModelError` and `ErrorInfo`. Does not own: which failure of a provider becomes which error (`failures`,
`usage_text`), or repeating (`retry`).

Protocol source: `CodexErrorInfo` (release 0.169.0) and `codex_error_info` of rollout lines.
"""

from __future__ import annotations

from typing import Any

import msgspec

from codex_trio.model.limits import RateLimitSnapshot

_WITH_STATUS = frozenset(
    {
        "httpConnectionFailed",
        "responseStreamConnectionFailed",
        "responseStreamDisconnected",
        "responseTooManyFailedAttempts",
    }
)


class ErrorInfo(msgspec.Struct, frozen=True):
    """What kind of failure it is. `kind` is the protocol's name for it (camelCase), or one of ours that has none.

    `http_status` only counts for the kinds that carry one.
    """

    kind: str
    http_status: int | None = None

    def to_wire(self) -> str | dict[str, Any]:
        """`codexErrorInfo` as clients see it."""
        if self.kind in _WITH_STATUS:
            return {self.kind: {"httpStatusCode": self.http_status}}
        # The rollout format knows this kind, the protocol does not.
        return "other" if self.kind == "invalidPrompt" else self.kind

    def to_rollout(self) -> str | dict[str, Any]:
        """`codex_error_info` as rollout lines hold it."""
        kind = "".join(f"_{c.lower()}" if c.isupper() else c for c in self.kind)
        return {kind: {"http_status_code": self.http_status}} if self.kind in _WITH_STATUS else kind


OTHER = ErrorInfo("other")


class ModelError(Exception):
    """A request to the model failed. Its text is meant for the user.

    `retryable`: the same request may succeed, so the whole request can be repeated. `retry_after`: how many seconds the
    provider asks to wait before that. `http_status`: of the provider's answer, when there was one. `misalignment`: the
    provider's explanation of a block, in the protocol's form. `limits`: the limit that was run into. `is_offline`: the
    provider was not reached, and may be when the network is back. `is_login_expired`: it is for want of a session that
    lasts, and may succeed with a new one.
    """

    def __init__(
        self,
        message: str,
        *,
        info: ErrorInfo = OTHER,
        retryable: bool = False,
        retry_after: float | None = None,
        http_status: int | None = None,
        additional_details: str | None = None,
        misalignment: dict[str, Any] | None = None,
        limits: RateLimitSnapshot | None = None,
        is_offline: bool = False,
        is_login_expired: bool = False,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.info = info
        self.retryable = retryable
        self.retry_after = retry_after
        self.http_status = http_status
        self.additional_details = additional_details
        self.misalignment = misalignment
        self.limits = limits
        self.is_offline = is_offline
        self.is_login_expired = is_login_expired

    @property
    def retry_info(self) -> ErrorInfo:
        """The info of the notice that the request is being repeated; the cause goes into its additional details."""
        return ErrorInfo("responseStreamDisconnected", self.info.http_status)
