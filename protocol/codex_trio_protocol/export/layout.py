"""Which file each published type goes to. Data and lookups; the writers own the contents."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

from codex_trio_protocol.export.catalogue import Declaration, ObjectDeclaration, catalogue, mentioned
from codex_trio_protocol.table import (
    CLIENT_NOTIFICATIONS,
    CLIENT_REQUESTS,
    SERVER_NOTIFICATIONS,
    SERVER_REQUESTS,
    MethodSpec,
)


@dataclass(frozen=True)
class MethodUnion:
    """One of the four unions that hold every message of a direction."""

    name: str
    suffix: str
    doc: str
    methods: tuple[MethodSpec, ...]
    has_id: bool


def unions(*, experimental: bool, unlisted: bool = False) -> list[MethodUnion]:
    """Return the unions of methods; experimental ones and those that schemas do not list are left out
    unless asked for.
    """

    def listed(table: dict[str, MethodSpec]) -> tuple[MethodSpec, ...]:
        return tuple(
            spec for spec in table.values() if (spec.in_schema or unlisted) and (experimental or spec.in_stable_schema)
        )

    return [
        MethodUnion(
            "ClientRequest", "Request", "What a client asks of the server.", listed(CLIENT_REQUESTS), has_id=True
        ),
        MethodUnion(
            "ClientNotification",
            "Notification",
            "What a client tells the server.",
            listed(CLIENT_NOTIFICATIONS),
            has_id=False,
        ),
        MethodUnion(
            "ServerRequest", "Request", "What the server asks of a client.", listed(SERVER_REQUESTS), has_id=True
        ),
        MethodUnion(
            "ServerNotification",
            "Notification",
            "What the server tells its clients.",
            listed(SERVER_NOTIFICATIONS),
            has_id=False,
        ),
    ]


ENVELOPES: Final = (
    "JSONRPCError",
    "JSONRPCErrorError",
    "JSONRPCMessage",
    "JSONRPCNotification",
    "JSONRPCRequest",
    "JSONRPCResponse",
    "RequestId",
)
"""Published beside the messages: the objects around them."""

DATA_OF_ERRORS: Final = ("ModelProviderError", "UserVerificationRpcError")
"""Published although no message mentions them: what the `data` of an error may hold."""


INLINE: Final = frozenset(
    [
        "AcceptWithExecpolicyAmendment",
        "AccountSessionsLoginNeeded",
        "AccountSessionsSwitched",
        "ActiveTurnNotSteerable",
        "ApplyNetworkPolicyAmendment",
        "ApprovedExecpolicyAmendment",
        "BlobResourceContent",
        "CodexErrorInfoObject",
        "CommandExecutionApprovalDecisionObject",
        "CustomMultiAgentMode",
        "DeniedReview",
        "GranularApproval",
        "GranularAskForApproval",
        "HttpFailure",
        "LegacySessionSourceObject",
        "NetworkPolicyAmendmentReview",
        "OtelExporterObject",
        "OtlpGrpcExporter",
        "OtlpHttpExporter",
        "ReviewDecisionObject",
        "SessionSourceObject",
        "SubAgentSourceObject",
        "SubAgentThreadSpawn",
        "TextResourceContent",
    ]
)
"""Types that have a name only because Python needs one: they are written out where they are mentioned."""


def is_inline(declaration: Declaration) -> bool:
    """Return whether a type is written out where it is mentioned: one of `INLINE`, or a union member that has a tag."""
    return declaration.name in INLINE or (isinstance(declaration, ObjectDeclaration) and declaration.tag is not None)


def folder(spec: MethodSpec, name: str) -> str:
    """Folder of a message type in the JSON Schema output."""
    if name in {"InitializeParams", "InitializeResponse"}:
        return "v1"
    in_root = spec.direction == "serverRequest" or (spec.params or "").startswith("fuzzy_search:")
    return "" if in_root else "v2"


def type_name(target: str) -> str:
    """Type of a "family:Type" target."""
    return target.partition(":")[2]


def message_files(*, experimental: bool) -> dict[str, str]:
    """Return every message type that gets its own schema file, with its folder.

    Optional params appear as `Nullable...`.
    """
    found: dict[str, str] = {}
    for table in (CLIENT_REQUESTS, SERVER_REQUESTS, SERVER_NOTIFICATIONS):
        for spec in table.values():
            if not (experimental or spec.in_stable_schema):
                continue
            if not spec.in_schema and spec.direction != "serverNotification":
                continue
            for target in (spec.params, spec.result):
                if target is None:
                    continue
                name = type_name(target)
                optional = target is spec.params and not spec.params_required
                found.setdefault(f"Nullable{name}" if optional else name, folder(spec, name))
    for name in DATA_OF_ERRORS:
        if experimental or name == "ModelProviderError":
            found.setdefault(name, "v2")
    return found


def reachable(names: set[str], *, experimental: bool, without: Collection[str] = frozenset()) -> dict[str, Declaration]:
    """Return the declarations of these types and of all that they mention, without some and what only those mention."""
    declarations = catalogue()
    found: dict[str, Declaration] = {}
    waiting = sorted(names, reverse=True)
    while waiting:
        name = waiting.pop()
        if name in found or name in without:
            continue
        found[name] = declarations[name]
        waiting.extend(sorted(mentioned(declarations[name], experimental=experimental), reverse=True))
    return found
