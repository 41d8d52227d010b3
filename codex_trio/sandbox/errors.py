"""Errors of the sandbox package; shown to users as they are."""


class SandboxUnavailable(Exception):
    """Nothing on this machine can enforce the policy that was asked for.

    `str(error)` is a sentence that names what was tried and why each attempt failed.
    """


class RootChanged(SandboxUnavailable):
    """A folder that may be written is not the one that it was when the thread began."""

    def __init__(self, path: str, what: str) -> None:
        super().__init__(
            f"the writable folder `{path}` has been replaced since this thread began ({what}); "
            "start a new thread to work in it"
        )
        self.path = path
        self.what = what
