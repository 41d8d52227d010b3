"""TODO module user_verification"""

from typing import Annotated, TypeAlias

from codex_trio_protocol.base import Int64, Known, Open, Params, Tagged, Wire
from codex_trio_protocol.jsonrpc import RequestId


class UserVerificationCancelParams(Params, forbid_unknown_fields=True):
    """TODO UserVerificationCancelParams"""

    request_id: RequestId


class UserVerificationDeleteParams(Params, forbid_unknown_fields=True):
    """TODO UserVerificationDeleteParams"""


class UserVerificationEnrollParams(Params, forbid_unknown_fields=True):
    """TODO UserVerificationEnrollParams"""


class UserVerificationStatusParams(Params, forbid_unknown_fields=True):
    """TODO UserVerificationStatusParams"""


class UserVerificationVerifyParams(Params, forbid_unknown_fields=True):
    """TODO UserVerificationVerifyParams"""

    challenge: str
    title: str
    description: str


class UserVerificationCancelResponse(Wire):
    """TODO UserVerificationCancelResponse"""


class UserVerificationDeleteResponse(Wire):
    """TODO UserVerificationDeleteResponse"""


class UserVerificationEnrollResponse(Wire):
    """TODO UserVerificationEnrollResponse"""

    credential_id: str
    algorithm: str | None = None
    public_key: str | None = None


UserVerificationCancellationReason: TypeAlias = Annotated[str, Known("userCancelled", "interrupted")]
"""TODO UserVerificationCancellationReason"""


UserVerificationFailureReason: TypeAlias = Annotated[
    str, Known("authenticationFailed", "timeout", "providerError", "serviceError")
]
"""TODO UserVerificationFailureReason"""


UserVerificationInvalidRequestReason: TypeAlias = Annotated[str, Known("invalidParams")]
"""TODO UserVerificationInvalidRequestReason"""


UserVerificationUnavailableReason: TypeAlias = Annotated[
    str, Known("credentialMissing", "biometricsUnavailable", "providerUnavailable")
]
"""TODO UserVerificationUnavailableReason"""


class InvalidRequestUserVerificationErrorDetails(Tagged, tag="invalidRequest", forbid_unknown_fields=True):
    """TODO InvalidRequestUserVerificationErrorDetails"""

    reason: UserVerificationInvalidRequestReason


class UnavailableUserVerificationErrorDetails(Tagged, tag="unavailable", forbid_unknown_fields=True):
    """TODO UnavailableUserVerificationErrorDetails"""

    reason: UserVerificationUnavailableReason


class CancelledUserVerificationErrorDetails(Tagged, tag="cancelled", forbid_unknown_fields=True):
    """TODO CancelledUserVerificationErrorDetails"""

    reason: UserVerificationCancellationReason


class FailedUserVerificationErrorDetails(Tagged, tag="failed", forbid_unknown_fields=True):
    """TODO FailedUserVerificationErrorDetails"""

    reason: UserVerificationFailureReason


UserVerificationErrorDetails: TypeAlias = Open[
    InvalidRequestUserVerificationErrorDetails
    | UnavailableUserVerificationErrorDetails
    | CancelledUserVerificationErrorDetails
    | FailedUserVerificationErrorDetails
]
"""TODO UserVerificationErrorDetails"""


class UserVerificationRpcError(Wire, forbid_unknown_fields=True):
    """TODO UserVerificationRpcError"""

    code: Int64
    message: str
    data: UserVerificationErrorDetails


class UserVerificationStatusResponse(Wire):
    """TODO UserVerificationStatusResponse"""

    credential_id: str | None = None
    unavailable_reason: UserVerificationUnavailableReason | None = None
    unavailable_message: str | None = None


class UserVerificationProof(Wire, forbid_unknown_fields=True):
    """TODO UserVerificationProof"""

    credential_id: str
    signature: str


class UserVerificationVerifyResponse(Wire):
    """TODO UserVerificationVerifyResponse"""

    proof: UserVerificationProof
