"""The moments at which hooks run: one table for users' hooks and for those that an administrator requires."""

from typing import Final

HOOK_EVENTS: Final = (
    "PreModelRequest",
    "PostModelRequest",
    "PreToolUse",
    "PermissionRequest",
    "PostToolUse",
    "PreCompact",
    "PostCompact",
    "SessionStart",
    "SessionEnd",
    "UserPromptSubmit",
    "SubagentStart",
    "SubagentStop",
    "Stop",
    "Interrupt",
)
"""The moments, in the order in which those of one file are listed."""
