"""What can be wrong with a request about a thread; the text is meant for the client."""


class ThreadError(Exception):
    """The request cannot be carried out as things stand."""


def not_found(thread_id: str) -> ThreadError:
    """No such thread is loaded."""
    return ThreadError(f"thread not found: {thread_id}")


def not_loaded(thread_id: str) -> ThreadError:
    """No such thread is loaded or stored."""
    return ThreadError(f"thread not loaded: {thread_id}")


def no_rollout(thread_id: str) -> ThreadError:
    """No such thread is stored."""
    return ThreadError(f"no rollout found for thread id {thread_id}")
