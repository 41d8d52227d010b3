"""Which wire error a domain error is: the one place where services' exceptions meet JSON-RPC."""

from __future__ import annotations

from codex_trio.rpc.errors import RpcError, internal_error, invalid_params, invalid_request, shutting_down


def translate(error: Exception) -> RpcError | None:
    """Return the wire error of a domain error; None for one that nobody expected."""
    # Imported when something went wrong: most of these modules are not needed for the first reply.
    from codex_trio.config.errors import ConfigLoadError
    from codex_trio.engine.session.task import TakesNoInput
    from codex_trio.engine.turn_gate import ShuttingDown
    from codex_trio.environments.errors import EnvironmentUnreachable, UnusableEnvironment
    from codex_trio.execpolicy.rules import RulesError
    from codex_trio.state.rollout.errors import RolloutReadError, RolloutWriteError
    from codex_trio.state.store.interface import InvalidCursor, ThreadStoreError
    from codex_trio.state.store.organisation import OrganisationError
    from codex_trio.threads.errors import ThreadError, UnreadableThread
    from codex_trio.threads.read_state import ReadStateConflict
    from codex_trio.wire.read_states import read_state_to_wire

    match error:
        case ShuttingDown():
            return shutting_down()
        case TakesNoInput(kind=kind):
            return invalid_request(
                str(error),
                {
                    "message": str(error),
                    "codexErrorInfo": {"activeTurnNotSteerable": {"turnKind": kind}},
                    "additionalDetails": None,
                    "misalignment": None,
                },
            )
        case ReadStateConflict(now=now):
            return invalid_request(str(error), {"reason": "readStateConflict", "readState": read_state_to_wire(now)})
        case ThreadError() | InvalidCursor() | RulesError() | UnusableEnvironment():
            return invalid_request(str(error))
        case ThreadStoreError(kind="internal"):
            return internal_error(f"thread-store internal error: {error}")
        case ThreadStoreError():
            return invalid_request(str(error))
        case OrganisationError():
            return invalid_params(str(error))
        case ConfigLoadError():
            return invalid_request(f"failed to load configuration: {error.message}")
        case RolloutReadError() | RolloutWriteError() | UnreadableThread() | EnvironmentUnreachable() | OSError():
            return internal_error(str(error))
        case _:
            return None
