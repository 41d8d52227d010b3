"""Where in an environment is worked."""

import msgspec

from codex_trio.sandbox.policy import SandboxPolicy


class WorkPlace(msgspec.Struct, frozen=True, kw_only=True):
    """A folder of an environment, and what may be done from there."""

    cwd: str
    policy: SandboxPolicy
