"""What can be wrong with an environment that is asked for."""


class UnusableEnvironment(Exception):
    """There is no environment of that id, or not as it is asked for. The message is fit for a client."""


class EnvironmentUnreachable(Exception):
    """The environment is elsewhere, and cannot be reached now. The message is fit for a client."""


class UnreachableFile(OSError):
    """The same, for who reads or changes a file there."""
