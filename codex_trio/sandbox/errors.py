"""Errors of the sandbox package. Raised by `command` and `probe`; shown to users as they are."""


class SandboxUnavailable(Exception):
    """No mechanism on this machine can enforce the policy that was asked for.

    `str(error)` is a sentence that names what was tried and why each attempt failed.
    """
