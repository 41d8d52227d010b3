"""Which release this is, and which release of the protocol it speaks."""

__version__ = "0.1.0"

PROTOCOL_RELEASE = "0.171.0"
"""The Codex app-server release whose wire shapes are ours; clients gate on it (`userAgent`, `cliVersion`)."""
