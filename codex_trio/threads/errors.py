"""What can be wrong with a request about a thread; the text is meant for the client."""

from __future__ import annotations


class ThreadError(Exception):
    """The request cannot be carried out as things stand."""


class UnreadableThread(Exception):
    """There is no such thread where one is needed to go on; `what` of it was to be read."""

    def __init__(self, thread_id: str, *, what: str = "thread") -> None:
        super().__init__(
            f"failed to read {what}: invalid thread-store request: no rollout found for thread id {thread_id}"
        )


def not_found(thread_id: str) -> ThreadError:
    """Say that no such thread is loaded."""
    return ThreadError(f"thread not found: {thread_id}")


def not_loaded(thread_id: str) -> ThreadError:
    """Say that no such thread is loaded or stored."""
    return ThreadError(f"thread not loaded: {thread_id}")


def no_rollout(thread_id: str) -> ThreadError:
    """Say that no such thread is stored."""
    return ThreadError(f"no rollout found for thread id {thread_id}")


def archived(thread_id: str) -> ThreadError:
    """Say that the thread is in the archive, from which it has to be taken first."""
    return ThreadError(f"session {thread_id} is archived. Run `codex unarchive {thread_id}` to unarchive it first.")
