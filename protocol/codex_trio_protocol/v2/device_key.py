"""Keys that a device keeps for itself: creating one, its public half, and signing. Releases 0.123 to 0.129 only.

These methods answer on stdio and in process; on sockets they are refused. Rules on contents (digests, origins, times)
belong to the device key service, not to these types.
"""

from typing import Annotated, Literal, TypeAlias

from codex_trio_protocol.base import Int64, Known, Params, Tagged, Wire

DeviceKeyAlgorithm: TypeAlias = Annotated[str, Known("ecdsa_p256_sha256")]
"""Signature scheme of a device key: ECDSA on P-256 over SHA-256."""

DeviceKeyProtectionPolicy: TypeAlias = Literal["hardware_only", "allow_os_protected_nonextractable"]
"""Where a new key may live: in hardware alone, or also in the operating system's key store."""

DeviceKeyProtectionClass: TypeAlias = Annotated[
    str, Known("hardware_secure_enclave", "hardware_tpm", "os_protected_nonextractable")
]
"""Where a key lives. The last one counts as degraded: a hardware-only policy refuses it."""


class DeviceKeyCreateParams(Params):
    """Make a key bound to an account's user and a client. A null policy means hardware only.

    Errors: -32600 for an empty binding or when no acceptable key store exists; -32603 when the store fails.
    """

    account_user_id: str
    client_id: str
    protection_policy: DeviceKeyProtectionPolicy | None = None


class DeviceKeyCreateResponse(Wire):
    """The new key. The public half is standard base64 of its SubjectPublicKeyInfo in DER."""

    key_id: str
    public_key_spki_der_base64: str
    algorithm: DeviceKeyAlgorithm
    protection_class: DeviceKeyProtectionClass


class DeviceKeyPublicParams(Params):
    """Ask for the public half of a key. Errors: -32600 for a malformed id and for an unknown key."""

    key_id: str


class DeviceKeyPublicResponse(Wire):
    """A key's public half, as at its creation."""

    key_id: str
    public_key_spki_der_base64: str
    algorithm: DeviceKeyAlgorithm
    protection_class: DeviceKeyProtectionClass


class RemoteControlClientConnectionDeviceKeySignPayload(Tagged, tag="remoteControlClientConnection"):
    """What a controller signs to open its websocket. The token's expiry is in Unix seconds."""

    nonce: str
    audience: Literal["remote_control_client_websocket"]
    session_id: str
    target_origin: str
    target_path: str
    account_user_id: str
    client_id: str
    token_sha256_base64url: str
    token_expires_at: Int64
    scopes: list[str]


class RemoteControlClientEnrollmentDeviceKeySignPayload(Tagged, tag="remoteControlClientEnrollment"):
    """What a controller signs to be enrolled. The challenge's expiry is in Unix seconds."""

    nonce: str
    audience: Literal["remote_control_client_enrollment"]
    challenge_id: str
    target_origin: str
    target_path: str
    account_user_id: str
    client_id: str
    device_identity_sha256_base64url: str
    challenge_expires_at: Int64


DeviceKeySignPayload: TypeAlias = (
    RemoteControlClientConnectionDeviceKeySignPayload | RemoteControlClientEnrollmentDeviceKeySignPayload
)
"""The statements that a device key signs; free text is never signed."""


class DeviceKeySignParams(Params):
    """Sign one of the known statements with a key.

    Errors: -32600 naming the rule that the payload breaks, for an unknown key, and when the key is bound to another
    account or client; -32603 when signing fails.
    """

    key_id: str
    payload: DeviceKeySignPayload


class DeviceKeySignResponse(Wire):
    """The signature in ASN.1 DER and the very bytes that were signed, both in standard base64."""

    signature_der_base64: str
    signed_payload_base64: str
    algorithm: DeviceKeyAlgorithm
