"""Proving that the user is there, with a key of the device."""

from typing import Annotated, TypeAlias

from codex_trio_protocol.base import Int64, Known, Open, Params, Since, Tagged, Wire
from codex_trio_protocol.jsonrpc import RequestId


class UserVerificationCancelParams(Params, forbid_unknown_fields=True):
    """Stop a verification request of this connection."""

    request_id: RequestId


class UserVerificationDeleteParams(Params, forbid_unknown_fields=True):
    """Forget the local key.

    Errors: -32603 with a `UserVerificationRpcError` as `data`, where there can be no key.
    """


class UserVerificationEnrollParams(Params, forbid_unknown_fields=True):
    """Make a local key, or tell the one that exists.

    Errors: -32603 with a `UserVerificationRpcError` as `data`, where there can be no key.
    """


class UserVerificationStatusParams(Params, forbid_unknown_fields=True):
    """Ask whether there is a local key. The user sees nothing."""


class UserVerificationVerifyParams(Params, forbid_unknown_fields=True):
    """Have the user confirm something, and sign it. Challenge in unpadded base64url, 1 to 4096 bytes.

    Errors: with `data` of `UserVerificationRpcError`.
    """

    challenge: str
    title: str
    description: str


class UserVerificationCancelResponse(Wire):
    """The request was told to stop; it may still end by itself."""


class UserVerificationDeleteResponse(Wire):
    """Answer to `userVerification/delete`: it is done."""


class UserVerificationEnrollResponse(Wire):
    """The key; its public half in unpadded base64url DER, null from older helpers."""

    credential_id: str
    algorithm: str | None = None
    public_key: str | None = None


UserVerificationCancellationReason: TypeAlias = Annotated[str, Known("userCancelled", "interrupted")]
"""Who stopped it."""


UserVerificationFailureReason: TypeAlias = Annotated[
    str, Known("authenticationFailed", "timeout", "providerError", "serviceError")
]
"""What went wrong."""


UserVerificationInvalidRequestReason: TypeAlias = Annotated[str, Known("invalidParams")]
"""What was wrong with the request."""


UserVerificationUnavailableReason: TypeAlias = Annotated[
    str, Known("credentialMissing", "biometricsUnavailable", "providerUnavailable")
]
"""What is missing."""


class InvalidRequestUserVerificationErrorDetails(Tagged, tag="invalidRequest", forbid_unknown_fields=True):
    """The request was wrong."""

    reason: UserVerificationInvalidRequestReason


class UnavailableUserVerificationErrorDetails(Tagged, tag="unavailable", forbid_unknown_fields=True):
    """Not possible on this machine, or not now."""

    reason: UserVerificationUnavailableReason


class CancelledUserVerificationErrorDetails(Tagged, tag="cancelled", forbid_unknown_fields=True):
    """It was stopped."""

    reason: UserVerificationCancellationReason


class FailedUserVerificationErrorDetails(Tagged, tag="failed", forbid_unknown_fields=True):
    """It did not work out."""

    reason: UserVerificationFailureReason


UserVerificationErrorDetails: TypeAlias = Open[
    InvalidRequestUserVerificationErrorDetails
    | UnavailableUserVerificationErrorDetails
    | CancelledUserVerificationErrorDetails
    | FailedUserVerificationErrorDetails
]
"""Why a verification failed."""


class UserVerificationRpcError(Wire, forbid_unknown_fields=True):
    """The error of a failed verification."""

    code: Int64
    message: str
    data: UserVerificationErrorDetails


class UserVerificationStatusResponse(Wire):
    """The key, or why there is none."""

    credential_id: str | None = None
    unavailable_reason: UserVerificationUnavailableReason | None = None
    unavailable_message: str | None = None


class UserVerificationProof(Wire, forbid_unknown_fields=True):
    """The signature in unpadded base64url, ECDSA on P-256 over SHA-256."""

    credential_id: str
    signature: str


UserVerificationBiometricType: TypeAlias = Annotated[str, Known("fingerprint")]
"""How the device recognised the user."""


class UserVerificationVerifyResponse(Wire):
    """The proof."""

    proof: UserVerificationProof
    biometric_type: Annotated[UserVerificationBiometricType | None, Since("0.171.0")] = None
    """Null where the device does not say."""
